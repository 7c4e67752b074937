//! The round constants, as each pass over the batch adds them.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Passes of a permutation: 0 is the layer before the first round, then 4 external, 22 internal and 4 external rounds. The end
/// of pass `n` adds the constants of round `n`, counted from 0 over all 30 rounds; pass 30 adds none.
pub const LAST_PASS: u64 = 30;

/// Round constants: words of pass 0 to 29, written through the table registers. In RAM, so random until written.
#[derive(LogicBlock, Default)]
pub struct Constants {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes an entry.
    pub write: Signal<In, Bit>,
    /// Which, as in `karat_abi::engine::hash::CONSTANTS`.
    pub index: Signal<In, Bits<7>>,
    /// Its value, canonical.
    pub value: Signal<In, Bits<64>>,
    /// Pass whose constants are wanted.
    pub pass: Signal<In, Bits<5>>,
    /// They are needed, two cycles later.
    pub valid: Signal<In, Bit>,
    /// The constants, two cycles after `pass`; zero for words that have none.
    pub constant: [Signal<Out, Bits<64>>; 8],
    bank: [Ram<64, 5>; 8],
    held: [Register<Bits<64>>; 8],
    valid1: Register<Bit>,
    external1: Register<Bit>,
    any1: Register<Bit>,
    row: Signal<Local, Bits<5>>,
    selected: Signal<Local, Bits<8>>,
    one: Signal<Local, Bits<8>>,
}

impl Logic for Constants {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid1, external1, any1);
        // Entry 8 r + i: bank i at pass r, the second four external rounds 22 later; entry 64 + r: bank 0 at pass 4 + r.
        self.one.next = 1.into();
        self.row.next = bit_cast::<5, 3>(self.index.val().get_bits::<3>(3));
        self.selected.next = self.one.val() << self.index.val().get_bits::<3>(0);
        if self.index.val().get_bit(5) {
            self.row.next = bit_cast::<5, 3>(self.index.val().get_bits::<3>(3)) + 22;
        }
        if self.index.val().get_bit(6) {
            self.row.next = self.index.val().get_bits::<5>(0) + 4;
            self.selected.next = 1.into();
        }
        self.valid1.d.next = self.valid.val();
        self.external1.d.next = (self.pass.val() < 4) || (self.pass.val() > 25);
        self.any1.d.next = self.pass.val() != 30;
        for i in 0..8 {
            self.bank[i].clock.next = self.clock.val();
            self.bank[i].write_enable.next = self.write.val() && self.selected.val().get_bit(i);
            self.bank[i].write_address.next = self.row.val();
            self.bank[i].write_data.next = self.value.val();
            self.bank[i].read_address.next = self.pass.val();
            self.held[i].clock.next = self.clock.val();
            self.held[i].d.next = self.held[i].q.val();
            self.constant[i].next = self.held[i].q.val();
            if self.valid1.q.val() {
                self.held[i].d.next = 0.into();
            }
        }
        if self.valid1.q.val() && self.any1.q.val() {
            self.held[0].d.next = self.bank[0].read_data.val();
            if self.external1.q.val() {
                for i in 1..8 {
                    self.held[i].d.next = self.bank[i].read_data.val();
                }
            }
        }
    }
}
