//! From the rounds to digests and states.

use karat_hdl_base::memory::SizedRam;
use karat_hdl_base::register::{EnabledRegister, Register};
use rust_hdl::prelude::*;

/// Takes a state out of the rounds, shows its digest or writes it, a part a cycle; a RAM for each word of a part.
#[derive(LogicBlock)]
pub struct Store {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the state.
    pub reset: Signal<In, Bit>,
    /// A state is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// Its tag, see [`super::loader::Loader`].
    pub in_tag: Signal<In, Bits<32>>,
    /// Its words.
    pub x: [Signal<In, Bits<64>>; 25],
    /// All digests that came out have been taken.
    pub digests_drained: Signal<In, Bit>,
    /// Waits for that.
    pub stalled: Signal<Out, Bit>,
    /// A digest comes out.
    pub digest_valid: Signal<Out, Bit>,
    /// Its words.
    pub digest: [Signal<Out, Bits<64>>; 4],
    /// It is the last of a batch of candidates.
    pub batch_done: Signal<Out, Bit>,
    /// The digest or state of the cycle before was the last of it.
    pub ended: Signal<Out, Bit>,
    /// Row whose state is read.
    pub read_row: Signal<In, Bits<16>>,
    /// Part of it.
    pub read_part: Signal<In, Bits<5>>,
    /// Its words, a cycle later.
    pub state: Vec<Signal<Out, Bits<64>>>,
    /// The words of a state for row 0 come, one after the other.
    pub base_start: Signal<In, Bit>,
    /// One comes; no state is on its way out then.
    pub base_write: Signal<In, Bit>,
    /// The word.
    pub base: Signal<In, Bits<64>>,
    bank: Vec<SizedRam>,
    word: [EnabledRegister<Bits<64>>; 25],
    tag: EnabledRegister<Bits<32>>,
    full: Register<Bit>,
    part: Register<Bits<5>>,
    was_last: Register<Bit>,
    base_part: Register<Bits<5>>,
    base_select: Register<Bits<32>>,
    take: Signal<Local, Bit>,
    // A cycle late, so that nothing here changes while the other hash works.
    drained: Register<Bit>,
    waits: Signal<Local, Bit>,
    shows: Signal<Local, Bit>,
    writes: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    // The words of all parts, and those of the part that is written.
    held: Vec<Signal<Local, Bits<64>>>,
    chosen: Vec<Signal<Local, Bits<64>>>,
    read_place: Signal<Local, Bits<20>>,
    write_place: Signal<Local, Bits<20>>,
    last_part: Constant<Bits<5>>,
    last_select: Constant<Bits<32>>,
    log_parts: Constant<Bits<5>>,
    _words: usize,
    _more: usize,
    _parts: usize,
    _padded: usize,
}

impl Store {
    /// For batches of 2^`log_batch` rows and states whose parts have so many words.
    pub fn new(log_batch: usize, words: usize) -> Self {
        let parts = 25_usize.div_ceil(words);
        let log_parts = parts.next_power_of_two().trailing_zeros() as usize;
        let signals = |number| (0..number).map(|_| Signal::default()).collect();
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_tag: Signal::default(),
            x: Default::default(),
            digests_drained: Signal::default(),
            stalled: Signal::default(),
            digest_valid: Signal::default(),
            digest: Default::default(),
            batch_done: Signal::default(),
            ended: Signal::default(),
            read_row: Signal::default(),
            read_part: Signal::default(),
            state: (0..words).map(|_| Signal::default()).collect(),
            base_start: Signal::default(),
            base_write: Signal::default(),
            base: Signal::default(),
            bank: (0..words).map(|_| SizedRam::new(log_batch + log_parts)).collect(),
            word: Default::default(),
            tag: EnabledRegister::default(),
            full: Register::default(),
            part: Register::default(),
            was_last: Register::default(),
            base_part: Register::default(),
            base_select: Register::default(),
            take: Signal::default(),
            drained: Register::default(),
            waits: Signal::default(),
            shows: Signal::default(),
            writes: Signal::default(),
            ends: Signal::default(),
            held: signals(parts * words),
            chosen: signals(words),
            read_place: Signal::default(),
            write_place: Signal::default(),
            last_part: Constant::new((parts as u64 - 1).to_bits()),
            last_select: Constant::new((1_u64 << (words - 1)).to_bits()),
            log_parts: Constant::new((log_parts as u64).to_bits()),
            _words: words,
            _more: words + 1,
            _parts: parts,
            _padded: parts * words,
        }
    }
}

