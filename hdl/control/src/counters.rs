//! Time, and time without work.

use crate::Register;
use rust_hdl::prelude::*;

/// Counts cycles, and cycles in which no engine was busy.
#[derive(LogicBlock, Default)]
pub struct Counters {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears both.
    pub reset: Signal<In, Bit>,
    /// Activity of the engines.
    pub engine_busy: Signal<In, Bits<8>>,
    /// Cycles since reset.
    pub cycle: Signal<Out, Bits<64>>,
    /// Cycles since reset without a busy engine.
    pub idle: Signal<Out, Bits<64>>,
    cycles: Register<Bits<64>>,
    idles: Register<Bits<64>>,
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, cycles, idles);
        self.cycle.next = self.cycles.q.val();
        self.idle.next = self.idles.q.val();
        self.cycles.d.next = self.cycles.q.val() + 1;
        if self.engine_busy.val() == 0 {
            self.idles.d.next = self.idles.q.val() + 1;
        }
        if self.reset.val() {
            self.cycles.d.next = 0.into();
            self.idles.d.next = 0.into();
        }
    }
}
