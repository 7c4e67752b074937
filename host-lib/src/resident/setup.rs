//! What all proofs of an AIR for one height share: its program, its selectors, its preprocessed and periodic columns, on the card.

use std::marker::PhantomData;
use std::sync::Arc;

use karat_abi::Stage;
use karat_driver::CardMemory;
use p3_air::symbolic::AirLayout;
use p3_field::Field;
use p3_matrix::Matrix as _;
use p3_matrix::dense::RowMajorMatrix;

use super::{ChallengeField, Committed, ProverConfig, Shape, get_log_num_quotient_chunks, selectors};
use crate::card::vector::CardCode;
use crate::card::{CardMatrix, Session};
use crate::config::{Commitment, Val};
use crate::program::{Matrix, Program};
use crate::prove::{ProvableAir, check_statement};
use crate::{BackendError, Error};

/// log2 of the greatest folding arity: a leaf of a folded layer takes up to 64 words.
const MAX_LOG_ARITY: usize = 4;

/// An AIR for one height, prepared on a card.
pub struct Setup<E> {
    session: Session,
    pub(super) shape: Shape,
    pub(super) layout: AirLayout,
    pub(super) program: Program,
    pub(super) code: CardCode,
    pub(super) preprocessed: Option<Committed>,
    pub(super) periodic: Option<CardMatrix>,
    pub(super) selectors: Option<Arc<CardMemory>>,
    challenge: PhantomData<E>,
}

impl<E> Setup<E> {
    pub(super) fn belongs_to(&self, session: &Session) -> bool {
        Arc::ptr_eq(&self.session.0, &session.0)
    }

    /// The commitment to the preprocessed columns, if there are any, as p3's `setup_preprocessed` has it.
    pub fn preprocessed_commitment(&self) -> Option<&Commitment> {
        self.preprocessed.as_ref().map(|committed| &committed.cap)
    }
}

/// Prepares an AIR for traces of `2^log_rows` rows.
///
/// # Errors
/// When parameters and AIR do not fit together, the AIR does not fit the card, or the card fails.
pub fn setup<E: ChallengeField, A: ProvableAir<E>>(
    config: &ProverConfig<E>,
    air: &A,
    log_rows: usize,
) -> Result<Setup<E>, Error> {
    let session = &config.session;
    check_statement::<E, A>(&config.parameters, air, log_rows)?;
    let layout = AirLayout::from_air::<Val>(air);
    let log_chunks = get_log_num_quotient_chunks::<Val, A>(air, layout, 1 << log_rows, 0);
    let log_blowup = config.parameters.log_blowup;
    if log_chunks > log_blowup {
        return Err(Error::Statement(format!(
            "the constraints' degree needs a blowup of {}, and it is {}",
            1_u64 << log_chunks,
            1_u64 << log_blowup
        )));
    }
    if config.parameters.max_log_arity > MAX_LOG_ARITY {
        return Err(Error::Statement(format!(
            "a folding arity of 2^{}: the card folds by 2^{MAX_LOG_ARITY} at most",
            config.parameters.max_log_arity
        )));
    }
    let log_lanes = session.card().device().info().vector_lanes.ilog2() as usize;
    if log_rows < log_lanes {
        return Err(Error::Statement(format!(
            "a trace of {} rows is shorter than the vector engine's {} lanes: prove it with `prove_with_card`",
            1_u64 << log_rows,
            1_u64 << log_lanes
        )));
    }
    let shape = Shape { log_rows, log_blowup, log_chunks, log_lanes, degree: E::DIMENSION };
    let program = Program::new(air, layout, E::DIMENSION)?;
    let phase = |source| Error::Card { phase: "setup", source };
    crate::Backend::load_constants(session, &config.parameters.constants).map_err(phase)?;
    let code = session
        .place_code(program.code().clone(), Stage::Quotient)
        .map_err(|error| phase(BackendError::new("putting the program of the constraints on the card", error)))?;
    let reads = |matrix: Matrix| program.code().loads.iter().any(|load| load.matrix == matrix as u8);
    let selectors =
        reads(Matrix::Selectors).then(|| selectors::make::<E>(session, shape)).transpose().map_err(phase)?;
    let preprocessed = air.preprocessed_trace().filter(|trace| trace.width() > 0);
    let preprocessed =
        preprocessed.map(|trace| commit(config, upload(session, &trace)?, shape)).transpose().map_err(phase)?;
    let periodic =
        reads(Matrix::Periodic).then(|| extend(session, &upload(session, &periodic_trace(air, log_rows))?, shape));
    let periodic = periodic.transpose().map_err(phase)?;
    Ok(Setup {
        session: session.clone(),
        shape,
        layout,
        program,
        code,
        preprocessed,
        periodic,
        selectors,
        challenge: PhantomData,
    })
}

fn upload(session: &Session, values: &RowMajorMatrix<Val>) -> Result<CardMatrix, BackendError> {
    crate::Backend::upload(session, values, Stage::Upload)
}

/// The periodic columns, as often as they fit a trace: the polynomials that p3 evaluates.
fn periodic_trace<E: ChallengeField, A: ProvableAir<E>>(air: &A, log_rows: usize) -> RowMajorMatrix<Val> {
    let columns = air.periodic_columns();
    let rows = 0..1_usize << log_rows;
    let values = rows.flat_map(|row| columns.iter().map(move |column| column[row % column.len()]).collect::<Vec<_>>());
    RowMajorMatrix::new(values.collect(), columns.len())
}

/// A trace's extension.
fn extend(session: &Session, source: &CardMatrix, shape: Shape) -> Result<CardMatrix, BackendError> {
    use crate::Backend;
    session.lde(source, shape.log_blowup, Val::GENERATOR, Stage::Lde)
}

/// A trace's extension and its tree.
pub(super) fn commit<E: ChallengeField>(
    config: &ProverConfig<E>,
    trace: CardMatrix,
    shape: Shape,
) -> Result<Committed, BackendError> {
    commit_extended(config, vec![extend(&config.session, &trace, shape)?])
}

/// The tree of extended matrices of one height.
pub(super) fn commit_extended<E: ChallengeField>(
    config: &ProverConfig<E>,
    matrices: Vec<CardMatrix>,
) -> Result<Committed, BackendError> {
    use crate::Backend;
    let log_height = matrices[0].height().ilog2() as usize;
    let log_cap = config.parameters.cap_height.min(log_height);
    let handles: Vec<&CardMatrix> = matrices.iter().collect();
    let (cap, tree) = config.session.merkle(&handles, log_cap, Stage::Commit)?;
    Ok(Committed { matrices, tree, cap: Commitment::new(cap), log_cap })
}
