//! AIRs that have what those of the command line have not.

use std::borrow::Cow;

use crate::config::Val;
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{Dup, PrimeCharacteristicRing};

/// Columns of every kind, of rows and next rows, in constraints of degree 3.
pub struct Mixed;

impl BaseAir<Val> for Mixed {
    fn width(&self) -> usize {
        11
    }

    fn preprocessed_width(&self) -> usize {
        9
    }

    fn num_periodic_columns(&self) -> usize {
        2
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        Cow::Owned(vec![vec![Val::ONE, Val::TWO], vec![Val::TWO; 4]])
    }

    fn num_public_values(&self) -> usize {
        3
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Mixed {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let (row, next): (Vec<AB::Var>, Vec<AB::Var>) = (main.current_slice().to_vec(), main.next_slice().to_vec());
        let preprocessed = builder.preprocessed();
        let fixed = preprocessed.current_slice().to_vec();
        let fixed_next = preprocessed.next_slice().to_vec();
        let periodic: Vec<AB::Expr> = builder.periodic_values().iter().map(|&value| value.into()).collect();
        let public: Vec<AB::Expr> = builder.public_values().iter().map(|&value| value.into()).collect();
        for column in 0..9 {
            let product = row[column] * fixed[column] * row[column + 1];
            builder
                .when_transition()
                .assert_eq(product, next[column] - fixed_next[8 - column] * public[column % 3].dup());
        }
        builder.when_first_row().assert_eq(row[0], public[0].dup() * public[1].dup() + AB::Expr::from_u8(5));
        builder.when_last_row().assert_zero(row[10] * periodic[0].dup() - periodic[1].dup() * row[9]);
        builder.assert_zero(-(row[3].into() * AB::Expr::NEG_ONE) - AB::Expr::TWO * row[4] + AB::Expr::ZERO * row[5]);
        builder.assert_bool(row[7]);
    }
}

/// Constraints of public values only, beside one that is not.
pub struct Constants;

impl BaseAir<Val> for Constants {
    fn width(&self) -> usize {
        1
    }

    fn num_public_values(&self) -> usize {
        2
    }
}

impl<AB: AirBuilder<F = Val>> Air<AB> for Constants {
    fn eval(&self, builder: &mut AB) {
        let column = builder.main().current_slice()[0];
        let public: Vec<AB::Expr> = builder.public_values().iter().map(|&value| value.into()).collect();
        builder.assert_zero(public[0].dup() - public[1].dup() * public[0].dup());
        builder.assert_zero(column);
        builder.assert_zero(AB::Expr::TWO);
    }
}
