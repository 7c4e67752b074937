//! AIRs with everything that a contract evaluates.

use std::borrow::Cow;

use karat_evm::config::Val;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::GenericPoseidon2LinearLayersGoldilocks as Layers;
use p3_matrix::dense::RowMajorMatrix;
use p3_poseidon2_air::{Poseidon2Air, RoundConstants};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Fibonacci numbers, as in Plonky3's own examples.
pub struct Fibonacci;

impl<F> BaseAir<F> for Fibonacci {
    fn width(&self) -> usize {
        2
    }

    fn num_public_values(&self) -> usize {
        3
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

pub fn fibonacci(log_rows: usize) -> (RowMajorMatrix<Val>, Vec<Val>) {
    let (first, second) = (Val::from_u64(3), Val::from_u64(5));
    let mut values = Vec::new();
    let (mut left, mut right) = (first, second);
    for _ in 0..1 << log_rows {
        values.extend([left, right]);
        (left, right) = (right, left + right);
    }
    let last = values[values.len() - 1];
    (RowMajorMatrix::new(values, 2), vec![first, second, last])
}

/// As many columns as one likes: each becomes the product of three, plus another.
pub struct Wide(pub usize);

impl<F> BaseAir<F> for Wide {
    fn width(&self) -> usize {
        self.0
    }
}

impl<AB: AirBuilder> Air<AB> for Wide {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (row, next) = (main.current_slice(), main.next_slice());
        let width = self.0;
        for i in 0..width {
            let product = row[i] * row[(i + 1) % width] * row[(i + 2) % width];
            builder.when_transition().assert_eq(next[i], product + row[(i + 3) % width]);
        }
    }
}

pub fn wide(width: usize, log_rows: usize) -> (RowMajorMatrix<Val>, Vec<Val>) {
    let mut row: Vec<Val> = (0..width).map(|i| Val::from_u64(i as u64 + 2)).collect();
    let mut values = Vec::with_capacity(width << log_rows);
    for _ in 0..1 << log_rows {
        values.extend(&row);
        row = (0..width).map(|i| row[i] * row[(i + 1) % width] * row[(i + 2) % width] + row[(i + 3) % width]).collect();
    }
    (RowMajorMatrix::new(values, width), Vec::new())
}

/// Public, preprocessed and periodic columns, all selectors, and a constraint of degree 5.
pub struct Mixed(pub usize);

impl Mixed {
    fn preprocessed(&self) -> RowMajorMatrix<Val> {
        RowMajorMatrix::new((0..2_u64 << self.0).map(|i| Val::from_u64(i * i + 7)).collect(), 2)
    }

    fn periodic() -> Vec<Vec<Val>> {
        [&[1_u64, 5, 7, 11][..], &[u64::MAX >> 1, 3], &[9]]
            .iter()
            .map(|column| column.iter().map(|&v| Val::from_u64(v)).collect())
            .collect()
    }
}

impl BaseAir<Val> for Mixed {
    fn width(&self) -> usize {
        3
    }

    fn num_public_values(&self) -> usize {
        2
    }

