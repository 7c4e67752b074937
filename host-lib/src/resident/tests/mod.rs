//! Programs of proofs on cards, one at a time.

mod joins;
mod rates;
