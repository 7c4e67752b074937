//! A command of the vector engine with passes of every width of output, in both orders, of one group and of several a run.

use karat_abi::VectorPass;
use karat_abi::engine::vector::{self, shape};
use karat_abi::vector::{Instruction, Load, Operand, Row, Sum, SumOp, TABLE};

use super::bench::Bench;

/// Rows of the matrix that is read, of eight words each.
pub const ROWS: u32 = 64;
/// Lanes of the card.
const LANES: u32 = 8;
/// What is added to every word.
pub const SUMMAND: u64 = 77;
/// Commands that bring the programs and the matrix to the card.
pub const UPLOADS: u64 = 2 + 2 * PASSES.len() as u64;

/// The first words of every row of the matrix, with a summand.
#[derive(Debug)]
pub struct Pass {
    pub words: u32,
    log_unroll: u32,
    descending: bool,
}

/// The passes of the command.
pub const PASSES: [Pass; 4] = [
    Pass { words: 8, log_unroll: 0, descending: false },
    Pass { words: 4, log_unroll: 1, descending: true },
    Pass { words: 2, log_unroll: 0, descending: true },
    Pass { words: 2, log_unroll: 2, descending: false },
];

impl Pass {
    /// Beats of its output.
    pub fn beats(&self) -> u32 {
        ROWS * self.words / 8
    }

    /// Beat of the output that it writes as the n-th.
    pub fn beat(&self, nth: u32) -> u32 {
        let run = (LANES << self.log_unroll) * self.words / 8;
        if self.descending { (self.beats() / run - 1 - nth / run) * run + nth % run } else { nth }
    }

    fn program(&self) -> (Vec<Instruction>, Vec<Load>) {
        let groups = 1_u8 << self.log_unroll;
        let load = |group| Load { matrix: 0, tile: 0, row: Row::Own, group, slot: group };
        // All loads are there before the first word is added, and those of the next run may begin after the last.
        let mut instructions = vec![Instruction { need: groups, ..Default::default() }];
        for (group, word) in (0..groups).flat_map(|group| (0..self.words as u8).map(move |word| (group, word))) {
            let (a, b) = (Operand::Tile(group, word), Operand::Table(0));
            let sum = Sum { op: SumOp::Add, a, b, to: 0, exchange: 0, output: true };
            instructions.push(Instruction { sum: Some(sum), ..Default::default() });
        }
        instructions.push(Instruction { release: groups, last: true, ..Default::default() });
        (instructions, (0..groups).map(load).collect())
    }
}

/// Puts everything on the card: the command, and where each pass puts its output.
pub fn place(bench: &Bench, matrix: &[u64]) -> (Vec<VectorPass>, Vec<u32>) {
    let flat = |mut words: Vec<u64>| {
        words.resize(words.len().next_multiple_of(8), 0);
        let layout = bench.layout(8, (words.len() / 8) as u32);
        bench.upload(&layout, &words);
        layout.first
    };
    let (matrix, table) = (flat(matrix.to_vec()), flat([SUMMAND; TABLE].to_vec()));
    let descriptor = |pass: &Pass| {
        let (instructions, loads) = pass.program();
        let mut descriptor = VectorPass::default();
        let words = &mut descriptor.words;
        words[vector::PROGRAM] = flat(instructions.iter().flat_map(Instruction::encode).collect());
        words[vector::INSTRUCTIONS] = instructions.len() as u32;
        words[vector::LOADS] = flat(loads.iter().map(|load| load.encode()).collect());
        words[vector::LOAD_COUNT] = loads.len() as u32;
        words[vector::TABLE] = table;
        words[vector::RUNS] = (ROWS / LANES) >> pass.log_unroll;
        words[vector::SHAPE] = (ROWS / LANES).ilog2() << shape::LOG_GROUPS
            | pass.log_unroll << shape::LOG_UNROLL
            | pass.words.ilog2() << shape::LOG_WORDS
            | (loads.len() as u32) << shape::INITIAL_LOADS
            | if pass.descending { shape::DESCENDING } else { 0 }
            | shape::WRITES;
        words[vector::OUTPUT] = bench.layout(8, pass.beats()).first;
        words[vector::MATRIX_SHAPES] = 3;
        words[vector::MATRIX..][..3].copy_from_slice(&[matrix, ROWS, 1]);
        descriptor
    };
    let passes: Vec<VectorPass> = PASSES.iter().map(descriptor).collect();
    let places = passes.iter().map(|pass| pass.words[vector::OUTPUT]).collect();
    (passes, places)
}
