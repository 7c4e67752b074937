//! A transport that is lost, goes silent, or lets somebody interfere, at a chosen moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use karat::Card;
use karat_abi::registers::DOORBELL;
use karat_driver::{Contiguity, Device, DmaMemory, Interrupt, Timeouts, Transport, TransportError};
use karat_sim::model::{ModelOptions, ModelTransport};
use karat_sim::{Options, SimTransport};

use crate::TIMEOUT;

/// The first vector of a queue that a session has for its own.
const FIRST_OF_SESSIONS: u32 = 2;

/// Another transport, watched.
pub struct Watched {
    below: Arc<dyn Transport>,
    /// Accesses of registers and waits so far, after how many the card is gone, and after how many it hears nothing.
    accesses: AtomicU64,
    lost_at: AtomicU64,
    deaf_at: AtomicU64,
    /// Waits for a session's commands so far, and the one that waits for an administrative command first.
    waits: AtomicU64,
    held_at: AtomicU64,
    /// Held, and administrative commands submitted.
    gate: Mutex<(bool, u64)>,
    moved: Condvar,
}

impl Watched {
    /// A model with so much card memory.
    pub fn model(card_beats: u32) -> (Card, Arc<Self>) {
        Self::model_with(card_beats, Timeouts::default())
    }

    /// The same with a driver that waits for so long.
    pub fn model_with(card_beats: u32, timeouts: Timeouts) -> (Card, Arc<Self>) {
        let options = ModelOptions { card_beats, ..ModelOptions::default() };
        Self::open(Arc::new(ModelTransport::open(&options)), &ModelTransport::image(), timeouts)
    }

    /// A cycle-accurate card.
    pub fn simulation() -> (Card, Arc<Self>) {
        let image = karat_sim::firmware::image(karat_sim::firmware::Build::Normal).expect("the firmware compiles");
        let below = SimTransport::open(&Options::new("tiny")).expect("the model builds");
        Self::open(Arc::new(below), &image, Timeouts::default())
    }

    fn open(below: Arc<dyn Transport>, image: &[u8], timeouts: Timeouts) -> (Card, Arc<Self>) {
        let watched = Arc::new(Self {
            below,
            accesses: AtomicU64::new(0),
            lost_at: AtomicU64::new(u64::MAX),
            deaf_at: AtomicU64::new(u64::MAX),
            waits: AtomicU64::new(0),
            held_at: AtomicU64::new(u64::MAX),
            gate: Mutex::default(),
            moved: Condvar::new(),
        });
        let transport = Arc::clone(&watched) as Arc<dyn Transport>;
        let device = Device::open_with(transport, image, timeouts).expect("the card boots");
        (Card::new(Arc::new(device), image), watched)
    }

    /// Accesses so far.
    pub fn accesses(&self) -> u64 {
        self.accesses.load(Ordering::SeqCst)
    }

    /// Waits for sessions' commands so far.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::SeqCst)
    }

    /// So many accesses from now on the card is gone: it reads as all ones and does nothing.
    pub fn lose_after(&self, accesses: u64) {
        self.lost_at.store(self.accesses() + accesses, Ordering::SeqCst);
    }

    /// So many accesses from now on the card hears nothing any more, though its registers read as before.
    pub fn deafen_after(&self, accesses: u64) {
        self.deaf_at.store(self.accesses() + accesses, Ordering::SeqCst);
    }

    /// So many waits for a session's commands from now on, the next one is held until an administrative command is submitted.
    pub fn hold_after(&self, waits: u64) {
        self.gate.lock().expect("nobody panicked").0 = false;
        self.held_at.store(self.waits() + waits, Ordering::SeqCst);
    }

    /// Waits until a wait is held.
    pub fn held(&self) {
        let gate = self.gate.lock().expect("nobody panicked");
        let (_gate, late) = self.moved.wait_timeout_while(gate, TIMEOUT, |gate| !gate.0).expect("nobody panicked");
        assert!(!late.timed_out(), "nothing waits for the card");
    }

    fn hold(&self) {
        let mut gate = self.gate.lock().expect("nobody panicked");
        let before = gate.1;
        gate.0 = true;
        self.moved.notify_all();
        let (_gate, late) =
            self.moved.wait_timeout_while(gate, TIMEOUT, |gate| gate.1 == before).expect("nobody panicked");
        assert!(!late.timed_out(), "nobody interferes");
    }

    fn is_deaf(&self) -> bool {
        self.accesses() > self.deaf_at.load(Ordering::SeqCst)
    }

    fn is_lost(&self) -> bool {
        self.accesses.fetch_add(1, Ordering::SeqCst) >= self.lost_at.load(Ordering::SeqCst)
    }
}

impl Transport for Watched {
    fn name(&self) -> &str {
        self.below.name()
    }

    fn read32(&self, offset: u32) -> u32 {
        if self.is_lost() { u32::MAX } else { self.below.read32(offset) }
    }

    fn write32(&self, offset: u32, value: u32) {
        if self.is_lost() || self.is_deaf() {
            return;
        }
        self.below.write32(offset, value);
        if offset == DOORBELL {
            self.gate.lock().expect("nobody panicked").1 += 1;
            self.moved.notify_all();
        }
    }

    fn allocate(&self, bytes: usize, contiguity: Contiguity) -> Result<DmaMemory, TransportError> {
        self.below.allocate(bytes, contiguity)
    }

    fn wait_interrupt(&self, vector: u32, timeout: Duration) -> Result<Interrupt, TransportError> {
        if self.is_lost() {
            return Ok(Interrupt::TimedOut);
        }
        if self.is_deaf() {
            thread::yield_now();
            return Ok(Interrupt::TimedOut);
        }
        if vector >= FIRST_OF_SESSIONS
            && self.waits.fetch_add(1, Ordering::SeqCst) == self.held_at.load(Ordering::SeqCst)
        {
            self.hold();
        }
        self.below.wait_interrupt(vector, timeout)
    }
}
