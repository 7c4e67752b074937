//! Extensions of rows in bit-reversed order, below, at and above the size of the buffer, against Plonky3.

use crate::support::job::{Job, check, shift};
use crate::support::{Bench, FAST, SLOW, Timing, model};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn sizes(lanes: usize, log_buffer: usize, timing: Timing, seed: u64, rows: impl Iterator<Item = (usize, usize)>) {
    let mut bench = Bench::new(&model(lanes, log_buffer), 0, timing, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for (n, log_blowup) in rows {
        let (shift, width) = (shift(&mut rng), rng.random_range(1..=17));
        check(&mut bench, log_buffer, Job::ExtendReversed { log_blowup }, n, width, shift, &mut rng);
    }
}

#[test]
fn one_pass_of_2_lanes_2_10() {
    sizes(2, 10, FAST, 51, (0..=10).map(|n| (n, n % 4)));
}

#[test]
fn two_levels_of_2_lanes_2_10() {
    sizes(2, 10, FAST, 52, [(11, 0), (12, 1), (13, 1)].into_iter());
}

#[test]
fn up_to_four_levels_of_4_lanes_2_6_slow_memory() {
    sizes(4, 6, SLOW, 53, (0..=13).map(|n| (n, if n < 10 { n % 4 } else { 1 })));
}

#[test]
fn three_levels_of_8_lanes_2_8_and_more_blocks_than_a_bank_has() {
    sizes(8, 8, FAST, 54, [(8, 4), (9, 4), (14, 1)].into_iter());
}
