//! The transform buffer: two banks of a frame, between the transforms of EXTEND and for the exchange of TRANSPOSE.

use karat_hdl_base::memory::SizedRam;
use karat_hdl_base::register::Register;
use karat_hdl_base::reverse::Reverse;
use rust_hdl::prelude::*;

use crate::plan::Geometry;

/// Results go in by their position. Words that ask for it are answered in natural order of coefficients (position reversed),
/// and after a TRANSPOSE frame the buffer sends it out with interleave and point index exchanged.
#[derive(LogicBlock)]
pub struct Buffer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The kind is TRANSPOSE; constant while words are under way, like all of the descriptor.
    pub transpose: Signal<In, Bit>,
    /// log2 of the beats of a frame.
    pub log_frame: Signal<In, Bits<5>>,
    /// log2 of the interleave.
    pub log_interleave: Signal<In, Bits<5>>,
    /// Slots of a frame less one.
    pub frame_mask: Signal<In, Bits<20>>,
    /// Control word of results.
    pub word: Signal<In, Bits<32>>,
    /// Results.
    pub x: Vec<Signal<In, Bits<64>>>,
    /// Control word that asks for coefficients; two cycles later they are at `y`.
    pub ask: Signal<In, Bits<32>>,
    /// A place for a result is free.
    pub credit: Signal<In, Bit>,
    /// Contents.
    pub y: Vec<Signal<Out, Bits<64>>>,
    /// `y` belongs to a frame that goes out.
    pub valid: Signal<Out, Bit>,
    /// It is the last group of its beat.
    pub last: Signal<Out, Bit>,
    /// A place for a result is taken.
    pub spend: Signal<Out, Bit>,
    /// A frame is complete.
    pub loaded: Signal<Out, Bit>,
    /// A frame has gone out.
    pub drained: Signal<Out, Bit>,
    /// Frames are to go out.
    pub busy: Signal<Out, Bit>,
    memory: Vec<SizedRam>,
    reverse: Reverse<16>,
    address: Register<Bits<20>>,
    // A frame was completed in the last cycle that is to go out; such frames before.
    filled: Register<Bit>,
    full: Register<Bits<2>>,
    bank: Register<Bit>,
    slot: Register<Bits<20>>,
    valid1: Register<Bit>,
    last1: Register<Bit>,
    valid2: Register<Bit>,
    last2: Register<Bit>,
    write: Signal<Local, Bit>,
    complete: Signal<Local, Bit>,
    first_group: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    position: Signal<Local, Bits<16>>,
    inner: Signal<Local, Bits<16>>,
    // What follows from the shape of the frame, which no element of it is as early as.
    log_points: Register<Bits<5>>,
    point_mask: Register<Bits<16>>,
    unused: Register<Bits<5>>,
    exchanged: Signal<Local, Bits<16>>,
    write_address: Signal<Local, Bits<20>>,
    groups: Constant<Bits<5>>,
    group_mask: Constant<Bits<20>>,
    bank_bit: Constant<Bits<20>>,
    one: Constant<Bits<16>>,
    _lanes: usize,
}

impl Buffer {
    /// The buffer of an engine.
    pub fn new(geometry: &Geometry) -> Self {
        let log_depth = geometry.log_buffer + geometry.log_groups();
        Self {
            clock: Default::default(),
            reset: Default::default(),
            transpose: Default::default(),
            log_frame: Default::default(),
            log_interleave: Default::default(),
            frame_mask: Default::default(),
            word: Default::default(),
            x: (0..geometry.lanes).map(|_| Signal::default()).collect(),
            ask: Default::default(),
            credit: Default::default(),
            y: (0..geometry.lanes).map(|_| Signal::default()).collect(),
            valid: Default::default(),
            last: Default::default(),
            spend: Default::default(),
            loaded: Default::default(),
            drained: Default::default(),
            busy: Default::default(),
            memory: (0..geometry.lanes).map(|_| SizedRam::new(log_depth + 1)).collect(),
            reverse: Default::default(),
            address: Default::default(),
            filled: Default::default(),
            full: Default::default(),
            bank: Default::default(),
            slot: Default::default(),
            valid1: Default::default(),
            last1: Default::default(),
            valid2: Default::default(),
            last2: Default::default(),
            write: Default::default(),
            complete: Default::default(),
            first_group: Default::default(),
            step: Default::default(),
            ends: Default::default(),
            position: Default::default(),
            inner: Default::default(),
            log_points: Default::default(),
            point_mask: Default::default(),
            unused: Default::default(),
            exchanged: Default::default(),
            write_address: Default::default(),
            groups: Constant::new(geometry.log_groups().to_bits()),
            group_mask: Constant::new((geometry.groups() as u64 - 1).to_bits()),
            bank_bit: Constant::new((1_u64 << log_depth).to_bits()),
            one: Constant::new(1_u64.to_bits()),
            _lanes: geometry.lanes,
        }
    }
}

