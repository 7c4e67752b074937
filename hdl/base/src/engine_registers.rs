//! The register block that every engine shows to the firmware, `karat_abi::registers::engine`.

use std::array::from_fn;

use karat_abi::registers::engine as map;
use rust_hdl::prelude::*;

use crate::gate::ClockGate;
use crate::register::{EnabledRegister, Register};

/// Descriptor of `WORDS` words, staged, pending and active; status; counters; table registers.
///
/// A descriptor that is pushed becomes active when none is, or in the cycle after `done`. `start` is high in the first
/// cycle in which `words` are its words; they stay until the cycle of `done`, which the engine raises for one cycle
/// when the last write of the descriptor is acknowledged (not before the cycle of `start`).
#[derive(LogicBlock)]
pub struct EngineRegisters<const WORDS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Drops every descriptor and clears counters and the error bit.
    pub reset: Signal<In, Bit>,
    /// Writes `reg_wdata` to register `reg_addr`.
    pub reg_write: Signal<In, Bit>,
    /// Register, as index of its word.
    pub reg_addr: Signal<In, Bits<6>>,
    /// Value to write.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// The register whose index was at `reg_addr` a cycle ago, as it was then.
    pub reg_rdata: Signal<Out, Bits<32>>,

    /// The active descriptor.
    pub words: [Signal<Out, Bits<32>>; WORDS],
    /// First cycle of the active descriptor.
    pub start: Signal<Out, Bit>,
    /// A descriptor is active.
    pub active: Signal<Out, Bit>,
    /// A descriptor is active or pending.
    pub busy: Signal<Out, Bit>,
    /// Last cycle of the active descriptor.
    pub done: Signal<In, Bit>,
    /// The datapath waits for input in this cycle.
    pub starved: Signal<In, Bit>,
    /// The datapath waits for its output to be taken in this cycle.
    pub stalled: Signal<In, Bit>,
    /// Units of work done in this cycle.
    pub work: Signal<In, Bits<8>>,
    /// A bus answered with an error.
    pub bus_error: Signal<In, Bit>,

    /// TABLE_INDEX as written last.
    pub table_index: Signal<Out, Bits<32>>,
    /// TABLE_START as written last.
    pub table_start: Signal<Out, Bits<64>>,
    /// TABLE_RATIO as written last.
    pub table_ratio: Signal<Out, Bits<64>>,
    /// Entries to fill: what was written to TABLE_FILL.
    pub table_count: Signal<Out, Bits<32>>,
    /// High for the cycle in which a fill starts; the other table ports are valid.
    pub table_fill: Signal<Out, Bit>,
    /// A fill runs: high from the cycle after `table_fill` to the last write.
    pub filling: Signal<In, Bit>,

    staged: [EnabledRegister<Bits<32>>; WORDS],
    pending: [EnabledRegister<Bits<32>>; WORDS],
    current: [EnabledRegister<Bits<32>>; WORDS],
    is_pending: Register<Bit>,
    is_active: Register<Bit>,
    is_start: Register<Bit>,
    // Of the active descriptor: in simulation, an engine at rest sees nothing change.
    gate: ClockGate,
    running_clock: Signal<Local, Clock>,
    push: Signal<Local, Bit>,
    take: Signal<Local, Bit>,

    error: Register<Bit>,
    completed: Register<Bits<32>>,
    busy_cycles: Register<Bits<64>>,
    starved_cycles: Register<Bits<64>>,
    stalled_cycles: Register<Bits<64>>,
    work_units: Register<Bits<64>>,
    rdata: Register<Bits<32>>,

    index: EnabledRegister<Bits<32>>,
    start_lo: EnabledRegister<Bits<32>>,
    start_hi: EnabledRegister<Bits<32>>,
    ratio_lo: EnabledRegister<Bits<32>>,
    ratio_hi: EnabledRegister<Bits<32>>,
    fill_count: EnabledRegister<Bits<32>>,
    fill: Register<Bit>,

    // Word indices of the registers.
    push_at: Constant<Bits<6>>,
    status_at: Constant<Bits<6>>,
    done_at: Constant<Bits<6>>,
    busy_lo_at: Constant<Bits<6>>,
    busy_hi_at: Constant<Bits<6>>,
    starved_lo_at: Constant<Bits<6>>,
    starved_hi_at: Constant<Bits<6>>,
    stalled_lo_at: Constant<Bits<6>>,
    stalled_hi_at: Constant<Bits<6>>,
    work_lo_at: Constant<Bits<6>>,
    work_hi_at: Constant<Bits<6>>,
    index_at: Constant<Bits<6>>,
    start_lo_at: Constant<Bits<6>>,
    start_hi_at: Constant<Bits<6>>,
    ratio_lo_at: Constant<Bits<6>>,
    ratio_hi_at: Constant<Bits<6>>,
    fill_at: Constant<Bits<6>>,
}

