//! A card from power-on to its last queue: boot, handshake, administration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use karat_abi::command::Counters;
use karat_abi::registers::{self, bar0, firmware, status};
use karat_abi::{ABI_HASH, ABI_VERSION, Completion, Opcode, Submission, image::log};
use parking_lot::Mutex;

use crate::buffer::contiguous;
use crate::{Error, Queue, Session, Transport, image};

/// Entries of the admin rings and of the queue that a device starts with.
const ENTRIES: usize = 64;
/// How long the firmware may take to come up.
const BOOT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long transfers under way at a reset may take to end.
const HALT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an administrative command may take.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(20);

/// What a card can do, from its registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Info {
    /// Lanes of the transform engine.
    pub ntt_lanes: u32,
    /// Multipliers of the hash engine.
    pub hash_multipliers: u32,
    /// log2 of the transform buffer in beats.
    pub log_buffer: u32,
    /// log2 of the rows that the hash engine has in flight.
    pub log_hash_batch: u32,
    /// Beats of half the layout buffer.
    pub layout_beats: u32,
    /// Channels of card memory.
    pub memory_channels: u32,
    /// Size of card memory in beats of 64 bytes.
    pub card_beats: u32,
}

/// A running card.
pub struct Device {
    pub(crate) transport: Arc<dyn Transport>,
    admin: Queue,
    queue: Queue,
    info: Info,
    /// Queue numbers in use.
    queues: Mutex<u32>,
}

impl Device {
    /// Boots a card with a firmware image and opens a first queue.
    pub fn open(transport: Arc<dyn Transport>, boot_image: &[u8]) -> Result<Self, Error> {
        let header = image::check(boot_image)?;
        handshake(&*transport, "boot image", header.abi_version, header.abi_hash)?;
        check_hardware(&*transport)?;
        load(&*transport, boot_image)?;
        let admin = Queue::new(transport.clone(), 0, ENTRIES)?;
        let (sq, cq) = admin.rings();
        for (register, value) in [
            (bar0::ADMIN_SQ_LO, sq as u32),
            (bar0::ADMIN_SQ_HI, (sq >> 32) as u32),
            (bar0::ADMIN_CQ_LO, cq as u32),
            (bar0::ADMIN_CQ_HI, (cq >> 32) as u32),
            (bar0::ADMIN_ENTRIES, ENTRIES as u32),
            (bar0::CONTROL, registers::CONTROL_RUN),
        ] {
            transport.write32(register, value);
        }
        wait_ready(&*transport)?;
        let hash = read64(&*transport, bar0::FIRMWARE_HASH_LO);
        handshake(&*transport, "running firmware", header.abi_version, hash)?;
        let info = read_info(&*transport);
        let queue = Queue::new(transport.clone(), 1, ENTRIES)?;
        let device = Self { transport, admin, queue, info, queues: Mutex::new(0b11) };
        device.create(&device.queue)?;
        Ok(device)
    }

    /// What the card can do.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The transport it is reached through.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// The queue that the device started with.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Commands submitted on the admin queue and the first queue.
    pub fn commands(&self) -> u64 {
        self.admin.commands() + self.queue.commands()
    }

    /// Another queue pair of `entries` entries, a power of two from 2 to 1024.
    pub fn create_queue(&self, entries: usize) -> Result<Queue, Error> {
        let mut queues = self.queues.lock();
        let number = queues.trailing_ones();
        if number >= registers::QUEUES {
            return Err(Error::Exhausted { what: "queue", limit: registers::QUEUES });
        }
        let queue = Queue::new(self.transport.clone(), number, entries)?;
        self.create(&queue)?;
        *queues |= 1 << number;
        Ok(queue)
    }

    /// Ends a queue. Its outstanding commands complete as aborted.
    pub fn delete_queue(&self, queue: &Queue) -> Result<(), Error> {
        let submission = Submission { param: queue.number(), ..Default::default() };
        self.admin(Opcode::DeleteQueue, submission, ())?;
        *self.queues.lock() &= !(1 << queue.number());
        Ok(())
    }

    fn create(&self, queue: &Queue) -> Result<(), Error> {
        let (host, list) = queue.rings();
        let rows = queue.entries() as u32;
        let submission = Submission { param: queue.number(), rows, host, list, ..Default::default() };
        self.admin(Opcode::CreateQueue, submission, ()).map(|_| ())
    }

