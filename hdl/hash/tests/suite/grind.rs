//! The search for a proof of work, against p3's permutation and its challenger.

use crate::support::hash::bytes;
use crate::support::plan::{Search, leaves};
use crate::support::{Bench, Config, Constants, Hash, KeccakTree, Matrix, P, Permutation, seed, word};
use karat_abi::registers::engine as map;
use karat_hdl_base::testing::memory::Timing;
use p3_challenger::{
    CanObserve, CanSample, DuplexChallenger, GrindingChallenger, HashChallenger, SerializingChallenger64,
};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_keccak::{Keccak256Hash, KeccakF};
use p3_symmetric::{CryptographicHasher, Permutation as _};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn state(hash: &dyn Hash, rng: &mut SmallRng) -> Vec<u64> {
    (0..hash.state_words()).map(|_| word(rng)).collect()
}

fn search(hash: &dyn Hash, rng: &mut SmallRng, bits: u32) -> Search {
    Search { position: rng.random_range(0..hash.places()), sampled: rng.random_range(0..hash.sampled()), bits }
}

/// A search among `candidates` from `first` on, and that it ends soon after it has found what p3 finds.
fn check(
    bench: &mut Bench,
    config: &Config,
    hash: &dyn Hash,
    state: &[u64],
    search: &Search,
    first: u64,
    candidates: u32,
) {
    bench.load_state(state);
    let before = bench.counter(map::WORK_LO);
    bench.execute(&hash.of(vec![search.among(first, candidates)]));
    let permutations = bench.counter(map::WORK_LO) - before;
    let expected = (first..first + u64::from(candidates)).find(|&w| hash.accepts(state, search, w));
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
        for hash in [&constants as &dyn Hash, &KeccakTree] {
            for bits in 1..=most {
                let (state, search) = (state(hash, &mut rng), search(hash, &mut rng, bits));
                check(&mut bench, &config, hash, &state, &search, 0, 1 << 20);
            }
            let state = state(hash, &mut rng);
            for word in 0..hash.places() {
                let search = Search { position: word, sampled: (17 - word) % hash.sampled(), bits: 4 };
                check(&mut bench, &config, hash, &state, &search, 0, 1 << 20);
            }
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
    for (candidates, keccak) in [1_u32, 2, 127, 128, 129, 300].into_iter().flat_map(|n| [(n, false), (n, true)]) {
        let hash = if keccak { &KeccakTree as &dyn Hash } else { &constants };
        for first in [0, (1 << 32) - 70, P - u64::from(candidates), rng.random_range(0..P >> 1)] {
            // That finds something at once, nothing, or just something.
            let bits = [1, 32, candidates.ilog2().max(1)][rng.random_range(0..3)];
            let (state, search) = (state(hash, &mut rng), search(hash, &mut rng, bits));
            check(&mut bench, &config, hash, &state, &search, first, candidates);
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

/// The state that the permutation of a message's last block finds, but for its last word, which is a candidate; and the place of that.
fn keccak_state(message: &[u64]) -> (Vec<u64>, u32) {
    let mut state = [0; 25];
    let whole = message.chunks_exact(17);
    let rest = whole.remainder();
    for block in whole {
        for (word, &absorbed) in state.iter_mut().zip(block) {
            *word ^= absorbed;
        }
        KeccakF.permute_mut(&mut state);
    }
    for (word, &absorbed) in state.iter_mut().zip(rest) {
        *word ^= absorbed;
    }
    state[rest.len() + 1] ^= 1;
    state[16] ^= 1 << 63;
    (state.to_vec(), rest.len() as u32)
}

#[test]
fn what_the_challengers_over_bytes_find() {
    type Inner = HashChallenger<u8, Keccak256Hash, 32>;
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::tiny();
    let mut bench = Bench::new(&config, seed, Timing::STEADY, 1, &Constants::standard());
    let mut find = |message: &[u64], bits| {
        let (state, position) = keccak_state(message);
        bench.load_state(&state);
        let search = Search { position, sampled: 3, bits };
        bench.execute(&KeccakTree.of(vec![search.among(0, 1 << 20)]));
        bench.found()
    };
    for bits in 5..11 {
        // A transcript of any length: its digest is hashed with the candidate.
        let initial = bytes((0..rng.random_range(0..60)).map(|_| word(&mut rng)));
        let mut challenger = SerializingChallenger64::<Goldilocks, Inner>::from_hasher(initial.clone(), Keccak256Hash);
        let digest: [u8; 32] = Keccak256Hash.hash_iter(initial);
        let words: Vec<u64> = digest.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
        // p3's own search finds the smallest only while its `parallel` feature is off, which the whole build decides.
        let witness = (0..).find(|w| challenger.clone().check_witness(bits, Goldilocks::new(*w)));
        assert_eq!(find(&words, bits as u32), witness, "{bits} bits");
        assert!(challenger.check_witness(bits, challenger.clone().grind(bits)));
    }
    // Input that waits is hashed with the candidate: up to a block, and more.
    for length in [0, 1, 15, 17, 18, 30, 34, 40, 60] {
        let message: Vec<u64> = (0..length).map(|_| word(&mut rng)).collect();
        let challenger = Inner::new(bytes(message.iter().copied()), Keccak256Hash);
        let accepts = |witness: u64| {
            let mut challenger = challenger.clone();
            challenger.observe_slice(&witness.to_le_bytes());
            let sampled: [u8; 8] = challenger.sample_array();
            u64::from_le_bytes(sampled) & 0xff == 0
        };
        assert_eq!(find(&message, 8), (0..).find(|&w| accepts(w)), "{length} words");
    }
}

#[test]
fn searches_and_leaves_leave_each_other_alone() {
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let config = Config::narrow();
    let constants = Constants::random(&mut rng);
    let mut bench = Bench::new(&config, seed, Timing::ROUGH, 1 << 8, &constants);
    let hashes = [&constants as &dyn Hash, &KeccakTree];
    for turn in 0..16 {
        let (hash, other) = (hashes[turn % 2], hashes[turn / 2 % 2]);
        let (state, search) = (state(hash, &mut rng), search(hash, &mut rng, 5));
        bench.load_state(&state);
        let matrix = Matrix::random(&mut bench, &mut rng, 0, 20, 11);
        let out = 2 * matrix.beats();
        let descriptors = other.of(leaves(&[matrix.plan()], out, false, config.log_batch));
        bench.execute(&[&descriptors[..], &hash.of(vec![search.among(0, 1 << 20)]), &descriptors].concat());
        for (node, row) in (out..).zip(&matrix.rows) {
            assert_eq!(bench.memory.node(node), other.sponge(row), "{row:x?}");
        }
        let witness = (0..).find(|&w| hash.accepts(&state, &search, w));
        assert_eq!(bench.found(), witness, "{search:?}, state {state:x?}");
        // A search in two parts: the state is still there.
        bench.execute(&hash.of(vec![search.among(0, 4), search.among(4, 1 << 20)]));
        assert_eq!(bench.found(), (4..).find(|&w| hash.accepts(&state, &search, w)), "{search:?}");
    }
}
