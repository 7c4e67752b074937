//! 64-bit sums with their carry: the one thing that takes 65 bits in rust-hdl.

use rust_hdl::prelude::*;

/// `sum + 2^64 carry = a + b`, combinational.
#[derive(LogicBlock, Default)]
pub struct AddCarry {
    /// Summand.
    pub a: Signal<In, Bits<64>>,
    /// Summand.
    pub b: Signal<In, Bits<64>>,
    /// Low 64 bits.
    pub sum: Signal<Out, Bits<64>>,
    /// Bit 64.
    pub carry: Signal<Out, Bit>,
}

impl Logic for AddCarry {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.sum.connect();
        self.carry.connect();
    }

    fn hdl(&self) -> Verilog {
        leaf(include_str!("../leaves/add_carry.v"))
    }
}

/// `difference - 2^64 borrow = a - b`, combinational.
#[derive(LogicBlock, Default)]
pub struct SubBorrow {
    /// Minuend.
    pub a: Signal<In, Bits<64>>,
    /// Subtrahend.
    pub b: Signal<In, Bits<64>>,
    /// Difference modulo 2^64.
    pub difference: Signal<Out, Bits<64>>,
    /// a < b.
    pub borrow: Signal<Out, Bit>,
}

impl Logic for SubBorrow {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.difference.connect();
        self.borrow.connect();
    }

    fn hdl(&self) -> Verilog {
        leaf(include_str!("../leaves/sub_borrow.v"))
    }
}

/// Verilog whose outputs are nets.
pub(super) fn leaf(code: &str) -> Verilog {
    Verilog::Wrapper(Wrapper { code: code.into(), cores: String::new() })
}
