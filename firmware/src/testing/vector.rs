//! The vector engine, as `karat_abi::engine::vector` describes it: one instruction after the other.
//!
//! What an instruction reads is what those before it have made, as if every result were there at once: that enough cycles lie between is
//! the compiler's duty. What a descriptor or a program may not do panics.

use karat_abi::engine::vector::{self as words, shape};
use karat_abi::vector::{
    Instruction, Load, MATRICES, Operand, Product, ProductOp, REGISTERS, Row, SLOTS, Sum, SumOp, TABLE, TURN,
};

use super::ntt::{add, sub};
use crate::goldilocks::mul;
use crate::software::Words;

type Beat = [u64; 8];

/// A word of every lane.
type Lanes = Vec<u64>;

pub(crate) struct VectorEngine {
    lanes: usize,
    products: Vec<Lanes>,
    sums: Vec<Lanes>,
    /// Word w of slot s at 8 s + w.
    tiles: Vec<Lanes>,
}

struct Matrix {
    first: usize,
    stride: usize,
    tiles: usize,
    log_words: u32,
    fixed: bool,
}

/// What a descriptor says, taken apart.
struct Descriptor {
    instructions: Vec<Instruction>,
    constants: Vec<u64>,
    loads: Vec<Load>,
    table: Vec<u64>,
    runs: usize,
    log_groups: u32,
    log_unroll: u32,
    log_words: u32,
    initial_loads: usize,
    descending: bool,
    writes: bool,
    output: usize,
    matrices: [Matrix; MATRICES],
}

impl Descriptor {
    fn read(descriptor: &Words, memory: &[Beat]) -> Self {
        let word = |index: usize| descriptor[index] as usize;
        let list = |first: usize, count: usize| -> Vec<u64> {
            // Of an empty list the place means nothing.
            let beats = if count == 0 { &[] } else { &memory[first..first + count.div_ceil(8)] };
            beats.iter().flatten().copied().take(count).collect()
        };
        let instructions = list(word(words::PROGRAM), 2 * word(words::INSTRUCTIONS));
        let instructions: Vec<_> =
            instructions.as_chunks::<2>().0.iter().map(|pair| Instruction::decode(*pair)).collect();
        let lasts = instructions.iter().filter(|instruction| instruction.last).count();
        assert!(lasts == 1 && instructions.last().is_some_and(|last| last.last), "the last instruction, and no other");
        let shape = descriptor[words::SHAPE];
        let field = |first: u32, bits: u32| shape >> first & ((1 << bits) - 1);
        let loads = list(word(words::LOADS), word(words::LOAD_COUNT)).into_iter().map(Load::decode).collect();
        Self {
            instructions,
            constants: list(word(words::CONSTANTS), word(words::CONSTANT_COUNT)),
            loads,
            table: list(word(words::TABLE), TABLE),
            runs: word(words::RUNS),
            log_groups: field(shape::LOG_GROUPS, 5),
            log_unroll: field(shape::LOG_UNROLL, 3),
            log_words: field(shape::LOG_WORDS, 2),
            initial_loads: field(shape::INITIAL_LOADS, 7) as usize,
            descending: shape & shape::DESCENDING != 0,
            writes: shape & shape::WRITES != 0,
            output: word(words::OUTPUT),
            matrices: std::array::from_fn(|m| {
                let shape = descriptor[words::MATRIX_SHAPES] >> (4 * m);
                let [first, stride, tiles] = [0, 1, 2].map(|i| word(words::MATRIX + 3 * m + i));
                Matrix { first, stride, tiles, log_words: shape & 3, fixed: shape & 4 != 0 }
            }),
        }
    }
}

/// What a run reads besides its rows.
struct Run<'a> {
    number: usize,
    table: &'a [u64],
    constants: std::slice::Iter<'a, u64>,
}

impl VectorEngine {
    pub(crate) fn new(lanes: u32) -> Self {
        let lanes = lanes as usize;
        let words = |count: usize| vec![vec![0; lanes]; count];
        Self { lanes, products: words(REGISTERS), sums: words(REGISTERS), tiles: words(8 * SLOTS) }
    }

    /// Executes a descriptor; the products that it started, of all lanes together one.
    pub(crate) fn run(&mut self, descriptor: &Words, memory: &mut [Beat]) -> u64 {
        let descriptor = Descriptor::read(descriptor, memory);
        let Descriptor { runs, loads, instructions, constants, table, .. } = &descriptor;
        let mut products = 0;
        // Loads of all runs: those that may have begun, and those that have.
        let (mut may, mut begun) = (descriptor.initial_loads, 0);
        for done in 0..*runs {
            let number = if descriptor.descending { runs - 1 - done } else { done };
            let mut run = Run { number, table, constants: constants.iter() };
            let mut outputs = vec![Vec::new(); self.lanes];
            let mut needed = done * loads.len();
            for instruction in instructions {
                needed += usize::from(instruction.need);
                while begun < needed {
                    assert!(begun < may, "an instruction waits for a load that may not begin");
                    assert!(begun / loads.len() < *runs, "an instruction waits for a load that does not exist");
                    let of = begun / loads.len();
                    let of = if descriptor.descending { runs - 1 - of } else { of };
                    self.load(&descriptor, loads[begun % loads.len()], of, memory);
                    begun += 1;
                }
                self.execute(instruction, &mut run, &mut outputs);
                products += u64::from(instruction.product.is_some());
                may += usize::from(instruction.release);
            }
            assert!(run.constants.next().is_none(), "constants of a run are left");
            self.store(&descriptor, number, &outputs, memory);
        }
        products
    }

