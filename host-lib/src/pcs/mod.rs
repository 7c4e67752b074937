//! Plonky3's polynomial commitment scheme, on a card.
//!
//! On the card: low-degree extension, trees, and the rows and paths that answer queries, of the trace, the quotient
//! chunks and the folded layers. On the host: quotient values (p3's own prover computes them, from the extended trace
//! that comes back), opened values, their reduction, folding, and everything of the transcript.
//!
//! Faults. Every step of p3's `Pcs` that talks to the card returns a `Result`, except
//! [`get_evaluations_on_domain`](p3_commit::UnivariateStarkPcs::get_evaluations_on_domain). Where the download in it
//! fails, it keeps the error in the prover data and returns zeros of the right shape; [`Pcs::open`], without which
//! there is no proof, returns the kept error. So a fault of the card is always an `Err` of p3's `prove`, never a panic,
//! and a proof is never made of the zeros.

mod commitment;
mod fri;
mod open;
pub(crate) mod query;

use std::sync::Arc;

use p3_challenger::{CanObserve, FieldChallenger, GrindingChallenger};
use p3_commit::{
    CommitmentOpening, OpenedValues, OpeningRequest, Pcs, PeriodicLdeTable, PolynomialSpace, UnivariateStarkPcs,
};
use p3_field::{Field, TwoAdicField};
use p3_fri::{FriParameters, FriProverError};
use p3_matrix::bitrev::{BitReversedMatrixView, BitReversibleMatrix};
use p3_matrix::dense::{RowMajorMatrix, RowMajorMatrixCow};

pub use commitment::ProverData;

use crate::config::{Challenge, ChallengeMmcs, Commitment, CpuPcs, Dft, Domain, OpeningProof, Val};
use crate::hashing::{Hashing, HashingFor, Poseidon2};
use crate::{Backend, BackendError, ChallengeField, Parameters};

/// What a verifier refuses.
type VerifyError<E, H> = <CpuPcs<E, H> as Pcs<E, <H as Hashing>::Challenger>>::Error;

/// A drop-in for `TwoAdicFriPcs` that commits and opens on a card.
///
/// Proofs are of the same type and have the same bytes; verifying is p3's own. Cloning shares the card.
///
/// B is the card, E the field of challenges, H the hash of trees.
pub struct CardPcs<B, E: ChallengeField = Challenge, H: HashingFor<E> = Poseidon2> {
    shared: Arc<Shared<B, E, H>>,
}

struct Shared<B, E: ChallengeField, H: HashingFor<E>> {
    backend: Arc<B>,
    fri: FriParameters<ChallengeMmcs<E, H>>,
    cap_height: usize,
    dft: Dft,
    verifier: CpuPcs<E, H>,
}

