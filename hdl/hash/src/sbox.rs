//! The S-box of Poseidon2.

use karat_hdl_base::field::{Multiply, Square};
use rust_hdl::prelude::*;

use crate::delay::WordDelay;

/// Cycles from `x` to `y`.
pub const LATENCY: usize = 3 * Multiply::LATENCY;

/// `y = x^7`, one a cycle, with two squarings and two products: x^2, then x^3 = x^2 x beside x^4 = (x^2)^2, then x^3 x^4.
#[derive(LogicBlock, Default)]
pub struct Sbox {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Any 64-bit value.
    pub x: Signal<In, Bits<64>>,
    /// Its seventh power, canonical.
    pub y: Signal<Out, Bits<64>>,
    delayed: WordDelay<64, { Square::LATENCY }>,
    second: Square,
    third: Multiply,
    fourth: Square,
    seventh: Multiply,
}

// The powers of a step meet without a delay between them.
const _: () = assert!(Square::LATENCY == Multiply::LATENCY);

impl Logic for Sbox {
    #[hdl_gen]
    fn update(&mut self) {
        self.delayed.clock.next = self.clock.val();
        self.delayed.in_data.next = self.x.val();
        self.second.clock.next = self.clock.val();
        self.second.value.next = self.x.val();
        self.third.clock.next = self.clock.val();
        self.third.a.next = self.second.square.val();
        self.third.b.next = self.delayed.out_data.val();
        self.fourth.clock.next = self.clock.val();
        self.fourth.value.next = self.second.square.val();
        self.seventh.clock.next = self.clock.val();
        self.seventh.a.next = self.third.product.val();
        self.seventh.b.next = self.fourth.square.val();
        self.y.next = self.seventh.product.val();
    }
}
