//! The model as a [`Transport`].

use std::time::{Duration, Instant};

use karat_abi::registers::QUEUES;
use karat_driver::{Contiguity, DmaMemory, Interrupt, Transport, TransportError};
use karat_firmware::software::{self, Machine};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{ModelEngines, ModelOptions};
use crate::host::HostMemory;

/// Polls in which nothing moves after which the firmware is taken to wait for the host. More than it ever takes for looking through what it
/// has fetched; were it less, the card would only be looked at again a little later.
const QUIET: u32 = 256;
/// How long a card that waits for the host is left alone, as [`Transport::wait_interrupt`] wants it.
const LOOK: Duration = Duration::from_millis(250);

/// The card in software. It works only while a thread waits for it.
pub struct ModelTransport {
    machine: Mutex<Machine<ModelEngines>>,
    host: HostMemory,
    /// The host wrote a register.
    written: Condvar,
}

impl ModelTransport {
    /// Powers the card on.
    pub fn open(options: &ModelOptions) -> Self {
        let host = HostMemory::new(options.piece_bytes);
        let machine = Mutex::new(Machine::new(ModelEngines::new(options.card_beats, host.clone())));
        Self { machine, host, written: Condvar::new() }
    }

    /// The boot image: a header without a program, since what runs is the firmware's library.
    pub fn image() -> Vec<u8> {
        let name = concat!("karat-firmware ", env!("CARGO_PKG_VERSION"), ", as a library");
        let code: Vec<u32> = name
            .as_bytes()
            .chunks(4)
            .map(|part| part.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
            .collect();
        software::image(&code).into_iter().flat_map(u32::to_le_bytes).collect()
    }
}

impl Transport for ModelTransport {
    fn name(&self) -> &str {
        "model"
    }

    fn read32(&self, offset: u32) -> u32 {
        self.machine.lock().read32(offset)
    }

    fn write32(&self, offset: u32, value: u32) {
        self.machine.lock().write32(offset, value);
        self.written.notify_all();
    }

    fn allocate(&self, bytes: usize, contiguity: Contiguity) -> Result<DmaMemory, TransportError> {
        Ok(self.host.allocate(bytes, contiguity))
    }

    fn wait_interrupt(&self, vector: u32, timeout: Duration) -> Result<Interrupt, TransportError> {
        if vector >= QUEUES {
            let reason = format!("it has no interrupt vector {vector}");
            return Err(TransportError::Lost { name: self.name().into(), reason });
        }
        let start = Instant::now();
        let mut machine = self.machine.lock();
        let mut quiet = 0;
        while !machine.take_interrupt(vector) {
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(Interrupt::TimedOut);
            }
            quiet = if machine.step() { 0 } else { quiet + 1 };
            if quiet < QUIET {
                MutexGuard::bump(&mut machine);
            } else if self.written.wait_for(&mut machine, left.min(LOOK)).timed_out() {
                return Ok(Interrupt::TimedOut);
            } else {
                quiet = 0;
            }
        }
        Ok(Interrupt::Fired)
    }
}
