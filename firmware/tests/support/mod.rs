//! A host for the tests: rings, doorbells, buffers, and waiting with a bound.
#![allow(dead_code, reason = "every test file uses its part")]

pub mod vector;

use karat_abi::image::Header;
use karat_abi::queue::NO_COMMAND;
use karat_abi::registers::{CONTROL_RUN, DOORBELL, DOORBELL_STRIDE, bar0, status};
use karat_abi::{Completion, Opcode, Status, Submission};
use karat_firmware::software::{Machine, image};
use karat_firmware::testing::{HostMemory, Limits, StrictEngines, machine};

/// Polls after which a test gives up.
const PATIENCE: usize = 3_000_000;

/// A queue pair as the host keeps it.
pub struct Queue {
    pub number: u32,
    pub entries: u32,
    pub submissions: u64,
    pub completions: u64,
    pub tail: u32,
    pub head: u32,
    phase: u16,
    next_id: u16,
}

/// A host with a card.
pub struct Host {
    pub machine: Machine<StrictEngines<HostMemory>>,
    pub admin: Queue,
}

/// What a completion says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    pub id: u16,
    pub status: Status,
    pub result: u64,
    pub sq_head: u16,
}

pub fn command(opcode: Opcode) -> Submission {
    Submission { opcode: opcode as u8, after: NO_COMMAND, id: NO_COMMAND, ..Default::default() }
}

impl Host {
    pub fn new(limits: Limits) -> Self {
        Self::with_admin_entries(limits, 16)
    }

    pub fn with_admin_entries(limits: Limits, entries: u32) -> Self {
        println!("seed {}", limits.seed);
        let mut machine = machine(limits, HostMemory::default());
        let image = image(&[0x6f; 10]);
        assert_eq!(image.len() * 4, size_of::<Header>() + 40);
        machine.write32(bar0::BOOT_ADDRESS, 0);
        for word in image {
            machine.write32(bar0::BOOT_DATA, word);
        }
        let mut host = Self { machine, admin: Queue::placeholder() };
        host.admin = host.rings(0, entries);
        host.start();
        host
    }

    /// Starts the card with the admin rings as they are.
    pub fn start(&mut self) {
        for (register, value) in [
            (bar0::ADMIN_SQ_LO, self.admin.submissions as u32),
            (bar0::ADMIN_SQ_HI, (self.admin.submissions >> 32) as u32),
            (bar0::ADMIN_CQ_LO, self.admin.completions as u32),
            (bar0::ADMIN_CQ_HI, (self.admin.completions >> 32) as u32),
            (bar0::ADMIN_ENTRIES, self.admin.entries),
            (bar0::CONTROL, CONTROL_RUN),
        ] {
            self.machine.write32(register, value);
        }
        assert_eq!(self.machine.read32(bar0::STATUS), status::READY);
    }

    pub fn memory(&mut self) -> &mut HostMemory {
        &mut self.machine.engines_mut().host
    }

    /// Fresh rings.
    pub fn rings(&mut self, number: u32, entries: u32) -> Queue {
        Queue {
            number,
            entries,
            submissions: self.memory().allocate(entries as usize * 64),
            completions: self.memory().allocate(entries as usize * 16),
            tail: 0,
            head: 0,
            phase: 1,
            next_id: 0,
        }
    }

    pub fn doorbell(&mut self, queue: u32, tail: u32, head: u32) {
        self.machine.write32(DOORBELL + queue * DOORBELL_STRIDE, tail);
        self.machine.write32(DOORBELL + queue * DOORBELL_STRIDE + 4, head);
    }

    /// Makes a queue pair.
    pub fn queue(&mut self, number: u32, entries: u32) -> Queue {
        let queue = self.rings(number, entries);
        self.doorbell(number, 0, 0);
        let create = Submission {
            param: number,
            host: queue.submissions,
            list: queue.completions,
            rows: entries,
            ..command(Opcode::CreateQueue)
        };
        assert_eq!(self.admin(create), Ok(0));
        queue
    }

    /// Makes a session of the beats `card .. card + beats`; its number.
    pub fn session(&mut self, card: u32, beats: u32) -> u16 {
        let create = Submission { card, rows: beats, ..command(Opcode::CreateSession) };
        self.admin(create).expect("cannot make a session") as u16
    }

