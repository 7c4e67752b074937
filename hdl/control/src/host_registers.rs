//! BAR0 as the host sees it.

use crate::Register;
use crate::offsets::offsets;
use karat_abi::registers::{BAR0_BYTES, CONTROL_DRAINING, DOORBELL, DOORBELL_STRIDE, MAGIC, QUEUES};
use karat_abi::{ABI_HASH, ABI_VERSION};
use rust_hdl::prelude::*;

offsets! {
    /// Word offsets of BAR0.
    Bar0Offsets: bar0, 14 bits {
        magic = MAGIC,
        abi_version = ABI_VERSION,
        abi_hash_lo = ABI_HASH_LO,
        abi_hash_hi = ABI_HASH_HI,
        control = CONTROL,
        status = STATUS,
        scratch = SCRATCH,
        capabilities = CAPABILITIES,
        fatal_code = FATAL_CODE,
        fatal_address = FATAL_ADDRESS,
        firmware_hash_lo = FIRMWARE_HASH_LO,
        firmware_hash_hi = FIRMWARE_HASH_HI,
        card_beats = CARD_BEATS,
        log_address = LOG_ADDRESS,
        boot_address = BOOT_ADDRESS,
        boot_data = BOOT_DATA,
        admin_sq_lo = ADMIN_SQ_LO,
        admin_sq_hi = ADMIN_SQ_HI,
        admin_cq_lo = ADMIN_CQ_LO,
        admin_cq_hi = ADMIN_CQ_HI,
        admin_entries = ADMIN_ENTRIES,
        cycle_lo = CYCLE_LO,
        cycle_hi = CYCLE_HI,
        capabilities2 = CAPABILITIES2,
    }
}

// Bits 15-12 of the address are the page: page 4 + q is queue q's, bit 2 tells SQ_TAIL from CQ_HEAD.
const _: () = assert!(DOORBELL == 0x4000 && DOORBELL_STRIDE == 0x1000 && QUEUES == 8 && BAR0_BYTES == 0x1_0000);
// Bit 1 of CONTROL.
const _: () = assert!(CONTROL_DRAINING == 2);

/// The registers that the host writes, the doorbells, and the read side of all of BAR0. An address without a register
/// reads zero and ignores writes; doorbells read zero.
#[derive(LogicBlock)]
pub struct HostRegisters {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Clears what the host has written.
    pub reset: Signal<In, Bit>,
    /// Write `write_data` in this cycle.
    pub write: Signal<In, Bit>,
    /// Word address of the write.
    pub write_address: Signal<In, Bits<14>>,
    /// The word to write.
    pub write_data: Signal<In, Bits<32>>,
    /// A read starts; never together with `write`.
    pub read: Signal<In, Bit>,
    /// Word address of the read, steady also in the cycle after `read`.
    pub read_address: Signal<In, Bits<14>>,
    /// High in the cycle after `read`.
    pub take: Signal<In, Bit>,
    /// The word read, while `take`.
    pub read_data: Signal<Out, Bits<32>>,

    /// CONTROL.RUN.
    pub run: Signal<Out, Bit>,
    /// Transfers of before the last fall of RUN are still on the buses.
    pub draining: Signal<In, Bit>,
    /// ADMIN_SQ_LO, ADMIN_SQ_HI, ADMIN_CQ_LO, ADMIN_CQ_HI, ADMIN_ENTRIES.
    pub admin: [Signal<Out, Bits<32>>; 5],
    /// A doorbell is written with `write_data`.
    pub doorbell: Signal<Out, Bit>,
    /// Bit 3: CQ_HEAD rather than SQ_TAIL; bits 0-2: the queue.
    pub doorbell_index: Signal<Out, Bits<4>>,

    /// Access boot RAM in this cycle.
    pub boot_access: Signal<Out, Bit>,
    /// The access writes `write_data`.
    pub boot_write: Signal<Out, Bit>,
    /// Word address of the access.
    pub boot_address: Signal<Out, Bits<14>>,
    /// The word read, in the cycle after.
    pub boot_data: Signal<In, Bits<32>>,

