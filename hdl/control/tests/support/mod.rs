//! The control system as a simulated design.

use karat_hdl_base::testing;
use karat_hdl_control::{ControlSystem, PROCESSOR};
use karat_verilator::{Design, Source, packages};

/// The control system with the processor's Verilog.
pub fn design() -> Design {
    let mut design = testing::design("control_system", ControlSystem::default).unwrap();
    design.sources.push(Source::read(&packages::vexriscv(PROCESSOR).unwrap()).unwrap());
    design
}
