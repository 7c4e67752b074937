//! What descriptors of the vector engine do, through queue and firmware, against Plonky3's field.

mod support;

use karat_abi::engine::vector::{self as words, shape};
use karat_abi::vector::{Load, Operand, Product, ProductOp, Row, Sum, SumOp, TABLE, TURN};
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;
use rand::RngExt;
use support::vector::{Bench, Matrix, Program};

fn reverse(index: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { index.reverse_bits() >> (usize::BITS - bits) }
}

/// `2^log_words` outputs a row: `tile 0 word i * fixed word i + constant i of the run + table word * own word`.
#[test]
fn every_shape_of_rows_and_runs() {
    for lanes in [4, 8] {
        let mut bench = Bench::new(lanes);
        for log_words in 1..=3 {
            for log_unroll in 0..=4 {
                bench.free = 64;
                let runs = bench.rng.random_range(1..5);
                let descending = bench.rng.random::<bool>();
                let groups = runs << log_unroll;
                let rows = groups * bench.lanes;
                let source_words = bench.rng.random_range(log_words..=3);
                let main = bench.matrix(rows, 3, source_words);
                let fixed = Matrix { fixed: true, ..bench.matrix(bench.lanes << log_unroll, 2, log_words) };
                let factor = bench.value();
                let mut program = Program { table: vec![Goldilocks::ZERO, factor], ..Default::default() };
                let mut load = |matrix: u8, tile: u16, group: u8| {
                    let slot = program.loads.len() as u8;
                    program.loads.push(Load { matrix, tile, row: Row::Own, group, slot });
                    slot
                };
                // Matrix 1 is not used. A tile past the last is tile 0.
                let slots: Vec<[u8; 3]> = (0..1 << log_unroll)
                    .map(|group| [load(0, 2, group), load(0, 3, group), load(2, 1, group)])
                    .collect();
                let outputs = 1_usize << log_words;
                for slot in &slots {
                    for i in 0..outputs as u8 {
                        let [last, first, fixed] = slot.map(|slot| Operand::Tile(slot, i));
                        program.add(Operand::Next, last, 5, false);
                        program.multiply_add(first, fixed, Operand::Sum(5), 511);
                        program.multiply_add(Operand::Table(1), first, Operand::Product(511), 3);
                        program.add(Operand::Product(3), Operand::Table(0), 0, true);
                    }
                }
                let constants = bench.values(outputs << log_unroll);
                program.constants = constants.clone();
                let program = program.finish();
                let expected: Vec<Vec<Goldilocks>> = (0..rows)
                    .map(|row| {
                        let run_row = row % (bench.lanes << log_unroll);
                        let group = run_row / bench.lanes;
                        let tile = |t: usize, i: usize| main.rows[row][(t << source_words) + i];
                        (0..outputs)
                            .map(|i| {
                                tile(2, i)
                                    + constants[group * outputs + i]
                                    + tile(0, i) * (fixed.rows[run_row][outputs + i] + factor)
                            })
                            .collect()
                    })
                    .collect();
                let mut pass = bench.place(&program, &[main, Matrix::unused(), fixed]);
                pass.words[words::MATRIX + 3] = u32::MAX;
                pass.words[words::RUNS] = runs as u32;
                pass.words[words::OUTPUT] = bench.take((rows << log_words) / 8);
                pass.words[words::SHAPE] = (log_unroll as u32) << shape::LOG_UNROLL
                    | log_words << shape::LOG_WORDS
                    | (program.loads.len() as u32) << shape::INITIAL_LOADS
                    | if descending { shape::DESCENDING } else { 0 }
                    | shape::WRITES;
                let text = format!("{lanes} lanes, {log_words} {log_unroll}, {runs} runs, descending {descending}");
                bench.check(&[pass], &expected, &text);
            }
        }
    }
}

