//! Proving on a card, and on the CPU; verifying.

use std::sync::Arc;

use p3_air::symbolic::{AirLayout, SymbolicAirBuilder};
use p3_air::{Air, BaseAir, DebugConstraintBuilder};
use p3_fri::FriProverError;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{
    ProvingError, QuotientAir, VerifierConstraintFolder, prove_with_preprocessed, setup_preprocessed,
    verify_with_preprocessed,
};

use crate::config::{CardConfig, Challenge, CpuConfig, Proof, Val};
use crate::hashing::{Hashing, HashingFor, Poseidon2};
use crate::parameters::TWO_ADICITY;
use crate::pcs::CardPcsError;
use crate::resident::ChallengeField;
use crate::{Backend, CardPcs, Error, Parameters};

/// AIRs that a card of type `B` can prove: all that are written for any builder, as is usual.
pub trait CardAir<B: Backend, E: ChallengeField = Challenge, H: HashingFor<E> = Poseidon2>:
    ProvableAir<E, H> + QuotientAir<CardConfig<B, E, H>>
{
}

impl<B: Backend, E: ChallengeField, H: HashingFor<E>, A> CardAir<B, E, H> for A where
    A: ProvableAir<E, H> + QuotientAir<CardConfig<B, E, H>>
{
}

/// AIRs whose constraints can be compiled.
pub trait ConstraintAir: BaseAir<Val> + Air<SymbolicAirBuilder<Val>> {}

impl<A: BaseAir<Val> + Air<SymbolicAirBuilder<Val>>> ConstraintAir for A {}

/// AIRs that the CPU can prove and verify.
///
/// p3's prover asks for [`DebugConstraintBuilder`] only in builds with debug assertions, where it checks the trace first;
/// this asks for it always, so that what compiles in one profile compiles in the other.
pub trait ProvableAir<E: ChallengeField = Challenge, H: HashingFor<E> = Poseidon2>:
    BaseAir<Val>
    + Air<SymbolicAirBuilder<Val>>
    + QuotientAir<CpuConfig<E, H>>
    + for<'a> Air<DebugConstraintBuilder<'a, Val>>
    + for<'a> Air<VerifierConstraintFolder<'a, CpuConfig<E, H>>>
{
}

impl<E: ChallengeField, H: HashingFor<E>, A> ProvableAir<E, H> for A where
    A: BaseAir<Val>
        + Air<SymbolicAirBuilder<Val>>
        + QuotientAir<CpuConfig<E, H>>
        + for<'a> Air<DebugConstraintBuilder<'a, Val>>
        + for<'a> Air<VerifierConstraintFolder<'a, CpuConfig<E, H>>>
{
}

/// Proves on a card with Plonky3's own prover over [`CardPcs`].
///
/// The trace is natural order, one row a step; its values need not be canonical. The proof has the bytes of the CPU's.
///
/// # Errors
/// When parameters, trace, public values and AIR do not fit together, before anything is done; when the card fails, with
/// the step that it failed at. A trace that does not satisfy the AIR gives a proof that [`verify`] refuses (and, in
/// builds with debug assertions, p3's panic).
pub fn prove_with_card<B, E, H, A>(
    backend: &Arc<B>,
    parameters: &Parameters<H>,
    air: &A,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error>
where
    B: Backend,
    E: ChallengeField,
    H: HashingFor<E>,
    A: CardAir<B, E, H>,
{
    let log_rows = check_trace(air, shape_of(&trace)?, public_values)?;
    check_statement(parameters, air, log_rows)?;
    if air.preprocessed_width() > 0 {
        return Err(Error::Statement("an AIR with preprocessed columns is proved by `prove`".into()));
    }
    let pcs = CardPcs::<B, E, H>::new(Arc::clone(backend), parameters)
        .map_err(|source| Error::Card { phase: "start", source })?;
    let challenger = parameters.challenger();
    let config = CardConfig::<B, E, H>::new(pcs, challenger).with_ood_proof_of_work_bits(parameters.ood_pow_bits);
    let proof =
        p3_uni_stark::prove(&config, air, trace, public_values).map_err(|ProvingError::Pcs { phase, source }| {
            match source {
                CardPcsError::Card(source) => Error::Card { phase, source },
                CardPcsError::Fri(error) => Error::Statement(error.to_string()),
            }
        })?;
    // The same fields of the same types: only the parameter of `Proof` differs.
    Ok(Proof::<E, H> {
        commitments: proof.commitments,
        opened_values: proof.opened_values,
        opening_proof: proof.opening_proof,
        degree_bits: proof.degree_bits,
        ood_pow_witness: proof.ood_pow_witness,
    })
}

/// Proves on the CPU with Plonky3 alone, taking the smallest witness of every proof of work.
///
/// # Errors
/// When parameters, trace, public values and AIR do not fit together.
pub fn prove_on_cpu<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    parameters: &Parameters<H>,
    air: &A,
    trace: RowMajorMatrix<Val>,
    public_values: &[Val],
) -> Result<Proof<E, H>, Error> {
    let log_rows = check_trace(air, shape_of(&trace)?, public_values)?;
    check_statement(parameters, air, log_rows)?;
    let config = parameters.cpu_config::<E>();
    let refused =
        |ProvingError::Pcs { source, .. }: ProvingError<_>| Error::Statement(FriProverError::to_string(&source));
    let preprocessed = setup_preprocessed(&config, air, log_rows).map_err(refused)?.map(|(data, _)| data);
    prove_with_preprocessed(&config, air, trace, public_values, preprocessed.as_ref()).map_err(refused)
}

