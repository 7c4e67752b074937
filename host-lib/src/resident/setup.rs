//! What all proofs of an AIR for one height share: its program, its selectors, its preprocessed and periodic columns, on the card.

use std::marker::PhantomData;
use std::sync::Arc;

use karat_abi::Stage;
use karat_driver::CardMemory;
use p3_air::BaseAir;
use p3_air::symbolic::AirLayout;
use p3_field::Field;
use p3_matrix::Matrix as _;
use p3_matrix::dense::RowMajorMatrix;

use super::memory::{Demand, Need};
use super::programs::Programs;
use super::{ChallengeField, Committed, ProverConfig, Shape, context, get_log_num_quotient_chunks, selectors};
use crate::card::vector::CardCode;
use crate::card::{Card, CardMatrix, Session};
use crate::config::{Commitment, Val};
use crate::hashing::{Hashing, HashingFor, Poseidon2};
use crate::program::Program;
use crate::prove::{ConstraintAir, ProvableAir, check_statement};
use crate::{BackendError, Error, Parameters};

/// log2 of the greatest folding arity: a leaf of a folded layer takes up to 64 words.
const MAX_LOG_ARITY: usize = 4;

/// An AIR for one height, prepared on a card.
pub struct Setup<E, H: Hashing = Poseidon2> {
    session: Session,
    pub(super) parameters: Parameters<H>,
    pub(super) shape: Shape,
    pub(super) layout: AirLayout,
    pub(super) need: Need,
    pub(super) demand: Demand,
    pub(super) program: Program,
    pub(super) code: CardCode,
    pub(super) preprocessed: Option<Committed>,
    pub(super) periodic: Option<CardMatrix>,
    pub(super) selectors: Option<Arc<CardMemory>>,
    challenge: PhantomData<E>,
}

impl<E, H: Hashing> Setup<E, H> {
    pub(super) fn belongs_to(&self, session: &Session) -> bool {
        self.session.is(session)
    }

    /// The commitment to the preprocessed columns, if there are any, as p3's `setup_preprocessed` has it.
    pub fn preprocessed_commitment(&self) -> Option<Commitment<H>> {
        self.preprocessed.as_ref().map(|committed| H::cap(&committed.cap))
    }
}

/// Prepares an AIR for traces of `2^log_rows` rows.
///
/// # Errors
/// When parameters and AIR do not fit together, or the AIR or such a trace's proof do not fit the card, before anything is uploaded; and
/// when the card fails.
pub fn setup<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    air: &A,
    log_rows: usize,
) -> Result<Setup<E, H>, Error> {
    config.run(|config| {
        let setup = set_up(config, air, log_rows)?;
        // What fails later, or is cancelled, does not concern it.
        context(config.session.settle(), "preparing an AIR")
            .map_err(|source| Error::Card { phase: "setup", source })?;
        Ok(setup)
    })
}

/// Beats of card memory, of 64 bytes, that suffice a session for [`super::prove`] and a trace of `2^log_rows` rows.
///
/// # Errors
/// When parameters and AIR do not fit together, or the AIR does not fit the card.
pub fn required_beats<E: ChallengeField, H: Hashing, A: ConstraintAir>(
    card: &Card,
    parameters: &Parameters<H>,
    air: &A,
    log_rows: usize,
) -> Result<u64, Error> {
    let Prepared { demand, .. } = prepare::<E, H, A>(card, parameters, air, log_rows)?;
    Ok(need::<E>(&demand, &mut Programs::new(None))?.all())
}

/// What is known of an AIR before the card is asked.
struct Prepared {
    layout: AirLayout,
    program: Program,
    demand: Demand,
}

/// log2 of the most rows that the card's transforms take.
const MAX_LOG_ROWS: usize = 24;

