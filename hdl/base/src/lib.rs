//! Goldilocks arithmetic, streams and Verilog emission shared by the engines.
//!
//! Every block is rust-hdl; what rust-hdl cannot say well (products, RAM) is a small Verilog leaf in `src/leaves`.

pub mod emit;
pub mod engine_registers;
pub mod field;
pub mod fifo;
pub mod gate;
pub mod memory;
mod modules;
pub mod pick;
pub mod register;
pub mod reverse;
pub mod skid;
#[cfg(feature = "synth")]
pub mod synth;
#[cfg(feature = "testing")]
pub mod testing;
pub mod write_fifo;