// STATUS is put together below in this order.
const _: () = {
    use karat_abi::engine::status::{BUSY, ERROR, FILLING, FULL};
    assert!(BUSY == 1 && FULL == 2 && ERROR == 4 && FILLING == 8);
};

impl<const WORDS: usize> Default for EngineRegisters<WORDS> {
    fn default() -> Self {
        assert!(WORDS <= 32, "a descriptor has at most 32 words");
        let at = |offset: u32| Constant::new((u64::from(offset) / 4).to_bits());
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            reg_write: Signal::default(),
            reg_addr: Signal::default(),
            reg_wdata: Signal::default(),
            reg_rdata: Signal::default(),
            words: from_fn(|_| Signal::default()),
            start: Signal::default(),
            active: Signal::default(),
            busy: Signal::default(),
            done: Signal::default(),
            starved: Signal::default(),
            stalled: Signal::default(),
            work: Signal::default(),
            bus_error: Signal::default(),
            table_index: Signal::default(),
            table_start: Signal::default(),
            table_ratio: Signal::default(),
            table_count: Signal::default(),
            table_fill: Signal::default(),
            filling: Signal::default(),
            staged: from_fn(|_| EnabledRegister::default()),
            pending: from_fn(|_| EnabledRegister::default()),
            current: from_fn(|_| EnabledRegister::default()),
            is_pending: Register::default(),
            is_active: Register::default(),
            is_start: Register::default(),
            gate: ClockGate::default(),
            running_clock: Signal::default(),
            push: Signal::default(),
            take: Signal::default(),
            error: Register::default(),
            completed: Register::default(),
            busy_cycles: Register::default(),
            starved_cycles: Register::default(),
            stalled_cycles: Register::default(),
            work_units: Register::default(),
            rdata: Register::default(),
            index: EnabledRegister::default(),
            start_lo: EnabledRegister::default(),
            start_hi: EnabledRegister::default(),
            ratio_lo: EnabledRegister::default(),
            ratio_hi: EnabledRegister::default(),
            fill_count: EnabledRegister::default(),
            fill: Register::default(),
            push_at: at(map::PUSH),
            status_at: at(map::STATUS),
            done_at: at(map::DONE),
            busy_lo_at: at(map::BUSY_LO),
            busy_hi_at: at(map::BUSY_HI),
            starved_lo_at: at(map::STARVED_LO),
            starved_hi_at: at(map::STARVED_HI),
            stalled_lo_at: at(map::STALLED_LO),
            stalled_hi_at: at(map::STALLED_HI),
            work_lo_at: at(map::WORK_LO),
            work_hi_at: at(map::WORK_HI),
            index_at: at(map::TABLE_INDEX),
            start_lo_at: at(map::TABLE_START_LO),
            start_hi_at: at(map::TABLE_START_HI),
            ratio_lo_at: at(map::TABLE_RATIO_LO),
            ratio_hi_at: at(map::TABLE_RATIO_HI),
            fill_at: at(map::TABLE_FILL),
        }
    }
}