fn prepare<E: ChallengeField, H: Hashing, A: ConstraintAir>(
    card: &Card,
    parameters: &Parameters<H>,
    air: &A,
    log_rows: usize,
) -> Result<Prepared, Error> {
    check_statement(parameters, air, log_rows)?;
    let layout = AirLayout::from_air::<Val>(air);
    let log_chunks = get_log_num_quotient_chunks::<Val, A>(air, layout, 1 << log_rows, 0);
    let log_blowup = parameters.log_blowup;
    if log_chunks > log_blowup {
        return Err(Error::Statement(format!(
            "the quotient does not fit the extended trace: the constraints' degree needs a blowup of {}, and it is {}",
            1_u64 << log_chunks,
            1_u64 << log_blowup
        )));
    }
    if parameters.max_log_arity > MAX_LOG_ARITY {
        return Err(Error::Statement(format!(
            "a folding arity of 2^{}: the card folds by 2^{MAX_LOG_ARITY} at most",
            parameters.max_log_arity
        )));
    }
    let info = card.device().info();
    let log_lanes = info.vector_lanes.ilog2() as usize;
    if log_rows < log_lanes {
        return Err(Error::Statement(format!(
            "a trace of {} rows is shorter than the vector engine's {} lanes: prove it with `prove_with_card`",
            1_u64 << log_rows,
            1_u64 << log_lanes
        )));
    }
    if log_rows > MAX_LOG_ROWS {
        return Err(Error::Statement(format!(
            "a trace of 2^{log_rows} rows is longer than the card's transforms, 2^{MAX_LOG_ROWS}"
        )));
    }
    let shape = Shape { log_rows, log_blowup, log_chunks, log_lanes, degree: E::DIMENSION };
    let program = Program::new(air, layout, E::DIMENSION)
        .map_err(|source| Error::Program { stage: Stage::Quotient.name(), source })?;
    let demand = Demand::new(parameters, info, air, layout, &program, shape);
    Ok(Prepared { layout, program, demand })
}

fn need<E: ChallengeField>(demand: &Demand, programs: &mut Programs<'_>) -> Result<Need, Error> {
    demand.need::<E>(programs).map_err(|(stage, source)| Error::Program { stage: stage.name(), source })
}

/// As [`setup`], but what it takes of the card may still be under way.
pub(super) fn set_up<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    air: &A,
    log_rows: usize,
) -> Result<Setup<E, H>, Error> {
    let session = &config.session;
    let phase = |source| Error::Card { phase: "setup", source };
    let Prepared { layout, program, demand } = prepare::<E, H, A>(session.card(), &config.parameters, air, log_rows)?;
    let shape = demand.shape();
    let mut programs = Programs::new(Some(session));
    let need = need::<E>(&demand, &mut programs)?;
    if need.all() > u64::from(session.free_beats()) {
        // Commands under way may be all that still keeps it.
        context(session.settle(), "waiting for what was under way").map_err(phase)?;
    }
    if need.all() > u64::from(session.free_beats()) {
        return Err(demand.no_room::<E>(session, "setup", need.all()));
    }
    if let Some(constants) = H::round_constants(&config.parameters.constants) {
        crate::Backend::load_constants(session, constants).map_err(phase)?;
    }
    programs.place::<E>(session, &demand).map_err(phase)?;
    let code = session.place_code(program.code().clone(), Stage::Quotient);
    let code = context(code, "putting the program of the constraints on the card").map_err(phase)?;
    let selectors = demand.selectors().then(|| selectors::make::<E>(session, shape)).transpose().map_err(phase)?;
    let preprocessed = air.preprocessed_trace().filter(|trace| trace.width() > 0);
    let preprocessed =
        preprocessed.map(|trace| commit(config, upload(session, &trace)?, shape)).transpose().map_err(phase)?;
    let periodic = demand.periodic().then(|| extend(session, &upload(session, &periodic_trace(air, log_rows))?, shape));
    let periodic = periodic.transpose().map_err(phase)?;
    Ok(Setup {
        session: session.clone(),
        parameters: config.parameters.clone(),
        shape,
        layout,
        need,
        demand,
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
fn periodic_trace<A: BaseAir<Val>>(air: &A, log_rows: usize) -> RowMajorMatrix<Val> {
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
pub(super) fn commit<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    trace: CardMatrix,
    shape: Shape,
) -> Result<Committed, BackendError> {
    commit_extended(config, vec![extend(&config.session, &trace, shape)?])
}

/// The tree of extended matrices of one height.
pub(super) fn commit_extended<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    matrices: Vec<CardMatrix>,
) -> Result<Committed, BackendError> {
    use crate::Backend;
    let log_height = matrices[0].height().ilog2() as usize;
    let log_cap = config.parameters.cap_height.min(log_height);
    let handles: Vec<&CardMatrix> = matrices.iter().collect();
    let (cap, tree) = config.session.merkle(&handles, log_cap, H::FUNCTION, Stage::Commit)?;
    Ok(Committed { matrices, tree, cap, log_cap })
}
