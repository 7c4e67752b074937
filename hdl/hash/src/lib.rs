//! The hash engine: Poseidon2 sponge and Merkle trees.
