//! p3's `prove`, step for step in the transcript, with every matrix on the card.

use std::sync::Arc;

use p3_field::PrimeCharacteristicRing;
use p3_fri::{PcsProverTranscript, PcsShape};
use p3_matrix::Matrix as _;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{Commitments, OpenedValues, PreprocessedOpenedValues, StarkProverTranscript, StarkShape};
use tracing::info_span;

use super::opening::{self, Opened};
use super::{ChallengeField, ProverConfig, Setup, Trace, constraints, folding, quotient, setup};
use crate::card::CardMatrix;
use crate::config::{Commitment, Proof, Val};
use crate::prove::{ProvableAir, check_statement, check_trace, shape_of};
use crate::{BackendError, Error, HashingFor};

/// Proves on a card: the trace goes up once, and only the proof comes down.
///
/// The trace is natural order, one row a step; its values need not be canonical. The proof has the bytes of the CPU's. The AIR is
/// prepared for it: for many proofs of one, [`setup`](super::setup()) it once and use [`prove_with_setup`].
///
/// # Errors
/// When parameters, trace, public values and AIR do not fit together, before anything is done; when the card fails, with
/// the step that it failed at. A trace that does not satisfy the AIR gives a proof that [`crate::verify`] refuses.
pub fn prove<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    air: &A,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    config.run(|config| {
        let log_rows = check_trace(air, shape_of(&trace)?, public_values)?;
        check_constraints(config, air, &trace, public_values)?;
        let setup = setup::set_up(config, air, log_rows)?;
        upload_and_prove(config, &setup, air, trace, public_values)
    })
}

/// Proves on a card on which the AIR is prepared, see [`prove`].
///
/// # Errors
/// As [`prove`]; and when the AIR was prepared for another height, with other parameters or in another session.
pub fn prove_with_setup<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    air: &A,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    config.run(|config| {
        check_setup(config, setup, air, shape_of(&trace)?, public_values)?;
        check_constraints(config, air, &trace, public_values)?;
        upload_and_prove(config, setup, air, trace, public_values)
    })
}

/// Proves a trace that is on the card, or on its way there, see [`prove`].
///
/// # Errors
/// As [`prove_with_setup`]; and when columns are missing.
pub fn prove_trace<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    air: &A,
    trace: Trace,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    config.run(|config| {
        check_setup(config, setup, air, [trace.height(), trace.width()], public_values)?;
        if !trace.belongs_to(&config.session) {
            return Err(Error::Statement("the trace is another session's".into()));
        }
        let trace = trace.finish()?;
        let config = reserve(config, setup, setup.need.proof)?;
        prove_on_card(&config, setup, air, trace, public_values)
    })
}

/// Everything about a prepared AIR and a trace that does not fit together.
fn check_setup<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    air: &A,
    trace: [usize; 2],
    public_values: &[Val],
) -> Result<(), Error> {
    let log_rows = check_trace(air, trace, public_values)?;
    if log_rows != setup.shape.log_rows {
        return Err(Error::Statement(format!(
            "the AIR was prepared for 2^{} rows, and the trace has 2^{log_rows}",
            setup.shape.log_rows
        )));
    }
    if !setup.belongs_to(&config.session) {
        return Err(Error::Statement("the AIR was prepared in another session".into()));
    }
    if setup.parameters != config.parameters {
        return Err(Error::Statement("the AIR was prepared with other parameters".into()));
    }
    Ok(())
}

fn check_constraints<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    air: &A,
    trace: &RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<(), Error> {
    if !config.checked {
        return Ok(());
    }
    check_statement(&config.parameters, air, trace.height().ilog2() as usize)?;
    info_span!("check").in_scope(|| constraints::check(air, trace, public_values))
}

/// Sets card memory aside for a proof.
fn reserve<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    beats: u64,
) -> Result<ProverConfig<E, H>, Error> {
    // What exceeds 32 bits exceeds any card.
    match config.session.reserve(u32::try_from(beats).unwrap_or(u32::MAX)) {
        Ok(session) => Ok(config.within(session)),
        Err(karat_driver::Error::CardMemory { .. }) => Err(setup.demand.no_room::<E>(&config.session, "proof", beats)),
        Err(error) => {
            let source = BackendError::new("setting card memory aside", error);
            Err(Error::Card { phase: "trace commitment", source })
        }
    }
}

fn upload_and_prove<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    air: &A,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    let config = reserve(config, setup, setup.need.proof_with_trace)?;
    let on_card = Trace::upload(&config.session, &trace)?.finish()?;
    drop(trace);
    prove_on_card(&config, setup, air, on_card, public_values)
}

