//! Random instructions on all lanes, in every bank, operation and exchange.

use karat_abi::vector::{
    Instruction, Operand, PRODUCT_LATENCY, Product, ProductOp, SUM_LATENCY, SUMMAND_DELAY, Sum, SumOp,
};
use karat_hdl_base::testing::{design, synthesis_form};
use karat_hdl_vector::Lanes;
use karat_verilator::Design;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const INSTRUCTIONS: usize = 20_000;
/// Registers of a bank that are used: few, so that they are written often.
const REGISTERS: u16 = 24;
/// Words of tiles that are used.
const WORDS: usize = 16;

/// Values at which carries and reductions happen, and others.
fn value(rng: &mut SmallRng) -> Goldilocks {
    const EDGES: [u64; 6] = [0, 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_0000_0000, 0x7fff_ffff_8000_0001];
    Goldilocks::new(if rng.random_bool(0.3) { EDGES[rng.random_range(0..EDGES.len())] } else { rng.random() })
}

/// A register: what is in it, from when on, and until when it is read.
#[derive(Clone)]
struct Register {
    values: Vec<Goldilocks>,
    ready: usize,
    read: usize,
}

/// What all lanes hold.
struct Model {
    lanes: usize,
    // Of the product unit and of the sum unit.
    registers: [Vec<Register>; 2],
    tiles: Vec<Vec<Goldilocks>>,
}

impl Model {
    fn new(lanes: usize) -> Self {
        let register = Register { values: Vec::new(), ready: usize::MAX, read: 0 };
        Self {
            lanes,
            registers: [vec![register.clone(); REGISTERS as usize], vec![register; REGISTERS as usize]],
            tiles: Vec::new(),
        }
    }

    /// A result that is there in cycle `at`.
    fn result(&self, rng: &mut SmallRng, at: usize) -> Option<Operand> {
        (0..20).find_map(|_| {
            let (bank, register) = (rng.random_range(0..2), rng.random_range(0..REGISTERS));
            let there = self.registers[bank][register as usize].ready <= at;
            there.then_some(if bank == 0 { Operand::Product(register) } else { Operand::Sum(register) })
        })
    }

    /// Something that is there in cycle `now`; constants as the instruction has one.
    fn operand(&self, rng: &mut SmallRng, now: usize) -> Operand {
        let tile = |rng: &mut SmallRng| {
            let word = rng.random_range(0..WORDS) as u8;
            Operand::Tile(word / 8, word % 8)
        };
        match rng.random_range(0..4) {
            0 => Operand::Next,
            1 => tile(rng),
            _ => self.result(rng, now).unwrap_or_else(|| tile(rng)),
        }
    }

    /// The values of an operand, which is read in cycle `at`.
    fn read(&mut self, operand: Operand, constant: Goldilocks, at: usize) -> Vec<Goldilocks> {
        let (bank, register) = match operand {
            Operand::Product(register) => (0, register),
            Operand::Sum(register) => (1, register),
            Operand::Tile(slot, word) => return self.tiles[slot as usize * 8 + word as usize].clone(),
            Operand::Table(_) | Operand::Next | Operand::Turn => return vec![constant; self.lanes],
        };
        let register = &mut self.registers[bank][register as usize];
        register.read = register.read.max(at);
        register.values.clone()
    }

    /// A register that an operation may write that is readable from cycle `ready` on.
    fn free(&self, rng: &mut SmallRng, bank: usize, ready: usize) -> Option<u16> {
        (0..20).map(|_| rng.random_range(0..REGISTERS)).find(|&register| {
            let register = &self.registers[bank][register as usize];
            // The write comes a cycle before, and nothing reads in it.
            register.read < ready - 1 && (register.ready == usize::MAX || register.ready < ready)
        })
    }

    fn write(&mut self, bank: usize, register: u16, values: Vec<Goldilocks>, ready: usize) {
        let register = &mut self.registers[bank][register as usize];
        *register = Register { values, ready, read: register.read };
    }

