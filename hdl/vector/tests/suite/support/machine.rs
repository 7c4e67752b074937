//! What the contract says that a job does, an instruction after the other.

use karat_abi::vector::{Instruction, Load, Operand, ProductOp, REGISTERS, Row, SLOTS, SumOp, TURN};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;

use super::job::{Job, Shape};
use super::reverse;

/// A word of every lane.
type Words = Vec<Goldilocks>;

/// What stays from job to job.
pub struct Machine {
    lanes: usize,
    // Of the product unit and of the sum unit.
    registers: [Vec<Words>; 2],
}

impl Machine {
    /// With registers that hold nothing of use.
    pub fn new(lanes: usize) -> Self {
        let bank = vec![vec![Goldilocks::ZERO; lanes]; REGISTERS];
        Self { lanes, registers: [bank.clone(), bank] }
    }

    /// Runs a job on memory.
    pub fn run(&mut self, job: &Job, memory: &mut [[u64; 8]]) {
        let Shape { runs, log_unroll, log_words, descending, writes, .. } = job.shape;
        for run in (0..runs).map(|run| if descending { runs - 1 - run } else { run }) {
            let outputs = self.run_once(job, memory, run);
            if !writes {
                continue;
            }
            assert_eq!(outputs.len(), 1 << (log_unroll + log_words));
            for (at, values) in outputs.iter().enumerate() {
                let (group, word) = ((run << log_unroll) + (at >> log_words), at & ((1 << log_words) - 1));
                for (lane, value) in values.iter().enumerate() {
                    let word = ((group * self.lanes + lane) << log_words) + word;
                    memory[job.at[4] as usize + word / 8][word % 8] = value.as_canonical_u64();
                }
            }
        }
    }

    /// Outputs of a run, in order of instructions.
    fn run_once(&mut self, job: &Job, memory: &[[u64; 8]], run: usize) -> Vec<Words> {
        let mut tiles = vec![Vec::new(); SLOTS];
        let (mut loads, mut constants, mut outputs) = (job.program.loads.iter(), job.constants.iter(), Vec::new());
        for instruction in &job.program.instructions {
            for load in loads.by_ref().take(instruction.need.into()) {
                tiles[load.slot as usize] = self.load(job, memory, load, run);
            }
            let Instruction { product, sum, .. } = *instruction;
            let operands = product.iter().flat_map(|p| [p.a, p.b]).chain(sum.iter().flat_map(|s| [s.a, s.b]));
            let mut next = None;
            if operands.into_iter().any(|operand| operand == Operand::Next) {
                next = constants.next();
            }
            let read = |operand| match operand {
                Operand::Product(register) => self.registers[0][register as usize].clone(),
                Operand::Sum(register) => self.registers[1][register as usize].clone(),
                Operand::Tile(slot, word) => tiles[slot as usize][word as usize].clone(),
                Operand::Table(word) => self.all(job.table[word as usize]),
                Operand::Turn => self.all(job.table[TURN + run.trailing_ones() as usize]),
                Operand::Next => self.all(*next.expect("a constant")),
            };
            let factors = product.map(|product| (read(product.a), read(product.b)));
            let terms = sum.map(|sum| (read(sum.a), read(sum.b)));
            // A summand is read late: a sum of the same instruction is there by then.
            if let (Some(sum), Some((a, b))) = (sum, terms) {
                let values: Words = (0..self.lanes)
                    .map(|lane| match (a[lane ^ sum.exchange as usize], b[lane], sum.op) {
                        (a, b, SumOp::Add) => a + b,
                        (a, b, SumOp::Subtract) => a - b,
                        (a, b, SumOp::SubtractFrom) => b - a,
                    })
                    .collect();
                if sum.output {
                    outputs.push(values.clone());
                }
                self.registers[1][sum.to as usize] = values;
            }
            if let (Some(product), Some((a, b))) = (product, factors) {
                let c = match product.c {
                    Operand::Sum(register) => &self.registers[1][register as usize],
                    Operand::Product(register) => &self.registers[0][register as usize],
                    other => panic!("{other:?} is no summand"),
                };
                self.registers[0][product.to as usize] = (0..self.lanes)
                    .map(|lane| match (a[lane] * b[lane], c[lane], product.op) {
                        (ab, _, ProductOp::Multiply) => ab,
                        (ab, c, ProductOp::Add) => ab + c,
                        (ab, c, ProductOp::SubtractFrom) => c - ab,
                        (ab, c, ProductOp::Subtract) => ab - c,
                    })
                    .collect();
            }
        }
        outputs
    }

    fn all(&self, value: u64) -> Words {
        vec![Goldilocks::new(value); self.lanes]
    }

    /// The words that a load brings, word by word.
    fn load(&self, job: &Job, memory: &[[u64; 8]], load: &Load, run: usize) -> Vec<Words> {
        let matrix = job.matrices[load.matrix as usize];
        let Shape { log_groups, log_unroll, .. } = job.shape;
        let tile = if u32::from(load.tile) < matrix.tiles { load.tile } else { 0 };
        let first = matrix.base as usize + tile as usize * matrix.stride as usize;
        let run = if matrix.fixed { 0 } else { run };
        let group = (run << log_unroll) + load.group as usize;
        let bits = log_groups + self.lanes.ilog2();
        let row = |lane| {
            let own = group * self.lanes + lane;
            let (coset, last) = (own >> bits << bits, (1 << bits) - 1);
            let index = reverse(own - coset, bits);
            match load.row {
                // Whichever are asked for.
                _ if matrix.fixed => own,
                Row::Own => own,
                Row::Next => coset + reverse((index + 1) & last, bits),
                Row::Previous => coset + reverse(index.wrapping_sub(1) & last, bits),
            }
        };
        (0..1 << matrix.log_words)
            .map(|word| {
                (0..self.lanes)
                    .map(|lane| {
                        let word = (row(lane) << matrix.log_words) + word;
                        Goldilocks::new(memory[first + word / 8][word % 8])
                    })
                    .collect()
            })
            .collect()
    }
}
