//! Functions of one element in one cycle.

use rust_hdl::prelude::*;

use crate::register::Register;

/// The canonical form of any 64-bit value.
#[derive(LogicBlock, Default)]
pub struct Canonicalise {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Any value.
    pub value: Signal<In, Bits<64>>,
    /// The same element, below p.
    pub canonical: Signal<Out, Bits<64>>,
    result: Register<Bits<64>>,
    repair: Signal<Local, Bits<64>>,
}

impl Canonicalise {
    /// Cycles from value to canonical form.
    pub const LATENCY: usize = 1;
}

impl Logic for Canonicalise {
    #[hdl_gen]
    fn update(&mut self) {
        self.result.clock.next = self.clock.val();
        self.repair.next = 0.into();
        // At least p: the high half is all ones and the low half is not zero.
        if self.value.val().get_bits::<32>(32).all() && self.value.val().get_bits::<32>(0).any() {
            self.repair.next = 0xffff_ffff_u64.into();
        }
        self.result.d.next = self.value.val() + self.repair.val();
        self.canonical.next = self.result.q.val();
    }
}

/// Half of an element.
#[derive(LogicBlock, Default)]
pub struct Halve {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element.
    pub value: Signal<In, Bits<64>>,
    /// Its half.
    pub half: Signal<Out, Bits<64>>,
    result: Register<Bits<64>>,
    addend: Signal<Local, Bits<64>>,
}

impl Halve {
    /// Cycles from element to half.
    pub const LATENCY: usize = 1;
}

impl Logic for Halve {
    #[hdl_gen]
    fn update(&mut self) {
        self.result.clock.next = self.clock.val();
        self.addend.next = 0.into();
        // (x + p) / 2 = (x - 1) / 2 + (p + 1) / 2 for odd x.
        if self.value.val().get_bit(0) {
            self.addend.next = 0x7fff_ffff_8000_0001_u64.into();
        }
        self.result.d.next = (self.value.val() >> 1) + self.addend.val();
        self.half.next = self.result.q.val();
    }
}

/// The negative of an element.
#[derive(LogicBlock, Default)]
pub struct Negate {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element.
    pub value: Signal<In, Bits<64>>,
    /// p minus it, and 0 for 0.
    pub negative: Signal<Out, Bits<64>>,
    result: Register<Bits<64>>,
    minuend: Signal<Local, Bits<64>>,
}

impl Negate {
    /// Cycles from element to negative.
    pub const LATENCY: usize = 1;
}

impl Logic for Negate {
    #[hdl_gen]
    fn update(&mut self) {
        self.result.clock.next = self.clock.val();
        self.minuend.next = 0.into();
        if self.value.val().any() {
            self.minuend.next = 0xffff_ffff_0000_0001_u64.into();
        }
        self.result.d.next = self.minuend.val() - self.value.val();
        self.negative.next = self.result.q.val();
    }
}
