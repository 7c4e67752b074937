//! The vector engine as its contract describes it, for one row at a time; anything a program may not rely on panics.

use std::collections::VecDeque;

use karat::config::Val;
use karat::program::{Matrix, Program};
use karat_abi::vector::{Instruction, Load, Operand, PRODUCT_LATENCY, ProductOp, REGISTERS, SLOTS, SUM_LATENCY, SumOp};
use p3_field::PrimeCharacteristicRing;

/// Columns of the rows of all runs.
pub trait Rows {
    /// A column of the row of run `run`, or of the row behind it; what a tile holds past the last column is nothing.
    fn column(&self, run: usize, matrix: Matrix, next_row: bool, column: usize) -> Option<Val>;
}

/// When loads arrive, as far as the program lets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loading {
    /// As soon as they may begin.
    Early,
    /// When an instruction waits for them.
    Late,
}

type Register = Option<Val>;

/// State of a lane.
pub struct Machine<'a, R> {
    program: &'a Program,
    rows: &'a R,
    loading: Loading,
    products: Vec<Register>,
    sums: Vec<Register>,
    tiles: Vec<[Register; 8]>,
    // Results under way: when they are written, where, and which.
    writes: VecDeque<(usize, bool, u16, Val)>,
    time: usize,
    credit: usize,
    begun: usize,
}

impl<'a, R: Rows> Machine<'a, R> {
    /// Before the first run.
    pub fn new(program: &'a Program, rows: &'a R, loading: Loading) -> Self {
        Self {
            program,
            rows,
            loading,
            products: vec![None; REGISTERS],
            sums: vec![None; REGISTERS],
            tiles: vec![[None; 8]; SLOTS],
            writes: VecDeque::new(),
            time: 0,
            credit: program.initial_loads,
            begun: 0,
        }
    }

    /// The outputs of run `run`; each instruction waits as many cycles more as `wait` says.
    pub fn run(&mut self, run: usize, constants: &[Val], table: &[Val], mut wait: impl FnMut() -> usize) -> Vec<Val> {
        let mut constants = constants.iter();
        let mut outputs = Vec::new();
        let mut needed = run * self.program.loads.len();
        for (at, &instruction) in self.program.instructions.iter().enumerate() {
            // What the hardware reads is what was encoded.
            let instruction = Instruction::decode(instruction.encode());
            needed += usize::from(instruction.need);
            self.load(needed);
            self.time += wait();
            self.commit();
            let streamed = |operand| operand == Operand::Next;
            let operands =
                [instruction.product.map(|product| [product.a, product.b]), instruction.sum.map(|sum| [sum.a, sum.b])];
            let operands: Vec<Operand> = operands.into_iter().flatten().flatten().collect();
            let used: Vec<Operand> =
                operands.iter().copied().filter(|o| matches!(o, Operand::Next | Operand::Table(_))).collect();
            assert!(used.windows(2).all(|pair| pair[0] == pair[1]), "instruction {at} reads two constants");
            let constant = operands.iter().any(|&o| streamed(o)).then(|| *constants.next().expect("a constant"));
            let read = |operand| match operand {
                Operand::Product(register) => self.products[register as usize].expect("a product that is there"),
                Operand::Sum(register) => self.sums[register as usize].expect("a sum that is there"),
                Operand::Tile(slot, word) => self.tiles[slot as usize][word as usize].expect("a column"),
                Operand::Table(word) => table[word as usize],
                Operand::Next => constant.expect("a constant"),
            };
            let product = instruction.product.map(|product| {
                let ab = read(product.a) * read(product.b);
                let value = match product.op {
                    ProductOp::Multiply => ab,
                    ProductOp::Add => ab + read(product.c),
                    ProductOp::SubtractFrom => read(product.c) - ab,
                    ProductOp::Subtract => ab - read(product.c),
                };
                (self.time + PRODUCT_LATENCY, false, product.to, value)
            });
            let sum = instruction.sum.map(|sum| {
                let (a, b) = (read(sum.a), read(sum.b));
                let value = match sum.op {
                    SumOp::Add => a + b,
                    SumOp::Subtract => a - b,
                    SumOp::SubtractFrom => b - a,
                };
                if sum.output {
                    outputs.push(value);
                }
                (self.time + SUM_LATENCY, true, sum.to, value)
            });
            for write in [product, sum].into_iter().flatten() {
                // Until then the register holds what the last instruction that wrote it left: reading that is no error of
                // the engine's, but the program's.
                let bank = if write.1 { &mut self.sums } else { &mut self.products };
                bank[write.2 as usize] = None;
                self.writes.push_back(write);
            }
            self.credit += usize::from(instruction.release);
            if self.loading == Loading::Early {
                self.load(usize::MAX);
            }
            assert_eq!(instruction.last, at + 1 == self.program.instructions.len());
            self.time += 1;
        }
        assert!(constants.next().is_none(), "constants are left");
        outputs
    }

    fn commit(&mut self) {
        let now = self.time;
        let (products, sums) = (&mut self.products, &mut self.sums);
        self.writes.retain(|&(at, is_sum, register, value)| {
            if at <= now {
                let bank = if is_sum { &mut *sums } else { &mut *products };
                bank[register as usize] = Some(value);
            }
            at > now
        });
    }

    /// Loads that the program waits for, or all that may begin.
    fn load(&mut self, up_to: usize) {
        let loads = &self.program.loads;
        while self.begun < up_to && !loads.is_empty() {
            if self.credit == 0 {
                assert_eq!(up_to, usize::MAX, "the program waits for a load that may not begin");
                return;
            }
            let run = self.begun / loads.len();
            let Load { matrix, tile, next_row, slot } = Load::decode(loads[self.begun % loads.len()].encode());
            let matrix = [Matrix::Main, Matrix::Preprocessed, Matrix::Periodic, Matrix::Selectors][matrix as usize];
            self.tiles[slot as usize] =
                std::array::from_fn(|word| self.rows.column(run, matrix, next_row, tile as usize * 8 + word));
            self.credit -= 1;
            self.begun += 1;
        }
    }
}

/// The table with `scale`, which no AIR's constants are in.
pub fn table(scale: Val) -> Vec<Val> {
    let table = Program::table(scale);
    assert_eq!(table[0], Val::ZERO);
    table.to_vec()
}
