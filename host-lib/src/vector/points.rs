//! Reciprocals at all points of a coset, with one inversion a chain of rows.

use karat_abi::vector::Row;
use p3_field::{ExtensionField, PrimeCharacteristicRing};

use super::domain::Domain;
use super::{element_words, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, ONE, TURN, table, word};
use crate::program::operation::Source;

/// log2 of the chains of a lane: each waits for its own products.
const MOST_UNROLL: usize = 3;

/// Reciprocals at the points `x_j = base * root^rev(j)`, in four passes that share their states: [`start`]; [`forward`] makes for every
/// row the value a of a monic polynomial at x and the product of those before it in its chain; [`invert`], a run a bit of the exponent,
/// inverts the products of all; [`backward`], runs descending, has 1 / a for every row.
///
/// Matrices: 2, fixed, the seeds `base * root^rev(t)` of each lane, flat pairs; 0 of `backward` the output of `forward`, four words a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reciprocals {
    /// Its rows.
    pub domain: Domain,
}

/// The state that holds the point.
const POINT: u16 = 0;
/// Words of a row of what `forward` puts out: the product, a, x, zero.
const LINK: usize = 4;

/// States of all passes.
pub(super) fn states(groups: usize) -> usize {
    1 + 2 * groups
}

/// The product of a chain.
fn chain(group: usize) -> (u16, Source) {
    let state = POINT + 1 + 2 * group as u16;
    (state, Source::State(state))
}

/// A power of it, and then the reciprocal of what is left of it.
fn power(group: usize) -> (u16, Source) {
    let state = chain(group).0 + 1;
    (state, Source::State(state))
}

/// The first pass.
pub(super) fn start(groups: usize) -> Kernel {
    let mut kernel = Kernel::default();
    kernel.set(POINT, word_of(2, 0, Row::Own, 0, 0), ONE);
    for group in 0..groups {
        kernel.set(chain(group).0, ONE, ONE);
        kernel.set(power(group).0, ONE, ONE);
    }
    kernel
}

/// The second, for a polynomial of degree `degree` whose other coefficients are words of the table, the lowest first.
pub(super) fn forward(groups: usize, degree: usize) -> Kernel {
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let x = match group {
            0 => Source::State(POINT),
            _ => kernel.multiply(Source::State(POINT), word(group)),
        };
        let mut value = kernel.add(x, table(degree - 1));
        for coefficient in (0..degree - 1).rev() {
            value = kernel.multiply(value, x);
            value = kernel.add(value, table(coefficient));
        }
        let (state, product) = chain(group);
        kernel.output_row(&[product, value, x], LINK);
        kernel.set(state, product, value);
    }
    kernel.set(POINT, Source::State(POINT), TURN);
    kernel
}

/// The third: the products of all chains to the power p - 2, a square and a multiplication a run. Turns say by which bits to multiply
/// ([`with_exponent`]).
pub(super) fn invert(groups: usize) -> Kernel {
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let ((_, x), (state, y)) = (chain(group), power(group));
        let less = kernel.subtract(x, ONE);
        let less = kernel.multiply(less, TURN);
        let square = kernel.multiply(y, y);
        // The square times 1 + turn * (x - 1).
        kernel.set_sum(state, square, less, square);
    }
    kernel
}

/// log2 of the bits of an exponent.
const LOG_BITS: usize = 6;

/// A table whose turns are the bits of p - 2 = 2^64 - 2^32 - 1, the highest first: ones, but for bit 32, which is run 31's, the only one of
/// 64 whose index ends in five ones.
pub(super) fn with_exponent(words: &[Val]) -> Vec<Val> {
    let bit = |ones: usize| if ones == 5 { Val::ZERO } else { Val::ONE };
    super::table(words, &std::array::from_fn::<_, { LOG_BITS + 1 }, _>(bit))
}

