//! Cuts the paths between the two ends of a dense stream (see [`crate::packer`]).

use karat_hdl_base::register::{EnabledRegister, Register};
use rust_hdl::prelude::*;

/// Two places for beats; every output is a register. Latency one cycle, a beat a cycle.
///
/// A beat that follows one with an end below 8 has the words of that too and replaces it, as long as it is here: the receiver
/// may wait for just these words.
#[derive(LogicBlock, Default)]
pub struct Stage {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties it.
    pub reset: Signal<In, Bit>,
    /// Dense stream.
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// Dense stream.
    pub in_end: Signal<In, Bits<4>>,
    /// Dense stream.
    pub in_valid: Signal<In, Bit>,
    /// Dense stream.
    pub in_ready: Signal<Out, Bit>,
    /// Dense stream.
    pub out_data: [Signal<Out, Bits<64>>; 8],
    /// Dense stream.
    pub out_end: Signal<Out, Bits<4>>,
    /// Dense stream.
    pub out_valid: Signal<Out, Bit>,
    /// Dense stream.
    pub out_ready: Signal<In, Bit>,
    first: [EnabledRegister<Bits<64>>; 8],
    first_end: EnabledRegister<Bits<4>>,
    second: [EnabledRegister<Bits<64>>; 8],
    second_end: EnabledRegister<Bits<4>>,
    valid: Register<Bit>,
    // The second place is in use, so that nothing more fits.
    waiting: Register<Bit>,
    leaves: Signal<Local, Bit>,
    load: Signal<Local, Bit>,
}

impl Logic for Stage {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, waiting);
        clock!(self, clock, first_end, second_end);
        self.leaves.next = self.out_ready.val() || !self.valid.q.val();
        self.load.next = self.leaves.val() || (self.in_valid.val() && !self.first_end.q.val().get_bit(3));
        self.first_end.enable.next = self.load.val();
        self.second_end.enable.next = !self.waiting.q.val();
        self.first_end.d.next = self.in_end.val();
        self.second_end.d.next = self.in_end.val();
        if self.waiting.q.val() {
            self.first_end.d.next = self.second_end.q.val();
        }
        for i in 0..8 {
            self.first[i].clock.next = self.clock.val();
            self.second[i].clock.next = self.clock.val();
            self.first[i].enable.next = self.load.val();
            self.second[i].enable.next = !self.waiting.q.val();
            self.first[i].d.next = self.in_data[i].val();
            self.second[i].d.next = self.in_data[i].val();
            if self.waiting.q.val() {
                self.first[i].d.next = self.second[i].q.val();
            }
            self.out_data[i].next = self.first[i].q.val();
        }
        if self.leaves.val() {
            self.valid.d.next = self.waiting.q.val() || self.in_valid.val();
            self.waiting.d.next = false;
        } else {
            self.waiting.d.next = self.waiting.q.val() || (self.in_valid.val() && self.first_end.q.val().get_bit(3));
        }
        self.in_ready.next = !self.waiting.q.val();
        self.out_end.next = self.first_end.q.val();
        self.out_valid.next = self.valid.q.val();
        if self.reset.val() {
            self.valid.d.next = false;
            self.waiting.d.next = false;
        }
    }
}
