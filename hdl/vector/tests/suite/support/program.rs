//! Random programs that read nothing before it is there, however long an instruction waits.

use karat_abi::vector::{
    Instruction, Load, MATRICES, Operand, PRODUCT_LATENCY, Product, ProductOp, Row, SLOTS, SUM_LATENCY, SUMMAND_DELAY,
    Sum, SumOp,
};
use rand::RngExt;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use super::job::Shape;

/// Registers of a bank that programs read: few, so that they are written often.
pub const REGISTERS: usize = 24;
/// One that is written only.
const UNREAD: u16 = 511;
const LATENCY: [usize; 2] = [PRODUCT_LATENCY, SUM_LATENCY];

/// A program and its loads.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub instructions: Vec<Instruction>,
    pub loads: Vec<Load>,
    pub initial_loads: usize,
    /// Constants of a run.
    pub constants: usize,
}

/// Instructions from `from` to the next `to`, one at least, where `length` of them come again and again.
fn gap(from: usize, to: usize, length: usize) -> usize {
    (to + length - from - 1) % length + 1
}

/// What is in which slot, and when.
struct Tiles {
    loads: Vec<Load>,
    // First and last instruction that may read a load.
    lives: Vec<(usize, usize)>,
    slots: usize,
    log_words: [u32; MATRICES],
}

impl Tiles {
    fn new(rng: &mut SmallRng, shape: &Shape, length: usize, count: usize) -> Self {
        let mut slots: Vec<u8> = (0..SLOTS as u8).collect();
        slots.shuffle(rng);
        let mut firsts: Vec<usize> = (0..count).map(|_| rng.random_range(0..length)).collect();
        firsts.sort();
        // So many slots that a load can be read before the next one is in its place.
        let least = rng.random_range(1..=count.clamp(1, 24));
        let fits = |slots: &usize| firsts.iter().zip(&firsts[(*slots).min(count)..]).all(|(a, b)| a < b);
        let slots_used = (least..=SLOTS).find(fits).expect("places for loads");
        let loads = (0..count)
            .map(|at| {
                let is_other = shape.log_unroll == 0 && rng.random_bool(0.4);
                let row = if is_other { [Row::Next, Row::Previous][rng.random_range(0..2)] } else { Row::Own };
                // Tiles that do not exist too.
                let tile = if rng.random_bool(0.1) { rng.random() } else { rng.random_range(0..5) };
                let group = rng.random_range(0..1 << shape.log_unroll);
                Load { matrix: rng.random_range(0..4), tile, row, group, slot: slots[at % slots_used] }
            })
            .collect();
        let lives = (0..count)
            .map(|at| {
                let next = firsts.get(at + slots_used).copied().unwrap_or(length);
                (firsts[at], rng.random_range(firsts[at]..next))
            })
            .collect();
        Self { loads, lives, slots: slots_used.min(count), log_words: shape.matrix_words }
    }

    /// A word that instruction `at` may read.
    fn word(&self, rng: &mut SmallRng, at: usize) -> Option<Operand> {
        let live: Vec<usize> =
            (0..self.loads.len()).filter(|&load| self.lives[load].0 <= at && at <= self.lives[load].1).collect();
        let load = self.loads[*live.get(rng.random_range(0..live.len().max(1)))?];
        Some(Operand::Tile(load.slot, rng.random_range(0..1 << self.log_words[load.matrix as usize])))
    }

    /// Writes what instructions wait for and let go.
    fn count(&self, instructions: &mut [Instruction]) {
        let (mut needs, mut releases) = (vec![0_u8; instructions.len()], vec![0_u8; instructions.len()]);
        for &(first, _) in &self.lives {
            needs[first] += 1;
        }
        // The loads behind the first of each slot, then those of the next run into the slots as this one leaves them.
        let count = self.loads.len();
        let mut latest = 0;
        for load in self.slots..count + self.slots {
            let occupant = if load < count { load - self.slots } else { self.last_in_slot(load - count) };
            latest = latest.max(self.lives[occupant].1);
            releases[latest] += 1;
        }
        for (instruction, (need, release)) in instructions.iter_mut().zip(needs.into_iter().zip(releases)) {
            assert!(need <= Instruction::COUNT_MAX && release <= Instruction::COUNT_MAX, "too many loads at once");
            (instruction.need, instruction.release) = (need, release);
        }
    }

