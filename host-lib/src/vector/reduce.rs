//! The reduction of all openings to one codeword, on as many rows as the columns have coefficients.

use karat_abi::vector::Row;
use p3_field::ExtensionField;

use super::domain::Domain;
use super::extension::Factors;
use super::{element_of, flatten, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, table, word};
use crate::program::operation::Source;

/// Columns that are opened together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Part {
    /// Columns.
    pub columns: u32,
    /// Columns of a tile.
    pub of_tile: u32,
    /// They are opened at the next point too.
    pub next: bool,
}

/// `(sum over parts of o_p (y_p - r_p)) / (z - x)` for every row, and the same at the next point, where r_p is
/// `sum over columns c of alpha^c M_p[c]`: per part and point a factor o and a value y.
///
/// Matrices: 0 to 2 the parts; 3 the reciprocals, flat, of z in tile 0 and of the next point in tile 1. Output a tile.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Reduce {
    /// One to three.
    pub parts: Vec<Part>,
}

/// Sums of a row's columns that are made beside each other: one after the other they would wait for the product unit.
const CHAINS: usize = 4;
/// Products of a run, so that its end does not count.
const PRODUCTS: usize = 1000;
/// log2 of the most groups of a run: what they hold together must fit.
const MOST_UNROLL: usize = 4;

impl Reduce {
    /// Its rows.
    pub fn domain(&self, log_rows: usize, log_lanes: usize, degree: usize) -> Domain {
        let products = self.widest() as usize * degree;
        let most_unroll = PRODUCTS.div_ceil(products.max(1)).next_power_of_two().ilog2() as usize;
        Domain { log_rows, log_lanes, most_unroll: most_unroll.min(MOST_UNROLL) }
    }

    fn widest(&self) -> u32 {
        self.parts.iter().map(|part| part.columns).max().unwrap_or(0)
    }

    fn has_next(&self) -> bool {
        self.parts.iter().any(|part| part.next)
    }

    /// The program, for `groups` groups a run.
    pub(super) fn kernel<E: ExtensionField<Val>>(&self, groups: usize) -> Kernel {
        let degree = E::DIMENSION;
        let factors = Factors::of::<E>();
        let factor = |part: usize, point: usize| -> Vec<Source> {
            let first = self.widest() as usize * degree + (2 * part + point) * factors.count();
            (first..first + factors.count()).map(word).collect()
        };
        let mut kernel = Kernel::default();
        for group in 0..groups {
            let rows: Vec<Vec<Source>> =
                (0..self.parts.len()).map(|part| self.row(&mut kernel, part, group, degree)).collect();
            let mut sum = None;
            for point in 0..=usize::from(self.has_next()) {
                let opened = self.parts.iter().enumerate().filter(|(_, part)| point == 0 || part.next);
                let mut all: Option<Vec<Source>> = None;
                for (part, _) in opened {
                    all = Some(factors.multiply_add(&mut kernel, &rows[part], &factor(part, point), all.as_deref()));
                }
                let all = all.expect("something is opened").into_iter().enumerate();
                let all: Vec<Source> = all.map(|(k, x)| kernel.add(x, table(point * degree + k))).collect();
                let reciprocal = element_of(3, point as u32, Row::Own, group, 0, degree);
                let reciprocal = factors.sources(&mut kernel, &reciprocal);
                sum = Some(factors.multiply_add(&mut kernel, &all, &reciprocal, sum.as_deref()));
            }
            kernel.output_row(&sum.expect("a point"), 8);
        }
        kernel
    }

    /// `sum over c of alpha^c M[c]` of a part's row.
    fn row(&self, kernel: &mut Kernel, part: usize, group: usize, degree: usize) -> Vec<Source> {
        let Part { columns, of_tile, .. } = self.parts[part];
        let mut chains = vec![[None; CHAINS]; degree];
        for column in 0..columns {
            let value = word_of(part as u8, column / of_tile, Row::Own, group, (column % of_tile) as usize);
            for (k, chains) in chains.iter_mut().enumerate() {
                let power = word(column as usize * degree + k);
                let chain = &mut chains[column as usize % CHAINS];
                *chain = Some(match *chain {
                    None => kernel.multiply(value, power),
                    Some(sum) => kernel.multiply_add(value, power, sum),
                });
            }
        }
        let all = |chains: &[Option<Source>; CHAINS]| chains.iter().flatten().copied().reduce(|x, y| kernel.add(x, y));
        chains.iter().map(all).map(|sum| sum.expect("a part has columns")).collect()
    }

    /// The words of the program's stream: `factors[part][point]`, those that are not opened anything.
    pub fn words<E: ExtensionField<Val>>(&self, alpha: E, factors: &[[E; 2]]) -> Vec<Val> {
        let forms = Factors::of::<E>();
        let powers: Vec<E> = alpha.powers().take(self.widest() as usize).collect();
        let mut words = flatten(&powers);
        // They are subtracted.
        words.extend(factors.iter().flatten().flat_map(|&factor| forms.values(-factor)));
        words
    }

    /// The table: by point the sum over the parts of `o_p y_p`.
    pub fn table<E: ExtensionField<Val>>(&self, values: [E; 2]) -> Vec<Val> {
        super::table(&flatten(&values), &[])
    }
}