    /// What the firmware publishes: STATUS, FATAL_CODE, FATAL_ADDRESS, FIRMWARE_HASH_LO, FIRMWARE_HASH_HI, LOG_ADDRESS.
    pub published: [Signal<In, Bits<32>>; 6],
    /// Cycles since reset.
    pub cycle: Signal<In, Bits<64>>,
    /// CARD_BEATS.
    pub card_beats: Signal<In, Bits<32>>,
    /// CAPABILITIES.
    pub capabilities: Signal<In, Bits<32>>,
    /// CAPABILITIES2.
    pub capabilities2: Signal<In, Bits<32>>,

    run_now: Register<Bit>,
    scratch: Register<Bits<32>>,
    boot_at: Register<Bits<32>>,
    admin_now: [Register<Bits<32>>; 5],
    page: Signal<Local, Bits<4>>,
    boot_writing: Signal<Local, Bit>,
    at: Bar0Offsets,
    magic: Constant<Bits<32>>,
    abi_version: Constant<Bits<32>>,
    abi_hash_lo: Constant<Bits<32>>,
    abi_hash_hi: Constant<Bits<32>>,
}

impl Default for HostRegisters {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            write: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read: Default::default(),
            read_address: Default::default(),
            take: Default::default(),
            read_data: Default::default(),
            run: Default::default(),
            draining: Default::default(),
            admin: Default::default(),
            doorbell: Default::default(),
            doorbell_index: Default::default(),
            boot_access: Default::default(),
            boot_write: Default::default(),
            boot_address: Default::default(),
            boot_data: Default::default(),
            published: Default::default(),
            cycle: Default::default(),
            card_beats: Default::default(),
            capabilities: Default::default(),
            capabilities2: Default::default(),
            run_now: Default::default(),
            scratch: Default::default(),
            boot_at: Default::default(),
            admin_now: Default::default(),
            page: Default::default(),
            boot_writing: Default::default(),
            at: Default::default(),
            magic: Constant::new(Bits::from(u64::from(MAGIC))),
            abi_version: Constant::new(Bits::from(u64::from(ABI_VERSION))),
            abi_hash_lo: Constant::new(Bits::from(ABI_HASH & 0xffff_ffff)),
            abi_hash_hi: Constant::new(Bits::from(ABI_HASH >> 32)),
        }
    }
}

