//! Transforms larger than the buffer, in the passes of README.md, against Plonky3; and plain transforms.

use crate::support::job::{Job, check, shift};
use crate::support::{Bench, FAST, SLOW, Timing, model};
use rand::SeedableRng;
use rand::rngs::SmallRng;

fn run(lanes: usize, log_buffer: usize, timing: Timing, seed: u64, jobs: &[(Job, usize, usize)]) {
    let mut bench = Bench::new(&model(lanes, log_buffer), 0, timing, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for &(job, n, width) in jobs {
        let shift = shift(&mut rng);
        check(&mut bench, log_buffer, job, n, width, shift, &mut rng);
    }
}

#[test]
fn up_to_four_passes_of_4_lanes_2_6_slow_memory() {
    let mut jobs = vec![];
    for n in 0..=13 {
        if n > 6 {
            let log_blowup = if n < 10 { n % 4 } else { 1 };
            jobs.push((Job::Extend { log_blowup }, n, 1 + n % 8));
        }
        jobs.push((Job::Forward, n, 1 + n % 10));
        jobs.push((Job::Inverse, n, 1 + n % 10));
    }
    run(4, 6, SLOW, 22, &jobs);
}

#[test]
fn three_passes_of_8_lanes_2_8() {
    let jobs = [(Job::Extend { log_blowup: 4 }, 9, 8), (Job::Extend { log_blowup: 1 }, 14, 8), (Job::Forward, 14, 8)];
    run(8, 8, FAST, 23, &jobs);
}
