//! A card made of software engines, for tests of the firmware and of what stands above it.
//!
//! Engines do what their descriptors say, word by word, in an order and with delays drawn from a seed, and panic when the
//! firmware breaks the contract: those panics are test failures.

mod engines;
mod hash;
mod host;
mod moves;
mod ntt;
mod vector;

pub use engines::{Limits, StrictEngines, machine};
pub use host::HostMemory;
