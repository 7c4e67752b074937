//! One descriptor of the vector engine, and what can be said against it.
//!
//! What a program loads and puts out stands in card memory, where the host may change it at any time. So a descriptor is checked for all
//! that any program could reach with it. Engines wait for this: it counts in 32 bits, and copies nothing.

use karat_abi::engine::vector::{self, shape};
use karat_abi::vector::{LOG_LENGTH, LOG_UNROLL_MAX, MATRICES, TABLE};
use karat_abi::{Status, TILE_COLUMNS, VectorPass};

use crate::command::Failure;
use crate::session::Session;

/// 32-bit words of a pass: the descriptor's, and one that is zero.
pub(super) const WORDS: usize = size_of::<VectorPass>() / 4;
const _: () = assert!(WORDS == vector::WORDS + 1);
/// log2 of the bound of the runs, and of the most groups of a coset.
const LOG_RUNS: u32 = 24;
/// Most tiles of a matrix.
const MAX_TILES: u32 = 1 << 16;
/// Most beats of output of a run.
const MAX_RUN_BEATS: u32 = 1 << 7;
/// Most rows of all groups and their cosets: at most as many beats take 32 bits.
const MAX_ROWS: u64 = 1 << 31;
/// Instructions of a beat.
const BEAT_INSTRUCTIONS: u32 = 4;
/// Bits of the words that mean something.
const SHAPE_BITS: u32 = 31 << shape::LOG_GROUPS
    | 7 << shape::LOG_UNROLL
    | 3 << shape::LOG_WORDS
    | 127 << shape::INITIAL_LOADS
    | shape::DESCENDING
    | shape::WRITES;
const MATRIX_SHAPES_BITS: u32 = 0x7777;
const _: () = assert!(MATRICES == 4);
/// Of a matrix's field of `MATRIX_SHAPES`: log2 of the words of a row, and whether its rows are the same for every run.
const LOG_WORDS: u32 = 3;
const FIXED: u32 = 4;

/// What is wrong: a word, or the place of something that is named.
pub(super) enum Wrong {
    Word(usize),
    Range(Failure),
}

/// Beats of card memory that are the session's.
#[derive(Clone, Copy)]
struct Span {
    first: u32,
    end: u32,
}

impl Span {
    const NONE: Self = Self { first: 0, end: 0 };

    /// `beats` beats after the `before` that follow `first`.
    fn new(session: &Session, first: u32, before: u64, beats: u32) -> Result<Self, Wrong> {
        let end = u64::from(first) + before + u64::from(beats);
        if session.has(first, end) {
            Ok(Self { first, end: end as u32 })
        } else {
            Err(Wrong::Range(Failure::new(Status::CardRange, first)))
        }
    }

    fn overlaps(self, other: Self) -> bool {
        self.first < other.end && other.first < self.end
    }
}