    /// A random instruction for cycle `now` with what it makes, if any; and the output.
    fn instruction(
        &mut self,
        rng: &mut SmallRng,
        constant: Goldilocks,
        now: usize,
    ) -> (Instruction, Option<Vec<Goldilocks>>) {
        let mut instruction = Instruction::default();
        let mut output = None;
        let product_to = self.free(rng, 0, now + PRODUCT_LATENCY);
        let mut writes = Vec::new();
        if let Some(to) = product_to.filter(|_| rng.random_bool(0.9)) {
            let (a, b) = (self.operand(rng, now), self.operand(rng, now));
            let c = self.result(rng, now + SUMMAND_DELAY);
            let ops = [ProductOp::Multiply, ProductOp::Add, ProductOp::SubtractFrom, ProductOp::Subtract];
            let op = if c.is_some() { ops[rng.random_range(0..4)] } else { ProductOp::Multiply };
            let c = c.unwrap_or(Operand::Product(0));
            let (x, y) = (self.read(a, constant, now), self.read(b, constant, now));
            let z = if op == ProductOp::Multiply {
                vec![Goldilocks::ZERO; self.lanes]
            } else {
                self.read(c, constant, now + SUMMAND_DELAY)
            };
            let values = (0..self.lanes)
                .map(|lane| match op {
                    ProductOp::Multiply | ProductOp::Add => x[lane] * y[lane] + z[lane],
                    ProductOp::SubtractFrom => z[lane] - x[lane] * y[lane],
                    ProductOp::Subtract => x[lane] * y[lane] - z[lane],
                })
                .collect();
            instruction.product = Some(Product { op, a, b, c, to });
            writes.push((0, to, values, now + PRODUCT_LATENCY));
        }
        // Not one that the product's summand comes from.
        let sum_to = self.free(rng, 1, now + SUM_LATENCY);
        if let Some(to) = sum_to.filter(|_| rng.random_bool(0.9)) {
            let (a, b) = (self.operand(rng, now), self.operand(rng, now));
            let op = [SumOp::Add, SumOp::Subtract, SumOp::SubtractFrom][rng.random_range(0..3)];
            let exchange = if rng.random_bool(0.3) { rng.random_range(0..self.lanes) } else { 0 };
            let (x, y) = (self.read(a, constant, now), self.read(b, constant, now));
            let values: Vec<Goldilocks> = (0..self.lanes)
                .map(|lane| match op {
                    SumOp::Add => x[lane ^ exchange] + y[lane],
                    SumOp::Subtract => x[lane ^ exchange] - y[lane],
                    SumOp::SubtractFrom => y[lane] - x[lane ^ exchange],
                })
                .collect();
            let is_output = rng.random_bool(0.5);
            output = is_output.then(|| values.clone());
            instruction.sum = Some(Sum { op, a, b, to, exchange: exchange as u8, output: is_output });
            writes.push((1, to, values, now + SUM_LATENCY));
        }
        for (bank, to, values, ready) in writes {
            self.write(bank, to, values, ready);
        }
        (instruction, output)
    }
}

fn check<const LANES: usize>(design: &Design, seed: u64) {
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let built = design.build().unwrap();
    let port = |name: &str| built.port(name).unwrap();
    let array = |name: &str| built.port_array::<LANES>(name).unwrap();
    let mut dut = built.instance(seed);
    let mut model = Model::new(LANES);
    dut.set(port("reset"), 1);
    dut.cycle();
    dut.set(port("reset"), 0);
    let (tile_write, tile_address, tile_data) = (array("tile_write"), array("tile_address"), array("tile_data"));
    for word in 0..WORDS {
        let values: Vec<Goldilocks> = (0..LANES).map(|_| value(&mut rng)).collect();
        for lane in 0..LANES {
            dut.set(tile_write[lane], 1);
            dut.set(tile_address[lane], word as u64);
            dut.set(tile_data[lane], values[lane].as_canonical_u64());
        }
        dut.cycle();
        model.tiles.push(values);
    }
    for write in tile_write {
        dut.set(write, 0);
    }
    let (product, sum, constant, out_valid, out_data) =
        (port("product"), port("sum"), port("constant"), port("out_valid"), array("out_data"));
    let mut expected = std::collections::VecDeque::new();
    let mut outputs = 0;
    for now in 0..INSTRUCTIONS {
        let word = value(&mut rng);
        let (instruction, output) = model.instruction(&mut rng, word, now);
        let words = instruction.encode();
        dut.set(product, words[0]);
        dut.set(sum, words[1]);
        dut.cycle();
        // It comes a cycle after its instruction.
        dut.set(constant, word.as_canonical_u64());
        expected.push_back(output);
        if expected.len() == SUM_LATENCY - 1 {
            let output = expected.pop_front().unwrap();
            dut.eval();
            assert_eq!(dut.get(out_valid) == 1, output.is_some(), "in cycle {now}");
            for (lane, value) in output.iter().flatten().enumerate() {
                assert_eq!(dut.get(out_data[lane]), value.as_canonical_u64(), "lane {lane} in cycle {now}");
            }
            outputs += usize::from(output.is_some());
        }
    }
    assert!(outputs > INSTRUCTIONS / 8, "only {outputs} outputs");
}

/// Both forms of the leaves.
fn check_forms<const LANES: usize>(name: &str) {
    let fast = design(name, Lanes::<LANES>::default).unwrap();
    check::<LANES>(&fast, rand::random());
    check::<LANES>(&synthesis_form(fast), rand::random());
}

#[test]
fn four_lanes() {
    check_forms::<4>("lanes_4");
}

#[test]
fn eight_lanes() {
    check_forms::<8>("lanes_8");
}
