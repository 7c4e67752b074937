//! Programs for the vector engine, compiled from the constraints of an AIR.
//!
//! Per row of the quotient domain a program makes the coefficients of
//! `scale * sum over i of alpha^(n - 1 - i) C_i(row, next row)`, C_i the n constraints in the order in which the AIR asserts them:
//! with `scale` the inverse of the vanishing polynomial, a value of the quotient as `p3_uni_stark::quotient_values` has it.
//!
//! Equal expressions are merged and those of constants folded (`karat-constraints`), long sums made shallow (`balance.rs`), operations
//! given to the engine's two units (`lower.rs`), started in an order that keeps both busy and few values alive (`schedule.rs`),
//! and their values given registers (`registers.rs`) and columns slots (`tiles.rs`).

mod balance;
mod code;
pub(crate) mod kernel;
mod lower;
pub(crate) mod operation;
mod registers;
mod schedule;
#[cfg(test)]
mod tests;
mod tiles;

use std::fmt;

use karat_abi::vector::TABLE;
use p3_air::Air;
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder, get_symbolic_constraints};
use p3_field::{ExtensionField, PrimeCharacteristicRing};

use crate::config::Val;
pub use code::{Code, Statistics};
use karat_constraints::Dag;
/// A matrix that a program reads; the number is that in `Load::matrix`.
pub use karat_constraints::Matrix;
use lower::Operations;
use operation::Constant;
use schedule::Schedule;

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
    /// A run is longer than the engine counts.
    #[error("the constraints take {length} instructions, constants or loads, and there can be {} at most", LIMIT - 1)]
    TooLong {
        /// Instructions, or constants or loads if they are more.
        length: usize,
    },
    /// A column past what a load can name.
    #[error("a matrix has more than 524,288 columns")]
    TooManyColumns,
}

/// A constraint is read for every coefficient of the challenge, which is more than once.
const USES_BY_CONSTRAINT: usize = 2;

/// Bound of a program's length.
const LIMIT: usize = 1 << karat_abi::vector::LOG_LENGTH;

/// A program for the constraints of an AIR.
#[derive(Clone, Debug)]
pub struct Program {
    code: Code,
    nodes: usize,
    degree: usize,
    constraints: usize,
    expressions: Vec<ConstantNode>,
    constant_constraints: Vec<(usize, Constant)>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "expressions        {}", self.nodes)?;
        self.code.statistics().fmt(f)
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
        let dag = balance::balanced(&Dag::new(&symbolic));
        let mut operations = Operations::new(&dag, degree);
        let expressions = std::mem::take(&mut operations.constants);
        let constant_constraints = operations.constant_constraints.clone();
        let code = Code::new(0, |window| Schedule::of_constraints(&operations, degree, window))?;
        let length = code.instructions.len().max(code.loads.len()).max(code.statistics().constants);
        if length >= LIMIT {
            return Err(ProgramError::TooLong { length });
        }
        Ok(Self {
            code,
            nodes: dag.nodes.len(),
            degree,
            constraints: symbolic.len(),
            expressions,
            constant_constraints,
        })
    }

    /// What the engine runs.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The stream of constants of a run, for the challenge and the public values of a proof.
    pub fn constants<E: ExtensionField<Val>>(&self, alpha: E, public_values: &[Val]) -> Vec<Val> {
        let powers: Vec<E> = alpha.powers().take(self.constraints).collect();
        let power = |constraint: usize| powers[self.constraints - 1 - constraint];
        let mut expressions: Vec<Val> = Vec::with_capacity(self.expressions.len());
        let word = |constant, expressions: &[Val], offset: &E| match constant {
            Constant::ZERO => Val::ZERO,
            Constant::Table(_) | Constant::Turn | Constant::Word(_) => unreachable!("in no expression of an AIR"),
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
        self.code.constants.iter().map(|&constant| word(constant, &expressions, &offset)).collect()
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
