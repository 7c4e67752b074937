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

/// `(sum over parts of y_p - r_p) / (z - x)` for every row, r_p being `sum over columns c of alpha^(o_p + c) M_p[c]`, o_p the values
/// opened before the part's; and the same at the next point, where r_p is that times a factor.
///
/// Matrices: 0 to 2 the parts; 3 the reciprocals, flat, of z in tile 0 and of the next point in tile 1. Output a tile.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Reduce {
    /// One to three.
    pub parts: Vec<Part>,
}

/// Sums of columns that are made beside each other, of all groups of a run: one after the other they would wait for the product unit.
const CHAINS: usize = 4;
/// Products of a run, at least: beside them its end hardly counts, and twice as many are all that the engine keeps from run to run.
const PRODUCTS: usize = 700;
/// log2 of the most groups of a run: what they hold together must fit.
const MOST_UNROLL: usize = 4;

impl Reduce {
    /// Its rows.
    pub fn domain(&self, log_rows: usize, log_lanes: usize, degree: usize) -> Domain {
        let products = self.columns() * degree;
        let most_unroll = PRODUCTS.div_ceil(products.max(1)).next_power_of_two().ilog2() as usize;
        Domain { log_rows, log_lanes, most_unroll: most_unroll.min(MOST_UNROLL) }
    }

    /// Of all parts.
    fn columns(&self) -> usize {
        self.parts.iter().map(|part| part.columns as usize).sum()
    }

    fn has_next(&self) -> bool {
        self.parts.iter().any(|part| part.next)
    }

    /// The program, for `groups` groups a run.
    pub(super) fn kernel<E: ExtensionField<Val>>(&self, groups: usize) -> Kernel {
        let degree = E::DIMENSION;
        let factors = Factors::of::<E>();
        let factor = |part: usize| -> Vec<Source> {
            let first = self.columns() * degree + part * factors.count();
            (first..first + factors.count()).map(word).collect()
        };
        let mut kernel = Kernel::default();
        for group in 0..groups {
            // Of z, and of the next point.
            let mut sums: [Vec<Source>; 2] =
                [0, 1].map(|point| (0..degree).map(|k| table(point * degree + k)).collect());
            // The first part, mostly the widest, comes last: nothing else is waited for then.
            for (part, Part { next, .. }) in self.parts.iter().enumerate().rev() {
                if *next {
                    let row = self.row(&mut kernel, part, group, groups, &vec![None; degree]);
                    sums[1] = factors.multiply_add(&mut kernel, &row, &factor(part), Some(&sums[1]));
                    sums[0] = sums[0].iter().zip(row).map(|(&sum, row)| kernel.add(sum, row)).collect();
                } else {
                    let before: Vec<_> = sums[0].iter().copied().map(Some).collect();
                    sums[0] = self.row(&mut kernel, part, group, groups, &before);
                }
            }
            let [own, next] = sums;
            let mut reciprocal = |point| {
                let element = element_of(3, point, Row::Own, group, 0, degree);
                factors.sources(&mut kernel, &element)
            };
            let (of_own, of_next) = (reciprocal(0), self.has_next().then(|| reciprocal(1)));
            let sum = of_next.map(|reciprocal| factors.multiply_add(&mut kernel, &next, &reciprocal, None));
            factors.output(&mut kernel, &own, &of_own, sum.as_deref(), 8);
        }
        kernel
    }

    /// `-r_p` of a row, added to what comes `before`.
    fn row(
        &self,
        kernel: &mut Kernel,
        part: usize,
        group: usize,
        groups: usize,
        before: &[Option<Source>],
    ) -> Vec<Source> {
        let Part { columns, of_tile, .. } = self.parts[part];
        let first: u32 = self.parts[..part].iter().map(|part| part.columns).sum();
        let count = CHAINS.div_ceil(groups);
        let mut chains: Vec<Vec<Option<Source>>> = before.iter().map(|&before| vec![before]).collect();
        chains.iter_mut().for_each(|chains| chains.resize(count, None));
        for column in 0..columns {
            let value = word_of(part as u8, column / of_tile, Row::Own, group, (column % of_tile) as usize);
            for (k, chains) in chains.iter_mut().enumerate() {
                let power = word((first + column) as usize * before.len() + k);
                let chain = &mut chains[column as usize % count];
                *chain = Some(match *chain {
                    None => kernel.multiply(value, power),
                    Some(sum) => kernel.multiply_add(value, power, sum),
                });
            }
        }
        let all = |chains: &Vec<Option<Source>>| chains.iter().flatten().copied().reduce(|x, y| kernel.add(x, y));
        chains.iter().map(all).map(|sum| sum.expect("a part has columns")).collect()
    }

    /// The words of the program's stream: `factors[part]` takes a part's sum from z to the next point, `offsets[part]` is o_p.
    pub fn words<E: ExtensionField<Val>>(&self, alpha: E, offsets: &[u64], factors: &[E]) -> Vec<Val> {
        let forms = Factors::of::<E>();
        let mut words = Vec::new();
        for (part, &offset) in self.parts.iter().zip(offsets) {
            // They are subtracted.
            let powers = alpha.shifted_powers(-alpha.exp_u64(offset)).take(part.columns as usize);
            words.extend(flatten(&powers.collect()));
        }
        words.extend(factors.iter().flat_map(|&factor| forms.values(factor)));
        words
    }

    /// The table: by point the sum over the parts of y_p.
    pub fn table<E: ExtensionField<Val>>(&self, values: [E; 2]) -> Vec<Val> {
        super::table(&flatten(&values), &[])
    }
}
