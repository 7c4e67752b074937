//! The words of a beat in the order in which they are absorbed.

use karat_hdl_base::register::{EnabledRegister, KeptRegister};
use rust_hdl::prelude::*;

/// Takes the beat at the read port, or makes one for a search out of words that come one after the other; a register on the way
/// to the lanes, which may be far.
#[derive(LogicBlock, Default)]
pub struct Arrange {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A beat of card memory.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// Leaves out the fourth word of every four. Stays for a descriptor, from a cycle before its first beat on.
    pub skip: Signal<In, Bit>,
    /// Of the beat of the next cycle the upper half comes first, and nothing else counts.
    pub upper: Signal<In, Bit>,
    /// Beats are made for a search. Stays for a descriptor, from a cycle before its first word on.
    pub search: Signal<In, Bit>,
    /// A word of a search.
    pub value: Signal<In, Bits<64>>,
    /// Words that take it; the others stay.
    pub select: Signal<In, Bits<8>>,
    /// The words, a cycle later.
    pub word: [Signal<Out, Bits<64>>; 8],
    // Control with a register for each word, as each has 64 loads.
    skipped: [KeptRegister<Bit>; 3],
    lowered: [KeptRegister<Bit>; 4],
    searched: [KeptRegister<Bit>; 8],
    held: [EnabledRegister<Bits<64>>; 8],
}

impl Logic for Arrange {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..3 {
            self.skipped[i].clock.next = self.clock.val();
            self.skipped[i].d.next = self.skip.val();
        }
        for i in 0..4 {
            self.lowered[i].clock.next = self.clock.val();
            self.lowered[i].d.next = self.upper.val();
        }
        for i in 0..8 {
            self.searched[i].clock.next = self.clock.val();
            self.searched[i].d.next = self.search.val();
            self.held[i].clock.next = self.clock.val();
            self.held[i].enable.next = !self.searched[i].q.val() || self.select.val().get_bit(i);
            self.held[i].d.next = self.beat[i].val();
            self.word[i].next = self.held[i].q.val();
        }
        for i in 3..6 {
            if self.skipped[i - 3].q.val() {
                self.held[i].d.next = self.beat[i + 1].val();
            }
        }
        for i in 0..4 {
            if self.lowered[i].q.val() {
                self.held[i].d.next = self.beat[i + 4].val();
            }
        }
        for i in 0..8 {
            if self.searched[i].q.val() {
                self.held[i].d.next = self.value.val();
            }
        }
    }
}
