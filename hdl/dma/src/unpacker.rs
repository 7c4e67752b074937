//! From the dense stream (see [`crate::packer`]) to beats with the words that are asked for.

use karat_hdl_base::register::{EnabledRegister, KeptRegister, Register};
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

use crate::rotate::Rotate;
use crate::stage::Stage;

/// Answers requests for words in their order, one a cycle while the stream lasts.
///
/// The answer comes some cycles after the request was taken and cannot be refused: ask only with room for it. Stream and requests
/// come through registers, as what engines have to say about them takes most of a cycle. Words move a cycle after it
/// was decided how, each by registers of its own.
#[derive(LogicBlock, Default)]
pub struct Unpacker {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all words.
    pub reset: Signal<In, Bit>,
    /// Beat of the dense stream.
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// Its end.
    pub in_end: Signal<In, Bits<4>>,
    /// A beat is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// Words asked for, 1 to 8.
    pub request_count: Signal<In, Bits<4>>,
    /// Lane of the first of them in the answer; `lane + count` is at most 8.
    pub request_lane: Signal<In, Bits<3>>,
    /// Comes back with the answer.
    pub request_tag: Signal<In, Bits<17>>,
    /// Words are asked for.
    pub request_valid: Signal<In, Bit>,
    /// The request is taken.
    pub request_ready: Signal<Out, Bit>,
    /// Answer; lanes outside `lane..lane + count` hold other words.
    pub out_data: [Signal<Out, Bits<64>>; 8],
    /// Lanes that were asked for, a bit each.
    pub out_lanes: Signal<Out, Bits<8>>,
    /// Tag of the request.
    pub out_tag: Signal<Out, Bits<17>>,
    /// There is an answer in this cycle.
    pub out_valid: Signal<Out, Bit>,
    stage: Stage,
    requests: Skid<24>,
    wanted: Signal<Local, Bits<24>>,
    wanted_count: Signal<Local, Bits<4>>,
    wanted_lane: Signal<Local, Bits<3>>,
    rotate: Rotate,
    // Of the beat that words are taken from: lanes first..stop are left; first = 8 when none.
    first: Register<Bits<4>>,
    stop: Register<Bits<4>>,
    // What was decided. Answers count only in the cycle after `fired`.
    asked: [KeptRegister<Bit>; 8],
    consumed: [KeptRegister<Bit>; 8],
    old: [KeptRegister<Bit>; 8],
    amount: [KeptRegister<Bits<3>>; 8],
    fired: Register<Bit>,
    fired_lanes: Register<Bits<8>>,
    fired_tag: Register<Bits<17>>,
    // The beat of the stage in the cycle of the decision; the beat that words are taken from.
    fresh: [Register<Bits<64>>; 8],
    hold: [EnabledRegister<Bits<64>>; 8],
    answer: [EnabledRegister<Bits<64>>; 8],
    lanes: Register<Bits<8>>,
    tag: Register<Bits<17>>,
    valid: Register<Bit>,
    want_end: Signal<Local, Bits<5>>,
    held_end: Signal<Local, Bits<5>>,
    need: Signal<Local, Bits<4>>,
    from_hold: Signal<Local, Bit>,
    from_both: Signal<Local, Bit>,
    refill: Signal<Local, Bit>,
    consume: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    ones: Signal<Local, Bits<16>>,
}

