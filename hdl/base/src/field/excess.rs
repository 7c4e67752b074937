//! Whether a sum is p or more, half of it before the register of the sum and half behind.

use rust_hdl::prelude::*;

use crate::register::Register;

/// Whether `value` of a cycle ago is p or more: its upper 32 bits are all ones and one of the lower is not zero.
///
/// A sum comes late in its cycle, and what depends on the answer takes most of the next one: groups of four bits are asked
/// before the register, the groups behind it.
#[derive(LogicBlock)]
pub(super) struct Excess {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Any 64-bit value.
    pub value: Signal<In, Bits<64>>,
    /// The answer, a cycle later.
    pub exceeds: Signal<Out, Bit>,
    high: Signal<Local, Bits<32>>,
    low: Signal<Local, Bits<32>>,
    high_pairs: Signal<Local, Bits<32>>,
    low_pairs: Signal<Local, Bits<32>>,
    // The lowest bit of each group.
    ones: Register<Bits<32>>,
    some: Register<Bits<32>>,
    groups: Constant<Bits<32>>,
}

impl Default for Excess {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            value: Signal::default(),
            exceeds: Signal::default(),
            high: Signal::default(),
            low: Signal::default(),
            high_pairs: Signal::default(),
            low_pairs: Signal::default(),
            ones: Register::default(),
            some: Register::default(),
            groups: Constant::new(0x1111_1111_u64.to_bits()),
        }
    }
}

impl Logic for Excess {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, ones, some);
        self.high.next = self.value.val().get_bits::<32>(32);
        self.low.next = self.value.val().get_bits::<32>(0);
        self.high_pairs.next = self.high.val() & (self.high.val() >> 1);
        self.low_pairs.next = self.low.val() | (self.low.val() >> 1);
        self.ones.d.next = self.high_pairs.val() & (self.high_pairs.val() >> 2) & self.groups.val();
        self.some.d.next = (self.low_pairs.val() | (self.low_pairs.val() >> 2)) & self.groups.val();
        self.exceeds.next = (self.ones.q.val() == self.groups.val()) && self.some.q.val().any();
    }
}