/// Fails unless the engine understands a pass and all that it can reach is the session's.
pub(super) fn check(words: &[u32; WORDS], session: &Session, lanes: u32) -> Result<(), Wrong> {
    if words[vector::WORDS] != 0 {
        return Err(Wrong::Word(vector::WORDS));
    }
    if words[vector::INSTRUCTIONS] == 0 {
        return Err(Wrong::Word(vector::INSTRUCTIONS));
    }
    for (count, index) in [
        (words[vector::INSTRUCTIONS], vector::INSTRUCTIONS),
        (words[vector::CONSTANT_COUNT], vector::CONSTANT_COUNT),
        (words[vector::LOAD_COUNT], vector::LOAD_COUNT),
    ] {
        if count >> LOG_LENGTH != 0 {
            return Err(Wrong::Word(index));
        }
    }
    let runs = words[vector::RUNS];
    if runs == 0 || runs >> LOG_RUNS != 0 {
        return Err(Wrong::Word(vector::RUNS));
    }
    let shape = words[vector::SHAPE];
    let log_groups = shape >> shape::LOG_GROUPS & 31;
    let log_unroll = shape >> shape::LOG_UNROLL & 7;
    if shape & !SHAPE_BITS != 0 || log_groups > LOG_RUNS || log_unroll > LOG_UNROLL_MAX {
        return Err(Wrong::Word(vector::SHAPE));
    }
    // Groups that runs reach, and then whole cosets, for loads of other rows.
    let groups = runs << log_unroll;
    let last_of_coset = (1 << log_groups) - 1;
    let cosets = u64::from((groups + last_of_coset) & !last_of_coset) * u64::from(lanes);
    if cosets > MAX_ROWS {
        return Err(Wrong::Word(vector::RUNS));
    }
    let (rows, cosets, of_run) = (groups * lanes, cosets as u32, lanes << log_unroll);
    // Rows have two words at least, and come by four at least.
    let beats = |rows: u32, log_words: u32| rows >> (3 - log_words);

    let (mut output, mut output_words) = (Span::NONE, 0);
    if shape & shape::WRITES != 0 {
        output_words = shape >> shape::LOG_WORDS & 3;
        if output_words == 0 || beats(of_run, output_words) > MAX_RUN_BEATS {
            return Err(Wrong::Word(vector::SHAPE));
        }
        output = Span::new(session, words[vector::OUTPUT], 0, beats(rows, output_words))?;
    }

    for (first, beats) in [
        (words[vector::PROGRAM], words[vector::INSTRUCTIONS].div_ceil(BEAT_INSTRUCTIONS)),
        (words[vector::CONSTANTS], words[vector::CONSTANT_COUNT].div_ceil(TILE_COLUMNS)),
        (words[vector::LOADS], words[vector::LOAD_COUNT].div_ceil(TILE_COLUMNS)),
        (words[vector::TABLE], TABLE as u32 / TILE_COLUMNS),
    ] {
        // Of an empty list the place means nothing.
        if beats != 0 && Span::new(session, first, 0, beats)?.overlaps(output) {
            return Err(Wrong::Word(vector::OUTPUT));
        }
    }

    let mut shapes = words[vector::MATRIX_SHAPES];
    if shapes & !MATRIX_SHAPES_BITS != 0 {
        return Err(Wrong::Word(vector::MATRIX_SHAPES));
    }
    let mut used = false;
    let (matrices, _) = words[vector::MATRIX..].as_chunks::<3>();
    for (m, [first, stride, tiles]) in matrices.iter().enumerate() {
        let (first, stride, tiles) = (*first, *stride, *tiles);
        let (log_words, fixed) = (shapes & LOG_WORDS, shapes & FIXED != 0);
        shapes >>= 4;
        if tiles == 0 {
            continue;
        }
        used = true;
        if log_words == 0 {
            return Err(Wrong::Word(vector::MATRIX_SHAPES));
        }
        if tiles > MAX_TILES {
            return Err(Wrong::Word(vector::MATRIX + 3 * m + 2));
        }
        let before = u64::from(tiles - 1) * u64::from(stride);
        let span = Span::new(session, first, before, beats(if fixed { of_run } else { cosets }, log_words))?;
        let in_place = first == output.first && log_words == output_words && tiles == 1 && !fixed;
        if span.overlaps(output) && !in_place {
            return Err(Wrong::Word(vector::OUTPUT));
        }
    }
    if words[vector::LOAD_COUNT] != 0 && !used {
        return Err(Wrong::Word(vector::LOAD_COUNT));
    }
    Ok(())
}

/// Makes a good pass what the engine gets. A matrix that is not used becomes one that is: nothing else keeps a program from loading it.
pub(super) fn complete(words: &mut [u32; WORDS]) {
    let shapes = words[vector::MATRIX_SHAPES];
    let (matrices, _) = words[vector::MATRIX..].as_chunks_mut::<3>();
    let Some((m, used)) = (0..).zip(matrices.iter()).find(|(_, matrix)| matrix[2] != 0) else { return };
    let (used, shape): (_, u32) = (*used, shapes >> (4 * m) & 0xf);
    let mut completed = 0;
    for (m, matrix) in (0..).zip(matrices) {
        let unused = matrix[2] == 0;
        if unused {
            *matrix = used;
        }
        completed |= if unused { shape << (4 * m) } else { shapes & 0xf << (4 * m) };
    }
    words[vector::MATRIX_SHAPES] = completed;
}
