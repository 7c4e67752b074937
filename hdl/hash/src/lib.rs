//! The hash engine: Poseidon2 sponges and Merkle trees.

pub mod delay;
pub mod linear;
pub mod reduce;
