//! What the vector engine does for a proof, as programs: each with the values of its constants, for the rows of a two-adic coset
//! in bit-reversed order.
//!
//! An element of the challenge field is as many words as it has coefficients, filled up with zeros to a power of two
//! ([`element_words`]). A *flat* vector of elements has one behind the other; a *tile* has one a beat.

mod domain;
mod extension;
mod fold;
mod pack;
mod points;
mod reduce;
mod selectors;
mod sums;

pub(crate) use domain::Domain;
pub(crate) use fold::Fold;
pub(crate) use pack::PACK_UNROLL;
pub(crate) use points::Reciprocals;
pub(crate) use reduce::{Part, Reduce};
pub(crate) use selectors::Selectors;
pub(crate) use sums::{most_sums, sum_groups, sum_rows};

use karat_abi::vector::{Row, TABLE, TURN};
use p3_field::{ExtensionField, PrimeCharacteristicRing};

use crate::config::Val;
use crate::program::kernel::Kernel;
use crate::program::operation::{Source, Tile};
use crate::program::{Code, ProgramError};

/// A program that is the same for all proofs in a challenge field: compiled, and put on the card, once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Shape {
    /// See `fold.rs`.
    FoldStart { groups: usize },
    /// Of two, for so many groups a run; another input joins it or not.
    Fold { groups: usize, joins: bool },
    /// See `pack.rs`.
    Pack { groups: usize },
    /// See `pack.rs`.
    Shift,
    /// See `points.rs`.
    ChainStart { groups: usize },
    /// For a polynomial of that degree.
    ChainForward { groups: usize, degree: usize },
    /// See `points.rs`.
    ChainInvert { groups: usize },
    /// See `points.rs`.
    Elements { groups: usize },
    /// See `selectors.rs`.
    SelectorsFirst { groups: usize },
    /// See `selectors.rs`.
    SelectorsFinish,
    /// See `sums.rs`.
    SumsStart { count: usize },
    /// See `sums.rs`.
    Sums { columns: u32, of_tile: u32, groups: usize },
    /// See `sums.rs`.
    SumsFinish { count: usize, groups: usize, log_lanes: usize },
    /// See `reduce.rs`.
    Reduce { reduce: Reduce, groups: usize },
}

impl Shape {
    /// The programs of the two passes of a fold that nothing joins.
    pub fn of_fold(fold: &Fold) -> [Self; 2] {
        let groups = fold.domain.unroll();
        [Self::FoldStart { groups }, Self::Fold { groups, joins: false }]
    }

    /// Compiles it.
    pub fn compile<E: ExtensionField<Val>>(&self) -> Result<Code, ProgramError> {
        let (kernel, states) = match *self {
            Self::FoldStart { groups } => (fold::start::<E>(groups), fold::states::<E>(groups)),
            Self::Fold { groups, joins } => (fold::fold::<E>(groups, joins), fold::states::<E>(groups)),
            Self::Pack { groups } => (pack::pack(groups, E::DIMENSION), 0),
            Self::Shift => (pack::shift(E::DIMENSION), 0),
            Self::ChainStart { groups } => (points::start(groups), points::states(groups)),
            Self::ChainForward { groups, degree } => (points::forward(groups, degree), points::states(groups)),
            Self::ChainInvert { groups } => (points::invert(groups), points::states(groups)),
            Self::Elements { groups } => (points::elements(groups, E::DIMENSION), points::states(groups)),
            Self::SelectorsFirst { groups } => (selectors::first(groups), points::states(groups)),
            Self::SelectorsFinish => (selectors::finish(), 0),
            Self::SumsStart { count } => (sums::start(count), count),
            Self::Sums { columns, of_tile, groups } => sums::sums::<E>(columns, of_tile, groups),
            Self::SumsFinish { count, groups, log_lanes } => (sums::finish(count, groups, log_lanes), count),
            Self::Reduce { ref reduce, groups } => (reduce.kernel::<E>(groups), 0),
        };
        kernel.finish(states as u16)
    }
}

/// log2 of the beats that a run may put out.
const LOG_OUTPUT: usize = 7;

/// Words that an element takes in memory.
pub(crate) const fn element_words(degree: usize) -> usize {
    degree.next_power_of_two()
}

/// A table: zero, nothing, one, the caller's words, and the turns.
pub(crate) fn table(words: &[Val], turns: &[Val]) -> Vec<Val> {
    let mut table = vec![Val::ZERO; TABLE];
    table[2] = Val::ONE;
    table[Kernel::TABLE..][..words.len()].copy_from_slice(words);
    table[TURN..][..turns.len()].copy_from_slice(turns);
    table
}

/// A table of elements and nothing else.
pub(crate) fn table_of<E: ExtensionField<Val>>(elements: &[E]) -> Vec<Val> {
    table(&flatten(elements), &[])
}

/// Word of tile `tile` of a matrix, of each row of a group.
fn word_of(matrix: u8, tile: u32, row: Row, group: usize, word: usize) -> Source {
    Source::Tile(Tile { matrix, tile, row, group: group as u8 }, word as u8)
}

/// The first words of an element.
fn element_of(matrix: u8, tile: u32, row: Row, group: usize, first: usize, degree: usize) -> Vec<Source> {
    (first..first + degree).map(|word| word_of(matrix, tile, row, group, word)).collect()
}

/// The coefficients of elements, one behind the other.
fn flatten<E: ExtensionField<Val>>(elements: &[E]) -> Vec<Val> {
    elements.iter().flat_map(|element| element.as_basis_coefficients_slice().to_vec()).collect()
}
