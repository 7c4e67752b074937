//! From beats with some valid words to the dense stream.
//!
//! The dense stream between two engines numbers its words from reset on; word `n` travels in lane `n mod 8`. A beat of it
//! offers lanes `0..end`, of which the receiver has those below the end of the beat before if that was not 8. An offer with
//! `end` below 8 may grow or be withdrawn before it is taken, since more words may complete the beat.

use karat_hdl_base::register::{EnabledRegister, KeptRegister, Register};
use rust_hdl::prelude::*;

use crate::rotate::Rotate;

/// Joins runs of words into the dense stream, a beat a cycle.
#[derive(LogicBlock, Default)]
pub struct Packer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all words.
    pub reset: Signal<In, Bit>,
    /// Beat whose words `first..first + count` are taken.
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// First word.
    pub in_first: Signal<In, Bits<3>>,
    /// Words, 1 to 8.
    pub in_count: Signal<In, Bits<4>>,
    /// A beat is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// No more words are on their way: offer what there is.
    pub flush: Signal<In, Bit>,
    /// Beat of the dense stream.
    pub out_data: [Signal<Out, Bits<64>>; 8],
    /// Its end, 1 to 8.
    pub out_end: Signal<Out, Bits<4>>,
    /// A beat is offered.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    rotate: Rotate,
    flushing: Register<Bit>,
    // Lane of the next word to come in.
    lane: Register<Bits<3>>,
    // The beat that came last, rotated into its lanes; it wraps around if `stop` is above 8.
    turned: [EnabledRegister<Bits<64>>; 8],
    turned_valid: Register<Bit>,
    stop: Register<Bits<4>>,
    // Lanes 0..fill of the beat under construction, of which 0..delivered are taken.
    partial: [EnabledRegister<Bits<64>>; 8],
    fill: Register<Bits<3>>,
    delivered: Register<Bits<3>>,
    // For each word whether it is at `fill` or behind.
    open: [KeptRegister<Bit>; 8],
    lane_end: Signal<Local, Bits<4>>,
    full: Signal<Local, Bit>,
    offer_partial: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
}

impl Logic for Packer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, flushing, lane, turned_valid, stop, fill, delivered);
        self.lane_end.next = bit_cast::<4, 3>(self.lane.q.val()) + self.in_count.val();

        self.flushing.d.next = self.flush.val();
        self.full.next = self.turned_valid.q.val() && self.stop.q.val().get_bit(3);
        self.offer_partial.next =
            self.flushing.q.val() && !self.turned_valid.q.val() && (self.fill.q.val() != self.delivered.q.val());
        self.out_valid.next = self.full.val() || self.offer_partial.val();
        self.leave.next = self.turned_valid.q.val() && (!self.stop.q.val().get_bit(3) || self.out_ready.val());
        self.take.next = self.in_valid.val() && (!self.turned_valid.q.val() || self.leave.val());
        self.in_ready.next = !self.turned_valid.q.val() || self.leave.val();

        for i in 0..8 {
            self.turned[i].clock.next = self.clock.val();
            self.turned[i].d.next = self.rotate.out[i].val();
            self.turned[i].enable.next = self.take.val();
            self.partial[i].clock.next = self.clock.val();
            self.partial[i].d.next = self.turned[i].q.val();
            self.partial[i].enable.next = self.leave.val() && (self.stop.q.val().get_bit(3) || self.open[i].q.val());
            self.rotate.data[i].next = self.in_data[i].val();
            self.rotate.amount[i].next = self.lane.q.val() - self.in_first.val();
        }

        self.out_end.next = bit_cast::<4, 3>(self.fill.q.val());
        if self.full.val() {
            self.out_end.next = 8.into();
        }
        // Words behind the end of an offer may be any.
        for i in 0..8 {
            self.out_data[i].next = self.partial[i].q.val();
            if self.open[i].q.val() {
                self.out_data[i].next = self.turned[i].q.val();
            }
        }
        if self.offer_partial.val() && self.out_ready.val() {
            self.delivered.d.next = self.fill.q.val();
        }
        if self.leave.val() {
            self.turned_valid.d.next = false;
            self.fill.d.next = self.stop.q.val().get_bits::<3>(0);
            if self.stop.q.val().get_bit(3) {
                self.delivered.d.next = 0.into();
            }
        }
        if self.take.val() {
            self.turned_valid.d.next = true;
            self.stop.d.next = self.lane_end.val();
            self.lane.d.next = self.lane_end.val().get_bits::<3>(0);
        }
        if self.reset.val() {
            self.lane.d.next = 0.into();
            self.turned_valid.d.next = false;
            self.fill.d.next = 0.into();
            self.delivered.d.next = 0.into();
        }
        for i in 0..8 {
            self.open[i].clock.next = self.clock.val();
            self.open[i].d.next = self.fill.d.val() <= i.to_bits::<3>();
        }
    }
}
