//! The engine with the synthesis form of every leaf, and the engine after a reset in the middle of its work.

use karat_hdl_base::testing::engine::Bench;
use karat_hdl_base::testing::memory::Timing;
use karat_hdl_base::testing::{design, synthesis_form};
use karat_hdl_vector::VectorEngine;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::job::Shape;
use crate::support::jobs::Jobs;
use crate::support::{model, seed};

fn jobs(seed: u64) -> Jobs {
    let mut rng = SmallRng::seed_from_u64(seed);
    let programs: Vec<(usize, usize, Shape)> = (0..4)
        .map(|_| {
            let shape = Shape::random(&mut rng, 4);
            (shape.outputs() + rng.random_range(1..60), rng.random_range(1..=31), shape)
        })
        .collect();
    Jobs::random(&mut rng, 4, &programs)
}

#[test]
fn both_forms_of_the_leaves_give_the_same_in_the_same_cycles() {
    let seed = seed();
    let jobs = jobs(seed);
    let synthesised = synthesis_form(design("vector_engine_4", VectorEngine::<4>::default).unwrap()).build().unwrap();
    let cycles = [model::<4>(), synthesised].map(|model| {
        let mut bench = Bench::new(&model, seed, Timing::ROUGH, 1 << 16);
        jobs.check(&mut bench);
        // With its clock standing still, or not.
        bench.idle(100);
        jobs.check(&mut bench);
        bench.cycles
    });
    assert_eq!(cycles[0], cycles[1]);
}

#[test]
fn a_reset_in_the_middle_leaves_nothing() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = model::<4>();
    for _ in 0..20 {
        let jobs = jobs(rng.random());
        let mut bench = Bench::new(&model, rng.random(), Timing::ROUGH, 1 << 16);
        jobs.prepare(&mut bench);
        let descriptors = [jobs.jobs[1].descriptor(), jobs.jobs[2].descriptor()];
        bench.interrupt([&descriptors[0], &descriptors[1]], rng.random_range(0..3000));
        jobs.check(&mut bench);
    }
}
