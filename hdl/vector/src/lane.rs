//! A lane: the words and the two units that work on one row.

use karat_hdl_base::field::{Add, Multiply, Sub};
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::bank::Bank;

/// Readers of the banks of results: two operands of either unit, and the summand.
const RESULT_READERS: usize = 5;
/// Readers of the bank of tiles: two operands of either unit.
const TILE_READERS: usize = 4;

/// Datapath of a lane. What it does is the same in all of them: [`crate::Timing`] gives every control in its cycle, counted here from the
/// one in which an instruction starts.
#[derive(LogicBlock, Default)]
pub struct Lane {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Word of the product's `a`; at cycle 0.
    pub product_a: Signal<In, Bits<9>>,
    /// Of its `b`; at cycle 0.
    pub product_b: Signal<In, Bits<9>>,
    /// Of the sum's `a`; at cycle 0.
    pub sum_a: Signal<In, Bits<9>>,
    /// Of its `b`; at cycle 0.
    pub sum_b: Signal<In, Bits<9>>,
    /// Bank of the product's `a`, as in `Operand::encode`; at cycle 1.
    pub product_a_bank: Signal<In, Bits<2>>,
    /// Of its `b`; at cycle 1.
    pub product_b_bank: Signal<In, Bits<2>>,
    /// Of the sum's `a`; at cycle 1.
    pub sum_a_bank: Signal<In, Bits<2>>,
    /// Of its `b`; at cycle 1.
    pub sum_b_bank: Signal<In, Bits<2>>,
    /// The constant; at cycle 1.
    pub constant: Signal<In, Bits<64>>,
    /// Register of the summand; at cycle 10.
    pub summand_address: Signal<In, Bits<9>>,
    /// It is of the sum unit's; at cycle 11.
    pub summand_is_sum: Signal<In, Bit>,
    /// There is one; at cycle 11.
    pub has_summand: Signal<In, Bit>,
    /// The product is taken from the summand; at cycle 12.
    pub product_negative: Signal<In, Bit>,
    /// The product unit subtracts; at cycle 14.
    pub product_subtracts: Signal<In, Bit>,
    /// A product is written; at cycle 15.
    pub product_write: Signal<In, Bit>,
    /// Its register; at cycle 15.
    pub product_to: Signal<In, Bits<9>>,
    /// `a` of the sum is that of another lane; at cycle 2.
    pub exchanges: Signal<In, Bit>,
    /// `a` is taken from `b`; at cycle 2.
    pub sum_negative: Signal<In, Bit>,
    /// The sum unit subtracts; at cycle 4.
    pub sum_subtracts: Signal<In, Bit>,
    /// A sum is written; at cycle 5.
    pub sum_write: Signal<In, Bit>,
    /// Its register; at cycle 5.
    pub sum_to: Signal<In, Bits<9>>,
    /// `a` of the sum, for other lanes; at cycle 2.
    pub own: Signal<Out, Bits<64>>,
    /// `a` of the sum of the other lane; at cycle 2.
    pub other: Signal<In, Bits<64>>,
    /// The sum; at cycle 5.
    pub sum: Signal<Out, Bits<64>>,
    /// Writes a word of a tile.
    pub tile_write: Signal<In, Bit>,
    /// Which: slot, then word.
    pub tile_address: Signal<In, Bits<9>>,
    /// Its value, canonical.
    pub tile_data: Signal<In, Bits<64>>,
    products: Bank<RESULT_READERS>,
    sums: Bank<RESULT_READERS>,
    tiles: Bank<TILE_READERS>,
    // Of the product's `a` and `b` and the sum's.
    address: [Signal<Local, Bits<9>>; 4],
    bank: [Signal<Local, Bits<2>>; 4],
    operand: [Register<Bits<64>>; 4],
    summand: Register<Bits<64>>,
    multiply: Multiply,
    product_add: Add,
    product_sub: Sub,
    product_result: Register<Bits<64>>,
    sum_add: Add,
    sum_sub: Sub,
    sum_result: Register<Bits<64>>,
    a: Signal<Local, Bits<64>>,
}

