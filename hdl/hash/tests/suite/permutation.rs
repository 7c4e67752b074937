//! The permutations against p3's.

use crate::support::plan::{compress, leaves};
use crate::support::{Bench, Config, Constants, Hash, Matrix, seed, word};
use karat_hdl_base::testing::memory::Timing;
use karat_hdl_base::testing::simulate;
use karat_hdl_hash::keccak::rounds::{ROUNDS, Rounds};
use p3_keccak::KeccakF;
use p3_symmetric::Permutation as _;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;

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
        let expected = constants.sponge(&bench.memory.beats[i as usize]);
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

/// States that come and leave in any cycle, and then as fast as they can; the number of rounds a cycle is kept.
fn keccak(stages: usize) {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("keccak_rounds_{stages}"), move || Rounds::new(stages)).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let words = |name| -> Vec<_> { (0..25).map(|i| port(&format!("{name}${i}"))).collect() };
    let (x, y) = (words("x"), words("y"));
    let [reset, in_valid, in_ready, in_tag] = ["reset", "in_valid", "in_ready", "in_tag"].map(port);
    let [out_valid, out_ready, out_tag] = ["out_valid", "out_ready", "out_tag"].map(port);
    let mut dut = model.instance(seed);
    dut.set(in_valid, 0);
    dut.set(reset, 1);
    dut.run(2);
    dut.set(reset, 0);
    let mut expected: VecDeque<[u64; 25]> = VecDeque::new();
    let (mut sent, mut received) = (0, 0);
    let mut offered: Option<[u64; 25]> = None;
    let interval = (ROUNDS / stages) as u64;
    let cycles = 200 * ROUNDS as u64;
    for cycle in 0..2 * cycles {
        let fast = cycle >= cycles;
        if cycle == cycles {
            (sent, received) = (0, 0);
            dut.set(in_valid, 0);
            dut.set(out_ready, 1);
            while !expected.is_empty() {
                dut.eval();
                if dut.get(out_valid) == 1 {
                    expected.pop_front();
                }
                dut.cycle();
            }
        }
        if offered.is_none() && (fast || rng.random_range(0..interval.max(2)) == 0) {
            let edge = word(&mut rng);
            let state: [u64; 25] = if rng.random_range(0..4) == 0 { [edge; 25] } else { rng.random() };
            offered = Some(state);
        }
        dut.set(in_valid, u64::from(offered.is_some()));
        dut.set(in_tag, sent);
        for (i, &port) in x.iter().enumerate() {
            dut.set(port, offered.map_or(cycle, |state| state[i]));
        }
        let taken = fast || rng.random();
        dut.set(out_ready, u64::from(taken));
        dut.eval();
        if dut.get(out_valid) == 1 && taken {
            let state: Vec<u64> = y.iter().map(|&port| dut.get(port)).collect();
            assert_eq!(state, expected.pop_front().unwrap(), "state {received}, {stages} stages");
            if !fast {
                assert_eq!(dut.get(out_tag), received);
            }
            received += 1;
        }
        if let Some(state) = offered
            && dut.get(in_ready) == 1
        {
            expected.push_back(KeccakF.permute(state));
            sent += 1;
            offered = None;
        }
        dut.cycle();
    }
    assert!(sent >= cycles / interval - 1, "{sent} states in {cycles} cycles, {stages} stages");
}

#[test]
fn keccak_with_any_number_of_rounds_a_cycle() {
    for stages in [1, 2, 3, 4, 6, 8, 12, 24] {
        keccak(stages);
    }
}
