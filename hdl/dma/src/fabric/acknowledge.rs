//! Which responses end a command, and the width of strobes.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Remembers of a client's bursts in flight, at most 32, which of them end a command.
#[derive(LogicBlock, Default)]
pub struct Acknowledge {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all bursts.
    pub reset: Signal<In, Bit>,
    /// A burst is sent.
    pub issue: Signal<In, Bit>,
    /// It is the last of its command.
    pub issue_last: Signal<In, Bit>,
    /// Another burst may be sent, also if one is sent in this cycle.
    pub room: Signal<Out, Bit>,
    /// The oldest burst is answered.
    pub answer: Signal<In, Bit>,
    /// In the cycle after: it was the last of its command.
    pub done: Signal<Out, Bit>,
    flags: Register<Bits<32>>,
    head: Register<Bits<5>>,
    tail: Register<Bits<5>>,
    used: Register<Bits<6>>,
    full: Register<Bit>,
    last: Register<Bit>,
}

impl Logic for Acknowledge {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, flags, head, tail, used, full, last);
        self.room.next = !self.full.q.val();
        self.last.d.next = self.answer.val() && self.flags.q.val().get_bit(self.head.q.val().index());
        self.done.next = self.last.q.val();
        if self.issue.val() {
            self.flags.d.next = self.flags.q.val().replace_bit(self.tail.q.val().index(), self.issue_last.val());
            self.tail.d.next = self.tail.q.val() + 1;
        }
        if self.answer.val() {
            self.head.d.next = self.head.q.val() + 1;
        }
        if self.issue.val() && !self.answer.val() {
            self.used.d.next = self.used.q.val() + 1;
            self.full.d.next = self.used.q.val() >= 30;
        }
        if self.answer.val() && !self.issue.val() {
            self.used.d.next = self.used.q.val() - 1;
            self.full.d.next = self.used.q.val() == 32;
        }
        if self.reset.val() {
            self.head.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.used.d.next = 0.into();
            self.full.d.next = false;
            self.last.d.next = false;
        }
    }
}

/// From a bit a word to a bit a byte.
#[derive(LogicBlock, Default)]
pub struct Strobe {
    /// A bit a word.
    pub words: Signal<In, Bits<8>>,
    /// A bit a byte.
    pub bytes: Signal<Out, Bits<64>>,
    spread: Signal<Local, Bits<64>>,
}

impl Logic for Strobe {
    #[hdl_gen]
    fn update(&mut self) {
        // Bit i goes to bit 8 i, then every such bit becomes a byte.
        self.spread.next = 0.into();
        for i in 0..8 {
            if self.words.val().get_bit(i) {
                self.spread.next = self.spread.val() | (bits::<64>(255) << (8 * i).to_bits::<6>());
            }
        }
        self.bytes.next = self.spread.val();
    }
}
