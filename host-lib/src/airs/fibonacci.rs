//! Fibonacci numbers, as in p3's own examples: two columns, three public values.

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_matrix::dense::RowMajorMatrix;

use crate::config::Val;

/// Row `i` holds the numbers `i` and `i + 1`. Public values: the two of the first row, and the second of the last.
#[derive(Clone, Copy, Debug)]
pub struct Fibonacci;

impl<F> BaseAir<F> for Fibonacci {
    fn width(&self) -> usize {
        2
    }

    fn num_public_values(&self) -> usize {
        3
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(2)
    }
}

impl<AB: AirBuilder> Air<AB> for Fibonacci {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let public = builder.public_values();
        let (first, second, last) = (public[0], public[1], public[2]);
        let (left, right) = (main.current_slice()[0], main.current_slice()[1]);
        let (next_left, next_right) = (main.next_slice()[0], main.next_slice()[1]);

        builder.when_first_row().assert_eq(left, first);
        builder.when_first_row().assert_eq(right, second);
        builder.when_transition().assert_eq(right, next_left);
        builder.when_transition().assert_eq(left + right, next_right);
        builder.when_last_row().assert_eq(right, last);
    }
}

/// The trace that starts with two numbers, and its public values.
pub fn trace(first: Val, second: Val, rows: usize) -> (RowMajorMatrix<Val>, Vec<Val>) {
    let mut values = Vec::with_capacity(2 * rows);
    let (mut left, mut right) = (first, second);
    for _ in 0..rows {
        values.extend([left, right]);
        (left, right) = (right, left + right);
    }
    let last = values[2 * rows - 1];
    (RowMajorMatrix::new(values, 2), vec![first, second, last])
}
