//! The whole card.

use karat_hdl_control::ControlSystem;
use karat_hdl_dma::system::DmaSystem;
use karat_hdl_hash::HashEngine;
use karat_hdl_ntt::NttEngine;
use karat_hdl_vector::VectorEngine;
use rust_hdl::prelude::*;

use crate::{Config, Drain};

/// Control system, DMA, engines, and the two memory ports.
///
/// The constants are those of the engines; [`crate::Config`] names the combinations that exist. Data of both AXI4 ports are
/// eight words of 64 bits, see [`crate::board_top`] for ports of 512 bits. AXI4 ids are the numbers of the fabrics'
/// clients; an id's bursts must be answered in order.
#[derive(LogicBlock)]
pub struct Card<
    const NTT: usize,
    const SBOXES: usize,
    const HASH_A: usize,
    const HASH_B: usize,
    const HASH_D: usize,
    const KECCAK: usize,
    const VECTOR: usize,
    const READ: usize,
    const LAYOUT: usize,
    const WRITE: usize,
> {
    /// The clock of everything.
    pub clock: Signal<In, Clock>,
    /// Synchronous, active high. The buses are to be in reset too.
    pub reset: Signal<In, Bit>,
    /// Size of card memory in beats; does not change after reset.
    pub card_beats: Signal<In, Bits<32>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_awaddr: Signal<In, Bits<16>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_awvalid: Signal<In, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_awready: Signal<Out, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_wdata: Signal<In, Bits<32>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_wstrb: Signal<In, Bits<4>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_wvalid: Signal<In, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_wready: Signal<Out, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_bresp: Signal<Out, Bits<2>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_bvalid: Signal<Out, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_bready: Signal<In, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_araddr: Signal<In, Bits<16>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_arvalid: Signal<In, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_arready: Signal<Out, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_rdata: Signal<Out, Bits<32>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_rresp: Signal<Out, Bits<2>>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_rvalid: Signal<Out, Bit>,
    /// BAR0, AXI4-Lite slave.
    pub s_axil_rready: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arid: Signal<Out, Bits<4>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_araddr: Signal<Out, Bits<64>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arlen: Signal<Out, Bits<8>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arsize: Signal<Out, Bits<3>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arburst: Signal<Out, Bits<2>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arvalid: Signal<Out, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_arready: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rid: Signal<In, Bits<4>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rdata: [Signal<In, Bits<64>>; 8],
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rresp: Signal<In, Bits<2>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rlast: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rvalid: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_rready: Signal<Out, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awid: Signal<Out, Bits<4>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awaddr: Signal<Out, Bits<64>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awlen: Signal<Out, Bits<8>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awsize: Signal<Out, Bits<3>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awburst: Signal<Out, Bits<2>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awvalid: Signal<Out, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_awready: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_wdata: [Signal<Out, Bits<64>>; 8],
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_wstrb: Signal<Out, Bits<64>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_wlast: Signal<Out, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_wvalid: Signal<Out, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_wready: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_bid: Signal<In, Bits<4>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_bresp: Signal<In, Bits<2>>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_bvalid: Signal<In, Bit>,
    /// Host memory, AXI4 master with byte addresses of the bus.
    pub host_axi_bready: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arid: Signal<Out, Bits<4>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_araddr: Signal<Out, Bits<64>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arlen: Signal<Out, Bits<8>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arsize: Signal<Out, Bits<3>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arburst: Signal<Out, Bits<2>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arvalid: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_arready: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rid: Signal<In, Bits<4>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rdata: [Signal<In, Bits<64>>; 8],
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rresp: Signal<In, Bits<2>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rlast: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rvalid: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_rready: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awid: Signal<Out, Bits<4>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awaddr: Signal<Out, Bits<64>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awlen: Signal<Out, Bits<8>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awsize: Signal<Out, Bits<3>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awburst: Signal<Out, Bits<2>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awvalid: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_awready: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_wdata: [Signal<Out, Bits<64>>; 8],
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_wstrb: Signal<Out, Bits<64>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_wlast: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_wvalid: Signal<Out, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_wready: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_bid: Signal<In, Bits<4>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_bresp: Signal<In, Bits<2>>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_bvalid: Signal<In, Bit>,
    /// Card memory, AXI4 master with byte addresses from 0.
    pub card_axi_bready: Signal<Out, Bit>,
    /// Send the MSI-X message of `irq_vector`; high one cycle a message.
    pub irq_valid: Signal<Out, Bit>,
    /// The vector.
    pub irq_vector: Signal<Out, Bits<5>>,
    /// Stage (bits 0-7) and id (bits 8-23) of the command dispatched last.
    pub marker: Signal<Out, Bits<24>>,
    /// Bit e: engine e of the contract has a descriptor.
    pub activity: Signal<Out, Bits<8>>,
    /// The board's LEDs.
    pub leds: Signal<Out, Bits<4>>,
    control: ControlSystem,
    dma: DmaSystem<READ, LAYOUT, WRITE>,
    ntt: NttEngine<NTT>,
    hash: HashEngine<SBOXES, HASH_A, HASH_B, HASH_D, KECCAK>,
    vector: VectorEngine<VECTOR>,
    host_drain: Drain,
    card_drain: Drain,
    engine_reset: Signal<Local, Bit>,
    capabilities: Constant<Bits<32>>,
    capabilities2: Constant<Bits<32>>,
}