// The cycles of `Timing` follow from these.
const _: () = assert!(Multiply::LATENCY == 10 && Add::LATENCY == 2 && Sub::LATENCY == 2);

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, summand, product_result, sum_result);
        self.products.clock.next = self.clock.val();
        self.sums.clock.next = self.clock.val();
        self.tiles.clock.next = self.clock.val();
        self.multiply.clock.next = self.clock.val();
        self.product_add.clock.next = self.clock.val();
        self.product_sub.clock.next = self.clock.val();
        self.sum_add.clock.next = self.clock.val();
        self.sum_sub.clock.next = self.clock.val();

        self.address[0].next = self.product_a.val();
        self.address[1].next = self.product_b.val();
        self.address[2].next = self.sum_a.val();
        self.address[3].next = self.sum_b.val();
        self.bank[0].next = self.product_a_bank.val();
        self.bank[1].next = self.product_b_bank.val();
        self.bank[2].next = self.sum_a_bank.val();
        self.bank[3].next = self.sum_b_bank.val();
        for i in 0..4 {
            self.products.read_address[i].next = self.address[i].val();
            self.sums.read_address[i].next = self.address[i].val();
            self.tiles.read_address[i].next = self.address[i].val();
            self.operand[i].clock.next = self.clock.val();
            self.operand[i].d.next = self.products.read_data[i].val();
            if self.bank[i].val() == 1 {
                self.operand[i].d.next = self.sums.read_data[i].val();
            }
            if self.bank[i].val() == 2 {
                self.operand[i].d.next = self.tiles.read_data[i].val();
            }
            if self.bank[i].val() == 3 {
                self.operand[i].d.next = self.constant.val();
            }
        }

        // The product unit.
        self.multiply.a.next = self.operand[0].q.val();
        self.multiply.b.next = self.operand[1].q.val();
        self.products.read_address[4].next = self.summand_address.val();
        self.sums.read_address[4].next = self.summand_address.val();
        self.summand.d.next = 0.into();
        if self.has_summand.val() {
            self.summand.d.next = self.products.read_data[4].val();
            if self.summand_is_sum.val() {
                self.summand.d.next = self.sums.read_data[4].val();
            }
        }
        self.product_add.a.next = self.multiply.product.val();
        self.product_add.b.next = self.summand.q.val();
        self.product_sub.a.next = self.multiply.product.val();
        self.product_sub.b.next = self.summand.q.val();
        if self.product_negative.val() {
            self.product_sub.a.next = self.summand.q.val();
            self.product_sub.b.next = self.multiply.product.val();
        }
        self.product_result.d.next = self.product_add.sum.val();
        if self.product_subtracts.val() {
            self.product_result.d.next = self.product_sub.difference.val();
        }
        self.products.write_enable.next = self.product_write.val();
        self.products.write_address.next = self.product_to.val();
        self.products.write_data.next = self.product_result.q.val();

        // The sum unit.
        self.own.next = self.operand[2].q.val();
        self.a.next = self.operand[2].q.val();
        if self.exchanges.val() {
            self.a.next = self.other.val();
        }
        self.sum_add.a.next = self.a.val();
        self.sum_add.b.next = self.operand[3].q.val();
        self.sum_sub.a.next = self.a.val();
        self.sum_sub.b.next = self.operand[3].q.val();
        if self.sum_negative.val() {
            self.sum_sub.a.next = self.operand[3].q.val();
            self.sum_sub.b.next = self.a.val();
        }
        self.sum_result.d.next = self.sum_add.sum.val();
        if self.sum_subtracts.val() {
            self.sum_result.d.next = self.sum_sub.difference.val();
        }
        self.sums.write_enable.next = self.sum_write.val();
        self.sums.write_address.next = self.sum_to.val();
        self.sums.write_data.next = self.sum_result.q.val();
        self.sum.next = self.sum_result.q.val();

        self.tiles.write_enable.next = self.tile_write.val();
        self.tiles.write_address.next = self.tile_address.val();
        self.tiles.write_data.next = self.tile_data.val();
    }
}
