//! Descriptors that are queued when other engines have come to rest.

use std::array::from_fn;

use crate::Register;
use karat_abi::registers::engine as map;
use rust_hdl::prelude::*;

/// Stands between the data bus and the register ports of the engines: what the processor writes passes through. What it writes to ARM is
/// kept, and becomes a write to PUSH when none of those engines is busy, in a cycle in which the processor has no engine's register at
/// hand.
#[derive(LogicBlock)]
pub struct Arms {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// The processor writes a register of engine e.
    pub bus_write: Signal<In, Bits<8>>,
    /// Word in the engine's block.
    pub bus_addr: Signal<In, Bits<6>>,
    /// Low bits of the word to write.
    pub bus_data: Signal<In, Bits<8>>,
    /// The processor is at a register of an engine.
    pub bus_access: Signal<In, Bit>,
    /// Activity of the engines.
    pub engine_busy: Signal<In, Bits<8>>,
    /// Writes a register of engine e.
    pub reg_write: Signal<Out, Bits<8>>,
    /// Word in the engine's block.
    pub reg_addr: Signal<Out, Bits<6>>,
    // Engines that each waits for; none if it is not armed.
    masks: [Register<Bits<8>>; 8],
    // Engines whose descriptors are to be queued.
    due: Register<Bits<8>>,
    come: Signal<Local, Bits<8>>,
    lowest: Signal<Local, Bits<8>>,
    fire: Signal<Local, Bit>,
    arming: Signal<Local, Bit>,
    bit: [Constant<Bits<8>>; 8],
    arm_at: Constant<Bits<6>>,
    push_at: Constant<Bits<6>>,
}

impl Default for Arms {
    fn default() -> Self {
        let at = |offset: u32| Constant::new((u64::from(offset) / 4).to_bits());
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            bus_write: Signal::default(),
            bus_addr: Signal::default(),
            bus_data: Signal::default(),
            bus_access: Signal::default(),
            engine_busy: Signal::default(),
            reg_write: Signal::default(),
            reg_addr: Signal::default(),
            masks: from_fn(|_| Register::default()),
            due: Register::default(),
            come: Signal::default(),
            lowest: Signal::default(),
            fire: Signal::default(),
            arming: Signal::default(),
            bit: from_fn(|i| Constant::new((1_u64 << i).to_bits())),
            arm_at: at(map::ARM),
            push_at: at(map::PUSH),
        }
    }
}

impl Logic for Arms {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, due);
        self.lowest.next = self.due.q.val() & (!self.due.q.val() + 1);
        self.fire.next = (self.due.q.val() != 0) && !self.bus_access.val();
        self.reg_write.next = self.bus_write.val();
        self.reg_addr.next = self.bus_addr.val();
        if self.fire.val() {
            self.reg_write.next = self.lowest.val();
            self.reg_addr.next = self.push_at.val();
        }

        self.arming.next = self.bus_addr.val() == self.arm_at.val();
        self.come.next = 0.into();
        for i in 0..8 {
            self.masks[i].clock.next = self.clock.val();
            self.masks[i].d.next = self.masks[i].q.val();
            if (self.masks[i].q.val() & self.engine_busy.val()) == 0 {
                self.masks[i].d.next = 0.into();
            }
            if self.arming.val() && self.bus_write.val().get_bit(i) {
                self.masks[i].d.next = self.bus_data.val();
            }
            if (self.masks[i].q.val() != 0)
                && (((self.masks[i].q.val() & self.engine_busy.val()) == 0)
                    || (self.arming.val() && self.bus_write.val().get_bit(i)))
            {
                self.come.next = self.come.val() | self.bit[i].val();
            }
            if self.reset.val() {
                self.masks[i].d.next = 0.into();
            }
        }
        self.due.d.next = self.due.q.val() | self.come.val();
        if self.fire.val() {
            self.due.d.next = (self.due.q.val() & !self.lowest.val()) | self.come.val();
        }
        if self.reset.val() {
            self.due.d.next = 0.into();
        }
    }
}
