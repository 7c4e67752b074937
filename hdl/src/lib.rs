//! The Karat card in rust-hdl: top level, configurations and emission.

mod drain;

pub use drain::Drain;
