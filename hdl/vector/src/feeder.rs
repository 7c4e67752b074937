//! From beats of card memory to the words of a lane.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Takes a lane's words out of the beats of a load and writes them, one a cycle.
///
/// A load is as many beats as hold 8, 4 or 2 words of every row of the lanes, in order of rows. With 8 words a beat is a row,
/// and a load may be *rotated*: lane t takes row `rev(rev(t) + 1)`, rev the reversal of the bits of a lane's index, the row behind its
/// own where the last rows of a coset are followed by its first.
#[derive(LogicBlock)]
pub struct Feeder {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No beat has come.
    pub reset: Signal<In, Bit>,
    /// Beat.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// There is one. A lane's next is not before all words of its last have been written.
    pub valid: Signal<In, Bit>,
    /// Index of the beat in its load.
    pub position: Signal<In, Bits<3>>,
    /// log2 of the words of a row.
    pub log_words: Signal<In, Bits<2>>,
    /// The load is rotated.
    pub rotated: Signal<In, Bit>,
    /// Slot that it goes to.
    pub slot: Signal<In, Bits<6>>,
    /// A word is written.
    pub write: Signal<Out, Bit>,
    /// Slot, then word.
    pub address: Signal<Out, Bits<9>>,
    /// The word.
    pub data: Signal<Out, Bits<64>>,
    words: [Register<Bits<64>>; 8],
    to: Register<Bits<9>>,
    left: Register<Bits<4>>,
    own: Signal<Local, Bits<3>>,
    takes: Signal<Local, Bit>,
    pick: [Signal<Local, Bits<64>>; 4],
    // The lane; the row behind its own; and where it is in beats of several rows.
    lane: Constant<Bits<3>>,
    behind: Constant<Bits<3>>,
    half: Constant<Bits<3>>,
    quarter: Constant<Bits<3>>,
    is_odd: Constant<Bit>,
    is_second: Constant<Bit>,
}

impl Feeder {
    /// The feeder of lane `lane` of so many.
    pub fn new(lane: usize, lanes: usize) -> Self {
        let bits = lanes.ilog2();
        let reverse = |index: usize| index.reverse_bits() >> (usize::BITS - bits);
        let behind = reverse((reverse(lane) + 1) % lanes);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            beat: Default::default(),
            valid: Default::default(),
            position: Default::default(),
            log_words: Default::default(),
            rotated: Default::default(),
            slot: Default::default(),
            write: Default::default(),
            address: Default::default(),
            data: Default::default(),
            words: Default::default(),
            to: Default::default(),
            left: Default::default(),
            own: Default::default(),
            takes: Default::default(),
            pick: Default::default(),
            lane: Constant::new((lane as u64).to_bits()),
            behind: Constant::new((behind as u64).to_bits()),
            half: Constant::new((lane as u64 / 2).to_bits()),
            quarter: Constant::new((lane as u64 / 4).to_bits()),
            is_odd: Constant::new(lane % 2 == 1),
            is_second: Constant::new(lane % 4 >= 2),
        }
    }
}

impl Logic for Feeder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, to, left);
        for i in 0..8 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
        }
        // The lane's words, at the bottom.
        for i in 0..4 {
            self.pick[i].next = self.beat[i].val();
        }
        self.own.next = self.lane.val();
        if self.rotated.val() {
            self.own.next = self.behind.val();
        }
        if self.log_words.val() == 2 {
            self.own.next = self.half.val();
            if self.is_odd.val() {
                for i in 0..4 {
                    self.pick[i].next = self.beat[i + 4].val();
                }
            }
        }
        if self.log_words.val() == 1 {
            self.own.next = self.quarter.val();
            if self.is_second.val() {
                for i in 0..2 {
                    self.pick[i].next = self.beat[i + 4].val();
                }
                if self.is_odd.val() {
                    for i in 0..2 {
                        self.pick[i].next = self.beat[i + 6].val();
                    }
                }
            } else if self.is_odd.val() {
                for i in 0..2 {
                    self.pick[i].next = self.beat[i + 2].val();
                }
            }
        }
        self.takes.next = self.valid.val() && (self.position.val() == self.own.val());
        self.write.next = self.left.q.val().any();
        self.address.next = self.to.q.val();
        self.data.next = self.words[0].q.val();
        if self.left.q.val().any() {
            self.left.d.next = self.left.q.val() - 1;
            self.to.d.next = self.to.q.val() + 1;
            for i in 0..7 {
                self.words[i].d.next = self.words[i + 1].q.val();
            }
        }
        if self.takes.val() {
            self.left.d.next = bits::<4>(1) << self.log_words.val();
            self.to.d.next = bit_cast::<9, 6>(self.slot.val()) << 3;
            for i in 0..4 {
                self.words[i].d.next = self.pick[i].val();
                self.words[i + 4].d.next = self.beat[i + 4].val();
            }
        }
        if self.reset.val() {
            self.left.d.next = 0.into();
        }
    }
}
