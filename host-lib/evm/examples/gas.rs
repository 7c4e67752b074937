//! Prints what verifications cost: gas as billed, of the execution, bytes, and the time in this process.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge};
use support::airs::{Wide, wide};
use support::{Case, Provable};

fn row<E: Challenge>(columns: usize, log_rows: usize, parameters: Parameters)
where
    Wide: Provable<E>,
{
    let (trace, public_values) = wide(columns, log_rows);
    let mut case = Case::<E, _>::new(Wide(columns), trace, public_values, parameters);
    let outcome = case.accepted();
    let (proof, public) = (case.encoded(), case.public());
    let times = (0..5).map(|_| {
        let start = Instant::now();
        case.call(&proof, &public);
        start.elapsed()
    });
    let time = times.min().expect("there are five");
    println!(
        "| {columns} x 2^{log_rows} | {} | {}, {}, {} | {} | {} | {} | {} | {} | {:.1} ms |",
        E::DIMENSION,
        1 << parameters.log_blowup,
        parameters.num_queries,
        parameters.query_pow_bits,
        parameters.cap_height,
        proof.len(),
        outcome.gas,
        outcome.execution_gas,
        case.size,
        time.as_secs_f64() * 1e3
    );
}

fn main() {
    println!(
        "| columns x rows | degree | blowup, queries, PoW | cap | proof B | gas as billed | execution gas | contract B | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let base = Parameters::default();
    for cap_height in [0, 4] {
        row::<QuadraticChallenge>(16, 16, Parameters { cap_height, ..base });
    }
    let proven = Parameters { num_queries: 42, query_pow_bits: 20, commit_pow_bits: 20, ..base };
    row::<CubicChallenge>(16, 16, proven);
    row::<QuadraticChallenge>(8, 20, Parameters { log_blowup: 3, num_queries: 28, ..base });
}
