//! A card made of software engines, for tests of the firmware and of what stands above it.
//!
//! [`Machine`] is a whole card as the host sees it: BAR0, interrupts and host memory, with the firmware library running inside.
//! Engines do what their descriptors say, word by word, in an order and with delays drawn from a seed, and panic when the
//! firmware breaks the contract: those panics are test failures.

mod card;
mod engine;
mod hash;
mod host;
mod machine;
mod moves;
mod ntt;
mod vector;

pub use card::{Limits, SoftwareCard};
pub use host::{HostBus, HostMemory};
pub use machine::Machine;
