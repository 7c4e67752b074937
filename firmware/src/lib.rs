//! The firmware of the card, as a library that also runs on the host.
//!
//! [`Firmware`] is an event loop over a [`Hardware`]: it fetches submission entries, splits commands into engine descriptors, overlaps
//! what does not depend on each other, and posts completions. It allocates nothing, waits for nothing inside a poll, and has no
//! path that panics. The RISC-V image in `image/` gives it the card's registers; the feature `software` gives it those of a
//! card in software, whose engines another crate brings, or the feature `testing`.
#![cfg_attr(not(any(test, feature = "software")), no_std)]
#![forbid(unsafe_code)]

pub mod board;
mod card;
mod command;
mod counters;
mod download;
mod fifo;
mod firmware;
mod goldilocks;
mod grind;
mod hardware;
mod lane;
mod leaves;
pub mod log;
mod mailbox;
mod pieces;
mod plan;
mod queue;
mod session;
#[cfg(any(test, feature = "software"))]
pub mod software;
mod stages;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transform;
mod tree;
mod turn;
mod upload;
mod validate;
mod vector;

pub use firmware::Firmware;
pub use hardware::Hardware;
