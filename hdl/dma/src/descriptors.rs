//! The register block of an engine that works on several descriptors at once.

use karat_abi::registers::engine as map;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::register::{EnabledRegister, Register};
use rust_hdl::prelude::*;

/// [`EngineRegisters`] whose active descriptor gives way to the pending one as soon as its commands are sent (`advance`), while
/// it counts as done only when its data have arrived (`complete`). Both happen in the order of the descriptors, at most 255
/// are between the two, and all of them count as busy.
#[derive(LogicBlock)]
pub struct Descriptors<const WORDS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Drops every descriptor and clears the counters.
    pub reset: Signal<In, Bit>,
    /// Register port.
    pub reg_write: Signal<In, Bit>,
    /// Register port.
    pub reg_addr: Signal<In, Bits<6>>,
    /// Register port.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// Register port.
    pub reg_rdata: Signal<Out, Bits<32>>,
    /// The active descriptor.
    pub words: [Signal<Out, Bits<32>>; WORDS],
    /// There is one.
    pub active: Signal<Out, Bit>,
    /// Last cycle of the active descriptor.
    pub advance: Signal<In, Bit>,
    /// The oldest descriptor that is not done is done; not before its `advance`.
    pub complete: Signal<In, Bit>,
    /// A descriptor is pending, active or not done.
    pub busy: Signal<Out, Bit>,
    /// The datapath waits for input in this cycle.
    pub starved: Signal<In, Bit>,
    /// The datapath waits for its output to be taken in this cycle.
    pub stalled: Signal<In, Bit>,
    /// A beat is moved in this cycle.
    pub work: Signal<In, Bit>,
    /// A bus answered with an error.
    pub bus_error: Signal<In, Bit>,
    registers: EngineRegisters<WORDS>,
    // `advance` in the cycle before: what decides it is far from the descriptors that then move on.
    advanced: Register<Bit>,
    flying: Register<Bits<8>>,
    completed: EnabledRegister<Bits<32>>,
    busy_cycles: EnabledRegister<Bits<64>>,
    starved_cycles: EnabledRegister<Bits<64>>,
    stalled_cycles: EnabledRegister<Bits<64>>,
    // What was read in the cycle before: a register of this block, or STATUS with this block busy.
    mine: Register<Bit>,
    rdata: Register<Bits<32>>,
    status_busy: Register<Bit>,
    working: Signal<Local, Bit>,
    status_at: Constant<Bits<6>>,
    done_at: Constant<Bits<6>>,
    busy_lo_at: Constant<Bits<6>>,
    busy_hi_at: Constant<Bits<6>>,
    starved_lo_at: Constant<Bits<6>>,
    starved_hi_at: Constant<Bits<6>>,
    stalled_lo_at: Constant<Bits<6>>,
    stalled_hi_at: Constant<Bits<6>>,
}

// `reg_rdata` below sets it there.
const _: () = assert!(karat_abi::engine::status::BUSY == 1);

impl<const WORDS: usize> Default for Descriptors<WORDS> {
    fn default() -> Self {
        let at = |offset: u32| Constant::new((u64::from(offset) / 4).to_bits());
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            reg_write: Signal::default(),
            reg_addr: Signal::default(),
            reg_wdata: Signal::default(),
            reg_rdata: Signal::default(),
            words: std::array::from_fn(|_| Signal::default()),
            active: Signal::default(),
            advance: Signal::default(),
            complete: Signal::default(),
            busy: Signal::default(),
            starved: Signal::default(),
            stalled: Signal::default(),
            work: Signal::default(),
            bus_error: Signal::default(),
            registers: EngineRegisters::default(),
            advanced: Register::default(),
            flying: Register::default(),
            completed: EnabledRegister::default(),
            busy_cycles: EnabledRegister::default(),
            starved_cycles: EnabledRegister::default(),
            stalled_cycles: EnabledRegister::default(),
            mine: Register::default(),
            rdata: Register::default(),
            status_busy: Register::default(),
            working: Signal::default(),
            status_at: at(map::STATUS),
            done_at: at(map::DONE),
            busy_lo_at: at(map::BUSY_LO),
            busy_hi_at: at(map::BUSY_HI),
            starved_lo_at: at(map::STARVED_LO),
            starved_hi_at: at(map::STARVED_HI),
            stalled_lo_at: at(map::STALLED_LO),
            stalled_hi_at: at(map::STALLED_HI),
        }
    }
}

impl<const WORDS: usize> Logic for Descriptors<WORDS> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, advanced, flying, mine, rdata, status_busy);
        clock!(self, clock, registers, completed, busy_cycles, starved_cycles, stalled_cycles);
        self.registers.reset.next = self.reset.val();
        self.registers.reg_write.next = self.reg_write.val();
        self.registers.reg_addr.next = self.reg_addr.val();
        self.registers.reg_wdata.next = self.reg_wdata.val();
        self.registers.bus_error.next = self.bus_error.val();
        self.advanced.d.next = self.advance.val();
        self.registers.done.next = self.advanced.q.val();
        self.registers.starved.next = false;
        self.registers.stalled.next = false;
        self.registers.filling.next = false;
        self.registers.work.next = 0.into();
        if self.work.val() {
            self.registers.work.next = 1.into();
        }
        self.active.next = self.registers.active.val() && !self.advanced.q.val();
        for i in 0..WORDS {
            self.words[i].next = self.registers.words[i].val();
        }

        self.working.next = self.registers.active.val() || (self.flying.q.val() != 0);
        self.busy.next = self.registers.busy.val() || (self.flying.q.val() != 0);
        if self.advance.val() && !self.complete.val() {
            self.flying.d.next = self.flying.q.val() + 1;
        }
        if self.complete.val() && !self.advance.val() {
            self.flying.d.next = self.flying.q.val() - 1;
        }
        self.completed.enable.next = self.complete.val() || self.reset.val();
        self.busy_cycles.enable.next = self.working.val() || self.reset.val();
        self.starved_cycles.enable.next = (self.working.val() && self.starved.val()) || self.reset.val();
        self.stalled_cycles.enable.next = (self.working.val() && self.stalled.val()) || self.reset.val();
        self.completed.d.next = self.completed.q.val() + 1;
        self.busy_cycles.d.next = self.busy_cycles.q.val() + 1;
        self.starved_cycles.d.next = self.starved_cycles.q.val() + 1;
        self.stalled_cycles.d.next = self.stalled_cycles.q.val() + 1;

        self.status_busy.d.next = (self.reg_addr.val() == self.status_at.val()) && (self.flying.q.val() != 0);
        self.mine.d.next = true;
        self.rdata.d.next = 0.into();
        if self.reg_addr.val() == self.done_at.val() {
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
        } else {
            self.mine.d.next = false;
        }
        self.reg_rdata.next = self.registers.reg_rdata.val();
        if self.status_busy.q.val() {
            self.reg_rdata.next = self.registers.reg_rdata.val() | 1;
        }
        if self.mine.q.val() {
            self.reg_rdata.next = self.rdata.q.val();
        }
        if self.reset.val() {
            self.advanced.d.next = false;
            self.flying.d.next = 0.into();
            self.completed.d.next = 0.into();
            self.busy_cycles.d.next = 0.into();
            self.starved_cycles.d.next = 0.into();
            self.stalled_cycles.d.next = 0.into();
        }
    }
}
