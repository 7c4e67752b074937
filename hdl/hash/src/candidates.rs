//! The states of a search, word by word.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Keeps the state of a search; shows its words one after the other when a search begins, and from then on candidates for one of them.
#[derive(LogicBlock, Default)]
pub struct Candidates {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes a word of the state.
    pub write: Signal<In, Bit>,
    /// Which.
    pub index: Signal<In, Bits<3>>,
    /// Its value.
    pub written: Signal<In, Bits<64>>,
    /// A search begins.
    pub start: Signal<In, Bit>,
    /// Its first candidate.
    pub first: Signal<In, Bits<64>>,
    /// Word of the state that candidates replace; stays for the search.
    pub position: Signal<In, Bits<3>>,
    /// The candidate shown is in use: the next one.
    pub advance: Signal<In, Bit>,
    /// A word of the state, or the candidate.
    pub value: Signal<Out, Bits<64>>,
    /// Which word it is, one-hot.
    pub select: Signal<Out, Bits<8>>,
    /// The candidate is shown: all words of the state have been.
    pub ready: Signal<Out, Bit>,
    state: Ram<64, 3>,
    // Word to read; 8 behind the last.
    slot: Register<Bits<4>>,
    loaded: Register<Bit>,
    one: Signal<Local, Bits<8>>,
    selected: Register<Bits<8>>,
    candidate: Register<Bits<64>>,
}

impl Logic for Candidates {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, slot, loaded, selected, candidate);
        self.state.clock.next = self.clock.val();
        self.state.write_enable.next = self.write.val();
        self.state.write_address.next = self.index.val();
        self.state.write_data.next = self.written.val();
        self.state.read_address.next = self.slot.q.val().get_bits::<3>(0);
        self.one.next = 1.into();
        self.loaded.d.next = self.slot.q.val().get_bit(3);
        if self.slot.q.val().get_bit(3) {
            self.selected.d.next = self.one.val() << self.position.val();
        } else {
            self.slot.d.next = self.slot.q.val() + 1;
            self.selected.d.next = self.one.val() << self.slot.q.val().get_bits::<3>(0);
        }
        self.select.next = self.selected.q.val();
        self.ready.next = self.loaded.q.val();
        self.value.next = self.state.read_data.val();
        if self.loaded.q.val() {
            self.value.next = self.candidate.q.val();
        }
        if self.advance.val() {
            self.candidate.d.next = self.candidate.q.val() + 1;
        }
        if self.start.val() {
            self.slot.d.next = 0.into();
            self.loaded.d.next = false;
            self.candidate.d.next = self.first.val();
        }
    }
}
