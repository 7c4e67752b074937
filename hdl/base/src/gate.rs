//! A clock that stops in simulation while a block has nothing to do.

use rust_hdl::prelude::*;

/// `gated` is `clock` while `enable` is high; on a device always.
///
/// What it drives must not see the difference: while `enable` is low it keeps its state and its outputs by itself. Tests of
/// the engines compare both forms, cycle by cycle.
#[derive(LogicBlock, Default)]
pub struct ClockGate {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Lets the next rising edge through; from registers of `clock`.
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
        Verilog::Wrapper(Wrapper { code: include_str!("leaves/clock_gate.v").into(), cores: String::new() })
    }
}
