//! Commitments: matrices extended and hashed on the card, and what the host keeps of them.

use std::borrow::Cow;
use std::sync::{Mutex, OnceLock, PoisonError};

use karat_abi::Stage;
use p3_dft::TwoAdicSubgroupDft;
use p3_field::{Field, PrimeCharacteristicRing};
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::{RowMajorMatrix, RowMajorMatrixCow, RowMajorMatrixView};
use p3_util::log2_strict_usize;
use tracing::debug_span;

use super::{CardPcsError, Shared, commit_shift};
use crate::config::{Commitment, Domain, Val};
use crate::hashing::HashingFor;
use crate::{Backend, BackendError, ChallengeField};

/// Extended matrices and their tree, in card memory.
pub struct ProverData<B: Backend> {
    pub(super) matrices: Vec<Extended<B>>,
    pub(super) tree: B::Tree,
    /// log2 of the greatest height.
    pub(super) log_height: usize,
    /// log2 of the nodes of the commitment.
    pub(super) log_cap: usize,
    /// The error of a step that could not return it.
    fault: Mutex<Option<BackendError>>,
}

/// A matrix whose columns are low-degree extensions on the coset of `GENERATOR`, rows bit-reversed.
pub(super) struct Extended<B: Backend> {
    pub(super) handle: B::Matrix,
    pub(super) width: usize,
    pub(super) log_height: usize,
    /// The first rows, once they have been needed: they are the extension on a smaller subgroup's coset.
    host: OnceLock<RowMajorMatrix<Val>>,
}

impl<B: Backend> Extended<B> {
    fn new(handle: B::Matrix, width: usize, log_height: usize) -> Self {
        Self { handle, width, log_height, host: OnceLock::new() }
    }

    /// The first `rows` rows, which come from the card once.
    pub(super) fn first_rows(
        &self,
        backend: &B,
        rows: usize,
        stage: Stage,
    ) -> Result<RowMajorMatrixCow<'_, Val>, BackendError> {
        if self.host.get().is_none() {
            let values = self.download(backend, rows, stage)?;
            // Another thread may have been faster: the values are the same.
            let _ = self.host.set(values);
        }
        match self.host.get() {
            Some(host) if host.height() >= rows => {
                Ok(RowMajorMatrixCow::new(Cow::Borrowed(&host.values[..rows * self.width]), self.width))
            }
            _ => self.download(backend, rows, stage).map(|m| RowMajorMatrixCow::new(Cow::Owned(m.values), self.width)),
        }
    }

    fn download(&self, backend: &B, rows: usize, stage: Stage) -> Result<RowMajorMatrix<Val>, BackendError> {
        let values = backend.download(&self.handle, 0..rows, stage)?;
        check_shape(&values, rows, self.width, "the rows")?;
        Ok(values)
    }
}

impl<B: Backend> ProverData<B> {
    /// The error of an earlier step that could not return it.
    pub(super) fn fault(&self) -> Option<BackendError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_fault(&self, error: BackendError) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

impl<B: Backend, E: ChallengeField, H: HashingFor<E>> Shared<B, E, H> {
    /// Extends and commits to matrices, natural order on their domains.
    pub(super) fn commit(
        &self,
        evaluations: impl IntoIterator<Item = (Domain, RowMajorMatrix<Val>)>,
    ) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        let matrices = evaluations
            .into_iter()
            .map(|(domain, values)| self.extend(domain, &values))
            .collect::<Result<Vec<_>, _>>()?;
        self.commit_handles(matrices)
    }

