//! The AXI4-Lite slave of BAR0.

use crate::Register;
use rust_hdl::prelude::*;

/// Turns AXI4-Lite into single-cycle accesses. One write and one read are in progress at most; all outputs to the bus come
/// from registers. Responses are always OKAY. A write with a byte strobe missing is accepted and dropped: registers are
/// written as whole words.
#[derive(LogicBlock, Default)]
pub struct AxiLiteSlave {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears the state.
    pub reset: Signal<In, Bit>,
    /// AXI4-Lite.
    pub awaddr: Signal<In, Bits<16>>,
    /// AXI4-Lite.
    pub awvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub awready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub wdata: Signal<In, Bits<32>>,
    /// AXI4-Lite.
    pub wstrb: Signal<In, Bits<4>>,
    /// AXI4-Lite.
    pub wvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub wready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub bvalid: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub bready: Signal<In, Bit>,
    /// AXI4-Lite.
    pub araddr: Signal<In, Bits<16>>,
    /// AXI4-Lite.
    pub arvalid: Signal<In, Bit>,
    /// AXI4-Lite.
    pub arready: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub rdata: Signal<Out, Bits<32>>,
    /// AXI4-Lite.
    pub rvalid: Signal<Out, Bit>,
    /// AXI4-Lite.
    pub rready: Signal<In, Bit>,
    /// Write `write_data` to `write_address` in this cycle.
    pub write: Signal<Out, Bit>,
    /// Word address of the write.
    pub write_address: Signal<Out, Bits<14>>,
    /// The word to write.
    pub write_data: Signal<Out, Bits<32>>,
    /// A read of `read_address` starts. Never in a cycle with `write`.
    pub read: Signal<Out, Bit>,
    /// Word address of the read, steady also in the cycle after `read`.
    pub read_address: Signal<Out, Bits<14>>,
    /// High in the cycle after `read`, in which `read_data` is taken.
    pub take: Signal<Out, Bit>,
    /// The word at `read_address`.
    pub read_data: Signal<In, Bits<32>>,
    address_held: Register<Bit>,
    address: Register<Bits<14>>,
    data_held: Register<Bit>,
    data: Register<Bits<32>>,
    whole: Register<Bit>,
    write_done: Register<Bit>,
    read_held: Register<Bit>,
    read_at: Register<Bits<14>>,
    reading: Register<Bit>,
    word: Register<Bits<32>>,
    read_done: Register<Bit>,
    both: Signal<Local, Bit>,
}

impl Logic for AxiLiteSlave {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            address_held,
            address,
            data_held,
            data,
            whole,
            write_done,
            read_held,
            read_at,
            reading,
            word,
            read_done
        );
        self.awready.next = !self.address_held.q.val();
        self.wready.next = !self.data_held.q.val();
        self.bvalid.next = self.write_done.q.val();
        self.arready.next = !self.read_held.q.val();
        self.rvalid.next = self.read_done.q.val();
        self.rdata.next = self.word.q.val();

        if self.awvalid.val() & !self.address_held.q.val() {
            self.address_held.d.next = true;
            self.address.d.next = self.awaddr.val().get_bits::<14>(2);
        }
        if self.wvalid.val() & !self.data_held.q.val() {
            self.data_held.d.next = true;
            self.data.d.next = self.wdata.val();
            self.whole.d.next = self.wstrb.val().all();
        }
        self.both.next = self.address_held.q.val() & self.data_held.q.val() & !self.write_done.q.val();
        self.write.next = self.both.val() & self.whole.q.val();
        self.write_address.next = self.address.q.val();
        self.write_data.next = self.data.q.val();
        if self.both.val() {
            self.address_held.d.next = false;
            self.data_held.d.next = false;
            self.write_done.d.next = true;
        }
        if self.write_done.q.val() & self.bready.val() {
            self.write_done.d.next = false;
        }

        if self.arvalid.val() & !self.read_held.q.val() {
            self.read_held.d.next = true;
            self.read_at.d.next = self.araddr.val().get_bits::<14>(2);
        }
        self.read.next = self.read_held.q.val() & !self.reading.q.val() & !self.read_done.q.val() & !self.both.val();
        self.read_address.next = self.read_at.q.val();
        self.take.next = self.reading.q.val();
        self.reading.d.next = self.read.val();
        if self.reading.q.val() {
            self.word.d.next = self.read_data.val();
            self.read_done.d.next = true;
            self.read_held.d.next = false;
        }
        if self.read_done.q.val() & self.rready.val() {
            self.read_done.d.next = false;
        }

        if self.reset.val() {
            self.address_held.d.next = false;
            self.data_held.d.next = false;
            self.write_done.d.next = false;
            self.read_held.d.next = false;
            self.reading.d.next = false;
            self.read_done.d.next = false;
        }
    }
}
