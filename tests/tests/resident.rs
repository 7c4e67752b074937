//! Proofs with everything on the card have the bytes of Plonky3's own prover and are accepted by its verifier.

use karat::Card;
use karat_tests::cases::{all, pairwise};

#[test]
fn every_combination_on_the_model() {
    let session = Card::open("model").unwrap().session().unwrap();
    let cases = all();
    for case in &cases {
        case.check(&session);
    }
    println!("{} combinations", cases.len());
}

#[test]
fn pairs_of_parameters_on_the_cycle_accurate_card() {
    let session = Card::open("sim").unwrap().session().unwrap();
    for case in pairwise() {
        println!("{case}");
        case.check(&session);
    }
}
