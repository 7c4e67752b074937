//! Product and square.

use rust_hdl::prelude::*;

use super::PRIME;
use super::carry::leaf;

/// `product = a b`. The factors may be any 64-bit values; the product is canonical.
#[derive(LogicBlock, Default)]
pub struct Multiply {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Factor.
    pub a: Signal<In, Bits<64>>,
    /// Factor.
    pub b: Signal<In, Bits<64>>,
    /// Product.
    pub product: Signal<Out, Bits<64>>,
}

impl Multiply {
    /// Cycles from factors to product.
    pub const LATENCY: usize = 10;
}

impl Logic for Multiply {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        leaf(
            &include_str!("../leaves/multiply.v")
                .replace("LATENCY", &Self::LATENCY.to_string())
                .replace("PRIME", &format!("64'h{PRIME:x}"))
                .replace("EPSILON", "64'hffffffff"),
        )
    }
}

/// `square = value^2`. The value may be any 64-bit value. Synthesis merges the products that are equal: 9 multipliers
/// in place of the 12 of [`Multiply`].
#[derive(LogicBlock, Default)]
pub struct Square {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Root.
    pub value: Signal<In, Bits<64>>,
    /// Square.
    pub square: Signal<Out, Bits<64>>,
    multiply: Multiply,
}

impl Square {
    /// Cycles from value to square.
    pub const LATENCY: usize = Multiply::LATENCY;
}

impl Logic for Square {
    #[hdl_gen]
    fn update(&mut self) {
        self.multiply.clock.next = self.clock.val();
        self.multiply.a.next = self.value.val();
        self.multiply.b.next = self.value.val();
        self.square.next = self.multiply.product.val();
    }
}
