//! The hash engine: Poseidon2 and Keccak-256 sponges, Merkle trees and the search for a proof of work.

pub mod arrange;
pub mod candidates;
pub mod constants;
mod cores;
pub mod delay;
mod engine;
pub mod front;
mod intake;
pub mod keccak;
pub mod lane;
pub mod linear;
pub mod parameter;
pub mod poseidon2;
pub mod reduce;
pub mod sbox;
pub mod search;
pub mod sequencer;
mod word;
pub mod writer;

pub use engine::HashEngine;

/// The engine of configuration `tiny`: 8 multipliers, a round of Keccak a cycle, 128 rows a batch.
pub type TinyHashEngine = HashEngine<2, 6, 7, 7, 1>;
