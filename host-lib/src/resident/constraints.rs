//! The check of a trace on the host.

use p3_air::{Air, DebugConstraintBuilder, check_all_constraints};
use p3_matrix::dense::RowMajorMatrix;

use crate::Error;
use crate::config::Val;

/// Insists on a trace that satisfies the AIR, which both have been found to fit together.
pub(super) fn check<A: for<'a> Air<DebugConstraintBuilder<'a, Val>>>(
    air: &A,
    trace: &RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<(), Error> {
    match check_all_constraints(air, trace, public_values, Some(1)).failures.into_iter().next() {
        None => Ok(()),
        Some(failure) => {
            Err(Error::Unsatisfied { row: failure.row, constraint: failure.constraint, label: failure.label })
        }
    }
}
