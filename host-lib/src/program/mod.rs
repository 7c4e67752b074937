//! Programs for the vector engine, compiled from the constraints of an AIR.
//!
//! Per row of the quotient domain a program makes the coefficients of
//! `scale * sum over i of alpha^(n - 1 - i) C_i(row, next row)`, C_i the n constraints in the order in which the AIR asserts them:
//! with `scale` the inverse of the vanishing polynomial, a value of the quotient as `p3_uni_stark::quotient_values` has it.
//!
//! Equal expressions are merged and those of constants folded (`dag.rs`), long sums made shallow (`balance.rs`), operations
//! given to the engine's two units (`lower.rs`), started in an order that keeps both busy and few values alive (`schedule.rs`),
//! and their values given registers (`registers.rs`) and columns slots (`tiles.rs`).

mod balance;
mod dag;
mod lower;
mod registers;
mod schedule;
mod tiles;

use std::fmt;

use karat_abi::TILE_COLUMNS;
use karat_abi::vector::{Instruction, Load, Operand, Product, Sum, SumOp, TABLE};
use p3_air::Air;
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder, get_symbolic_constraints};
use p3_field::{ExtensionField, PrimeCharacteristicRing};

use crate::config::Val;
use dag::Dag;
use lower::{Kind, Operations, Source};
use registers::Registers;
use schedule::{Schedule, operation_constant};
use tiles::{Tile, Tiles};

/// A matrix that a program reads; the number is that in [`Load::matrix`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Matrix {
    /// The trace.
    Main = 0,
    /// The preprocessed columns.
    Preprocessed = 1,
    /// The periodic columns.
    Periodic = 2,
    /// The selectors: of the first row, of the last row, of transitions.
    Selectors = 3,
}

/// A word that is the same for every row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Constant {
    /// Word 0 of the table.
    Zero,
    /// Word 1 of the table: what the sum of the constraints is multiplied by.
    Scale,
    /// Word 2 of the table.
    One,
    /// A constant of the AIR, canonical.
    Value(u64),
    /// A public value.
    Public(usize),
    /// A coefficient of the power of the challenge that a constraint is multiplied by.
    Power { constraint: usize, coefficient: usize },
    /// A coefficient of the sum of the constraints that depend on no column.
    Offset { coefficient: usize },
    /// An expression of such, of the program's list.
    Expression(usize),
}

impl Constant {
    /// It is in the table, not in the stream.
    fn is_in_table(self) -> bool {
        matches!(self, Self::Zero | Self::Scale | Self::One)
    }
}

/// An expression of constants and public values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ConstantNode {
    Sum(Constant, Constant),
    Difference(Constant, Constant),
    Product(Constant, Constant),
}

/// Why an AIR has no program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProgramError {
    /// Too many values are alive at once.
    #[error("the constraints need {needed} registers of one unit at once, and there are {limit}")]
    TooManyRegisters {
        /// How many.
        needed: usize,
        /// How many there are.
        limit: usize,
    },
    /// More tiles are read by one instruction than there are slots.
    #[error("the constraints read more than {limit} groups of columns at once")]
    TooManyTiles {
        /// Slots.
        limit: usize,
    },
    /// A column past what a load can name.
    #[error("a matrix has more than 524,288 columns")]
    TooManyColumns,
}

/// A program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Instructions, of a run for as many rows as there are lanes.
    pub instructions: Vec<Instruction>,
    /// Loads of a run, in the order in which they begin.
    pub loads: Vec<Load>,
    /// Loads that may begin before the first instruction.
    pub initial_loads: usize,
    degree: usize,
    constraints: usize,
    constants: Vec<Constant>,
    expressions: Vec<ConstantNode>,
    constant_constraints: Vec<(usize, Constant)>,
    statistics: Statistics,
}

/// What a program takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// Expressions that differ.
    pub nodes: usize,
    /// Operations of the product unit.
    pub products: usize,
    /// Operations of the sum unit.
    pub sums: usize,
    /// Instructions of a run.
    pub instructions: usize,
    /// Most registers alive, of the product unit and of the sum unit.
    pub registers: [usize; 2],
    /// Loads of a run.
    pub loads: usize,
    /// Words of the stream of constants of a run.
    pub constants: usize,
}

