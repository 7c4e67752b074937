//! The Karat card in rust-hdl: top level, configurations and emission.
//!
//! [`emit`] gives the Verilog of a [`Config`]: one top module, [`Card`], with standard ports. A simulator models what is
//! behind them; a board wires vendor IP to them, by [`board_top`].

mod board;
mod card;
mod config;
mod drain;
mod emission;

pub use board::board_top;
pub use card::Card;
pub use config::{Config, TINY};
pub use drain::Drain;
pub use emission::{CardSources, Error, emit};
pub use karat_hdl_control::processor_verilog;

/// Card memory of a simulated card, in beats: 4 GiB.
pub const CARD_BEATS: u64 = 1 << 26;
