//! An AIR with a periodic column as long as the trace.

use std::borrow::Cow;

use karat_evm::config::Val;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

/// A column that is zero but for the rows that a periodic column marks.
pub struct Marked(pub usize);

impl Marked {
    fn marks(&self) -> Vec<Val> {
        let mut marks = Val::zero_vec(1 << self.0);
        marks[5] = Val::from_u64(3);
        marks[(1 << self.0) - 1] = Val::NEG_ONE;
        marks
    }
}

impl BaseAir<Val> for Marked {
    fn width(&self) -> usize {
        1
    }

    fn num_periodic_columns(&self) -> usize {
        1
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        Cow::Owned(vec![self.marks()])
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Marked {
    fn eval(&self, builder: &mut AB) {
        let value = builder.main().current_slice()[0];
        let mark: AB::Expr = builder.periodic_values()[0].into();
        builder.assert_eq(value, mark.clone() * mark);
    }
}

pub fn marked(log_rows: usize) -> RowMajorMatrix<Val> {
    RowMajorMatrix::new(Marked(log_rows).marks().into_iter().map(|mark| mark * mark).collect(), 1)
}
