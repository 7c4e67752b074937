//! A card for tests of the driver: the firmware's own library on software engines, behind a [`Transport`] that fails on
//! demand. Its time passes only inside the transport's calls, as the simulator's does.
// Every test binary uses a part of it.
#![allow(dead_code)]

mod host;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use karat_abi::registers::{self, CONTROL_DRAINING, DOORBELL, DOORBELL_STRIDE, bar0, control, fatal, status};
use karat_abi::{Completion, Opcode, Submission};
use karat_driver::{Contiguity, Device, DmaMemory, Error, Interrupt, Session, Timeouts, Transport, TransportError};
use karat_firmware::Hardware;
use karat_firmware::software::{self, HostBus, Machine};
use karat_firmware::testing::{self, Limits, StrictEngines};
use parking_lot::{Mutex, MutexGuard};

pub use host::Host;

/// What a wait in a test may take when the card answers.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// What a wait in a test takes when the card does not answer.
pub const IMPATIENCE: Duration = Duration::from_millis(50);
/// For cards that answer: no test depends on how busy the host is.
pub const PATIENT: Timeouts = Timeouts { boot: PATIENCE, halt: PATIENCE, admin: PATIENCE };
/// Polls without a message after which the driver gets to look at the card.
const QUIET: u32 = 4_000;

/// Changes an entry on its way to the card: the queue and the entry.
type Tamper = Box<dyn FnMut(u32, &mut Submission) + Send>;

/// What is wrong with the card.
#[derive(Default)]
pub struct Faults {
    /// Register accesses until the card falls off the bus.
    pub lost_after: Option<u64>,
    /// The firmware does not run on.
    pub paused: bool,
    /// Registers that read as something else.
    pub registers: BTreeMap<u32, u32>,
    /// A word of boot RAM with bits that do not hold: byte address and bits.
    pub bad_boot_word: Option<(u32, u32)>,
    /// Reads of CONTROL after a reset that still show transfers.
    pub drains: u32,
    /// Changes entries on their way to the card.
    pub tamper: Option<Tamper>,
    /// Register accesses so far.
    pub accesses: u64,
}

/// The card and the tests' hand on it.
pub struct Mock {
    pub host: Host,
    machine: Mutex<Machine<StrictEngines<Host>>>,
    faults: Mutex<Faults>,
    rings: Mutex<BTreeMap<u32, Rings>>,
}

/// The rings of a queue, as the driver announced them.
#[derive(Clone, Copy)]
struct Rings {
    submissions: u64,
    completions: u64,
    entries: u32,
}

/// A boot image that the card accepts.
pub fn image() -> Vec<u8> {
    bytemuck::cast_slice(&software::image(&[0x13; 100])).to_vec()
}

/// Puts the checksum of an entry right.
pub fn sign(submission: &mut Submission) {
    let words: [u32; 16] = bytemuck::cast(*submission);
    submission.checksum = karat_abi::checksum(&words[..15]);
}

impl Mock {
    pub fn new() -> Arc<Self> {
        Self::with(1 << 20, Limits::default())
    }

    /// With host memory in pieces of so many bytes.
    pub fn with(piece_bytes: usize, limits: Limits) -> Arc<Self> {
        let host = Host::new(piece_bytes);
        let machine = Mutex::new(testing::machine(limits, host.clone()));
        Arc::new(Self { host, machine, faults: Mutex::default(), rings: Mutex::default() })
    }

    pub fn try_open(self: &Arc<Self>, timeouts: Timeouts) -> Result<Arc<Device>, Error> {
        Device::open_with(self.clone(), &image(), timeouts).map(Arc::new)
    }

    pub fn open(self: &Arc<Self>) -> Arc<Device> {
        self.try_open(PATIENT).expect("the card comes up")
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock()
    }

    /// Lets the firmware stop as its handler of panics does.
    pub fn panic(&self, text: &str, line: u32) {
        self.faults().paused = true;
        let mut machine = self.machine.lock();
        let card = machine.card_mut();
        card.log(text.as_bytes());
        card.set_control(control::FATAL_CODE, fatal::PANIC);
        card.set_control(control::FATAL_ADDRESS, line);
        card.set_control(control::STATUS, status::FATAL);
    }

    /// Writes a completion of the card's into a place of a ring.
    pub fn complete(&self, queue: u32, place: u64, completion: Completion) {
        let ring = self.rings.lock()[&queue].completions;
        let mut host = self.host.clone();
        // The word with the phase last.
        for (i, word) in bytemuck::cast::<_, [u64; 2]>(completion).into_iter().enumerate() {
            assert!(host.write(ring + 16 * place + 8 * i as u64, word));
        }
    }

    /// Beats of card memory, as the engines left it.
    pub fn card_memory(&self, first: u32, beats: u32) -> Vec<[u64; 8]> {
        self.machine.lock().engines().memory[first as usize..][..beats as usize].to_vec()
    }

