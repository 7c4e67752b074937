//! Opened values and their reduction to one codeword a height.

use std::collections::BTreeMap;

use karat_abi::Stage;
use p3_challenger::{CanObserve, FieldChallenger, GrindingChallenger};
use p3_commit::{OpenedValues, OpeningRequest};
use p3_dft::TwoAdicSubgroupDft;
use p3_field::{
    BasedVectorSpace, ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing,
    batch_multiplicative_inverse, dot_product,
};
use p3_fri::{FriProverError, PcsProverTranscript, PcsShape};
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::{RowMajorMatrix, RowMajorMatrixCow};
use p3_matrix::interpolation::{Interpolate, compute_adjusted_weights};
use p3_maybe_rayon::prelude::*;
use p3_util::{linear_map::LinearMap, reverse_slice_index_bits};
use tracing::{debug_span, info_span};

use super::commitment::natural_order;
use super::{CardPcsError, ProverData, Shared};
use crate::config::{Commitment, Domain, OpeningProof, Val};
use crate::hashing::HashingFor;
use crate::{Backend, ChallengeField};

/// A matrix to open: the rows that determine it (as many as its columns have coefficients), and where.
struct Opening<'a, E> {
    rows: RowMajorMatrixCow<'a, Val>,
    log_height: usize,
    points: &'a [E],
}

/// `1/(z - x)` for the first points x of the coset of `GENERATOR`, bit-reversed, by z.
type Denominators<E> = LinearMap<E, Vec<E>>;

