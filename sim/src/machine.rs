//! The simulated card with what stands around it, stepped cycle by cycle.

use std::time::{Duration, Instant};

use karat_abi::engine::ENGINES;
use karat_abi::registers::{DOORBELL, DOORBELL_STRIDE};
use karat_ports::{LiteMaster, Memory, Slave, Sparse};
use karat_verilator::{Instance, Port};

use crate::host::HostMemory;
use crate::timeline::Timeline;
use crate::{Error, Options};

/// Interrupt vectors that the card can send.
pub(crate) const VECTORS: usize = 32;
/// Cycles a register access may take before the card counts as gone.
const ACCESS_LIMIT: u64 = 100_000;

pub(crate) struct Machine {
    instance: Instance,
    clock: Port,
    irq_valid: Port,
    irq_vector: Port,
    activity: Port,
    marker: Port,
    lite: LiteMaster,
    pub host: Slave,
    pub card: Slave,
    host_memory: HostMemory,
    pub card_memory: Sparse,
    /// Messages that arrived and were not waited for yet.
    pub pending: [bool; VECTORS],
    pub timeline: Option<Timeline>,
    pub cycles: u64,
    /// The engines that are busy, a bit an engine, and the cycle in which each became so last.
    busy: u64,
    pub started: [u64; ENGINES],
    /// Time spent stepping.
    pub wall: Duration,
}

impl Machine {
    pub fn new(mut instance: Instance, host_memory: HostMemory, options: &Options) -> Result<Self, Error> {
        if let Some(path) = &options.fst {
            instance.open_fst(path)?;
        }
        let seed = options.seed;
        let mut machine = Self {
            clock: instance.port("clock")?,
            irq_valid: instance.port("irq_valid")?,
            irq_vector: instance.port("irq_vector")?,
            activity: instance.port("activity")?,
            marker: instance.port("marker")?,
            lite: LiteMaster::new(&mut instance, "s_axil")?,
            host: Slave::new(&instance, "host_axi", options.host.clone(), seed ^ 0x686f_7374)?,
            card: Slave::new(&instance, "card_axi", options.card.clone(), seed ^ 0x6361_7264)?,
            host_memory,
            card_memory: Sparse::new(options.card_beats, seed),
            pending: [false; VECTORS],
            timeline: options.timeline.as_deref().map(Timeline::new).transpose()?,
            cycles: 0,
            busy: 0,
            started: [0; ENGINES],
            wall: Duration::ZERO,
            instance,
        };
        let card_beats = machine.instance.port("card_beats")?;
        machine.instance.set(card_beats, options.card_beats);
        let reset = machine.instance.port("reset")?;
        machine.instance.set(reset, 1);
        machine.host.reset(&mut machine.instance);
        machine.card.reset(&mut machine.instance);
        for _ in 0..32 {
            machine.instance.cycle();
        }
        machine.instance.set(reset, 0);
        Ok(machine)
    }

    /// One cycle. Inputs change after the rising edge only; outputs are looked at just before it.
    fn step(&mut self) {
        self.lite.drive(&mut self.instance);
        self.host.drive(&mut self.instance, &mut self.host_memory as &mut dyn Memory);
        self.card.drive(&mut self.instance, &mut self.card_memory);
        self.instance.set(self.clock, 0);
        self.instance.eval();
        self.lite.sample(&self.instance);
        self.host.sample(&self.instance, &mut self.host_memory);
        self.card.sample(&self.instance, &mut self.card_memory);
        if self.instance.get(self.irq_valid) == 1 {
            self.pending[self.instance.get(self.irq_vector) as usize % VECTORS] = true;
        }
        let busy = self.instance.get(self.activity);
        if busy != self.busy {
            for (engine, started) in self.started.iter_mut().enumerate() {
                if (busy & !self.busy) >> engine & 1 == 1 {
                    *started = self.cycles;
                }
            }
            self.busy = busy;
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.sample(self.cycles, busy, self.instance.get(self.marker));
        }
        self.instance.set(self.clock, 1);
        self.instance.eval();
        self.cycles += 1;
    }

    /// Steps until `done` says so, at most `limit` cycles; whether it did.
    fn run(&mut self, limit: u64, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let start = Instant::now();
        let mut found = false;
        for _ in 0..limit {
            self.step();
            found = done(self);
            if found {
                break;
            }
        }
        self.wall += start.elapsed();
        found
    }

    /// Takes the message of a vector if it has arrived, or steps at most `limit` cycles for it.
    pub fn run_for_interrupt(&mut self, vector: usize, limit: u64) -> bool {
        let fired = self.pending[vector] || self.run(limit, |machine| machine.pending[vector]);
        self.pending[vector] &= !fired;
        fired
    }

    pub fn read32(&mut self, offset: u32) -> u32 {
        self.lite.read(&mut self.instance, offset);
        self.finish_access()
    }

    pub fn write32(&mut self, offset: u32, value: u32) {
        let submission = offset >= DOORBELL && (offset - DOORBELL).is_multiple_of(DOORBELL_STRIDE);
        if let Some(timeline) = self.timeline.as_mut().filter(|_| submission) {
            timeline.doorbell(self.cycles);
        }
        self.lite.write(&mut self.instance, offset, value);
        self.finish_access();
    }

    fn finish_access(&mut self) -> u32 {
        let mut value = None;
        self.run(ACCESS_LIMIT, |machine| {
            value = machine.lite.finish();
            value.is_some()
        });
        value.unwrap_or_else(|| {
            self.lite.abandon();
            u32::MAX
        })
    }

    /// Why the simulation can't be trusted any more, if so: the design stopped or broke a protocol.
    pub fn failure(&self) -> Option<String> {
        if let Err(error) = self.instance.check() {
            return Some(error.to_string());
        }
        let mut violations = self.host.violations().iter().chain(self.card.violations());
        violations.next().map(|first| format!("the card broke the AXI protocol: {first}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut timeline) = self.timeline.take()
            && let Err(error) = timeline.write(self.cycles)
        {
            tracing::error!("the timeline could not be written: {error}");
        }
    }
}
