//! Every size from 2^0 to 2^14 with every width from 1 to 17, and two large sizes, on the engine of the `tiny` configuration.

use crate::support::job::{Job, check, shift};
use crate::support::{Bench, FAST, model};
use rand::SeedableRng;
use rand::rngs::SmallRng;

const LANES: usize = 2;
const LOG_BUFFER: usize = 10;

/// `n + width` modulo 3 says what is done, so that every size sees all three kinds, and so does every width. Extensions are
/// by 1, 2, 4 and 8 in turn, but for the largest sizes, which end at 2^15 rows.
fn job(n: usize, width: usize) -> Job {
    match (n + width) % 3 {
        0 => Job::Extend { log_blowup: (width % 4).min(15 - n) },
        1 => Job::Forward,
        _ => Job::Inverse,
    }
}

fn grid(sizes: impl Iterator<Item = usize>, seed: u64) {
    let mut bench = Bench::new(&model(LANES, LOG_BUFFER), 0, FAST, seed);
    let mut rng = SmallRng::seed_from_u64(seed);
    for n in sizes {
        for width in 1..=17 {
            let shift = shift(&mut rng);
            check(&mut bench, LOG_BUFFER, job(n, width), n, width, shift, &mut rng);
        }
    }
    println!("{} cycles in all", bench.cycles);
}

#[test]
fn every_size_that_fits_the_buffer_with_every_width() {
    grid(0..=LOG_BUFFER, 41);
}

#[test]
fn every_size_of_two_passes_with_every_width() {
    grid(LOG_BUFFER + 1..=14, 42);
}

/// One tile in three passes each way. The shift of a forward transform this large costs a descriptor more for every 2^10 rows,
/// and is tested at sizes that are cheaper.
fn large(job: Job, n: usize, shift: u64, seed: u64) {
    let mut bench = Bench::new(&model(LANES, LOG_BUFFER), 0, FAST, seed);
    check(&mut bench, LOG_BUFFER, job, n, 8, shift, &mut SmallRng::seed_from_u64(seed));
}

#[test]
fn extension_of_2_18_rows() {
    large(Job::Extend { log_blowup: 1 }, 18, 7, 43);
}

#[test]
fn forward_transform_of_2_20_rows() {
    large(Job::Forward, 20, 1, 44);
}
