//! All lanes, on the same instruction.

use rust_hdl::prelude::*;

use crate::lane::Lane;
use crate::timing::Timing;

/// LANES lanes, a power of two up to eight. Controls that all share come from one [`Timing`].
#[derive(LogicBlock)]
pub struct Lanes<const LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Nothing is under way.
    pub reset: Signal<In, Bit>,
    /// First word of the instruction (`Instruction::encode`); zero if none starts.
    pub product: Signal<In, Bits<64>>,
    /// Second word.
    pub sum: Signal<In, Bits<64>>,
    /// The constant, a cycle after the instruction.
    pub constant: Signal<In, Bits<64>>,
    /// Writes a word of a tile, of each lane.
    pub tile_write: [Signal<In, Bit>; LANES],
    /// Which, of each lane: slot, then word.
    pub tile_address: [Signal<In, Bits<9>>; LANES],
    /// Its value, of each lane.
    pub tile_data: [Signal<In, Bits<64>>; LANES],
    /// An output of each lane.
    pub out_data: [Signal<Out, Bits<64>>; LANES],
    /// There is one of each, 5 cycles after the instruction.
    pub out_valid: Signal<Out, Bit>,
    timing: Timing,
    lanes: [Lane; LANES],
    own: [Signal<Local, Bits<64>>; LANES],
    // Of the lane that differs in the lowest bit, in the lowest two, in all three, where `exchange` has them.
    one: [Signal<Local, Bits<64>>; LANES],
    two: [Signal<Local, Bits<64>>; LANES],
    three: [Signal<Local, Bits<64>>; LANES],
    _lanes: usize,
    _pairs: usize,
    _fours: usize,
    _eights: usize,
}

impl<const LANES: usize> Default for Lanes<LANES> {
    fn default() -> Self {
        const { assert!(LANES == 2 || LANES == 4 || LANES == 8) };
        Self {
            clock: Default::default(),
            reset: Default::default(),
            product: Default::default(),
            sum: Default::default(),
            constant: Default::default(),
            tile_write: std::array::from_fn(|_| Default::default()),
            tile_address: std::array::from_fn(|_| Default::default()),
            tile_data: std::array::from_fn(|_| Default::default()),
            out_data: std::array::from_fn(|_| Default::default()),
            out_valid: Default::default(),
            timing: Default::default(),
            lanes: std::array::from_fn(|_| Default::default()),
            own: std::array::from_fn(|_| Default::default()),
            one: std::array::from_fn(|_| Default::default()),
            two: std::array::from_fn(|_| Default::default()),
            three: std::array::from_fn(|_| Default::default()),
            _lanes: LANES,
            _pairs: LANES / 2,
            _fours: LANES / 4,
            _eights: LANES / 8,
        }
    }
}

impl<const LANES: usize> Logic for Lanes<LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        self.timing.clock.next = self.clock.val();
        self.timing.reset.next = self.reset.val();
        self.timing.product.next = self.product.val();
        self.timing.sum.next = self.sum.val();
        for i in 0..self._lanes {
            self.lanes[i].clock.next = self.clock.val();
            self.lanes[i].product_a.next = self.product.val().get_bits::<9>(0);
            self.lanes[i].product_b.next = self.product.val().get_bits::<9>(11);
            self.lanes[i].sum_a.next = self.sum.val().get_bits::<9>(0);
            self.lanes[i].sum_b.next = self.sum.val().get_bits::<9>(11);
            self.lanes[i].product_a_bank.next = self.timing.product_a_bank.val();
            self.lanes[i].product_b_bank.next = self.timing.product_b_bank.val();
            self.lanes[i].sum_a_bank.next = self.timing.sum_a_bank.val();
            self.lanes[i].sum_b_bank.next = self.timing.sum_b_bank.val();
            self.lanes[i].constant.next = self.constant.val();
            self.lanes[i].summand_address.next = self.timing.summand_address.val();
            self.lanes[i].summand_is_sum.next = self.timing.summand_is_sum.val();
            self.lanes[i].has_summand.next = self.timing.has_summand.val();
            self.lanes[i].product_negative.next = self.timing.product_negative.val();
            self.lanes[i].product_subtracts.next = self.timing.product_subtracts.val();
            self.lanes[i].product_write.next = self.timing.product_write.val();
            self.lanes[i].product_to.next = self.timing.product_to.val();
            self.lanes[i].exchanges.next = self.timing.exchanges.val();
            self.lanes[i].sum_negative.next = self.timing.sum_negative.val();
            self.lanes[i].sum_subtracts.next = self.timing.sum_subtracts.val();
            self.lanes[i].sum_write.next = self.timing.sum_write.val();
            self.lanes[i].sum_to.next = self.timing.sum_to.val();
            self.lanes[i].tile_write.next = self.tile_write[i].val();
            self.lanes[i].tile_address.next = self.tile_address[i].val();
            self.lanes[i].tile_data.next = self.tile_data[i].val();
            self.own[i].next = self.lanes[i].own.val();
            self.out_data[i].next = self.lanes[i].sum.val();
        }
        self.out_valid.next = self.timing.out.val();

        // The lane whose index differs by the bits of `exchange`.
        for i in 0..self._pairs {
            self.one[2 * i].next = self.own[2 * i].val();
            self.one[2 * i + 1].next = self.own[2 * i + 1].val();
            if self.timing.exchange.val().get_bit(0) {
                self.one[2 * i].next = self.own[2 * i + 1].val();
                self.one[2 * i + 1].next = self.own[2 * i].val();
            }
        }
        for i in 0..self._lanes {
            self.two[i].next = self.one[i].val();
        }
        for i in 0..self._fours {
            if self.timing.exchange.val().get_bit(1) {
                self.two[4 * i].next = self.one[4 * i + 2].val();
                self.two[4 * i + 1].next = self.one[4 * i + 3].val();
                self.two[4 * i + 2].next = self.one[4 * i].val();
                self.two[4 * i + 3].next = self.one[4 * i + 1].val();
            }
        }
        for i in 0..self._lanes {
            self.three[i].next = self.two[i].val();
        }
        for i in 0..self._eights {
            if self.timing.exchange.val().get_bit(2) {
                self.three[8 * i].next = self.two[8 * i + 4].val();
                self.three[8 * i + 1].next = self.two[8 * i + 5].val();
                self.three[8 * i + 2].next = self.two[8 * i + 6].val();
                self.three[8 * i + 3].next = self.two[8 * i + 7].val();
                self.three[8 * i + 4].next = self.two[8 * i].val();
                self.three[8 * i + 5].next = self.two[8 * i + 1].val();
                self.three[8 * i + 6].next = self.two[8 * i + 2].val();
                self.three[8 * i + 7].next = self.two[8 * i + 3].val();
            }
        }
        for i in 0..self._lanes {
            self.lanes[i].other.next = self.three[i].val();
        }
    }
}
