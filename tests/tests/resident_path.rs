//! What the vector engine writes for a proof is seen in it: a word that is altered on its way makes another proof, from its stage on,
//! and the verifier refuses it.

use karat::airs::{AirName, Statement};
use karat::config::{Challenge, Proof};
use karat::{Card, Error, ProverConfig, prove_with_setup, setup, verify};
use karat_sim::{CardPort, Fault, Options, Way};
use karat_tests::parameters;

/// The vector engine's client of the port to card memory.
const VECTOR: u64 = 3;
const LOG_ROWS: usize = 5;

/// What a proof has of each stage, in their order.
fn stages(proof: &Proof) -> [Vec<u8>; 4] {
    let fri = &proof.opening_proof;
    let (first, others) = fri.commit_phase_commits.split_first().expect("a layer");
    let opened = &proof.opened_values;
    [
        postcard::to_stdvec(&proof.commitments.trace),
        postcard::to_stdvec(&proof.commitments.quotient_chunks),
        postcard::to_stdvec(&(opened, first)),
        postcard::to_stdvec(&(others, &fri.final_poly)),
    ]
    .map(|bytes| bytes.expect("it has a postcard"))
}

/// Flips a bit of a word in a beat, which depends on the lanes, that the vector engine writes in a stage, and insists that the proof differs in that stage first.
fn altered(stage: usize, beat: impl Fn(u64) -> u64) {
    let card = Card::simulate(&Options::new("tiny")).unwrap();
    let beat = beat(card.device().info().vector_lanes.into());
    let session = card.session().unwrap();
    let parameters = parameters(1, 1, 0);
    let config = ProverConfig::<Challenge>::new(session, parameters.clone());
    let Statement { air, trace, public_values, .. } = Statement::random(AirName::Fib, LOG_ROWS, 1).unwrap();
    let ready = setup(&config, &air, LOG_ROWS).unwrap();
    let good = prove_with_setup(&config, &ready, &air, trace.clone(), &public_values).unwrap();
    let fault = Fault { way: Way::Write, id: VECTOR, beat, word: 0, mask: 1 << 17 };
    card.simulation().unwrap().inject(CardPort::Card, fault);
    let bad = prove_with_setup(&config, &ready, &air, trace.clone(), &public_values).unwrap();
    let [good, other] = [&good, &bad].map(stages);
    let first = (0..4).find(|&stage| good[stage] != other[stage]);
    assert_eq!(first, Some(stage), "beat {beat} is of another stage");
    assert!(matches!(verify(&parameters, &air, &bad, &public_values), Err(Error::Invalid(_))), "beat {beat}");
    // The fault is used up.
    let again = prove_with_setup(&config, &ready, &air, trace, &public_values).unwrap();
    assert_eq!(stages(&again), good);
}

const ROWS: u64 = 1 << LOG_ROWS;

#[test]
fn of_the_quotient() {
    altered(1, |_| 3);
}

/// Beats before those of the openings: the quotient's values.
const QUOTIENT: u64 = ROWS;
/// Of the openings: the links of the chains; the reciprocals of both points; by lane, for the trace at two points and the quotient at
/// one, a beat of results; the reduced rows; and the codeword.
const fn open(lanes: u64) -> u64 {
    ROWS / 2 + 2 * ROWS / 4 + 3 * lanes + ROWS + 2 * ROWS / 4
}

#[test]
fn of_the_openings() {
    altered(2, |_| QUOTIENT + 1);
    altered(2, |_| QUOTIENT + ROWS / 2 + 1);
    altered(2, |lanes| QUOTIENT + open(lanes) - 1);
}

#[test]
fn of_the_folds() {
    altered(3, |lanes| QUOTIENT + open(lanes));
}
