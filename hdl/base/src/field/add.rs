//! Sum and difference.

use rust_hdl::prelude::*;

use super::carry::{AddCarry, SubBorrow};
use super::excess::Excess;
use crate::register::Register;

/// `sum = a + b`. The operands need not be canonical as long as a + b < 2p as integers; the sum is canonical.
#[derive(LogicBlock, Default)]
pub struct Add {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Summand.
    pub a: Signal<In, Bits<64>>,
    /// Summand.
    pub b: Signal<In, Bits<64>>,
    /// Sum.
    pub sum: Signal<Out, Bits<64>>,
    adder: AddCarry,
    partial: Register<Bits<64>>,
    carry: Register<Bit>,
    excess: Excess,
    result: Register<Bits<64>>,
    repair: Signal<Local, Bits<64>>,
}

impl Add {
    /// Cycles from operands to sum.
    pub const LATENCY: usize = 2;
}

impl Logic for Add {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, partial, carry, result);
        self.adder.a.next = self.a.val();
        self.adder.b.next = self.b.val();
        self.partial.d.next = self.adder.sum.val();
        self.carry.d.next = self.adder.carry.val();
        // At least p: the high half is all ones and the low half is not zero.
        self.excess.clock.next = self.clock.val();
        self.excess.value.next = self.adder.sum.val();
        self.repair.next = 0.into();
        if self.carry.q.val() || self.excess.exceeds.val() {
            self.repair.next = 0xffff_ffff_u64.into();
        }
        self.result.d.next = self.partial.q.val() + self.repair.val();
        self.sum.next = self.result.q.val();
    }
}

/// `difference = a - b`. Operands that are not canonical are allowed as long as b - a <= p as integers; the difference
/// is then below 2^64, and canonical if both operands are.
#[derive(LogicBlock, Default)]
pub struct Sub {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Minuend.
    pub a: Signal<In, Bits<64>>,
    /// Subtrahend.
    pub b: Signal<In, Bits<64>>,
    /// Difference.
    pub difference: Signal<Out, Bits<64>>,
    subtractor: SubBorrow,
    partial: Register<Bits<64>>,
    borrow: Register<Bit>,
    result: Register<Bits<64>>,
    repair: Signal<Local, Bits<64>>,
}

impl Sub {
    /// Cycles from operands to difference.
    pub const LATENCY: usize = 2;
}

impl Logic for Sub {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, partial, borrow, result);
        self.subtractor.a.next = self.a.val();
        self.subtractor.b.next = self.b.val();
        self.partial.d.next = self.subtractor.difference.val();
        self.borrow.d.next = self.subtractor.borrow.val();
        self.repair.next = 0.into();
        if self.borrow.q.val() {
            self.repair.next = 0xffff_ffff_u64.into();
        }
        self.result.d.next = self.partial.q.val() - self.repair.val();
        self.difference.next = self.result.q.val();
    }
}
