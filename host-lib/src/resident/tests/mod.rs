//! Programs of proofs on cards, one at a time.

mod rates;
