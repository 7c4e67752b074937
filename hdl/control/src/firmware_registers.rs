//! The control block as the firmware sees it.

use crate::Register;
use crate::offsets::offsets;
use crate::ram::DoorbellRam;
use karat_abi::registers::firmware;
use rust_hdl::prelude::*;

offsets! {
    /// Word offsets of the control block.
    ControlOffsets: control, 6 bits {
        doorbells = DOORBELLS,
        control = CONTROL,
        status = STATUS,
        fatal_code = FATAL_CODE,
        fatal_address = FATAL_ADDRESS,
        firmware_hash_lo = FIRMWARE_HASH_LO,
        firmware_hash_hi = FIRMWARE_HASH_HI,
        log_address = LOG_ADDRESS,
        cycle_lo = CYCLE_LO,
        cycle_hi = CYCLE_HI,
        interrupt = INTERRUPT,
        marker = MARKER,
        leds = LEDS,
        idle_lo = IDLE_LO,
        idle_hi = IDLE_HI,
        card_beats = CARD_BEATS,
        admin_sq_lo = ADMIN_SQ_LO,
        admin_sq_hi = ADMIN_SQ_HI,
        admin_cq_lo = ADMIN_CQ_LO,
        admin_cq_hi = ADMIN_CQ_HI,
        admin_entries = ADMIN_ENTRIES,
        capabilities = CAPABILITIES,
        capabilities2 = CAPABILITIES2,
    }
}

// Word 32 + q is SQ_TAIL of queue q, word 48 + q its CQ_HEAD: bit 5 says doorbell, bit 4 which, bits 0-2 the queue.
const _: () = assert!(firmware::SQ_TAIL == firmware::CONTROL + 0x80 && firmware::CQ_HEAD == firmware::CONTROL + 0xc0);

/// The registers that the firmware writes and reads. All are cleared while the processor is in reset; a word without a
/// register reads zero. Accesses are whole words. Reads are combinational and have no side effects.
#[derive(LogicBlock, Default)]
pub struct FirmwareRegisters {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The processor is in reset. Doorbells that ring meanwhile are lost.
    pub reset: Signal<In, Bit>,
    /// Write `write_data` in this cycle.
    pub write: Signal<In, Bit>,
    /// A read of this block is under way.
    pub read: Signal<In, Bit>,
    /// Word in the block.
    pub address: Signal<In, Bits<6>>,
    /// The word to write.
    pub write_data: Signal<In, Bits<32>>,
    /// The word read, while `read`.
    pub read_data: Signal<Out, Bits<32>>,

    /// The host writes a doorbell.
    pub doorbell: Signal<In, Bit>,
    /// Bit 3: CQ_HEAD rather than SQ_TAIL; bits 0-2: the queue.
    pub doorbell_index: Signal<In, Bits<4>>,
    /// What it writes.
    pub doorbell_data: Signal<In, Bits<32>>,
    /// Bit e: engine e is busy.
    pub engine_busy: Signal<In, Bits<8>>,
    /// Some bit of DOORBELLS is set.
    pub pending: Signal<Out, Bit>,
    /// ADMIN_SQ_LO, ADMIN_SQ_HI, ADMIN_CQ_LO, ADMIN_CQ_HI, ADMIN_ENTRIES.
    pub admin: [Signal<In, Bits<32>>; 5],
    /// STATUS, FATAL_CODE, FATAL_ADDRESS, FIRMWARE_HASH_LO, FIRMWARE_HASH_HI, LOG_ADDRESS.
    pub published: [Signal<Out, Bits<32>>; 6],
    /// Cycles since reset.
    pub cycle: Signal<In, Bits<64>>,
    /// Cycles without a busy engine.
    pub idle: Signal<In, Bits<64>>,
    /// CARD_BEATS.
    pub card_beats: Signal<In, Bits<32>>,
    /// CAPABILITIES.
    pub capabilities: Signal<In, Bits<32>>,
    /// CAPABILITIES2.
    pub capabilities2: Signal<In, Bits<32>>,
    /// MARKER.
    pub marker: Signal<Out, Bits<24>>,
    /// LEDS.
    pub leds: Signal<Out, Bits<4>>,
    /// Send an interrupt message; high one cycle a message.
    pub irq_valid: Signal<Out, Bit>,
    /// Its vector.
    pub irq_vector: Signal<Out, Bits<5>>,

