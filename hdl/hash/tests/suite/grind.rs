//! The search for a proof of work, against p3's permutation and its challenger.

use crate::support::plan::{Search, leaves};
use crate::support::{Bench, Config, Constants, Matrix, P, Permutation, seed, word};
use karat_abi::registers::engine as map;
use karat_hdl_base::testing::memory::Timing;
use p3_challenger::{CanObserve, CanSample, DuplexChallenger, GrindingChallenger};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn state(rng: &mut SmallRng) -> [u64; 8] {
    [(); 8].map(|()| word(rng))
}

fn search(rng: &mut SmallRng, bits: u32) -> Search {
    Search { position: rng.random_range(0..8), sampled: rng.random_range(0..8), bits }
}

/// A search among `candidates` from `first` on, and that it ends soon after it has found what p3 finds.
fn check(
    bench: &mut Bench,
    config: &Config,
    constants: &Constants,
    state: &[u64; 8],
    search: &Search,
    first: u64,
    candidates: u32,
) {
    bench.load_state(state);
    let before = bench.counter(map::WORK_LO);
    bench.execute(&[search.among(first, candidates)]);
    let permutations = bench.counter(map::WORK_LO) - before;
    let expected = (first..first + u64::from(candidates)).find(|&w| constants.accepts(state, search, w));
    assert_eq!(bench.found(), expected, "{search:?} from {first}, {candidates} candidates, state {state:x?}");
    // Two batches are under way when the first shows what it has found.
    let needed = expected.map_or(u64::from(candidates), |witness| witness - first + 1);
    let most = (needed.next_multiple_of(1 << config.log_batch) + (1 << config.log_batch)).min(candidates.into());
    assert!((needed..=most).contains(&permutations), "{permutations} permutations for {needed} candidates");
}

#[test]
fn the_smallest_witness_for_any_state_and_places() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    for (config, most) in [(Config::tiny(), 10), (Config::narrow(), 7), (Config::wide(), 10)] {
        let constants = Constants::random(&mut rng);
        let mut bench = Bench::new(&config, seed, Timing::STEADY, 1, &constants);
        for bits in 1..=most {
            let (state, search) = (state(&mut rng), search(&mut rng, bits));
            check(&mut bench, &config, &constants, &state, &search, 0, 1 << 20);
        }
        let state = state(&mut rng);
        for word in 0..8 {
            let search = Search { position: word, sampled: 7 - word, bits: 4 };
            check(&mut bench, &config, &constants, &state, &search, 0, 1 << 20);
        }
    }
}

#[test]
fn any_first_candidate_and_number() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::STEADY, 1, &constants);
    for candidates in [1_u32, 2, 127, 128, 129, 300] {
        for first in [0, (1 << 32) - 70, P - u64::from(candidates), rng.random_range(0..P >> 1)] {
            // That finds something at once, nothing, or just something.
            let bits = [1, 32, candidates.ilog2().max(1)][rng.random_range(0..3)];
            let (state, search) = (state(&mut rng), search(&mut rng, bits));
            check(&mut bench, &config, &constants, &state, &search, first, candidates);
        }
    }
}

#[test]
fn what_the_challenger_of_p3_finds() {
    const RATE: usize = 4;
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let constants = Constants::standard();
    let mut bench = Bench::new(&config, seed, Timing::STEADY, 1, &constants);
    for bits in 5..11 {
        let mut challenger = DuplexChallenger::<Goldilocks, Permutation, 8, RATE>::new(constants.permutation.clone());
        for _ in 0..rng.random_range(0..9) {
            challenger.observe(Goldilocks::new(word(&mut rng)));
        }
        if rng.random() {
            let _: Goldilocks = challenger.sample();
        }
        // What absorbing the witness permutes, and the word that is sampled then.
        let waiting = &challenger.input_buffer;
        let mut state = challenger.sponge_state;
        state[..RATE].fill(Goldilocks::ZERO);
        state[..waiting.len()].copy_from_slice(waiting);
        state[RATE] += Goldilocks::from_usize(waiting.len() + 1);
        let search = Search { position: waiting.len() as u32, sampled: RATE as u32 - 1, bits };
        bench.load_state(&state.map(|word| word.as_canonical_u64()));
        bench.execute(&[search.among(0, 1 << 20)]);
        // p3's own search finds the smallest only while its `parallel` feature is off, which the whole build decides.
        let witness = (0..).find(|w| challenger.clone().check_witness(bits as usize, Goldilocks::new(*w)));
        assert_eq!(bench.found(), witness, "{bits} bits");
    }
}

#[test]
fn searches_and_leaves_leave_each_other_alone() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::narrow();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 8, &constants);
    for _ in 0..10 {
        let (state, search) = (state(&mut rng), search(&mut rng, 5));
        bench.load_state(&state);
        let matrix = Matrix::random(&mut bench, &mut rng, 0, 20, 11);
        let out = 2 * matrix.beats();
        let descriptors = leaves(&[matrix.plan()], out, false, config.log_batch);
        bench.execute(&[&descriptors[..], &[search.among(0, 1 << 20)], &descriptors].concat());
        for (node, row) in (out..).zip(&matrix.rows) {
            assert_eq!(bench.memory.node(node), constants.sponge(row.iter().copied()), "{row:x?}");
        }
        let witness = (0..).find(|&w| constants.accepts(&state, &search, w));
        assert_eq!(bench.found(), witness, "{search:?}, state {state:x?}");
        // A search in two parts: the state is still there.
        bench.execute(&[search.among(0, 4), search.among(4, 1 << 20)]);
        assert_eq!(bench.found(), (4..).find(|&w| constants.accepts(&state, &search, w)), "{search:?}");
    }
}
