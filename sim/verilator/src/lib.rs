//! A thin wrapper of Verilator: pinned packages, cached models, ports as integers.
//!
//! [`Design`] is Verilog text and what decides its compilation. [`Design::build`] runs Verilator and the C++ compiler
//! the first time a design is seen and keeps the shared library in a cache named by the content of everything that went
//! in; afterwards it only loads it. A [`Model`] is that library, an [`Instance`] one simulated copy of the design.
//!
//! ```no_run
//! use karat_verilator::{Design, Source};
//!
//! let counter = "module counter(input clock, input [7:0] step, output reg [7:0] count);
//!                always @(posedge clock) count <= count + step; endmodule";
//! let model = Design::new("counter", [Source::new("counter.v", counter)]).build()?;
//! let (step, count) = (model.port("step")?, model.port("count")?);
//! let mut dut = model.instance(1); // registers start random, from seed 1
//! let before = dut.get(count);
//! dut.set(step, 3);
//! dut.cycle();
//! assert_eq!(dut.get(count), (before + 3) & 0xff);
//! # Ok::<(), karat_verilator::Error>(())
//! ```

#![deny(unsafe_code)]

mod compiler;
mod config;
mod design;
mod error;
// `unsafe` is here and in `model` only: calls into the loaded library, and its state.
#[allow(unsafe_code)]
mod instance;
mod make;
#[allow(unsafe_code)]
mod model;
pub mod packages;
mod shim;
mod verilate;

pub use config::Config;
pub use design::{Design, Source};
pub use error::Error;
pub use instance::Instance;
pub use model::{Model, Port, PortInfo, WidePort};
