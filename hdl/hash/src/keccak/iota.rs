//! The constants of the rounds.

use karat_hdl_base::memory::Rom;
use rust_hdl::prelude::*;

/// The constants of the rounds: bit j is bit 2^j - 1 of the constant, all others are zero.
pub const CONSTANTS: [u64; 24] = [
    0x1, 0x1a, 0x5e, 0x70, 0x1f, 0x21, 0x79, 0x55, 0xe, 0xc, 0x35, 0x26, 0x3f, 0x4f, 0x5d, 0x53, 0x52, 0x48, 0x16,
    0x66, 0x79, 0x58, 0x21, 0x74,
];

/// What a stage adds in each of its rounds.
#[derive(LogicBlock)]
pub struct Iota {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Round of the next cycle.
    pub phase: Signal<In, Bits<5>>,
    /// The constant.
    pub word: Signal<Out, Bits<64>>,
    bits: Rom<7, 5>,
}

impl Iota {
    /// A stage whose rounds have these [`CONSTANTS`].
    pub fn new(constants: &[u64]) -> Self {
        Self {
            clock: Signal::default(),
            phase: Signal::default(),
            word: Signal::default(),
            bits: Rom::new(constants.iter().copied()),
        }
    }
}

impl Logic for Iota {
    #[hdl_gen]
    fn update(&mut self) {
        self.bits.clock.next = self.clock.val();
        self.bits.address.next = self.phase.val();
        self.word.next = bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(0))
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(1)) << 1)
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(2)) << 3)
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(3)) << 7)
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(4)) << 15)
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(5)) << 31)
            | (bit_cast::<64, 1>(self.bits.data.val().get_bits::<1>(6)) << 63);
    }
}
