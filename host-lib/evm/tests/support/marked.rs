//! An AIR with a periodic column as long as the trace.

use std::borrow::Cow;

use karat_evm::config::Val;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;

/// A column of the squares of a periodic column.
pub struct Marked(pub Vec<Val>);

impl BaseAir<Val> for Marked {
    fn width(&self) -> usize {
        1
    }

    fn num_periodic_columns(&self) -> usize {
        1
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        Cow::Owned(vec![self.0.clone()])
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Marked {
    fn eval(&self, builder: &mut AB) {
        let value = builder.main().current_slice()[0];
        let mark: AB::Expr = builder.periodic_values()[0].into();
        builder.assert_eq(value, mark.clone() * mark);
    }
}

impl Marked {
    pub fn trace(&self) -> RowMajorMatrix<Val> {
        RowMajorMatrix::new(self.0.iter().map(|mark| mark.square()).collect(), 1)
    }
}

/// Two rows are marked, the others are zero.
pub fn marked(log_rows: usize) -> Marked {
    let mut marks = Val::zero_vec(1 << log_rows);
    marks[5] = Val::from_u64(3);
    marks[(1 << log_rows) - 1] = Val::NEG_ONE;
    Marked(marks)
}

/// Another number on every row, and no polynomial of few coefficients.
pub fn numbered(log_rows: usize) -> Marked {
    Marked((0..1 << log_rows).map(Val::from_u64).collect())
}
