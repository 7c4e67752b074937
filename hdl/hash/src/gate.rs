//! A clock that stands still.

use rust_hdl::prelude::*;

/// `clock` in the cycles in which `enable` is high at their rising edge; on a device always (the logic behind it must not see the
/// difference: it only stops when nothing would change).
#[derive(LogicBlock, Default)]
pub struct ClockGate {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Lets the next rising edge through.
    pub enable: Signal<In, Bit>,
    /// Gated clock.
    pub gated: Signal<Out, Clock>,
}

impl Logic for ClockGate {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.gated.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(include_str!("leaves/clock_gate.v").into())
    }
}
