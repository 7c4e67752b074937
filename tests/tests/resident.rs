//! Proofs with everything on the card have the bytes of Plonky3's own prover and are accepted by its verifier.

use karat_tests::cases::{ALL, SMALL, check, pairwise};

#[test]
fn pairs_of_parameters_on_the_model() {
    check("model", &pairwise(ALL));
}

#[test]
fn pairs_of_parameters_on_the_simulated_card() {
    check("sim", &pairwise(SMALL));
}