impl Logic for Unpacker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, stop, fired, fired_lanes, fired_tag, lanes, tag, valid);
        clock!(self, clock, stage, requests);
        self.stage.reset.next = self.reset.val();
        self.stage.in_end.next = self.in_end.val();
        self.stage.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.stage.in_ready.val();
        self.requests.reset.next = self.reset.val();
        self.requests.in_data.next = bit_cast::<24, 17>(self.request_tag.val())
            | (bit_cast::<24, 4>(self.request_count.val()) << 17)
            | (bit_cast::<24, 3>(self.request_lane.val()) << 21);
        self.requests.in_valid.next = self.request_valid.val();
        self.request_ready.next = self.requests.in_ready.val();
        self.wanted.next = self.requests.out_data.val();
        self.wanted_count.next = self.wanted.val().get_bits::<4>(17);
        self.wanted_lane.next = self.wanted.val().get_bits::<3>(21);

        self.want_end.next = bit_cast::<5, 4>(self.first.q.val()) + bit_cast::<5, 4>(self.wanted_count.val());
        self.held_end.next = bit_cast::<5, 4>(self.stop.q.val());
        self.need.next = self.want_end.val().get_bits::<4>(0) - 8;
        self.from_hold.next = self.want_end.val() <= self.held_end.val();
        // The rest of a beat that was offered with an end below 8 comes in the same lanes.
        self.refill.next = self.requests.out_valid.val()
            && !self.from_hold.val()
            && (self.stop.q.val() != 8)
            && self.stage.out_valid.val();
        self.from_both.next = !self.from_hold.val()
            && (self.stop.q.val() == 8)
            && self.stage.out_valid.val()
            && (self.need.val() <= self.stage.out_end.val());
        self.requests.out_ready.next = self.from_hold.val() || self.from_both.val();
        self.fire.next = self.requests.out_valid.val() && (self.from_hold.val() || self.from_both.val());
        self.consume.next = self.refill.val() || (self.requests.out_valid.val() && self.from_both.val());
        self.stage.out_ready.next = self.consume.val();

        self.fired.d.next = self.fire.val();
        if self.refill.val() {
            self.stop.d.next = self.stage.out_end.val();
        }
        // Bits lane..lane + count.
        self.ones.next = (bits::<16>(1) << self.wanted_count.val()) - 1;
        if self.fire.val() {
            self.fired_tag.d.next = self.wanted.val().get_bits::<17>(0);
            self.fired_lanes.d.next = bit_cast::<8, 16>(self.ones.val() << self.wanted_lane.val());
            self.first.d.next = self.want_end.val().get_bits::<4>(0);
            if self.from_both.val() {
                self.first.d.next = self.need.val();
                self.stop.d.next = self.stage.out_end.val();
            }
        }
        self.valid.d.next = self.fired.q.val();
        self.tag.d.next = self.fired_tag.q.val();
        self.lanes.d.next = self.fired_lanes.q.val();
        for i in 0..8 {
            self.asked[i].clock.next = self.clock.val();
            self.asked[i].d.next = self.requests.out_valid.val();
            self.consumed[i].clock.next = self.clock.val();
            self.consumed[i].d.next = self.consume.val();
            self.old[i].clock.next = self.clock.val();
            self.old[i].d.next = self.first.q.val() <= i.to_bits::<4>();
            self.amount[i].clock.next = self.clock.val();
            self.amount[i].d.next = self.wanted_lane.val() - self.first.q.val().get_bits::<3>(0);
            self.stage.in_data[i].next = self.in_data[i].val();
            self.fresh[i].clock.next = self.clock.val();
            self.fresh[i].d.next = self.stage.out_data[i].val();
            self.hold[i].clock.next = self.clock.val();
            self.hold[i].d.next = self.fresh[i].q.val();
            // With the rest of a beat come the words that are here already.
            self.hold[i].enable.next = self.consumed[i].q.val();
            self.rotate.amount[i].next = self.amount[i].q.val();
            self.rotate.data[i].next = self.fresh[i].q.val();
            if self.old[i].q.val() {
                self.rotate.data[i].next = self.hold[i].q.val();
            }
            self.answer[i].clock.next = self.clock.val();
            self.answer[i].d.next = self.rotate.out[i].val();
            self.answer[i].enable.next = self.asked[i].q.val();
        }
        self.out_valid.next = self.valid.q.val();
        self.out_lanes.next = self.lanes.q.val();
        self.out_tag.next = self.tag.q.val();
        for i in 0..8 {
            self.out_data[i].next = self.answer[i].q.val();
        }
        if self.reset.val() {
            self.first.d.next = 8.into();
            self.stop.d.next = 8.into();
            self.fired.d.next = false;
            self.valid.d.next = false;
        }
    }
}