impl<B: Backend, E: ChallengeField, H: HashingFor<E>> Shared<B, E, H> {
    /// p3's `TwoAdicFriPcs::open`, step for step in the transcript.
    pub(super) fn open<Ch>(
        &self,
        requests: &[OpeningRequest<'_, ProverData<B>, E>],
        challenger: &mut Ch,
    ) -> Result<(OpenedValues<E>, OpeningProof<E, H>), CardPcsError>
    where
        Ch: FieldChallenger<Val> + CanObserve<Commitment<H>> + GrindingChallenger<Witness = Val>,
    {
        for request in requests {
            if let Some(fault) = request.prover_data.fault() {
                return Err(fault.into());
            }
            for matrix in &request.prover_data.matrices {
                self.fri_height(matrix.log_height)?;
            }
        }
        let openings = self.openings(requests)?;
        let denominators = self.denominators(&openings);
        let opened = info_span!("evaluate").in_scope(|| evaluate(&openings, &denominators));

        let shape = PcsShape::from_opened_values(&self.fri, &opened);
        let mut transcript = PcsProverTranscript::<Ch, Val, E>::new(challenger, shape);
        transcript.claimed_openings(&opened);
        let (alpha, batch_pow_witness) = transcript.batch_phase();

        let codewords = info_span!("reduce").in_scope(|| self.reduce(&openings, &denominators, &opened, alpha));

        let data: Vec<_> = requests.iter().map(|r| r.prover_data).collect();
        let proof = transcript.delegate(|challenger| {
            self.fri_proof(codewords, &data, batch_pow_witness.unwrap_or(Val::ZERO), challenger)
        });
        match proof {
            Ok(proof) => {
                transcript.finish();
                Ok((opened, proof))
            }
            Err(error) => {
                // p3 asserts that a described transcript was played to its end, unless it is told.
                transcript.abort();
                Err(error.into())
            }
        }
    }

    /// What p3's prover checks of a height (its own check is private).
    pub(super) fn fri_height(&self, log_input_height: usize) -> Result<(), FriProverError> {
        let log_final_height =
            self.fri.log_final_poly_len.checked_add(self.fri.log_blowup).ok_or(FriProverError::FinalHeightOverflow)?;
        if self.fri.log_final_poly_len > 0 && log_input_height <= log_final_height {
            return Err(FriProverError::InputHeightTooSmall { log_input_height, log_final_height });
        }
        Ok(())
    }

    /// Matrices in the order of the requests, nested as they are.
    fn openings<'a>(
        &self,
        requests: &'a [OpeningRequest<'_, ProverData<B>, E>],
    ) -> Result<Vec<Vec<Opening<'a, E>>>, CardPcsError> {
        requests
            .iter()
            .map(|request| {
                request
                    .prover_data
                    .matrices
                    .iter()
                    .zip(&request.points)
                    .map(|(matrix, points)| {
                        let degree = 1 << (matrix.log_height - self.fri.log_blowup);
                        Ok(Opening {
                            rows: matrix.first_rows(&self.backend, degree, Stage::Open)?,
                            log_height: matrix.log_height,
                            points,
                        })
                    })
                    .collect()
            })
            .collect()
    }

    fn denominators(&self, openings: &[Vec<Opening<'_, E>>]) -> Denominators<E> {
        let _span = debug_span!("invert denominators").entered();
        let mut degrees = LinearMap::<E, usize>::new();
        for opening in openings.iter().flatten() {
            for point in opening.points {
                let degree = opening.rows.height();
                match degrees.get_mut(point) {
                    Some(greatest) => *greatest = degree.max(*greatest),
                    None => {
                        degrees.insert(*point, degree);
                    }
                }
            }
        }
        let Some(greatest) = degrees.values().copied().max() else {
            return Denominators::<E>::new();
        };
        // In bit-reversed order the coset of a smaller subgroup is a prefix of that of a larger one.
        let mut coset: Vec<Val> = Domain::new(Val::GENERATOR, p3_util::log2_strict_usize(greatest))
            .expect("a committed matrix has a domain")
            .iter()
            .collect();
        reverse_slice_index_bits(&mut coset);
        degrees
            .into_iter()
            .map(|(point, degree)| {
                let differences: Vec<_> = coset[..degree].iter().map(|&x| point - x).collect();
                (point, batch_multiplicative_inverse(&differences))
            })
            .collect()
    }

    /// `sum alpha^i (f_i(z) - f_i(x)) / (z - x)` over all columns and points of a height, tallest first, bit-reversed.
    ///
    /// The sum is a polynomial of lower degree than the columns have. So it is computed on as many rows as the columns
    /// have coefficients, and extended: the work does not grow with the blowup, nor do the rows that come back.
    fn reduce(
        &self,
        openings: &[Vec<Opening<'_, E>>],
        denominators: &Denominators<E>,
        opened: &OpenedValues<E>,
        alpha: E,
    ) -> Vec<Vec<E>> {
        let widest = openings.iter().flatten().map(|o| o.rows.width()).max();
        let powers: Vec<_> =
            <E as ExtensionField<Val>>::ExtensionPacking::packed_ext_powers_capped(alpha, widest.unwrap_or(0))
                .collect();

        // By height: the sum so far, and the columns that have gone into it.
        let mut sums = BTreeMap::<usize, (Vec<E>, u64)>::new();
        for (opening, values) in openings.iter().flatten().zip(opened.iter().flatten()) {
            let (sum, columns) =
                sums.entry(opening.log_height).or_insert_with(|| (E::zero_vec(opening.rows.height()), 0));
            let packs = opening.rows.width().div_ceil(<Val as Field>::Packing::WIDTH);
            let compressed: Vec<E> = opening.rows.rowwise_packed_dot_product::<E>(&powers[..packs]).collect();
            for (point, at_point) in opening.points.iter().zip(values) {
                let offset = alpha.exp_u64(*columns);
                let value: E = dot_product(alpha.powers(), at_point.iter().copied());
                let inverses = denominators.get(point).expect("every point has been inverted");
                sum.par_iter_mut()
                    .zip(compressed.par_iter())
                    .zip(inverses.par_iter())
                    .for_each(|((sum, &row), &inverse)| *sum += offset * (value - row) * inverse);
                *columns += opening.rows.width() as u64;
            }
        }
        sums.into_values().rev().map(|(sum, _)| self.extend_codeword(sum)).collect()
    }

    /// Extends a bit-reversed vector on the coset of `GENERATOR`, on the host.
    fn extend_codeword(&self, values: Vec<E>) -> Vec<E> {
        let width = <E as BasedVectorSpace<Val>>::DIMENSION;
        let flat = RowMajorMatrix::new(E::flatten_to_base(values), width);
        let extended = self
            .dft
            .coset_lde_batch(natural_order(&flat.as_view()), self.fri.log_blowup, Val::ONE)
            .bit_reverse_rows()
            .to_row_major_matrix();
        E::reconstitute_from_base(extended.values)
    }
}

/// Every column of every matrix at its points, by barycentric interpolation.
fn evaluate<E: ChallengeField>(openings: &[Vec<Opening<'_, E>>], denominators: &Denominators<E>) -> OpenedValues<E> {
    let weights: LinearMap<E, Vec<E>> =
        denominators.iter().map(|(point, inverses)| (*point, compute_adjusted_weights(*point, inverses))).collect();
    let at = |opening: &Opening<'_, E>, point: &E| {
        let weights = weights.get(point).expect("every point has been inverted");
        opening.rows.interpolate_coset_with_precomputation(Val::GENERATOR, *point, &weights[..opening.rows.height()])
    };
    openings
        .iter()
        .map(|matrices| matrices.iter().map(|o| o.points.iter().map(|point| at(o, point)).collect()).collect())
        .collect()
}
