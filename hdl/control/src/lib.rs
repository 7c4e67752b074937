//! The control system: VexRiscv, boot RAM, BAR0, doorbells, control registers, counters.
//!
//! [`ControlSystem`] is the block; its decoders compare with the register tables of `karat-abi`. The processor itself is an
//! external module, see [`Processor`].

mod arms;
mod axi_lite;
pub mod caches;
mod counters;
mod data_bus;
mod fetch;
mod firmware_registers;
mod host_registers;
mod offsets;
mod processor;
mod ram;
mod system;

use karat_hdl_base::register::Register;

pub use arms::Arms;
pub use axi_lite::AxiLiteSlave;
pub use caches::processor_verilog;
pub use counters::Counters;
pub use data_bus::DataBus;
pub use fetch::BurstReader;
pub use firmware_registers::FirmwareRegisters;
pub use host_registers::HostRegisters;
pub use processor::Processor;
pub use ram::{BootRam, DoorbellRam};
pub use system::{ControlSystem, REST};

/// Name of the processor's package variant, for `karat_verilator::packages::vexriscv`, and of its Verilog module. The card has it
/// as [`processor_verilog`] makes it.
pub const PROCESSOR: &str = "VexRiscv";