    rung: Register<Bits<8>>,
    ringing: Signal<Local, Bits<8>>,
    kept: Signal<Local, Bits<8>>,
    lowest: Signal<Local, Bits<3>>,
    known: Register<Bits<16>>,
    doorbells: DoorbellRam,
    published_now: [Register<Bits<32>>; 6],
    marker_now: Register<Bits<24>>,
    leds_now: Register<Bits<4>>,
    irq_now: Register<Bit>,
    vector_now: Register<Bits<5>>,
    at: ControlOffsets,
}

impl Logic for FirmwareRegisters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, rung, known, marker_now, leds_now, irq_now, vector_now);
        for i in 0..6 {
            self.published_now[i].clock.next = self.clock.val();
            self.published_now[i].d.next = self.published_now[i].q.val();
            self.published[i].next = self.published_now[i].q.val();
        }
        self.marker.next = self.marker_now.q.val();
        self.leds.next = self.leds_now.q.val();
        self.irq_valid.next = self.irq_now.q.val();
        self.irq_vector.next = self.vector_now.q.val();
        self.pending.next = self.rung.q.val().any();

        // Writes.
        self.irq_now.d.next = false;
        self.kept.next = self.rung.q.val();
        if self.write.val() {
            if self.address.val() == self.at.doorbells.val() {
                self.kept.next = self.rung.q.val() & !self.write_data.val().get_bits::<8>(0);
            } else if self.address.val() == self.at.status.val() {
                self.published_now[0].d.next = self.write_data.val();
            } else if self.address.val() == self.at.fatal_code.val() {
                self.published_now[1].d.next = self.write_data.val();
            } else if self.address.val() == self.at.fatal_address.val() {
                self.published_now[2].d.next = self.write_data.val();
            } else if self.address.val() == self.at.firmware_hash_lo.val() {
                self.published_now[3].d.next = self.write_data.val();
            } else if self.address.val() == self.at.firmware_hash_hi.val() {
                self.published_now[4].d.next = self.write_data.val();
            } else if self.address.val() == self.at.log_address.val() {
                self.published_now[5].d.next = self.write_data.val();
            } else if self.address.val() == self.at.marker.val() {
                self.marker_now.d.next = self.write_data.val().get_bits::<24>(0);
            } else if self.address.val() == self.at.leds.val() {
                self.leds_now.d.next = self.write_data.val().get_bits::<4>(0);
            } else if self.address.val() == self.at.interrupt.val() {
                self.irq_now.d.next = true;
                self.vector_now.d.next = self.write_data.val().get_bits::<5>(0);
            }
        }

        // A doorbell that rings while its bit is being cleared stays: the firmware clears first and reads the value after.
        self.doorbells.clock.next = self.clock.val();
        self.doorbells.write.next = self.doorbell.val();
        self.doorbells.write_index.next = self.doorbell_index.val();
        self.doorbells.write_data.next = self.doorbell_data.val();
        self.doorbells.read_index.next = (bit_cast::<4, 1>(self.address.val().get_bits::<1>(4)) << 3)
            | bit_cast::<4, 3>(self.address.val().get_bits::<3>(0));
        self.ringing.next = 0.into();
        if self.doorbell.val() {
            self.ringing.next = bits::<8>(1) << self.doorbell_index.val().get_bits::<3>(0);
            self.known.d.next = self.known.q.val() | (bits::<16>(1) << self.doorbell_index.val());
        }
        self.rung.d.next = self.kept.val() | self.ringing.val();

        self.lowest.next = 0.into();
        if self.rung.q.val().get_bit(7) {
            self.lowest.next = 7.into();
        }
        if self.rung.q.val().get_bit(6) {
            self.lowest.next = 6.into();
        }
        if self.rung.q.val().get_bit(5) {
            self.lowest.next = 5.into();
        }
        if self.rung.q.val().get_bit(4) {
            self.lowest.next = 4.into();
        }
        if self.rung.q.val().get_bit(3) {
            self.lowest.next = 3.into();
        }
        if self.rung.q.val().get_bit(2) {
            self.lowest.next = 2.into();
        }
        if self.rung.q.val().get_bit(1) {
            self.lowest.next = 1.into();
        }
        if self.rung.q.val().get_bit(0) {
            self.lowest.next = 0.into();
        }

        // Reads.
        self.read_data.next = 0.into();
        if self.read.val() {
            if self.address.val().get_bit(5) {
                // RAM has no reset: a doorbell that has not rung since reset reads zero.
                if !self.address.val().get_bit(3) & self.known.q.val().get_bit(self.doorbells.read_index.val().index())
                {
                    self.read_data.next = self.doorbells.read_data.val();
                }
            } else if self.address.val() == self.at.doorbells.val() {
                self.read_data.next = bit_cast::<32, 8>(self.rung.q.val())
                    | (bit_cast::<32, 8>(self.engine_busy.val()) << 8)
                    | (bit_cast::<32, 3>(self.lowest.val()) << 16);
            } else if self.address.val() == self.at.control.val() {
                // Whoever reads this runs.
                self.read_data.next = 1.into();
            } else if self.address.val() == self.at.status.val() {
                self.read_data.next = self.published_now[0].q.val();
            } else if self.address.val() == self.at.fatal_code.val() {
                self.read_data.next = self.published_now[1].q.val();
            } else if self.address.val() == self.at.fatal_address.val() {
                self.read_data.next = self.published_now[2].q.val();
            } else if self.address.val() == self.at.firmware_hash_lo.val() {
                self.read_data.next = self.published_now[3].q.val();
            } else if self.address.val() == self.at.firmware_hash_hi.val() {
                self.read_data.next = self.published_now[4].q.val();
            } else if self.address.val() == self.at.log_address.val() {
                self.read_data.next = self.published_now[5].q.val();
            } else if self.address.val() == self.at.cycle_lo.val() {
                self.read_data.next = self.cycle.val().get_bits::<32>(0);
            } else if self.address.val() == self.at.cycle_hi.val() {
                self.read_data.next = self.cycle.val().get_bits::<32>(32);
            } else if self.address.val() == self.at.marker.val() {
                self.read_data.next = bit_cast::<32, 24>(self.marker_now.q.val());
            } else if self.address.val() == self.at.leds.val() {
                self.read_data.next = bit_cast::<32, 4>(self.leds_now.q.val());
            } else if self.address.val() == self.at.idle_lo.val() {
                self.read_data.next = self.idle.val().get_bits::<32>(0);
            } else if self.address.val() == self.at.idle_hi.val() {
                self.read_data.next = self.idle.val().get_bits::<32>(32);
            } else if self.address.val() == self.at.card_beats.val() {
                self.read_data.next = self.card_beats.val();
            } else if self.address.val() == self.at.admin_sq_lo.val() {
                self.read_data.next = self.admin[0].val();
            } else if self.address.val() == self.at.admin_sq_hi.val() {
                self.read_data.next = self.admin[1].val();
            } else if self.address.val() == self.at.admin_cq_lo.val() {
                self.read_data.next = self.admin[2].val();
            } else if self.address.val() == self.at.admin_cq_hi.val() {
                self.read_data.next = self.admin[3].val();
            } else if self.address.val() == self.at.admin_entries.val() {
                self.read_data.next = self.admin[4].val();
            } else if self.address.val() == self.at.capabilities.val() {
                self.read_data.next = self.capabilities.val();
            } else if self.address.val() == self.at.capabilities2.val() {
                self.read_data.next = self.capabilities2.val();
            }
        }

        if self.reset.val() {
            self.rung.d.next = 0.into();
            self.known.d.next = 0.into();
            for i in 0..6 {
                self.published_now[i].d.next = 0.into();
            }
            self.marker_now.d.next = 0.into();
            self.leds_now.d.next = 0.into();
            self.irq_now.d.next = false;
        }
    }
}
