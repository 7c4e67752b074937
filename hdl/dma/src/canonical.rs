//! Words of the host become field elements.

use rust_hdl::prelude::*;

/// Reduces a word below p = 2^64 - 2^32 + 1, or gives zero if it is not wanted. No registers.
///
/// A word not below p is 2^64 - 2^32 + low with low > 0, so that minus p it is low - 1.
#[derive(LogicBlock, Default)]
pub struct Canonical {
    /// Any word.
    pub word: Signal<In, Bits<64>>,
    /// The word is wanted.
    pub wanted: Signal<In, Bit>,
    /// The element, or zero.
    pub element: Signal<Out, Bits<64>>,
    low: Signal<Local, Bits<32>>,
}

impl Logic for Canonical {
    #[hdl_gen]
    fn update(&mut self) {
        self.low.next = self.word.val().get_bits::<32>(0);
        self.element.next = self.word.val();
        if self.word.val().get_bits::<32>(32).all() && self.low.val().any() {
            self.element.next = bit_cast::<64, 32>(self.low.val()) - 1;
        }
        if !self.wanted.val() {
            self.element.next = 0.into();
        }
    }
}
