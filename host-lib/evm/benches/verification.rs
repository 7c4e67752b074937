//! Time of verifications in this process, of the README's table of gas: `cargo bench -p karat-evm`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use karat_evm::config::Challenge;
use support::Provable;
use support::table::{Row, Visit, table};

/// Verifications of each proof.
const ROUNDS: usize = 100;

struct Measure;

impl Visit for Measure {
    fn visit<E: Challenge, A: Provable<E>>(&mut self, row: Row<E, A>) {
        let Row { columns, log_rows, mut case, .. } = row;
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
            case.parameters.num_queries,
            case.parameters.cap_height
        );
    }
}

fn main() {
    table(&mut Measure);
}
