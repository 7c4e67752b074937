//! Multiplication by powers of two.

use rust_hdl::prelude::*;

use super::carry::AddCarry;
use super::excess::Excess;
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
    shifted_low: Signal<Local, Bits<64>>,
    shifted_high: Signal<Local, Bits<64>>,
    l0: Register<Bits<32>>,
    l1: Register<Bits<32>>,
    l2: Register<Bits<32>>,
    limb: Register<Bits<2>>,
    sign1: Register<Bit>,
    // The product is low + 2^32 high, as signed numbers. Both are a sum of two limbs or a difference less one, or the complement
    // of that.
    low: Register<Bits<32>>,
    high: Register<Bits<32>>,
    low_sum: Signal<Local, Bits<34>>,
    high_sum: Signal<Local, Bits<34>>,
    low_signed: Signal<Local, Bits<34>>,
    high_signed: Signal<Local, Bits<34>>,
    // What complements and differences lack.
    low_unit: Signal<Local, Bits<1>>,
    high_unit: Signal<Local, Bits<1>>,
    low_limb: Signal<Local, Bits<34>>,
    low_other: Signal<Local, Bits<34>>,
    high_limb: Signal<Local, Bits<34>>,
    high_other: Signal<Local, Bits<34>>,
    // Bits 32 and up of both; with the units they make what is added to the words below, as signed numbers.
    low_top: Signal<Local, Bits<4>>,
    high_top: Signal<Local, Bits<4>>,
    low_added: Signal<Local, Bits<4>>,
    high_added: Signal<Local, Bits<4>>,
    low_more: Register<Bits<4>>,
    high_more: Register<Bits<4>>,
    below: Signal<Local, Bits<4>>,
    low_fill: Signal<Local, Bits<64>>,
    high_fill: Signal<Local, Bits<64>>,
    adder: AddCarry,
    // The product modulo 2^64, whether it is below zero, and whether it is 2^64 or more; in each case by less than p.
    sum: Register<Bits<64>>,
    negative: Register<Bit>,
    over: Register<Bit>,
    excess: Excess,
    repair: Signal<Local, Bits<64>>,
    product: Register<Bits<64>>,
}

impl Rotate {
    /// Cycles from value and amount to result.
    pub const LATENCY: usize = 4;
}

