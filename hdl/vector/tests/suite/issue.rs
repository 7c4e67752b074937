//! Random programs for several runs, where everything an instruction waits for comes late.

use karat_abi::vector::{Instruction, Operand, Product, ProductOp, Sum, SumOp, TURN};
use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Issue;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A random instruction that has the constant, if any.
fn instruction(rng: &mut SmallRng, constant: Option<Operand>, last: bool) -> Instruction {
    let operand = |rng: &mut SmallRng| match (constant, rng.random_range(0..3)) {
        (Some(constant), 0) => constant,
        (_, 1) => Operand::Sum(rng.random_range(0..512)),
        _ => Operand::Tile(rng.random_range(0..64), rng.random_range(0..8)),
    };
    let (a, b) = (operand(rng), operand(rng));
    let product = Product { op: ProductOp::Add, a, b, c: Operand::Product(3), to: rng.random_range(0..512) };
    let (a, b) = (operand(rng), constant.unwrap_or(Operand::Product(9)));
    let sum = Sum { op: SumOp::Subtract, a, b, to: rng.random_range(0..512), exchange: 5, output: rng.random() };
    let need = if rng.random_bool(0.3) { rng.random_range(0..=3) } else { 0 };
    Instruction { product: Some(product), sum: Some(sum), need, release: rng.random_range(0..=31), last }
}

#[test]
fn instructions_start_in_order_and_not_before_what_they_wait_for() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("issue", Issue::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let program = model.port_array::<2>("program").unwrap();
    let [reset, start, runs_port, descending, loaded, room] =
        ["reset", "start", "runs", "descending", "loaded", "room"].map(port);
    let [program_valid, program_take, next_constant, constant_valid, constant_take] =
        ["program_valid", "program_take", "next_constant", "constant_valid", "constant_take"].map(port);
    let [table_write, table_address] = ["table_write", "table_address"].map(port);
    let table_data = model.ports8("table_data").unwrap();
    let [freed, begins, product, sum, constant, starved, stalled, busy] =
        ["freed", "begins", "product", "sum", "constant", "starved", "stalled", "busy"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for trial in 0..60 {
        // Every other trial everything is there at once.
        let slow = trial % 2 == 0;
        let (length, runs) = (rng.random_range(1..40_usize), rng.random_range(1..12_usize));
        let down = rng.random::<bool>();
        let table: Vec<u64> = (0..64).map(|_| rng.random()).collect();
        let code: Vec<(Instruction, Option<Operand>)> = (0..length)
            .map(|at| {
                let constant = match rng.random_range(0..4) {
                    0 => Some(Operand::Next),
                    3 => Some(Operand::Turn),
                    1 => Some(Operand::Table(rng.random_range(0..64))),
                    _ => None,
                };
                (instruction(&mut rng, constant, at + 1 == length), constant)
            })
            .collect();
        dut.set(runs_port, runs as u64);
        dut.set(descending, down.into());
        dut.set(program_valid, 0);
        dut.set(loaded, 0);
        dut.set(start, 1);
        dut.cycle();
        dut.set(start, 0);
        let (mut shown, mut arrived, mut needed, mut idle) = (0, 0_u64, 0_u64, 0);
        // Of the table.
        let mut beats = 0;
        let mut streamed: u64 = rng.random();
        let mut expected_constant = None;
        let mut issued = 0;
        while issued < length * runs {
            let words = code[shown % length].0.encode();
            for (port, word) in program.iter().zip(words) {
                dut.set(*port, word);
            }
            let mut is_there = || u64::from(!slow || rng.random_bool(0.6));
            let (valid, there, place, load) = (is_there(), is_there(), is_there(), is_there());
            dut.set(program_valid, valid);
            dut.set(constant_valid, there);
            dut.set(next_constant, streamed);
            dut.set(room, place);
            dut.set(loaded, load);
            let fills = beats < 8 && is_there() == 1;
            dut.set(table_write, fills.into());
            dut.set(table_address, beats as u64);
            for (port, word) in table_data.iter().zip(table.iter().skip(8 * beats)) {
                dut.set(*port, *word);
            }
            dut.eval();
            idle += 1;
            assert!(idle < 500, "nothing starts");
            if let Some(expected) = expected_constant.take() {
                assert_eq!(dut.get(constant), expected, "the constant of instruction {}", issued - 1);
            }
            let (now, used) = code[issued % length];
            if dut.get(product) != 0 {
                idle = 0;
                assert_eq!(beats, 8, "before the table");
                assert_eq!([dut.get(product), dut.get(sum)], now.encode());
                needed += u64::from(now.need);
                assert!(needed <= arrived, "instruction {issued} needs {needed} loads of {arrived}");
                assert_eq!(dut.get(freed), u64::from(now.release));
                let is_first = issued % length == 0;
                assert_eq!(dut.get(begins) == 1, is_first);
                assert!(!is_first || place == 1, "a run begins without place");
                expected_constant = match used {
                    Some(Operand::Table(word)) => Some(table[word as usize]),
                    Some(Operand::Turn) => {
                        let run = issued / length;
                        let index = if down { runs - 1 - run } else { run };
                        Some(table[TURN + index.trailing_ones() as usize])
                    }
                    Some(_) => Some(streamed),
                    None => None,
                };
                assert!(used != Some(Operand::Next) || there == 1, "a constant that is not there");
                assert_eq!(dut.get(constant_take) == 1, used == Some(Operand::Next));
                issued += 1;
            } else {
                assert_eq!([dut.get(freed), dut.get(begins), dut.get(constant_take)], [0; 3]);
                assert_eq!(dut.get(starved) + dut.get(stalled), 1, "it waits for something");
            }
            let (takes, takes_constant) = (dut.get(program_take) == 1, dut.get(constant_take) == 1);
            assert!(!takes || valid == 1);
            dut.cycle();
            beats += usize::from(fills);
            shown += usize::from(takes);
            arrived += load;
            if takes_constant {
                streamed = rng.random();
            }
        }
        assert_eq!(dut.get(busy), 0);
    }
}
