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
    /// A program is more than the vector engine can run.
    #[error("the program of the {stage} does not fit the vector engine")]
    Program {
        /// The stage that it is for; the constraints are the quotient's.
        stage: &'static str,
        /// Why it does not fit.
        #[source]
        source: ProgramError,
    },
    /// The trace does not satisfy the AIR.
    #[error(
        "the trace does not satisfy the AIR: in row {row}, constraint {constraint}{} is not zero; both are counted from 0",
        label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default()
    )]
    Unsatisfied {
        /// The first row with one.
        row: usize,
        /// The first constraint that is not zero there, in the order in which the AIR asserts them.
        constraint: usize,
        /// Its name, if the AIR gives it one.
        label: Option<String>,
    },
    /// A proof takes more card memory than the session has. Nothing was uploaded.
    #[error(
        "no room for the {stage} of a trace of {rows} rows and {columns} columns: {needed} beats of 64 bytes of card memory are \
         needed, and {free} are free in one piece; {}",
        largest.map_or("no trace would fit".into(), |rows| format!("at most {rows} rows would fit"))
    )]
    Memory {
        /// What comes first of what there is no room for: `setup` or `proof`.
        stage: &'static str,
        /// Rows of the trace.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// Beats.
        needed: u64,
        /// Beats of the largest free piece.
        free: u32,
        /// The most rows for which there is room.
        largest: Option<usize>,
    },
    /// It was cancelled by [`crate::Session::cancel`].
    #[error("cancelled")]
    Cancelled,
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
    /// There is no contract for a proof, or it could not be run.
    #[error(transparent)]
    Contract(#[from] karat_evm::Error),
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
