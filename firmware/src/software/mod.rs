//! A card in software around the firmware: what the host sees of it and what the firmware sees of it, with any [`Engines`].
//!
//! [`Machine`] is a whole card as the host sees it: BAR0 and interrupts, with the firmware library running inside. What its engines do, and
//! how they reach host memory, is for [`Engines`] to say. Whatever the firmware does against the contract of the registers panics.

mod card;
mod engine;
mod machine;
mod mailbox;
mod registers;

pub use card::SoftwareCard;
pub use engine::{EngineState, TableFill, Words};
pub use machine::{Machine, image};
pub use mailbox::{ERROR_WORD, HostBus, transfer};
pub use registers::{Capabilities, Registers};

use karat_abi::Engine;

/// The engines of a card, as they act behind its registers.
pub trait Engines {
    /// What the card says of itself.
    fn capabilities(&self) -> Capabilities;

    /// Goes on with the descriptors that are there. One that is done is taken out by [`EngineState::finish`].
    fn tick(&mut self, registers: &mut Registers);

    /// Fills a table, at once; for how many ticks it seems to run.
    fn fill(&mut self, engine: Engine, fill: TableFill, registers: &Registers) -> u32;

    /// Goes back to the state after reset. Memories keep what they hold.
    fn reset(&mut self);
}
