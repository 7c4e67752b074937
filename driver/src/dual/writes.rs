//! What a command writes. Work areas are not among it: what is left there is nobody's affair.

use karat_abi::engine::vector::{self, shape};
use karat_abi::{LdeArguments, MatrixArguments, MerkleArguments, TILE_COLUMNS, VectorPass, command};

use super::difference::Place;
use crate::Layout;

/// What a command writes.
pub(crate) enum Writes {
    /// Nothing but its completion.
    Nothing,
    /// Card memory.
    Card(Vec<Beats>),
    /// The data that it took with it: rows of so many columns, with these indices.
    Host { width: u32, rows: Vec<u32> },
}

/// Beats of card memory that are written in this order.
pub(crate) struct Beats {
    pub first: u32,
    pub beats: u32,
    /// From the last to the first.
    pub descending: bool,
    /// What they are, with the place of their first word.
    pub start: Place,
}

impl Beats {
    fn new(first: u32, beats: u32, start: Place) -> Self {
        Self { first, beats, descending: false, start }
    }

    /// Whether it has this beat of card memory.
    pub fn contains(&self, beat: u32) -> bool {
        (self.first..self.first + self.beats).contains(&beat)
    }

    /// What a word of a beat of card memory is.
    pub fn place(&self, at: u32, word: u32) -> Place {
        let offset = at - self.first;
        match self.start {
            Place::Matrix { first, column, .. } => Place::Matrix { first, row: offset, column: column + word },
            Place::Heap { first, beat, .. } => Place::Heap { first, beat: beat + offset, word },
            Place::Pass { pass, first, .. } => Place::Pass { pass, first, beat: offset, word },
            other => other,
        }
    }
}

impl Writes {
    /// The tiles of a matrix.
    pub fn tiles(first: u32, stride: u32, tiles: u32, rows: u32) -> Self {
        let start = |tile| Place::Matrix { first, row: 0, column: tile * TILE_COLUMNS };
        Self::Card((0..tiles).map(|tile| Beats::new(first + tile * stride, rows, start(tile))).collect())
    }

    /// An upload.
    pub fn upload(layout: &Layout) -> Self {
        Self::tiles(layout.first, layout.tile_stride, Layout::tiles(layout.width), layout.rows)
    }

    /// A low-degree extension or a plain transform.
    pub fn lde(arguments: &LdeArguments) -> Self {
        let LdeArguments { destination, destination_stride, tiles, log_rows, log_blowup, .. } = *arguments;
        Self::tiles(destination, destination_stride, tiles, 1 << (log_rows + log_blowup))
    }

    /// A tree: its levels from the leaves to the cap.
    pub fn merkle(arguments: &MerkleArguments, matrices: &[MatrixArguments]) -> Self {
        let MerkleArguments { heap, cap_height, .. } = *arguments;
        let log_leaves = matrices.first().map_or(0, |tallest| tallest.log_rows & command::matrix::LOG_ROWS);
        let level = |log: u32| {
            // Node 1, the root, is half a beat.
            let (beat, beats) = if log == 0 { (0, 1) } else { (1 << (log - 1), 1 << (log - 1)) };
            Beats::new(heap + beat, beats, Place::Heap { first: heap, beat, word: 0 })
        };
        Self::Card((cap_height..=log_leaves).rev().map(level).collect())
    }

    /// Passes of a vector engine of so many lanes.
    pub fn vector(passes: &[VectorPass], lanes: u32) -> Self {
        let output = |(pass, VectorPass { words, .. }): (u32, &VectorPass)| {
            let shape = words[vector::SHAPE];
            let (log_unroll, log_words) = (shape >> shape::LOG_UNROLL & 7, shape >> shape::LOG_WORDS & 3);
            let rows = (words[vector::RUNS] << log_unroll) * lanes;
            let first = words[vector::OUTPUT];
            let start = Place::Pass { pass, first, beat: 0, word: 0 };
            let descending = shape & shape::DESCENDING != 0;
            let beats = Beats { descending, ..Beats::new(first, (rows << log_words) / TILE_COLUMNS, start) };
            (shape & shape::WRITES != 0).then_some(beats)
        };
        Self::Card((0..).zip(passes).filter_map(output).collect())
    }
}
