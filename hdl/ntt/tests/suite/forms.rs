//! The engine with the synthesis form of every leaf.

use karat_hdl_base::testing::synthesis_form;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::support::job::{Job, check, shift};
use crate::support::{Bench, FAST, SLOW, Timing, design};

/// Jobs with every kind of pass, with pauses between them in which the clock behind the gate stands still or does not. The
/// memory's delays are drawn once a cycle: a single signal of a port a cycle early or late changes all that follow.
fn both(lanes: usize, log_buffer: usize, timing: Timing, seed: u64) {
    let fast = design(lanes, log_buffer);
    let [simulated, synthesised] = [fast.clone(), synthesis_form(fast)].map(|design| {
        let mut bench = Bench::new(&design.build().unwrap(), 0, timing, seed);
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut memories = vec![];
        for (job, n, width) in [
            (Job::Extend { log_blowup: 2 }, log_buffer - 1, 11),
            (Job::Extend { log_blowup: 1 }, log_buffer + 1, 2),
            (Job::Forward, log_buffer + 1, 5),
            (Job::Inverse, 3, 17),
        ] {
            let shift = shift(&mut rng);
            check(&mut bench, log_buffer, job, n, width, shift, &mut rng);
            memories.push((bench.cycles, bench.memory.clone()));
            for _ in 0..500 {
                bench.cycle();
            }
        }
        memories
    });
    assert!(simulated == synthesised);
}

#[test]
fn both_forms_of_the_leaves_give_the_same_in_the_same_cycles() {
    both(4, 6, SLOW, 51);
    both(2, 10, FAST, 52);
}