impl<
    const NTT: usize,
    const SBOXES: usize,
    const HASH_A: usize,
    const HASH_B: usize,
    const HASH_D: usize,
    const KECCAK: usize,
    const VECTOR: usize,
    const READ: usize,
    const LAYOUT: usize,
    const WRITE: usize,
> Card<NTT, SBOXES, HASH_A, HASH_B, HASH_D, KECCAK, VECTOR, READ, LAYOUT, WRITE>
{
    /// The card of a configuration, which must be the one with these constants.
    pub fn new(config: &Config) -> Self {
        Self {
            capabilities: Constant::new(Bits::from(u64::from(config.capabilities()))),
            capabilities2: Constant::new(Bits::from(u64::from(config.capabilities2()))),
            clock: Default::default(),
            reset: Default::default(),
            card_beats: Default::default(),
            s_axil_awaddr: Default::default(),
            s_axil_awvalid: Default::default(),
            s_axil_awready: Default::default(),
            s_axil_wdata: Default::default(),
            s_axil_wstrb: Default::default(),
            s_axil_wvalid: Default::default(),
            s_axil_wready: Default::default(),
            s_axil_bresp: Default::default(),
            s_axil_bvalid: Default::default(),
            s_axil_bready: Default::default(),
            s_axil_araddr: Default::default(),
            s_axil_arvalid: Default::default(),
            s_axil_arready: Default::default(),
            s_axil_rdata: Default::default(),
            s_axil_rresp: Default::default(),
            s_axil_rvalid: Default::default(),
            s_axil_rready: Default::default(),
            host_axi_arid: Default::default(),
            host_axi_araddr: Default::default(),
            host_axi_arlen: Default::default(),
            host_axi_arsize: Default::default(),
            host_axi_arburst: Default::default(),
            host_axi_arvalid: Default::default(),
            host_axi_arready: Default::default(),
            host_axi_rid: Default::default(),
            host_axi_rdata: Default::default(),
            host_axi_rresp: Default::default(),
            host_axi_rlast: Default::default(),
            host_axi_rvalid: Default::default(),
            host_axi_rready: Default::default(),
            host_axi_awid: Default::default(),
            host_axi_awaddr: Default::default(),
            host_axi_awlen: Default::default(),
            host_axi_awsize: Default::default(),
            host_axi_awburst: Default::default(),
            host_axi_awvalid: Default::default(),
            host_axi_awready: Default::default(),
            host_axi_wdata: Default::default(),
            host_axi_wstrb: Default::default(),
            host_axi_wlast: Default::default(),
            host_axi_wvalid: Default::default(),
            host_axi_wready: Default::default(),
            host_axi_bid: Default::default(),
            host_axi_bresp: Default::default(),
            host_axi_bvalid: Default::default(),
            host_axi_bready: Default::default(),
            card_axi_arid: Default::default(),
            card_axi_araddr: Default::default(),
            card_axi_arlen: Default::default(),
            card_axi_arsize: Default::default(),
            card_axi_arburst: Default::default(),
            card_axi_arvalid: Default::default(),
            card_axi_arready: Default::default(),
            card_axi_rid: Default::default(),
            card_axi_rdata: Default::default(),
            card_axi_rresp: Default::default(),
            card_axi_rlast: Default::default(),
            card_axi_rvalid: Default::default(),
            card_axi_rready: Default::default(),
            card_axi_awid: Default::default(),
            card_axi_awaddr: Default::default(),
            card_axi_awlen: Default::default(),
            card_axi_awsize: Default::default(),
            card_axi_awburst: Default::default(),
            card_axi_awvalid: Default::default(),
            card_axi_awready: Default::default(),
            card_axi_wdata: Default::default(),
            card_axi_wstrb: Default::default(),
            card_axi_wlast: Default::default(),
            card_axi_wvalid: Default::default(),
            card_axi_wready: Default::default(),
            card_axi_bid: Default::default(),
            card_axi_bresp: Default::default(),
            card_axi_bvalid: Default::default(),
            card_axi_bready: Default::default(),
            irq_valid: Default::default(),
            irq_vector: Default::default(),
            marker: Default::default(),
            activity: Default::default(),
            leds: Default::default(),
            control: Default::default(),
            dma: Default::default(),
            ntt: NttEngine::new(config.ntt_lanes, config.ntt_log_buffer),
            hash: Default::default(),
            vector: Default::default(),
            host_drain: Default::default(),
            card_drain: Default::default(),
            engine_reset: Default::default(),
        }
    }
}

