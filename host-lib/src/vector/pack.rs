//! Elements moved as they are.

use karat_abi::vector::Row;

use super::{element_of, element_words};
use crate::program::kernel::Kernel;

/// log2 of the groups of a run of [`pack`]: the read port, which brings a beat a row, is what it waits for.
pub(crate) const PACK_UNROLL: usize = 3;

/// From the first columns of a tile, matrix 0, to a flat vector, `groups` groups a run.
pub(super) fn pack(groups: usize, degree: usize) -> Kernel {
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let element = element_of(0, 0, Row::Own, group, 0, degree);
        kernel.output_row(&element, element_words(degree));
    }
    kernel
}

/// From a flat vector, matrix 0, to one that has at every row what that has at the row before.
pub(super) fn shift(degree: usize) -> Kernel {
    let mut kernel = Kernel::default();
    kernel.output_row(&element_of(0, 0, Row::Previous, 0, 0, degree), element_words(degree));
    kernel
}