    /// The last load into the slot of load `load`.
    fn last_in_slot(&self, load: usize) -> usize {
        load + (self.loads.len() - 1 - load) / self.slots * self.slots
    }
}

/// Who reads and writes a register, by instruction.
#[derive(Clone, Default)]
struct Uses {
    reads: Vec<usize>,
    summands: Vec<usize>,
    writes: Vec<usize>,
}

/// Instructions that come one after the other.
struct Builder<'a> {
    rng: &'a mut SmallRng,
    lanes: usize,
    length: usize,
    registers: [Vec<u16>; 2],
    uses: [Vec<Uses>; 2],
}

impl Builder<'_> {
    /// A register that `allows`, as its index.
    fn find(&mut self, bank: usize, allows: impl Fn(&Uses) -> bool) -> Option<usize> {
        (0..30).map(|_| self.rng.random_range(0..REGISTERS)).find(|&register| allows(&self.uses[bank][register]))
    }

    fn name(&self, bank: usize, register: usize) -> Operand {
        let register = self.registers[bank][register];
        if bank == 0 { Operand::Product(register) } else { Operand::Sum(register) }
    }

    /// A result that is there when instruction `at` starts.
    fn result(&mut self, at: usize) -> Option<Operand> {
        let (bank, length) = (self.rng.random_range(0..2), self.length);
        let register = self.find(bank, |uses| uses.writes.iter().all(|&w| gap(w, at, length) >= LATENCY[bank]))?;
        self.uses[bank][register].reads.push(at);
        Some(self.name(bank, register))
    }

    /// One that is there, and stays, until the product of instruction `at` is.
    fn summand(&mut self, at: usize) -> Option<Operand> {
        let (bank, length) = (self.rng.random_range(0..2), self.length);
        let register = self.find(bank, |uses| uses.writes.iter().all(|&w| summand_holds(bank, w, at, length)))?;
        self.uses[bank][register].summands.push(at);
        Some(self.name(bank, register))
    }

    /// A register that instruction `at` may write.
    fn destination(&mut self, bank: usize, at: usize) -> u16 {
        let length = self.length;
        let found = self.find(bank, |uses| {
            uses.reads.iter().all(|&read| gap(at, read, length) >= LATENCY[bank])
                && uses.summands.iter().all(|&read| summand_holds(bank, at, read, length))
        });
        let Some(register) = found else { return UNREAD };
        self.uses[bank][register].writes.push(at);
        self.registers[bank][register]
    }

    fn instruction(&mut self, tiles: &Tiles, at: usize, output: bool) -> Instruction {
        let constant = match self.rng.random_range(0..5) {
            0 | 1 => Operand::Next,
            2 => Operand::Turn,
            _ => Operand::Table(self.rng.random_range(0..64)),
        };
        let operand = |builder: &mut Self| match builder.rng.random_range(0..5) {
            0 => constant,
            1 | 2 => tiles.word(builder.rng, at).unwrap_or(constant),
            _ => builder.result(at).unwrap_or(constant),
        };
        let [product_a, product_b, sum_a, sum_b] = [(); 4].map(|()| operand(self));
        let mut instruction = Instruction::default();
        if self.rng.random_bool(0.9) {
            let c = self.summand(at);
            let ops = [ProductOp::Multiply, ProductOp::Add, ProductOp::SubtractFrom, ProductOp::Subtract];
            let op = if c.is_some() { ops[self.rng.random_range(0..4)] } else { ProductOp::Multiply };
            let c = c.unwrap_or(Operand::Product(0));
            let to = self.destination(0, at);
            instruction.product = Some(Product { op, a: product_a, b: product_b, c, to });
        }
        if output || self.rng.random_bool(0.9) {
            let op = [SumOp::Add, SumOp::Subtract, SumOp::SubtractFrom][self.rng.random_range(0..3)];
            let exchange = if self.rng.random_bool(0.3) { self.rng.random_range(0..self.lanes) as u8 } else { 0 };
            let to = self.destination(1, at);
            instruction.sum = Some(Sum { op, a: sum_a, b: sum_b, to, exchange, output });
        }
        instruction
    }
}

