//! Descriptors of a tree, as derived in the README.

use karat_abi::engine::hash::{COMPRESS, FIRST, LAST, MODE, OUT, ROWS, SPREAD, SRC, TILE_STRIDE, WIDTH, WORDS};

/// Words of a descriptor.
pub type Descriptor = [u32; WORDS];

/// A tile-major matrix.
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
            let mut words = [0; WORDS];
            words[SRC] = matrix.card + row;
            words[TILE_STRIDE] = matrix.tile_stride;
            words[WIDTH] = matrix.width;
            words[ROWS] = batch.min(rows - row);
            words[OUT] = out + step * row;
            words[MODE] = spread;
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
