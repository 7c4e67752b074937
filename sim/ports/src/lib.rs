//! Models of what stands around a simulated card: memories behind AXI4 ports, and the master of its AXI4-Lite port.
//!
//! The models are cycle-accurate at the pins: they drive inputs before the rising edge, look at outputs just before it, and
//! check the protocol while they do. All timing is stated in a [`Timing`]; everything random comes from a seed.

#![forbid(unsafe_code)]

mod check;
mod lite;
mod memory;
mod read;
mod slave;
mod timing;
mod write;

pub use lite::LiteMaster;
pub use memory::{Memory, Sparse};
pub use slave::{Fault, PortCounters, Slave, Way};
pub use timing::Timing;

/// One beat: eight words.
pub type Beat = [u64; 8];
