//! The processor's data bus: address decoder and acknowledgement.

use crate::fetch::BurstReader;
use karat_abi::engine::ENGINES;
use karat_abi::registers::firmware;
use rust_hdl::prelude::*;

const _: () = assert!(firmware::MAILBOX_BYTES == 0x2000 && firmware::ENGINE_STRIDE == 0x100 && ENGINES == 8);

/// Routes accesses by bits 31-16 of the address. Stores, and loads of the control block, take one cycle of the bus; loads of
/// everything else take two. Boot RAM repeats below bit 31; elsewhere an address that nothing answers to reads zero.
/// Outside boot RAM accesses are whole words, whatever the bytes selected.
#[derive(LogicBlock)]
pub struct DataBus {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The processor is in reset.
    pub reset: Signal<In, Bit>,
    /// An access.
    pub strobe: Signal<In, Bit>,
    /// It is a write.
    pub write: Signal<In, Bit>,
    /// Word address.
    pub address: Signal<In, Bits<30>>,
    /// Wishbone cycle type; 2: the next word follows.
    pub cycle_type: Signal<In, Bits<3>>,
    /// Bytes that a write touches.
    pub select: Signal<In, Bits<4>>,
    /// The access is done.
    pub ack: Signal<Out, Bit>,
    /// The word read.
    pub read_data: Signal<Out, Bits<32>>,

    /// Boot RAM: access.
    pub ram_enable: Signal<Out, Bit>,
    /// Boot RAM: bytes to write.
    pub ram_write: Signal<Out, Bits<4>>,
    /// Boot RAM: word address.
    pub ram_address: Signal<Out, Bits<14>>,
    /// Boot RAM: the word read.
    pub ram_data: Signal<In, Bits<32>>,
    /// Mailbox: word address.
    pub mem_addr: Signal<Out, Bits<11>>,
    /// Mailbox: write.
    pub mem_write: Signal<Out, Bit>,
    /// Mailbox: the word at the address of the cycle before.
    pub mem_rdata: Signal<In, Bits<32>>,
    /// Control block: write.
    pub control_write: Signal<Out, Bit>,
    /// Control block: read.
    pub control_read: Signal<Out, Bit>,
    /// Control block: the word read, in the same cycle.
    pub control_data: Signal<In, Bits<32>>,
    /// The processor is at a register of an engine.
    pub reg_access: Signal<Out, Bit>,
    /// Engines: bit e writes a register of engine e.
    pub reg_write: Signal<Out, Bits<8>>,
    /// Engines and control block: word in the block.
    pub reg_addr: Signal<Out, Bits<6>>,
    /// Engines: the word at the address of the cycle before.
    pub reg_rdata: [Signal<In, Bits<32>>; 8],

    reader: BurstReader,
    region: Signal<Local, Bits<16>>,
    engine: Signal<Local, Bits<8>>,
    on_ram: Signal<Local, Bit>,
    on_mailbox: Signal<Local, Bit>,
    on_control: Signal<Local, Bit>,
    on_engine: Signal<Local, Bits<8>>,
    storing: Signal<Local, Bit>,
    at_mailbox: Constant<Bits<16>>,
    at_control: Constant<Bits<16>>,
    at_engines: Constant<Bits<16>>,
}

impl Default for DataBus {
    fn default() -> Self {
        let region = |address: u32| Constant::new(Bits::from(u64::from(address >> 16)));
        Self {
            clock: Default::default(),
            reset: Default::default(),
            strobe: Default::default(),
            write: Default::default(),
            address: Default::default(),
            cycle_type: Default::default(),
            select: Default::default(),
            ack: Default::default(),
            read_data: Default::default(),
            ram_enable: Default::default(),
            ram_write: Default::default(),
            ram_address: Default::default(),
            ram_data: Default::default(),
            mem_addr: Default::default(),
            mem_write: Default::default(),
            mem_rdata: Default::default(),
            control_write: Default::default(),
            control_read: Default::default(),
            control_data: Default::default(),
            reg_access: Default::default(),
            reg_write: Default::default(),
            reg_addr: Default::default(),
            reg_rdata: Default::default(),
            reader: Default::default(),
            region: Default::default(),
            engine: Default::default(),
            on_ram: Default::default(),
            on_mailbox: Default::default(),
            on_control: Default::default(),
            on_engine: Default::default(),
            storing: Default::default(),
            at_mailbox: region(firmware::MAILBOX),
            at_control: region(firmware::CONTROL),
            at_engines: region(firmware::ENGINES),
        }
    }
}

impl Logic for DataBus {
    #[hdl_gen]
    fn update(&mut self) {
        self.region.next = self.address.val().get_bits::<16>(14);
        self.engine.next = self.address.val().get_bits::<8>(6);
        self.on_ram.next = !self.region.val().get_bit(15);
        self.on_mailbox.next =
            (self.region.val() == self.at_mailbox.val()) & (self.address.val().get_bits::<3>(11) == 0);
        self.on_control.next = (self.region.val() == self.at_control.val()) & (self.engine.val() == 0);
        self.on_engine.next = 0.into();
        if (self.region.val() == self.at_engines.val()) & (self.engine.val() < 8) {
            self.on_engine.next = bits::<8>(1) << self.engine.val().get_bits::<3>(0);
        }
        self.reg_access.next = self.strobe.val() & (self.on_engine.val() != 0);
        self.mem_addr.next = self.address.val().get_bits::<11>(0);
        self.reg_addr.next = self.address.val().get_bits::<6>(0);

        self.storing.next = self.strobe.val() & self.write.val();
        self.mem_write.next = self.storing.val() & self.on_mailbox.val();
        self.control_write.next = self.storing.val() & self.on_control.val();
        self.control_read.next = self.strobe.val() & !self.write.val() & self.on_control.val();
        self.reg_write.next = 0.into();
        self.ram_write.next = 0.into();
        if self.storing.val() {
            self.reg_write.next = self.on_engine.val();
            if self.on_ram.val() {
                self.ram_write.next = self.select.val();
            }
        }

        self.reader.clock.next = self.clock.val();
        self.reader.reset.next = self.reset.val();
        self.reader.strobe.next = self.strobe.val() & !self.write.val() & !self.on_control.val();
        self.reader.address.next = self.address.val().get_bits::<14>(0);
        self.reader.burst.next = self.cycle_type.val() == 2;
        self.reader.blocked.next = false;
        self.ram_enable.next = self.on_ram.val() & (self.reader.ram_enable.val() | self.storing.val());
        self.ram_address.next = self.reader.ram_address.val();
        self.ack.next = self.reader.ack.val() | self.storing.val() | self.control_read.val();

        self.read_data.next = self.ram_data.val();
        if !self.on_ram.val() {
            self.read_data.next = 0.into();
            if self.on_control.val() {
                self.read_data.next = self.control_data.val();
            }
            if self.on_mailbox.val() {
                self.read_data.next = self.mem_rdata.val();
            }
            for i in 0..8 {
                if self.on_engine.val().get_bit(i) {
                    self.read_data.next = self.reg_rdata[i].val();
                }
            }
        }
    }
}
