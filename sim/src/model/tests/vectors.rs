//! Programs of random instructions.

use karat_abi::engine::Engine;
use karat_abi::engine::vector::{self as words, shape};
use karat_abi::registers::engine as registers;
use karat_abi::vector::{Instruction, Load, Operand, Product, ProductOp, Row, Sum, SumOp, TABLE};
use karat_firmware::Hardware;
use rand::RngExt;
use rand::rngs::SmallRng;

use super::{HALF, Pair, word};
use crate::model::LANES;

/// Registers of each unit that programs use freely, and behind them those that are only added to or only multiplied.
const FREE: u16 = 6;
const SUMS: [u16; 2] = [6, 7];
const POWERS: [u16; 2] = [8, 9];
const REGISTERS: u16 = 10;
const SLOTS: u8 = 5;
/// Of the matrices that programs load: words of a row in a tile, and whether every run loads the same.
const MATRICES: [(u32, bool); 4] = [(3, false), (2, false), (1, false), (3, true)];
const TILES: u32 = 3;

/// What a program takes over from run to run.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Nothing: every register is written before it is read.
    Independent,
    /// Sums and powers.
    Carrying,
    /// Anything.
    Free,
}

#[derive(Default)]
struct Program {
    instructions: Vec<Instruction>,
    constants: Vec<u64>,
    loads: Vec<Load>,
}

struct Generator<'a> {
    rng: &'a mut SmallRng,
    kind: Kind,
    log_unroll: u32,
    program: Program,
    /// What may be read.
    ready: Vec<Operand>,
}

impl Generator<'_> {
    fn operand(&mut self, constant: Operand) -> Operand {
        let free = match self.kind {
            Kind::Free => vec![Operand::Product(self.rng.random_range(0..FREE)), Operand::Sum(1)],
            // Powers may be read by all.
            Kind::Carrying => vec![Operand::Product(POWERS[self.rng.random_range(0..2)])],
            Kind::Independent => vec![],
        };
        let choices = [&free[..], &self.ready].concat();
        if choices.is_empty() || self.rng.random_bool(0.25) {
            return constant;
        }
        choices[self.rng.random_range(0..choices.len())]
    }

    /// A summand is a register.
    fn summand(&mut self) -> Option<Operand> {
        let registers: Vec<_> = self.ready.iter().copied().filter(|o| !matches!(o, Operand::Tile(..))).collect();
        (!registers.is_empty()).then(|| registers[self.rng.random_range(0..registers.len())])
    }

    fn load(&mut self) {
        let (matrix, slot) = (self.rng.random_range(0..4), self.rng.random_range(0..SLOTS));
        let (log_words, fixed) = MATRICES[usize::from(matrix)];
        let row = match self.rng.random_range(0..4) {
            0 if self.log_unroll == 0 && !fixed => Row::Next,
            1 if self.log_unroll == 0 && !fixed => Row::Previous,
            _ => Row::Own,
        };
        let group = self.rng.random_range(0..1u32 << self.log_unroll) as u8;
        // One tile more than there is stands for the first.
        let tile = self.rng.random_range(0..=TILES) as u16;
        self.program.loads.push(Load { matrix, tile, row, group, slot });
        self.ready.retain(|operand| !matches!(operand, Operand::Tile(of, _) if *of == slot));
        self.ready.extend((0..1 << log_words).map(|word| Operand::Tile(slot, word)));
    }

    fn constant(&mut self) -> Operand {
        match self.rng.random_range(0..3) {
            0 => Operand::Table(self.rng.random_range(0..32)),
            1 => Operand::Next,
            _ => Operand::Turn,
        }
    }

    fn step(&mut self, output: bool) {
        let need = self.rng.random_range(0..3) / 2;
        (0..need).for_each(|_| self.load());
        let constant = self.constant();
        let op = [ProductOp::Multiply, ProductOp::Add, ProductOp::SubtractFrom, ProductOp::Subtract];
        let mut op = op[self.rng.random_range(0..4)];
        let [a, b, x, y] = [0; 4].map(|_| self.operand(constant));
        let mut c = self.summand().unwrap_or_else(|| {
            op = ProductOp::Multiply;
            Operand::Product(0)
        });
        if self.kind == Kind::Free && self.rng.random() {
            c = Operand::Sum(self.rng.random_range(0..FREE));
        }
        let [mut to, mut sum_to] = [0; 2].map(|_| self.rng.random_range(0..FREE));
        let (mut a, mut b) = (a, b);
        let (mut x, mut y, mut sum_op) = (x, y, SumOp::Add);
        let mut exchange = 0;
        if self.kind == Kind::Carrying && self.rng.random_bool(0.3) {
            if self.rng.random() {
                to = SUMS[self.rng.random_range(0..2)];
                c = Operand::Product(to);
                op = if self.rng.random() { ProductOp::Add } else { ProductOp::SubtractFrom };
            } else {
                to = POWERS[self.rng.random_range(0..2)];
                let written = self.program.instructions.iter().any(|i| i.product.is_some_and(|p| p.to == to));
                if !written {
                    (a, b, op) = (Operand::Product(to), constant, ProductOp::Multiply);
                } else {
                    to = 0;
                }
            }
        }
        if self.kind == Kind::Carrying && !output && self.rng.random_bool(0.2) {
            sum_to = SUMS[self.rng.random_range(0..2)];
            (x, sum_op) = (Operand::Sum(sum_to), if self.rng.random() { SumOp::Add } else { SumOp::Subtract });
        } else {
            sum_op = [sum_op, SumOp::Subtract, SumOp::SubtractFrom][self.rng.random_range(0..3)];
            exchange = [0, self.rng.random_range(0..8)][self.rng.random_range(0..2)];
            if self.kind == Kind::Free {
                y = self.operand(constant);
            }
        }
        let product = self.rng.random_bool(0.8).then_some(Product { op, a, b, c, to });
        let sum = (output || self.rng.random_bool(0.6)).then_some(Sum {
            op: sum_op,
            a: x,
            b: y,
            to: sum_to,
            exchange,
            output,
        });
        let read = [product.map(|p| [p.a, p.b]), sum.map(|s| [s.a, s.b])];
        if read.iter().flatten().flatten().any(|operand| *operand == Operand::Next) {
            self.program.constants.push(word(self.rng));
        }
        self.program.instructions.push(Instruction { product, sum, need, release: need, last: false });
        let made = [product.map(|p| Operand::Product(p.to)), sum.map(|s| Operand::Sum(s.to))];
        for operand in made.into_iter().flatten() {
            // What is only added to is read by nothing else.
            let free = matches!(operand, Operand::Product(register) | Operand::Sum(register) if register < FREE);
            if free && !self.ready.contains(&operand) {
                self.ready.push(operand);
            }
        }
    }
}

