//! The hash engine, as `karat_abi::engine::hash` describes it: Poseidon2 of width 8, a vector of rows at a time.

use karat_abi::engine::hash;
use karat_firmware::software::{TableFill, Words};
use p3_field::{PackedValue, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::{Goldilocks, Poseidon2Goldilocks};
use p3_maybe_rayon::prelude::*;
use p3_poseidon2::ExternalLayerConstants;
use p3_symmetric::Permutation as _;

use super::row::{Beat, Packed, WIDTH};

/// The states of as many sponges as a vector has elements.
type State = [Packed; 8];
type Permutation = Poseidon2Goldilocks<8>;

/// Elements that a sponge absorbs before a permutation.
const RATE: usize = 4;
/// Vectors of sponges that are too few for a second thread.
const SHARE: usize = 16;

/// Round constants, and the sponges that are not finished.
pub(super) struct HashEngine {
    constants: [Goldilocks; hash::CONSTANTS as usize],
    /// Of these constants, once it is needed.
    permutation: Option<Permutation>,
    states: Vec<State>,
    /// Elements absorbed since the last permutation.
    position: usize,
}

impl HashEngine {
    pub(super) fn new() -> Self {
        let constants = [Goldilocks::ZERO; hash::CONSTANTS as usize];
        Self { constants, permutation: None, states: Vec::new(), position: 0 }
    }

    pub(super) fn fill(&mut self, fill: TableFill) {
        self.constants[fill.index as usize] = Goldilocks::new(fill.start);
        self.permutation = None;
    }

    /// Executes a descriptor; the permutations that it took.
    pub(super) fn run(&mut self, words: &Words, memory: &mut [Beat]) -> u64 {
        let permutation = self.permutation.take().unwrap_or_else(|| permutation(&self.constants));
        let rows = words[hash::ROWS] as usize;
        let permutations = if words[hash::MODE] & hash::COMPRESS != 0 {
            self.compress(&permutation, words, memory);
            rows
        } else {
            self.absorb(&permutation, words, memory)
        };
        if words[hash::MODE] & (hash::COMPRESS | hash::LAST) != 0 {
            self.store(words, memory);
        }
        self.permutation = Some(permutation);
        permutations as u64
    }

    fn compress(&mut self, permutation: &Permutation, words: &Words, memory: &[Beat]) {
        let nodes = &memory[words[hash::SRC] as usize..][..words[hash::ROWS] as usize];
        self.states.resize(nodes.len().div_ceil(WIDTH), State::default());
        self.states.par_iter_mut().with_min_len(SHARE).zip(nodes.par_chunks(WIDTH)).for_each(|(state, nodes)| {
            *state = std::array::from_fn(|word| column(nodes, word));
            permutation.permute_mut(state);
        });
    }

    fn absorb(&mut self, permutation: &Permutation, words: &Words, memory: &[Beat]) -> usize {
        let [rows, width, stride] = [hash::ROWS, hash::WIDTH, hash::TILE_STRIDE].map(|word| words[word] as usize);
        let (first, last) = (words[hash::MODE] & hash::FIRST != 0, words[hash::MODE] & hash::LAST != 0);
        if first {
            self.position = 0;
            self.states.resize(rows.div_ceil(WIDTH), State::default());
        }
        let start = self.position;
        let matrix = &memory[words[hash::SRC] as usize..];
        self.states.par_iter_mut().with_min_len(SHARE).enumerate().for_each(|(i, state)| {
            if first {
                *state = State::default();
            }
            let mine = i * WIDTH..rows.min((i + 1) * WIDTH);
            let mut position = start;
            for tile in 0..width.div_ceil(8) {
                let beats = &matrix[tile * stride..][mine.clone()];
                for word in 0..(width - 8 * tile).min(8) {
                    state[position] = column(beats, word);
                    position += 1;
                    if position == RATE {
                        permutation.permute_mut(state);
                        position = 0;
                    }
                }
            }
            if last && position > 0 {
                permutation.permute_mut(state);
            }
        });
        let absorbed = start + width;
        self.position = absorbed % RATE;
        rows * if last { absorbed.div_ceil(RATE) } else { absorbed / RATE }
    }

    /// Writes the digests of all states.
    fn store(&self, words: &Words, memory: &mut [Beat]) {
        let step = if words[hash::MODE] & hash::SPREAD != 0 { 2 } else { 1 };
        let places = (words[hash::OUT] as usize..).step_by(step).take(words[hash::ROWS] as usize);
        let sponges = self.states.iter().flat_map(|state| (0..WIDTH).map(move |lane| (state, lane)));
        for (node, (state, lane)) in places.zip(sponges) {
            for (word, pack) in memory[node / 2][node % 2 * 4..].iter_mut().zip(&state[..RATE]) {
                *word = pack.as_slice()[lane].as_canonical_u64();
            }
        }
    }
}

/// A word of each beat; of the first, where there are too few.
#[inline(always)]
fn column(beats: &[Beat], word: usize) -> Packed {
    match beats.first_chunk::<WIDTH>() {
        Some(beats) => Packed::from_fn(|lane| Goldilocks::new(beats[lane][word])),
        None => Packed::from_fn(|lane| Goldilocks::new(beats.get(lane).unwrap_or(&beats[0])[word])),
    }
}

fn permutation(constants: &[Goldilocks; hash::CONSTANTS as usize]) -> Permutation {
    let round = |r: usize| std::array::from_fn(|i| constants[8 * r + i]);
    let external = ExternalLayerConstants::new((0..4).map(round).collect(), (4..8).map(round).collect());
    let internal = constants[64..].to_vec();
    // On aarch64 with NEON p3's alias names another type, whose constructor borrows.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    return Permutation::new(&external, internal.as_slice().try_into().expect("22 of them"));
    #[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
    Permutation::new(external, internal)
}