/// The last, from the last run to the first: what `output` puts out of 1 / a and x.
pub(super) fn backward(groups: usize, output: impl Fn(&mut Kernel, Source, Source)) -> Kernel {
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let [product, value, x] = [0, 1, 2].map(|word| word_of(0, 0, Row::Own, group, word));
        let (state, inverse) = power(group);
        let reciprocal = kernel.multiply(inverse, product);
        output(&mut kernel, reciprocal, x);
        kernel.set(state, inverse, value);
    }
    kernel
}

/// The last for the reciprocals of [`Reciprocals::of_point`].
pub(super) fn elements(groups: usize, degree: usize) -> Kernel {
    backward(groups, |kernel, reciprocal, x| {
        let element: Vec<Source> = (0..degree)
            .map(|k| {
                let numerator = numerator(kernel, x, k, degree);
                kernel.multiply(reciprocal, numerator)
            })
            .collect();
        kernel.output_row(&element, element_words(degree));
    })
}

/// Coefficient k, at x, of an element whose coefficients are polynomials of one degree less than `degree`, of leading coefficient -1 in the
/// first and 0 in the others. Coefficient i of that of k is word `k * degree + i` of the table.
fn numerator(kernel: &mut Kernel, x: Source, k: usize, degree: usize) -> Source {
    let coefficient = |i: usize| table(k * degree + i);
    if degree == 1 {
        return coefficient(0);
    }
    let mut value = match k {
        0 => kernel.subtract(coefficient(degree - 2), x),
        _ => coefficient(degree - 2),
    };
    for i in (0..degree - 2).rev() {
        value = kernel.multiply(value, x);
        value = kernel.add(value, coefficient(i));
    }
    value
}

impl Reciprocals {
    /// At `2^log_rows` points.
    pub fn new(log_rows: usize, log_lanes: usize) -> Self {
        Self { domain: Domain { log_rows, log_lanes, most_unroll: MOST_UNROLL } }
    }

    /// The runs of [`invert`], whose table is that of the last pass.
    pub fn inversion(self) -> Domain {
        Domain { log_rows: self.domain.log_lanes + LOG_BITS, most_unroll: 0, ..self.domain }
    }

    /// The table of the first two passes, for a polynomial's coefficients without the leading one.
    pub fn table(self, polynomial: &[Val], root: Val) -> Vec<Val> {
        super::table(polynomial, &self.domain.turns(root))
    }

    /// The words of [`forward`]'s stream.
    pub fn words(self, root: Val) -> Vec<Val> {
        self.domain.groups(root)
    }

    /// The polynomial m whose value at x is the norm of `z - x` up to sign, without its leading one, and the table of
    /// [`invert`] and [`elements`] that makes `1 / (z - x)` of it: `m(x) / (x - z)` is a polynomial q in x, so that this is `-q(x) / m(x)`.
    pub fn of_point<E: ExtensionField<Val>>(z: E) -> (Vec<Val>, Vec<Val>) {
        let degree = E::DIMENSION;
        // The product of x - c over the conjugates c of z.
        let mut full = vec![E::ONE];
        let mut conjugate = z;
        for _ in 0..degree {
            let mut next = vec![E::ZERO; full.len() + 1];
            for (i, &coefficient) in full.iter().enumerate() {
                next[i + 1] += coefficient;
                next[i] -= coefficient * conjugate;
            }
            full = next;
            conjugate = conjugate.exp_u64(karat_abi::P);
        }
        // Division by x - z, from the highest coefficient down.
        let mut quotient = vec![E::ZERO; degree];
        let mut carry = E::ZERO;
        for i in (0..degree).rev() {
            carry = full[i + 1] + carry * z;
            quotient[i] = carry;
        }
        let base = full[..degree].iter().map(|coefficient| coefficient.as_basis_coefficients_slice()[0]).collect();
        let mut table = Vec::new();
        for k in 0..degree {
            table.extend(quotient.iter().map(|coefficient| -coefficient.as_basis_coefficients_slice()[k]));
        }
        (base, with_exponent(&table))
    }
}
