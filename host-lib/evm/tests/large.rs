//! Plonky3's AIR of Keccak-f: 2,633 columns, and constraints that are in the code of other contracts.

mod support;

use karat_evm::config::{CubicChallenge, QuadraticChallenge};
use karat_evm::{Error, Evm, Parameters, export};
use revm::primitives::Address;
use support::Case;
use support::keccak::keccak;
use support::marked::numbered;
use support::spoiled::flips;

/// Few queries, because a row of the trace is 21 kB.
fn parameters() -> Parameters {
    Parameters { log_blowup: 2, log_final_poly_len: 1, num_queries: 2, query_pow_bits: 3, ..Parameters::default() }
}

#[test]
fn permutations_of_a_file() {
    let (air, trace) = keccak(6);
    let mut case = Case::<QuadraticChallenge, _>::new(air, trace, Vec::new(), parameters());
    case.accepted();
    flips(&mut case);
    case.accepted();
}

#[test]
fn with_challenges_of_degree_3() {
    let (air, trace) = keccak(5);
    let case = Case::<CubicChallenge, _>::new(air, trace, Vec::new(), Parameters { num_queries: 1, ..parameters() });
    { case }.accepted();
}

#[test]
fn data_that_is_not_the_contracts() {
    let contract = export::<QuadraticChallenge, _>(&keccak(5).0, &parameters(), 6, None, "Statement").unwrap();
    let compiled = contract.compile().unwrap();
    assert!(compiled.pieces.len() > 1);
    assert_eq!(contract.files().keys().filter(|file| file.ends_with(".hex")).count(), compiled.pieces.len());
    let refused = |pieces: Vec<Vec<u8>>, arguments: &[u8]| {
        let mut other = compiled.clone();
        other.pieces = pieces;
        assert!(matches!(Evm::new().deploy(&other, arguments), Err(Error::Execution { what: "the deployment", .. })));
    };
    let swapped: Vec<_> = compiled.pieces.iter().rev().cloned().collect();
    refused(swapped, &[]);
    for i in 0..compiled.pieces.len() {
        let mut pieces = compiled.pieces.clone();
        *pieces[i].last_mut().unwrap() ^= 1;
        refused(pieces, &[]);
    }
    // No contract at all.
    let pieces = compiled.pieces[1..].to_vec();
    refused(pieces, Address::ZERO.into_word().as_slice());
    Evm::new().deploy(&compiled, &[]).unwrap();
}

#[test]
fn more_code_than_a_chain_takes() {
    let export =
        |log_rows| export::<QuadraticChallenge, _>(&numbered(log_rows), &parameters(), log_rows, None, "Statement");
    // The compiler knows of the one; the other is too much for the compiler, too.
    for made in [export(11).and_then(|contract| contract.compile().map(|_| ())), export(20).map(|_| ())] {
        let error = made.expect_err("it is too large");
        let Error::TooLarge { size, limit, .. } = error else { panic!("{error}") };
        assert!(size > limit && error.to_string().contains("shorter periodic columns"), "{error}");
    }
}

#[test]
fn more_than_a_transaction_has_the_gas_for() {
    let parameters = Parameters { num_queries: 21, ..parameters() };
    let made = export::<QuadraticChallenge, _>(&keccak(5).0, &parameters, 6, None, "Statement");
    let Err(error) = made else { panic!("there is a contract") };
    assert!(matches!(error, Error::TooMuchGas { .. }) && error.to_string().contains("fewer queries"), "{error}");
}
