//! Programs written by hand mean the same with results that come late as with results that are there at once.

use karat_abi::vector::{Load, Operand, ProductOp, REGISTERS, SumOp, TABLE, TURN};
use p3_field::PrimeCharacteristicRing;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::machine::{Loading, Machine, Rows};
use crate::ChallengeField;
use crate::config::{Challenge, CubicChallenge, Val};
use crate::program::Code;
use crate::vector::{Part, Reduce, Shape};

/// Runs of a program.
const RUNS: usize = 3;

/// Tiles that are a function of what is loaded.
struct Random(u64);

impl Rows for Random {
    fn tile(&self, run: usize, load: Load) -> [Option<Val>; 8] {
        let of_run = ((run % RUNS) as u64) << 48;
        let mut rng = StdRng::seed_from_u64(self.0 ^ Load { slot: 0, ..load }.encode() ^ of_run);
        std::array::from_fn(|_| Some(Val::new(rng.random())))
    }
}

/// One instruction after the other; an exchange reads the lane's own word, as on the machine.
fn sequential(
    code: &Code,
    rows: &Random,
    run: usize,
    words: &[Val],
    table: &[Val],
    registers: &mut [[Val; REGISTERS]; 2],
) -> Vec<Val> {
    let mut tiles = [[Val::ZERO; 8]; 64];
    let (mut loads, mut words, mut outputs) = (code.loads.iter(), words.iter(), Vec::new());
    for instruction in &code.instructions {
        for _ in 0..instruction.need {
            let load = loads.next().expect("a load");
            tiles[load.slot as usize] = rows.tile(run, *load).map(|word| word.expect("every word is there"));
        }
        let operands = [instruction.product.map(|p| [p.a, p.b]), instruction.sum.map(|s| [s.a, s.b])];
        let streams = operands.into_iter().flatten().flatten().any(|operand| operand == Operand::Next);
        let next = streams.then(|| *words.next().expect("a word"));
        let read = |registers: &[[Val; REGISTERS]; 2], operand| match operand {
            Operand::Product(register) => registers[0][register as usize],
            Operand::Sum(register) => registers[1][register as usize],
            Operand::Tile(slot, word) => tiles[slot as usize][word as usize],
            Operand::Table(word) => table[word as usize],
            Operand::Turn => table[TURN],
            Operand::Next => next.expect("a word"),
        };
        let product = instruction.product.map(|p| {
            let (x, c) = (read(registers, p.a) * read(registers, p.b), read(registers, p.c));
            let value = match p.op {
                ProductOp::Multiply => x,
                ProductOp::Add => x + c,
                ProductOp::SubtractFrom => c - x,
                ProductOp::Subtract => x - c,
            };
            (p.to, value)
        });
        let sum = instruction.sum.map(|s| {
            let (a, b) = (read(registers, s.a), read(registers, s.b));
            let value = match s.op {
                SumOp::Add => a + b,
                SumOp::Subtract => a - b,
                SumOp::SubtractFrom => b - a,
            };
            if s.output {
                outputs.push(value);
            }
            (s.to, value)
        });
        if let Some((to, value)) = product {
            registers[0][to as usize] = value;
        }
        if let Some((to, value)) = sum {
            registers[1][to as usize] = value;
        }
    }
    outputs
}

fn check<E: ChallengeField>(shape: &Shape, rng: &mut StdRng) {
    let code = shape.compile::<E>().unwrap_or_else(|error| panic!("{shape:?}: {error}"));
    println!("{shape:?}, degree {}\n{}", E::DIMENSION, code.statistics());
    let rows = Random(rng.random());
    let words: Vec<Val> = (0..code.statistics().constants).map(|_| rng.random()).collect();
    let mut table: Vec<Val> = (0..TABLE).map(|_| rng.random()).collect();
    (table[0], table[2]) = (Val::ZERO, Val::ONE);
    let states: Vec<Val> = (0..REGISTERS).map(|_| rng.random()).collect();
    let mut registers = [[Val::ZERO; REGISTERS]; 2];
    registers[0].copy_from_slice(&states);
    let expected: Vec<Vec<Val>> =
        (0..RUNS).map(|run| sequential(&code, &rows, run, &words, &table, &mut registers)).collect();
    for loading in [Loading::Early, Loading::Late] {
        for jitter in [false, true] {
            let mut machine = Machine::new(&code, &rows, loading);
            machine.set_products(&states);
            for (run, expected) in expected.iter().enumerate() {
                let wait = || if jitter && rng.random_bool(0.2) { rng.random_range(0..20) } else { 0 };
                let outputs = machine.run(run, &words, &table, wait);
                assert_eq!(&outputs, expected, "{shape:?}, run {run}, {loading:?}, jitter {jitter}");
            }
        }
    }
}

fn shapes() -> Vec<Shape> {
    let mut shapes = vec![Shape::Shift, Shape::SelectorsFinish];
    for groups in [1, 2, 8] {
        shapes.extend([
            Shape::Pack { groups },
            Shape::ChainStart { groups },
            Shape::ChainForward { groups, degree: 1 },
            Shape::ChainForward { groups, degree: 2 },
            Shape::ChainForward { groups, degree: 3 },
            Shape::ChainInvert { groups },
            Shape::Elements { groups },
            Shape::SelectorsFirst { groups },
        ]);
    }
    for groups in [1, 4, 32] {
        shapes.push(Shape::FoldStart { groups });
        shapes.extend([false, true].map(|joins| Shape::Fold { groups, joins }));
    }
    for (columns, of_tile, groups) in [(64, 8, 1), (20, 8, 4), (2, 8, 64), (8, 2, 8)] {
        shapes.push(Shape::Sums { columns, of_tile, groups });
    }
    for (count, groups) in [(8, 1), (64, 4), (128, 4)] {
        shapes.extend([Shape::SumsStart { count }, Shape::SumsFinish { count, groups, log_lanes: 3 }]);
    }
    let part = |columns, of_tile, next| Part { columns, of_tile, next };
    for parts in [
        vec![part(180, 8, false), part(4, 2, false)],
        vec![part(2, 8, true), part(2, 8, false)],
        vec![part(19, 8, true), part(8, 2, false), part(9, 8, true)],
    ] {
        let reduce = Reduce { parts };
        for groups in [1, 1 << reduce.domain(10, 3, 2).log_unroll()] {
            shapes.push(Shape::Reduce { reduce: reduce.clone(), groups });
        }
    }
    shapes
}

#[test]
fn every_shape_keeps_its_meaning() {
    let seed = rand::rng().random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for shape in shapes() {
        check::<Challenge>(&shape, &mut rng);
        check::<CubicChallenge>(&shape, &mut rng);
    }
}
