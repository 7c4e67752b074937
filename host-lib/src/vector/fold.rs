//! Folds of the low-degree test.

use karat_abi::vector::{LOG_UNROLL_MAX, Row};
use p3_field::{ExtensionField, Field, PrimeCharacteristicRing, TwoAdicField};

use super::domain::Domain;
use super::extension::Factors;
use super::{LOG_OUTPUT, element_of, element_words, flatten, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, TURN, ZERO, table, word};
use crate::program::operation::Source;

/// A fold of two: value j of `2^log_rows` is `(lo + hi) / 2 + (lo - hi) * beta * w^-rev(j) / 2`, lo and hi values 2j and 2j + 1 of a
/// codeword on the subgroup that w generates, in bit-reversed order; and, if it `joins` another input of that length, `weight` times its
/// value j more.
///
/// That is `lo + (lo - hi) * (beta * w^-rev(j) - 1) / 2`, which takes no products for the half of a sum.
///
/// Matrices: 0 the codeword, a row two flat elements; 1 the other input, flat; 2, fixed, [`Fold::seeds`], flat pairs. Output flat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    /// Its rows.
    pub domain: Domain,
}

impl Fold {
    /// To `2^log_rows` values, of `degree` coefficients.
    pub fn new(log_rows: usize, log_lanes: usize, degree: usize) -> Self {
        let log_beats = log_lanes + element_words(degree).ilog2() as usize - 3;
        let most_unroll = (LOG_UNROLL_MAX as usize).min(LOG_OUTPUT - log_beats);
        Self { domain: Domain { log_rows, log_lanes, most_unroll } }
    }

    fn root(self) -> Val {
        Val::two_adic_generator(self.domain.log_rows + 1).inverse()
    }

    /// `w^-rev(t) / 2` for every lane.
    pub fn seeds(self) -> Vec<Val> {
        self.domain.seeds(Val::TWO.inverse(), self.root())
    }

    /// The table of both passes.
    pub fn table<E: ExtensionField<Val>>(self, beta: E) -> Vec<Val> {
        let words: Vec<Val> = [Val::TWO.inverse()].into_iter().chain(flatten(&[beta])).collect();
        super::table(&words, &self.domain.turns(self.root()))
    }

    /// The words of the program's stream; `weight` is that of the other input.
    pub fn words<E: ExtensionField<Val>>(self, weight: E) -> Vec<Val> {
        let mut words = self.domain.groups(self.root());
        words.extend(Factors::of::<E>().values(weight));
        words
    }
}

/// The first pass, which gives the states their values: the coefficients of `beta * w^-rev(j) / 2` for the first run's rows.
pub(super) fn start<E: ExtensionField<Val>>() -> (Kernel, usize) {
    let mut kernel = Kernel::default();
    for k in 0..E::DIMENSION {
        kernel.set(k as u16, word_of(2, 0, Row::Own, 0, 0), table(1 + k));
    }
    (kernel, E::DIMENSION)
}

/// The program, for `groups` groups a run; and its states.
pub(super) fn fold<E: ExtensionField<Val>>(groups: usize, joins: bool) -> (Kernel, usize) {
    let (degree, words) = (E::DIMENSION, element_words(E::DIMENSION));
    let factors = Factors::of::<E>();
    let states: Vec<Source> = (0..degree).map(|k| Source::State(k as u16)).collect();
    let weight: Vec<Source> = (0..factors.count()).map(|form| word(groups + form)).collect();
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let mut factor: Vec<Source> = match group {
            0 => states.clone(),
            _ => states.iter().map(|&state| kernel.multiply(state, word(group))).collect(),
        };
        factor[0] = kernel.subtract(factor[0], table(0));
        let factor = factors.sources(&mut kernel, &factor);
        let [low, high] = [0, words].map(|first| element_of(0, 0, Row::Own, group, first, degree));
        let joined = joins.then(|| {
            let other = element_of(1, 0, Row::Own, group, 0, degree);
            factors.multiply_add(&mut kernel, &other, &weight, None)
        });
        let difference: Vec<Source> = low.iter().zip(&high).map(|(&low, &high)| kernel.subtract(low, high)).collect();
        let rest = factors.multiply_add(&mut kernel, &difference, &factor, joined.as_deref());
        rest.iter().zip(&low).for_each(|(&rest, &low)| kernel.output_sum(rest, low));
        (degree..words).for_each(|_| kernel.output(ZERO));
    }
    for (k, &state) in states.iter().enumerate() {
        kernel.set(k as u16, state, TURN);
    }
    (kernel, degree)
}
