//! Which factor stands behind which stage of the pipeline.
//!
//! A transform's factors belong to pairs of bits of the position: a butterfly on bit `d` and an input bit `e < d` meet in
//! the root of order 2^(d - e + 1). A factor between two stages is the product over the pairs that it separates and that
//! no factor before it has done. Pairs whose bits are not the transform's take no part, so that the pipeline needs no other
//! factors for shorter or interleaved transforms: their bits are zero, or masked.

use crate::roots::root_shift;

/// What decides the structure of an engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Columns that the pipeline takes in a cycle: 1, 2, 4 or 8.
    pub lanes: usize,
    /// log2 of the longest frame, in beats: 2 to 16.
    pub log_buffer: usize,
}

/// Factor behind a stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Twiddle {
    /// None.
    None,
    /// A power of two, decided by `bits` bits of the position from bit `low` on.
    Shift {
        /// Lowest bit.
        low: usize,
        /// How many.
        bits: usize,
    },
    /// Any root: the end of a block that began at bit `top`.
    General {
        /// Highest bit of the block.
        top: usize,
    },
}

/// Stages of a block: the roots that it needs have order 64 at most and are powers of two.
const BLOCK: usize = 6;
/// Stages of an inner block: between its stages only roots of order 8.
const INNER: usize = 3;

impl Geometry {
    /// Geometry of an engine.
    ///
    /// # Panics
    /// If the values are not those of the fields.
    pub fn new(lanes: usize, log_buffer: usize) -> Self {
        assert!([1, 2, 4, 8].contains(&lanes), "an engine has 1, 2, 4 or 8 lanes");
        assert!((2..=16).contains(&log_buffer), "the transform buffer has 2^2 to 2^16 beats");
        Self { lanes, log_buffer }
    }

    /// Cycles that a beat takes: its groups of columns follow each other.
    pub const fn groups(&self) -> usize {
        8 / self.lanes
    }

    /// log2 of [`Geometry::groups`].
    pub const fn log_groups(&self) -> usize {
        self.groups().ilog2() as usize
    }

    /// Bits of a slot that frames of any size set.
    pub const fn slot_mask(&self) -> u64 {
        (1 << (self.log_buffer + self.log_groups())) - 1
    }

    /// log2 of the entries of a LO table; a HI table has the other bits.
    pub const fn log_low_table(&self) -> usize {
        self.log_buffer.div_ceil(2)
    }

    /// The factor behind the stage on bit `bit`.
    pub fn twiddle(&self, bit: usize) -> Twiddle {
        let stage = self.log_buffer - 1 - bit;
        let block_top = self.log_buffer - 1 - stage / BLOCK * BLOCK;
        let block_low = (block_top + 1).saturating_sub(BLOCK);
        let inner_top = block_top - (block_top - bit) / INNER * INNER;
        let inner_low = (inner_top + 1).saturating_sub(INNER).max(block_low);
        if bit == 0 {
            Twiddle::None
        } else if bit == block_low {
            Twiddle::General { top: block_top }
        } else if bit == inner_low {
            Twiddle::Shift { low: block_low, bits: inner_top + 1 - block_low }
        } else {
            Twiddle::Shift { low: inner_low, bits: bit + 1 - inner_low }
        }
    }

    /// Exponent of 2 of the factor at a position, between the stages on bits from `bit` up and those on the bits from
    /// `low` to below `bit`. Not reduced modulo 192.
    pub fn shift(&self, position: u64, bit: usize, low: usize) -> u64 {
        let set = |at: &usize| position >> at & 1 == 1;
        (bit..self.log_buffer)
            .filter(set)
            .map(|upper| (low..bit).filter(set).map(|lower| root_shift(upper - lower + 1)).sum::<u64>())
            .sum()
    }
}
