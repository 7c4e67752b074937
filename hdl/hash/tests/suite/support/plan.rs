//! Descriptors of a tree, as derived in the README.

use karat_abi::engine::hash::{
    CANDIDATE_HI, CANDIDATE_LO, COMPRESS, FIRST, GRIND, LAST, LOG_ROW_STRIDE, MASK, MODE, OUT, PAIRS, PLACES, ROWS,
    SAMPLED, SKIP, SPREAD, SRC, TILE_STRIDE, WIDTH, WORDS,
};

/// Words of a descriptor.
pub type Descriptor = [u32; WORDS];

/// How a flat matrix stands: rows of `2^log_words` words one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Flat {
    /// 2 to 6.
    pub log_words: u32,
    /// The fourth word of every four belongs to no column.
    pub skip: bool,
}

impl Flat {
    /// Columns.
    pub fn width(self) -> u32 {
        if self.skip { 3 << (self.log_words - 2) } else { 1 << self.log_words }
    }

    /// Beats that so many rows take.
    pub fn beats(self, rows: u32) -> u32 {
        (rows << self.log_words).div_ceil(8)
    }
}

/// A matrix in card memory.
#[derive(Clone, Copy, Debug)]
pub struct Matrix {
    /// First beat.
    pub card: u32,
    /// Beats between tiles.
    pub tile_stride: u32,
    /// Valid columns.
    pub width: u32,
    /// Rows.
    pub rows: u32,
    /// Not tile-major but flat.
    pub flat: Option<Flat>,
}

impl Matrix {
    /// The descriptor words that say where rows from `row` on stand.
    fn place(&self, row: u32) -> Descriptor {
        let mut words = [0; WORDS];
        words[SRC] = self.card + self.flat.map_or(row, |flat| flat.beats(row));
        words[TILE_STRIDE] = if self.flat.is_some() { 1 } else { self.tile_stride };
        words[WIDTH] = self.width;
        if let Some(Flat { log_words, skip }) = self.flat {
            words[MODE] = if log_words == 2 { PAIRS } else { (log_words - 3) << LOG_ROW_STRIDE };
            words[MODE] |= if skip { SKIP } else { 0 };
        }
        words
    }
}

/// Leaf digests over matrices of one height to nodes `out`, `out + 1`, .. or with `spread` `out`, `out + 2`, ..
pub fn leaves(matrices: &[Matrix], out: u32, spread: bool, log_batch: u32) -> Vec<Descriptor> {
    let rows = matrices[0].rows;
    assert!(matrices.iter().all(|matrix| matrix.rows == rows));
    let batch = if matrices.len() == 1 { rows } else { 1 << log_batch };
    let (step, spread) = if spread { (2, SPREAD) } else { (1, 0) };
    let mut descriptors = Vec::new();
    for row in (0..rows).step_by(batch as usize) {
        for (i, matrix) in matrices.iter().enumerate() {
            let mut words = matrix.place(row);
            words[ROWS] = batch.min(rows - row);
            words[OUT] = out + step * row;
            words[MODE] |= spread;
            if i == 0 {
                words[MODE] |= FIRST;
            }
            if i == matrices.len() - 1 {
                words[MODE] |= LAST;
            }
            descriptors.push(words);
        }
    }
    descriptors
}

/// Nodes `out`, .. from the pairs in beats `source`, ..
pub fn compress(source: u32, rows: u32, out: u32, spread: bool) -> Descriptor {
    let mut words = [0; WORDS];
    words[SRC] = source;
    words[ROWS] = rows;
    words[OUT] = out;
    words[MODE] = COMPRESS | if spread { SPREAD } else { 0 };
    words
}

/// What a search is for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Word that candidates replace.
    pub position: u32,
    /// Word that is looked at.
    pub sampled: u32,
    /// Its low bits that must be zero.
    pub bits: u32,
}

impl Search {
    /// Whether a word has the zeros.
    pub fn takes(&self, word: u64) -> bool {
        word & ((1 << self.bits) - 1) == 0
    }

    /// The search among candidates `first`, ..
    pub fn among(&self, first: u64, candidates: u32) -> Descriptor {
        let mut words = [0; WORDS];
        words[CANDIDATE_LO] = first as u32;
        words[CANDIDATE_HI] = (first >> 32) as u32;
        words[MASK] = u32::MAX >> (32 - self.bits);
        words[ROWS] = candidates;
        words[PLACES] = self.position | self.sampled << SAMPLED;
        words[MODE] = GRIND;
        words
    }
}

/// A tree over matrices, tallest first, down to the level of `2^cap_height` nodes.
pub fn tree(matrices: &[Matrix], heap: u32, scratch: u32, cap_height: u32, log_batch: u32) -> Vec<Descriptor> {
    let of_height = |height| -> Vec<Matrix> { matrices.iter().copied().filter(|m| m.rows == height).collect() };
    let tallest = matrices[0].rows;
    let mut descriptors = leaves(&of_height(tallest), 2 * heap + tallest, false, log_batch);
    let mut height = tallest / 2;
    while height >= 1 << cap_height {
        let injected = of_height(height);
        if injected.is_empty() {
            descriptors.push(compress(heap + height, height, 2 * heap + height, false));
        } else {
            descriptors.push(compress(heap + height, height, 2 * scratch, true));
            descriptors.extend(leaves(&injected, 2 * scratch + 1, true, log_batch));
            descriptors.push(compress(scratch, height, 2 * heap + height, false));
        }
        height /= 2;
    }
    descriptors
}
