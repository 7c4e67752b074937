//! Multiplication by powers of two.

use rust_hdl::prelude::*;

use super::add::{Add, Sub};
use crate::register::Register;

/// The `amount` by which [`Rotate`] multiplies by 2^k; k is taken modulo 192, the order of 2.
///
/// Bits 0 to 4 are a shift below 32, bits 5 and 6 count powers of 2^32 up to 2^64, bit 7 is the factor 2^96 = -1.
pub const fn rotation(k: u32) -> u8 {
    let k = k % 192;
    (((k / 96) << 7) | (k % 96)) as u8
}

/// `result = value 2^k` for an `amount` of [`rotation`]`(k)`. The value may be any 64-bit value; the result is canonical.
///
/// Bits of `amount` that are constant where the block is used take their part of the shifter away: multiples of 12 for k
/// leave bits 0 and 1 constant, of 24 bits 0 to 2, of 48 bits 0 to 3.
#[derive(LogicBlock, Default)]
pub struct Rotate {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element.
    pub value: Signal<In, Bits<64>>,
    /// Encoded power of two.
    pub amount: Signal<In, Bits<8>>,
    /// Their product.
    pub result: Signal<Out, Bits<64>>,
    // Value shifted by less than 32: limbs l0, l1, l2.
    low: Signal<Local, Bits<64>>,
    high: Signal<Local, Bits<64>>,
    l0: Register<Bits<32>>,
    l1: Register<Bits<32>>,
    l2: Register<Bits<32>>,
    limb: Register<Bits<2>>,
    // The product is x - y + (2^32 - 1) z.
    x: Register<Bits<64>>,
    y: Register<Bits<64>>,
    z: Register<Bits<32>>,
    sub: Sub,
    scaled: Register<Bits<64>>,
    scaled_again: Register<Bits<64>>,
    add: Add,
    signs: Register<Bits<6>>,
    minuend: Signal<Local, Bits<64>>,
    product: Register<Bits<64>>,
}

impl Rotate {
    /// Cycles from value and amount to result.
    pub const LATENCY: usize = 3 + Sub::LATENCY + Add::LATENCY;
}

impl Logic for Rotate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, l0, l1, l2, limb, x, y, z, scaled, scaled_again, signs, product);
        self.low.next = bit_cast::<64, 32>(self.value.val().get_bits::<32>(0)) << self.amount.val().get_bits::<5>(0);
        self.high.next = bit_cast::<64, 32>(self.value.val().get_bits::<32>(32)) << self.amount.val().get_bits::<5>(0);
        self.l0.d.next = self.low.val().get_bits::<32>(0);
        self.l1.d.next = self.low.val().get_bits::<32>(32) | self.high.val().get_bits::<32>(0);
        self.l2.d.next = self.high.val().get_bits::<32>(32);
        self.limb.d.next = self.amount.val().get_bits::<2>(5);

        // With f = 2^32, f^2 = f - 1, f^3 = -1.
        if self.limb.q.val() == 0 {
            // l0 + l1 f + l2 f^2
            self.x.d.next = (bit_cast::<64, 32>(self.l1.q.val()) << 32) | bit_cast::<64, 32>(self.l0.q.val());
            self.y.d.next = 0.into();
            self.z.d.next = self.l2.q.val();
        } else if self.limb.q.val() == 1 {
            // l0 f + l1 f^2 + l2 f^3
            self.x.d.next = bit_cast::<64, 32>(self.l0.q.val()) << 32;
            self.y.d.next = bit_cast::<64, 32>(self.l2.q.val());
            self.z.d.next = self.l1.q.val();
        } else {
            // l0 f^2 + l1 f^3 + l2 f^4
            self.x.d.next = 0.into();
            self.y.d.next = (bit_cast::<64, 32>(self.l2.q.val()) << 32) | bit_cast::<64, 32>(self.l1.q.val());
            self.z.d.next = self.l0.q.val();
        }

        // Both stay in their bounds: y <= 2^63, and the scaled z is at most (2^32 - 1)^2, 2^64 - 1 less than 2p.
        self.sub.clock.next = self.clock.val();
        self.sub.a.next = self.x.q.val();
        self.sub.b.next = self.y.q.val();
        self.scaled.d.next = (bit_cast::<64, 32>(self.z.q.val()) << 32) - bit_cast::<64, 32>(self.z.q.val());
        self.scaled_again.d.next = self.scaled.q.val();
        self.add.clock.next = self.clock.val();
        self.add.a.next = self.sub.difference.val();
        self.add.b.next = self.scaled_again.q.val();

        self.signs.d.next = (self.signs.q.val() << 1) | bit_cast::<6, 8>(self.amount.val() >> 7);
        self.minuend.next = 0.into();
        self.product.d.next = self.add.sum.val();
        if self.signs.q.val().get_bit(5) {
            if self.add.sum.val().any() {
                self.minuend.next = 0xffff_ffff_0000_0001_u64.into();
            }
            self.product.d.next = self.minuend.val() - self.add.sum.val();
        }
        self.result.next = self.product.q.val();
    }
}