impl Logic for Rotate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, l0, l1, l2, limb, sign1);
        dff_setup!(self, clock, low, high, low_more, high_more);
        dff_setup!(self, clock, sum, negative, over, product);
        self.shifted_low.next =
            bit_cast::<64, 32>(self.value.val().get_bits::<32>(0)) << self.amount.val().get_bits::<5>(0);
        self.shifted_high.next =
            bit_cast::<64, 32>(self.value.val().get_bits::<32>(32)) << self.amount.val().get_bits::<5>(0);
        self.l0.d.next = self.shifted_low.val().get_bits::<32>(0);
        self.l1.d.next = self.shifted_low.val().get_bits::<32>(32) | self.shifted_high.val().get_bits::<32>(0);
        self.l2.d.next = self.shifted_high.val().get_bits::<32>(32);
        self.limb.d.next = self.amount.val().get_bits::<2>(5);
        self.sign1.d.next = self.amount.val().get_bit(7);

        // With f = 2^32, f^2 = f - 1, f^3 = -1, (l0 + l1 f + l2 f^2) times 1, f and f^2 is
        // (l0 - l2) + (l1 + l2) f, -(l1 + l2) + (l0 + l1) f and -(l0 + l1) + (l0 - l2) f.
        self.low_limb.next = bit_cast::<34, 32>(self.l0.q.val());
        self.low_other.next = !bit_cast::<34, 32>(self.l2.q.val());
        self.high_limb.next = bit_cast::<34, 32>(self.l1.q.val());
        self.high_other.next = bit_cast::<34, 32>(self.l2.q.val());
        if self.limb.q.val().get_bit(0) {
            self.low_limb.next = bit_cast::<34, 32>(self.l1.q.val());
            self.low_other.next = bit_cast::<34, 32>(self.l2.q.val());
            self.high_other.next = bit_cast::<34, 32>(self.l0.q.val());
        }
        if self.limb.q.val().get_bit(1) {
            self.low_other.next = bit_cast::<34, 32>(self.l1.q.val());
            self.high_limb.next = bit_cast::<34, 32>(self.l0.q.val());
            self.high_other.next = !bit_cast::<34, 32>(self.l2.q.val());
        }
        self.low_sum.next = self.low_limb.val() + self.low_other.val();
        self.high_sum.next = self.high_limb.val() + self.high_other.val();
        self.low_signed.next = self.low_sum.val();
        if self.sign1.q.val() != self.limb.q.val().any() {
            self.low_signed.next = !self.low_sum.val();
        }
        self.high_signed.next = self.high_sum.val();
        if self.sign1.q.val() {
            self.high_signed.next = !self.high_sum.val();
        }
        self.low.d.next = self.low_signed.val().get_bits::<32>(0);
        self.high.d.next = self.high_signed.val().get_bits::<32>(0);
        // -x is the complement of x, plus one; of x + 1, the complement.
        self.low_unit.next = (!self.sign1.q.val()).into();
        self.high_unit.next = (self.sign1.q.val() != self.limb.q.val().get_bit(1)).into();
        self.low_top.next = bit_cast::<4, 2>(self.low_signed.val().get_bits::<2>(32));
        if self.low_signed.val().get_bit(33) {
            self.low_top.next = bit_cast::<4, 2>(self.low_signed.val().get_bits::<2>(32)) | 12;
        }
        self.high_top.next = bit_cast::<4, 2>(self.high_signed.val().get_bits::<2>(32));
        if self.high_signed.val().get_bit(33) {
            self.high_top.next = bit_cast::<4, 2>(self.high_signed.val().get_bits::<2>(32)) | 12;
        }
        // The top of the high word is worth f^2 = f - 1.
        self.low_added.next = bit_cast::<4, 1>(self.low_unit.val()) - self.high_top.val();
        self.below.next = 0.into();
        if self.low_added.val().get_bit(3) {
            self.below.next = 1.into();
        }
        self.high_added.next =
            self.low_top.val() + self.high_top.val() + bit_cast::<4, 1>(self.high_unit.val()) - self.below.val();
        self.low_more.d.next = self.low_added.val();
        self.high_more.d.next = self.high_added.val();

        self.low_fill.next = bit_cast::<64, 4>(self.low_more.q.val());
        if self.low_more.q.val().get_bit(3) {
            self.low_fill.next = bit_cast::<64, 4>(self.low_more.q.val()) | 0xffff_fff0_u64.to_bits::<64>();
        }
        self.high_fill.next = bit_cast::<64, 4>(self.high_more.q.val());
        if self.high_more.q.val().get_bit(3) {
            self.high_fill.next = bit_cast::<64, 4>(self.high_more.q.val()) | 0xffff_fff0_u64.to_bits::<64>();
        }
        self.adder.a.next = (bit_cast::<64, 32>(self.high.q.val()) << 32) | bit_cast::<64, 32>(self.low.q.val());
        self.adder.b.next = (self.high_fill.val() << 32) | self.low_fill.val();
        self.sum.d.next = self.adder.sum.val();
        self.excess.clock.next = self.clock.val();
        self.excess.value.next = self.adder.sum.val();
        self.negative.d.next = self.high_more.q.val().get_bit(3) && !self.adder.carry.val();
        self.over.d.next = !self.high_more.q.val().get_bit(3) && self.adder.carry.val();

        self.repair.next = 0.into();
        if self.over.q.val() || self.excess.exceeds.val() {
            self.repair.next = 0xffff_ffff_u64.into();
        }
        if self.negative.q.val() {
            self.repair.next = 0xffff_ffff_0000_0001_u64.into();
        }
        self.product.d.next = self.sum.q.val() + self.repair.val();
        self.result.next = self.product.q.val();
    }
}
