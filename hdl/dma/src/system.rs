//! The DMA engines and both memory fabrics, wired.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::card_read::CardRead;
use crate::card_write::CardWrite;
use crate::fabric::{ReadFabric, WriteFabric};
use crate::host_read::HostRead;
use crate::host_write::HostWrite;
use crate::mailbox::Mailbox;

/// log2 of the beats of HOST_READ's ring: reads of 2^9 beats in flight carry a beat a cycle over a latency of 400 cycles.
pub const LOG_READ_AHEAD: usize = 9;
/// log2 of the beats of HOST_WRITE's ring, at least two bursts.
pub const LOG_WRITE_BEHIND: usize = 7;

/// Host side: MAILBOX is client 0 of the host fabric, HOST_READ and HOST_WRITE are client 1.
/// Card side: CARD_READ and CARD_WRITE are client 0 of the card fabric, the transform client 1, the hash client 2, the vector engine
/// client 3.
///
/// A client's number is the AXI id of its bursts. READ and WRITE are log2 of the rings at the host, LAYOUT log2 of the rings
/// that change the layout, twice the half buffer of the contract. The register ports of the engines with index 0 to 4 in
/// `karat_abi::engine::Engine` share address and write data.
#[derive(LogicBlock, Default)]
pub struct DmaSystem<const READ: usize, const LAYOUT: usize, const WRITE: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous, active high, for at least two cycles; everything but this block's register stays in reset for one cycle
    /// more, in which handshakes do not count.
    pub reset: Signal<In, Bit>,
    /// Register port of each engine.
    pub reg_write: [Signal<In, Bit>; 5],
    /// Register port of all engines.
    pub reg_addr: Signal<In, Bits<6>>,
    /// Register port of all engines.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// Register port of each engine.
    pub reg_rdata: [Signal<Out, Bits<32>>; 5],
    /// Activity of each engine.
    pub busy: [Signal<Out, Bit>; 5],
    /// Mailbox RAM: word of 32 bits.
    pub mem_addr: Signal<In, Bits<11>>,
    /// Mailbox RAM: its new value.
    pub mem_wdata: Signal<In, Bits<32>>,
    /// Mailbox RAM: write it.
    pub mem_write: Signal<In, Bit>,
    /// Mailbox RAM: its value, a cycle after `mem_addr`.
    pub mem_rdata: Signal<Out, Bits<32>>,
    /// Transform engine's read port.
    pub ntt_rd_addr: Signal<In, Bits<32>>,
    /// Transform engine's read port.
    pub ntt_rd_len: Signal<In, Bits<16>>,
    /// Transform engine's read port.
    pub ntt_rd_cmd_valid: Signal<In, Bit>,
    /// Transform engine's read port.
    pub ntt_rd_cmd_ready: Signal<Out, Bit>,
    /// Transform engine's read port.
    pub ntt_rd_data: [Signal<Out, Bits<64>>; 8],
    /// Transform engine's read port.
    pub ntt_rd_valid: Signal<Out, Bit>,
    /// Transform engine's read port.
    pub ntt_rd_ready: Signal<In, Bit>,
    /// Transform engine's write port.
    pub ntt_wr_addr: Signal<In, Bits<32>>,
    /// Transform engine's write port.
    pub ntt_wr_len: Signal<In, Bits<16>>,
    /// Transform engine's write port.
    pub ntt_wr_cmd_valid: Signal<In, Bit>,
    /// Transform engine's write port.
    pub ntt_wr_cmd_ready: Signal<Out, Bit>,
    /// Transform engine's write port.
    pub ntt_wr_data: [Signal<In, Bits<64>>; 8],
    /// Transform engine's write port.
    pub ntt_wr_strb: Signal<In, Bits<8>>,
    /// Transform engine's write port.
    pub ntt_wr_valid: Signal<In, Bit>,
    /// Transform engine's write port.
    pub ntt_wr_ready: Signal<Out, Bit>,
    /// Transform engine's write port.
    pub ntt_wr_done: Signal<Out, Bit>,
    /// Transform engine: an answer to it came with an error.
    pub ntt_bus_error: Signal<Out, Bit>,
    /// Hash engine's read port.
    pub hash_rd_addr: Signal<In, Bits<32>>,
    /// Hash engine's read port.
    pub hash_rd_len: Signal<In, Bits<16>>,
    /// Hash engine's read port.
    pub hash_rd_cmd_valid: Signal<In, Bit>,
    /// Hash engine's read port.
    pub hash_rd_cmd_ready: Signal<Out, Bit>,
    /// Hash engine's read port.
    pub hash_rd_data: [Signal<Out, Bits<64>>; 8],
    /// Hash engine's read port.
    pub hash_rd_valid: Signal<Out, Bit>,
    /// Hash engine's read port.
    pub hash_rd_ready: Signal<In, Bit>,
    /// Hash engine's write port.
    pub hash_wr_addr: Signal<In, Bits<32>>,
    /// Hash engine's write port.
    pub hash_wr_len: Signal<In, Bits<16>>,
    /// Hash engine's write port.
    pub hash_wr_cmd_valid: Signal<In, Bit>,
    /// Hash engine's write port.
    pub hash_wr_cmd_ready: Signal<Out, Bit>,
    /// Hash engine's write port.
    pub hash_wr_data: [Signal<In, Bits<64>>; 8],
    /// Hash engine's write port.
    pub hash_wr_strb: Signal<In, Bits<8>>,
    /// Hash engine's write port.
    pub hash_wr_valid: Signal<In, Bit>,
    /// Hash engine's write port.
    pub hash_wr_ready: Signal<Out, Bit>,
    /// Hash engine's write port.
    pub hash_wr_done: Signal<Out, Bit>,
    /// Hash engine: an answer to it came with an error.
    pub hash_bus_error: Signal<Out, Bit>,
    /// Vector engine's read port.
    pub vector_rd_addr: Signal<In, Bits<32>>,
    /// Vector engine's read port.
    pub vector_rd_len: Signal<In, Bits<16>>,
    /// Vector engine's read port.
    pub vector_rd_cmd_valid: Signal<In, Bit>,
    /// Vector engine's read port.
    pub vector_rd_cmd_ready: Signal<Out, Bit>,
    /// Vector engine's read port.
    pub vector_rd_data: [Signal<Out, Bits<64>>; 8],
    /// Vector engine's read port.
    pub vector_rd_valid: Signal<Out, Bit>,
    /// Vector engine's read port.
    pub vector_rd_ready: Signal<In, Bit>,
    /// Vector engine's write port.
    pub vector_wr_addr: Signal<In, Bits<32>>,
    /// Vector engine's write port.
    pub vector_wr_len: Signal<In, Bits<16>>,
    /// Vector engine's write port.
    pub vector_wr_cmd_valid: Signal<In, Bit>,
    /// Vector engine's write port.
    pub vector_wr_cmd_ready: Signal<Out, Bit>,
    /// Vector engine's write port.
    pub vector_wr_data: [Signal<In, Bits<64>>; 8],
    /// Vector engine's write port.
    pub vector_wr_strb: Signal<In, Bits<8>>,
    /// Vector engine's write port.
    pub vector_wr_valid: Signal<In, Bit>,
    /// Vector engine's write port.
    pub vector_wr_ready: Signal<Out, Bit>,
    /// Vector engine's write port.
    pub vector_wr_done: Signal<Out, Bit>,
    /// Vector engine: an answer to it came with an error.
    pub vector_bus_error: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_arid: Signal<Out, Bits<4>>,
    /// AXI4 to host memory.
    pub host_axi_araddr: Signal<Out, Bits<64>>,
    /// AXI4 to host memory.
    pub host_axi_arlen: Signal<Out, Bits<8>>,
    /// AXI4 to host memory.
    pub host_axi_arsize: Signal<Out, Bits<3>>,
    /// AXI4 to host memory.
    pub host_axi_arburst: Signal<Out, Bits<2>>,
    /// AXI4 to host memory.
    pub host_axi_arvalid: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_arready: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_rid: Signal<In, Bits<4>>,
    /// AXI4 to host memory.
    pub host_axi_rdata: [Signal<In, Bits<64>>; 8],
    /// AXI4 to host memory.
    pub host_axi_rresp: Signal<In, Bits<2>>,
    /// AXI4 to host memory.
    pub host_axi_rlast: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_rvalid: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_rready: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_awid: Signal<Out, Bits<4>>,
    /// AXI4 to host memory.
    pub host_axi_awaddr: Signal<Out, Bits<64>>,
    /// AXI4 to host memory.
    pub host_axi_awlen: Signal<Out, Bits<8>>,
    /// AXI4 to host memory.
    pub host_axi_awsize: Signal<Out, Bits<3>>,
    /// AXI4 to host memory.
    pub host_axi_awburst: Signal<Out, Bits<2>>,
    /// AXI4 to host memory.
    pub host_axi_awvalid: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_awready: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_wdata: [Signal<Out, Bits<64>>; 8],
    /// AXI4 to host memory.
    pub host_axi_wstrb: Signal<Out, Bits<64>>,
    /// AXI4 to host memory.
    pub host_axi_wlast: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_wvalid: Signal<Out, Bit>,
    /// AXI4 to host memory.
    pub host_axi_wready: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_bid: Signal<In, Bits<4>>,
    /// AXI4 to host memory.
    pub host_axi_bresp: Signal<In, Bits<2>>,
    /// AXI4 to host memory.
    pub host_axi_bvalid: Signal<In, Bit>,
    /// AXI4 to host memory.
    pub host_axi_bready: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_arid: Signal<Out, Bits<4>>,
    /// AXI4 to card memory.
    pub card_axi_araddr: Signal<Out, Bits<64>>,
    /// AXI4 to card memory.
    pub card_axi_arlen: Signal<Out, Bits<8>>,
    /// AXI4 to card memory.
    pub card_axi_arsize: Signal<Out, Bits<3>>,
    /// AXI4 to card memory.
    pub card_axi_arburst: Signal<Out, Bits<2>>,
    /// AXI4 to card memory.
    pub card_axi_arvalid: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_arready: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_rid: Signal<In, Bits<4>>,
    /// AXI4 to card memory.
    pub card_axi_rdata: [Signal<In, Bits<64>>; 8],
    /// AXI4 to card memory.
    pub card_axi_rresp: Signal<In, Bits<2>>,
    /// AXI4 to card memory.
    pub card_axi_rlast: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_rvalid: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_rready: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_awid: Signal<Out, Bits<4>>,
    /// AXI4 to card memory.
    pub card_axi_awaddr: Signal<Out, Bits<64>>,
    /// AXI4 to card memory.
    pub card_axi_awlen: Signal<Out, Bits<8>>,
    /// AXI4 to card memory.
    pub card_axi_awsize: Signal<Out, Bits<3>>,
    /// AXI4 to card memory.
    pub card_axi_awburst: Signal<Out, Bits<2>>,
    /// AXI4 to card memory.
    pub card_axi_awvalid: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_awready: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_wdata: [Signal<Out, Bits<64>>; 8],
    /// AXI4 to card memory.
    pub card_axi_wstrb: Signal<Out, Bits<64>>,
    /// AXI4 to card memory.
    pub card_axi_wlast: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_wvalid: Signal<Out, Bit>,
    /// AXI4 to card memory.
    pub card_axi_wready: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_bid: Signal<In, Bits<4>>,
    /// AXI4 to card memory.
    pub card_axi_bresp: Signal<In, Bits<2>>,
    /// AXI4 to card memory.
    pub card_axi_bvalid: Signal<In, Bit>,
    /// AXI4 to card memory.
    pub card_axi_bready: Signal<Out, Bit>,
    resetting: Register<Bit>,
    mailbox: Mailbox,
    host_read: HostRead<READ>,
    card_write: CardWrite<LAYOUT>,
    card_read: CardRead<LAYOUT>,
    host_write: HostWrite<WRITE>,
    host_reads: ReadFabric<2>,
    host_writes: WriteFabric<2, 16>,
    card_reads: ReadFabric<4>,
    card_writes: WriteFabric<4, 32>,
}

