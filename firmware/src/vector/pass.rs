//! One descriptor of the vector engine, and what can be said against it.
//!
//! What a program loads and puts out stands in card memory, where the host may change it at any time. So a descriptor is checked for all
//! that any program could reach with it.

use karat_abi::engine::vector::{self, shape};
use karat_abi::vector::{LOG_UNROLL_MAX, MATRICES, TABLE};
use karat_abi::{TILE_COLUMNS, VectorPass};

use crate::command::Failure;
use crate::session::{Range, Session};

/// log2 of the bound of the runs, and of the most groups of a coset.
const LOG_RUNS: u32 = 24;
/// log2 of the bound of instructions, of constants and of loads.
const LOG_COUNT: u32 = 20;
/// Most tiles of a matrix.
const MAX_TILES: u32 = 1 << 16;
/// Most beats of output of a run.
const MAX_RUN_BEATS: u64 = 1 << 7;
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

/// What is wrong: a word, or the place of something that is named.
pub(super) enum Wrong {
    Word(usize),
    Range(Failure),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self::Range(failure)
    }
}

#[derive(Clone, Copy, Default)]
struct Matrix {
    first: u32,
    stride: u32,
    tiles: u32,
    /// Its field of `MATRIX_SHAPES`.
    shape: u32,
}

impl Matrix {
    fn log_words(&self) -> u32 {
        self.shape & 3
    }

    fn is_fixed(&self) -> bool {
        self.shape & 4 != 0
    }
}

/// A descriptor as the host gave it.
pub(super) struct Pass(VectorPass);

impl Pass {
    pub(super) fn new(pass: VectorPass) -> Self {
        Self(pass)
    }

    fn matrices(&self) -> [Matrix; MATRICES] {
        let words = &self.0.words;
        let (places, _) = words[vector::MATRIX..].as_chunks::<3>();
        let mut matrices = [Matrix::default(); MATRICES];
        for ((m, matrix), [first, stride, tiles]) in (0..).zip(&mut matrices).zip(places) {
            let shape = words[vector::MATRIX_SHAPES] >> (4 * m) & 0xf;
            *matrix = Matrix { first: *first, stride: *stride, tiles: *tiles, shape };
        }
        matrices
    }

    /// As the engine gets it. A matrix that is not used becomes one that is: nothing else keeps a program from loading it.
    pub(super) fn descriptor(&self) -> [u32; vector::WORDS] {
        let mut words = self.0.words;
        let matrices = self.matrices();
        let Some(used) = matrices.iter().find(|matrix| matrix.tiles != 0) else { return words };
        let (places, _) = words[vector::MATRIX..].as_chunks_mut::<3>();
        let mut shapes = 0;
        for ((m, matrix), place) in (0..).zip(&matrices).zip(places) {
            let matrix = if matrix.tiles == 0 { used } else { matrix };
            *place = [matrix.first, matrix.stride, matrix.tiles];
            shapes |= matrix.shape << (4 * m);
        }
        words[vector::MATRIX_SHAPES] = shapes;
        words
    }

    /// Fails unless the engine understands it and all that it can reach is the session's.
    pub(super) fn check(&self, session: &Session, lanes: u32) -> Result<(), Wrong> {
        let VectorPass { words, reserved } = &self.0;
        if *reserved != 0 {
            return Err(Wrong::Word(vector::WORDS));
        }
        if words[vector::INSTRUCTIONS] == 0 {
            return Err(Wrong::Word(vector::INSTRUCTIONS));
        }
        for count in [vector::INSTRUCTIONS, vector::CONSTANT_COUNT, vector::LOAD_COUNT] {
            if words[count] >> LOG_COUNT != 0 {
                return Err(Wrong::Word(count));
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
        // Groups that runs reach, and beats of so many: at most 2^30 * 2^8 rows.
        let groups = u64::from(runs) << log_unroll;
        // Whole cosets, for loads of other rows.
        let last_of_coset = (1 << log_groups) - 1;
        let cosets = (groups + last_of_coset) & !last_of_coset;
        let beats = |groups: u64, log_words: u32| (groups * u64::from(lanes)) << log_words >> 3;

        let output = if shape & shape::WRITES != 0 {
            let log_words = shape >> shape::LOG_WORDS & 3;
            if log_words == 0 || beats(1 << log_unroll, log_words) > MAX_RUN_BEATS {
                return Err(Wrong::Word(vector::SHAPE));
            }
            let range = Range::new(words[vector::OUTPUT], beats(groups, log_words));
            session.check(range)?;
            Some((range, log_words))
        } else {
            None
        };
        let collides = |read: &Range| output.is_some_and(|(range, _)| range.overlaps(read));

        for (first, beats) in [
            (vector::PROGRAM, words[vector::INSTRUCTIONS].div_ceil(BEAT_INSTRUCTIONS)),
            (vector::CONSTANTS, words[vector::CONSTANT_COUNT].div_ceil(TILE_COLUMNS)),
            (vector::LOADS, words[vector::LOAD_COUNT].div_ceil(TILE_COLUMNS)),
            (vector::TABLE, TABLE as u32 / TILE_COLUMNS),
        ] {
            // Of an empty list the place means nothing.
            if beats != 0 {
                let range = Range::new(words[first], beats);
                session.check(range)?;
                if collides(&range) {
                    return Err(Wrong::Word(vector::OUTPUT));
                }
            }
        }

        if words[vector::MATRIX_SHAPES] & !MATRIX_SHAPES_BITS != 0 {
            return Err(Wrong::Word(vector::MATRIX_SHAPES));
        }
        let matrices = self.matrices();
        if words[vector::LOAD_COUNT] != 0 && matrices.iter().all(|matrix| matrix.tiles == 0) {
            return Err(Wrong::Word(vector::LOAD_COUNT));
        }
        for (m, matrix) in matrices.iter().enumerate().filter(|(_, matrix)| matrix.tiles != 0) {
            let Matrix { first, stride, tiles, .. } = *matrix;
            let log_words = matrix.log_words();
            if log_words == 0 {
                return Err(Wrong::Word(vector::MATRIX_SHAPES));
            }
            if tiles > MAX_TILES {
                return Err(Wrong::Word(vector::MATRIX + 3 * m + 2));
            }
            let reach = if matrix.is_fixed() { 1 << log_unroll } else { cosets };
            let range = Range::of_matrix(first, tiles, stride, beats(reach, log_words));
            session.check(range)?;
            let in_place = output.is_some_and(|(range, words)| range.first == first.into() && words == log_words)
                && tiles == 1
                && !matrix.is_fixed();
            if collides(&range) && !in_place {
                return Err(Wrong::Word(vector::OUTPUT));
            }
        }
        Ok(())
    }
}
