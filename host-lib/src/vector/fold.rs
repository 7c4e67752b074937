//! Folds of the low-degree test.

use karat_abi::vector::Row;
use p3_field::{ExtensionField, Field, PrimeCharacteristicRing, TwoAdicField};

use super::domain::Domain;
use super::extension::Factors;
use super::{LOG_OUTPUT, element_of, element_words, word_of};
use crate::config::Val;
use crate::program::kernel::{Kernel, TURN, table, word};
use crate::program::operation::Source;

/// A fold of two: value j of `2^log_rows` is `(lo + hi) / 2 + (lo - hi) * beta * w^-rev(j) / 2`, lo and hi values 2j and 2j + 1 of a
/// codeword on the subgroup that w generates, in bit-reversed order. In two passes that share their states: [`start`] and [`fold`].
///
/// Matrices: 0 the codeword, a row two flat elements; 2, fixed, [`Fold::seeds`], flat pairs. Output flat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    /// Its rows.
    pub domain: Domain,
}

/// log2 of the groups of a run, of which the most that there are is taken: 16 keep the multipliers busy, and what the last layers take
/// is not worth more programs.
const UNROLL: [usize; 3] = [4, 2, 0];

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

    /// The table of both passes.
    pub fn table<E: ExtensionField<Val>>(self, beta: E) -> Vec<Val> {
        let words: Vec<Val> = [Val::TWO.inverse()].into_iter().chain(Factors::of::<E>().values(beta)).collect();
        super::table(&words, &self.domain.turns(self.root()))
    }

    /// The words of the first pass's stream.
    pub fn words(self) -> Vec<Val> {
        self.domain.groups(self.root())
    }
}

/// The state that holds the value of a form at a group.
fn state(forms: usize, group: usize, form: usize) -> u16 {
    (group * forms + form) as u16
}

/// States of both passes.
pub(super) fn states<E: ExtensionField<Val>>(groups: usize) -> usize {
    groups * Factors::of::<E>().count()
}

/// The first pass, which gives the states of `groups` groups their values.
pub(super) fn start<E: ExtensionField<Val>>(groups: usize) -> Kernel {
    let forms = Factors::of::<E>().count();
    let mut kernel = Kernel::default();
    let seed = word_of(2, 0, Row::Own, 0, 0);
    for group in 0..groups {
        let power = if group == 0 { seed } else { kernel.multiply(seed, word(group)) };
        for form in 0..forms {
            kernel.set(state(forms, group, form), power, table(1 + form));
        }
    }
    kernel
}

/// The second, for `groups` groups a run. States are turned while the last groups' sums are awaited.
pub(super) fn fold<E: ExtensionField<Val>>(groups: usize) -> Kernel {
    let (degree, words) = (E::DIMENSION, element_words(E::DIMENSION));
    let factors = Factors::of::<E>();
    let count = factors.count();
    let states = |group| (0..count).map(move |form| state(count, group, form));
    let mut kernel = Kernel::default();
    for group in 0..groups {
        let [low, high] = [0, words].map(|first| element_of(0, 0, Row::Own, group, first, degree));
        let mut sum: Vec<Source> = Vec::new();
        for (&low, &high) in low.iter().zip(&high) {
            let both = kernel.add(low, high);
            sum.push(kernel.multiply(both, table(0)));
        }
        let difference: Vec<Source> = low.iter().zip(&high).map(|(&low, &high)| kernel.subtract(low, high)).collect();
        let forms: Vec<Source> = states(group).map(Source::State).collect();
        factors.output(&mut kernel, &difference, &forms, Some(&sum), words);
    }
    for state in (0..groups).flat_map(states) {
        kernel.set(state, Source::State(state), TURN);
    }
    kernel
}