impl<const READ: usize, const LAYOUT: usize, const WRITE: usize> Logic for DmaSystem<READ, LAYOUT, WRITE> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, mailbox, host_read, card_write, card_read, host_write);
        clock!(self, clock, host_reads, host_writes, card_reads, card_writes, resetting);
        // Through a register: it goes everywhere, and in simulation nothing is evaluated again when a pin changes.
        self.resetting.d.next = self.reset.val();
        self.mailbox.reset.next = self.resetting.q.val();
        self.mailbox.reg_write.next = self.reg_write[0].val();
        self.mailbox.reg_addr.next = self.reg_addr.val();
        self.mailbox.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata[0].next = self.mailbox.reg_rdata.val();
        self.busy[0].next = self.mailbox.busy.val();
        self.host_read.reset.next = self.resetting.q.val();
        self.host_read.reg_write.next = self.reg_write[1].val();
        self.host_read.reg_addr.next = self.reg_addr.val();
        self.host_read.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata[1].next = self.host_read.reg_rdata.val();
        self.busy[1].next = self.host_read.busy.val();
        self.card_write.reset.next = self.resetting.q.val();
        self.card_write.reg_write.next = self.reg_write[2].val();
        self.card_write.reg_addr.next = self.reg_addr.val();
        self.card_write.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata[2].next = self.card_write.reg_rdata.val();
        self.busy[2].next = self.card_write.busy.val();
        self.card_read.reset.next = self.resetting.q.val();
        self.card_read.reg_write.next = self.reg_write[3].val();
        self.card_read.reg_addr.next = self.reg_addr.val();
        self.card_read.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata[3].next = self.card_read.reg_rdata.val();
        self.busy[3].next = self.card_read.busy.val();
        self.host_write.reset.next = self.resetting.q.val();
        self.host_write.reg_write.next = self.reg_write[4].val();
        self.host_write.reg_addr.next = self.reg_addr.val();
        self.host_write.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata[4].next = self.host_write.reg_rdata.val();
        self.busy[4].next = self.host_write.busy.val();
        self.mailbox.mem_addr.next = self.mem_addr.val();
        self.mailbox.mem_wdata.next = self.mem_wdata.val();
        self.mailbox.mem_write.next = self.mem_write.val();
        self.mem_rdata.next = self.mailbox.mem_rdata.val();

        // Streams.
        self.card_write.in_valid.next = self.host_read.out_valid.val();
        self.card_write.in_end.next = self.host_read.out_end.val();
        self.host_read.out_ready.next = self.card_write.in_ready.val();
        self.host_write.in_valid.next = self.card_read.out_valid.val();
        self.host_write.in_end.next = self.card_read.out_end.val();
        self.card_read.out_ready.next = self.host_write.in_ready.val();
        for i in 0..8 {
            self.card_write.in_data[i].next = self.host_read.out_data[i].val();
            self.host_write.in_data[i].next = self.card_read.out_data[i].val();
        }

        // Host memory.
        self.host_reads.reset.next = self.resetting.q.val();
        self.host_writes.reset.next = self.resetting.q.val();
        self.host_reads.addr[0].next = self.mailbox.rd_addr.val();
        self.host_reads.len[0].next = self.mailbox.rd_len.val();
        self.host_reads.cmd_valid[0].next = self.mailbox.rd_cmd_valid.val();
        self.mailbox.rd_cmd_ready.next = self.host_reads.cmd_ready[0].val();
        self.mailbox.rd_valid.next = self.host_reads.valid[0].val();
        self.host_reads.ready[0].next = self.mailbox.rd_ready.val();
        for i in 0..8 {
            self.mailbox.rd_data[i].next = self.host_reads.data[i].val();
        }
        self.host_reads.addr[1].next = self.host_read.rd_addr.val();
        self.host_reads.len[1].next = self.host_read.rd_len.val();
        self.host_reads.cmd_valid[1].next = self.host_read.rd_cmd_valid.val();
        self.host_read.rd_cmd_ready.next = self.host_reads.cmd_ready[1].val();
        self.host_read.rd_valid.next = self.host_reads.valid[1].val();
        self.host_reads.ready[1].next = self.host_read.rd_ready.val();
        for i in 0..8 {
            self.host_read.rd_data[i].next = self.host_reads.data[i].val();
        }
        self.host_writes.addr[0].next = self.mailbox.wr_addr.val();
        self.host_writes.len[0].next = self.mailbox.wr_len.val();
        self.host_writes.cmd_valid[0].next = self.mailbox.wr_cmd_valid.val();
        self.mailbox.wr_cmd_ready.next = self.host_writes.cmd_ready[0].val();
        self.host_writes.strb[0].next = self.mailbox.wr_strb.val();
        self.host_writes.valid[0].next = self.mailbox.wr_valid.val();
        self.mailbox.wr_ready.next = self.host_writes.ready[0].val();
        self.mailbox.wr_done.next = self.host_writes.done[0].val();
        for i in 0..8 {
            self.host_writes.data[i].next = self.mailbox.wr_data[i].val();
        }
        self.host_writes.addr[1].next = self.host_write.wr_addr.val();
        self.host_writes.len[1].next = self.host_write.wr_len.val();
        self.host_writes.cmd_valid[1].next = self.host_write.wr_cmd_valid.val();
        self.host_write.wr_cmd_ready.next = self.host_writes.cmd_ready[1].val();
        self.host_writes.strb[1].next = self.host_write.wr_strb.val();
        self.host_writes.valid[1].next = self.host_write.wr_valid.val();
        self.host_write.wr_ready.next = self.host_writes.ready[1].val();
        self.host_write.wr_done.next = self.host_writes.done[1].val();
        for i in 0..8 {
            self.host_writes.data[8 + i].next = self.host_write.wr_data[i].val();
        }
        self.mailbox.bus_error.next = self.host_reads.bus_error[0].val() || self.host_writes.bus_error[0].val();
        self.host_read.bus_error.next = self.host_reads.bus_error[1].val();
        self.host_write.bus_error.next = self.host_writes.bus_error[1].val();

        // Card memory.
        self.card_reads.reset.next = self.resetting.q.val();
        self.card_writes.reset.next = self.resetting.q.val();
        self.card_reads.addr[0].next = bit_cast::<64, 32>(self.card_read.rd_addr.val()) << 6;
        self.card_reads.len[0].next = self.card_read.rd_len.val();
        self.card_reads.cmd_valid[0].next = self.card_read.rd_cmd_valid.val();
        self.card_read.rd_cmd_ready.next = self.card_reads.cmd_ready[0].val();
        self.card_read.rd_valid.next = self.card_reads.valid[0].val();
        self.card_reads.ready[0].next = self.card_read.rd_ready.val();
        for i in 0..8 {
            self.card_read.rd_data[i].next = self.card_reads.data[i].val();
        }
        self.card_reads.addr[1].next = bit_cast::<64, 32>(self.ntt_rd_addr.val()) << 6;
        self.card_reads.len[1].next = self.ntt_rd_len.val();
        self.card_reads.cmd_valid[1].next = self.ntt_rd_cmd_valid.val();
        self.ntt_rd_cmd_ready.next = self.card_reads.cmd_ready[1].val();
        self.ntt_rd_valid.next = self.card_reads.valid[1].val();
        self.card_reads.ready[1].next = self.ntt_rd_ready.val();
        for i in 0..8 {
            self.ntt_rd_data[i].next = self.card_reads.data[i].val();
        }
        self.card_reads.addr[2].next = bit_cast::<64, 32>(self.hash_rd_addr.val()) << 6;
        self.card_reads.len[2].next = self.hash_rd_len.val();
        self.card_reads.cmd_valid[2].next = self.hash_rd_cmd_valid.val();
        self.hash_rd_cmd_ready.next = self.card_reads.cmd_ready[2].val();
        self.hash_rd_valid.next = self.card_reads.valid[2].val();
        self.card_reads.ready[2].next = self.hash_rd_ready.val();
        for i in 0..8 {
            self.hash_rd_data[i].next = self.card_reads.data[i].val();
        }
        self.card_reads.addr[3].next = bit_cast::<64, 32>(self.vector_rd_addr.val()) << 6;
        self.card_reads.len[3].next = self.vector_rd_len.val();
        self.card_reads.cmd_valid[3].next = self.vector_rd_cmd_valid.val();
        self.vector_rd_cmd_ready.next = self.card_reads.cmd_ready[3].val();
        self.vector_rd_valid.next = self.card_reads.valid[3].val();
        self.card_reads.ready[3].next = self.vector_rd_ready.val();
        for i in 0..8 {
            self.vector_rd_data[i].next = self.card_reads.data[i].val();
        }
        self.card_writes.addr[0].next = bit_cast::<64, 32>(self.card_write.wr_addr.val()) << 6;
        self.card_writes.len[0].next = self.card_write.wr_len.val();
        self.card_writes.cmd_valid[0].next = self.card_write.wr_cmd_valid.val();
        self.card_write.wr_cmd_ready.next = self.card_writes.cmd_ready[0].val();
        self.card_writes.strb[0].next = self.card_write.wr_strb.val();
        self.card_writes.valid[0].next = self.card_write.wr_valid.val();
        self.card_write.wr_ready.next = self.card_writes.ready[0].val();
        self.card_write.wr_done.next = self.card_writes.done[0].val();
        for i in 0..8 {
            self.card_writes.data[i].next = self.card_write.wr_data[i].val();
        }
        self.card_writes.addr[1].next = bit_cast::<64, 32>(self.ntt_wr_addr.val()) << 6;
        self.card_writes.len[1].next = self.ntt_wr_len.val();
        self.card_writes.cmd_valid[1].next = self.ntt_wr_cmd_valid.val();
        self.ntt_wr_cmd_ready.next = self.card_writes.cmd_ready[1].val();
        self.card_writes.strb[1].next = self.ntt_wr_strb.val();
        self.card_writes.valid[1].next = self.ntt_wr_valid.val();
        self.ntt_wr_ready.next = self.card_writes.ready[1].val();
        self.ntt_wr_done.next = self.card_writes.done[1].val();
        for i in 0..8 {
            self.card_writes.data[8 + i].next = self.ntt_wr_data[i].val();
        }
        self.card_writes.addr[2].next = bit_cast::<64, 32>(self.hash_wr_addr.val()) << 6;
        self.card_writes.len[2].next = self.hash_wr_len.val();
        self.card_writes.cmd_valid[2].next = self.hash_wr_cmd_valid.val();
        self.hash_wr_cmd_ready.next = self.card_writes.cmd_ready[2].val();
        self.card_writes.strb[2].next = self.hash_wr_strb.val();
        self.card_writes.valid[2].next = self.hash_wr_valid.val();
        self.hash_wr_ready.next = self.card_writes.ready[2].val();
        self.hash_wr_done.next = self.card_writes.done[2].val();
        for i in 0..8 {
            self.card_writes.data[16 + i].next = self.hash_wr_data[i].val();
        }
        self.card_writes.addr[3].next = bit_cast::<64, 32>(self.vector_wr_addr.val()) << 6;
        self.card_writes.len[3].next = self.vector_wr_len.val();
        self.card_writes.cmd_valid[3].next = self.vector_wr_cmd_valid.val();
        self.vector_wr_cmd_ready.next = self.card_writes.cmd_ready[3].val();
        self.card_writes.strb[3].next = self.vector_wr_strb.val();
        self.card_writes.valid[3].next = self.vector_wr_valid.val();
        self.vector_wr_ready.next = self.card_writes.ready[3].val();
        self.vector_wr_done.next = self.card_writes.done[3].val();
        for i in 0..8 {
            self.card_writes.data[24 + i].next = self.vector_wr_data[i].val();
        }
        self.card_read.bus_error.next = self.card_reads.bus_error[0].val();
        self.card_write.bus_error.next = self.card_writes.bus_error[0].val();
        self.ntt_bus_error.next = self.card_reads.bus_error[1].val() || self.card_writes.bus_error[1].val();
        self.hash_bus_error.next = self.card_reads.bus_error[2].val() || self.card_writes.bus_error[2].val();
        self.vector_bus_error.next = self.card_reads.bus_error[3].val() || self.card_writes.bus_error[3].val();

        // Pins.
        self.host_axi_arid.next = self.host_reads.arid.val();
        self.host_axi_araddr.next = self.host_reads.araddr.val();
        self.host_axi_arlen.next = self.host_reads.arlen.val();
        self.host_axi_arsize.next = self.host_reads.arsize.val();
        self.host_axi_arburst.next = self.host_reads.arburst.val();
        self.host_axi_arvalid.next = self.host_reads.arvalid.val();
        self.host_reads.arready.next = self.host_axi_arready.val();
        self.host_reads.rid.next = self.host_axi_rid.val();
        self.host_reads.rresp.next = self.host_axi_rresp.val();
        self.host_reads.rlast.next = self.host_axi_rlast.val();
        self.host_reads.rvalid.next = self.host_axi_rvalid.val();
        self.host_axi_rready.next = self.host_reads.rready.val();
        self.host_axi_awid.next = self.host_writes.awid.val();
        self.host_axi_awaddr.next = self.host_writes.awaddr.val();
        self.host_axi_awlen.next = self.host_writes.awlen.val();
        self.host_axi_awsize.next = self.host_writes.awsize.val();
        self.host_axi_awburst.next = self.host_writes.awburst.val();
        self.host_axi_awvalid.next = self.host_writes.awvalid.val();
        self.host_writes.awready.next = self.host_axi_awready.val();
        self.host_axi_wstrb.next = self.host_writes.wstrb.val();
        self.host_axi_wlast.next = self.host_writes.wlast.val();
        self.host_axi_wvalid.next = self.host_writes.wvalid.val();
        self.host_writes.wready.next = self.host_axi_wready.val();
        self.host_writes.bid.next = self.host_axi_bid.val();
        self.host_writes.bresp.next = self.host_axi_bresp.val();
        self.host_writes.bvalid.next = self.host_axi_bvalid.val();
        self.host_axi_bready.next = self.host_writes.bready.val();
        for i in 0..8 {
            self.host_reads.rdata[i].next = self.host_axi_rdata[i].val();
            self.host_axi_wdata[i].next = self.host_writes.wdata[i].val();
        }
        self.card_axi_arid.next = self.card_reads.arid.val();
        self.card_axi_araddr.next = self.card_reads.araddr.val();
        self.card_axi_arlen.next = self.card_reads.arlen.val();
        self.card_axi_arsize.next = self.card_reads.arsize.val();
        self.card_axi_arburst.next = self.card_reads.arburst.val();
        self.card_axi_arvalid.next = self.card_reads.arvalid.val();
        self.card_reads.arready.next = self.card_axi_arready.val();
        self.card_reads.rid.next = self.card_axi_rid.val();
        self.card_reads.rresp.next = self.card_axi_rresp.val();
        self.card_reads.rlast.next = self.card_axi_rlast.val();
        self.card_reads.rvalid.next = self.card_axi_rvalid.val();
        self.card_axi_rready.next = self.card_reads.rready.val();
        self.card_axi_awid.next = self.card_writes.awid.val();
        self.card_axi_awaddr.next = self.card_writes.awaddr.val();
        self.card_axi_awlen.next = self.card_writes.awlen.val();
        self.card_axi_awsize.next = self.card_writes.awsize.val();
        self.card_axi_awburst.next = self.card_writes.awburst.val();
        self.card_axi_awvalid.next = self.card_writes.awvalid.val();
        self.card_writes.awready.next = self.card_axi_awready.val();
        self.card_axi_wstrb.next = self.card_writes.wstrb.val();
        self.card_axi_wlast.next = self.card_writes.wlast.val();
        self.card_axi_wvalid.next = self.card_writes.wvalid.val();
        self.card_writes.wready.next = self.card_axi_wready.val();
        self.card_writes.bid.next = self.card_axi_bid.val();
        self.card_writes.bresp.next = self.card_axi_bresp.val();
        self.card_writes.bvalid.next = self.card_axi_bvalid.val();
        self.card_axi_bready.next = self.card_writes.bready.val();
        for i in 0..8 {
            self.card_reads.rdata[i].next = self.card_axi_rdata[i].val();
            self.card_axi_wdata[i].next = self.card_writes.wdata[i].val();
        }
    }
}
