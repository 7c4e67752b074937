//! Random jobs for the whole engine, several one after the other, against what the contract says that they do.

use karat_abi::vector::LOG_UNROLL_MAX;
use karat_hdl_base::testing::engine::Bench;
use karat_hdl_base::testing::memory::Timing;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::job::Shape;
use crate::support::jobs::Jobs;
use crate::support::{model, seed};

/// Short programs and longer ones, down to a single instruction.
fn some(rng: &mut SmallRng, lanes: usize) -> Jobs {
    let programs: Vec<(usize, usize, Shape)> = (0..10)
        .map(|_| {
            let shape = Shape::random(rng, lanes);
            let more = if rng.random() { rng.random_range(0..4) } else { rng.random_range(0..100) };
            let loads = if rng.random_bool(0.2) { 0 } else { rng.random_range(0..=31) };
            ((shape.outputs() + more).max(1), loads, shape)
        })
        .collect();
    Jobs::random(rng, lanes, &programs)
}

/// Programs, constants and loads that are longer than what is kept, and runs with the most outputs that there may be.
fn long(rng: &mut SmallRng, lanes: usize) -> Jobs {
    let programs: Vec<(usize, usize, Shape)> = (0..4)
        .map(|_| {
            let log_words = rng.random_range(1..=3);
            // 2^7 beats a run.
            let log_unroll = 7 + 3 - lanes.ilog2() - log_words;
            let log_unroll = if rng.random() { log_unroll.min(LOG_UNROLL_MAX) } else { 0 };
            let shape = Shape { log_words, log_unroll, writes: true, ..Shape::random(rng, lanes) };
            (rng.random_range(3000..4000), rng.random_range(250..600), shape)
        })
        .collect();
    Jobs::random(rng, lanes, &programs)
}

fn check<const LANES: usize>(jobs: impl Fn(&mut SmallRng, usize) -> Jobs, timing: Timing, times: usize) {
    let seed = seed();
    println!("{LANES} lanes, {timing:?}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = model::<LANES>();
    let mut bench = Bench::new(&model, seed, timing, 1 << 17);
    for _ in 0..times {
        jobs(&mut rng, LANES).check(&mut bench);
    }
}

#[test]
fn random_jobs_on_eight_lanes() {
    check::<8>(some, Timing::STEADY, 15);
    check::<8>(some, Timing::ROUGH, 15);
    check::<8>(some, Timing::CONGESTED, 3);
}

#[test]
fn random_jobs_on_four_lanes() {
    check::<4>(some, Timing::STEADY, 15);
    check::<4>(some, Timing::ROUGH, 15);
    check::<4>(some, Timing::CONGESTED, 3);
}

#[test]
fn sequences_that_are_streamed_for_every_run() {
    check::<8>(long, Timing::ROUGH, 2);
    check::<4>(long, Timing::ROUGH, 2);
}
