//! Time of verifications in this process, of the README's table of gas: `cargo bench -p karat-evm`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge, Val};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use support::airs::{Wide, poseidon2, wide};
use support::{Case, Provable};

/// Verifications of each proof.
const ROUNDS: usize = 100;

fn main() {
    let base = Parameters::default();
    for cap_height in [0, 4] {
        verify::<QuadraticChallenge, _>(Wide(16), wide(16, 16).0, Parameters { cap_height, ..base });
    }
    let proven = Parameters { num_queries: 42, query_pow_bits: 20, commit_pow_bits: 20, ..base };
    verify::<CubicChallenge, _>(Wide(16), wide(16, 16).0, proven);
    verify::<QuadraticChallenge, _>(Wide(8), wide(8, 20).0, Parameters { log_blowup: 3, num_queries: 28, ..base });
    let (air, trace) = poseidon2(14);
    verify::<QuadraticChallenge, _>(air, trace, base);
}

fn verify<E: Challenge, A: Provable<E>>(air: A, trace: RowMajorMatrix<Val>, parameters: Parameters) {
    let (columns, log_rows) = (trace.width(), trace.height().ilog2());
    let mut case = Case::<E, A>::new(air, trace, Vec::new(), parameters);
    let proof = case.encoded();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            assert!(case.call(&proof, &[]).accepted);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let [least, median, most] = [0, ROUNDS / 2, ROUNDS - 1].map(|i| times[i].as_secs_f64() * 1e3);
    println!(
        "{columns} x 2^{log_rows}, degree {}, {} queries, cap {}: {least:.1} ms, median {median:.1} ms, most {most:.1} ms",
        E::DIMENSION,
        parameters.num_queries,
        parameters.cap_height
    );
}
