//! What goes over the bus for a proof: the trace once, and the proof with little beside it.

use karat::airs::{AirName, Statement};
use karat::{Card, Parameters};
use karat_tests::{accept, run_resident};

/// With the parameters that the command line has if none are given.
#[test]
fn poseidon2_of_4096_rows() {
    let session = Card::open("model").expect("it opens").session().expect("all of it is free");
    let parameters = Parameters::default();
    let statement = Statement::random(AirName::Poseidon2, 12, 1).expect("the statement exists");
    let report = accept(run_resident(&session, &parameters, statement)).report;
    let trace = 8 * (report.rows * report.columns) as u64;
    let (up, down, proof) = (report.usage.bytes_to_card, report.usage.bytes_from_card, report.proof_bytes as u64);
    println!("to the card {up} bytes, {trace} of them the trace; from the card {down}, for a proof of {proof}");
    assert!(trace < up && 100 * up <= 102 * trace, "{up} bytes to the card for a trace of {trace}");
    assert!(down <= 3 * proof, "{down} bytes from the card for a proof of {proof}");
}
