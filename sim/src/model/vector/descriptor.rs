//! A descriptor of the vector engine and what it names in card memory, taken apart.

use karat_abi::engine::vector::{self as words, shape};
use karat_abi::vector::{Instruction, Load, MATRICES, Row as Which, TABLE};
use karat_firmware::software::Words;
use p3_field::PackedValue;
use p3_goldilocks::Goldilocks;

use crate::model::LANES;
use crate::model::row::{Beat, Packed, WIDTH};

/// A matrix that loads name.
pub(super) struct Matrix {
    first: usize,
    stride: usize,
    tiles: usize,
    log_words: u32,
    fixed: bool,
}

/// What a descriptor says.
pub(super) struct Descriptor {
    pub instructions: Vec<Instruction>,
    pub constants: Vec<Goldilocks>,
    pub loads: Vec<Load>,
    pub table: Vec<Goldilocks>,
    pub runs: usize,
    pub log_unroll: u32,
    pub initial_loads: usize,
    pub descending: bool,
    pub writes: bool,
    /// First beat of the output.
    pub output: usize,
    /// Words of a row's output.
    pub words: usize,
    log_groups: u32,
    matrices: [Matrix; MATRICES],
}

impl Descriptor {
    pub fn read(descriptor: &Words, memory: &[Beat]) -> Self {
        let word = |index: usize| descriptor[index] as usize;
        let list = |first: usize, count: usize| -> Vec<u64> {
            // Of an empty list the place means nothing.
            let beats = if count == 0 { &[] } else { &memory[first..first + count.div_ceil(8)] };
            beats.iter().flatten().copied().take(count).collect()
        };
        let elements = |first, count| list(first, count).into_iter().map(Goldilocks::new).collect();
        let instructions = list(word(words::PROGRAM), 2 * word(words::INSTRUCTIONS));
        let loads = list(word(words::LOADS), word(words::LOAD_COUNT));
        let shape = descriptor[words::SHAPE];
        let field = |first: u32, bits: u32| shape >> first & ((1 << bits) - 1);
        Self {
            instructions: instructions.as_chunks::<2>().0.iter().map(|pair| Instruction::decode(*pair)).collect(),
            constants: elements(word(words::CONSTANTS), word(words::CONSTANT_COUNT)),
            loads: loads.into_iter().map(Load::decode).collect(),
            table: elements(word(words::TABLE), TABLE),
            runs: word(words::RUNS),
            log_unroll: field(shape::LOG_UNROLL, 3),
            initial_loads: field(shape::INITIAL_LOADS, 7) as usize,
            descending: shape & shape::DESCENDING != 0,
            writes: shape & shape::WRITES != 0,
            output: word(words::OUTPUT),
            words: 1 << field(shape::LOG_WORDS, 2),
            log_groups: field(shape::LOG_GROUPS, 5),
            matrices: std::array::from_fn(|m| {
                let shape = descriptor[words::MATRIX_SHAPES] >> (4 * m);
                let [first, stride, tiles] = [0, 1, 2].map(|i| word(words::MATRIX + 3 * m + i));
                Matrix { first, stride, tiles, log_words: shape & 3, fixed: shape & 4 != 0 }
            }),
        }
    }

    /// Beats of output of a run.
    pub fn run_beats(&self) -> usize {
        if self.writes { (self.words << self.log_unroll) * LANES as usize / 8 } else { 0 }
    }

    /// Words that a load brings for every row.
    pub fn load_words(&self, load: Load) -> usize {
        1 << self.matrices[load.matrix as usize].log_words
    }

    /// Whether a load asks for other rows than its own.
    pub fn asks_for_others(&self, load: Load) -> bool {
        load.row != Which::Own && !self.matrices[load.matrix as usize].fixed
    }

    /// The words that a load brings in a run, each for all lanes.
    #[inline(always)]
    pub fn load(&self, load: Load, run: usize, memory: &[Beat], mut word: impl FnMut(usize, super::Row)) {
        let Matrix { first, stride, tiles, log_words, fixed } = self.matrices[load.matrix as usize];
        let tile = if usize::from(load.tile) < tiles { load.tile.into() } else { 0 };
        let matrix = &memory[first + tile * stride..];
        let run = if fixed { 0 } else { run };
        let group = run << self.log_unroll | usize::from(load.group) & ((1 << self.log_unroll) - 1);
        let lanes = LANES as usize;
        let rows: [usize; LANES as usize] = if self.asks_for_others(load) {
            std::array::from_fn(|lane| self.other(load.row, group * lanes + lane))
        } else {
            std::array::from_fn(|lane| group * lanes + lane)
        };
        let beats: [(&Beat, usize); LANES as usize] = rows.map(|row| {
            let word = row << log_words;
            (&matrix[word / 8], word % 8)
        });
        for i in 0..1 << log_words {
            word(
                i,
                std::array::from_fn(|pack| {
                    Packed::from_fn(|lane| {
                        let (beat, first) = beats[pack * WIDTH + lane];
                        Goldilocks::new(beat[first + i])
                    })
                }),
            );
        }
    }

    /// The row behind or before one in its coset, in the order of the trace.
    fn other(&self, which: Which, row: usize) -> usize {
        let bits = self.log_groups + LANES.ilog2();
        let reverse = |index: usize| index.reverse_bits() >> (usize::BITS - bits);
        let last = (1 << bits) - 1;
        let step = if which == Which::Next { 1 } else { last };
        row & !last | reverse((reverse(row & last) + step) & last)
    }
}