/// Verifies with Plonky3 alone.
///
/// # Errors
/// When the proof is not accepted, and when the parameters cannot belong to one.
pub fn verify<E: ChallengeField, H: HashingFor<E>, A: ProvableAir<E, H>>(
    parameters: &Parameters<H>,
    air: &A,
    proof: &Proof<E, H>,
    public_values: &[Val],
) -> Result<(), Error> {
    parameters.validate(proof.degree_bits)?;
    if public_values.len() != air.num_public_values() {
        return Err(wrong_public_values(air, public_values));
    }
    let config = parameters.cpu_config::<E>();
    let preprocessed = match air.preprocessed_trace() {
        Some(trace) if trace.height() != 1 << proof.degree_bits => {
            return Err(Error::Invalid(format!(
                "it is of 2^{} rows, and the AIR of {}",
                proof.degree_bits,
                trace.height()
            )));
        }
        _ => setup_preprocessed(&config, air, proof.degree_bits),
    };
    let key = preprocessed.map_err(|ProvingError::Pcs { source, .. }| Error::Statement(source.to_string()))?;
    let key = key.map(|(_, key)| key);
    verify_with_preprocessed(&config, air, proof, public_values, key.as_ref())
        .map_err(|error| Error::Invalid(error.to_string()))
}

/// Rows and columns of a trace, if its values fill them.
pub(crate) fn shape_of(trace: &RowMajorMatrix<Val>) -> Result<[usize; 2], Error> {
    let (rows, columns) = (trace.height(), trace.width());
    if trace.values.len() != rows * columns {
        let values = trace.values.len();
        return Err(Error::Statement(format!("{values} values do not fill {rows} rows of {columns} columns")));
    }
    Ok([rows, columns])
}

/// Everything about a trace that p3's prover would panic on. The result is log2 of its rows.
pub(crate) fn check_trace<A: BaseAir<Val>>(
    air: &A,
    [rows, width]: [usize; 2],
    public_values: &[Val],
) -> Result<usize, Error> {
    let statement = |reason: String| Err(Error::Statement(reason));
    let columns = air.width();
    if columns == 0 || width != columns {
        return statement(format!("the trace has {width} columns and the AIR {columns}"));
    }
    if !rows.is_power_of_two() {
        return statement(format!("{rows} rows are not a power of two"));
    }
    if public_values.len() != air.num_public_values() {
        return Err(wrong_public_values(air, public_values));
    }
    Ok(rows.ilog2() as usize)
}

/// Everything about an AIR, for traces of `2^log_rows` rows, that p3's prover would panic on.
pub(crate) fn check_statement<H: Hashing, A: ConstraintAir>(
    parameters: &Parameters<H>,
    air: &A,
    log_rows: usize,
) -> Result<(), Error> {
    let statement = |reason: String| Err(Error::Statement(reason));
    let rows = 1_usize << log_rows;
    if !air.public_boundary_io().is_empty() {
        return statement("AIRs with boundary-IO public values are not supported".into());
    }
    for column in air.periodic_columns().iter() {
        if !column.len().is_power_of_two() || column.len() > rows {
            return statement(format!("a periodic column of {} values does not fit {rows} rows", column.len()));
        }
    }
    if let Some(preprocessed) = air.preprocessed_trace().filter(|trace| trace.height() != rows) {
        let height = preprocessed.height();
        return statement(format!("the preprocessed columns have {height} rows and the trace {rows}"));
    }
    parameters.validate(log_rows)?;
    let layout = AirLayout::from_air::<Val>(air);
    let log_chunks = p3_uni_stark::get_log_num_quotient_chunks::<Val, A>(air, layout, rows, 0);
    if log_rows + log_chunks > TWO_ADICITY {
        return statement(format!(
            "the constraints' degree asks for 2^{log_chunks} quotient chunks, too many for 2^{log_rows} rows"
        ));
    }
    Ok(())
}

fn wrong_public_values<A: BaseAir<Val>>(air: &A, public_values: &[Val]) -> Error {
    Error::Statement(format!(
        "{} public values are given and the AIR has {}",
        public_values.len(),
        air.num_public_values()
    ))
}