/// Own row times the one behind it, plus the one before it, in the order of the trace, in one to three cosets.
#[test]
fn rows_before_and_behind() {
    for lanes in [4, 8] {
        let mut bench = Bench::new(lanes);
        for log_groups in 0..=5 {
            for log_words in 1..=3 {
                bench.free = 64;
                let runs = bench.rng.random_range(1..4) << log_groups;
                let (coset, rows) = (bench.lanes << log_groups, bench.lanes * runs);
                let bits = log_groups + bench.lanes.ilog2();
                let main = bench.matrix(rows, 2, log_words);
                let mut program = Program::default();
                for (slot, row) in [Row::Own, Row::Next, Row::Previous].into_iter().enumerate() {
                    program.loads.push(Load { matrix: 0, tile: 1, row, group: 0, slot: 60 + slot as u8 });
                }
                for word in 0..1 << log_words {
                    let [own, next, previous] = [60, 61, 62].map(|slot| Operand::Tile(slot, word));
                    program.add(previous, Operand::Table(0), 1, false);
                    program.multiply_add(own, next, Operand::Sum(1), 2);
                    program.add(Operand::Product(2), Operand::Table(0), 1, true);
                }
                let program = program.finish();
                let expected: Vec<Vec<Goldilocks>> = (0..rows)
                    .map(|row| {
                        let first = row / coset * coset;
                        let time = reverse(row - first, bits);
                        let other = |time: usize| &main.rows[first + reverse(time % coset, bits)];
                        let (own, next, previous) = (&main.rows[row], other(time + 1), other(time + coset - 1));
                        (1 << log_words..2 << log_words).map(|i| own[i] * next[i] + previous[i]).collect()
                    })
                    .collect();
                let mut pass = bench.place(&program, &[main]);
                pass.words[words::RUNS] = runs as u32;
                pass.words[words::OUTPUT] = bench.take((rows << log_words) / 8);
                pass.words[words::SHAPE] = log_groups << shape::LOG_GROUPS
                    | log_words << shape::LOG_WORDS
                    | 3 << shape::INITIAL_LOADS
                    | shape::WRITES;
                bench.check(&[pass], &expected, &format!("{lanes} lanes, {log_groups} {log_words}"));
            }
        }
    }
}

/// A value that turns from group to group stays in a register from one descriptor to the next; lanes exchange; outputs replace a matrix.
#[test]
fn results_stay_and_turn_and_lanes_exchange_in_place() {
    for lanes in [4, 8] {
        let mut bench = Bench::new(lanes);
        let (lanes, runs) = (bench.lanes, 16);
        let table = bench.values(TABLE);
        // Product 7 = table 1 * table 1 + product 6, which is table 2 * table 2.
        let mut start = Program { table: table.clone(), ..Default::default() };
        let square = |word: u8, op: ProductOp, to: u16| {
            Some(Product { op, a: Operand::Table(word), b: Operand::Table(word), c: Operand::Product(6), to })
        };
        start.step(square(2, ProductOp::Multiply, 6), None);
        start.step(square(1, ProductOp::Add, 7), None);
        let mut begin = bench.place(&start.finish(), &[]);
        begin.words[words::RUNS] = 1;

        let source = bench.matrix(lanes * runs, 1, 1);
        let mut turn = Program { table: table.clone(), ..Default::default() };
        turn.loads.push(Load { matrix: 3, tile: 0, row: Row::Own, group: 0, slot: 3 });
        let (a, b) = (Operand::Tile(3, 0), Operand::Tile(3, 1));
        let value = Operand::Product(7);
        let exchange = lanes as u8 - 1;
        // Both units read before either writes: the sum takes the value of this run.
        turn.step(
            Some(Product { op: ProductOp::Multiply, a: value, b: Operand::Turn, c: value, to: 7 }),
            Some(Sum { op: SumOp::SubtractFrom, a, b: value, to: 1, exchange, output: true }),
        );
        turn.step(None, Some(Sum { op: SumOp::Subtract, a, b, to: 2, exchange: 1, output: true }));
        let turn = turn.finish();

        let mut value = table[1].square() + table[2].square();
        let mut expected = Vec::new();
        for run in 0..runs {
            for row in run * lanes..(run + 1) * lanes {
                let other = |bits: usize| source.rows[row ^ bits][0];
                expected.push(vec![value - other(lanes - 1), other(1) - source.rows[row][1]]);
            }
            value *= table[TURN + run.trailing_ones() as usize];
        }
        let mut pass = bench.place(&turn, &[Matrix::unused(), Matrix::unused(), Matrix::unused(), source]);
        pass.words[words::RUNS] = runs as u32;
        pass.words[words::SHAPE] = 1 << shape::LOG_WORDS | 1 << shape::INITIAL_LOADS | shape::WRITES;
        pass.words[words::OUTPUT] = pass.words[words::MATRIX + 9];
        bench.check(&[begin, pass], &expected, "a value that stays");
    }
}
