//! Folds of the low-degree test.

use karat_abi::vector::Row;
use p3_field::{ExtensionField, Field, PrimeCharacteristicRing, TwoAdicField};

use super::domain::Domain;
use super::extension::Factors;
use super::{LOG_OUTPUT, element_of, element_words, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, TURN, ZERO, table, word};
use crate::program::operation::Source;

/// A fold of two: value j of `2^log_rows` is `(lo + hi) / 2 + (lo - hi) * beta * w^-rev(j) / 2`, lo and hi values 2j and 2j + 1 of a
/// codeword on the subgroup that w generates, in bit-reversed order; and, if another input of that length joins it, `weight` times its
/// value j more. In two passes that share their states: [`start`] and [`fold`].
///
/// That is `lo + (lo - hi) * (beta * w^-rev(j) - 1) / 2`, which takes no products for the half of a sum.
///
/// Matrices: 0 the codeword, a row two flat elements; 1 the other input, flat; 2, fixed, [`Fold::seeds`], flat pairs. Output flat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    /// Its rows.
    pub domain: Domain,
}

/// log2 of the groups of a run, of which the most that there are is taken: 32 keep the multipliers busy, and what the last layers take
/// is not worth more programs.
const UNROLL: [usize; 3] = [5, 2, 0];

impl Fold {
    /// To `2^log_rows` values, of `degree` coefficients.
    pub fn new(log_rows: usize, log_lanes: usize, degree: usize) -> Self {
        let log_beats = log_lanes + element_words(degree).ilog2() as usize - 3;
        let most = log_rows.saturating_sub(log_lanes).min(LOG_OUTPUT - log_beats);
        let most_unroll = UNROLL.into_iter().find(|&unroll| unroll <= most).expect("one group always fits");
        Self { domain: Domain { log_rows, log_lanes, most_unroll } }
    }

    fn root(self) -> Val {
        Val::two_adic_generator(self.domain.log_rows + 1).inverse()
    }

    /// `w^-rev(t) / 2` for every lane.
    pub fn seeds(self) -> Vec<Val> {
        self.domain.seeds(Val::TWO.inverse(), self.root())
    }

    /// The table of both passes; `weight` is that of an input that joins.
    pub fn table<E: ExtensionField<Val>>(self, beta: E, weight: E) -> Vec<Val> {
        let factors = Factors::of::<E>();
        let mut words = vec![Val::TWO.inverse()];
        words.extend(factors.term_values(beta));
        words.extend(factors.values(weight));
        super::table(&words, &self.domain.turns(self.root()))
    }

    /// The words of the first pass's stream.
    pub fn words(self) -> Vec<Val> {
        self.domain.groups(self.root())
    }
}

/// The state that holds the value of a term of `beta * w^-rev(j) / 2` at a group.
fn state(terms: usize, group: usize, term: usize) -> u16 {
    (group * terms + term) as u16
}

/// States of both passes.
pub(super) fn states<E: ExtensionField<Val>>(groups: usize) -> usize {
    groups * Factors::of::<E>().terms().len()
}

/// The first pass, which gives the states of `groups` groups their values.
pub(super) fn start<E: ExtensionField<Val>>(groups: usize) -> Kernel {
    let terms = Factors::of::<E>().terms().len();
    let mut kernel = Kernel::default();
    let seed = word_of(2, 0, Row::Own, 0, 0);
    for group in 0..groups {
        let power = if group == 0 { seed } else { kernel.multiply(seed, word(group)) };
        for term in 0..terms {
            kernel.set(state(terms, group, term), power, table(1 + term));
        }
    }
    kernel
}

/// The second, for `groups` groups a run. States are turned while the last groups' sums are awaited.
pub(super) fn fold<E: ExtensionField<Val>>(groups: usize, joins: bool) -> Kernel {
    let (degree, words) = (E::DIMENSION, element_words(E::DIMENSION));
    let factors = Factors::of::<E>();
    let terms = factors.terms().len();
    let states = |group| (0..terms).map(move |term| state(terms, group, term));
    let weight: Vec<Source> = (0..factors.count()).map(|form| table(1 + terms + form)).collect();
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let mut factor: Vec<Source> = states(group).map(Source::State).collect();
        // The first term is the first coefficient, and no other has that one.
        factor[0] = kernel.subtract(factor[0], table(0));
        let factor = factors.sums(&mut kernel, &factor);
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
    for state in (0..groups).flat_map(states) {
        kernel.set(state, Source::State(state), TURN);
    }
    kernel
}