impl<
    const NTT: usize,
    const SBOXES: usize,
    const HASH_A: usize,
    const HASH_B: usize,
    const HASH_D: usize,
    const KECCAK: usize,
    const VECTOR: usize,
    const READ: usize,
    const LAYOUT: usize,
    const WRITE: usize,
> Logic for Card<NTT, SBOXES, HASH_A, HASH_B, HASH_D, KECCAK, VECTOR, READ, LAYOUT, WRITE>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, control, dma, ntt, hash, vector, host_drain, card_drain);

        // Reset and rest.
        self.control.reset.next = self.reset.val();
        self.host_drain.reset.next = self.reset.val();
        self.card_drain.reset.next = self.reset.val();
        self.host_drain.stop.next = self.control.stop.val();
        self.card_drain.stop.next = self.control.stop.val();
        self.control.draining.next = self.host_drain.draining.val() | self.card_drain.draining.val();
        self.engine_reset.next = self.reset.val() | (self.host_drain.stopped.val() & self.card_drain.stopped.val());
        self.dma.reset.next = self.engine_reset.val();
        self.ntt.reset.next = self.engine_reset.val();
        self.hash.reset.next = self.engine_reset.val();
        self.vector.reset.next = self.engine_reset.val();

        // BAR0 and pins.
        self.control.s_axil_awaddr.next = self.s_axil_awaddr.val();
        self.control.s_axil_awvalid.next = self.s_axil_awvalid.val();
        self.s_axil_awready.next = self.control.s_axil_awready.val();
        self.control.s_axil_wdata.next = self.s_axil_wdata.val();
        self.control.s_axil_wstrb.next = self.s_axil_wstrb.val();
        self.control.s_axil_wvalid.next = self.s_axil_wvalid.val();
        self.s_axil_wready.next = self.control.s_axil_wready.val();
        self.s_axil_bresp.next = self.control.s_axil_bresp.val();
        self.s_axil_bvalid.next = self.control.s_axil_bvalid.val();
        self.control.s_axil_bready.next = self.s_axil_bready.val();
        self.control.s_axil_araddr.next = self.s_axil_araddr.val();
        self.control.s_axil_arvalid.next = self.s_axil_arvalid.val();
        self.s_axil_arready.next = self.control.s_axil_arready.val();
        self.s_axil_rdata.next = self.control.s_axil_rdata.val();
        self.s_axil_rresp.next = self.control.s_axil_rresp.val();
        self.s_axil_rvalid.next = self.control.s_axil_rvalid.val();
        self.control.s_axil_rready.next = self.s_axil_rready.val();
        self.irq_valid.next = self.control.irq_valid.val();
        self.irq_vector.next = self.control.irq_vector.val();
        self.marker.next = self.control.marker.val();
        self.leds.next = self.control.leds.val();
        self.control.card_beats.next = self.card_beats.val();
        self.control.capabilities.next = self.capabilities.val();
        self.control.capabilities2.next = self.capabilities2.val();

        // Register ports. Engines 0 to 4 are the DMA system's.
        for i in 0..5 {
            self.dma.reg_write[i].next = self.control.reg_write.val().get_bit(i);
            self.control.reg_rdata[i].next = self.dma.reg_rdata[i].val();
        }
        self.dma.reg_addr.next = self.control.reg_addr.val();
        self.dma.reg_wdata.next = self.control.reg_wdata.val();
        self.ntt.reg_write.next = self.control.reg_write.val().get_bit(5);
        self.ntt.reg_addr.next = self.control.reg_addr.val();
        self.ntt.reg_wdata.next = self.control.reg_wdata.val();
        self.control.reg_rdata[5].next = self.ntt.reg_rdata.val();
        self.hash.reg_write.next = self.control.reg_write.val().get_bit(6);
        self.hash.reg_addr.next = self.control.reg_addr.val();
        self.hash.reg_wdata.next = self.control.reg_wdata.val();
        self.control.reg_rdata[6].next = self.hash.reg_rdata.val();
        self.vector.reg_write.next = self.control.reg_write.val().get_bit(7);
        self.vector.reg_addr.next = self.control.reg_addr.val();
        self.vector.reg_wdata.next = self.control.reg_wdata.val();
        self.control.reg_rdata[7].next = self.vector.reg_rdata.val();
        self.dma.mem_addr.next = self.control.mem_addr.val();
        self.dma.mem_wdata.next = self.control.mem_wdata.val();
        self.dma.mem_write.next = self.control.mem_write.val();
        self.control.mem_rdata.next = self.dma.mem_rdata.val();
        self.activity.next = 0.into();
        if self.dma.busy[0].val() {
            self.activity.next = self.activity.val() | 1;
        }
        if self.dma.busy[1].val() {
            self.activity.next = self.activity.val() | 2;
        }
        if self.dma.busy[2].val() {
            self.activity.next = self.activity.val() | 4;
        }
        if self.dma.busy[3].val() {
            self.activity.next = self.activity.val() | 8;
        }
        if self.dma.busy[4].val() {
            self.activity.next = self.activity.val() | 16;
        }
        if self.ntt.busy.val() {
            self.activity.next = self.activity.val() | 32;
        }
        if self.hash.busy.val() {
            self.activity.next = self.activity.val() | 64;
        }
        if self.vector.busy.val() {
            self.activity.next = self.activity.val() | 128;
        }
        self.control.engine_busy.next = self.activity.val();

        // Engines on the card fabric.
        self.dma.ntt_rd_addr.next = self.ntt.rd_addr.val();
        self.dma.ntt_rd_len.next = self.ntt.rd_len.val();
        self.dma.ntt_rd_cmd_valid.next = self.ntt.rd_cmd_valid.val();
        self.ntt.rd_cmd_ready.next = self.dma.ntt_rd_cmd_ready.val();
        self.ntt.rd_valid.next = self.dma.ntt_rd_valid.val();
        self.dma.ntt_rd_ready.next = self.ntt.rd_ready.val();
        self.dma.ntt_wr_addr.next = self.ntt.wr_addr.val();
        self.dma.ntt_wr_len.next = self.ntt.wr_len.val();
        self.dma.ntt_wr_cmd_valid.next = self.ntt.wr_cmd_valid.val();
        self.ntt.wr_cmd_ready.next = self.dma.ntt_wr_cmd_ready.val();
        self.dma.ntt_wr_strb.next = self.ntt.wr_strb.val();
        self.dma.ntt_wr_valid.next = self.ntt.wr_valid.val();
        self.ntt.wr_ready.next = self.dma.ntt_wr_ready.val();
        self.ntt.wr_done.next = self.dma.ntt_wr_done.val();
        self.ntt.bus_error.next = self.dma.ntt_bus_error.val();
        for i in 0..8 {
            self.ntt.rd_data[i].next = self.dma.ntt_rd_data[i].val();
            self.dma.ntt_wr_data[i].next = self.ntt.wr_data[i].val();
        }
        self.dma.hash_rd_addr.next = self.hash.rd_addr.val();
        self.dma.hash_rd_len.next = self.hash.rd_len.val();
        self.dma.hash_rd_cmd_valid.next = self.hash.rd_cmd_valid.val();
        self.hash.rd_cmd_ready.next = self.dma.hash_rd_cmd_ready.val();
        self.hash.rd_valid.next = self.dma.hash_rd_valid.val();
        self.dma.hash_rd_ready.next = self.hash.rd_ready.val();
        self.dma.hash_wr_addr.next = self.hash.wr_addr.val();
        self.dma.hash_wr_len.next = self.hash.wr_len.val();
        self.dma.hash_wr_cmd_valid.next = self.hash.wr_cmd_valid.val();
        self.hash.wr_cmd_ready.next = self.dma.hash_wr_cmd_ready.val();
        self.dma.hash_wr_strb.next = self.hash.wr_strb.val();
        self.dma.hash_wr_valid.next = self.hash.wr_valid.val();
        self.hash.wr_ready.next = self.dma.hash_wr_ready.val();
        self.hash.wr_done.next = self.dma.hash_wr_done.val();
        self.hash.bus_error.next = self.dma.hash_bus_error.val();
        for i in 0..8 {
            self.hash.rd_data[i].next = self.dma.hash_rd_data[i].val();
            self.dma.hash_wr_data[i].next = self.hash.wr_data[i].val();
        }
        self.dma.vector_rd_addr.next = self.vector.rd_addr.val();
        self.dma.vector_rd_len.next = self.vector.rd_len.val();
        self.dma.vector_rd_cmd_valid.next = self.vector.rd_cmd_valid.val();
        self.vector.rd_cmd_ready.next = self.dma.vector_rd_cmd_ready.val();
        self.vector.rd_valid.next = self.dma.vector_rd_valid.val();
        self.dma.vector_rd_ready.next = self.vector.rd_ready.val();
        self.dma.vector_wr_addr.next = self.vector.wr_addr.val();
        self.dma.vector_wr_len.next = self.vector.wr_len.val();
        self.dma.vector_wr_cmd_valid.next = self.vector.wr_cmd_valid.val();
        self.vector.wr_cmd_ready.next = self.dma.vector_wr_cmd_ready.val();
        self.dma.vector_wr_strb.next = self.vector.wr_strb.val();
        self.dma.vector_wr_valid.next = self.vector.wr_valid.val();
        self.vector.wr_ready.next = self.dma.vector_wr_ready.val();
        self.vector.wr_done.next = self.dma.vector_wr_done.val();
        self.vector.bus_error.next = self.dma.vector_bus_error.val();
        for i in 0..8 {
            self.vector.rd_data[i].next = self.dma.vector_rd_data[i].val();
            self.dma.vector_wr_data[i].next = self.vector.wr_data[i].val();
        }

        // The port to host memory: handshakes pass the drain, addresses and data go around it.
        self.host_axi_arid.next = self.dma.host_axi_arid.val();
        self.host_axi_araddr.next = self.dma.host_axi_araddr.val();
        self.host_axi_arlen.next = self.dma.host_axi_arlen.val();
        self.host_axi_arsize.next = self.dma.host_axi_arsize.val();
        self.host_axi_arburst.next = self.dma.host_axi_arburst.val();
        self.host_drain.fabric_arvalid.next = self.dma.host_axi_arvalid.val();
        self.host_axi_arvalid.next = self.host_drain.arvalid.val();
        self.host_drain.arready.next = self.host_axi_arready.val();
        self.dma.host_axi_arready.next = self.host_drain.fabric_arready.val();
        self.dma.host_axi_rid.next = self.host_axi_rid.val();
        self.dma.host_axi_rresp.next = self.host_axi_rresp.val();
        self.host_drain.rlast.next = self.host_axi_rlast.val();
        self.dma.host_axi_rlast.next = self.host_axi_rlast.val();
        self.host_drain.rvalid.next = self.host_axi_rvalid.val();
        self.dma.host_axi_rvalid.next = self.host_drain.fabric_rvalid.val();
        self.host_drain.fabric_rready.next = self.dma.host_axi_rready.val();
        self.host_axi_rready.next = self.host_drain.rready.val();
        self.host_axi_awid.next = self.dma.host_axi_awid.val();
        self.host_axi_awaddr.next = self.dma.host_axi_awaddr.val();
        self.host_drain.fabric_awlen.next = self.dma.host_axi_awlen.val();
        self.host_axi_awlen.next = self.dma.host_axi_awlen.val();
        self.host_axi_awsize.next = self.dma.host_axi_awsize.val();
        self.host_axi_awburst.next = self.dma.host_axi_awburst.val();
        self.host_drain.fabric_awvalid.next = self.dma.host_axi_awvalid.val();
        self.host_axi_awvalid.next = self.host_drain.awvalid.val();
        self.host_drain.awready.next = self.host_axi_awready.val();
        self.dma.host_axi_awready.next = self.host_drain.fabric_awready.val();
        self.host_drain.fabric_wstrb.next = self.dma.host_axi_wstrb.val();
        self.host_axi_wstrb.next = self.host_drain.wstrb.val();
        self.host_drain.fabric_wlast.next = self.dma.host_axi_wlast.val();
        self.host_axi_wlast.next = self.host_drain.wlast.val();
        self.host_drain.fabric_wvalid.next = self.dma.host_axi_wvalid.val();
        self.host_axi_wvalid.next = self.host_drain.wvalid.val();
        self.host_drain.wready.next = self.host_axi_wready.val();
        self.dma.host_axi_wready.next = self.host_drain.fabric_wready.val();
        self.dma.host_axi_bid.next = self.host_axi_bid.val();
        self.dma.host_axi_bresp.next = self.host_axi_bresp.val();
        self.host_drain.bvalid.next = self.host_axi_bvalid.val();
        self.dma.host_axi_bvalid.next = self.host_drain.fabric_bvalid.val();
        self.host_axi_bready.next = self.host_drain.bready.val();
        for i in 0..8 {
            self.dma.host_axi_rdata[i].next = self.host_axi_rdata[i].val();
            self.host_axi_wdata[i].next = self.dma.host_axi_wdata[i].val();
        }

        // The port to card memory: handshakes pass the drain, addresses and data go around it.
        self.card_axi_arid.next = self.dma.card_axi_arid.val();
        self.card_axi_araddr.next = self.dma.card_axi_araddr.val();
        self.card_axi_arlen.next = self.dma.card_axi_arlen.val();
        self.card_axi_arsize.next = self.dma.card_axi_arsize.val();
        self.card_axi_arburst.next = self.dma.card_axi_arburst.val();
        self.card_drain.fabric_arvalid.next = self.dma.card_axi_arvalid.val();
        self.card_axi_arvalid.next = self.card_drain.arvalid.val();
        self.card_drain.arready.next = self.card_axi_arready.val();
        self.dma.card_axi_arready.next = self.card_drain.fabric_arready.val();
        self.dma.card_axi_rid.next = self.card_axi_rid.val();
        self.dma.card_axi_rresp.next = self.card_axi_rresp.val();
        self.card_drain.rlast.next = self.card_axi_rlast.val();
        self.dma.card_axi_rlast.next = self.card_axi_rlast.val();
        self.card_drain.rvalid.next = self.card_axi_rvalid.val();
        self.dma.card_axi_rvalid.next = self.card_drain.fabric_rvalid.val();
        self.card_drain.fabric_rready.next = self.dma.card_axi_rready.val();
        self.card_axi_rready.next = self.card_drain.rready.val();
        self.card_axi_awid.next = self.dma.card_axi_awid.val();
        self.card_axi_awaddr.next = self.dma.card_axi_awaddr.val();
        self.card_drain.fabric_awlen.next = self.dma.card_axi_awlen.val();
        self.card_axi_awlen.next = self.dma.card_axi_awlen.val();
        self.card_axi_awsize.next = self.dma.card_axi_awsize.val();
        self.card_axi_awburst.next = self.dma.card_axi_awburst.val();
        self.card_drain.fabric_awvalid.next = self.dma.card_axi_awvalid.val();
        self.card_axi_awvalid.next = self.card_drain.awvalid.val();
        self.card_drain.awready.next = self.card_axi_awready.val();
        self.dma.card_axi_awready.next = self.card_drain.fabric_awready.val();
        self.card_drain.fabric_wstrb.next = self.dma.card_axi_wstrb.val();
        self.card_axi_wstrb.next = self.card_drain.wstrb.val();
        self.card_drain.fabric_wlast.next = self.dma.card_axi_wlast.val();
        self.card_axi_wlast.next = self.card_drain.wlast.val();
        self.card_drain.fabric_wvalid.next = self.dma.card_axi_wvalid.val();
        self.card_axi_wvalid.next = self.card_drain.wvalid.val();
        self.card_drain.wready.next = self.card_axi_wready.val();
        self.dma.card_axi_wready.next = self.card_drain.fabric_wready.val();
        self.dma.card_axi_bid.next = self.card_axi_bid.val();
        self.dma.card_axi_bresp.next = self.card_axi_bresp.val();
        self.card_drain.bvalid.next = self.card_axi_bvalid.val();
        self.dma.card_axi_bvalid.next = self.card_drain.fabric_bvalid.val();
        self.card_axi_bready.next = self.card_drain.bready.val();
        for i in 0..8 {
            self.dma.card_axi_rdata[i].next = self.card_axi_rdata[i].val();
            self.card_axi_wdata[i].next = self.dma.card_axi_wdata[i].val();
        }
    }
}
