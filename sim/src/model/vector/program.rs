//! A program as steps on cells: every register and every word of a slot that it uses is a cell.
//!
//! What an instruction reads is what those before it have made: that enough cycles lie between is the compiler's duty. So the units of an
//! instruction become steps one after the other, loads become steps where they are waited for, and constants become part of the steps.

use karat_abi::vector::{Instruction, Load, Operand, Product, ProductOp, REGISTERS, SLOTS, Sum, SumOp, TURN};
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;

use super::descriptor::Descriptor;

/// Registers and words of slots: products, sums, then word w of slot s at 8 s + w.
pub(super) const CELLS: usize = 2 * REGISTERS + 8 * SLOTS;
/// Behind them: the constant that turns, the operand that was exchanged, one that was kept, and one that is constant.
pub(super) const TURNING: usize = CELLS;
const EXCHANGED: usize = CELLS + 1;
const KEPT: usize = CELLS + 2;
const CONSTANT: usize = CELLS + 3;
/// All of them.
const ALL_CELLS: usize = CELLS + 4;

/// What is done with the cells of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// The words of a load to the cells from `to` on.
    Load {
        load: Load,
        to: usize,
    },
    /// `a * b`, and what is done with the product.
    Product {
        op: ProductOp,
        a: usize,
        b: usize,
        c: usize,
        to: usize,
    },
    /// `a * b` with a constant.
    Scaled {
        op: ProductOp,
        a: usize,
        b: Goldilocks,
        c: usize,
        to: usize,
    },
    Add {
        a: usize,
        b: usize,
        to: usize,
    },
    Subtract {
        a: usize,
        b: usize,
        to: usize,
    },
    /// `a + b` with a constant.
    Shifted {
        a: usize,
        b: Goldilocks,
        to: usize,
    },
    /// `b - a` with a constant.
    Reflected {
        a: usize,
        b: Goldilocks,
        to: usize,
    },
    /// The cell of the lane whose index differs by these bits.
    Exchange {
        a: usize,
        bits: usize,
        to: usize,
    },
    Copy {
        a: usize,
        to: usize,
    },
    Constant {
        value: Goldilocks,
        to: usize,
    },
    /// The next word of the row's output.
    Output {
        a: usize,
        index: usize,
    },
}

/// Why a program can't be executed: the card would hang on it, or do what the contract does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Malformed(pub &'static str);

impl Step {
    /// The cells that it names, to be read or written. Of a load, the first of eight.
    pub fn cells_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        match self {
            Self::Load { to, .. } | Self::Constant { to, .. } => [Some(to), None, None, None],
            Self::Product { a, b, c, to, .. } => [Some(a), Some(b), Some(c), Some(to)],
            Self::Scaled { a, c, to, .. } => [Some(a), Some(c), Some(to), None],
            Self::Add { a, b, to } | Self::Subtract { a, b, to } => [Some(a), Some(b), Some(to), None],
            Self::Shifted { a, to, .. }
            | Self::Reflected { a, to, .. }
            | Self::Exchange { a, to, .. }
            | Self::Copy { a, to } => [Some(a), Some(to), None, None],
            Self::Output { a, .. } => [Some(a), None, None, None],
        }
        .into_iter()
        .flatten()
    }
}

/// A program of a descriptor.
pub(super) struct Program {
    /// On cells that are numbered as they come.
    pub steps: Vec<Step>,
    /// What each of these cells is.
    pub cells: Vec<usize>,
    /// Products that a run starts.
    pub products: u64,
}

/// An operand, looked up.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Cell(usize),
    Constant(Goldilocks),
}

