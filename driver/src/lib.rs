//! The userspace driver: transports, queues, pinned buffers, card memory.
//!
//! [`Device::open`] boots a card behind a [`Transport`]; a [`Session`] owns a range of its memory and submits commands;
//! a [`Pending`] is a command under way that gives back its buffers with the completion. Every wait has a bound.

#![deny(unsafe_code)]

mod buffer;
mod card;
mod device;
mod dual;
mod error;
pub mod image;
mod memory;
mod payload;
mod pending;
mod queue;
mod session;
// The only place with `unsafe`: memory that the host shares with the card.
#[allow(unsafe_code)]
pub mod transport;

pub use buffer::HostBuffer;
pub use card::Timeouts;
pub use device::{Device, Info};
pub use dual::{Difference, Place};
pub use error::{Error, Loss};
pub use memory::{Arena, CardMemory};
pub use pending::Pending;
pub use queue::Queue;
pub use session::{After, Layout, Session, finish};
pub use transport::{Contiguity, DmaMemory, DmaPiece, Interrupt, Transport, TransportError};