fn generate(rng: &mut SmallRng, kind: Kind, log_unroll: u32, outputs: usize) -> Program {
    let mut generator = Generator { rng, kind, log_unroll, program: Program::default(), ready: Vec::new() };
    for _ in 0..outputs {
        for _ in 0..generator.rng.random_range(0..6) {
            generator.step(false);
        }
        generator.step(true);
    }
    for _ in 0..generator.rng.random_range(1..6) {
        generator.step(false);
    }
    let mut program = generator.program;
    program.instructions.last_mut().expect("instructions").last = true;
    program
}

/// Puts a list where it is read from; where it is.
fn put(pair: &mut Pair, free: &mut u32, values: &[u64]) -> u32 {
    let first = *free;
    for values in values.chunks(8) {
        for memory in [&mut pair.model.engines.memory, &mut pair.strict.engines.memory] {
            memory[*free as usize][..values.len()].copy_from_slice(values);
        }
        *free += 1;
    }
    first
}

/// A descriptor for a program on matrices anywhere in the lower half of card memory, with outputs to the upper half.
fn place(pair: &mut Pair, program: &Program, runs: u32, shape: u32) -> [u32; words::WORDS] {
    let mut free = 0;
    let instructions: Vec<u64> = program.instructions.iter().flat_map(Instruction::encode).collect();
    let loads: Vec<u64> = program.loads.iter().map(|load| load.encode()).collect();
    let table: Vec<u64> = (0..TABLE).map(|i| if i == 0 { 0 } else { word(&mut pair.rng) }).collect();
    let mut descriptor = [0; words::WORDS];
    descriptor[words::PROGRAM] = put(pair, &mut free, &instructions);
    descriptor[words::INSTRUCTIONS] = program.instructions.len() as u32;
    descriptor[words::CONSTANTS] = put(pair, &mut free, &program.constants);
    descriptor[words::CONSTANT_COUNT] = program.constants.len() as u32;
    descriptor[words::LOADS] = put(pair, &mut free, &loads);
    descriptor[words::LOAD_COUNT] = program.loads.len() as u32;
    descriptor[words::TABLE] = put(pair, &mut free, &table);
    descriptor[words::RUNS] = runs;
    descriptor[words::OUTPUT] = HALF + pair.rng.random_range(0..99);
    // One coset or several.
    let log_groups = pair.rng.random_range(0..=runs.next_power_of_two().ilog2());
    descriptor[words::SHAPE] = shape | log_groups << shape::LOG_GROUPS | 31 << shape::INITIAL_LOADS;
    let groups = runs.next_power_of_two() << (shape >> shape::LOG_UNROLL & 7);
    for (m, (log_words, fixed)) in MATRICES.into_iter().enumerate() {
        descriptor[words::MATRIX_SHAPES] |= (log_words | u32::from(fixed) << 2) << (4 * m);
        let stride = ((groups * LANES) << log_words) / 8;
        let first = pair.rng.random_range(free..HALF - TILES * stride);
        descriptor[words::MATRIX + 3 * m..][..3].copy_from_slice(&[first, stride, TILES]);
    }
    descriptor
}

