//! The control system.

use crate::Register;
use crate::arms::Arms;
use crate::axi_lite::AxiLiteSlave;
use crate::counters::Counters;
use crate::data_bus::DataBus;
use crate::fetch::BurstReader;
use crate::firmware_registers::FirmwareRegisters;
use crate::host_registers::HostRegisters;
use crate::processor::Processor;
use crate::ram::BootRam;
use rust_hdl::prelude::*;

/// Processor, boot RAM, BAR0, control registers and counters.
///
/// `reset` or CONTROL.RUN = 0 resets the processor and raises `stop`. Bursts that stand on the buses must still end: whoever
/// holds the buses sees to that, resets the engines, and keeps `draining` high until it is done. `stop` falls [`REST`] cycles
/// after both that and RUN's rise.
#[derive(LogicBlock, Default)]
pub struct ControlSystem {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears everything, also what the host has written.
    pub reset: Signal<In, Bit>,

    /// BAR0: write address.
    pub s_axil_awaddr: Signal<In, Bits<16>>,
    /// BAR0: write address is valid.
    pub s_axil_awvalid: Signal<In, Bit>,
    /// BAR0: write address is taken.
    pub s_axil_awready: Signal<Out, Bit>,
    /// BAR0: word to write.
    pub s_axil_wdata: Signal<In, Bits<32>>,
    /// BAR0: bytes to write; a write of less than the word is ignored.
    pub s_axil_wstrb: Signal<In, Bits<4>>,
    /// BAR0: word to write is valid.
    pub s_axil_wvalid: Signal<In, Bit>,
    /// BAR0: word to write is taken.
    pub s_axil_wready: Signal<Out, Bit>,
    /// BAR0: always OKAY.
    pub s_axil_bresp: Signal<Out, Bits<2>>,
    /// BAR0: a write is done.
    pub s_axil_bvalid: Signal<Out, Bit>,
    /// BAR0: its response is taken.
    pub s_axil_bready: Signal<In, Bit>,
    /// BAR0: read address.
    pub s_axil_araddr: Signal<In, Bits<16>>,
    /// BAR0: read address is valid.
    pub s_axil_arvalid: Signal<In, Bit>,
    /// BAR0: read address is taken.
    pub s_axil_arready: Signal<Out, Bit>,
    /// BAR0: the word read.
    pub s_axil_rdata: Signal<Out, Bits<32>>,
    /// BAR0: always OKAY.
    pub s_axil_rresp: Signal<Out, Bits<2>>,
    /// BAR0: the word read is valid.
    pub s_axil_rvalid: Signal<Out, Bit>,
    /// BAR0: the word read is taken.
    pub s_axil_rready: Signal<In, Bit>,

    /// Size of card memory in beats.
    pub card_beats: Signal<In, Bits<32>>,
    /// CAPABILITIES.
    pub capabilities: Signal<In, Bits<32>>,
    /// CAPABILITIES2.
    pub capabilities2: Signal<In, Bits<32>>,

    /// The processor is in reset, and the engines are to be.
    pub stop: Signal<Out, Bit>,
    /// After `stop` rose: bursts are still on the buses.
    pub draining: Signal<In, Bit>,
    /// Activity of the engines, bit e of engine e.
    pub engine_busy: Signal<In, Bits<8>>,
    /// Bit e writes a register of engine e.
    pub reg_write: Signal<Out, Bits<8>>,
    /// Word in the engine's block.
    pub reg_addr: Signal<Out, Bits<6>>,
    /// The word to write.
    pub reg_wdata: Signal<Out, Bits<32>>,
    /// The word at the `reg_addr` of the cycle before, of each engine.
    pub reg_rdata: [Signal<In, Bits<32>>; 8],

    /// Mailbox RAM: word address.
    pub mem_addr: Signal<Out, Bits<11>>,
    /// Mailbox RAM: the word to write.
    pub mem_wdata: Signal<Out, Bits<32>>,
    /// Mailbox RAM: write.
    pub mem_write: Signal<Out, Bit>,
    /// Mailbox RAM: the word at the address of the cycle before.
    pub mem_rdata: Signal<In, Bits<32>>,

