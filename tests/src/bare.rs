//! A host without the driver. It puts whatever it likes into the rings of the simulated card and shows every completion as it
//! comes: for what the driver would never write.

use std::sync::Arc;

use karat_abi::queue::NO_COMMAND;
use karat_abi::registers::{self, DOORBELL, DOORBELL_STRIDE, bar0, firmware, status};
use karat_abi::{Completion, Opcode, Status, Submission};
use karat_driver::{Contiguity, DmaMemory, Transport};
use karat_sim::{Options, SimTransport};

use crate::TIMEOUT;

/// Register reads until the card counts as hung: far more than a boot takes.
const READS: usize = 200_000;
/// Looks at a completion ring likewise, each of many cycles.
const LOOKS: usize = 200;

/// A booted card.
pub struct Bare {
    /// The card.
    pub transport: Arc<SimTransport>,
    /// The admin queue.
    pub admin: Ring,
}

/// A queue pair of the card.
pub struct Ring {
    number: u32,
    submissions: DmaMemory,
    completions: DmaMemory,
    entries: usize,
    tail: usize,
    head: usize,
    phase: u16,
}

/// An entry of an opcode that waits for nothing, with an id.
pub fn entry(opcode: u8, id: u16) -> Submission {
    Submission { opcode, id, after: NO_COMMAND, ..Default::default() }
}

/// Puts the checksum of an entry right.
pub fn sign(submission: &mut Submission) {
    let words: [u32; 16] = bytemuck::cast(*submission);
    submission.checksum = karat_abi::checksum(&words[..15]);
}

/// How a command ended.
pub fn outcome(completion: &Completion) -> (u16, Status, u64) {
    let status = Status::from_u16(completion.status >> 1).expect("a known status");
    (completion.id, status, completion.result)
}

impl Bare {
    /// Powers a `tiny` card on and boots it.
    pub fn boot() -> Self {
        let image = karat_sim::firmware::image(karat_sim::firmware::Build::Normal).expect("the firmware compiles");
        let transport = Arc::new(SimTransport::open(&Options::new("tiny")).expect("the model builds"));
        let admin = Ring::new(&transport, 0, 16);
        transport.write32(bar0::BOOT_ADDRESS, firmware::BOOT_RAM);
        for word in image.chunks_exact(4) {
            transport.write32(bar0::BOOT_DATA, u32::from_le_bytes(word.try_into().expect("four bytes")));
        }
        let (submissions, completions) = (admin.submissions.address(), admin.completions.address());
        for (register, value) in [
            (bar0::ADMIN_SQ_LO, submissions as u32),
            (bar0::ADMIN_SQ_HI, (submissions >> 32) as u32),
            (bar0::ADMIN_CQ_LO, completions as u32),
            (bar0::ADMIN_CQ_HI, (completions >> 32) as u32),
            (bar0::ADMIN_ENTRIES, admin.entries as u32),
            (bar0::CONTROL, registers::CONTROL_RUN),
        ] {
            transport.write32(register, value);
        }
        let ready = (0..READS).any(|_| transport.read32(bar0::STATUS) == status::READY);
        assert!(ready, "the firmware does not come up");
        Self { transport, admin }
    }

    /// Host memory in one piece.
    pub fn allocate(&self, bytes: usize) -> DmaMemory {
        self.transport.allocate(bytes, Contiguity::Whole).expect("host memory")
    }

    /// Makes a queue of `entries` entries.
    pub fn queue(&mut self, number: u32, entries: usize) -> Ring {
        let ring = Ring::new(&self.transport, number, entries);
        let submission = Submission {
            param: number,
            rows: entries as u32,
            host: ring.submissions.address(),
            list: ring.completions.address(),
            ..entry(Opcode::CreateQueue as u8, 0)
        };
        let (_, status, _) = self.administer(submission);
        assert_eq!(status, Status::Success);
        ring
    }

    /// Beats `first .. first + beats` of card memory for a new session.
    pub fn session(&mut self, first: u32, beats: u32) -> u16 {
        let submission = Submission { card: first, rows: beats, ..entry(Opcode::CreateSession as u8, 0) };
        let (_, status, result) = self.administer(submission);
        assert_eq!(status, Status::Success);
        result as u16
    }

    /// One command on the admin queue, to its end.
    pub fn administer(&mut self, submission: Submission) -> (u16, Status, u64) {
        self.admin.put(submission);
        self.admin.ring(&*self.transport);
        outcome(&self.admin.take(&*self.transport))
    }

    /// One command on a queue, to its end.
    pub fn run(&self, ring: &mut Ring, submission: Submission) -> (u16, Status, u64) {
        ring.put(submission);
        ring.ring(&*self.transport);
        outcome(&ring.take(&*self.transport))
    }
}

impl Ring {
    fn new(transport: &SimTransport, number: u32, entries: usize) -> Self {
        let memory = |bytes| transport.allocate(bytes, Contiguity::Whole).expect("host memory");
        let submissions = memory(entries * size_of::<Submission>());
        let completions = memory(entries * size_of::<Completion>());
        Self { number, submissions, completions, entries, tail: 0, head: 0, phase: 1 }
    }

    /// Where in the ring the next entry goes.
    pub fn position(&self) -> usize {
        self.tail
    }

    /// Writes an entry, its checksum put right. The card is not told yet.
    pub fn put(&mut self, mut submission: Submission) {
        sign(&mut submission);
        self.put_unsigned(submission);
    }

    /// Writes an entry exactly as it is given.
    pub fn put_unsigned(&mut self, submission: Submission) {
        let words: [u64; 8] = bytemuck::cast(submission);
        self.submissions.write(self.tail * words.len(), &words);
        self.tail = (self.tail + 1) % self.entries;
    }

    /// Tells the card of all entries.
    pub fn ring(&self, transport: &dyn Transport) {
        transport.write32(DOORBELL + self.number * DOORBELL_STRIDE, self.tail as u32);
    }

    /// The next completion, which must come.
    pub fn take(&mut self, transport: &dyn Transport) -> Completion {
        for _ in 0..LOOKS {
            let mut words = [0; 2];
            self.completions.read(self.head * words.len(), &mut words);
            let completion: Completion = bytemuck::cast(words);
            if completion.status & 1 == self.phase {
                self.head = (self.head + 1) % self.entries;
                self.phase ^= u16::from(self.head == 0);
                transport.write32(DOORBELL + self.number * DOORBELL_STRIDE + 4, self.head as u32);
                assert_eq!(u32::from(completion.queue), self.number, "a completion of another queue: {completion:?}");
                return completion;
            }
            transport.wait_interrupt(self.number, TIMEOUT).expect("the card is there");
        }
        panic!("no completion on queue {}", self.number);
    }
}
