//! What a simulated cycle of the engine of `tiny` costs: idle, and at work with the test bench's memory beside it.

use std::time::Instant;

use karat_hdl_base::testing::memory::Timing;
use rand::SeedableRng;
use rand::rngs::SmallRng;

#[path = "../tests/suite/support/mod.rs"]
mod support;

use support::plan::leaves;
use support::{Bench, Config, Constants, Hash, KeccakTree, Matrix};

/// The quickest of many runs, so that other work on the machine does not count.
fn best(name: &str, runs: usize, mut run: impl FnMut() -> u64) {
    let time = |_| {
        let start = Instant::now();
        let cycles = run();
        start.elapsed().as_nanos() as u64 / cycles
    };
    println!("{name}: {} ns a cycle", (0..runs).map(time).min().expect("at least one run"));
}

fn main() {
    let config = Config::tiny();
    let mut bench = Bench::new(&config, 1, Timing::STEADY, 1 << 13, &Constants::standard());
    best("idle, without test bench", 100, || {
        bench.idle(10_000);
        10_000
    });
    let matrix = Matrix::random(&mut bench, &mut SmallRng::seed_from_u64(1), 0, 128, 16);
    for (name, hash) in [("Poseidon2", &Constants::standard() as &dyn Hash), ("Keccak", &KeccakTree)] {
        let descriptors = hash.of(leaves(&[matrix.plan()], 1 << 13, false, config.log_batch));
        best(&format!("sponge of {name}, with test bench"), 50, || {
            let start = bench.cycles;
            bench.execute(&descriptors);
            bench.cycles - start
        });
    }
}
