//! The engine with the synthesis form of every leaf, and the engine after a reset in the middle of its work.

use crate::support::memory::Timing;
use crate::support::plan::{Descriptor, Flat, Search, tree};
use crate::support::{Bench, Config, Constants, Matrix, P, Shape, seed};
use karat_hdl_base::testing::{design, synthesis_form};
use karat_hdl_hash::HashEngine;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A bench with two matrices and a state, and the descriptors of the tree over them and of a search.
fn prepare(config: &Config, constants: &Constants, seed: u64) -> (Bench, Vec<Descriptor>) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(config, seed, Timing::ROUGH, 1 << 10, constants);
    let tall = Matrix::random(&mut bench, &mut rng, 0, 32, 11);
    let flat = Shape::Flat(Flat { log_words: 2, skip: true });
    let short = Matrix::of(&mut bench, &mut rng, tall.beats(), 8, flat);
    let heap = tall.beats() + short.beats();
    let mut descriptors = tree(&[tall.plan(), short.plan()], heap, heap + 32, 0, config.log_batch);
    bench.load_state(&rng.random::<[u64; 8]>().map(|word| word % P));
    descriptors.insert(1, Search { position: 1, sampled: 6, bits: 5 }.among(0, 1 << 12));
    (bench, descriptors)
}

#[test]
fn both_forms_of_the_leaves_give_the_same_nodes_in_the_same_cycles() {
    let seed = seed();
    let constants = Constants::random(&mut SmallRng::seed_from_u64(seed));
    let name = "hash_engine_1_3";
    let model = synthesis_form(design(name, HashEngine::<1, 3, 4, 3>::default).unwrap()).build().unwrap();
    let [(simulated, cycles), (synthesised, synthesis_cycles)] =
        [Config::narrow(), Config { model, ..Config::narrow() }].map(|config| {
            let (mut bench, descriptors) = prepare(&config, &constants, seed);
            bench.execute(&descriptors);
            let found = bench.found();
            assert!(found.is_some());
            ((bench.memory.beats, found), bench.cycles)
        });
    assert_eq!(cycles, synthesis_cycles);
    assert!(simulated == synthesised);
}

#[test]
fn a_reset_in_the_middle_leaves_the_tables_and_nothing_else() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::narrow();
    let constants = Constants::random(&mut rng);
    let (mut whole, descriptors) = prepare(&config, &constants, seed);
    whole.execute(&descriptors);
    for _ in 0..20 {
        let (mut bench, descriptors) = prepare(&config, &constants, seed);
        bench.interrupt(&descriptors, rng.random_range(0..20_000));
        bench.execute(&descriptors);
        assert!(bench.memory.beats == whole.memory.beats);
        assert_eq!(bench.found(), whole.found());
    }
}