impl<B, E: ChallengeField, H: HashingFor<E>> Clone for CardPcs<B, E, H> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// Why a card does not make a proof.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardPcsError {
    /// The matrices are too short for the parameters.
    #[error(transparent)]
    Fri(#[from] FriProverError),
    /// The card failed.
    #[error(transparent)]
    Card(#[from] BackendError),
}

impl<B: Backend, E: ChallengeField, H: HashingFor<E>> CardPcs<B, E, H> {
    /// A commitment scheme on `backend`, which takes the constants of `parameters`.
    ///
    /// # Errors
    /// When the card cannot take the constants.
    pub fn new(backend: Arc<B>, parameters: &Parameters<H>) -> Result<Self, BackendError> {
        if let Some(constants) = H::round_constants(&parameters.constants) {
            backend.load_constants(constants)?;
        }
        Ok(Self {
            shared: Arc::new(Shared {
                backend,
                fri: parameters.fri::<E>(),
                cap_height: parameters.cap_height,
                dft: Dft::default(),
                verifier: CpuPcs::<E, H>::new(Dft::default(), parameters.mmcs(), parameters.fri::<E>()),
            }),
        })
    }

    /// The card.
    pub fn backend(&self) -> &B {
        &self.shared.backend
    }
}

impl<B, E, H, Ch> Pcs<E, Ch> for CardPcs<B, E, H>
where
    B: Backend,
    E: ChallengeField,
    H: HashingFor<E>,
    Ch: FieldChallenger<Val> + CanObserve<Commitment<H>> + GrindingChallenger<Witness = Val>,
{
    type Domain = Domain;
    type Commitment = Commitment<H>;
    type ProverData = ProverData<B>;
    type Proof = OpeningProof<E, H>;
    type Error = VerifyError<E, H>;
    type ProverError = CardPcsError;

    fn natural_domain_for_degree(&self, degree: usize) -> Domain {
        Pcs::<E, Ch>::natural_domain_for_degree(&self.shared.verifier, degree)
    }

    fn commit(
        &self,
        evaluations: impl IntoIterator<Item = (Domain, RowMajorMatrix<Val>)>,
    ) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        self.shared.commit(evaluations)
    }

    fn open(
        &self,
        requests: Vec<OpeningRequest<'_, ProverData<B>, E>>,
        challenger: &mut Ch,
    ) -> Result<(OpenedValues<E>, OpeningProof<E, H>), CardPcsError> {
        self.shared.open(&requests, challenger)
    }

    fn verify(
        &self,
        claims: Vec<CommitmentOpening<E, Commitment<H>, Domain>>,
        proof: &OpeningProof<E, H>,
        challenger: &mut Ch,
    ) -> Result<(), VerifyError<E, H>> {
        Pcs::<E, Ch>::verify(&self.shared.verifier, claims, proof, challenger)
    }
}

impl<B, E, H, Ch> UnivariateStarkPcs<E, Ch> for CardPcs<B, E, H>
where
    B: Backend,
    E: ChallengeField,
    H: HashingFor<E>,
    Ch: FieldChallenger<Val> + CanObserve<Commitment<H>> + GrindingChallenger<Witness = Val>,
{
    type EvaluationsOnDomain<'a> = BitReversedMatrixView<RowMajorMatrixCow<'a, Val>>;

    const ZK: bool = false;

    fn log_max_trace_height(&self) -> usize {
        Val::TWO_ADICITY
    }

    fn log_min_trace_height(&self) -> usize {
        0
    }

    fn commit_quotient(
        &self,
        quotient_domain: Domain,
        quotient_evaluations: RowMajorMatrix<Val>,
        num_chunks: usize,
    ) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        // p3's default extends on the host before it commits; here a chunk is a matrix like any other.
        let chunks = quotient_domain.split_evals(num_chunks, quotient_evaluations);
        let domains = quotient_domain.split_domains(num_chunks);
        self.shared.commit(domains.into_iter().zip(chunks))
    }

    fn get_quotient_ldes(
        &self,
        evaluations: impl IntoIterator<Item = (Domain, RowMajorMatrix<Val>)>,
        _num_chunks: usize,
    ) -> Result<Vec<RowMajorMatrix<Val>>, CardPcsError> {
        // Only provers that collect chunks of several AIRs before they commit call this: p3's uni-stark does not.
        evaluations.into_iter().map(|(domain, values)| self.shared.extend_and_download(domain, &values)).collect()
    }

    fn commit_ldes(&self, ldes: Vec<RowMajorMatrix<Val>>) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        self.shared.commit_extended(&ldes)
    }

    fn get_evaluations_on_domain<'a>(
        &self,
        data: &'a ProverData<B>,
        index: usize,
        domain: Domain,
    ) -> Self::EvaluationsOnDomain<'a> {
        self.shared.evaluations(data, index, domain).bit_reverse_rows()
    }

    fn build_periodic_lde_table(
        &self,
        columns: &[Vec<Val>],
        trace_domain: Domain,
        quotient_domain: Domain,
    ) -> PeriodicLdeTable<Val> {
        p3_fri::build_periodic_lde_table_two_adic(&self.shared.dft, columns, &trace_domain, &quotient_domain)
    }
}

/// The shift that takes evaluations on `domain` to the coset on which everything is committed.
fn commit_shift(domain: Domain) -> Val {
    Val::GENERATOR * domain.shift().inverse()
}
