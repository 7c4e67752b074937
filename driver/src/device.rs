//! A card from power-on to its last queue: boot, administration, reset.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_abi::command::Counters;
use karat_abi::registers::QUEUES;
use karat_abi::{BURST_BEATS, Completion, HashFunction, Opcode, Status, Submission, queue::NO_COMMAND};
use parking_lot::Mutex;

use crate::buffer::contiguous;
use crate::card::Card;
use crate::dual::Second;
use crate::memory::Arena;
use crate::pending::End;
use crate::queue::Why;
use crate::{Error, Queue, Session, Timeouts, Transport, image};

/// Entries of the admin rings and of the queue that a device starts with.
const ENTRIES: usize = 64;

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
    /// The hashes that there are, a bit each.
    pub hashes: u32,
    /// Lanes of the vector engine: rows that it works on at a time.
    pub vector_lanes: u32,
    /// Size of card memory in beats of 64 bytes.
    pub card_beats: u32,
}

impl Info {
    /// Whether the card has a hash.
    pub fn has_hash(&self, hash: HashFunction) -> bool {
        self.hashes >> hash as u32 & 1 == 1
    }
}

/// A running card.
pub struct Device {
    card: Arc<Card>,
    info: Info,
    boot_image: Vec<u8>,
    admin: Queue,
    queue: Queue,
    /// The other queues, by number. They are kept here so that their rings outlive the card's use of them.
    others: Mutex<BTreeMap<u32, Queue>>,
    /// The round constants loaded last.
    constants: Mutex<Option<Vec<u64>>>,
    /// How often the card was reset.
    generation: AtomicU64,
    /// The card that it is compared with.
    second: Option<Second>,
}

/// A submission that waits for nothing.
fn blank() -> Submission {
    Submission { after: NO_COMMAND, ..Default::default() }
}

impl Device {
    /// Boots a card with a firmware image and opens a first queue.
    pub fn open(transport: Arc<dyn Transport>, boot_image: &[u8]) -> Result<Self, Error> {
        Self::open_with(transport, boot_image, Timeouts::default())
    }

    /// As [`Device::open`], with other bounds for what the driver waits for by itself.
    pub fn open_with(transport: Arc<dyn Transport>, boot_image: &[u8], timeouts: Timeouts) -> Result<Self, Error> {
        let header = image::check(boot_image)?;
        let card = Arc::new(Card::meet(transport, timeouts)?);
        card.handshake("boot image", header.abi_version, header.abi_hash)?;
        let info = card.info()?;
        let admin = Queue::new(card.clone(), 0, ENTRIES, None)?;
        let device = Self {
            info,
            boot_image: boot_image.to_vec(),
            queue: Queue::new(card.clone(), 1, ENTRIES, Some(admin.clone()))?,
            admin,
            card,
            others: Mutex::default(),
            constants: Mutex::default(),
            generation: AtomicU64::new(0),
            second: None,
        };
        device.card.halt()?;
        // From here on a failure drops the device, which halts the card before the rings go.
        device.boot(&[&device.queue])?;
        Ok(device)
    }

    /// This card and another as one: every command of a session runs on both, one command at a time, and what it writes is read
    /// back from both and compared. What differs is an [`Error::Difference`], of this command and of every later one. Where the cards
    /// cannot do the same, this can do what both can; counters and log are this card's alone, as is what goes past sessions.
    ///
    /// # Errors
    /// When their vector engines have different numbers of lanes, which programs are made for.
    pub fn compared_with(mut self, second: Self) -> Result<Self, Error> {
        let Info { vector_lanes, log_buffer, card_beats, .. } = second.info;
        if vector_lanes != self.info.vector_lanes {
            let (given, expected) = (vector_lanes.into(), self.info.vector_lanes.into());
            return Err(Error::Length { what: "lanes of the vector engine of the second card", given, expected });
        }
        // What exceeds either buffer takes a work area, which the other card leaves alone.
        self.info.log_buffer = log_buffer.min(self.info.log_buffer);
        self.info.card_beats = card_beats.min(self.info.card_beats);
        self.second = Some(Second::new(second));
        Ok(self)
    }

    /// From a halted card to one that serves the admin queue and `queues`.
    fn boot(&self, queues: &[&Queue]) -> Result<(), Error> {
        self.card.load(&self.boot_image)?;
        self.card.run(self.admin.rings(), self.admin.entries())?;
        self.admin.open(self.generation());
        queues.iter().try_for_each(|queue| self.create(queue))
    }

