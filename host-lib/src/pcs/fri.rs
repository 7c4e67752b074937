//! The low-degree test: layers are committed on the card and folded on the host.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use karat_abi::Stage;
use p3_challenger::{CanObserve, FieldChallenger, GrindingChallenger};
use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_fri::{
    CommitPhaseMultiStep, FriFoldingStrategy, FriShape, ProverTranscript, TwoAdicFriFolding, TwoAdicFriFoldingForMmcs,
};
use p3_matrix::dense::{RowMajorMatrix, RowMajorMatrixView};
use p3_util::{log2_strict_usize, reverse_slice_index_bits};
use tracing::{debug_span, info_span};

use super::query::{Tree, open_paths, open_rows};
use super::{ProverData, Shared};
use crate::config::{Commitment, LayerOpening, OpeningProof, Val};
use crate::hashing::{Hashing, HashingFor};
use crate::{Backend, BackendError, ChallengeField};

/// A committed layer: a codeword as a matrix whose rows fold to one value each.
struct Layer<B: Backend> {
    handle: B::Matrix,
    tree: B::Tree,
    log_rows: usize,
    log_cap: usize,
    log_arity: usize,
}

/// What folding leaves behind.
struct Folded<B: Backend, E, H: Hashing> {
    layers: Vec<Layer<B>>,
    commits: Vec<Commitment<H>>,
    witnesses: Vec<Val>,
    final_poly: Vec<E>,
}

impl<B: Backend, E: ChallengeField, H: HashingFor<E>> Shared<B, E, H> {
    /// p3's `prove_fri`, step for step in the transcript. `codewords` are bit-reversed, of falling length.
    pub(super) fn fri_proof<Ch>(
        &self,
        codewords: Vec<Vec<E>>,
        data: &[&ProverData<B>],
        batch_pow_witness: Val,
        challenger: &mut Ch,
    ) -> Result<OpeningProof<E, H>, BackendError>
    where
        Ch: FieldChallenger<Val> + CanObserve<Commitment<H>> + GrindingChallenger<Witness = Val>,
    {
        let log_heights: Vec<_> = codewords.iter().map(|c| log2_strict_usize(c.len())).collect();
        let log_height = log_heights[0];
        let shape = FriShape::new(&self.fri, &log_heights, log_height);
        let log_arities = shape.log_arities.clone();

        // p3 asserts in `drop` that a described transcript was played to its end, and this one, unlike the others, cannot
        // be told of an error. So where the card fails it is leaked: some hundred bytes.
        let mut transcript = ManuallyDrop::new(ProverTranscript::<Ch, Val, E>::new(challenger, shape));
        let folded = info_span!("fold").in_scope(|| self.fold(codewords, &log_arities, &mut transcript))?;
        let (indices, query_pow_witness) = transcript.query_phase(&folded.final_poly);
        ManuallyDrop::into_inner(transcript).finish();

        let _span = info_span!("query", queries = indices.len()).entered();
        Ok(OpeningProof::<E, H> {
            batch_pow_witness,
            commit_phase_commits: folded.commits,
            commit_pow_witnesses: folded.witnesses,
            input_openings: data
                .iter()
                .map(|data| self.answer_input(data, &indices, log_height))
                .collect::<Result<_, _>>()?,
            commit_phase_openings: self.answer_layers(&folded.layers, &indices)?,
            final_poly: folded.final_poly,
            query_pow_witness: query_pow_witness.unwrap_or(Val::ZERO),
        })
    }

    fn fold<Ch>(
        &self,
        codewords: Vec<Vec<E>>,
        log_arities: &[usize],
        transcript: &mut ProverTranscript<'_, Ch, Val, E>,
    ) -> Result<Folded<B, E, H>, BackendError>
    where
        Ch: FieldChallenger<Val> + CanObserve<Commitment<H>> + GrindingChallenger<Witness = Val>,
    {
        let folding: TwoAdicFriFoldingForMmcs<Val, H::Mmcs> = TwoAdicFriFolding(PhantomData);
        let mut shorter = codewords.into_iter().peekable();
        let mut codeword = shorter.next().expect("something is opened");
        let mut layers = Vec::new();
        let mut commits = Vec::new();
        let mut witnesses = Vec::new();

        for &log_arity in log_arities {
            // Conjugate points are adjacent in bit-reversed order: a row holds those that fold together.
            let (layer, commit) = self.commit_layer(&codeword, log_arity)?;
            let (beta, witness) = transcript.commit_round(commit.clone());
            layers.push(layer);
            commits.push(commit);
            witnesses.push(witness.unwrap_or(Val::ZERO));

            codeword = debug_span!("fold layer").in_scope(|| {
                let rows = RowMajorMatrixView::new(&codeword, 1 << log_arity);
                FriFoldingStrategy::<Val, E>::fold_matrix(&folding, beta, log_arity, rows)
            });
            if let Some(input) = shorter.next_if(|c| c.len() == codeword.len()) {
                let weight = beta.exp_power_of_2(log_arity);
                for (value, input) in codeword.iter_mut().zip(input) {
                    *value += weight * input;
                }
            }
        }

        // The first block of a bit-reversed codeword of low degree determines it.
        codeword.truncate(self.fri.final_poly_len());
        reverse_slice_index_bits(&mut codeword);
        Ok(Folded {
            layers,
            commits,
            witnesses,
            final_poly: Radix2DFTSmallBatch::<Val>::default().idft_algebra(codeword),
        })
    }

    fn commit_layer(&self, codeword: &[E], log_arity: usize) -> Result<(Layer<B>, Commitment<H>), BackendError> {
        let width = <E as BasedVectorSpace<Val>>::DIMENSION << log_arity;
        let log_rows = log2_strict_usize(codeword.len()) - log_arity;
        let values = RowMajorMatrix::new(E::flatten_to_base(codeword.to_vec()), width);
        let handle = self.backend.upload(&values, Stage::Fri)?;
        let (commit, tree, log_cap) = self.merkle(&[&handle], log_rows, Stage::Fri)?;
        let layer = Layer { handle, tree, log_rows, log_cap, log_arity };
        Ok((layer, commit))
    }

    /// The siblings of every query in every layer, and their paths.
    fn answer_layers(&self, layers: &[Layer<B>], indices: &[usize]) -> Result<Vec<LayerOpening<E, H>>, BackendError> {
        let mut indices = indices.to_vec();
        layers
            .iter()
            .map(|layer| {
                let rows: Vec<_> = indices.iter().map(|i| i >> layer.log_arity).collect();
                let width = <E as BasedVectorSpace<Val>>::DIMENSION << layer.log_arity;
                let opened = open_rows(&*self.backend, &layer.handle, width, &rows)?;
                let sibling_values = indices
                    .iter()
                    .zip(opened)
                    .map(|(index, row)| {
                        let queried = index % (1 << layer.log_arity);
                        let row = E::reconstitute_from_base(row).into_iter();
                        row.enumerate().filter_map(|(i, value)| (i != queried).then_some(value)).collect()
                    })
                    .collect();
                let tree = Tree { handle: &layer.tree, log_height: layer.log_rows, log_cap: layer.log_cap };
                let opening_proof = open_paths::<B, H>(&*self.backend, &tree, &rows)?;
                indices = rows;
                Ok(CommitPhaseMultiStep { sibling_values, opening_proof })
            })
            .collect()
    }
}
