//! The vector engine as its contract describes it, for one row at a time; anything a program may not rely on panics.

use std::collections::VecDeque;

use crate::config::Val;
use crate::program::{Code, Program};
use karat_abi::vector::{
    Instruction, Load, Operand, PRODUCT_LATENCY, Product, ProductOp, REGISTERS, SLOTS, SUM_LATENCY, SUMMAND_DELAY,
    SumOp, TURN,
};
use p3_field::PrimeCharacteristicRing;

/// The rows of all runs.
pub trait Rows {
    /// What a load brings for run `run`; what a tile holds past the last column is nothing.
    fn tile(&self, run: usize, load: Load) -> [Option<Val>; 8];
}

/// When loads arrive, as far as the program lets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loading {
    /// As soon as they may begin.
    Early,
    /// When an instruction waits for them.
    Late,
}

/// A result on its way to a register, or in it.
#[derive(Clone, Copy)]
struct Write {
    at: usize,
    value: Val,
}

/// A product on its way to its summand.
struct Waiting {
    at: usize,
    op: ProductOp,
    product: Val,
    c: Operand,
    // The write that was the last to start for that register when the product started.
    expected: usize,
    to: u16,
    place: usize,
}

/// State of a lane.
pub struct Machine<'a, R> {
    code: &'a Code,
    rows: &'a R,
    loading: Loading,
    // Of the product unit and of the sum unit: all writes to a register, in the order in which their operations started.
    writes: [Vec<Vec<Write>>; 2],
    tiles: Vec<[Option<Val>; 8]>,
    waiting: VecDeque<Waiting>,
    time: usize,
    credit: usize,
    begun: usize,
}

impl<'a, R: Rows> Machine<'a, R> {
    /// Before the first run.
    pub fn new(code: &'a Code, rows: &'a R, loading: Loading) -> Self {
        Self {
            code,
            rows,
            loading,
            writes: [vec![Vec::new(); REGISTERS], vec![Vec::new(); REGISTERS]],
            tiles: vec![[None; 8]; SLOTS],
            waiting: VecDeque::new(),
            time: 0,
            credit: code.initial_loads,
            begun: 0,
        }
    }

    /// What earlier programs have left in the registers of products.
    pub fn set_products(&mut self, values: &[Val]) {
        for (writes, &value) in self.writes[0].iter_mut().zip(values) {
            writes.push(Write { at: 0, value });
        }
    }

    /// The outputs of run `run`; each instruction waits as many cycles more as `wait` says.
    pub fn run(&mut self, run: usize, constants: &[Val], table: &[Val], mut wait: impl FnMut() -> usize) -> Vec<Val> {
        let mut constants = constants.iter();
        let mut outputs = Vec::new();
        let mut needed = run * self.code.loads.len();
        for (at, &instruction) in self.code.instructions.iter().enumerate() {
            // What the hardware reads is what was encoded.
            let instruction = Instruction::decode(instruction.encode());
            needed += usize::from(instruction.need);
            self.load(needed);
            self.time += wait();
            self.add_summands();
            let streamed = |operand| operand == Operand::Next;
            let operands =
                [instruction.product.map(|product| [product.a, product.b]), instruction.sum.map(|sum| [sum.a, sum.b])];
            let operands: Vec<Operand> = operands.into_iter().flatten().flatten().collect();
            let used: Vec<Operand> = operands
                .iter()
                .copied()
                .filter(|o| matches!(o, Operand::Next | Operand::Table(_) | Operand::Turn))
                .collect();
            assert!(used.windows(2).all(|pair| pair[0] == pair[1]), "instruction {at} reads two constants");
            let constant = operands.iter().any(|&o| streamed(o)).then(|| *constants.next().expect("a constant"));
            let read = |operand| match operand {
                Operand::Product(register) => self.read(false, register),
                Operand::Sum(register) => self.read(true, register),
                Operand::Tile(slot, word) => self.tiles[slot as usize][word as usize].expect("a column"),
                Operand::Table(word) => table[word as usize],
                Operand::Next => constant.expect("a constant"),
                Operand::Turn => table[TURN],
            };
            let product = instruction.product.map(|product| (product, read(product.a) * read(product.b)));
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
                (sum.to, value)
            });
            if let Some((product, value)) = product {
                self.start_product(product, value);
            }
            if let Some((to, value)) = sum {
                self.writes[1][to as usize].push(Write { at: self.time + SUM_LATENCY, value });
            }
            self.credit += usize::from(instruction.release);
            if self.loading == Loading::Early {
                self.load(usize::MAX);
            }
            assert_eq!(instruction.last, at + 1 == self.code.instructions.len());
            self.time += 1;
        }
        assert!(constants.next().is_none(), "constants are left");
        outputs
    }

    /// What an instruction of now reads: it must be what the last instruction that wrote there made.
    fn read(&self, is_sum: bool, register: u16) -> Val {
        let write = self.writes[usize::from(is_sum)][register as usize].last().expect("a result");
        assert!(write.at <= self.time, "a result is read before it is there");
        write.value
    }

    fn start_product(&mut self, product: Product, value: Val) {
        let place = self.writes[0][product.to as usize].len();
        // Written when the summand is known.
        self.writes[0][product.to as usize].push(Write { at: self.time + PRODUCT_LATENCY, value });
        if product.op != ProductOp::Multiply {
            let (is_sum, register) = Self::register(product.c);
            let own = usize::from(!is_sum && register == product.to);
            let expected = self.writes[usize::from(is_sum)][register as usize].len().checked_sub(1 + own);
            self.waiting.push_back(Waiting {
                at: self.time + SUMMAND_DELAY,
                op: product.op,
                product: value,
                c: product.c,
                expected: expected.expect("a summand"),
                to: product.to,
                place,
            });
        }
    }

    fn register(operand: Operand) -> (bool, u16) {
        match operand {
            Operand::Product(register) => (false, register),
            Operand::Sum(register) => (true, register),
            _ => panic!("a summand is a result"),
        }
    }

    /// Summands that have been read by now.
    fn add_summands(&mut self) {
        while self.waiting.front().is_some_and(|waiting| waiting.at <= self.time) {
            let waiting = self.waiting.pop_front().expect("one that waits");
            let (is_sum, register) = Self::register(waiting.c);
            let writes = &self.writes[usize::from(is_sum)][register as usize];
            // What is in the register in that cycle; a write of the same cycle would make it garbage.
            let there = writes.iter().rposition(|write| write.at <= waiting.at).expect("a summand");
            assert_eq!(there, waiting.expected, "a summand is read too early or too late");
            let collision = writes.iter().any(|write| write.at == waiting.at + 1);
            assert!(!collision, "a summand is read while it is written");
            let c = writes[there].value;
            let value = match waiting.op {
                ProductOp::Multiply => waiting.product,
                ProductOp::Add => waiting.product + c,
                ProductOp::SubtractFrom => c - waiting.product,
                ProductOp::Subtract => waiting.product - c,
            };
            self.writes[0][waiting.to as usize][waiting.place].value = value;
        }
    }

    /// Loads that the program waits for, or all that may begin.
    fn load(&mut self, up_to: usize) {
        let loads = &self.code.loads;
        while self.begun < up_to && !loads.is_empty() {
            if self.credit == 0 {
                assert_eq!(up_to, usize::MAX, "the program waits for a load that may not begin");
                return;
            }
            let run = self.begun / loads.len();
            let load = Load::decode(loads[self.begun % loads.len()].encode());
            self.tiles[load.slot as usize] = self.rows.tile(run, load);
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
