//! What a descriptor asks for, whichever the hash.

use karat_abi::engine::hash;
use karat_firmware::software::Words;
use p3_maybe_rayon::prelude::*;

use super::super::row::Beat;
use super::Function;

/// Vectors of sponges that are too few for a second thread.
const SHARE: usize = 16;

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
    fn column<F: Function>(&self, matrix: &[Beat], first: usize, rows: usize, [tile, column]: [usize; 2]) -> F::Lanes {
        let word = if self.skip { column + column / 3 } else { column };
        let tile = &matrix[tile * self.tile_stride..];
        if self.log_stride == 0 && !self.pairs {
            return self::column::<F>(&tile[first..rows.min(first + F::WIDTH)], word);
        }
        F::lanes(|lane| {
            let row = (first + lane).min(rows - 1);
            if self.pairs { tile[row / 2][row % 2 * 4 + word] } else { tile[row << self.log_stride][word] }
        })
    }
}

/// A word of each beat; of the first, where there are too few.
#[inline(always)]
fn column<F: Function>(beats: &[Beat], word: usize) -> F::Lanes {
    if beats.len() >= F::WIDTH {
        F::lanes(|lane| beats[lane][word])
    } else {
        F::lanes(|lane| beats.get(lane).unwrap_or(&beats[0])[word])
    }
}

/// Sponges, the states of as many as a vector has lanes together.
pub(super) struct Sponges<F: Function> {
    states: Vec<F::State>,
    /// Words absorbed since the last permutation.
    position: usize,
}

impl<F: Function> Sponges<F> {
    pub(super) fn new() -> Self {
        Self { states: Vec::new(), position: 0 }
    }

    /// The permutations that it took, as for the others.
    pub(super) fn compress(&mut self, function: &F, words: &Words, memory: &[Beat]) -> usize {
        let nodes = &memory[words[hash::SRC] as usize..][..words[hash::ROWS] as usize];
        self.states.resize(nodes.len().div_ceil(F::WIDTH), F::State::default());
        self.states.par_iter_mut().with_min_len(SHARE).zip(nodes.par_chunks(F::WIDTH)).for_each(|(state, nodes)| {
            *state = function.compress(std::array::from_fn(|word| column::<F>(nodes, word)));
        });
        nodes.len()
    }

    pub(super) fn absorb(&mut self, function: &F, words: &Words, memory: &[Beat]) -> usize {
        let [rows, width] = [hash::ROWS, hash::WIDTH].map(|word| words[word] as usize);
        let form = Rows::new(words);
        let (first, last) = (words[hash::MODE] & hash::FIRST != 0, words[hash::MODE] & hash::LAST != 0);
        if first {
            self.position = 0;
            self.states.resize(rows.div_ceil(F::WIDTH), F::State::default());
        }
        let start = self.position;
        let matrix = &memory[words[hash::SRC] as usize..];
        let absorbed = start + width;
        let ends = last && F::is_open(absorbed % F::RATE);
        self.states.par_iter_mut().with_min_len(SHARE).enumerate().for_each(|(i, state)| {
            if first {
                *state = F::State::default();
            }
            let mut position = start;
            for tile in 0..width.div_ceil(form.of_tile()) {
                for word in 0..(width - form.of_tile() * tile).min(form.of_tile()) {
                    F::absorb(state, position, form.column::<F>(matrix, i * F::WIDTH, rows, [tile, word]));
                    position += 1;
                    if position == F::RATE {
                        function.permute(state);
                        position = 0;
                    }
                }
            }
            if ends {
                F::pad(state, position);
                function.permute(state);
            }
        });
        self.position = absorbed % F::RATE;
        rows * (absorbed / F::RATE + usize::from(ends))
    }

    /// Writes the digests of all states.
    pub(super) fn store(&self, words: &Words, memory: &mut [Beat]) {
        let step = if words[hash::MODE] & hash::SPREAD != 0 { 2 } else { 1 };
        let places = (words[hash::OUT] as usize..).step_by(step).take(words[hash::ROWS] as usize);
        let sponges = self.states.iter().flat_map(|state| (0..F::WIDTH).map(move |lane| (state, lane)));
        for (node, (state, lane)) in places.zip(sponges) {
            memory[node / 2][node % 2 * 4..][..4].copy_from_slice(&F::digest(state, lane));
        }
    }
}

/// Searches for the smallest candidate that will do: what was found, and the permutations that it took.
pub(super) fn search<F: Function>(function: &F, words: &Words, state: &[u64; 25]) -> (Option<u64>, u64) {
    let first = u64::from(words[hash::CANDIDATE_LO]) | u64::from(words[hash::CANDIDATE_HI]) << 32;
    let (count, mask) = (u64::from(words[hash::ROWS]), u64::from(words[hash::MASK]));
    let [position, sampled] =
        [(0, 31), (hash::SAMPLED, 7)].map(|(bit, mask)| (words[hash::PLACES] >> bit & mask) as usize);
    let start = F::searched(state);
    let found = (0..count.div_ceil(F::WIDTH as u64)).into_par_iter().find_map_first(|i| {
        let candidate = |lane: usize| first + i * F::WIDTH as u64 + lane as u64;
        let mut state = start.clone();
        F::put(&mut state, position, F::lanes(candidate));
        function.permute(&mut state);
        (0..F::WIDTH).find(|lane| F::sample(&state, sampled, *lane) & mask == 0).map(candidate)
    });
    let found = found.filter(|candidate| *candidate < first + count);
    (found, found.map_or(count, |candidate| candidate - first + 1))
}
