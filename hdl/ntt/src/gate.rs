//! A clock that stops in simulation while a block has nothing to do.

use rust_hdl::prelude::*;

/// `gated` is `clock` while `enable` is set. What it drives must not depend on it: with `enable` low, it keeps its state and
/// its outputs. Hardware does not stop the clock.
#[derive(LogicBlock, Default)]
pub struct ClockGate {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The next edge is needed; from registers of `clock`.
    pub enable: Signal<In, Bit>,
    /// Clock, or in simulation nothing.
    pub gated: Signal<Out, Clock>,
}

impl Logic for ClockGate {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.gated.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Wrapper(Wrapper { code: include_str!("gate.v").into(), cores: String::new() })
    }
}
