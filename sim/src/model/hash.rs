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
    /// What a search starts from.
    search: [Goldilocks; 8],
    /// What the last search found.
    pub(super) result: u64,
}

/// Where the rows of a matrix stand.
struct Rows {
    tile_stride: usize,
    log_stride: u32,
    pairs: bool,
    skip: bool,
}

impl Rows {
    fn new(words: &Words) -> Self {
        let mode = words[hash::MODE];
        Self {
            tile_stride: words[hash::TILE_STRIDE] as usize,
            log_stride: mode >> hash::LOG_ROW_STRIDE & 3,
            pairs: mode & hash::PAIRS != 0,
            skip: mode & hash::SKIP != 0,
        }
    }

    /// Words of a row in a tile that belong to columns.
    fn of_tile(&self) -> usize {
        let words = if self.pairs { 4 } else { 8 };
        if self.skip { words / 4 * 3 } else { words }
    }

    /// A column of rows `first ..`, of the last of them where there are too few.
    #[inline(always)]
    fn column(&self, matrix: &[Beat], first: usize, rows: usize, tile: usize, column: usize) -> Packed {
        let word = if self.skip { column + column / 3 } else { column };
        let tile = &matrix[tile * self.tile_stride..];
        if self.log_stride == 0 && !self.pairs {
            return self::column(&tile[first..rows.min(first + WIDTH)], word);
        }
        Packed::from_fn(|lane| {
            let row = (first + lane).min(rows - 1);
            Goldilocks::new(if self.pairs {
                tile[row / 2][row % 2 * 4 + word]
            } else {
                tile[row << self.log_stride][word]
            })
        })
    }
}

impl HashEngine {
    pub(super) fn new() -> Self {
        let constants = [Goldilocks::ZERO; hash::CONSTANTS as usize];
        let search = [Goldilocks::ZERO; 8];
        Self { constants, permutation: None, states: Vec::new(), position: 0, search, result: 0 }
    }

    pub(super) fn fill(&mut self, fill: TableFill) {
        if let Some(word) = fill.index.checked_sub(hash::STATE) {
            self.search[word as usize] = Goldilocks::new(fill.start);
            return;
        }
        self.constants[fill.index as usize] = Goldilocks::new(fill.start);
        self.permutation = None;
    }

    /// Executes a descriptor; the permutations that it took.
    pub(super) fn run(&mut self, words: &Words, memory: &mut [Beat]) -> u64 {
        let permutation = self.permutation.take().unwrap_or_else(|| permutation(&self.constants));
        if words[hash::MODE] & hash::GRIND != 0 {
            let permutations = self.grind(&permutation, words);
            self.permutation = Some(permutation);
            return permutations;
        }
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
        let [rows, width] = [hash::ROWS, hash::WIDTH].map(|word| words[word] as usize);
        let form = Rows::new(words);
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
            let mut position = start;
            for tile in 0..width.div_ceil(form.of_tile()) {
                for word in 0..(width - form.of_tile() * tile).min(form.of_tile()) {
                    state[position] = form.column(matrix, i * WIDTH, rows, tile, word);
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

    /// Searches for the smallest candidate that will do; the permutations that it took.
    fn grind(&mut self, permutation: &Permutation, words: &Words) -> u64 {
        let first = u64::from(words[hash::CANDIDATE_LO]) | u64::from(words[hash::CANDIDATE_HI]) << 32;
        let (count, mask) = (u64::from(words[hash::ROWS]), u64::from(words[hash::MASK]));
        let [position, sampled] = [0, hash::SAMPLED].map(|bit| (words[hash::PLACES] >> bit & 7) as usize);
        let state: State = self.search.map(Packed::from);
        let found = (0..count.div_ceil(WIDTH as u64)).into_par_iter().find_map_first(|i| {
            let candidate = |lane: usize| first + i * WIDTH as u64 + lane as u64;
            let mut state = state;
            state[position] = Packed::from_fn(|lane| Goldilocks::new(candidate(lane)));
            permutation.permute_mut(&mut state);
            let good = |value: &Goldilocks| value.as_canonical_u64() & mask == 0;
            state[sampled].as_slice().iter().position(good).map(candidate)
        });
        let found = found.filter(|candidate| *candidate < first + count);
        self.result = found.unwrap_or(u64::MAX);
        found.map_or(count, |candidate| candidate - first + 1)
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
