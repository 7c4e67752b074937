//! Cuts the paths between the two ends of a dense stream (see [`crate::packer`]).

use karat_hdl_base::register::{EnabledRegister, KeptRegister, Register};
use rust_hdl::prelude::*;

/// Two places for beats, which stay where they are written: to take one moves a bit. Every output is a register, or chosen by
/// registers. Latency one cycle, a beat a cycle.
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
    slot0: [EnabledRegister<Bits<64>>; 8],
    slot1: [EnabledRegister<Bits<64>>; 8],
    // Place that is written next, or that of a beat with an end below 8.
    place: Register<Bit>,
    // Place of the oldest beat, a copy for each word.
    oldest: [KeptRegister<Bit>; 8],
    // Beats with end 8: one or two. In the place that is written next is one with an end below.
    one: Register<Bit>,
    two: Register<Bit>,
    part: Register<Bit>,
    part_end: EnabledRegister<Bits<4>>,
    accept: Signal<Local, Bit>,
    grow: Signal<Local, Bit>,
    shrink: Signal<Local, Bit>,
}

impl Logic for Stage {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, place, one, two, part);
        self.accept.next = self.in_valid.val() && !self.two.q.val();
        self.grow.next = self.accept.val() && self.in_end.val().get_bit(3);
        self.shrink.next = self.out_ready.val() && (self.one.q.val() || self.two.q.val());
        if self.grow.val() {
            self.place.d.next = !self.place.q.val();
        }
        if self.grow.val() && !self.shrink.val() {
            self.one.d.next = !self.one.q.val();
            self.two.d.next = self.one.q.val();
        }
        if self.shrink.val() && !self.grow.val() {
            self.one.d.next = self.two.q.val();
            self.two.d.next = false;
        }
        if self.out_ready.val() && !self.shrink.val() {
            self.part.d.next = false;
        }
        if self.accept.val() {
            self.part.d.next = !self.in_end.val().get_bit(3);
        }
        self.part_end.clock.next = self.clock.val();
        self.part_end.enable.next = self.accept.val();
        self.part_end.d.next = self.in_end.val();
        for i in 0..8 {
            self.slot0[i].clock.next = self.clock.val();
            self.slot1[i].clock.next = self.clock.val();
            self.slot0[i].d.next = self.in_data[i].val();
            self.slot1[i].d.next = self.in_data[i].val();
            self.slot0[i].enable.next = self.accept.val() && !self.place.q.val();
            self.slot1[i].enable.next = self.accept.val() && self.place.q.val();
            self.oldest[i].clock.next = self.clock.val();
            self.oldest[i].d.next = self.place.d.val() ^ self.one.d.val();
            self.out_data[i].next = self.slot0[i].q.val();
            if self.oldest[i].q.val() {
                self.out_data[i].next = self.slot1[i].q.val();
            }
        }
        self.in_ready.next = !self.two.q.val();
        self.out_valid.next = self.one.q.val() || self.two.q.val() || self.part.q.val();
        self.out_end.next = 8.into();
        if !self.one.q.val() && !self.two.q.val() {
            self.out_end.next = self.part_end.q.val();
        }
        if self.reset.val() {
            self.one.d.next = false;
            self.two.d.next = false;
            self.part.d.next = false;
        }
    }
}