    /// Lets time pass.
    pub fn run(&self, steps: u32) {
        let mut machine = self.machine.lock();
        for _ in 0..steps {
            machine.step();
        }
    }

    /// Counts an access; false if the card is gone.
    fn access(&self) -> bool {
        let mut faults = self.faults.lock();
        faults.accesses += 1;
        match &mut faults.lost_after {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    /// The entry behind which a doorbell was rung, tampered with.
    fn intercept(&self, queue: u32, tail: u32) {
        let ring = match queue {
            0 => {
                let mut machine = self.machine.lock();
                let [low, high, entries] = [bar0::ADMIN_SQ_LO, bar0::ADMIN_SQ_HI, bar0::ADMIN_ENTRIES]
                    .map(|register| machine.read32(register));
                Some((u64::from(low) | u64::from(high) << 32, entries))
            }
            _ => self.rings.lock().get(&queue).map(|rings| (rings.submissions, rings.entries)),
        };
        let Some((ring, entries)) = ring.filter(|(_, entries)| tail < *entries) else { return };
        let mut host = self.host.clone();
        let address = ring + u64::from((tail + entries - 1) % entries) * 64;
        let words: [u64; 8] = std::array::from_fn(|i| host.read(address + 8 * i as u64).expect("rings are pinned"));
        let mut entry: Submission = bytemuck::cast(words);
        if queue == 0 && entry.opcode == Opcode::CreateQueue as u8 {
            let rings = Rings { submissions: entry.host, completions: entry.list, entries: entry.rows };
            self.rings.lock().insert(entry.param, rings);
        }
        if queue == 0 && entry.opcode == Opcode::DeleteQueue as u8 {
            self.rings.lock().remove(&entry.param);
        }
        if let Some(tamper) = &mut self.faults.lock().tamper {
            tamper(queue, &mut entry);
        }
        for (i, word) in bytemuck::cast::<_, [u64; 8]>(entry).into_iter().enumerate() {
            host.write(address + 8 * i as u64, word);
        }
    }
}

impl Transport for Mock {
    fn name(&self) -> &str {
        "mock"
    }

    fn read32(&self, offset: u32) -> u32 {
        if !self.access() {
            return u32::MAX;
        }
        let mut faults = self.faults.lock();
        let mut machine = self.machine.lock();
        if !faults.paused {
            machine.step();
        }
        let mut value = machine.read32(offset);
        match offset {
            bar0::CONTROL if value & registers::CONTROL_RUN == 0 && faults.drains > 0 => {
                faults.drains -= 1;
                value |= CONTROL_DRAINING;
            }
            bar0::BOOT_DATA => {
                let address = machine.read32(bar0::BOOT_ADDRESS);
                value ^= faults.bad_boot_word.map_or(0, |(bad, bits)| if bad == address { bits } else { 0 });
            }
            _ => value = faults.registers.get(&offset).copied().unwrap_or(value),
        }
        value
    }

    fn write32(&self, offset: u32, value: u32) {
        if !self.access() {
            return;
        }
        // A doorbell of zero may also say that a queue begins: there is no entry behind it then, but none is harmed either.
        if let Some(page) = offset.checked_sub(DOORBELL).filter(|page| page & 7 == 0) {
            self.intercept(page / DOORBELL_STRIDE, value);
        }
        if offset == bar0::CONTROL && value == 0 {
            self.rings.lock().clear();
        }
        self.machine.lock().write32(offset, value);
    }

    fn allocate(&self, bytes: usize, contiguity: Contiguity) -> Result<DmaMemory, TransportError> {
        Ok(self.host.allocate(bytes, contiguity))
    }

    fn wait_interrupt(&self, vector: u32, timeout: Duration) -> Result<Interrupt, TransportError> {
        let start = Instant::now();
        for _ in 0..QUIET {
            let faults = self.faults.lock();
            if faults.paused || faults.lost_after == Some(0) {
                return Ok(Interrupt::TimedOut);
            }
            drop(faults);
            let mut machine = self.machine.lock();
            machine.step();
            if machine.take_interrupt(vector) {
                return Ok(Interrupt::Fired);
            }
            if start.elapsed() >= timeout {
                break;
            }
        }
        Ok(Interrupt::TimedOut)
    }
}

/// A card, its device, and a session with all but its last 64 beats.
pub fn session() -> (Arc<Mock>, Arc<Device>, Session) {
    session_on(Mock::new())
}

/// The same with a driver that waits for less.
pub fn session_with(timeouts: Timeouts) -> (Arc<Mock>, Arc<Device>, Session) {
    let mock = Mock::new();
    let device = mock.try_open(timeouts).expect("the card comes up");
    let session = device.session(0, device.info().card_beats - 64).expect("memory is free");
    (mock, device, session)
}

/// The same on a certain card.
pub fn session_on(mock: Arc<Mock>) -> (Arc<Mock>, Arc<Device>, Session) {
    let device = mock.open();
    let session = device.session(0, device.info().card_beats - 64).expect("memory is free");
    (mock, device, session)
}
