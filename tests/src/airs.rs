//! AIRs that have what those of the command line have not, each with traces that satisfy it.

use std::borrow::Cow;

use karat::config::Val;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Preprocessed columns of rows and next rows, periodic columns, public values: `a' = a p0 + k0 b`, `b' = a + p1'`, `s = a b p2`.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Rows.
    pub rows: usize,
    /// Decides the preprocessed columns.
    pub seed: u64,
}

impl Table {
    /// A trace and its public values: the first and the last `a`.
    pub fn trace(&self) -> (RowMajorMatrix<Val>, Vec<Val>) {
        let fixed = self.preprocessed_trace().expect("it has some").values;
        let fixed = |row: usize, column: usize| fixed[3 * row + column];
        let [mut a, mut b] = [Val::from_u64(self.seed + 3), Val::from_u64(5)];
        let mut values = Vec::new();
        let mut last = a;
        for row in 0..self.rows {
            values.extend([a, b, a * b * fixed(row, 2)]);
            last = a;
            let period = self.periodic_columns()[0][row % 4];
            (a, b) = (a * fixed(row, 0) + period * b, a + fixed((row + 1) % self.rows, 1));
        }
        (RowMajorMatrix::new(values, 3), vec![Val::from_u64(self.seed + 3), last])
    }
}

impl BaseAir<Val> for Table {
    fn width(&self) -> usize {
        3
    }

    fn preprocessed_width(&self) -> usize {
        3
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<Val>> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        Some(RowMajorMatrix::new((0..3 * self.rows).map(|_| Val::new(rng.random())).collect(), 3))
    }

    fn num_periodic_columns(&self) -> usize {
        2
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        let [one, two] = [Val::ONE, Val::TWO];
        Cow::Owned(vec![vec![two, one, two + two, one], vec![one, two]])
    }

    fn num_public_values(&self) -> usize {
        2
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Table {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (row, next): (Vec<AB::Var>, Vec<AB::Var>) = (main.current_slice().to_vec(), main.next_slice().to_vec());
        let preprocessed = builder.preprocessed();
        let (fixed, fixed_next) = (preprocessed.current_slice().to_vec(), preprocessed.next_slice().to_vec());
        let period: Vec<AB::Expr> = builder.periodic_values().iter().map(|&value| value.into()).collect();
        let public: Vec<AB::Expr> = builder.public_values().iter().map(|&value| value.into()).collect();
        let [first, last] = [public[0].clone(), public[1].clone()];
        builder.when_transition().assert_eq(next[0], row[0] * fixed[0] + period[0].clone() * row[1]);
        builder.when_transition().assert_eq(next[1], row[0] + fixed_next[1]);
        builder.when_first_row().assert_eq(row[0], first);
        builder.when_last_row().assert_eq(row[0], last);
        builder.assert_eq(row[2], row[0] * row[1] * fixed[2]);
        // Both are one or two.
        let odd = period[1].clone() - AB::Expr::ONE;
        builder.assert_zero(odd * (period[1].clone() - AB::Expr::TWO));
    }
}

/// Constraints of single rows: `z = x y^2 + x`. No next row is opened.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Local {
    /// A trace of so many rows.
    pub fn trace(rows: usize, seed: u64) -> RowMajorMatrix<Val> {
        let mut rng = StdRng::seed_from_u64(seed);
        let row = |_| {
            let [x, y] = [0; 2].map(|_: u8| Val::new(rng.random()));
            [x, y, x * y * y + x]
        };
        RowMajorMatrix::new((0..rows).flat_map(row).collect(), 3)
    }
}

impl BaseAir<Val> for Local {
    fn width(&self) -> usize {
        3
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Local {
    fn eval(&self, builder: &mut AB) {
        let row = builder.main().current_slice().to_vec();
        builder.assert_eq(row[2], row[0] * row[1] * row[1] + row[0]);
    }
}

/// More values at once than there are registers, of degree 4: `p_i (p_0 + ... + p_n-1) = 0`, p_i the product of columns i and i + 1.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// n.
    pub products: usize,
}

impl Crowd {
    /// A trace of so many rows.
    pub fn trace(self, rows: usize) -> RowMajorMatrix<Val> {
        RowMajorMatrix::new(Val::zero_vec(rows * (self.products + 1)), self.products + 1)
    }
}

impl BaseAir<Val> for Crowd {
    fn width(&self) -> usize {
        self.products + 1
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Crowd {
    fn eval(&self, builder: &mut AB) {
        let row = builder.main().current_slice().to_vec();
        let products: Vec<AB::Expr> = row.windows(2).map(|pair| pair[0] * pair[1]).collect();
        let sum: AB::Expr = products.iter().cloned().sum();
        for product in products {
            builder.assert_zero(product * sum.clone());
        }
    }
}
