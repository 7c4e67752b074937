//! The selectors of the constraints on a coset of the trace's domain.

use karat_abi::vector::Row;
use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField};

use super::points::{Reciprocals, backward, with_exponent};
use super::word_of;
use crate::config::Val;
use crate::program::kernel::{Kernel, table};

/// Selectors on the points `base * w^rev(j)`, w of the order of the trace: those of the first row, of the last row, of transitions,
/// in a row of four words. In five passes: those of [`Reciprocals`] for the polynomial x - 1, the fourth being [`first`], which puts out
/// flat pairs; and [`finish`], matrix 0 these pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selectors {
    /// Its first three passes.
    pub reciprocals: Reciprocals,
}

impl Selectors {
    /// For a trace of `2^log_rows` rows.
    pub fn new(log_rows: usize, log_lanes: usize) -> Self {
        Self { reciprocals: Reciprocals::new(log_rows, log_lanes) }
    }

    /// The generator w.
    pub fn root(self) -> Val {
        Val::two_adic_generator(self.reciprocals.domain.log_rows)
    }

    /// The polynomial x - 1, without its leading one.
    pub fn polynomial() -> [Val; 1] {
        [Val::NEG_ONE]
    }

    /// The table of the last three passes, on the coset of `base`.
    pub fn table(self, base: Val) -> Vec<Val> {
        let vanishing = base.exp_power_of_2(self.reciprocals.domain.log_rows) - Val::ONE;
        with_exponent(&[vanishing, self.root().inverse(), self.root()])
    }
}

/// Selectors of first rows and of transitions.
pub(super) fn first(groups: usize) -> Kernel {
    backward(groups, |kernel, reciprocal, x| {
        let first = kernel.multiply(reciprocal, table(0));
        let transition = kernel.subtract(x, table(1));
        kernel.output_row(&[first, transition], 2);
    })
}

/// All selectors, of one group a run.
pub(super) fn finish() -> Kernel {
    let mut kernel = Kernel::default();
    // That of the last row is w times that of the first at the next row.
    let last = kernel.multiply(word_of(0, 0, Row::Next, 0, 0), table(2));
    let [first, transition] = [0, 1].map(|word| word_of(0, 0, Row::Own, 0, word));
    kernel.output_row(&[first, last, transition], 4);
    kernel
}