    /// Send the MSI-X message of `irq_vector`; high one cycle a message.
    pub irq_valid: Signal<Out, Bit>,
    /// The vector.
    pub irq_vector: Signal<Out, Bits<5>>,
    /// Stage (bits 0-7) and id (bits 8-23) of the command dispatched last, for timelines.
    pub marker: Signal<Out, Bits<24>>,
    /// The board's LEDs.
    pub leds: Signal<Out, Bits<4>>,

    processor: Processor,
    boot_ram: BootRam,
    fetch: BurstReader,
    bus: DataBus,
    axi: AxiLiteSlave,
    host: HostRegisters,
    firmware: FirmwareRegisters,
    counters: Counters,
    arms: Arms,
    held: Register<Bit>,
    rest: Register<Bits<8>>,
}

/// Cycles for which engines stay in reset at least, so that what travels in pipelines without reset has left them.
pub const REST: u64 = 255;

impl Logic for ControlSystem {
    #[hdl_gen]
    fn update(&mut self) {
        self.processor.clock.next = self.clock.val();
        self.boot_ram.clock.next = self.clock.val();
        self.fetch.clock.next = self.clock.val();
        self.bus.clock.next = self.clock.val();
        self.axi.clock.next = self.clock.val();
        self.host.clock.next = self.clock.val();
        self.firmware.clock.next = self.clock.val();
        self.counters.clock.next = self.clock.val();
        self.arms.clock.next = self.clock.val();
        self.held.clock.next = self.clock.val();
        self.rest.clock.next = self.clock.val();

        // Reset.
        self.held.d.next = self.held.q.val();
        self.rest.d.next = self.rest.q.val() - 1;
        if self.reset.val() | !self.host.run.val() | (self.held.q.val() & self.draining.val()) {
            self.held.d.next = true;
            self.rest.d.next = 255.into();
        } else if !self.held.q.val() | (self.rest.q.val() == 0) {
            self.held.d.next = false;
            self.rest.d.next = 0.into();
        }
        self.stop.next = self.held.q.val();
        self.processor.reset.next = self.held.q.val();
        self.fetch.reset.next = self.held.q.val();
        self.bus.reset.next = self.held.q.val();
        self.firmware.reset.next = self.held.q.val();
        self.axi.reset.next = self.reset.val();
        self.host.reset.next = self.reset.val();
        self.counters.reset.next = self.reset.val();
        self.arms.reset.next = self.held.q.val();

        // BAR0.
        self.axi.awaddr.next = self.s_axil_awaddr.val();
        self.axi.awvalid.next = self.s_axil_awvalid.val();
        self.s_axil_awready.next = self.axi.awready.val();
        self.axi.wdata.next = self.s_axil_wdata.val();
        self.axi.wstrb.next = self.s_axil_wstrb.val();
        self.axi.wvalid.next = self.s_axil_wvalid.val();
        self.s_axil_wready.next = self.axi.wready.val();
        self.s_axil_bresp.next = 0.into();
        self.s_axil_bvalid.next = self.axi.bvalid.val();
        self.axi.bready.next = self.s_axil_bready.val();
        self.axi.araddr.next = self.s_axil_araddr.val();
        self.axi.arvalid.next = self.s_axil_arvalid.val();
        self.s_axil_arready.next = self.axi.arready.val();
        self.s_axil_rdata.next = self.axi.rdata.val();
        self.s_axil_rresp.next = 0.into();
        self.s_axil_rvalid.next = self.axi.rvalid.val();
        self.axi.rready.next = self.s_axil_rready.val();
        self.host.write.next = self.axi.write.val();
        self.host.write_address.next = self.axi.write_address.val();
        self.host.write_data.next = self.axi.write_data.val();
        self.host.read.next = self.axi.read.val();
        self.host.read_address.next = self.axi.read_address.val();
        self.host.take.next = self.axi.take.val();
        self.axi.read_data.next = self.host.read_data.val();

        // Boot RAM: the host's window goes before instruction fetch.
        self.fetch.strobe.next = self.processor.fetch_strobe.val();
        self.fetch.address.next = self.processor.fetch_address.val().get_bits::<14>(0);
        self.fetch.burst.next = self.processor.fetch_address.val().get_bits::<3>(0) != 7;
        self.fetch.blocked.next = self.host.boot_access.val();
        self.processor.fetch_ack.next = self.fetch.ack.val();
        self.processor.fetch_data.next = self.boot_ram.a_read_data.val();
        self.boot_ram.a_enable.next = self.fetch.ram_enable.val() | self.host.boot_access.val();
        self.boot_ram.a_write.next = self.host.boot_write.val();
        self.boot_ram.a_write_data.next = self.axi.write_data.val();
        self.boot_ram.a_address.next = self.fetch.ram_address.val();
        if self.host.boot_access.val() {
            self.boot_ram.a_address.next = self.host.boot_address.val();
        }
        self.host.boot_data.next = self.boot_ram.a_read_data.val();

        // Data bus.
        self.bus.strobe.next = self.processor.data_strobe.val();
        self.bus.write.next = self.processor.data_write.val();
        self.bus.address.next = self.processor.data_address.val();
        self.bus.cycle_type.next = self.processor.data_cycle_type.val();
        self.bus.select.next = self.processor.data_select.val();
        self.processor.data_ack.next = self.bus.ack.val();
        self.processor.data_in.next = self.bus.read_data.val();
        self.boot_ram.b_enable.next = self.bus.ram_enable.val();
        self.boot_ram.b_write.next = self.bus.ram_write.val();
        self.boot_ram.b_address.next = self.bus.ram_address.val();
        self.boot_ram.b_write_data.next = self.processor.data_out.val();
        self.bus.ram_data.next = self.boot_ram.b_read_data.val();
        self.mem_addr.next = self.bus.mem_addr.val();
        self.mem_wdata.next = self.processor.data_out.val();
        self.mem_write.next = self.bus.mem_write.val();
        self.bus.mem_rdata.next = self.mem_rdata.val();
        self.arms.bus_write.next = self.bus.reg_write.val();
        self.arms.bus_addr.next = self.bus.reg_addr.val();
        self.arms.bus_data.next = self.processor.data_out.val().get_bits::<8>(0);
        self.arms.bus_access.next = self.bus.reg_access.val();
        self.arms.engine_busy.next = self.engine_busy.val();
        self.reg_write.next = self.arms.reg_write.val();
        self.reg_addr.next = self.arms.reg_addr.val();
        self.reg_wdata.next = self.processor.data_out.val();
        for i in 0..8 {
            self.bus.reg_rdata[i].next = self.reg_rdata[i].val();
        }

        // Control block.
        self.firmware.write.next = self.bus.control_write.val();
        self.firmware.read.next = self.bus.control_read.val();
        self.firmware.address.next = self.bus.reg_addr.val();
        self.firmware.write_data.next = self.processor.data_out.val();
        self.bus.control_data.next = self.firmware.read_data.val();
        self.firmware.doorbell.next = self.host.doorbell.val();
        self.firmware.doorbell_index.next = self.host.doorbell_index.val();
        self.firmware.doorbell_data.next = self.axi.write_data.val();
        for i in 0..5 {
            self.firmware.admin[i].next = self.host.admin[i].val();
        }
        for i in 0..6 {
            self.host.published[i].next = self.firmware.published[i].val();
        }
        self.host.draining.next = self.draining.val();
        self.firmware.cycle.next = self.counters.cycle.val();
        self.host.cycle.next = self.counters.cycle.val();
        self.firmware.idle.next = self.counters.idle.val();
        self.counters.engine_busy.next = self.engine_busy.val();
        self.firmware.engine_busy.next = self.engine_busy.val();
        self.firmware.card_beats.next = self.card_beats.val();
        self.host.card_beats.next = self.card_beats.val();
        self.firmware.capabilities.next = self.capabilities.val();
        self.host.capabilities.next = self.capabilities.val();
        self.firmware.capabilities2.next = self.capabilities2.val();
        self.host.capabilities2.next = self.capabilities2.val();
        self.irq_valid.next = self.firmware.irq_valid.val();
        self.irq_vector.next = self.firmware.irq_vector.val();
        self.marker.next = self.firmware.marker.val();
        self.leds.next = self.firmware.leds.val();

        // Line 0: a doorbell rang. The firmware polls with interrupts masked and may read the line in CSR 0xFC0.
        self.processor.interrupts.next = 0.into();
        if self.firmware.pending.val() {
            self.processor.interrupts.next = 1.into();
        }
    }
}