    /// Runs an admin command to its end.
    pub fn admin(&mut self, submission: Submission) -> Result<u64, (Status, u64)> {
        let mut admin = std::mem::replace(&mut self.admin, Queue::placeholder());
        let outcome = self.run(&mut admin, submission);
        self.admin = admin;
        outcome
    }

    /// Puts an entry into the ring without ringing; gives it an id if it has none.
    pub fn put(&mut self, queue: &mut Queue, mut submission: Submission) -> u16 {
        if submission.id == NO_COMMAND {
            submission.id = queue.next_id;
            queue.next_id = (queue.next_id + 1) & 0x7fff;
        }
        let words: [u32; 16] = bytemuck::cast(submission);
        submission.checksum = karat_abi::checksum(&words[..15]);
        self.put_raw(queue, submission);
        submission.id
    }

    /// Puts an entry into the ring as it is.
    pub fn put_raw(&mut self, queue: &mut Queue, submission: Submission) {
        let words: [u64; 8] = bytemuck::cast(submission);
        self.memory().store(queue.submissions + u64::from(queue.tail) * 64, &words);
        queue.tail = (queue.tail + 1) % queue.entries;
    }

    /// Tells the card about everything that was put.
    pub fn ring(&mut self, queue: &Queue) {
        self.machine.write32(DOORBELL + queue.number * DOORBELL_STRIDE, queue.tail);
    }

    pub fn submit(&mut self, queue: &mut Queue, submission: Submission) -> u16 {
        let id = self.put(queue, submission);
        self.ring(queue);
        id
    }

    pub fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.machine.step();
        }
    }

    /// The next completion, if it is there; the card is told that it was taken.
    pub fn take(&mut self, queue: &mut Queue) -> Option<Done> {
        let done = self.peek(queue)?;
        queue.head = (queue.head + 1) % queue.entries;
        queue.phase ^= u16::from(queue.head == 0);
        self.machine.write32(DOORBELL + queue.number * DOORBELL_STRIDE + 4, queue.head);
        Some(done)
    }

    /// The next completion, if it is there, left in the ring.
    pub fn peek(&mut self, queue: &Queue) -> Option<Done> {
        let address = queue.completions + u64::from(queue.head) * 16;
        let words: [u64; 2] = self.memory().load(address, 2).try_into().unwrap();
        let completion: Completion = bytemuck::cast(words);
        if completion.status & 1 != queue.phase {
            return None;
        }
        assert_eq!(u32::from(completion.queue), queue.number);
        Some(Done {
            id: completion.id,
            status: Status::from_u16(completion.status >> 1).expect("a completion with an unknown status"),
            result: completion.result,
            sq_head: completion.sq_head,
        })
    }

    /// Waits for the next completion and its interrupt.
    pub fn wait(&mut self, queue: &mut Queue) -> Done {
        for _ in 0..PATIENCE {
            if let Some(done) = self.take(queue) {
                return done;
            }
            self.machine.step();
        }
        panic!("queue {} gave no completion; log: {}", queue.number, self.machine.registers().log_text());
    }

    /// Submits a command and waits for it.
    pub fn run(&mut self, queue: &mut Queue, submission: Submission) -> Result<u64, (Status, u64)> {
        let id = self.submit(queue, submission);
        let done = self.wait(queue);
        assert_eq!(done.id, id);
        match done.status {
            Status::Success => Ok(done.result),
            status => Err((status, done.result)),
        }
    }

    /// A segment list over `pieces`, as one list.
    pub fn segments(&mut self, pieces: &[(u64, u32)]) -> u64 {
        let words: Vec<u64> = pieces.iter().flat_map(|(address, len)| [*address, u64::from(*len)]).collect();
        self.memory().allocate_words(&words)
    }

    /// Bytes as a buffer of 32-bit words, for arguments and index lists.
    pub fn list(&mut self, words: &[u32]) -> u64 {
        let mut padded = words.to_vec();
        padded.resize(words.len().next_multiple_of(2), 0);
        self.memory()
            .allocate_words(&padded.chunks(2).map(|w| u64::from(w[0]) | u64::from(w[1]) << 32).collect::<Vec<_>>())
    }
}

impl Queue {
    fn placeholder() -> Self {
        Self { number: 0, entries: 0, submissions: 0, completions: 0, tail: 0, head: 0, phase: 1, next_id: 0 }
    }
}
