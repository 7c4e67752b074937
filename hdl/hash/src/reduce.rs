//! From a sum of limbs to the canonical field element.

use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

/// `low + 2^32 * high` modulo p, canonical, three cycles later; works only while `valid`, so that an idle one costs
/// nothing in simulation.
///
/// With `2^64 = 2^32 - 1`, the bits of `high` past 32 and those of `low` past 32 fold into
/// `2^32 * (high + high1 + low1) + (low - high1)`; one more fold takes the carry, and at most one subtraction of p is left.
#[derive(LogicBlock, Default)]
pub struct Reduce {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The limbs are to be reduced.
    pub valid: Signal<In, Bit>,
    /// Low limb.
    pub low: Signal<In, Bits<37>>,
    /// High limb.
    pub high: Signal<In, Bits<37>>,
    /// Canonical value.
    pub out: Signal<Out, Bits<64>>,
    valid1: KeptRegister<Bit>,
    valid2: KeptRegister<Bit>,
    low1: Register<Bits<33>>,
    high1: Register<Bits<33>>,
    low2: Register<Bits<32>>,
    high2: Register<Bits<32>>,
    // What comes off the low word and what is added to the high one.
    less2: Register<Bits<1>>,
    more2: Register<Bits<1>>,
    result: Register<Bits<64>>,
    borrow: Signal<Local, Bit>,
    low_zero: Signal<Local, Bit>,
    high_zero: Signal<Local, Bit>,
    high_ones: Signal<Local, Bit>,
    carry: Signal<Local, Bit>,
    subtract: Signal<Local, Bit>,
    low3: Signal<Local, Bits<32>>,
    high3: Signal<Local, Bits<32>>,
}

impl Logic for Reduce {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid1, valid2, low1, high1, low2, high2, less2, more2, result);
        self.valid1.d.next = self.valid.val();
        self.valid2.d.next = self.valid1.q.val();
        if self.valid.val() {
            // Bit 32 of the difference is the borrow.
            self.low1.d.next = bit_cast::<33, 32>(self.low.val().get_bits::<32>(0))
                - bit_cast::<33, 5>(self.high.val().get_bits::<5>(32));
            self.high1.d.next = bit_cast::<33, 32>(self.high.val().get_bits::<32>(0))
                + bit_cast::<33, 5>(self.high.val().get_bits::<5>(32))
                + bit_cast::<33, 5>(self.low.val().get_bits::<5>(32));
        }
        // Of the high word less the borrow: whether it carries, and whether its lower 32 bits are all ones. Asked of the words
        // before the difference, so that little is left to do behind it.
        self.borrow.next = self.low1.q.val().get_bit(32);
        self.low_zero.next = !self.low1.q.val().get_bits::<32>(0).any();
        self.high_zero.next = !self.high1.q.val().get_bits::<32>(0).any();
        self.high_ones.next = self.high1.q.val().get_bits::<32>(0).all();
        self.carry.next = self.high1.q.val().get_bit(32);
        if self.borrow.val() {
            self.high_ones.next = self.high_zero.val();
            self.carry.next = self.high1.q.val().get_bit(32) && !self.high_zero.val();
        }
        // The carry makes the high word small, so that value is canonical after the fold; without it p comes off if the
        // high word is all ones and the low one is not zero. Both subtract one from the low word and add one, less the
        // borrow, to the high word.
        self.subtract.next = self.carry.val() || (self.high_ones.val() && !self.low_zero.val());
        if self.valid1.q.val() {
            self.low2.d.next = self.low1.q.val().get_bits::<32>(0);
            self.high2.d.next =
                self.high1.q.val().get_bits::<32>(0) - bit_cast::<32, 1>(self.low1.q.val().get_bits::<1>(32));
            // Not a choice between constants, of which synthesis makes a reset: a slow wire.
            self.less2.d.next = self.subtract.val().into();
            self.more2.d.next = (self.subtract.val() && !self.low_zero.val()).into();
        }
        self.low3.next = 0.into();
        self.high3.next = 0.into();
        if self.valid2.q.val() {
            self.low3.next = self.low2.q.val() - bit_cast::<32, 1>(self.less2.q.val());
            self.high3.next = self.high2.q.val() + bit_cast::<32, 1>(self.more2.q.val());
            self.result.d.next = (bit_cast::<64, 32>(self.high3.val()) << 32) | bit_cast::<64, 32>(self.low3.val());
        }
        self.out.next = self.result.q.val();
    }
}
