//! The permutation against p3's.

use crate::support::plan::{compress, leaves};
use crate::support::{Bench, Config, Constants, Matrix, seed, word};
use karat_hdl_base::testing::memory::Timing;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// Words 0 to 3 of the permutation of every state, and, by a second permutation that overwrites them, words 4 to 7.
fn permutations(config: &Config, constants: &Constants, rng: &mut SmallRng, seed: u64, states: u32) {
    let mut bench = Bench::new(config, seed, Timing::STEADY, 3 * states as usize + 8, constants);
    let matrix = Matrix::random(&mut bench, rng, 0, states, 8);
    for beat in &mut bench.memory.beats[..16] {
        // States of one edge value.
        *beat = [word(rng); 8];
    }
    let out = 4 * states;
    bench.execute(&[compress(0, states, out, false)]);
    for i in 0..states {
        let state = bench.memory.beats[i as usize];
        let expected = constants.compress(state[..4].try_into().unwrap(), state[4..].try_into().unwrap());
        assert_eq!(bench.memory.node(out + i), expected, "state {i}: {state:x?}");
    }
    bench.execute(&leaves(&[matrix.plan()], out, false, config.log_batch));
    for i in 0..states {
        let expected = constants.sponge(bench.memory.beats[i as usize]);
        assert_eq!(bench.memory.node(out + i), expected, "row {i}");
    }
}

#[test]
fn over_a_hundred_thousand_permutations_with_the_standard_constants() {
    let seed = seed();
    permutations(&Config::tiny(), &Constants::standard(), &mut SmallRng::seed_from_u64(seed), seed, 40_000);
}

#[test]
fn constants_drawn_from_a_seed_on_other_configurations() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for config in [Config::narrow(), Config::wide()] {
        let constants = Constants::random(&mut rng);
        permutations(&config, &constants, &mut rng, seed, 600);
    }
}
