//! Reversal of the bits of an index.

use rust_hdl::prelude::*;

/// The N bits of a value in reverse, at most 32; combinational.
#[derive(LogicBlock)]
pub struct Reverse<const N: usize> {
    /// Value.
    pub x: Signal<In, Bits<N>>,
    /// Bit i is bit N - 1 - i of the value.
    pub y: Signal<Out, Bits<N>>,
    wide: Signal<Local, Bits<32>>,
    pairs: Signal<Local, Bits<32>>,
    nibbles: Signal<Local, Bits<32>>,
    bytes: Signal<Local, Bits<32>>,
    halves: Signal<Local, Bits<32>>,
    all: Signal<Local, Bits<32>>,
    unused: Constant<Bits<6>>,
}

impl<const N: usize> Default for Reverse<N> {
    fn default() -> Self {
        assert!((1..=32).contains(&N), "1 to 32 bits");
        Self {
            x: Signal::default(),
            y: Signal::default(),
            wide: Signal::default(),
            pairs: Signal::default(),
            nibbles: Signal::default(),
            bytes: Signal::default(),
            halves: Signal::default(),
            all: Signal::default(),
            unused: Constant::new((32 - N as u64).to_bits()),
        }
    }
}

impl<const N: usize> Logic for Reverse<N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.wide.next = bit_cast::<32, N>(self.x.val());
        self.pairs.next = ((self.wide.val() & 0x5555_5555) << 1) | ((self.wide.val() >> 1) & 0x5555_5555);
        self.nibbles.next = ((self.pairs.val() & 0x3333_3333) << 2) | ((self.pairs.val() >> 2) & 0x3333_3333);
        self.bytes.next = ((self.nibbles.val() & 0x0f0f_0f0f) << 4) | ((self.nibbles.val() >> 4) & 0x0f0f_0f0f);
        self.halves.next = ((self.bytes.val() & 0x00ff_00ff) << 8) | ((self.bytes.val() >> 8) & 0x00ff_00ff);
        self.all.next = (self.halves.val() << 16) | (self.halves.val() >> 16);
        self.y.next = bit_cast::<N, 32>(self.all.val() >> self.unused.val());
    }
}