impl Program {
    pub fn new(descriptor: &Descriptor) -> Result<Self, Malformed> {
        check_loads(descriptor)?;
        let mut builder = Builder { descriptor, steps: Vec::new(), constants: 0, outputs: 0 };
        let mut loads = descriptor.loads.iter();
        for (i, instruction) in descriptor.instructions.iter().enumerate() {
            for load in loads.by_ref().take(instruction.need.into()) {
                builder.steps.push(Step::Load { load: *load, to: 2 * REGISTERS + 8 * usize::from(load.slot) });
            }
            builder.add(instruction)?;
            if instruction.last != (i + 1 == descriptor.instructions.len()) {
                return Err(Malformed("another instruction than the last is marked as the last, or the last is not"));
            }
        }
        if builder.constants != descriptor.constants.len() {
            return Err(Malformed("constants of a run are left"));
        }
        let rows = if descriptor.writes { 1 << descriptor.log_unroll } else { 0 };
        if builder.outputs != rows * descriptor.words {
            return Err(Malformed("the outputs of a run are not as many as its groups have"));
        }
        let products = descriptor.instructions.iter().filter(|i| i.product.is_some()).count() as u64;
        let mut steps = builder.steps;
        let cells = renumber(&mut steps);
        Ok(Self { steps, cells, products })
    }
}

/// Numbers cells as they come, the words of a slot together; what each is.
fn renumber(steps: &mut [Step]) -> Vec<usize> {
    let mut numbers = vec![None; ALL_CELLS];
    let mut cells = Vec::new();
    for cell in steps.iter_mut().flat_map(Step::cells_mut) {
        let first = if (2 * REGISTERS..CELLS).contains(cell) { *cell & !7..(*cell & !7) + 8 } else { *cell..*cell + 1 };
        if numbers[*cell].is_none() {
            for cell in first {
                numbers[cell] = Some(cells.len());
                cells.push(cell);
            }
        }
        *cell = numbers[*cell].expect("it was just numbered");
    }
    cells
}

/// Loads are waited for in the run that they belong to, and may have begun by then.
fn check_loads(descriptor: &Descriptor) -> Result<(), Malformed> {
    let Descriptor { instructions, loads, runs, initial_loads, log_unroll, .. } = descriptor;
    let needed: usize = instructions.iter().map(|i| usize::from(i.need)).sum();
    let released: usize = instructions.iter().map(|i| usize::from(i.release)).sum();
    if needed != loads.len() {
        return Err(Malformed("a run does not wait for as many loads as it has"));
    }
    // What is behind in the first run or in the last: in between it is between.
    for run in [0, runs - 1] {
        let (mut need, mut may) = (run * needed, initial_loads + run * released);
        for instruction in instructions {
            need += usize::from(instruction.need);
            if need > may {
                return Err(Malformed("an instruction waits for a load that may not begin"));
            }
            may += usize::from(instruction.release);
        }
    }
    for load in loads {
        if descriptor.load_words(*load) == 1 {
            return Err(Malformed("a load of a matrix without a shape"));
        }
        if descriptor.asks_for_others(*load) && *log_unroll > 0 {
            return Err(Malformed("a load of other rows in runs of several groups"));
        }
    }
    Ok(())
}

struct Builder<'a> {
    descriptor: &'a Descriptor,
    steps: Vec<Step>,
    /// Constants that were read.
    constants: usize,
    outputs: usize,
}

