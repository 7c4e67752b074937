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
    pub index: Signal<In, Bits<5>>,
    /// Its value.
    pub written: Signal<In, Bits<64>>,
    /// A search begins.
    pub start: Signal<In, Bit>,
    /// Its first candidate.
    pub first: Signal<In, Bits<64>>,
    /// Word of the beat that candidates replace; stays for the search.
    pub position: Signal<In, Bits<3>>,
    /// The state has 25 words, not 8; stays for the search.
    pub long: Signal<In, Bit>,
    /// The candidate shown is in use: the next one.
    pub advance: Signal<In, Bit>,
    /// A word of the state, or the candidate.
    pub value: Signal<Out, Bits<64>>,
    /// Which word of the beat it is, one-hot; of the state only the first 8 have one.
    pub select: Signal<Out, Bits<8>>,
    /// It is one of the state, the next one.
    pub of_state: Signal<Out, Bit>,
    /// The candidate is shown: all words of the state have been.
    pub ready: Signal<Out, Bit>,
    state: Ram<64, 5>,
    // Word to read; the number of words behind the last.
    slot: Register<Bits<5>>,
    words: Signal<Local, Bits<5>>,
    at_end: Signal<Local, Bit>,
    reading: Register<Bit>,
    loaded: Register<Bit>,
    one: Signal<Local, Bits<8>>,
    selected: Register<Bits<8>>,
    candidate: Register<Bits<64>>,
}

impl Logic for Candidates {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, slot, reading, loaded, selected, candidate);
        self.state.clock.next = self.clock.val();
        self.state.write_enable.next = self.write.val();
        self.state.write_address.next = self.index.val();
        self.state.write_data.next = self.written.val();
        self.state.read_address.next = self.slot.q.val();
        self.one.next = 1.into();
        self.words.next = 8.into();
        if self.long.val() {
            self.words.next = 25.into();
        }
        self.at_end.next = self.slot.q.val() == self.words.val();
        self.loaded.d.next = self.at_end.val();
        self.reading.d.next = !self.at_end.val();
        self.of_state.next = self.reading.q.val();
        if self.at_end.val() {
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
            self.reading.d.next = false;
            self.loaded.d.next = false;
            self.candidate.d.next = self.first.val();
        }
    }
}
