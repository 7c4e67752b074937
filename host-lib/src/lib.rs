//! Plonky3 proofs from a Karat card.
//!
//! Two ways in. [`CardPcs`] replaces `TwoAdicFriPcs` in a `StarkConfig`, and p3's own `prove` then runs on the card.
//! [`prove_with_card`] does that for the ecosystem's usual configuration (Goldilocks, its degree-2 extension,
//! Poseidon2 of width 8; see [`config`]) and checks everything that p3 would panic on. Either way the proof is of p3's
//! type, has the bytes of p3's serial prover, and is verified by p3's verifier.

#![forbid(unsafe_code)]

pub mod airs;
pub mod backend;
pub mod card;
pub mod chain;
mod challenger;
pub mod config;
mod constants;
mod error;
mod hashing;
pub mod job;
pub mod onchain;
mod parameters;
mod pcs;
mod preset;
pub mod program;
mod proof_file;
mod prove;
pub mod report;
mod resident;
mod scheme;
mod security;
pub mod selftest;
mod vector;

pub use backend::{Backend, BackendError};
pub use card::{Card, OpenError, OpenOptions, Session};
pub use challenger::{Challenger, KeccakBytes, KeccakChallenger, Search};
pub use config::Proof;
pub use constants::{Poseidon2Constants, WORDS as POSEIDON2_CONSTANTS};
pub use error::Error;
pub use hashing::{Hashing, HashingFor, Keccak, Poseidon2};
pub use karat_abi::HashFunction;
pub use parameters::{MAX_POW_BITS, ParameterError, Parameters};
pub use pcs::{CardPcs, CardPcsError, ProverData};
pub use preset::Preset;
pub use proof_file::{ProofFile, ProofFileError};
pub use prove::{CardAir, ProvableAir, prove_on_cpu, prove_with_card, verify};
pub use report::Report;
pub use resident::{
    ChallengeField, ProverConfig, Setup, Trace, prove, prove_trace, prove_with_setup, required_beats, setup,
};
pub use scheme::{Degree, HashName, Scheme, WithTypes};
pub use security::Security;
