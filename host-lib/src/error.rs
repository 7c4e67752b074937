//! What can go wrong, and what to do about it.

use crate::BackendError;
use crate::parameters::ParameterError;
use crate::program::ProgramError;
use crate::proof_file::ProofFileError;

/// Errors of proving and verifying. No fault of a card, a file or a caller panics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The parameters cannot be proved with.
    #[error("these parameters cannot be used")]
    Parameters(#[from] ParameterError),
    /// The trace, the public values and the AIR do not fit together.
    #[error("this statement cannot be proved: {0}")]
    Statement(String),
    /// The AIR cannot be evaluated by the vector engine.
    #[error("the constraints do not fit the vector engine")]
    Program(#[from] ProgramError),
    /// The card did not come up.
    #[error("cannot open the card {card}")]
    Open {
        /// What was to be opened.
        card: String,
        /// Why it could not be.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The card does something else than Plonky3.
    #[error("{0}")]
    Selftest(String),
    /// The card failed.
    #[error("the proof stopped at its {phase}")]
    Card {
        /// The step of the proof, in Plonky3's words.
        phase: &'static str,
        /// What failed.
        #[source]
        source: BackendError,
    },
    /// The proof is not accepted.
    #[error("the proof is not valid: {0}")]
    Invalid(String),
    /// A proof file cannot be read.
    #[error("this is not a usable proof file")]
    ProofFile(#[from] ProofFileError),
    /// An input cannot be used.
    #[error("cannot use the input {path}: {reason}")]
    Input {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {reason}")]
    Output {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The card's proof is valid but not that of the CPU.
    #[error("the card's proof differs from the CPU's from byte {at} on (of {card} and {cpu} bytes)")]
    NotIdentical {
        /// The first byte that differs.
        at: usize,
        /// Length of the card's proof.
        card: usize,
        /// Length of the CPU's proof.
        cpu: usize,
    },
}