impl<const WORDS: usize> Logic for EngineRegisters<WORDS> {
    #[hdl_gen]
    fn update(&mut self) {
        self.gate.clock.next = self.clock.val();
        self.gate.enable.next = self.is_active.q.val() || self.is_pending.q.val() || self.reset.val();
        self.running_clock.next = self.gate.gated.val();
        dff_setup!(self, running_clock, is_start);
        dff_setup!(self, clock, is_pending, is_active, error, completed, rdata, fill);
        dff_setup!(self, clock, busy_cycles, starved_cycles, stalled_cycles, work_units);
        clock!(self, clock, index, start_lo, start_hi, ratio_lo, ratio_hi, fill_count);

        // Descriptors.
        self.push.next =
            self.reg_write.val() && (self.reg_addr.val() == self.push_at.val()) && !self.is_pending.q.val();
        self.take.next = self.is_pending.q.val() && (self.done.val() || !self.is_active.q.val());
        for i in 0..WORDS {
            self.staged[i].clock.next = self.clock.val();
            self.staged[i].enable.next = self.reg_write.val() && (self.reg_addr.val() == i.to_bits());
            self.staged[i].d.next = self.reg_wdata.val();
            self.pending[i].clock.next = self.clock.val();
            self.pending[i].enable.next = self.push.val();
            self.pending[i].d.next = self.staged[i].q.val();
            self.current[i].clock.next = self.running_clock.val();
            self.current[i].enable.next = self.take.val();
            self.current[i].d.next = self.pending[i].q.val();
            self.words[i].next = self.current[i].q.val();
        }
        if self.done.val() {
            self.is_active.d.next = false;
            self.completed.d.next = self.completed.q.val() + 1;
        }
        self.is_start.d.next = self.take.val();
        if self.take.val() {
            self.is_active.d.next = true;
            self.is_pending.d.next = false;
        }
        if self.push.val() {
            self.is_pending.d.next = true;
        }
        self.start.next = self.is_start.q.val();
        self.active.next = self.is_active.q.val();
        self.busy.next = self.is_active.q.val() || self.is_pending.q.val();

        // Counters.
        if self.is_active.q.val() {
            self.busy_cycles.d.next = self.busy_cycles.q.val() + 1;
            if self.starved.val() {
                self.starved_cycles.d.next = self.starved_cycles.q.val() + 1;
            }
            if self.stalled.val() {
                self.stalled_cycles.d.next = self.stalled_cycles.q.val() + 1;
            }
        }
        self.work_units.d.next = self.work_units.q.val() + bit_cast::<64, 8>(self.work.val());
        if self.bus_error.val() {
            self.error.d.next = true;
        }

        // Tables.
        self.index.d.next = self.reg_wdata.val();
        self.start_lo.d.next = self.reg_wdata.val();
        self.start_hi.d.next = self.reg_wdata.val();
        self.ratio_lo.d.next = self.reg_wdata.val();
        self.ratio_hi.d.next = self.reg_wdata.val();
        self.fill_count.d.next = self.reg_wdata.val();
        self.index.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.index_at.val());
        self.start_lo.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.start_lo_at.val());
        self.start_hi.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.start_hi_at.val());
        self.ratio_lo.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.ratio_lo_at.val());
        self.ratio_hi.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.ratio_hi_at.val());
        self.fill_count.enable.next = self.reg_write.val() && (self.reg_addr.val() == self.fill_at.val());
        self.fill.d.next = self.reg_write.val() && (self.reg_addr.val() == self.fill_at.val());
        self.table_index.next = self.index.q.val();
        self.table_start.next =
            (bit_cast::<64, 32>(self.start_hi.q.val()) << 32) | bit_cast::<64, 32>(self.start_lo.q.val());
        self.table_ratio.next =
            (bit_cast::<64, 32>(self.ratio_hi.q.val()) << 32) | bit_cast::<64, 32>(self.ratio_lo.q.val());
        self.table_count.next = self.fill_count.q.val();
        self.table_fill.next = self.fill.q.val();

        // Reads.
        self.rdata.d.next = 0.into();
        if self.reg_addr.val() == self.status_at.val() {
            self.rdata.d.next = bit_cast::<32, 1>(self.busy.val().into())
                | (bit_cast::<32, 1>(self.is_pending.q.val().into()) << 1)
                | (bit_cast::<32, 1>(self.error.q.val().into()) << 2)
                | (bit_cast::<32, 1>((self.filling.val() || self.fill.q.val()).into()) << 3);
        } else if self.reg_addr.val() == self.done_at.val() {
            self.rdata.d.next = self.completed.q.val();
        } else if self.reg_addr.val() == self.busy_lo_at.val() {
            self.rdata.d.next = self.busy_cycles.q.val().get_bits::<32>(0);
        } else if self.reg_addr.val() == self.busy_hi_at.val() {
            self.rdata.d.next = self.busy_cycles.q.val().get_bits::<32>(32);
        } else if self.reg_addr.val() == self.starved_lo_at.val() {
            self.rdata.d.next = self.starved_cycles.q.val().get_bits::<32>(0);
        } else if self.reg_addr.val() == self.starved_hi_at.val() {
            self.rdata.d.next = self.starved_cycles.q.val().get_bits::<32>(32);
        } else if self.reg_addr.val() == self.stalled_lo_at.val() {
            self.rdata.d.next = self.stalled_cycles.q.val().get_bits::<32>(0);
        } else if self.reg_addr.val() == self.stalled_hi_at.val() {
            self.rdata.d.next = self.stalled_cycles.q.val().get_bits::<32>(32);
        } else if self.reg_addr.val() == self.work_lo_at.val() {
            self.rdata.d.next = self.work_units.q.val().get_bits::<32>(0);
        } else if self.reg_addr.val() == self.work_hi_at.val() {
            self.rdata.d.next = self.work_units.q.val().get_bits::<32>(32);
        }
        self.reg_rdata.next = self.rdata.q.val();

        if self.reset.val() {
            self.is_pending.d.next = false;
            self.is_active.d.next = false;
            self.is_start.d.next = false;
            self.fill.d.next = false;
            self.error.d.next = false;
            self.completed.d.next = 0.into();
            self.busy_cycles.d.next = 0.into();
            self.starved_cycles.d.next = 0.into();
            self.stalled_cycles.d.next = 0.into();
            self.work_units.d.next = 0.into();
        }
    }
}