    /// What the card can do.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Where the card is, for messages: its transport's name, or those of two.
    pub fn name(&self) -> String {
        match &self.second {
            Some(second) => format!("{} and {}", self.card.name(), second.device.name()),
            None => self.card.name(),
        }
    }

    /// The transport it is reached through.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.card.transport
    }

    /// The queue that the device started with.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Commands submitted on the admin queue and the first queue.
    pub fn commands(&self) -> u64 {
        self.admin.commands() + self.queue.commands()
    }

    /// How often the card was reset.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Fails if the card was reset since it was at this generation.
    pub(crate) fn expect_generation(&self, generation: u64) -> Result<(), Error> {
        if generation == self.generation() { Ok(()) } else { Err(Error::CardReset { name: self.card.name() }) }
    }

    /// Another queue pair of `entries` entries, a power of two from 2 to 1024. It stays until [`Device::delete_queue`] or the end
    /// of the device, even if all its handles are dropped.
    pub fn create_queue(&self, entries: usize) -> Result<Queue, Error> {
        let mut others = self.others.lock();
        let Some(number) = (2..QUEUES).find(|number| !others.contains_key(number)) else {
            return Err(Error::Exhausted { what: "queue", limit: QUEUES });
        };
        let queue = Queue::new(self.card.clone(), number, entries, Some(self.admin.clone()))?;
        // Kept before the card knows it, and kept if it is not known whether the card does.
        others.insert(number, queue.clone());
        let created = self.create(&queue);
        if let Err(error @ (Error::Command { .. } | Error::UnknownStatus { .. })) = created {
            others.remove(&number);
            return Err(error);
        }
        created.map(|()| queue)
    }

    /// Ends a queue that [`Device::create_queue`] made, also one that the card froze. Its outstanding commands complete as
    /// aborted.
    pub fn delete_queue(&self, queue: &Queue) -> Result<(), Error> {
        let mut others = self.others.lock();
        self.end_queue(&others, queue)?;
        others.remove(&queue.number());
        Ok(())
    }

    /// Ends everything under way on a queue that [`Device::create_queue`] made, as aborted, and begins the queue anew: its handles stay
    /// good. Commands that others submit meanwhile are refused.
    pub fn restart_queue(&self, queue: &Queue) -> Result<(), Error> {
        let others = self.others.lock();
        self.end_queue(&others, queue)?;
        self.create(queue)
    }

    fn end_queue(&self, others: &BTreeMap<u32, Queue>, queue: &Queue) -> Result<(), Error> {
        let number = queue.number();
        if !others.get(&number).is_some_and(|known| known.is(queue)) {
            let why = if number < 2 { "it ends with its device only" } else { "it was deleted before" };
            return Err(Error::QueueGone { name: self.card.name(), queue: number, why });
        }
        queue.stop(Why::Deleted);
        if let Err(error) = self.admin(Opcode::DeleteQueue, Submission { param: number, ..blank() }, ()) {
            queue.abandon();
            return Err(error);
        }
        // What the card never took from the ring, it has not completed.
        let status = (Status::Aborted as u16) << 1;
        queue.end_all(End::Completed(Completion { status, ..Default::default() }));
        Ok(())
    }

    fn create(&self, queue: &Queue) -> Result<(), Error> {
        queue.silence();
        let (host, list) = queue.rings();
        let submission = Submission { param: queue.number(), rows: queue.entries() as u32, host, list, ..blank() };
        self.admin(Opcode::CreateQueue, submission, ())?;
        // Not before: a doorbell of a queue that the card does not know is lost.
        queue.open(self.generation());
        Ok(())
    }

    /// A session that owns beats `first .. first + beats` of card memory, both multiples of 64.
    pub fn session(self: &Arc<Self>, first: u32, beats: u32) -> Result<Session, Error> {
        for given in [first, beats] {
            if given % BURST_BEATS != 0 {
                let (given, expected) = (given.into(), BURST_BEATS.into());
                return Err(Error::Length { what: "beats of a session, in multiples", given, expected });
            }
        }
        let generation = self.generation();
        let submission = Submission { card: first, rows: beats, ..blank() };
        let (completion, ()) = self.admin_in(generation, Opcode::CreateSession, submission, ())?;
        let twin = self.second.as_ref().map(|second| second.session(first, beats)).transpose()?;
        Ok(Session::new(self.clone(), completion.result as u16, generation, Arena::new(first, beats), twin))
    }

    pub(crate) fn end_session(&self, number: u16, generation: u64) -> Result<(), Error> {
        let submission = Submission { param: number.into(), ..blank() };
        self.admin_in(generation, Opcode::DeleteSession, submission, ()).map(|_| ())
    }

    /// Loads the round constants of Poseidon2, in the order of `karat_abi::engine::hash::CONSTANTS`. A reset loads them
    /// again.
    pub fn load_constants(&self, constants: &[u64]) -> Result<(), Error> {
        let expected = u64::from(karat_abi::engine::hash::CONSTANTS);
        if constants.len() as u64 != expected {
            return Err(Error::Length { what: "round constants", given: constants.len() as u64, expected });
        }
        let mut loaded = self.constants.lock();
        let list = contiguous(&*self.card.transport, bytemuck::cast_slice(constants))?;
        let submission = Submission { list: list.address(), list_len: size_of_val(constants) as u32, ..blank() };
        self.admin(Opcode::LoadConstants, submission, list)?;
        if let Some(second) = &self.second {
            second.device.load_constants(constants)?;
        }
        *loaded = Some(constants.to_vec());
        Ok(())
    }

    /// The cycle counters of the card and its engines.
    pub fn counters(&self) -> Result<Counters, Error> {
        let bytes = size_of::<Counters>();
        let memory = contiguous(&*self.card.transport, &vec![0; bytes])?;
        let submission = Submission { host: memory.address(), host_len: bytes as u32, ..blank() };
        let (_, memory) = self.admin(Opcode::Counters, submission, memory)?;
        let mut words = [0u64; size_of::<Counters>() / 8];
        memory.read(0, &mut words);
        Ok(bytemuck::cast(words))
    }

    /// The end of the firmware's log.
    pub fn log(&self) -> String {
        self.card.log()
    }

    /// Holds the card in reset, boots it again and makes its queues anew. Outstanding commands end with
    /// [`Error::CardReset`], and so does every use of a session from before: card memory has lost its owners. Queues and
    /// round constants stay.
    ///
    /// After an error the card is held in reset and takes no commands; another reset may bring it back.
    pub fn reset(&self) -> Result<(), Error> {
        if let Some(second) = &self.second {
            second.device.reset()?;
        }
        let others = self.others.lock();
        self.stop(&others, Why::Reset)?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        let queues: Vec<&Queue> = std::iter::once(&self.queue).chain(others.values()).collect();
        let constants = self.constants.lock().clone();
        let boot = || {
            self.boot(&queues)?;
            constants.map_or(Ok(()), |constants| self.load_constants(&constants))
        };
        boot().inspect_err(|_| {
            // The first error is the one to report; that this one is in the log is enough.
            if let Err(error) = self.stop(&others, Why::Reset) {
                tracing::warn!("after a failed reset: {error}");
            }
        })
    }

    /// Halts the card and ends everything under way.
    fn stop(&self, others: &BTreeMap<u32, Queue>, why: Why) -> Result<(), Error> {
        let queues = || [&self.admin, &self.queue].into_iter().chain(others.values());
        queues().for_each(|queue| queue.stop(why));
        let halted = self.card.halt();
        for queue in queues() {
            match &halted {
                // A card that is gone reaches no memory.
                Ok(()) | Err(Error::CardLost { .. }) => queue.end_all(End::Stopped(why)),
                // It may still write.
                Err(_) => queue.abandon(),
            }
        }
        halted
    }

    /// One administrative command, waited for.
    fn admin<T: Send + 'static>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
    ) -> Result<(Completion, T), Error> {
        self.admin_in(self.generation(), opcode, submission, payload)
    }

    fn admin_in<T: Send + 'static>(
        &self,
        generation: u64,
        opcode: Opcode,
        submission: Submission,
        payload: T,
    ) -> Result<(Completion, T), Error> {
        let timeout = self.card.timeouts.admin;
        let pending = self.admin.submit_in(generation, opcode, submission, payload, timeout)?;
        let (payload, completion) = pending.wait(timeout)?;
        Ok((completion?, payload))
    }
}

impl Drop for Device {
    /// Holds the card in reset, so that it touches no memory of ours any more.
    fn drop(&mut self) {
        let others = self.others.lock();
        let Err(error) = self.stop(&others, Why::Closed) else { return };
        tracing::error!("{error}");
        if !matches!(error, Error::CardLost { .. }) {
            // Better a leak than another owner's memory overwritten.
            [&self.admin, &self.queue]
                .into_iter()
                .chain(others.values())
                .for_each(|queue| std::mem::forget(queue.clone()));
        }
    }
}