impl Logic for HostRegisters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, run_now, scratch, boot_at);
        for i in 0..5 {
            self.admin_now[i].clock.next = self.clock.val();
            self.admin_now[i].d.next = self.admin_now[i].q.val();
            self.admin[i].next = self.admin_now[i].q.val();
        }
        self.run.next = self.run_now.q.val();

        // Writes.
        self.boot_writing.next = self.write.val() & (self.write_address.val() == self.at.boot_data.val());
        self.page.next = self.write_address.val().get_bits::<4>(10);
        self.doorbell.next = self.write.val()
            & (self.page.val() >= 4)
            & (self.page.val() < 12)
            & (self.write_address.val().get_bits::<9>(1) == 0);
        // Pages 4 to 11 are queues 0 to 7.
        self.doorbell_index.next = (bit_cast::<4, 1>(self.write_address.val().get_bits::<1>(0)) << 3)
            | bit_cast::<4, 3>(self.page.val().get_bits::<3>(0) ^ 4);
        if self.write.val() {
            if self.write_address.val() == self.at.control.val() {
                self.run_now.d.next = self.write_data.val().get_bit(0);
            } else if self.write_address.val() == self.at.scratch.val() {
                self.scratch.d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.boot_address.val() {
                self.boot_at.d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.boot_data.val() {
                self.boot_at.d.next = self.boot_at.q.val() + 4;
            } else if self.write_address.val() == self.at.admin_sq_lo.val() {
                self.admin_now[0].d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.admin_sq_hi.val() {
                self.admin_now[1].d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.admin_cq_lo.val() {
                self.admin_now[2].d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.admin_cq_hi.val() {
                self.admin_now[3].d.next = self.write_data.val();
            } else if self.write_address.val() == self.at.admin_entries.val() {
                self.admin_now[4].d.next = self.write_data.val();
            }
        }
        self.boot_write.next = self.boot_writing.val();
        self.boot_access.next =
            self.boot_writing.val() | (self.read.val() & (self.read_address.val() == self.at.boot_data.val()));
        self.boot_address.next = self.boot_at.q.val().get_bits::<14>(2);

        // Reads.
        self.read_data.next = 0.into();
        if self.take.val() {
            if self.read_address.val() == self.at.magic.val() {
                self.read_data.next = self.magic.val();
            } else if self.read_address.val() == self.at.abi_version.val() {
                self.read_data.next = self.abi_version.val();
            } else if self.read_address.val() == self.at.abi_hash_lo.val() {
                self.read_data.next = self.abi_hash_lo.val();
            } else if self.read_address.val() == self.at.abi_hash_hi.val() {
                self.read_data.next = self.abi_hash_hi.val();
            } else if self.read_address.val() == self.at.control.val() {
                self.read_data.next = 0.into();
                if self.run_now.q.val() {
                    self.read_data.next = 1.into();
                }
                if self.draining.val() {
                    self.read_data.next = 2.into();
                    if self.run_now.q.val() {
                        self.read_data.next = 3.into();
                    }
                }
            } else if self.read_address.val() == self.at.status.val() {
                self.read_data.next = self.published[0].val();
            } else if self.read_address.val() == self.at.scratch.val() {
                self.read_data.next = self.scratch.q.val();
            } else if self.read_address.val() == self.at.capabilities.val() {
                self.read_data.next = self.capabilities.val();
            } else if self.read_address.val() == self.at.fatal_code.val() {
                self.read_data.next = self.published[1].val();
            } else if self.read_address.val() == self.at.fatal_address.val() {
                self.read_data.next = self.published[2].val();
            } else if self.read_address.val() == self.at.firmware_hash_lo.val() {
                self.read_data.next = self.published[3].val();
            } else if self.read_address.val() == self.at.firmware_hash_hi.val() {
                self.read_data.next = self.published[4].val();
            } else if self.read_address.val() == self.at.card_beats.val() {
                self.read_data.next = self.card_beats.val();
            } else if self.read_address.val() == self.at.log_address.val() {
                self.read_data.next = self.published[5].val();
            } else if self.read_address.val() == self.at.boot_address.val() {
                self.read_data.next = self.boot_at.q.val();
            } else if self.read_address.val() == self.at.boot_data.val() {
                self.read_data.next = self.boot_data.val();
            } else if self.read_address.val() == self.at.admin_sq_lo.val() {
                self.read_data.next = self.admin_now[0].q.val();
            } else if self.read_address.val() == self.at.admin_sq_hi.val() {
                self.read_data.next = self.admin_now[1].q.val();
            } else if self.read_address.val() == self.at.admin_cq_lo.val() {
                self.read_data.next = self.admin_now[2].q.val();
            } else if self.read_address.val() == self.at.admin_cq_hi.val() {
                self.read_data.next = self.admin_now[3].q.val();
            } else if self.read_address.val() == self.at.admin_entries.val() {
                self.read_data.next = self.admin_now[4].q.val();
            } else if self.read_address.val() == self.at.cycle_lo.val() {
                self.read_data.next = self.cycle.val().get_bits::<32>(0);
            } else if self.read_address.val() == self.at.cycle_hi.val() {
                self.read_data.next = self.cycle.val().get_bits::<32>(32);
            } else if self.read_address.val() == self.at.capabilities2.val() {
                self.read_data.next = self.capabilities2.val();
            }
        }

        if self.reset.val() {
            self.run_now.d.next = false;
            self.scratch.d.next = 0.into();
            self.boot_at.d.next = 0.into();
            for i in 0..5 {
                self.admin_now[i].d.next = 0.into();
            }
        }
    }
}
