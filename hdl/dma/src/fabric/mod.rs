//! Several clients on one AXI4 master of 512 bits.
//!
//! Commands are split into bursts at 4 KiB boundaries; clients take turns at every burst. The AXI id of a burst is the number
//! of its client and routes data and responses back, so that the memory may reorder what belongs to different clients; what
//! belongs to one client comes in order, as AXI demands.
//!
//! **What clients owe each other.** A beat that a client does not take holds up all others. So a client issues a read command
//! only with room for its data, and a write command only if it can supply the beats without waiting for what another client has
//! still to write: while a client offers beats its bursts are granted, some before their own beats are offered, and W is
//! its client's until the last beat of a burst. Nothing else is needed for freedom from deadlock.
//!
//! **What the bus sees.** No beat of W comes before its address is on AW, and of the bursts whose last beat is still to come at
//! most two have had their address on AW.

mod acknowledge;
mod arbiter;
mod read;
mod splitter;
mod write;

pub use acknowledge::{Acknowledge, Strobe};
pub use arbiter::Arbiter;
pub use read::ReadFabric;
pub use splitter::Splitter;
pub use write::WriteFabric;

/// Read bursts in flight of all clients together, at most. Single-beat bursts, the shortest, cover this latency at a beat a cycle.
pub const BURSTS: u64 = 64;
