//! The engine with the synthesis form of every leaf, and the engine after a reset in the middle of its work.

use crate::support::plan::{Descriptor, Flat, Search, tree};
use crate::support::{Bench, Config, Constants, Hash, KeccakTree, Matrix, P, Shape, seed};
use karat_hdl_base::testing::memory::Timing;
use karat_hdl_base::testing::{design, synthesis_form};
use karat_hdl_hash::HashEngine;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A bench with two matrices and a state, and for either hash the descriptors of the tree over them and of a search, Poseidon2 first or
/// Keccak. The results of the second stay.
fn prepare(config: &Config, constants: &Constants, seed: u64, keccak_first: bool) -> (Bench, Vec<Descriptor>) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(config, seed, Timing::ROUGH, 1 << 10, constants);
    let tall = Matrix::random(&mut bench, &mut rng, 0, 32, 11);
    let flat = Shape::Flat(Flat { log_words: 2, skip: true });
    let short = Matrix::of(&mut bench, &mut rng, tall.beats(), 8, flat);
    let heap = tall.beats() + short.beats();
    // Of Keccak's 25 words, the first eight are those of Poseidon2.
    bench.load_state(&rng.random::<[u64; 25]>().map(|word| word % P));
    let mut hashes = [constants as &dyn Hash, &KeccakTree];
    if keccak_first {
        hashes.reverse();
    }
    let mut descriptors = Vec::new();
    for (i, hash) in (0..).zip(hashes) {
        let heap = heap + 96 * i;
        let mut tree = tree(&[tall.plan(), short.plan()], heap, heap + 32, 0, config.log_batch);
        tree.insert(1, Search { position: 1, sampled: 3, bits: 5 }.among(0, 1 << 12));
        descriptors.extend(hash.of(tree));
    }
    (bench, descriptors)
}

#[test]
fn both_forms_of_the_leaves_give_the_same_nodes_in_the_same_cycles() {
    let seed = seed();
    let constants = Constants::random(&mut SmallRng::seed_from_u64(seed));
    let name = "hash_engine_1_3_3";
    let model = synthesis_form(design(name, HashEngine::<1, 3, 4, 3, 3>::default).unwrap()).build().unwrap();
    let [(simulated, cycles), (synthesised, synthesis_cycles)] =
        [Config::narrow(), Config { model, ..Config::narrow() }].map(|config| {
            let (mut bench, descriptors) = prepare(&config, &constants, seed, false);
            bench.execute(&descriptors);
            let found = bench.found();
            assert!(found.is_some());
            ((bench.memory.beats.clone(), found), bench.cycles)
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
    for keccak_first in [false, true].repeat(10) {
        let (mut whole, descriptors) = prepare(&config, &constants, seed, keccak_first);
        whole.execute(&descriptors);
        let (mut bench, descriptors) = prepare(&config, &constants, seed, keccak_first);
        bench.interrupt(
            [&descriptors[0], &descriptors[1]],
            rng.random_range(0..[20_000, 2_000][usize::from(keccak_first)]),
        );
        bench.execute(&descriptors);
        assert!(bench.memory.beats == whole.memory.beats);
        assert_eq!(bench.found(), whole.found());
    }
}
