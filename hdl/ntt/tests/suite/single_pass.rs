//! Low-degree extensions that fit the transform buffer, against Plonky3.

use crate::support::job::{Job, check, shift};
use crate::support::{Bench, FAST, SLOW, Timing, model};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn sizes(lanes: usize, log_buffer: usize, timing: Timing, seed: u64) {
    let mut bench = Bench::new(&model(lanes, log_buffer), 0, timing, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for n in 0..=log_buffer {
        for log_blowup in 0..=3 {
            let (shift, width) = (shift(&mut rng), rng.random_range(1..=17));
            check(&mut bench, log_buffer, Job::Extend { log_blowup }, n, width, shift, &mut rng);
        }
    }
}

#[test]
fn sizes_2_lanes_2_10() {
    sizes(2, 10, FAST, 1);
}

#[test]
fn sizes_4_lanes_2_6_slow_memory() {
    sizes(4, 6, SLOW, 2);
}

#[test]
fn every_width_and_more_blocks_than_a_bank_has() {
    let mut bench = Bench::new(&model(2, 10), 0, SLOW, 3);
    let mut rng = SmallRng::seed_from_u64(3);
    let blowups = [(3, 4, 9), (0, 4, 1)];
    for (n, log_blowup, width) in (1..=17).map(|width| (5, 1, width)).chain(blowups) {
        check(&mut bench, 10, Job::Extend { log_blowup }, n, width, 7, &mut rng);
    }
}
