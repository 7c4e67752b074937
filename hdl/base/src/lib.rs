//! Goldilocks arithmetic, streams and Verilog emission shared by the engines.
//!
//! Every block is rust-hdl; what rust-hdl cannot say well (products, RAM) is a small Verilog leaf in `src/leaves`.

pub mod emit;
mod modules;
pub mod register;
#[cfg(feature = "testing")]
pub mod testing;