    /// The row that a load brings for row `row`.
    fn row(&self, descriptor: &Descriptor, load: Load, row: usize) -> usize {
        let bits = descriptor.log_groups + self.lanes.ilog2();
        let reverse = |index: usize| if bits == 0 { 0 } else { index.reverse_bits() >> (usize::BITS - bits) };
        let last = (1 << bits) - 1;
        let step = match load.row {
            Row::Own => return row,
            Row::Next => 1,
            Row::Previous => last,
        };
        assert!(descriptor.log_unroll == 0, "other rows, in runs of several groups");
        assert!(!descriptor.matrices[load.matrix as usize].fixed, "other rows of a fixed matrix");
        row & !last | reverse((reverse(row & last) + step) & last)
    }

    fn load(&mut self, descriptor: &Descriptor, load: Load, run: usize, memory: &[Beat]) {
        let matrix = &descriptor.matrices[load.matrix as usize];
        assert!(matrix.log_words != 0, "a load of a matrix without a shape");
        assert!(u32::from(load.group) >> descriptor.log_unroll == 0, "a load of a group that the run does not have");
        let tile = if usize::from(load.tile) < matrix.tiles { load.tile.into() } else { 0 };
        let run = if matrix.fixed { 0 } else { run };
        let group = run << descriptor.log_unroll | usize::from(load.group);
        for lane in 0..self.lanes {
            let word = self.row(descriptor, load, group * self.lanes + lane) << matrix.log_words;
            let beat = &memory[matrix.first + tile * matrix.stride + word / 8];
            for i in 0..1 << matrix.log_words {
                self.tiles[8 * usize::from(load.slot) + i][lane] = beat[word % 8 + i];
            }
        }
    }

    fn read(&self, operand: Operand, constant: Option<u64>) -> Lanes {
        match operand {
            Operand::Product(register) => self.products[register as usize].clone(),
            Operand::Sum(register) => self.sums[register as usize].clone(),
            Operand::Tile(slot, word) => self.tiles[8 * slot as usize + word as usize].clone(),
            Operand::Table(_) | Operand::Next | Operand::Turn => {
                vec![constant.expect("the constant of an instruction that reads one"); self.lanes]
            }
        }
    }

    fn execute(&mut self, instruction: &Instruction, run: &mut Run, outputs: &mut [Vec<u64>]) {
        let factors = instruction.product.map(|Product { a, b, .. }| [a, b]);
        let summands = instruction.sum.map(|Sum { a, b, .. }| [a, b]);
        let mut constant = None;
        for operand in factors.into_iter().chain(summands).flatten() {
            if matches!(operand, Operand::Table(_) | Operand::Next | Operand::Turn) {
                assert!(*constant.get_or_insert(operand) == operand, "an instruction reads two constants");
            }
        }
        let constant = constant.map(|operand| match operand {
            Operand::Table(word) => run.table[word as usize],
            Operand::Turn => run.table[TURN + run.number.trailing_ones() as usize],
            _ => *run.constants.next().expect("a constant of the run"),
        });
        // Both read before either writes.
        let product = instruction.product.map(|Product { op, a, b, c, to }| {
            let (a, b, c) = (self.read(a, constant), self.read(b, constant), self.read(c, None));
            let values = (0..self.lanes).map(|lane| {
                let product = mul(a[lane], b[lane]);
                match op {
                    ProductOp::Multiply => product,
                    ProductOp::Add => add(product, c[lane]),
                    ProductOp::SubtractFrom => sub(c[lane], product),
                    ProductOp::Subtract => sub(product, c[lane]),
                }
            });
            (to, values.collect())
        });
        let sum = instruction.sum.map(|Sum { op, a, b, to, exchange, output }| {
            let (a, b) = (self.read(a, constant), self.read(b, constant));
            let values: Lanes = (0..self.lanes)
                .map(|lane| {
                    let (a, b) = (a[lane ^ usize::from(exchange)], b[lane]);
                    match op {
                        SumOp::Add => add(a, b),
                        SumOp::Subtract => sub(a, b),
                        SumOp::SubtractFrom => sub(b, a),
                    }
                })
                .collect();
            if output {
                for (words, value) in outputs.iter_mut().zip(&values) {
                    words.push(*value);
                }
            }
            (to, values)
        });
        if let Some((to, values)) = product {
            self.products[to as usize] = values;
        }
        if let Some((to, values)) = sum {
            self.sums[to as usize] = values;
        }
    }

    fn store(&self, descriptor: &Descriptor, run: usize, outputs: &[Vec<u64>], memory: &mut [Beat]) {
        let groups = if descriptor.writes { 1 << descriptor.log_unroll } else { 0 };
        let words = 1 << descriptor.log_words;
        for (lane, outputs) in outputs.iter().enumerate() {
            assert_eq!(outputs.len(), groups * words, "outputs of a run");
            for (group, outputs) in outputs.chunks(words).enumerate() {
                let row = (run << descriptor.log_unroll | group) * self.lanes + lane;
                for (word, value) in (row * words..).zip(outputs) {
                    memory[descriptor.output + word / 8][word % 8] = *value;
                }
            }
        }
    }
}
