//! The simulated card as a [`Transport`].

use std::time::{Duration, Instant};

use karat_abi::engine::ENGINES;
use karat_driver::{Contiguity, DmaMemory, Interrupt, Transport, TransportError};
use karat_ports::{Fault, PortCounters};
use parking_lot::{Mutex, MutexGuard};

use crate::host::HostMemory;
use crate::machine::{Machine, VECTORS};
use crate::{Error, Options};

/// Cycles between two looks at the clock on the wall, and at other threads.
const SLICE: u64 = 2_000;
/// Slices without a message after which the driver gets to look at the card.
const QUIET: u64 = 128;

/// The cycle-accurate card in this process. Its time passes only while a thread is inside a call.
pub struct SimTransport {
    name: String,
    machine: Mutex<Machine>,
    host_memory: HostMemory,
}

/// A port of the card, as seen from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CardPort {
    /// To host memory.
    Host,
    /// To card memory.
    Card,
}

/// What a simulation has done so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimCounters {
    /// Card cycles since the simulation began, the boot included.
    pub cycles: u64,
    /// The cycle in which each engine last became busy, by [`karat_abi::Engine`]; 0 for never.
    pub started: [u64; ENGINES],
    /// Time spent simulating them.
    pub wall: Duration,
    /// What went through the port to host memory.
    pub host: PortCounters,
    /// What went through the port to card memory.
    pub card: PortCounters,
}

impl SimTransport {
    /// Powers the card on. Its model and everything it takes are made on first use, see [`crate::model()`].
    pub fn open(options: &Options) -> Result<Self, Error> {
        let model = crate::model(&options.config, options.fst.is_some())?;
        let host_memory = HostMemory::new(options.piece_bytes);
        let machine = Machine::new(model.instance(options.seed), host_memory.clone(), options)?;
        Ok(Self { name: format!("sim:{}", options.config), machine: Mutex::new(machine), host_memory })
    }

    /// What the simulation has done so far.
    pub fn counters(&self) -> SimCounters {
        let machine = self.machine.lock();
        SimCounters {
            cycles: machine.cycles,
            started: machine.started,
            wall: machine.wall,
            host: machine.host.counters(),
            card: machine.card.counters(),
        }
    }

    /// Corrupts a word that will go through a port; beats are counted from this call.
    pub fn inject(&self, port: CardPort, fault: Fault) {
        let mut machine = self.machine.lock();
        match port {
            CardPort::Host => machine.host.inject(fault),
            CardPort::Card => machine.card.inject(fault),
        }
    }

    fn lost(&self, reason: String) -> TransportError {
        TransportError::Lost { name: self.name.clone(), reason }
    }
}

impl Transport for SimTransport {
    fn name(&self) -> &str {
        &self.name
    }

    fn read32(&self, offset: u32) -> u32 {
        let mut machine = self.machine.lock();
        if machine.failure().is_some() { u32::MAX } else { machine.read32(offset) }
    }

    fn write32(&self, offset: u32, value: u32) {
        self.machine.lock().write32(offset, value);
    }

    fn allocate(&self, bytes: usize, contiguity: Contiguity) -> Result<DmaMemory, TransportError> {
        Ok(self.host_memory.allocate(bytes, contiguity))
    }

    fn wait_interrupt(&self, vector: u32, timeout: Duration) -> Result<Interrupt, TransportError> {
        let vector = vector as usize;
        if vector >= VECTORS {
            return Err(self.lost(format!("it has no interrupt vector {vector}")));
        }
        let start = Instant::now();
        let mut machine = self.machine.lock();
        for _ in 0..QUIET {
            if machine.run_for_interrupt(vector, SLICE) {
                return Ok(Interrupt::Fired);
            }
            if let Some(reason) = machine.failure() {
                return Err(self.lost(reason));
            }
            if start.elapsed() >= timeout {
                break;
            }
            MutexGuard::bump(&mut machine);
        }
        Ok(Interrupt::TimedOut)
    }
}
