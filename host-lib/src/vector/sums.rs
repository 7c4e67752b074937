//! Columns at an out-of-domain point: weighted sums over all rows.
//!
//! In three passes, which share their states: all sums are zero; for each of the columns the coefficients of `sum over r of
//! (w_r - shift) * M[r][c]`; and the sums of all lanes. For M's next rows the weights are those of the row before.
//!
//! Matrices: 0 M; 1 the weights w, flat. The table has the coefficients of `shift`.

use karat_abi::vector::{LOG_UNROLL_MAX, Row};
use p3_field::ExtensionField;

use super::{Domain, LOG_OUTPUT, element_of, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, ONE, ZERO, table};
use crate::program::operation::Source;

/// Most sums that can be put out: eight words a row, and as many beats as lanes for them.
pub(crate) fn most_sums(log_lanes: usize) -> usize {
    8 << (LOG_OUTPUT - log_lanes)
}

/// The groups of eight words, a group a row, in which so many sums are put out.
pub(crate) fn sum_groups(count: usize, log_lanes: usize) -> Domain {
    let log_groups = count.div_ceil(8).next_power_of_two().ilog2() as usize;
    Domain { log_rows: log_lanes + log_groups, log_lanes, most_unroll: MOST_UNROLL }
}

/// log2 of the most groups of a run of [`finish`]: moving the other sums takes the product unit as long as adding takes the sum unit.
const MOST_UNROLL: usize = 2;

/// Products of a run of [`sums`], so that its end does not count.
const PRODUCTS: usize = 500;

/// The rows of the second pass, for `count` sums.
pub(crate) fn sum_rows(log_rows: usize, log_lanes: usize, count: usize) -> Domain {
    let most_unroll = PRODUCTS.div_ceil(count.max(1)).next_power_of_two().ilog2() as usize;
    Domain { log_rows, log_lanes, most_unroll: most_unroll.min(LOG_UNROLL_MAX as usize) }
}

/// The first pass.
pub(super) fn start(count: usize) -> Kernel {
    let mut kernel = Kernel::default();
    for state in 0..count {
        kernel.set(state as u16, ZERO, ZERO);
    }
    kernel
}

/// The second, for so many columns, `of_tile` a tile, and `groups` groups a run.
pub(super) fn sums<E: ExtensionField<Val>>(columns: u32, of_tile: u32, groups: usize) -> (Kernel, usize) {
    let count = columns as usize * E::DIMENSION;
    let mut kernel = Kernel::default();
    let mut sums: Vec<Source> = (0..count).map(|state| Source::State(state as u16)).collect();
    for group in 0..groups {
        let weight = element_of(1, 0, Row::Own, group, 0, E::DIMENSION).into_iter().enumerate();
        let weight: Vec<Source> = weight.map(|(k, weight)| kernel.subtract(weight, table(k))).collect();
        for (state, sum) in sums.iter_mut().enumerate() {
            let (column, k) = ((state / E::DIMENSION) as u32, state % E::DIMENSION);
            let value = word_of(0, column / of_tile, Row::Own, group, (column % of_tile) as usize);
            if group + 1 < groups {
                *sum = kernel.multiply_add(value, weight[k], *sum);
            } else {
                kernel.set_sum(state as u16, value, weight[k], *sum);
            }
        }
    }
    (kernel, count)
}

/// The last, which puts out for each lane alike the coefficients of one column after the other. A run puts out the first sums, as many as
/// `groups` groups hold, and moves the others to their place.
pub(super) fn finish(count: usize, groups: usize, log_lanes: usize) -> Kernel {
    let mut kernel = Kernel::default();
    let first = 8 * groups;
    for state in 0..first {
        let sum = kernel.sum_lanes(Source::State(state as u16), 1 << log_lanes);
        kernel.output(sum);
    }
    for state in first..count {
        kernel.set((state - first) as u16, Source::State(state as u16), ONE);
    }
    kernel
}