impl Statistics {
    /// Share of the instructions that start a product.
    pub fn product_use(&self) -> f64 {
        self.products as f64 / self.instructions.max(1) as f64
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, products, sums, instructions, registers: [product, sum], loads, constants } = self;
        writeln!(f, "expressions        {nodes}")?;
        writeln!(f, "products           {products}")?;
        writeln!(f, "sums               {sums}")?;
        writeln!(f, "instructions       {instructions}, the estimate of cycles for as many rows as lanes")?;
        writeln!(f, "multipliers busy   {:.1} %", 100.0 * self.product_use())?;
        writeln!(f, "registers          {product} of products, {sum} of sums")?;
        writeln!(f, "loads              {loads}")?;
        write!(f, "constants          {constants}")
    }
}

impl Program {
    /// Compiles the constraints of an AIR, for a challenge of `degree` coefficients.
    ///
    /// # Errors
    /// When they do not fit the engine.
    pub fn new<A: Air<SymbolicAirBuilder<Val>>>(
        air: &A,
        layout: AirLayout,
        degree: usize,
    ) -> Result<Self, ProgramError> {
        let symbolic = get_symbolic_constraints(air, layout);
        let dag = Dag::new(&symbolic).balanced();
        let mut operations = Operations::new(&dag, degree);
        let expressions = std::mem::take(&mut operations.constants);
        let constant_constraints = operations.constant_constraints.clone();
        let (schedule, registers) = best(&operations, degree)?;
        let mut program = Self {
            instructions: Vec::new(),
            loads: Vec::new(),
            initial_loads: 0,
            degree,
            constraints: symbolic.len(),
            constants: Vec::new(),
            expressions,
            constant_constraints,
            statistics: Statistics {
                nodes: dag.nodes.len(),
                products: schedule.slots.iter().filter(|slot| slot.product.is_some()).count(),
                sums: schedule.slots.iter().filter(|slot| slot.sum.is_some()).count(),
                instructions: schedule.slots.len(),
                registers: registers.used,
                loads: 0,
                constants: 0,
            },
        };
        program.encode(&schedule, &registers)?;
        Ok(program)
    }

