//! Every control of the lanes in its cycle.

use karat_abi::vector::{PRODUCT_LATENCY, SUM_LATENCY, SUMMAND_DELAY};
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// From the words of an instruction (`Instruction::encode`), at cycle 0, to what the lanes are told in later cycles.
///
/// An instruction of a cycle in which none starts is two words of zero.
#[derive(LogicBlock)]
pub struct Timing {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Nothing is under way.
    pub reset: Signal<In, Bit>,
    /// First word of the instruction.
    pub product: Signal<In, Bits<64>>,
    /// Second word.
    pub sum: Signal<In, Bits<64>>,
    /// Bank of the product's `a`; its cycle is in [`crate::Lane`], as of all that follow.
    pub product_a_bank: Signal<Out, Bits<2>>,
    /// Bank of its `b`.
    pub product_b_bank: Signal<Out, Bits<2>>,
    /// Bank of the sum's `a`.
    pub sum_a_bank: Signal<Out, Bits<2>>,
    /// Bank of its `b`.
    pub sum_b_bank: Signal<Out, Bits<2>>,
    /// Register of the summand.
    pub summand_address: Signal<Out, Bits<9>>,
    /// It is of the sum unit's.
    pub summand_is_sum: Signal<Out, Bit>,
    /// There is one.
    pub has_summand: Signal<Out, Bit>,
    /// The product is taken from the summand.
    pub product_negative: Signal<Out, Bit>,
    /// The product unit subtracts.
    pub product_subtracts: Signal<Out, Bit>,
    /// A product is written.
    pub product_write: Signal<Out, Bit>,
    /// Its register.
    pub product_to: Signal<Out, Bits<9>>,
    /// `a` of the sum is that of another lane.
    pub exchanges: Signal<Out, Bit>,
    /// Bits in which the index of that lane differs.
    pub exchange: Signal<Out, Bits<3>>,
    /// `a` is taken from `b`.
    pub sum_negative: Signal<Out, Bit>,
    /// The sum unit subtracts.
    pub sum_subtracts: Signal<Out, Bit>,
    /// A sum is written.
    pub sum_write: Signal<Out, Bit>,
    /// Its register.
    pub sum_to: Signal<Out, Bits<9>>,
    /// The sum is an output.
    pub out: Signal<Out, Bit>,
    banks: [Register<Bits<2>>; 4],
    // Of the product: register it goes to, operation and summand. Of the sum: output, exchange, operation, register it goes to.
    products: Vec<Register<Bits<22>>>,
    sums: Vec<Register<Bits<16>>>,
    _products: usize,
    _sums: usize,
}

/// Cycles that a product's controls are kept, and a sum's: until it is written.
const PRODUCT_CYCLES: usize = PRODUCT_LATENCY - 1;
const SUM_CYCLES: usize = SUM_LATENCY - 1;

// `update` counts in these.
const _: () = assert!(PRODUCT_CYCLES == 15 && SUM_CYCLES == 5 && SUMMAND_DELAY == 10);

impl Default for Timing {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            product: Default::default(),
            sum: Default::default(),
            product_a_bank: Default::default(),
            product_b_bank: Default::default(),
            sum_a_bank: Default::default(),
            sum_b_bank: Default::default(),
            summand_address: Default::default(),
            summand_is_sum: Default::default(),
            has_summand: Default::default(),
            product_negative: Default::default(),
            product_subtracts: Default::default(),
            product_write: Default::default(),
            product_to: Default::default(),
            exchanges: Default::default(),
            exchange: Default::default(),
            sum_negative: Default::default(),
            sum_subtracts: Default::default(),
            sum_write: Default::default(),
            sum_to: Default::default(),
            out: Default::default(),
            banks: Default::default(),
            products: (0..PRODUCT_CYCLES).map(|_| Register::default()).collect(),
            sums: (0..SUM_CYCLES).map(|_| Register::default()).collect(),
            _products: PRODUCT_CYCLES,
            _sums: SUM_CYCLES,
        }
    }
}

impl Logic for Timing {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..4 {
            self.banks[i].clock.next = self.clock.val();
        }
        self.product_a_bank.next = self.banks[0].q.val();
        self.product_b_bank.next = self.banks[1].q.val();
        self.sum_a_bank.next = self.banks[2].q.val();
        self.sum_b_bank.next = self.banks[3].q.val();
        self.banks[0].d.next = self.product.val().get_bits::<2>(9);
        self.banks[1].d.next = self.product.val().get_bits::<2>(20);
        self.banks[2].d.next = self.sum.val().get_bits::<2>(9);
        self.banks[3].d.next = self.sum.val().get_bits::<2>(20);

        // Bits 0 to 8: register of the result; 9 to 11: operation; 12 to 20: register of the summand; 21: its unit.
        for i in 0..self._products {
            self.products[i].clock.next = self.clock.val();
        }
        for i in 1..self._products {
            self.products[i].d.next = self.products[i - 1].q.val();
        }
        self.products[0].d.next = bit_cast::<22, 12>(self.product.val().get_bits::<12>(32))
            | (bit_cast::<22, 10>(self.product.val().get_bits::<10>(22)) << 12);
        self.summand_address.next = self.products[9].q.val().get_bits::<9>(12);
        self.summand_is_sum.next = self.products[10].q.val().get_bit(21);
        self.has_summand.next = self.products[10].q.val().get_bits::<3>(9) != 1;
        self.product_negative.next = self.products[11].q.val().get_bits::<3>(9) == 3;
        self.product_subtracts.next = self.products[13].q.val().get_bits::<3>(9) >= 3;
        self.product_write.next = self.products[14].q.val().get_bits::<3>(9).any();
        self.product_to.next = self.products[14].q.val().get_bits::<9>(0);

        // Bits 0 to 8: register of the result; 9 to 11: operation; 12 to 14: exchange; 15: output.
        for i in 0..self._sums {
            self.sums[i].clock.next = self.clock.val();
        }
        for i in 1..self._sums {
            self.sums[i].d.next = self.sums[i - 1].q.val();
        }
        self.sums[0].d.next = bit_cast::<16, 12>(self.sum.val().get_bits::<12>(32))
            | (bit_cast::<16, 4>(self.sum.val().get_bits::<4>(46)) << 12);
        self.exchange.next = self.sums[1].q.val().get_bits::<3>(12);
        self.exchanges.next = self.sums[1].q.val().get_bits::<3>(12).any();
        self.sum_negative.next = self.sums[1].q.val().get_bits::<3>(9) == 3;
        self.sum_subtracts.next = self.sums[3].q.val().get_bits::<3>(9) >= 2;
        self.sum_write.next = self.sums[4].q.val().get_bits::<3>(9).any();
        self.sum_to.next = self.sums[4].q.val().get_bits::<9>(0);
        self.out.next = self.sums[4].q.val().get_bits::<3>(9).any() && self.sums[4].q.val().get_bit(15);
        if self.reset.val() {
            for i in 0..self._products {
                self.products[i].d.next = 0.into();
            }
            for i in 0..self._sums {
                self.sums[i].d.next = 0.into();
            }
        }
    }
}
