//! Which words of a load's beats are a lane's.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Says when a lane takes a beat of a load, and which of its words it writes then, one a cycle.
#[derive(LogicBlock)]
pub struct Feeder {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No beat has come.
    pub reset: Signal<In, Bit>,
    /// A beat is taken by those lanes whose it is.
    pub valid: Signal<In, Bit>,
    /// This lane can take it, or need not.
    pub ready: Signal<Out, Bit>,
    /// Index of the beat in its load.
    pub position: Signal<In, Bits<3>>,
    /// log2 of the words of a row.
    pub log_words: Signal<In, Bits<2>>,
    /// Bit 0: the load is rotated to the next rows; bit 1: to the previous ones.
    pub rotated: Signal<In, Bits<2>>,
    /// Slot that it goes to.
    pub slot: Signal<In, Bits<6>>,
    /// This lane takes it.
    pub takes: Signal<Out, Bit>,
    /// A word of the beat that it took last is written.
    pub write: Signal<Out, Bit>,
    /// Which.
    pub word: Signal<Out, Bits<3>>,
    /// Where to: slot, then word.
    pub address: Signal<Out, Bits<9>>,
    at: Register<Bits<3>>,
    to: Register<Bits<9>>,
    left: Register<Bits<4>>,
    row: Signal<Local, Bits<3>>,
    first: Signal<Local, Bits<6>>,
    is_own: Signal<Local, Bit>,
    // The lane, the row behind its own, and the row before.
    lane: Constant<Bits<3>>,
    next_row: Constant<Bits<3>>,
    previous: Constant<Bits<3>>,
}

impl Feeder {
    /// The feeder of lane `lane` of so many.
    pub fn new(lane: usize, lanes: usize) -> Self {
        let bits = lanes.ilog2();
        let reverse = |index: usize| index.reverse_bits() >> (usize::BITS - bits);
        let row = |distance: usize| Constant::new((reverse((reverse(lane) + distance) % lanes) as u64).to_bits());
        Self {
            clock: Default::default(),
            reset: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            position: Default::default(),
            log_words: Default::default(),
            rotated: Default::default(),
            slot: Default::default(),
            takes: Default::default(),
            write: Default::default(),
            word: Default::default(),
            address: Default::default(),
            at: Default::default(),
            to: Default::default(),
            left: Default::default(),
            row: Default::default(),
            first: Default::default(),
            is_own: Default::default(),
            lane: row(0),
            next_row: row(1),
            previous: row(lanes - 1),
        }
    }
}

impl Logic for Feeder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, to, left);
        self.row.next = self.lane.val();
        if self.rotated.val().get_bit(0) {
            self.row.next = self.next_row.val();
        }
        if self.rotated.val().get_bit(1) {
            self.row.next = self.previous.val();
        }
        // Beat, then word in it.
        self.first.next = bit_cast::<6, 3>(self.row.val()) << self.log_words.val();
        self.is_own.next = self.position.val() == self.first.val().get_bits::<3>(3);
        self.ready.next = !self.is_own.val() || (self.left.q.val() <= 1);
        self.takes.next = self.valid.val() && self.is_own.val();
        self.write.next = self.left.q.val().any();
        self.word.next = self.at.q.val();
        self.address.next = self.to.q.val();
        if self.left.q.val().any() {
            self.left.d.next = self.left.q.val() - 1;
            self.at.d.next = self.at.q.val() + 1;
            self.to.d.next = self.to.q.val() + 1;
        }
        if self.valid.val() && self.is_own.val() {
            self.left.d.next = bits::<4>(1) << self.log_words.val();
            self.at.d.next = self.first.val().get_bits::<3>(0);
            self.to.d.next = bit_cast::<9, 6>(self.slot.val()) << 3;
        }
        if self.reset.val() {
            self.left.d.next = 0.into();
        }
    }
}
