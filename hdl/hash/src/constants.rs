//! The round constants, as each pass over the batch adds them.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::{KeptRegister, Register};
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
    bank: [Bank; 8],
    external: Signal<Local, Bit>,
    row: Signal<Local, Bits<5>>,
    selected: Signal<Local, Bits<8>>,
    one: Signal<Local, Bits<8>>,
}

impl Logic for Constants {
    #[hdl_gen]
    fn update(&mut self) {
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
        self.external.next = (self.pass.val() < 4) || (self.pass.val() > 25);
        for i in 0..8 {
            self.bank[i].clock.next = self.clock.val();
            self.bank[i].write.next = self.write.val() && self.selected.val().get_bit(i);
            self.bank[i].row.next = self.row.val();
            self.bank[i].value.next = self.value.val();
            self.bank[i].pass.next = self.pass.val();
            self.bank[i].valid.next = self.valid.val();
            self.bank[i].some.next = self.external.val() && (self.pass.val() != 30);
            self.constant[i].next = self.bank[i].constant.val();
        }
        self.bank[0].some.next = self.pass.val() != 30;
    }
}

/// The constants of a word, with registers of its own for what they depend on.
#[derive(LogicBlock, Default)]
struct Bank {
    clock: Signal<In, Clock>,
    write: Signal<In, Bit>,
    row: Signal<In, Bits<5>>,
    value: Signal<In, Bits<64>>,
    pass: Signal<In, Bits<5>>,
    valid: Signal<In, Bit>,
    some: Signal<In, Bit>,
    constant: Signal<Out, Bits<64>>,
    rows: Ram<64, 5>,
    valid1: KeptRegister<Bit>,
    some1: KeptRegister<Bit>,
    held: Register<Bits<64>>,
}

impl Logic for Bank {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid1, some1, held);
        self.rows.clock.next = self.clock.val();
        self.rows.write_enable.next = self.write.val();
        self.rows.write_address.next = self.row.val();
        self.rows.write_data.next = self.value.val();
        self.rows.read_address.next = self.pass.val();
        self.valid1.d.next = self.valid.val();
        self.some1.d.next = self.some.val();
        if self.valid1.q.val() {
            self.held.d.next = 0.into();
            if self.some1.q.val() {
                self.held.d.next = self.rows.read_data.val();
            }
        }
        self.constant.next = self.held.q.val();
    }
}