fn run(pair: &mut Pair, program: &Program, runs: u32, shape: u32, what: &str) {
    let descriptor = place(pair, program, runs, shape);
    pair.push(Engine::Vector, &descriptor);
    pair.finish(&format!("{what}: {:#?}", program.instructions));
}

/// Puts something into every register.
fn set(pair: &mut Pair) {
    let mut program = Program::default();
    for to in 0..16 {
        let (a, b) = (Operand::Next, Operand::Next);
        let product = Some(Product { op: ProductOp::Multiply, a, b, c: Operand::Sum(0), to });
        let sum = Some(Sum { op: SumOp::Add, a, b, to, exchange: 0, output: false });
        program.instructions.push(Instruction { product, sum, ..Default::default() });
        program.constants.push(word(&mut pair.rng));
    }
    program.instructions.last_mut().expect("instructions").last = true;
    run(pair, &program, 1, 0, "registers set");
}

/// Puts every register out, so that what stays in them is compared.
fn dump(pair: &mut Pair, what: &str) {
    let mut program = Program::default();
    for register in 0..16 {
        for a in [Operand::Product(register), Operand::Sum(register)] {
            // Into a register that nothing else uses.
            let sum = Some(Sum { op: SumOp::Add, a, b: Operand::Table(0), to: 99, exchange: 0, output: true });
            program.instructions.push(Instruction { sum, ..Default::default() });
        }
    }
    program.instructions.last_mut().expect("instructions").last = true;
    let shape = 2 << shape::LOG_UNROLL | 3 << shape::LOG_WORDS | shape::WRITES;
    run(pair, &program, 1, shape, what);
}

#[test]
fn programs() {
    const { assert!(REGISTERS <= 16, "all are compared") };
    let mut pair = Pair::new(18, 1 << 20);
    for trial in 0..240 {
        let kind = [Kind::Independent, Kind::Carrying, Kind::Free][trial % 3];
        let log_unroll = [0, 0, 1, 2][trial % 4];
        let log_words = 1 + trial as u32 % 5 % 3;
        let writes = trial % 7 != 0;
        let outputs = if writes { 1 << (log_unroll + log_words) } else { 0 };
        let program = generate(&mut pair.rng, kind, log_unroll, outputs);
        let runs = [1, 2, 16, 17, 33, 64, 100][trial % 7 * 3 % 7];
        let mut shape = log_unroll << shape::LOG_UNROLL | log_words << shape::LOG_WORDS;
        if writes {
            shape |= shape::WRITES;
        }
        if pair.rng.random() {
            shape |= shape::DESCENDING;
        }
        set(&mut pair);
        let what = format!("trial {trial}, {kind:?}, {runs} runs, shape {shape:#x}");
        run(&mut pair, &program, runs, shape, &what);
        dump(&mut pair, &format!("what stays after {what}: {:#?}", program.instructions));
    }
}

/// The firmware reads no programs, so that whatever a host puts into card memory comes this far.
#[test]
fn programs_that_the_card_would_hang_on_are_errors() {
    let sum = Sum { op: SumOp::Add, a: Operand::Next, b: Operand::Sum(0), to: 0, exchange: 0, output: false };
    let good = Instruction { sum: Some(sum), need: 1, release: 1, ..Default::default() };
    let load = Load { matrix: 0, tile: 0, row: Row::Own, group: 0, slot: 0 };
    let program = |instructions: Vec<Instruction>| {
        let mut program = Program { instructions, constants: vec![5], loads: vec![load] };
        program.instructions.last_mut().expect("instructions").last = true;
        program
    };
    let cases = [
        program(vec![good]),
        program(vec![Instruction { need: 0, ..good }]),
        program(vec![Instruction { release: 0, ..good }]),
        program(vec![Instruction { last: true, ..good }, Instruction::default()]),
        program(vec![good, Instruction { need: 0, ..good }]),
        program(vec![Instruction { sum: None, ..good }]),
        program(vec![Instruction { sum: Some(Sum { output: true, ..sum }), ..good }]),
        program(vec![Instruction { sum: Some(Sum { b: Operand::Table(1), ..sum }), ..good }]),
    ];
    for (case, program) in cases.into_iter().enumerate() {
        let mut pair = Pair::new(19, 1 << 20);
        let descriptor = place(&mut pair, &program, 100, 0);
        for (i, word) in descriptor.iter().enumerate() {
            pair.model.set_engine(Engine::Vector, 4 * i as u32, *word);
        }
        pair.model.set_engine(Engine::Vector, registers::PUSH, 1);
        pair.model.tick();
        assert_eq!(pair.model.registers.engines[Engine::Vector as usize].error, case > 0, "case {case}");
    }
}
