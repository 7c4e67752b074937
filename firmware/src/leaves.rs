//! Matrices as leaves of a tree: how their rows stand in card memory.

use karat_abi::command::matrix;
use karat_abi::engine::hash;
use karat_abi::{MatrixArguments, TILE_COLUMNS};

use crate::session::Range;

/// Index in a matrix's arguments of each word.
mod word {
    pub(super) const TILE_STRIDE: u32 = 1;
    pub(super) const WIDTH: u32 = 2;
    pub(super) const LOG_ROWS: u32 = 3;
}

/// One matrix of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Leaves(pub(crate) MatrixArguments);

impl Leaves {
    /// log2 of the rows.
    pub(crate) fn log_rows(&self) -> u32 {
        self.0.log_rows & matrix::LOG_ROWS
    }

    /// log2 of the words of a row of a flat matrix, 0 of a tile-major one.
    fn flat(&self) -> u32 {
        self.0.log_rows >> matrix::FLAT_SHIFT & 15
    }

    fn skips(&self) -> bool {
        self.0.log_rows & matrix::SKIP != 0
    }

    /// The beats that it takes, or which word of its arguments is wrong. `most_rows` is what log2 of the rows may be.
    pub(crate) fn check(&self, most_rows: u32) -> Result<Range, u32> {
        const KNOWN: u32 = matrix::LOG_ROWS | 15 << matrix::FLAT_SHIFT | matrix::SKIP;
        let MatrixArguments { card, tile_stride, width, log_rows } = self.0;
        let (flat, rows) = (self.flat(), self.log_rows());
        let form = match flat {
            0 => !self.skips(),
            2..=6 => true,
            _ => false,
        };
        // A heap of 2^31 beats is the most that an address can name.
        if log_rows & !KNOWN != 0 || !form || rows > most_rows.min(31) {
            return Err(word::LOG_ROWS);
        }
        if flat != 0 {
            let words = 1 << flat;
            if width != if self.skips() { words / 4 * 3 } else { words } {
                return Err(word::WIDTH);
            }
            return Ok(Range::new(card, (1u64 << (rows + flat)).div_ceil(TILE_COLUMNS.into())));
        }
        if width == 0 || width > crate::validate::MAX_WIDTH {
            return Err(word::WIDTH);
        }
        let tiles = width.div_ceil(TILE_COLUMNS);
        if tiles > 1 && u64::from(tile_stride) < 1 << rows {
            return Err(word::TILE_STRIDE);
        }
        Ok(Range::of_matrix(card, tiles, tile_stride, 1 << rows))
    }

    /// Puts where rows from `row` on stand into a descriptor. `row` is even, or the only one.
    pub(crate) fn describe(&self, row: u32, words: &mut [u32; hash::WORDS]) {
        let MatrixArguments { card, tile_stride, width, .. } = self.0;
        words[hash::WIDTH] = width;
        words[hash::TILE_STRIDE] = 1;
        if self.skips() {
            words[hash::MODE] |= hash::SKIP;
        }
        let beats = match self.flat() {
            0 => {
                words[hash::TILE_STRIDE] = tile_stride;
                row
            }
            2 => {
                words[hash::MODE] |= hash::PAIRS;
                row / 2
            }
            flat => {
                words[hash::MODE] |= (flat - 3) << hash::LOG_ROW_STRIDE;
                row << (flat - 3)
            }
        };
        words[hash::SRC] = card.wrapping_add(beats);
    }
}