    fn preprocessed_width(&self) -> usize {
        2
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<Val>> {
        Some(self.preprocessed())
    }

    fn num_periodic_columns(&self) -> usize {
        3
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        Cow::Owned(Self::periodic())
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Mixed {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (row, next) = (main.current_slice(), main.next_slice());
        let fixed = builder.preprocessed();
        let (f0, f1, g1) = (fixed.current_slice()[0], fixed.current_slice()[1], fixed.next_slice()[1]);
        let periodic = builder.periodic_values();
        let (p0, p1, p2) = (periodic[0], periodic[1], periodic[2]);
        let public = builder.public_values();
        let (first, last): (AB::Expr, AB::Expr) = (public[0].into(), public[1].into());
        let (x, y, z) = (row[0], row[1], row[2]);
        builder.when_first_row().assert_eq(x, first.clone() + first * last.clone());
        builder.when_last_row().assert_eq(y, last - AB::Expr::from_u64(3));
        builder.when_transition().assert_eq(next[0], x * y - p0.into() * f0 + g1 + p2.into());
        builder.assert_eq(y, x * x * x * x * p1.into() - f1);
        builder.assert_eq(z, (-x.into() - y) * AB::Expr::from_u64(12) + (x - y) * (x - y));
        let same = next[2];
        builder.when_transition().assert_zero((next[2] - same) * x);
    }
}

pub fn mixed(log_rows: usize) -> (RowMajorMatrix<Val>, Vec<Val>) {
    let fixed = Mixed(log_rows).preprocessed().values;
    let periodic = Mixed::periodic();
    let rows = 1 << log_rows;
    // The first value depends on the last one, which is no matter: it is chosen to suit.
    let start = Val::from_u64(77);
    let mut values = Vec::new();
    let mut x = start;
    for i in 0..rows {
        let (f0, f1, g1) = (fixed[2 * i], fixed[2 * i + 1], fixed[(2 * i + 3) % (2 * rows)]);
        let y = x * x * x * x * periodic[1][i % 2] - f1;
        let z = (-x - y) * Val::from_u64(12) + (x - y) * (x - y);
        values.extend([x, y, z]);
        x = x * y - periodic[0][i % 4] * f0 + g1 + periodic[2][0];
    }
    let last = values[values.len() - 2] + Val::from_u64(3);
    let first = start / (Val::ONE + last);
    assert!(first.as_canonical_u64() != 0);
    (RowMajorMatrix::new(values, 3), vec![first, last])
}

/// Plonky3's AIR of one Poseidon2 permutation a row: 180 columns, and constraints that become a tape.
pub type Poseidon2 = Poseidon2Air<Val, Layers, 8, 7, 1, 4, 22>;

pub fn poseidon2(log_rows: usize) -> (Poseidon2, RowMajorMatrix<Val>) {
    let mut rng = SmallRng::seed_from_u64(1);
    let constants = RoundConstants::<Val, 8, 4, 22>::new(rng.random(), rng.random(), rng.random());
    let inputs = (0..1 << log_rows).map(|_| rng.random()).collect();
    let trace = p3_poseidon2_air::generate_trace_rows::<Val, Layers, 8, 7, 1, 4, 22>(inputs, &constants, 0);
    (Poseidon2::new(constants), trace)
}

/// Constraints within a row only: the trace is not opened on the next row, and of the preprocessed columns it can be chosen.
pub struct Local {
    pub log_rows: usize,
    pub next: bool,
}

impl BaseAir<Val> for Local {
    fn width(&self) -> usize {
        5
    }

    fn preprocessed_width(&self) -> usize {
        1
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<Val>> {
        Some(RowMajorMatrix::new((0..1_u64 << self.log_rows).map(|i| Val::from_u64(i * 3 + 1)).collect(), 1))
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        if self.next { vec![0] } else { Vec::new() }
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Local {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row = main.current_slice();
        let fixed = builder.preprocessed();
        let (own, next) = (fixed.current_slice()[0], fixed.next_slice()[0]);
        let last: AB::Expr = if self.next { next.into() } else { AB::Expr::ZERO };
        builder.assert_eq(row[1], row[0] * row[0] + own);
        builder.assert_eq(row[2], row[1] * row[0] - last);
        builder.assert_eq(row[3], row[2] * row[1]);
        builder.assert_eq(row[4], row[3] - row[2] - row[1]);
    }
}

pub fn local(log_rows: usize, next: bool) -> (Local, RowMajorMatrix<Val>) {
    let air = Local { log_rows, next };
    let fixed = air.preprocessed_trace().expect("there is one").values;
    let rows = (0..1 << log_rows).flat_map(|i| {
        let a = Val::from_u64(i as u64 * 7 + 5);
        let last = if next { fixed[(i + 1) % fixed.len()] } else { Val::ZERO };
        let b = a * a + fixed[i];
        let c = b * a - last;
        [a, b, c, c * b, c * b - c - b]
    });
    let trace = RowMajorMatrix::new(rows.collect(), 5);
    (air, trace)
}
