//! The contract between the card, its firmware and its driver.
//!
//! Every number that two layers share is here and nowhere else: register maps, queue entries, engine
//! descriptors, error codes, stages and the header of the boot image. The HDL decoders, the firmware's and
//! the driver's accessors, and `REGISTERS.md` all derive from these tables.
#![no_std]
#![forbid(unsafe_code)]

pub mod checksum;
pub mod command;
pub mod engine;
pub mod error;
pub mod hash;
pub mod image;
pub mod queue;
pub mod registers;
pub mod stage;
pub mod vector;

pub use checksum::{Checksum, checksum};
pub use command::{
    GrindArguments, HashFunction, LdeArguments, MatrixArguments, MerkleArguments, Opcode, VectorArguments, VectorPass,
};
pub use engine::Engine;
pub use error::Status;
pub use hash::ABI_HASH;
pub use queue::{Completion, Segment, Submission};
pub use stage::Stage;

/// Bytes of a beat, the unit of card memory and of every wide stream: eight field elements.
pub const BEAT_BYTES: u32 = 64;
/// Field elements of a beat, which is the number of columns of a tile.
pub const TILE_COLUMNS: u32 = 8;
/// Bytes of a Merkle node (four field elements, or 32 bytes of Keccak).
pub const NODE_BYTES: u32 = 32;
/// Longest burst that a memory port issues to its bus, in beats: 4 KiB, which AXI bursts may not cross.
pub const BURST_BEATS: u32 = 64;
/// The Goldilocks prime, 2^64 - 2^32 + 1.
pub const P: u64 = 0xffff_ffff_0000_0001;
/// Increases with every incompatible change of this crate.
pub const ABI_VERSION: u32 = 1;
