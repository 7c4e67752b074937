//! Plonky3 proofs from a Karat card.
