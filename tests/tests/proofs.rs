//! Whole proofs on the cycle-accurate card have the bytes of Plonky3's serial prover, and its verifier accepts them.

use karat::airs::{AirName, Statement};
use karat::{Parameters, Poseidon2Constants};
use karat_sim::Options;
use karat_tests::{accept, card, parameters, prove, run};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Rows that contain every pair of values of two columns: blowup, arity, cap height, early stop.
const PAIRWISE: [[usize; 4]; 9] = [
    [1, 1, 0, 0],
    [1, 2, 3, 2],
    [1, 3, 0, 2],
    [2, 1, 3, 0],
    [2, 2, 0, 2],
    [2, 3, 3, 0],
    [3, 1, 0, 2],
    [3, 2, 3, 0],
    [3, 3, 0, 0],
];

/// Whether `PAIRWISE` has every pair of the values that occur in it.
fn covers_all_pairs() -> bool {
    let values = |column: usize| PAIRWISE.iter().map(move |row| row[column]);
    (0..4)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .all(|(a, b)| values(a).all(|x| values(b).all(|y| PAIRWISE.iter().any(|row| row[a] == x && row[b] == y))))
}

#[test]
fn fib_over_the_parameters() {
    assert!(covers_all_pairs(), "the table misses a pair");
    let card = card(&Options::new("tiny"));
    println!("log rows, log blowup, log arity, cap height, log final: cycles, bytes");
    for (i, [log_blowup, log_arity, cap, log_final]) in PAIRWISE.into_iter().enumerate() {
        let log_rows = 3 + i % 5;
        let parameters = Parameters { log_final_poly_len: log_final, ..parameters(log_blowup, log_arity, cap) };
        let report = prove(&card, &parameters, AirName::Fib, log_rows).report;
        let (cycles, bytes) = (report.usage.cycles, report.proof_bytes);
        println!("{log_rows:8} {log_blowup:11} {log_arity:10} {cap:11} {log_final:10} {cycles:9} {bytes:7}");
    }
}

#[test]
fn fib_of_many_heights() {
    let card = card(&Options::new("tiny"));
    for log_rows in 3..=12 {
        prove(&card, &parameters(1, 1, 0), AirName::Fib, log_rows);
    }
}

#[test]
fn poseidon2_of_several_heights() {
    let card = card(&Options::new("tiny"));
    for (log_rows, log_blowup, log_arity, cap) in [(3, 1, 2, 3), (5, 3, 1, 0), (7, 1, 3, 3)] {
        prove(&card, &parameters(log_blowup, log_arity, cap), AirName::Poseidon2, log_rows);
    }
}

#[test]
fn blake3() {
    let card = card(&Options::new("tiny"));
    prove(&card, &parameters(1, 3, 0), AirName::Blake3, 2);
}

#[test]
fn keccak_of_a_short_file() {
    let card = card(&Options::new("tiny"));
    let outcome = accept(run(&card, &parameters(1, 2, 0), Statement::keccak(b"abc", None).unwrap()));
    // The published Keccak-256 of `abc`.
    let expected = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
    assert_eq!(outcome.report.hash.as_deref(), Some(expected));
}

#[test]
fn constants_of_one_s_own() {
    let card = card(&Options::new("tiny"));
    let own = Poseidon2Constants::from_rng(&mut StdRng::seed_from_u64(20));
    let own = Parameters { constants: own, ..parameters(1, 1, 0) };
    let theirs = prove(&card, &parameters(1, 1, 0), AirName::Fib, 5);
    let ours = prove(&card, &own, AirName::Fib, 5);
    assert_ne!(ours.report.proof_sha256, theirs.report.proof_sha256);
    // And back again: the card must reload.
    let again = prove(&card, &parameters(1, 1, 0), AirName::Fib, 5);
    assert_eq!(again.report.proof_sha256, theirs.report.proof_sha256);
}
