//! Prints what verifications cost: gas as billed, of the execution, bytes, and the time in this process.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge, Val};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use support::airs::{Wide, poseidon2, wide};
use support::{Case, Provable};

fn row<E: Challenge, A: Provable<E>>(air: A, trace: RowMajorMatrix<Val>, parameters: Parameters) {
    let (columns, log_rows) = (trace.width(), trace.height().ilog2());
    let mut case = Case::<E, A>::new(air, trace, Vec::new(), parameters);
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
        row::<QuadraticChallenge, _>(Wide(16), wide(16, 16).0, Parameters { cap_height, ..base });
    }
    let proven = Parameters { num_queries: 42, query_pow_bits: 20, commit_pow_bits: 20, ..base };
    row::<CubicChallenge, _>(Wide(16), wide(16, 16).0, proven);
    row::<QuadraticChallenge, _>(Wide(8), wide(8, 20).0, Parameters { log_blowup: 3, num_queries: 28, ..base });
    let (air, trace) = poseidon2(14);
    row::<QuadraticChallenge, _>(air, trace, base);
}