impl Logic for Store {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, full, part, was_last, drained, base_part, base_select);
        // The writer has room for a batch.
        self.waits.next = (self.full.q.val() && self.tag.q.val().get_bit(16))
            && self.tag.q.val().get_bit(17)
            && !self.drained.q.val();
        self.stalled.next = self.waits.val();
        self.shows.next = (self.full.q.val() && self.tag.q.val().get_bit(16)) && !self.waits.val();
        self.drained.d.next = self.digests_drained.val() && !self.shows.val();
        self.writes.next = self.full.q.val() && !self.tag.q.val().get_bit(16);
        self.ends.next = self.shows.val() || (self.writes.val() && (self.part.q.val() == self.last_part.val()));
        self.digest_valid.next = self.shows.val();
        self.batch_done.next = self.shows.val() && self.tag.q.val().get_bit(18);
        self.was_last.d.next = self.ends.val();
        self.ended.next = self.was_last.q.val();
        self.in_ready.next = !self.full.q.val() || self.ends.val();
        self.take.next = self.in_valid.val() && self.in_ready.val();
        if self.writes.val() {
            self.part.d.next = self.part.q.val() + 1;
        }
        if self.ends.val() {
            self.part.d.next = 0.into();
            self.full.d.next = false;
        }
        if self.take.val() {
            self.full.d.next = true;
        }
        self.tag.clock.next = self.clock.val();
        self.tag.enable.next = self.take.val();
        self.tag.d.next = self.in_tag.val();
        for i in 0..25 {
            self.word[i].clock.next = self.clock.val();
            self.word[i].enable.next = self.take.val();
            self.word[i].d.next = self.x[i].val();
            self.held[i].next = self.word[i].q.val();
        }
        for i in 25..self._padded {
            self.held[i].next = 0.into();
        }
        for i in 0..4 {
            self.digest[i].next = self.word[i].q.val();
        }

        if self.base_write.val() {
            self.base_select.d.next = self.base_select.q.val() << 1;
            if self.base_select.q.val() == self.last_select.val() {
                self.base_select.d.next = 1.into();
                self.base_part.d.next = self.base_part.q.val() + 1;
            }
        }
        if self.base_start.val() {
            self.base_select.d.next = 1.into();
            self.base_part.d.next = 0.into();
        }
        self.read_place.next =
            (bit_cast::<20, 16>(self.read_row.val()) << self.log_parts.val()) | bit_cast::<20, 5>(self.read_part.val());
        self.write_place.next = (bit_cast::<20, 16>(self.tag.q.val().get_bits::<16>(0)) << self.log_parts.val())
            | bit_cast::<20, 5>(self.part.q.val());
        if self.base_write.val() {
            self.write_place.next = bit_cast::<20, 5>(self.base_part.q.val());
        }
        for n in self._words..self._more {
            for i in 0..self._words {
                self.chosen[i].next = self.held[i].val();
                for p in 1..self._parts {
                    if self.part.q.val() == p.to_bits() {
                        self.chosen[i].next = self.held[p * n + i].val();
                    }
                }
                if self.base_write.val() {
                    self.chosen[i].next = self.base.val();
                }
                self.bank[i].clock.next = self.clock.val();
                self.bank[i].write_enable.next = self.writes.val();
                if self.base_write.val() {
                    self.bank[i].write_enable.next = self.base_select.q.val().get_bit(i);
                }
                self.bank[i].write_address.next = self.write_place.val();
                self.bank[i].write_data.next = self.chosen[i].val();
                self.bank[i].read_address.next = self.read_place.val();
                self.state[i].next = self.bank[i].read_data.val();
            }
        }
        if self.reset.val() {
            self.full.d.next = false;
            self.part.d.next = 0.into();
            self.was_last.d.next = false;
        }
    }
}
