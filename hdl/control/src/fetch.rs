//! Reading a memory with one cycle of latency for a bus that bursts.

use crate::Register;
use rust_hdl::prelude::*;

/// Acknowledges reads of a RAM whose word comes in the cycle after its address. In a burst the next address goes to the
/// RAM while a word is acknowledged: a line of eight words takes nine cycles, a single word two.
#[derive(LogicBlock, Default)]
pub struct BurstReader {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears the acknowledgement.
    pub reset: Signal<In, Bit>,
    /// A word is wanted.
    pub strobe: Signal<In, Bit>,
    /// Its word address; in a burst the low three bits count up.
    pub address: Signal<In, Bits<14>>,
    /// After the present word the burst goes on with the next.
    pub burst: Signal<In, Bit>,
    /// The RAM serves somebody else in this cycle.
    pub blocked: Signal<In, Bit>,
    /// The RAM's output is the word at `address`.
    pub ack: Signal<Out, Bit>,
    /// The RAM is to read.
    pub ram_enable: Signal<Out, Bit>,
    /// Where.
    pub ram_address: Signal<Out, Bits<14>>,
    acknowledged: Register<Bit>,
    low: Signal<Local, Bits<3>>,
}

impl Logic for BurstReader {
    #[hdl_gen]
    fn update(&mut self) {
        self.acknowledged.clock.next = self.clock.val();
        self.low.next = self.address.val().get_bits::<3>(0);
        if self.acknowledged.q.val() {
            self.low.next = self.address.val().get_bits::<3>(0) + 1;
        }
        self.ram_address.next =
            (bit_cast::<14, 11>(self.address.val().get_bits::<11>(3)) << 3) | bit_cast::<14, 3>(self.low.val());
        self.ram_enable.next =
            self.strobe.val() & !self.blocked.val() & (!self.acknowledged.q.val() | self.burst.val());
        self.acknowledged.d.next = self.ram_enable.val() & !self.reset.val();
        self.ack.next = self.acknowledged.q.val();
    }
}
