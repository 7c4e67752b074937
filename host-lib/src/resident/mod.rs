//! Proofs whose data stay on the card: the trace goes up once, and roots, openings and answers to queries come down.
//!
//! On the host is what the transcript decides: p3's own types play it, step for step as p3's prover does, and between two of its
//! challenges the card's commands run without the host.

mod constraints;
mod folding;
mod memory;
mod opening;
mod programs;
mod prover;
mod queries;
mod quotient;
mod selectors;
mod setup;
#[cfg(all(test, feature = "sim"))]
mod tests;
mod trace;

use std::marker::PhantomData;

use p3_field::{ExtensionField, Field, PrimeCharacteristicRing, TwoAdicField};
use p3_uni_stark::get_log_num_quotient_chunks;

pub use prover::{prove, prove_trace, prove_with_setup};
pub use setup::{Setup, required_beats, setup};
pub use trace::Trace;

use crate::backend::Node;
use crate::card::{CardMatrix, CardTree, Session};
use crate::config::{Challenge, Val};
use crate::hashing::{Hashing, HashingFor, Poseidon2};
use crate::vector::element_words;
use crate::{BackendError, Error, Parameters};

/// A field of challenges.
pub trait ChallengeField: ExtensionField<Val> + TwoAdicField {}

impl<E: ExtensionField<Val> + TwoAdicField> ChallengeField for E {}

/// What proofs are made with and on: parameters and a session of a card, for challenges in E and the hash H.
#[derive(Clone)]
pub struct ProverConfig<E = Challenge, H: Hashing = Poseidon2> {
    session: Session,
    parameters: Parameters<H>,
    checked: bool,
    challenge: PhantomData<E>,
}

impl<E: ChallengeField, H: HashingFor<E>> ProverConfig<E, H> {
    /// Proofs with these parameters in this session.
    pub fn new(session: Session, parameters: Parameters<H>) -> Self {
        Self { session, parameters, checked: false, challenge: PhantomData }
    }

    /// Whether a trace is checked against the AIR before anything of it is uploaded, on the host and row by row, so that one that does not
    /// satisfy it is [`Error::Unsatisfied`] rather than a proof that is refused. It is not unless asked for. A [`Trace`] never is: it
    /// is on the card.
    pub fn checked(self, checked: bool) -> Self {
        Self { checked, ..self }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters<H> {
        &self.parameters
    }

    /// Does a piece of work. If it fails, all of it has ended on the card, and its memory is free, when this returns.
    fn run<T>(&self, work: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let config = self.within(self.session.begun());
        work(&config).map_err(|error| {
            config.session.give_up();
            if config.session.is_cancelled() { Error::Cancelled } else { error }
        })
    }

    /// The same on another handle of the session.
    fn within(&self, session: Session) -> Self {
        Self { session, parameters: self.parameters.clone(), ..*self }
    }
}

/// Matrices in card memory, extended, and their tree.
pub(crate) struct Committed {
    matrices: Vec<CardMatrix>,
    tree: CardTree,
    /// The nodes of the cap.
    cap: Vec<Node>,
    log_cap: usize,
}

/// The shape of one proof.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// log2 of the rows of the trace.
    log_rows: usize,
    log_blowup: usize,
    /// log2 of the quotient's chunks.
    log_chunks: usize,
    log_lanes: usize,
    /// Coefficients of a challenge.
    degree: usize,
}

impl Shape {
    fn rows(self) -> u32 {
        1 << self.log_rows
    }

    /// Rows of extended matrices.
    fn extended(self) -> u32 {
        1 << (self.log_rows + self.log_blowup)
    }

    fn chunks(self) -> usize {
        1 << self.log_chunks
    }

    /// Beats of so many flat elements, at least those of a group of rows.
    fn flat_beats(self, log_count: usize) -> u32 {
        let words = element_words(self.degree) << log_count.max(self.log_lanes);
        words.div_ceil(8) as u32
    }

    /// The chunk whose values are those of block `block` of the quotient's domain.
    fn chunk_of(self, block: usize) -> usize {
        p3_util::reverse_bits_len(block, self.log_chunks)
    }

    /// The first point of a block of the quotient's domain.
    fn block_base(self, block: usize) -> Val {
        let root = Val::two_adic_generator(self.log_rows + self.log_chunks);
        Val::GENERATOR * root.exp_u64(self.chunk_of(block) as u64)
    }
}

/// Names the operation that a driver's error stopped.
fn context<T>(result: Result<T, karat_driver::Error>, operation: &str) -> Result<T, BackendError> {
    result.map_err(|error| BackendError::new(operation, error))
}
