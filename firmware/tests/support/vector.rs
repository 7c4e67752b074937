//! Programs, matrices and descriptors for the vector engine.

use karat_abi::engine::vector as words;
use karat_abi::vector::{Instruction, Load, Operand, Product, ProductOp, Sum, SumOp, TABLE};
use karat_abi::{Opcode, Status, Submission, VectorArguments, VectorPass};
use karat_firmware::testing::Limits;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::{Host, Queue, command};

/// Card memory; the session has all but 64 beats at either end.
pub const BEATS: u32 = 1 << 14;

/// A program and what it reads but for matrices.
#[derive(Clone, Default)]
pub struct Program {
    pub instructions: Vec<Instruction>,
    pub constants: Vec<Goldilocks>,
    pub loads: Vec<Load>,
    pub table: Vec<Goldilocks>,
}

impl Program {
    /// Starts a product and a sum.
    pub fn step(&mut self, product: Option<Product>, sum: Option<Sum>) {
        self.instructions.push(Instruction { product, sum, ..Default::default() });
    }

    /// `to = a + b` in the sum unit.
    pub fn add(&mut self, a: Operand, b: Operand, to: u16, output: bool) {
        self.step(None, Some(Sum { op: SumOp::Add, a, b, to, exchange: 0, output }));
    }

    /// `to = a * b + c` in the product unit.
    pub fn multiply_add(&mut self, a: Operand, b: Operand, c: Operand, to: u16) {
        self.step(Some(Product { op: ProductOp::Add, a, b, c, to }), None);
    }

    /// All loads before the first instruction; those of the next run may begin after the last.
    pub fn finish(mut self) -> Self {
        let most = usize::from(Instruction::COUNT_MAX);
        for loads in self.loads.chunks(most) {
            let count = loads.len() as u8;
            self.instructions.insert(0, Instruction { need: count, ..Default::default() });
            self.instructions.push(Instruction { release: count, ..Default::default() });
        }
        self.instructions.last_mut().unwrap().last = true;
        self
    }
}

/// A matrix in tiles of `2^log_words` words a row.
pub struct Matrix {
    pub log_words: u32,
    pub fixed: bool,
    /// By row, then by column; whole tiles.
    pub rows: Vec<Vec<Goldilocks>>,
}

impl Matrix {
    /// In place of one that no load names.
    pub fn unused() -> Self {
        Self { log_words: 0, fixed: false, rows: vec![vec![]] }
    }
}

pub struct Bench {
    pub host: Host,
    pub queue: Queue,
    pub session: u16,
    pub rng: SmallRng,
    pub lanes: usize,
    /// First beat that is free.
    pub free: u32,
}

impl Bench {
    pub fn new(lanes: u32) -> Self {
        let seed = rand::random();
        let mut host =
            Host::new(Limits { seed, card_beats: BEATS, vector_lanes: lanes, delay: 3, ..Limits::default() });
        // Not at the beginning of card memory.
        let session = host.session(64, BEATS - 128);
        let queue = host.queue(1, 16);
        Self { host, queue, session, rng: SmallRng::seed_from_u64(seed), lanes: lanes as usize, free: 64 }
    }

    pub fn take(&mut self, beats: usize) -> u32 {
        let first = self.free;
        self.free += beats as u32;
        assert!(self.free <= BEATS - 64, "test needs more card memory");
        first
    }

    pub fn memory(&mut self) -> &mut Vec<[u64; 8]> {
        &mut self.host.machine.engines_mut().memory
    }

    pub fn put(&mut self, values: &[u64]) -> u32 {
        let first = self.take(values.len().div_ceil(8));
        for (beat, values) in (first as usize..).zip(values.chunks(8)) {
            self.memory()[beat][..values.len()].copy_from_slice(values);
        }
        first
    }

    pub fn value(&mut self) -> Goldilocks {
        let edges = [Goldilocks::ZERO, Goldilocks::ONE, Goldilocks::NEG_ONE];
        if self.rng.random_bool(0.2) { edges[self.rng.random_range(0..3)] } else { self.rng.random() }
    }