/// Whether the product of instruction `read` gets the same summand from a register that instruction `write` writes, whatever waits.
fn summand_holds(bank: usize, write: usize, read: usize, length: usize) -> bool {
    if bank == 0 {
        // It has been written when the summand is read; one that starts later is written later still.
        gap(write, read, length) >= PRODUCT_LATENCY - SUMMAND_DELAY
    } else {
        // A sum of the same instruction is there, a later one is written behind the reading.
        gap(read, write, length) >= SUMMAND_DELAY + 2 - SUM_LATENCY
    }
}

impl Program {
    /// `length` instructions, `loads` loads, and the outputs of the shape.
    pub fn random(rng: &mut SmallRng, shape: &Shape, registers: &[Vec<u16>; 2], length: usize, loads: usize) -> Self {
        let tiles = Tiles::new(rng, shape, length, loads);
        let outputs = if shape.writes { 1 << (shape.log_words + shape.log_unroll) } else { length / 3 };
        let mut is_output: Vec<bool> = (0..length).map(|at| at < outputs).collect();
        is_output.shuffle(rng);
        let uses = [(); 2].map(|()| vec![Uses::default(); REGISTERS]);
        let mut builder = Builder { rng, lanes: shape.lanes, length, registers: registers.clone(), uses };
        let mut instructions: Vec<Instruction> =
            is_output.into_iter().enumerate().map(|(at, output)| builder.instruction(&tiles, at, output)).collect();
        instructions.last_mut().expect("an instruction").last = true;
        tiles.count(&mut instructions);
        Self::with(instructions, tiles.loads, tiles.slots)
    }

    /// Of these instructions and loads.
    pub fn with(instructions: Vec<Instruction>, loads: Vec<Load>, initial_loads: usize) -> Self {
        let reads_next = |instruction: &&Instruction| {
            let product = instruction.product.iter().flat_map(|p| [p.a, p.b]);
            product.chain(instruction.sum.iter().flat_map(|s| [s.a, s.b])).any(|operand| operand == Operand::Next)
        };
        let constants = instructions.iter().filter(reads_next).count();
        Self { instructions, loads, initial_loads, constants }
    }

    /// Gives every register a value.
    pub fn set(registers: &[Vec<u16>; 2]) -> Self {
        let pairs = registers[0].iter().zip(&registers[1]);
        let mut instructions: Vec<Instruction> = pairs
            .map(|(&product, &sum)| Instruction {
                product: Some(Product {
                    op: ProductOp::Multiply,
                    a: Operand::Next,
                    b: Operand::Next,
                    c: Operand::Product(0),
                    to: product,
                }),
                sum: Some(Sum {
                    op: SumOp::Add,
                    a: Operand::Next,
                    b: Operand::Next,
                    to: sum,
                    exchange: 0,
                    output: false,
                }),
                ..Instruction::default()
            })
            .collect();
        instructions.last_mut().expect("registers").last = true;
        Self::with(instructions, Vec::new(), 0)
    }

    /// Puts every register out, and a constant behind them so that there are `outputs`.
    pub fn show(registers: &[Vec<u16>; 2], outputs: usize) -> Self {
        let products = registers[0].iter().map(|&register| Operand::Product(register));
        let sums = registers[1].iter().map(|&register| Operand::Sum(register));
        let all = products.chain(sums).chain(std::iter::repeat(Operand::Table(1)));
        let mut instructions: Vec<Instruction> = all
            .take(outputs)
            .map(|a| Instruction {
                sum: Some(Sum { op: SumOp::Add, a, b: Operand::Table(1), to: UNREAD, exchange: 0, output: true }),
                ..Instruction::default()
            })
            .collect();
        instructions.last_mut().expect("outputs").last = true;
        Self::with(instructions, Vec::new(), 0)
    }
}