    /// A session that owns beats `first .. first + beats` of card memory, both multiples of 64.
    pub fn session(self: &Arc<Self>, first: u32, beats: u32) -> Result<Session, Error> {
        let submission = Submission { card: first, rows: beats, ..Default::default() };
        let (completion, ()) = self.admin(Opcode::CreateSession, submission, ())?;
        Ok(Session::new(self.clone(), completion.result as u16, first, beats))
    }

    pub(crate) fn end_session(&self, number: u16) -> Result<(), Error> {
        let submission = Submission { param: number.into(), ..Default::default() };
        self.admin(Opcode::DeleteSession, submission, ()).map(|_| ())
    }

    /// Loads the round constants of Poseidon2, in the order of `karat_abi::engine::hash::CONSTANTS`.
    pub fn load_constants(&self, constants: &[u64]) -> Result<(), Error> {
        let expected = u64::from(karat_abi::engine::hash::CONSTANTS);
        if constants.len() as u64 != expected {
            return Err(Error::Length { what: "round constants", given: constants.len() as u64, expected });
        }
        let list = contiguous(&*self.transport, bytemuck::cast_slice(constants))?;
        let submission = Submission {
            list: list.pieces()[0].address,
            list_len: size_of_val(constants) as u32,
            ..Default::default()
        };
        self.admin(Opcode::LoadConstants, submission, list).map(|_| ())
    }

    /// The cycle counters of the card and its engines.
    pub fn counters(&self) -> Result<Counters, Error> {
        let bytes = size_of::<Counters>();
        let memory = contiguous(&*self.transport, &vec![0; bytes])?;
        let host = memory.pieces()[0].address;
        let submission = Submission { host, host_len: bytes as u32, ..Default::default() };
        let (_, memory) = self.admin(Opcode::Counters, submission, memory)?;
        let mut words = [0u64; size_of::<Counters>() / 8];
        memory.read(0, &mut words);
        Ok(bytemuck::cast(words))
    }

    /// The end of the firmware's log.
    pub fn log(&self) -> String {
        read_log(&*self.transport)
    }

    /// One administrative command, waited for.
    fn admin<T: Send + 'static>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
    ) -> Result<(Completion, T), Error> {
        let pending = self.admin.submit(opcode, submission, payload, ADMIN_TIMEOUT)?;
        let (payload, completion) = pending.wait(ADMIN_TIMEOUT)?;
        Ok((completion?, payload))
    }
}

impl Drop for Device {
    /// Holds the card in reset, so that it touches no memory of ours any more.
    fn drop(&mut self) {
        if let Err(error) = halt(&*self.transport) {
            tracing::error!("{error}");
        }
    }
}

fn read64(transport: &dyn Transport, low: u32) -> u64 {
    u64::from(transport.read32(low)) | u64::from(transport.read32(low + 4)) << 32
}

fn read_info(transport: &dyn Transport) -> Info {
    let (capabilities, more) = (transport.read32(bar0::CAPABILITIES), transport.read32(bar0::CAPABILITIES2));
    Info {
        ntt_lanes: capabilities & 0xff,
        hash_multipliers: capabilities >> 8 & 0xff,
        log_buffer: capabilities >> 16 & 0xff,
        log_hash_batch: capabilities >> 24,
        layout_beats: more & 0xffff,
        memory_channels: more >> 16 & 0xff,
        card_beats: transport.read32(bar0::CARD_BEATS),
    }
}

fn check_hardware(transport: &dyn Transport) -> Result<(), Error> {
    let (name, magic) = (transport.name().to_owned(), transport.read32(bar0::MAGIC));
    match magic {
        registers::MAGIC => {}
        u32::MAX => return Err(Error::CardLost { name, doing: "reading its magic" }),
        magic => return Err(Error::NotACard { name, magic }),
    }
    let version = transport.read32(bar0::ABI_VERSION);
    handshake(transport, "hardware", version, read64(transport, bar0::ABI_HASH_LO))
}

