//! A card that fails, or answers wrongly, gives an error: no panic, and no proof.

use std::error::Error as _;
use std::sync::Arc;

use karat::airs::{AirName, Statement};
use karat::{Error, Parameters, prove_with_card, verify};
use karat_abi::Stage;

use crate::card::{MadeToFail, Software};

fn parameters() -> Parameters {
    Parameters { log_blowup: 2, num_queries: 5, query_pow_bits: 2, ..Parameters::default() }
}

fn prove(card: &Arc<Software>) -> Result<karat::Proof, Error> {
    let Statement { air, trace, public_values, .. } = Statement::random(AirName::Fib, 5, 1)?;
    prove_with_card(card, &parameters(), &air, trace, &public_values)
}

#[test]
fn every_operation_that_fails_is_an_error_with_its_cause() {
    let healthy = Software::new();
    prove(&healthy).expect("a healthy card proves");
    let operations = healthy.operations();
    assert!(operations > 20, "{operations} operations are hardly a proof");
    for number in 0..operations {
        let card = Software::failing_at(number);
        let error = prove(&card).err().unwrap_or_else(|| panic!("operation {number} failed unnoticed"));
        let Error::Card { source, .. } = &error else {
            panic!("operation {number}: {error}");
        };
        let cause = source.source().and_then(|s| s.downcast_ref::<MadeToFail>());
        assert_eq!(cause.map(|c| c.0), Some(number), "the first cause is reported: {error}");
        // The card works again after the fault.
        assert!(prove(&card).is_ok(), "after a fault of operation {number}");
    }
}

#[test]
fn a_failed_download_stops_the_proof_at_its_opening() {
    let healthy = Software::new();
    prove(&healthy).expect("a healthy card proves");
    let download = healthy
        .log
        .lock()
        .unwrap()
        .iter()
        .position(|entry| *entry == ("download", Stage::Download))
        .expect("the extended trace comes back");
    let error = prove(&Software::failing_at(download as u64)).err().expect("an error");
    assert!(matches!(error, Error::Card { phase: "opening", .. }), "{error}");
}

#[test]
fn wrong_rows_make_a_proof_that_is_refused() {
    let mut card = Software::build(u64::MAX);
    card.corrupt_rows = true;
    let statement = Statement::random(AirName::Fib, 5, 1).expect("a statement");
    let proof = prove(&Arc::new(card)).expect("the card seems well");
    let refused = verify(&parameters(), &statement.air, &proof, &statement.public_values);
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

/// What crosses the link: the trace goes up once, and comes back extended only as far as the quotient needs it.
#[test]
fn traffic_is_what_it_must_be() {
    let card = Software::new();
    prove(&card).expect("a proof");
    let log = card.log.lock().unwrap().clone();
    let count = |name, stage| log.iter().filter(|entry| **entry == (name, stage)).count();
    assert_eq!(count("upload", Stage::Upload), 2, "the trace and one quotient chunk");
    assert_eq!(count("lde", Stage::Lde), 2);
    assert_eq!(count("merkle", Stage::Commit), 2);
    assert_eq!(count("download", Stage::Download), 1);
    assert_eq!(count("download", Stage::Open), 1, "the quotient chunk: the trace is there already");
    assert_eq!(count("upload", Stage::Fri), 5);
    assert_eq!(count("merkle", Stage::Fri), 5);

    // Trace and chunk have 32 rows of 2 words; the layers are 128, 64, ... extension elements.
    let layers = 2 * (128 + 64 + 32 + 16 + 8);
    assert_eq!(card.bytes()[0], 8 * (64 + 64 + layers));
}