/// The proof, in card memory that is set aside for it.
fn prove_on_card<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    air: &A,
    trace: CardMatrix,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    let log_rows = setup.shape.log_rows;
    let phase = |phase| move |source| Error::Card { phase, source };
    let committed = info_span!("commit to trace")
        .in_scope(|| setup::commit(config, trace, setup.shape))
        .map_err(phase("trace commitment"))?;

    let mut challenger = H::challenger(&config.parameters, Some(Arc::new(config.session.clone())));
    let mut transcript = StarkProverTranscript::<H::Challenger, Val, E>::new(
        &mut challenger,
        StarkShape::new::<Val, A>(
            air,
            setup.layout.preprocessed_width,
            log_rows,
            log_rows,
            setup.shape.chunks(),
            false,
            config.parameters.ood_pow_bits,
        ),
    );
    let preprocessed = setup.preprocessed.as_ref();
    let alpha = transcript.constraint_phase::<Commitment<H>>(
        H::cap(&committed.cap),
        preprocessed.map(|committed| H::cap(&committed.cap)),
        public_values,
    );
    let chunks = info_span!("quotient")
        .in_scope(|| quotient::commit(config, setup, &committed.matrices[0], alpha, public_values))
        .inspect_err(|_| transcript.abort())
        .map_err(phase("quotient commitment"))?;
    let commitments = Commitments { trace: H::cap(&committed.cap), quotient_chunks: H::cap(&chunks.cap), random: None };
    let (zeta, ood_pow_witness) = transcript.ood_phase::<Commitment<H>>(commitments.quotient_chunks.clone(), None);

    let main_next = !air.main_next_row_columns().is_empty();
    let preprocessed_next = !air.preprocessed_next_row_columns().is_empty();
    let mut opened =
        vec![Opened { committed: &committed, next: main_next }, Opened { committed: &chunks, next: false }];
    opened.extend(preprocessed.map(|committed| Opened { committed, next: preprocessed_next }));
    let opening = info_span!("open")
        .in_scope(|| transcript.delegate(|challenger| open(config, setup, &opened, zeta, challenger)))
        .inspect_err(|_| transcript.abort())
        .map_err(phase("opening"))?;
    transcript.finish();
    let (mut values, opening_proof) = opening;

    let own_and_next = |[own, next]: [Vec<E>; 2], has_next: bool| (own, has_next.then_some(next));
    let preprocessed = preprocessed.map(|_| {
        let (local, next) = own_and_next(values.pop().expect("a part"), preprocessed_next);
        PreprocessedOpenedValues { local, next }
    });
    let [quotient_values, _] = values.pop().expect("a part");
    let (trace_local, trace_next) = own_and_next(values.pop().expect("a part"), main_next);
    let opened_values = OpenedValues {
        trace_local,
        trace_next,
        preprocessed,
        quotient_chunks: quotient_values.chunks_exact(E::DIMENSION).map(<[E]>::to_vec).collect(),
        random: None,
    };
    Ok(Proof::<E, H> {
        commitments,
        opened_values,
        opening_proof,
        degree_bits: log_rows,
        ood_pow_witness: ood_pow_witness.unwrap_or(Val::ZERO),
    })
}

type Values<E> = Vec<[Vec<E>; 2]>;

/// p3's `TwoAdicFriPcs::open`, step for step in the transcript.
fn open<E: ChallengeField, H: HashingFor<E>>(
    config: &ProverConfig<E, H>,
    setup: &Setup<E, H>,
    opened: &[Opened<'_>],
    zeta: E,
    challenger: &mut H::Challenger,
) -> Result<(Values<E>, crate::config::OpeningProof<E, H>), BackendError> {
    let shape = setup.shape;
    let weights = opening::weights(&config.session, shape, zeta, setup.demand.points())?;
    let values = opening::evaluate(&config.session, shape, &weights, zeta, opened)?;

    // By commitment, by matrix, by point.
    let mut offsets = Vec::new();
    let mut columns = 0_u64;
    let nested: Vec<Vec<Vec<Vec<E>>>> = opened
        .iter()
        .zip(&values)
        .map(|(part, [own, next])| {
            let at = |values: &Vec<E>| columns + values.len() as u64;
            let both = [columns, at(own)];
            columns = at(own) + if part.next { next.len() as u64 } else { 0 };
            offsets.push(both);
            let matrices = part.committed.matrices.iter();
            let mut from = 0;
            matrices
                .map(|matrix| {
                    let range = from..from + matrix.width();
                    from = range.end;
                    let mut points = vec![own[range.clone()].to_vec()];
                    points.extend(part.next.then(|| next[range].to_vec()));
                    points
                })
                .collect()
        })
        .collect();

    let pcs_shape = PcsShape::from_opened_values(&config.parameters.fri::<E>(), &nested);
    let mut transcript = PcsProverTranscript::<H::Challenger, Val, E>::new(challenger, pcs_shape);
    transcript.claimed_openings(&nested);
    let (alpha, batch_pow_witness) = transcript.batch_phase();
    let prove = |challenger: &mut H::Challenger| {
        let codeword = opening::reduce(&config.session, shape, &weights, alpha, opened, &values, &offsets)?;
        drop(weights);
        let data: Vec<_> = opened.iter().map(|part| part.committed).collect();
        folding::prove(config, shape, codeword, &data, batch_pow_witness.unwrap_or(Val::ZERO), challenger)
    };
    match transcript.delegate(prove) {
        Ok(proof) => {
            transcript.finish();
            Ok((values, proof))
        }
        Err(error) => {
            // p3 asserts that a described transcript was played to its end, unless it is told.
            transcript.abort();
            Err(error)
        }
    }
}