impl Logic for Buffer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, address, filled, full, bank, slot, valid1, last1, valid2, last2);
        dff_setup!(self, clock, log_points, point_mask, unused);

        self.write.next = self.word.val().get_bit(24) && self.word.val().get_bit(22);
        self.complete.next = self.write.val() && (self.word.val().get_bits::<20>(0) == self.frame_mask.val());
        self.loaded.next = self.complete.val();
        self.write_address.next = self.word.val().get_bits::<20>(0);
        if self.word.val().get_bit(23) {
            self.write_address.next = self.word.val().get_bits::<20>(0) | self.bank_bit.val();
        }

        // Frames that wait to go out, in order of banks.
        self.first_group.next = (self.slot.q.val() & self.group_mask.val()) == 0;
        self.step.next = (self.full.q.val() != 0) && (!self.first_group.val() || self.credit.val());
        self.spend.next = self.step.val() && self.first_group.val();
        self.ends.next = self.step.val() && (self.slot.q.val() == self.frame_mask.val());
        self.drained.next = self.ends.val();
        self.busy.next = (self.full.q.val() != 0) || self.filled.q.val() || self.valid1.q.val() || self.valid2.q.val();
        if self.step.val() {
            self.slot.d.next = self.slot.q.val() + 1;
        }
        if self.ends.val() {
            self.slot.d.next = 0.into();
            self.bank.d.next = !self.bank.q.val();
        }
        self.filled.d.next = self.complete.val() && self.transpose.val();
        if self.filled.q.val() && !self.ends.val() {
            self.full.d.next = self.full.q.val() + 1;
        } else if !self.filled.q.val() && self.ends.val() {
            self.full.d.next = self.full.q.val() - 1;
        }
        self.valid1.d.next = self.step.val();
        self.last1.d.next = (self.slot.q.val() & self.group_mask.val()) == self.group_mask.val();
        self.valid2.d.next = self.valid1.q.val();
        self.last2.d.next = self.last1.q.val();
        self.valid.next = self.valid2.q.val();
        self.last.next = self.last2.q.val();

        // Either the exchange, or the coefficient of the word that asks.
        self.log_points.d.next = self.log_frame.val() - self.log_interleave.val();
        self.point_mask.d.next = (self.one.val() << self.log_points.q.val()) - 1;
        self.unused.d.next = bits::<5>(16) - self.log_frame.val();
        self.position.next = bit_cast::<16, 20>(self.slot.q.val() >> self.groups.val());
        self.exchanged.next = ((self.position.val() & self.point_mask.q.val()) << self.log_interleave.val())
            | (self.position.val() >> self.log_points.q.val());
        self.reverse.x.next = bit_cast::<16, 20>(self.ask.val().get_bits::<20>(0) >> self.groups.val());
        self.inner.next = self.reverse.y.val() >> self.unused.q.val();
        self.address.d.next = (bit_cast::<20, 16>(self.inner.val()) << self.groups.val())
            | (self.ask.val().get_bits::<20>(0) & self.group_mask.val());
        if self.ask.val().get_bit(23) {
            self.address.d.next = (bit_cast::<20, 16>(self.inner.val()) << self.groups.val())
                | (self.ask.val().get_bits::<20>(0) & self.group_mask.val())
                | self.bank_bit.val();
        }
        if self.transpose.val() {
            self.address.d.next = (bit_cast::<20, 16>(self.exchanged.val()) << self.groups.val())
                | (self.slot.q.val() & self.group_mask.val());
            if self.bank.q.val() {
                self.address.d.next = (bit_cast::<20, 16>(self.exchanged.val()) << self.groups.val())
                    | (self.slot.q.val() & self.group_mask.val())
                    | self.bank_bit.val();
            }
        }
        for j in 0..self._lanes {
            self.memory[j].clock.next = self.clock.val();
            self.memory[j].write_enable.next = self.write.val();
            self.memory[j].write_address.next = self.write_address.val();
            self.memory[j].write_data.next = self.x[j].val();
            self.memory[j].read_address.next = self.address.q.val();
            self.y[j].next = self.memory[j].read_data.val();
        }
        if self.reset.val() {
            self.filled.d.next = false;
            self.full.d.next = 0.into();
            self.bank.d.next = false;
            self.slot.d.next = 0.into();
            self.valid1.d.next = false;
            self.valid2.d.next = false;
        }
    }
}
