//! Programs that are written operation by operation, not compiled from constraints.

use karat_abi::vector::{ProductOp, SumOp};

use super::operation::{Constant, Kind, Operation, Source};
use super::schedule::Schedule;
use super::{Code, ProgramError};
use crate::config::Val;

/// A program in the making. Words of the table from [`Kernel::TABLE`] on, and those of the stream, are given their values later, by index.
#[derive(Default)]
pub(crate) struct Kernel {
    operations: Vec<Operation>,
    outputs: usize,
}

/// Zero, for every row.
pub(crate) const ZERO: Source = Source::Constant(Constant::ZERO);
/// One, for every row.
pub(crate) const ONE: Source = Source::Constant(Constant::ONE);
/// What takes a power whose exponent is a reversed index from this run's groups to those of the next.
pub(crate) const TURN: Source = Source::Constant(Constant::Turn);

/// Word `index` of the caller's stream.
pub(crate) fn word(index: usize) -> Source {
    Source::Constant(Constant::Word(index))
}

/// Word `index` of the caller's in the table.
pub(crate) fn table(index: usize) -> Source {
    Source::Constant(Constant::Table((Kernel::TABLE + index) as u8))
}

impl Kernel {
    /// First word of the table that is the caller's.
    pub const TABLE: usize = 3;

    fn push(&mut self, operation: Operation) -> Source {
        self.operations.push(operation);
        Source::Result(self.operations.len() - 1)
    }

    /// `a * b`.
    pub fn multiply(&mut self, a: Source, b: Source) -> Source {
        self.push(Operation::new(Kind::Product(ProductOp::Multiply), a, b))
    }

    /// `a * b + c`.
    pub fn multiply_add(&mut self, a: Source, b: Source, c: Source) -> Source {
        if matches!(c, Source::Result(_) | Source::State(_)) {
            return self.push(Operation { c: Some(c), ..Operation::new(Kind::Product(ProductOp::Add), a, b) });
        }
        let product = self.multiply(a, b);
        self.add(product, c)
    }

    /// `a + b`.
    pub fn add(&mut self, a: Source, b: Source) -> Source {
        self.push(Operation::new(Kind::Sum(SumOp::Add), a, b))
    }

    /// `a - b`.
    pub fn subtract(&mut self, a: Source, b: Source) -> Source {
        self.push(Operation::new(Kind::Sum(SumOp::Subtract), a, b))
    }

    /// Makes `a * b` the state of the next run. All of this run read the last.
    pub fn set(&mut self, state: u16, a: Source, b: Source) {
        self.push(Operation { state: Some(state), ..Operation::new(Kind::Product(ProductOp::Multiply), a, b) });
    }

    /// Makes `a * b + c` the state of the next run, c a result or a state.
    pub fn set_sum(&mut self, state: u16, a: Source, b: Source, c: Source) {
        let operation = Operation::new(Kind::Product(ProductOp::Add), a, b);
        self.push(Operation { c: Some(c), state: Some(state), ..operation });
    }

    /// The sum of `a` over all lanes, in each: `lanes` is a power of two.
    pub fn sum_lanes(&mut self, a: Source, lanes: usize) -> Source {
        let mut sum = a;
        for bit in 0..lanes.ilog2() {
            let operation = Operation::new(Kind::Sum(SumOp::Add), sum, sum);
            sum = self.push(Operation { exchange: 1 << bit, ..operation });
        }
        sum
    }

    /// The next word of the run's output.
    pub fn output(&mut self, a: Source) {
        self.output_sum(a, ZERO);
    }

    /// The next word of the run's output, `a + b`.
    pub fn output_sum(&mut self, a: Source, b: Source) {
        self.push(Operation::new(Kind::Output(self.outputs), a, b));
        self.outputs += 1;
    }

    /// The next words of the run's output, filled up with zeros to `count`.
    pub fn output_row(&mut self, words: &[Source], count: usize) {
        for &word in words {
            self.output(word);
        }
        for _ in words.len()..count {
            self.output(ZERO);
        }
    }

    /// Schedules it. The first `states` states are kept, whether it has a use for them or not.
    ///
    /// # Errors
    /// When it does not fit the engine.
    pub fn finish(self, states: u16) -> Result<Code, ProgramError> {
        Code::new(states, |window| Schedule::new(&self.operations, window))
    }
}

impl Code {
    /// The stream of constants of a kernel, from the values of its words.
    pub(crate) fn stream(&self, words: &[Val]) -> Vec<Val> {
        let value = |constant: &Constant| match *constant {
            Constant::Word(index) => words[index],
            Constant::Value(value) => Val::new(value),
            _ => unreachable!("kernels have no other constants"),
        };
        self.constants.iter().map(value).collect()
    }
}