impl Builder<'_> {
    fn add(&mut self, instruction: &Instruction) -> Result<(), Malformed> {
        let factors = instruction.product.map(|Product { a, b, .. }| [a, b]);
        let summands = instruction.sum.map(|Sum { a, b, .. }| [a, b]);
        let mut constant = None;
        for operand in factors.into_iter().chain(summands).flatten() {
            let is_constant = matches!(operand, Operand::Table(_) | Operand::Next | Operand::Turn);
            if is_constant && *constant.get_or_insert(operand) != operand {
                return Err(Malformed("an instruction reads two constants"));
            }
        }
        let constant = match constant {
            Some(Operand::Table(word)) => Some(Source::Constant(self.descriptor.table[word as usize])),
            Some(Operand::Turn) => Some(Source::Cell(TURNING)),
            Some(_) => {
                let Some(value) = self.descriptor.constants.get(self.constants) else {
                    return Err(Malformed("a run reads more constants than it has"));
                };
                self.constants += 1;
                Some(Source::Constant(*value))
            }
            None => None,
        };
        let source = |operand| match operand {
            Operand::Product(register) => Source::Cell(register.into()),
            Operand::Sum(register) => Source::Cell(REGISTERS + usize::from(register)),
            Operand::Tile(slot, word) => Source::Cell(2 * REGISTERS + 8 * usize::from(slot) + usize::from(word)),
            Operand::Table(_) | Operand::Next | Operand::Turn => constant.expect("it was looked up"),
        };
        // Both units read before either writes.
        let mut summands = instruction.sum.map(|Sum { a, b, .. }| [source(a), source(b)]);
        if let Some(Product { op, a, b, c, to }) = instruction.product {
            let to = usize::from(to);
            for operand in summands.iter_mut().flatten().filter(|operand| **operand == Source::Cell(to)) {
                self.steps.push(Step::Copy { a: to, to: KEPT });
                *operand = Source::Cell(KEPT);
            }
            let Source::Cell(c) = source(c) else { return Err(Malformed("the summand of a product is a constant")) };
            self.product(op, source(a), source(b), c, to);
        }
        if let (Some(Sum { op, to, exchange, output, .. }), Some([a, b])) = (instruction.sum, summands) {
            let a = match a {
                Source::Cell(a) if exchange != 0 => {
                    self.steps.push(Step::Exchange { a, bits: exchange.into(), to: EXCHANGED });
                    Source::Cell(EXCHANGED)
                }
                // A constant is the same in every lane, and what turns as well.
                a => a,
            };
            let to = REGISTERS + usize::from(to);
            match op {
                SumOp::Add => self.sum(a, b, to),
                SumOp::Subtract => self.difference(a, b, to),
                SumOp::SubtractFrom => self.difference(b, a, to),
            }
            if output {
                self.steps.push(Step::Output { a: to, index: self.outputs });
                self.outputs += 1;
            }
        }
        Ok(())
    }

    fn product(&mut self, op: ProductOp, a: Source, b: Source, c: usize, to: usize) {
        let step = match (a, b) {
            (Source::Cell(a), Source::Cell(b)) => Step::Product { op, a, b, c, to },
            (Source::Cell(a), Source::Constant(b)) | (Source::Constant(b), Source::Cell(a)) => {
                Step::Scaled { op, a, b, c, to }
            }
            (Source::Constant(a), Source::Constant(b)) => {
                self.steps.push(Step::Constant { value: a, to: CONSTANT });
                Step::Scaled { op, a: CONSTANT, b, c, to }
            }
        };
        self.steps.push(step);
    }

    fn sum(&mut self, a: Source, b: Source, to: usize) {
        self.steps.push(match (a, b) {
            (Source::Cell(a), Source::Cell(b)) => Step::Add { a, b, to },
            (Source::Cell(a), Source::Constant(b)) | (Source::Constant(b), Source::Cell(a)) => {
                if b == Goldilocks::ZERO { Step::Copy { a, to } } else { Step::Shifted { a, b, to } }
            }
            (Source::Constant(a), Source::Constant(b)) => Step::Constant { value: a + b, to },
        });
    }

    fn difference(&mut self, a: Source, b: Source, to: usize) {
        self.steps.push(match (a, b) {
            (Source::Cell(a), Source::Cell(b)) => Step::Subtract { a, b, to },
            (Source::Cell(a), Source::Constant(b)) if b == Goldilocks::ZERO => Step::Copy { a, to },
            (Source::Cell(a), Source::Constant(b)) => Step::Shifted { a, b: -b, to },
            (Source::Constant(b), Source::Cell(a)) => Step::Reflected { a, b, to },
            (Source::Constant(a), Source::Constant(b)) => Step::Constant { value: a - b, to },
        });
    }
}

/// The constant that turns, of a run's group.
pub(super) fn turn(table: &[Goldilocks], run: usize) -> Goldilocks {
    table[TURN + run.trailing_ones() as usize]
}
