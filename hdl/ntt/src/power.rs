//! Powers of the root of unity of order 2^K from two tables and a product.

use karat_hdl_base::field::Multiply;
use karat_hdl_base::memory::Rom;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::roots::{power, root};

/// log2 of the entries of each table; K is at most twice that.
const LOG_TABLE: usize = 8;

/// `power = w^(+-(a * b) << scale)`, w of order 2^K; one a cycle.
#[derive(LogicBlock)]
pub struct RootPower {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Factor of the exponent.
    pub a: Signal<In, Bits<16>>,
    /// Factor of the exponent.
    pub b: Signal<In, Bits<16>>,
    /// Shift of the exponent; constant while powers are under way.
    pub scale: Signal<In, Bits<5>>,
    /// The exponent is negative.
    pub negative: Signal<In, Bit>,
    /// The power, `LATENCY` cycles later.
    pub power: Signal<Out, Bits<64>>,
    product: Register<Bits<16>>,
    negative_product: Register<Bit>,
    exponent: Register<Bits<16>>,
    full_product: Signal<Local, Bits<32>>,
    scaled: Signal<Local, Bits<16>>,
    low_table: Rom<64, LOG_TABLE>,
    high_table: Rom<64, LOG_TABLE>,
    // Of the tables' slow outputs.
    low: Register<Bits<64>>,
    high: Register<Bits<64>>,
    multiply: Multiply,
    mask: Constant<Bits<16>>,
    low_mask: Constant<Bits<16>>,
    low_bits: Constant<Bits<5>>,
}

impl RootPower {
    /// Cycles from exponent to power.
    pub const LATENCY: usize = 4 + Multiply::LATENCY;

    /// Powers of the root of order 2^`log_order`, at most 2^16.
    pub fn new(log_order: usize) -> Self {
        assert!((1..=2 * LOG_TABLE).contains(&log_order), "the root has order 2 to 2^16");
        let low_bits = log_order.div_ceil(2);
        let root = root(log_order);
        let table = |ratio: u64, log: usize| (0..1_u64 << log).map(move |i| power(ratio, i));
        Self {
            clock: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            scale: Signal::default(),
            negative: Signal::default(),
            power: Signal::default(),
            product: Register::default(),
            negative_product: Register::default(),
            exponent: Register::default(),
            full_product: Signal::default(),
            scaled: Signal::default(),
            low_table: Rom::new(table(root, low_bits)),
            high_table: Rom::new(table(power(root, 1 << low_bits), log_order - low_bits)),
            low: Register::default(),
            high: Register::default(),
            multiply: Multiply::default(),
            mask: Constant::new(((1_u64 << log_order) - 1).to_bits()),
            low_mask: Constant::new(((1_u64 << low_bits) - 1).to_bits()),
            low_bits: Constant::new(low_bits.to_bits()),
        }
    }
}

impl Logic for RootPower {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, product, negative_product, exponent, low, high);
        self.low_table.clock.next = self.clock.val();
        self.high_table.clock.next = self.clock.val();
        self.multiply.clock.next = self.clock.val();
        // Exponents count modulo 2^K <= 2^16, so the low half of the product is enough.
        self.full_product.next = self.a.val() * self.b.val();
        self.product.d.next = self.full_product.val().get_bits::<16>(0);
        self.negative_product.d.next = self.negative.val();
        self.scaled.next = self.product.q.val() << self.scale.val();
        self.exponent.d.next = self.scaled.val() & self.mask.val();
        if self.negative_product.q.val() {
            self.exponent.d.next = (0 - self.scaled.val()) & self.mask.val();
        }
        self.low_table.address.next = bit_cast::<LOG_TABLE, 16>(self.exponent.q.val() & self.low_mask.val());
        self.high_table.address.next = bit_cast::<LOG_TABLE, 16>(self.exponent.q.val() >> self.low_bits.val());
        self.low.d.next = self.low_table.data.val();
        self.high.d.next = self.high_table.data.val();
        self.multiply.a.next = self.low.q.val();
        self.multiply.b.next = self.high.q.val();
        self.power.next = self.multiply.product.val();
    }
}
