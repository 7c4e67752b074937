//! Cuts the paths of `valid`, `ready` and data between two blocks.

use rust_hdl::prelude::*;

use crate::register::Register;

/// Two places for words of W <= 64 bits; every output is a register. Latency one cycle, one word a cycle.
#[derive(LogicBlock, Default)]
pub struct Skid<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties it.
    pub reset: Signal<In, Bit>,
    /// Word offered.
    pub in_data: Signal<In, Bits<W>>,
    /// A word is offered.
    pub in_valid: Signal<In, Bit>,
    /// There is room.
    pub in_ready: Signal<Out, Bit>,
    /// Oldest word.
    pub out_data: Signal<Out, Bits<W>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    first: Register<Bits<W>>,
    second: Register<Bits<W>>,
    valid: Register<Bit>,
    // The second place is in use, so that nothing more fits.
    waiting: Register<Bit>,
    advance: Signal<Local, Bit>,
}

impl<const W: usize> Logic for Skid<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, second, valid, waiting);
        self.advance.next = self.out_ready.val() || !self.valid.q.val();
        if !self.waiting.q.val() {
            self.second.d.next = self.in_data.val();
        }
        if self.advance.val() {
            self.valid.d.next = self.waiting.q.val() || self.in_valid.val();
            self.first.d.next = self.in_data.val();
            if self.waiting.q.val() {
                self.first.d.next = self.second.q.val();
            }
            self.waiting.d.next = false;
        } else {
            self.waiting.d.next = self.waiting.q.val() || self.in_valid.val();
        }
        self.in_ready.next = !self.waiting.q.val();
        self.out_data.next = self.first.q.val();
        self.out_valid.next = self.valid.q.val();
        if self.reset.val() {
            self.valid.d.next = false;
            self.waiting.d.next = false;
        }
    }
}
