//! A descriptor, all that it names, and where that is in memory.

use karat_abi::engine::vector;
use karat_abi::vector::{Instruction, Load, MATRICES, TABLE};
use rand::RngExt;
use rand::rngs::SmallRng;

use super::program::Program;
use super::value;

/// A matrix as a descriptor has it.
#[derive(Clone, Copy, Debug)]
pub struct Matrix {
    pub base: u32,
    pub stride: u32,
    pub tiles: u32,
    pub log_words: u32,
    pub fixed: bool,
}

/// What is random about a job besides its program.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub lanes: usize,
    pub runs: usize,
    pub log_groups: u32,
    pub log_unroll: u32,
    pub log_words: u32,
    /// Of each matrix.
    pub matrix_words: [u32; MATRICES],
    pub descending: bool,
    pub writes: bool,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    pub shape: Shape,
    pub program: Program,
    pub constants: Vec<u64>,
    pub table: Vec<u64>,
    pub matrices: [Matrix; MATRICES],
    /// First beats of instructions, constants, loads, table and output.
    pub at: [u32; 5],
}

/// Card memory that fills up.
pub struct Store {
    pub beats: Vec<[u64; 8]>,
}

impl Store {
    /// Words in beats of their own, at a random distance from what was before.
    fn put(&mut self, rng: &mut SmallRng, words: &[u64]) -> u32 {
        for _ in 0..rng.random_range(0..4) {
            self.beats.push(rng.random());
        }
        let at = self.beats.len() as u32;
        for words in words.chunks(8) {
            self.beats.push(std::array::from_fn(|i| words.get(i).copied().unwrap_or_else(|| rng.random())));
        }
        at
    }

    fn matrix(&mut self, rng: &mut SmallRng, shape: &Shape, log_words: u32) -> Matrix {
        let (fixed, tiles) = (rng.random_bool(0.2), rng.random_range(1..=4));
        let groups = (if fixed { 1 } else { shape.runs }) << shape.log_unroll;
        // Whole cosets, for other rows.
        let rows = groups.next_multiple_of(1 << shape.log_groups) * shape.lanes;
        let stride = (rows << log_words >> 3) as u32 + rng.random_range(0..3);
        let words: Vec<u64> = (0..stride * tiles * 8).map(|_| value(rng)).collect();
        Matrix { base: self.put(rng, &words), stride, tiles, log_words, fixed }
    }
}

impl Job {
    /// Puts a program with random data into memory.
    pub fn new(rng: &mut SmallRng, store: &mut Store, shape: Shape, program: Program) -> Self {
        let constants: Vec<u64> = (0..program.constants).map(|_| value(rng)).collect();
        let table: Vec<u64> = (0..TABLE).map(|_| value(rng)).collect();
        let words: Vec<u64> = program.instructions.iter().flat_map(Instruction::encode).collect();
        let loads: Vec<u64> = program.loads.iter().map(|load| Load::encode(*load)).collect();
        let matrices = shape.matrix_words.map(|log_words| store.matrix(rng, &shape, log_words));
        let outputs = ((shape.runs * shape.lanes) << shape.log_unroll << shape.log_words) * usize::from(shape.writes);
        let unwritten: Vec<u64> = (0..outputs).map(|_| rng.random()).collect();
        let at = [&words, &constants, &loads, &table, &unwritten].map(|words| store.put(rng, words));
        Self { shape, program, constants, table, matrices, at }
    }

    /// The descriptor's words.
    pub fn descriptor(&self) -> [u32; vector::WORDS] {
        use vector::shape;
        let Shape { log_groups, log_unroll, log_words, .. } = self.shape;
        let mut words = [0; vector::WORDS];
        words[vector::PROGRAM] = self.at[0];
        words[vector::INSTRUCTIONS] = self.program.instructions.len() as u32;
        words[vector::CONSTANTS] = self.at[1];
        words[vector::CONSTANT_COUNT] = self.constants.len() as u32;
        words[vector::LOADS] = self.at[2];
        words[vector::LOAD_COUNT] = self.program.loads.len() as u32;
        words[vector::TABLE] = self.at[3];
        words[vector::RUNS] = self.shape.runs as u32;
        words[vector::SHAPE] = log_groups << shape::LOG_GROUPS
            | log_unroll << shape::LOG_UNROLL
            | log_words << shape::LOG_WORDS
            | (self.program.initial_loads as u32) << shape::INITIAL_LOADS
            | if self.shape.descending { shape::DESCENDING } else { 0 }
            | if self.shape.writes { shape::WRITES } else { 0 };
        words[vector::OUTPUT] = self.at[4];
        for (m, matrix) in self.matrices.iter().enumerate() {
            words[vector::MATRIX_SHAPES] |= (matrix.log_words | u32::from(matrix.fixed) << 2) << (4 * m);
            let at = vector::MATRIX + 3 * m;
            words[at..at + 3].copy_from_slice(&[matrix.base, matrix.stride, matrix.tiles]);
        }
        words
    }
}
