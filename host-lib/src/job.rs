//! A proof from beginning to end: proved on the card, verified, and compared with the CPU's.

use std::sync::Arc;
use std::time::Instant;

use p3_air::BaseAir;
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tracing::info;

use crate::airs::{NamedAir, Statement};
use crate::config::{Proof, Val};
use crate::report::{Report, Usage};
use crate::{
    Backend, BackendError, ChallengeField, Error, HashingFor, Parameters, ProofFile, ProverConfig, Scheme, Security,
    Session, prove, prove_on_cpu, prove_with_card, verify,
};

/// What a report says of a card besides what it did.
#[derive(Clone, Debug)]
pub struct CardIdentity {
    /// What was opened.
    pub name: String,
    /// SHA-256 of the firmware image.
    pub firmware_sha256: [u8; 32],
}

/// A proof made on a card, and what is to be said of it.
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// The proof as a file.
    pub file: ProofFile,
    /// What is wrong with the proof, if anything is.
    pub verdict: Result<(), Error>,
}

/// A way to a proof of one of the command line's AIRs on a card.
pub trait Prover<E: ChallengeField, H: HashingFor<E>> {
    /// The proof.
    ///
    /// # Errors
    /// When there is none.
    fn prove(
        &self,
        parameters: &Parameters<H>,
        air: &NamedAir,
        trace: RowMajorMatrix<Val>,
        public_values: &[Val],
    ) -> Result<Proof<E, H>, Error>;

    /// What the card has done since it was opened.
    ///
    /// # Errors
    /// When the card fails.
    fn usage(&self) -> Result<Usage, BackendError>;
}

/// With p3's own prover over a commitment scheme on the card: the quotient is the host's.
impl<B: Backend, E: ChallengeField, H: HashingFor<E>> Prover<E, H> for Arc<B> {
    fn prove(
        &self,
        parameters: &Parameters<H>,
        air: &NamedAir,
        trace: RowMajorMatrix<Val>,
        public_values: &[Val],
    ) -> Result<Proof<E, H>, Error> {
        prove_with_card(self, parameters, air, trace, public_values)
    }

    fn usage(&self) -> Result<Usage, BackendError> {
        (**self).usage()
    }
}

/// With everything on the card.
pub struct Resident(pub Session);

impl<E: ChallengeField, H: HashingFor<E>> Prover<E, H> for Resident {
    fn prove(
        &self,
        parameters: &Parameters<H>,
        air: &NamedAir,
        trace: RowMajorMatrix<Val>,
        public_values: &[Val],
    ) -> Result<Proof<E, H>, Error> {
        prove(&ProverConfig::<E, H>::new(self.0.clone(), parameters.clone()), air, trace, public_values)
    }

    fn usage(&self) -> Result<Usage, BackendError> {
        Backend::usage(&self.0)
    }
}

/// Proves a statement on the card, then verifies the proof with Plonky3 and makes the CPU's to compare with.
///
/// The CPU starts when the card's proof is final. A proof that is refused, or differs, is an [`Outcome`] with a bad
/// verdict: it can still be looked at.
///
/// # Errors
/// When there is no proof.
pub fn run<E: ChallengeField, H: HashingFor<E>>(
    prover: &dyn Prover<E, H>,
    identity: &CardIdentity,
    parameters: &Parameters<H>,
    statement: Statement,
) -> Result<Outcome, Error> {
    let card_error = |phase| move |source| Error::Card { phase, source };
    let Statement { spec, air, trace, public_values } = statement;
    let (rows, columns) = (trace.height(), air.width());
    let log_rows = rows.ilog2() as usize;
    let hash = crate::airs::hash(spec, &public_values);

    let before = prover.usage().map_err(card_error("start"))?;
    let started = Instant::now();
    let proof = prover.prove(parameters, &air, trace.clone(), &public_values)?;
    let wall_seconds = started.elapsed().as_secs_f64();
    let usage = prover.usage().map_err(card_error("end"))?.since(&before);
    let bytes = encode(&proof);
    info!(bytes = bytes.len(), "the card's proof is final");

    let verified = verify::<E, H, _>(parameters, &air, &proof, &public_values);
    let started = Instant::now();
    let expected = prove_on_cpu::<E, H, _>(parameters, &air, trace, &public_values)?;
    let cpu_seconds = started.elapsed().as_secs_f64();
    let identical = compare(&bytes, &encode(&expected));

    let report = Report {
        air: spec.name().to_string(),
        rows,
        columns,
        log_blowup: parameters.log_blowup,
        log_arity: parameters.max_log_arity,
        queries: parameters.num_queries,
        pow_bits: parameters.query_pow_bits,
        cap_height: parameters.cap_height,
        scheme: Scheme::of::<E, H>(),
        hash,
        card: identity.name.clone(),
        firmware_sha256: hexadecimal(&identity.firmware_sha256),
        verified: verified.is_ok(),
        identical_to_cpu: identical.is_ok(),
        proof_bytes: bytes.len(),
        proof_sha256: hexadecimal(&Sha256::digest(&bytes)),
        security: Security::of::<E, H, _>(&air, parameters, log_rows),
        cpu_seconds,
        wall_seconds,
        sim_cycles_per_second: usage.cycles as f64 / wall_seconds,
        usage,
    };
    Ok(Outcome {
        report,
        file: ProofFile {
            spec,
            log_rows,
            scheme: Scheme::of::<E, H>(),
            parameters: parameters
                .with_constants(H::round_constants(&parameters.constants).cloned().unwrap_or_default()),
            public_values,
            proof: bytes,
        },
        verdict: verified.and(identical),
    })
}

/// The bytes of a proof, of whatever configuration: its postcard.
pub fn encode(proof: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(proof).expect("a proof has a postcard")
}

fn compare(card: &[u8], cpu: &[u8]) -> Result<(), Error> {
    if card == cpu {
        return Ok(());
    }
    let at = card.iter().zip(cpu).take_while(|(a, b)| a == b).count();
    Err(Error::NotIdentical { at, card: card.len(), cpu: cpu.len() })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