    /// What it takes.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn encode(&mut self, schedule: &Schedule, registers: &Registers) -> Result<(), ProgramError> {
        let mut reads = Vec::new();
        for (at, slot) in schedule.slots.iter().enumerate() {
            for index in [slot.product, slot.sum].into_iter().flatten() {
                let operation = &schedule.operations[index];
                reads.extend([operation.a, operation.b].into_iter().filter_map(tile).map(|tile| (at, tile)));
            }
        }
        let tiles = Tiles::new(&reads, schedule.slots.len())?;
        let mut slots = tiles.slots.iter();
        for (at, slot) in schedule.slots.iter().enumerate() {
            let mut operand = |source| match source {
                Source::Result(index) => {
                    let register = registers.of[index];
                    if schedule.operations[index].kind.is_sum() {
                        Operand::Sum(register)
                    } else {
                        Operand::Product(register)
                    }
                }
                Source::Column { column, .. } => {
                    Operand::Tile(*slots.next().expect("a slot for every read"), (column % TILE_COLUMNS) as u8)
                }
                Source::Constant(Constant::Zero) => Operand::Table(0),
                Source::Constant(Constant::Scale) => Operand::Table(1),
                Source::Constant(Constant::One) => Operand::Table(2),
                Source::Constant(_) => Operand::Next,
            };
            let product = slot.product.map(|index| {
                let operation = &schedule.operations[index];
                let Kind::Product(op) = operation.kind else { unreachable!("accumulations have become products") };
                let (a, b) = (operand(operation.a), operand(operation.b));
                let c = operation.c.map_or(Operand::Product(0), &mut operand);
                Product { op, a, b, c, to: registers.of[index] }
            });
            let sum = slot.sum.map(|index| {
                let operation = &schedule.operations[index];
                let (op, output) = match operation.kind {
                    Kind::Sum(op) => (op, false),
                    _ => (SumOp::Add, true),
                };
                let (a, b) = (operand(operation.a), operand(operation.b));
                Sum { op, a, b, to: registers.of[index], exchange: 0, output }
            });
            let streamed = [slot.product, slot.sum].into_iter().flatten().find_map(|index| {
                operation_constant(&schedule.operations[index]).filter(|constant| !constant.is_in_table())
            });
            self.constants.extend(streamed);
            let last = at + 1 == schedule.slots.len();
            let (need, release) = (tiles.need[at], tiles.release[at]);
            self.instructions.push(Instruction { product, sum, need, release, last });
        }
        self.loads = tiles.loads;
        self.initial_loads = tiles.initial;
        self.statistics.loads = self.loads.len();
        self.statistics.constants = self.constants.len();
        Ok(())
    }

    /// The stream of constants of a run, for the challenge and the public values of a proof.
    pub fn constants<E: ExtensionField<Val>>(&self, alpha: E, public_values: &[Val]) -> Vec<Val> {
        let powers: Vec<E> = alpha.powers().take(self.constraints).collect();
        let power = |constraint: usize| powers[self.constraints - 1 - constraint];
        let mut expressions: Vec<Val> = Vec::with_capacity(self.expressions.len());
        let word = |constant, expressions: &[Val], offset: &E| match constant {
            Constant::Zero => Val::ZERO,
            Constant::Scale | Constant::One => unreachable!("in the table, and in no expression"),
            Constant::Value(value) => Val::new(value),
            Constant::Public(index) => public_values[index],
            Constant::Power { constraint, coefficient } => power(constraint).as_basis_coefficients_slice()[coefficient],
            Constant::Offset { coefficient } => offset.as_basis_coefficients_slice()[coefficient],
            Constant::Expression(index) => expressions[index],
        };
        for node in &self.expressions {
            let value = match *node {
                ConstantNode::Sum(a, b) => word(a, &expressions, &E::ZERO) + word(b, &expressions, &E::ZERO),
                ConstantNode::Difference(a, b) => word(a, &expressions, &E::ZERO) - word(b, &expressions, &E::ZERO),
                ConstantNode::Product(a, b) => word(a, &expressions, &E::ZERO) * word(b, &expressions, &E::ZERO),
            };
            expressions.push(value);
        }
        let offset = self
            .constant_constraints
            .iter()
            .map(|&(constraint, constant)| power(constraint) * word(constant, &expressions, &E::ZERO))
            .sum::<E>();
        self.constants.iter().map(|&constant| word(constant, &expressions, &offset)).collect()
    }

    /// The table, for what the sum of the constraints is multiplied by.
    pub fn table(scale: Val) -> [Val; TABLE] {
        let mut table = [Val::ZERO; TABLE];
        table[1] = scale;
        table[2] = Val::ONE;
        table
    }

    /// Coefficients that a run makes of every row.
    pub fn degree(&self) -> usize {
        self.degree
    }
}

/// Operations that are looked at together: as many as possible, but values must not outnumber registers.
const WINDOWS: [usize; 6] = [8192, 2048, 1024, 512, 256, 128];

/// The shortest schedule whose values fit the registers.
fn best(operations: &Operations, degree: usize) -> Result<(Schedule, Registers), ProgramError> {
    let mut best: Option<(Schedule, Registers)> = None;
    let mut refused = None;
    for window in WINDOWS {
        let schedule = Schedule::new(operations, degree, window);
        match Registers::new(&schedule) {
            Err(error) => refused = Some(error),
            Ok(registers) => {
                if best.as_ref().is_none_or(|(best, _)| schedule.slots.len() < best.slots.len()) {
                    best = Some((schedule, registers));
                }
            }
        }
    }
    best.ok_or_else(|| refused.expect("every window was refused"))
}

fn tile(source: Source) -> Option<Tile> {
    match source {
        Source::Column { matrix, column, next_row } => Some(Tile { matrix, tile: column / TILE_COLUMNS, next_row }),
        _ => None,
    }
}
