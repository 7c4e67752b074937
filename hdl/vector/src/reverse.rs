//! Reversal of the bits of an index.

use rust_hdl::prelude::*;

/// Reverses 24 bits.
#[derive(LogicBlock, Default)]
pub struct Reverse24 {
    /// Bits.
    pub x: Signal<In, Bits<24>>,
    /// The same, the other way round.
    pub y: Signal<Out, Bits<24>>,
    a: Signal<Local, Bits<24>>,
    b: Signal<Local, Bits<24>>,
    c: Signal<Local, Bits<24>>,
}

impl Logic for Reverse24 {
    #[hdl_gen]
    fn update(&mut self) {
        // Bits of pairs, pairs of fours, fours of bytes, bytes.
        self.a.next = ((self.x.val() >> 1) & 0x55_5555) | ((self.x.val() & 0x55_5555) << 1);
        self.b.next = ((self.a.val() >> 2) & 0x33_3333) | ((self.a.val() & 0x33_3333) << 2);
        self.c.next = ((self.b.val() >> 4) & 0x0f_0f0f) | ((self.b.val() & 0x0f_0f0f) << 4);
        self.y.next =
            ((self.c.val() >> 16) & 0x00_00ff) | (self.c.val() & 0x00_ff00) | ((self.c.val() & 0x00_00ff) << 16);
    }
}