    /// Commits to matrices that are extended already.
    pub(super) fn commit_extended(
        &self,
        ldes: &[RowMajorMatrix<Val>],
    ) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        let matrices = ldes
            .iter()
            .map(|lde| {
                let log_height = log2_strict_usize(lde.height());
                self.fri_height(log_height)?;
                let handle = self.backend.upload(lde, Stage::Upload)?;
                Ok(Extended::new(handle, lde.width(), log_height))
            })
            .collect::<Result<Vec<_>, CardPcsError>>()?;
        self.commit_handles(matrices)
    }

    /// Extends a matrix on the card and brings the result back, bit-reversed.
    pub(super) fn extend_and_download(
        &self,
        domain: Domain,
        values: &RowMajorMatrix<Val>,
    ) -> Result<RowMajorMatrix<Val>, CardPcsError> {
        let extended = self.extend(domain, values)?;
        Ok(extended.download(&self.backend, 1 << extended.log_height, Stage::Download)?)
    }

    fn extend(&self, domain: Domain, values: &RowMajorMatrix<Val>) -> Result<Extended<B>, CardPcsError> {
        assert_eq!(domain.size(), values.height(), "one row for every point");
        let _span = debug_span!("lde", rows = values.height(), width = values.width()).entered();
        let source = self.backend.upload(values, Stage::Upload)?;
        let handle = self.backend.lde(&source, self.fri.log_blowup, commit_shift(domain), Stage::Lde)?;
        let log_height = log2_strict_usize(values.height()) + self.fri.log_blowup;
        Ok(Extended::new(handle, values.width(), log_height))
    }

    fn commit_handles(&self, matrices: Vec<Extended<B>>) -> Result<(Commitment<H>, ProverData<B>), CardPcsError> {
        let log_height = matrices.iter().map(|m| m.log_height).max().expect("a commitment has matrices");
        let handles: Vec<_> = matrices.iter().map(|m| &m.handle).collect();
        let (cap, tree, log_cap) = self.merkle(&handles, log_height, Stage::Commit)?;
        let data = ProverData { matrices, tree, log_height, log_cap, fault: Mutex::new(None) };
        Ok((cap, data))
    }

    /// A tree and its cap. As in p3, a tree of fewer levels than the cap has its leaves as cap.
    pub(super) fn merkle(
        &self,
        matrices: &[&B::Matrix],
        log_height: usize,
        stage: Stage,
    ) -> Result<(Commitment<H>, B::Tree, usize), BackendError> {
        let _span = debug_span!("merkle", matrices = matrices.len(), log_height).entered();
        let log_cap = self.cap_height.min(log_height);
        let (cap, tree) = self.backend.merkle(matrices, log_cap, H::FUNCTION, stage)?;
        check_count(cap.len(), 1 << log_cap, "nodes of a cap")?;
        Ok((H::cap(&cap), tree, log_cap))
    }

    /// The rows of matrix `index` on `domain`, bit-reversed. Zeros, and a kept error, when they cannot be had.
    pub(super) fn evaluations<'a>(
        &self,
        data: &'a ProverData<B>,
        index: usize,
        domain: Domain,
    ) -> RowMajorMatrixCow<'a, Val> {
        let matrix = &data.matrices[index];
        self.try_evaluations(matrix, domain).unwrap_or_else(|error| {
            data.keep_fault(error);
            let zeros = Val::zero_vec(domain.size() * matrix.width);
            RowMajorMatrixCow::new(Cow::Owned(zeros), matrix.width)
        })
    }

    fn try_evaluations<'a>(
        &self,
        matrix: &'a Extended<B>,
        domain: Domain,
    ) -> Result<RowMajorMatrixCow<'a, Val>, BackendError> {
        let _span = debug_span!("download", rows = domain.size(), width = matrix.width).entered();
        if domain.shift() == Val::GENERATOR && domain.size() <= 1 << matrix.log_height {
            return matrix.first_rows(&self.backend, domain.size(), Stage::Download);
        }

        // The quotient has a higher degree than the blowup covers: go back to coefficients, which the first
        // `1/blowup` of the rows determine, and evaluate those.
        let degree = 1 << (matrix.log_height - self.fri.log_blowup);
        let rows = matrix.first_rows(&self.backend, degree, Stage::Download)?;
        let natural = natural_order(&rows.as_view());
        let mut coefficients = self.dft.coset_idft_batch(natural, Val::GENERATOR);
        let width = coefficients.width();
        coefficients.values.resize(domain.size() * width, Val::ZERO);
        let values = self.dft.coset_dft_batch(coefficients, domain.shift()).bit_reverse_rows().to_row_major_matrix();
        Ok(RowMajorMatrixCow::new(Cow::Owned(values.values), width))
    }
}

/// Bit-reversed rows in natural order.
pub(super) fn natural_order(rows: &RowMajorMatrixView<'_, Val>) -> RowMajorMatrix<Val> {
    rows.bit_reverse_rows().to_row_major_matrix()
}

/// A card that answers with something of another size than was asked for.
#[derive(Debug, thiserror::Error)]
#[error("it answered with {got} {what} instead of {expected}")]
struct WrongCount {
    what: &'static str,
    got: usize,
    expected: usize,
}

pub(super) fn check_count(got: usize, expected: usize, what: &'static str) -> Result<(), BackendError> {
    if got == expected {
        return Ok(());
    }
    Err(BackendError::new(format!("reading {what}"), WrongCount { what, got, expected }))
}

pub(super) fn check_shape(
    values: &RowMajorMatrix<Val>,
    rows: usize,
    width: usize,
    what: &'static str,
) -> Result<(), BackendError> {
    check_count(values.width(), width, "columns")?;
    check_count(values.values.len(), rows * width, what)
}
