//! A sequence of words that is read again and again.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Shows the units of a sequence, of one or two words, one after the other, and after the last the first again.
///
/// A sequence that fits the 2^A beats is brought once and kept (`keeps`); a longer one is brought again for every pass, and what has
/// been read makes room. Every pass starts in a beat of its own.
#[derive(LogicBlock)]
pub struct Replay<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the sequence.
    pub reset: Signal<In, Bit>,
    /// A new sequence begins; the next three are stable from here on.
    pub start: Signal<In, Bit>,
    /// Its beats.
    pub beats: Signal<In, Bits<16>>,
    /// Its units less one.
    pub last_unit: Signal<In, Bits<20>>,
    /// It fits.
    pub keeps: Signal<In, Bit>,
    /// Beat.
    pub in_data: [Signal<In, Bits<64>>; 8],
    /// There is one, for which there was room.
    pub in_valid: Signal<In, Bit>,
    /// Places for beats that are free.
    pub room: Signal<Out, Bits<16>>,
    /// First word of the unit.
    pub first: Signal<Out, Bits<64>>,
    /// Second word.
    pub second: Signal<Out, Bits<64>>,
    /// There is a unit.
    pub valid: Signal<Out, Bit>,
    /// It is the last of the pass.
    pub is_last: Signal<Out, Bit>,
    /// It is taken.
    pub take: Signal<In, Bit>,
    store: [Ram<64, A>; 8],
    tail: Register<Bits<A>>,
    head: Register<Bits<A>>,
    // Beats stored that have not been read; all that came, for a sequence that is kept.
    stored: Register<Bits<16>>,
    is_valid: Register<Bit>,
    unit: Register<Bits<20>>,
    at_last: Register<Bit>,
    // Word of the unit in its beat.
    word: Register<Bits<3>>,
    all_there: Register<Bit>,
    reading: Signal<Local, Bits<16>>,
    next_beat: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    frees: Signal<Local, Bit>,
    pair: [Signal<Local, Bits<64>>; 2],
    quad: [Signal<Local, Bits<64>>; 4],
    step: Constant<Bits<3>>,
    last_word: Constant<Bits<3>>,
    places: Constant<Bits<16>>,
}

impl<const A: usize> Replay<A> {
    /// With units of `words` words: one or two.
    pub fn new(words: usize) -> Self {
        assert!(words == 1 || words == 2, "a unit is a word or two");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            beats: Default::default(),
            last_unit: Default::default(),
            keeps: Default::default(),
            in_data: Default::default(),
            in_valid: Default::default(),
            room: Default::default(),
            first: Default::default(),
            second: Default::default(),
            valid: Default::default(),
            is_last: Default::default(),
            take: Default::default(),
            store: Default::default(),
            tail: Default::default(),
            head: Default::default(),
            stored: Default::default(),
            is_valid: Default::default(),
            unit: Default::default(),
            at_last: Default::default(),
            word: Default::default(),
            all_there: Default::default(),
            reading: Default::default(),
            next_beat: Default::default(),
            takes: Default::default(),
            frees: Default::default(),
            pair: Default::default(),
            quad: Default::default(),
            step: Constant::new((words as u64).to_bits()),
            last_word: Constant::new((8 - words as u64).to_bits()),
            places: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Replay<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, tail, head, stored, is_valid, unit, at_last, word, all_there);
        self.takes.next = self.is_valid.q.val() && self.take.val();
        self.next_beat.next = self.takes.val() && (self.at_last.q.val() || (self.word.q.val() == self.last_word.val()));
        self.frees.next = self.next_beat.val() && !self.keeps.val();

        if self.in_valid.val() {
            self.tail.d.next = self.tail.q.val() + 1;
        }
        if self.in_valid.val() && !self.frees.val() {
            self.stored.d.next = self.stored.q.val() + 1;
        }
        if !self.in_valid.val() && self.frees.val() {
            self.stored.d.next = self.stored.q.val() - 1;
        }
        self.room.next = self.places.val() - self.stored.q.val();

        self.reading.next = bit_cast::<16, A>(self.head.q.val());
        // What is written in this cycle can be read in the next one. Of a kept sequence beats are read before all are there.
        self.is_valid.d.next = self.stored.q.val() != 0;
        if self.frees.val() {
            self.is_valid.d.next = self.stored.q.val() > 1;
        }
        if self.keeps.val() {
            self.is_valid.d.next = self.all_there.q.val() || (self.stored.q.val() > self.reading.val());
            if self.next_beat.val() {
                self.is_valid.d.next = self.all_there.q.val() || (self.stored.q.val() > self.reading.val() + 1);
            }
        }
        self.all_there.d.next = self.beats.val().any() && (self.stored.q.val() == self.beats.val());
        if self.takes.val() {
            self.unit.d.next = self.unit.q.val() + 1;
            self.at_last.d.next = self.unit.q.val() + 1 == self.last_unit.val();
            self.word.d.next = self.word.q.val() + self.step.val();
            if self.at_last.q.val() {
                self.unit.d.next = 0.into();
                self.at_last.d.next = self.last_unit.val() == 0;
                self.word.d.next = 0.into();
            }
        }
        if self.next_beat.val() {
            self.head.d.next = self.head.q.val() + 1;
            if self.keeps.val() && self.at_last.q.val() {
                self.head.d.next = 0.into();
            }
        }

        for i in 0..8 {
            self.store[i].clock.next = self.clock.val();
            self.store[i].write_enable.next = self.in_valid.val();
            self.store[i].write_address.next = self.tail.q.val();
            self.store[i].write_data.next = self.in_data[i].val();
            self.store[i].read_address.next = self.head.d.val();
        }
        for i in 0..4 {
            self.quad[i].next = self.store[i].read_data.val();
            if self.word.q.val().get_bit(2) {
                self.quad[i].next = self.store[i + 4].read_data.val();
            }
        }
        for i in 0..2 {
            self.pair[i].next = self.quad[i].val();
            if self.word.q.val().get_bit(1) {
                self.pair[i].next = self.quad[i + 2].val();
            }
        }
        self.first.next = self.pair[0].val();
        if self.word.q.val().get_bit(0) {
            self.first.next = self.pair[1].val();
        }
        self.second.next = self.pair[1].val();
        self.valid.next = self.is_valid.q.val();
        self.is_last.next = self.at_last.q.val();
        if self.start.val() || self.reset.val() {
            self.tail.d.next = 0.into();
            self.head.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.is_valid.d.next = false;
            self.all_there.d.next = false;
            self.unit.d.next = 0.into();
            self.at_last.d.next = self.last_unit.val() == 0;
            self.word.d.next = 0.into();
        }
    }
}
