//! Keccak-256 of words, each as its eight bytes, low byte first.

use karat_abi::HashFunction;
use p3_keccak::{KeccakF, VECTOR_LEN};
use p3_symmetric::Permutation as _;

use super::Function;

pub(super) struct Keccak;

type Lanes = [u64; VECTOR_LEN];
/// Of each lane, word by word.
#[derive(Clone)]
pub(super) struct State([Lanes; 25]);

impl Default for State {
    fn default() -> Self {
        Self([[0; VECTOR_LEN]; 25])
    }
}

fn add(to: &mut Lanes, words: Lanes) {
    for (to, word) in to.iter_mut().zip(words) {
        *to ^= word;
    }
}

impl Function for Keccak {
    type Lanes = Lanes;
    type State = State;
    const WIDTH: usize = VECTOR_LEN;
    const RATE: usize = HashFunction::Keccak.rate();

    #[inline(always)]
    fn lanes(word: impl FnMut(usize) -> u64) -> Lanes {
        std::array::from_fn(word)
    }

    #[inline(always)]
    fn absorb(state: &mut State, place: usize, word: Lanes) {
        add(&mut state.0[place], word);
    }

    #[inline(always)]
    fn permute(&self, state: &mut State) {
        KeccakF.permute_mut(&mut state.0);
    }

    fn is_open(_: usize) -> bool {
        true
    }

    fn pad(state: &mut State, absorbed: usize) {
        add(&mut state.0[absorbed], [1; VECTOR_LEN]);
        add(&mut state.0[Self::RATE - 1], [1 << 63; VECTOR_LEN]);
    }

    #[inline(always)]
    fn compress(&self, nodes: [Lanes; 8]) -> State {
        let mut state = State::default();
        state.0[..8].copy_from_slice(&nodes);
        Self::pad(&mut state, 8);
        self.permute(&mut state);
        state
    }

    fn digest(state: &State, lane: usize) -> [u64; 4] {
        std::array::from_fn(|word| state.0[word][lane])
    }

    fn searched(state: &[u64; 25]) -> State {
        State(state.map(|word| [word; VECTOR_LEN]))
    }

    fn put(state: &mut State, place: usize, candidates: Lanes) {
        add(&mut state.0[place], candidates);
    }

    fn sample(state: &State, place: usize, lane: usize) -> u64 {
        state.0[place][lane].swap_bytes()
    }
}
