//! Whole proofs that take too long for every change: `cargo test --release -p karat-tests --features full --test full`.
#![cfg(feature = "full")]

use karat::Parameters;
use karat::airs::{AirName, Statement};
use karat_sim::Options;
use karat_tests::cases::{ALL, all, check, pairwise};
use karat_tests::{accept, card, parameters, prove, run, run_resident};

#[test]
fn fib_over_the_whole_product_of_parameters() {
    let card = card(&Options::new("tiny"));
    for log_rows in [3, 6, 9] {
        for (log_blowup, log_arity) in (1..=3).flat_map(|blowup| (1..=3).map(move |arity| (blowup, arity))) {
            for (cap, log_final_poly_len) in [(0, 0), (3, 0), (0, 2), (3, 2)] {
                let parameters = Parameters { log_final_poly_len, ..parameters(log_blowup, log_arity, cap) };
                prove(&card, &parameters, AirName::Fib, log_rows);
            }
        }
    }
}

#[test]
fn poseidon2_of_every_height() {
    let card = card(&Options::new("tiny"));
    for log_rows in 3..=10 {
        let parameters = Parameters { log_blowup: 1, ..Parameters::default() };
        let report = prove(&card, &parameters, AirName::Poseidon2, log_rows).report;
        let (cycles, idle) = (report.usage.cycles, report.usage.idle_cycles);
        println!("2^{log_rows}: {cycles} cycles, {:.1} % of them idle", 100.0 * idle as f64 / cycles as f64);
        // Small proofs are many short commands; from here on the engines have enough to do.
        assert!(log_rows < 9 || idle * 20 <= cycles, "2^{log_rows}: {idle} of {cycles} cycles idle");
    }
}

/// A proof with everything on the card, with the parameters that the command line has if none are given.
#[test]
fn poseidon2_of_4096_rows_keeps_the_card_busy_and_the_bus_free() {
    let session = card(&Options::new("tiny"));
    let statement = Statement::random(AirName::Poseidon2, 12, 1).unwrap();
    let report = accept(run_resident(&session, &Parameters::default(), statement)).report;
    println!("{report}");
    let usage = &report.usage;
    assert!(100 * usage.idle_cycles <= 3 * usage.cycles, "{} of {} cycles idle", usage.idle_cycles, usage.cycles);
    let trace = 8 * (report.rows * report.columns) as u64;
    assert!(100 * usage.bytes_to_card <= 102 * trace, "{} bytes for a trace of {trace}", usage.bytes_to_card);
    assert!(usage.bytes_from_card <= 3 * report.proof_bytes as u64, "{} bytes back", usage.bytes_from_card);
}

#[test]
fn keccak_of_a_file_of_a_kilobyte() {
    let card = card(&Options::new("tiny"));
    let file: Vec<u8> = (0..1024u32).map(|i| ((i * i) >> 3) as u8).collect();
    accept(run(&card, &parameters(1, 2, 0), Statement::keccak(&file, None).unwrap()));
}

#[test]
fn pairs_of_parameters_with_wide_airs_on_the_simulated_card() {
    check("sim", &pairwise(ALL));
}

#[test]
fn every_combination_on_the_model() {
    check("model", &all(ALL));
}