/// Refuses to go on with a part that was built from another contract.
fn handshake(transport: &dyn Transport, part: &'static str, version: u32, hash: u64) -> Result<(), Error> {
    if (version, hash) == (ABI_VERSION, ABI_HASH) {
        return Ok(());
    }
    let remedy = match part {
        "hardware" => "flash the card with the hardware of this release",
        _ => "use the boot image of this release",
    };
    let name = transport.name().to_owned();
    Err(Error::Contract { name, part, version, hash, our_version: ABI_VERSION, our_hash: ABI_HASH, remedy })
}

/// Holds processor and engines in reset and waits until nothing of theirs is on the buses.
fn halt(transport: &dyn Transport) -> Result<(), Error> {
    transport.write32(bar0::CONTROL, 0);
    let start = Instant::now();
    loop {
        match transport.read32(bar0::CONTROL) {
            u32::MAX => {
                return Err(Error::CardLost { name: transport.name().to_owned(), doing: "holding it in reset" });
            }
            control if control & registers::CONTROL_DRAINING == 0 => return Ok(()),
            _ if start.elapsed() < HALT_TIMEOUT => {}
            _ => return Err(diagnose(transport, "transfers to end after a reset", start.elapsed())),
        }
    }
}

/// Puts an image into boot RAM, with the processor held in reset, and reads it back.
fn load(transport: &dyn Transport, boot_image: &[u8]) -> Result<(), Error> {
    halt(transport)?;
    transport.write32(bar0::BOOT_ADDRESS, firmware::BOOT_RAM);
    let words = || boot_image.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    for word in words() {
        transport.write32(bar0::BOOT_DATA, word);
    }
    for (i, written) in words().enumerate() {
        let address = firmware::BOOT_RAM + 4 * i as u32;
        transport.write32(bar0::BOOT_ADDRESS, address);
        let seen = transport.read32(bar0::BOOT_DATA);
        if seen != written {
            return Err(Error::BootMemory { name: transport.name().to_owned(), address, written, seen });
        }
    }
    Ok(())
}

fn wait_ready(transport: &dyn Transport) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        match transport.read32(bar0::STATUS) {
            status::READY => return Ok(()),
            status::RESET | status::BOOTING if start.elapsed() < BOOT_TIMEOUT => {}
            _ => return Err(diagnose(transport, "the firmware to come up", start.elapsed())),
        }
    }
}

/// Why a wait was in vain.
pub(crate) fn diagnose(transport: &dyn Transport, what: &str, waited: Duration) -> Error {
    let name = transport.name().to_owned();
    let seen = match transport.read32(bar0::STATUS) {
        u32::MAX => return Error::CardLost { name, doing: "waiting for an answer" },
        status::FATAL => {
            let cause = match transport.read32(bar0::FATAL_CODE) {
                registers::fatal::PANIC => "it panicked in line",
                registers::fatal::TRAP => "the processor trapped",
                registers::fatal::IMAGE => "its image in boot RAM is damaged",
                registers::fatal::CONTRACT => "the hardware was built with another contract",
                _ => "for an unknown reason",
            };
            let address = transport.read32(bar0::FATAL_ADDRESS);
            return Error::Fatal { name, cause, address, log: read_log(transport) };
        }
        status::RESET => "the processor in reset or not at its first instruction".to_owned(),
        status::BOOTING => "the firmware booting".to_owned(),
        status::READY => format!("the firmware ready and its log ending with: {}", read_log(transport)),
        other => format!("the unknown state {other:#x}"),
    };
    Error::Timeout { name, what: what.to_owned(), waited, seen }
}

/// The text in the log ring, oldest first.
fn read_log(transport: &dyn Transport) -> String {
    let base = transport.read32(bar0::LOG_ADDRESS);
    let word = |address: u32| {
        transport.write32(bar0::BOOT_ADDRESS, address);
        transport.read32(bar0::BOOT_DATA)
    };
    if base == 0 || base >= firmware::BOOT_RAM_BYTES {
        return "(no log)".to_owned();
    }
    let head = word(base + log::HEAD);
    let first = head.saturating_sub(log::RING_BYTES);
    let ring: Vec<u8> = (0..log::RING_BYTES / 4).flat_map(|i| word(base + log::DATA + 4 * i).to_le_bytes()).collect();
    let text: Vec<u8> = (first..head).map(|i| ring[(i % log::RING_BYTES) as usize]).collect();
    String::from_utf8_lossy(&text).into_owned()
}