    pub fn values(&mut self, count: usize) -> Vec<Goldilocks> {
        (0..count).map(|_| self.value()).collect()
    }

    pub fn matrix(&mut self, rows: usize, tiles: usize, log_words: u32) -> Matrix {
        let rows = (0..rows).map(|_| self.values(tiles << log_words)).collect();
        Matrix { log_words, fixed: false, rows }
    }

    /// Puts a program and its matrices into card memory; a descriptor without runs, shape and output.
    pub fn place(&mut self, program: &Program, matrices: &[Matrix]) -> VectorPass {
        let canonical = |values: &[Goldilocks]| values.iter().map(|value| value.as_canonical_u64()).collect::<Vec<_>>();
        let mut pass = VectorPass::default();
        let mut table = program.table.clone();
        table.resize(TABLE, Goldilocks::ZERO);
        let instructions: Vec<u64> = program.instructions.iter().flat_map(Instruction::encode).collect();
        let loads: Vec<u64> = program.loads.iter().map(|load| load.encode()).collect();
        for (place, count, values) in [
            (words::PROGRAM, words::INSTRUCTIONS, instructions),
            (words::CONSTANTS, words::CONSTANT_COUNT, canonical(&program.constants)),
            (words::LOADS, words::LOAD_COUNT, loads),
        ] {
            pass.words[place] = self.put(&values);
            pass.words[count] = values.len() as u32;
        }
        pass.words[words::INSTRUCTIONS] = program.instructions.len() as u32;
        pass.words[words::TABLE] = self.put(&canonical(&table));
        for (m, matrix) in matrices.iter().enumerate() {
            let tiles = matrix.rows[0].len() >> matrix.log_words;
            let stride = (matrix.rows.len() << matrix.log_words).div_ceil(8) + self.rng.random_range(0..4);
            let first = self.take(tiles * stride);
            for (r, row) in matrix.rows.iter().enumerate() {
                for (tile, values) in row.chunks(1 << matrix.log_words).enumerate() {
                    let word = r << matrix.log_words;
                    let beat = first as usize + tile * stride + word / 8;
                    self.memory()[beat][word % 8..][..values.len()].copy_from_slice(&canonical(values));
                }
            }
            pass.words[words::MATRIX_SHAPES] |= (matrix.log_words | u32::from(matrix.fixed) << 2) << (4 * m);
            pass.words[words::MATRIX + 3 * m..][..3].copy_from_slice(&[first, stride as u32, tiles as u32]);
        }
        pass
    }

    pub fn submission(&mut self, passes: &[VectorPass]) -> Submission {
        let arguments = VectorArguments { passes: passes.len() as u32, ..Default::default() };
        let mut words = bytemuck::cast::<_, [u32; 4]>(arguments).to_vec();
        words.extend(passes.iter().flat_map(|pass| bytemuck::cast::<_, [u32; 24]>(*pass)));
        let list_len = words.len() as u32 * 4;
        Submission { session: self.session, list: self.host.list(&words), list_len, ..command(Opcode::Vector) }
    }

    pub fn run(&mut self, passes: &[VectorPass]) -> Result<u64, (Status, u64)> {
        let submission = self.submission(passes);
        self.host.run(&mut self.queue, submission)
    }

    /// Runs passes of which the last writes, and compares its outputs, word by word and row by row, and that nothing else has changed.
    pub fn check(&mut self, passes: &[VectorPass], expected: &[Vec<Goldilocks>], text: &str) {
        let before = self.memory().clone();
        assert_eq!(self.run(passes), Ok(0), "{text}");
        let flat: Vec<u64> = expected.iter().flatten().map(|value| value.as_canonical_u64()).collect();
        let output = passes.last().unwrap().words[words::OUTPUT] as usize;
        let mut wanted = before;
        for (beat, values) in wanted[output..].iter_mut().zip(flat.as_chunks().0) {
            *beat = *values;
        }
        for (beat, (found, wanted)) in self.memory().iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "beat {beat}, output at {output}: {text}");
        }
    }
}
