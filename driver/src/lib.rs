//! The userspace driver: transports, queues, pinned buffers, card memory.

pub mod transport;

pub use transport::{DmaMemory, DmaPiece, Interrupt, Transport, TransportError};
