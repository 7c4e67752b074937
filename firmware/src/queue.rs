//! Queue pairs: a submission ring that the card reads and a completion ring that it writes.

use karat_abi::Status;
use karat_abi::registers::QUEUES;

use crate::command::{Command, Failure};

/// Fewest and most entries of a ring.
const ENTRIES: core::ops::RangeInclusive<u32> = 2..=1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not created.
    Absent,
    /// Served.
    Live,
    /// A doorbell was out of bounds: nothing is taken or completed until the queue is deleted.
    Frozen,
    /// Being deleted: nothing more is taken. What was taken completes as aborted, or, if the queue was frozen, not at all.
    Closing { silent: bool },
}

/// One queue pair. Ring positions are indices modulo the entries.
#[derive(Clone, Copy)]
pub(crate) struct Queue {
    pub(crate) state: State,
    submissions: u64,
    completions: u64,
    /// Entries of either ring, less one.
    mask: u32,
    /// The host's submission tail.
    tail: u32,
    /// Up to here entries were fetched or are being fetched.
    fetched: u32,
    /// Up to here entries were taken.
    taken: u32,
    /// Entries in the mailbox that were not taken yet.
    pub(crate) waiting: u32,
    /// First of them in the queue's part of the mailbox.
    pub(crate) next: u32,
    /// A fetch is under way.
    pub(crate) fetching: bool,
    /// The slot that the next entry will get.
    pub(crate) reserved: Option<u8>,
    /// Where the next completion goes.
    post: u32,
    /// Phase of that turn of the ring.
    phase: bool,
    /// Up to here the host has taken completions.
    head: u32,
    /// Commands taken and not completed.
    outstanding: u32,
    /// Their slots.
    pub(crate) slots: u32,
}

/// What to fetch.
pub(crate) struct Fetch {
    pub(crate) host: u64,
    pub(crate) entries: u32,
}

impl Queue {
    pub(crate) const ABSENT: Self = Self {
        state: State::Absent,
        submissions: 0,
        completions: 0,
        mask: 0,
        tail: 0,
        fetched: 0,
        taken: 0,
        waiting: 0,
        next: 0,
        fetching: false,
        reserved: None,
        post: 0,
        phase: true,
        head: 0,
        outstanding: 0,
        slots: 0,
    };

    /// An empty queue on two rings.
    pub(crate) fn create(queue: u32, submissions: u64, completions: u64, entries: u32) -> Result<Self, Failure> {
        if !ENTRIES.contains(&entries) || !entries.is_power_of_two() {
            return Err(Failure::new(Status::Queue, queue));
        }
        for ring in [submissions, completions] {
            if ring & 63 != 0 || ring.checked_add(u64::from(entries) * 64).is_none() {
                return Err(Failure::new(Status::HostRange, ring));
            }
        }
        Ok(Self { state: State::Live, submissions, completions, mask: entries - 1, ..Self::ABSENT })
    }

    /// Whether the host has moved its tail.
    #[inline]
    pub(crate) fn has_more(&self, tail: u32) -> bool {
        self.tail != tail
    }

    /// Takes over the doorbells. False if they are not positions of the rings that the host may have reached.
    #[inline]
    pub(crate) fn ring(&mut self, tail: u32, head: u32) -> bool {
        let seen = head.wrapping_sub(self.head) & self.mask;
        let posted = self.post.wrapping_sub(self.head) & self.mask;
        if tail > self.mask || head > self.mask || seen > posted {
            return false;
        }
        self.tail = tail;
        self.head = head;
        true
    }

    /// Whether nothing is completed any more: the host's rings are not to be trusted.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.state, State::Frozen | State::Closing { silent: true })
    }

    /// Whether a fetch should start.
    #[inline]
    pub(crate) fn wants_fetch(&self) -> bool {
        self.state == State::Live && self.fetched != self.tail && self.may_fetch()
    }

    /// Whether there is a place for fetched entries.
    #[inline]
    pub(crate) fn may_fetch(&self) -> bool {
        !self.fetching && self.waiting == 0
    }

    /// The tail that says that there is one more entry to be fetched.
    #[inline]
    pub(crate) fn next_to_fetch(&self) -> u32 {
        (self.fetched + 1) & self.mask
    }

    /// What to fetch for the next entry alone, whatever the tail.
    #[inline]
    pub(crate) fn fetch_one(&mut self) -> Fetch {
        let host = self.submissions + u64::from(self.fetched * 64);
        self.fetched = self.next_to_fetch();
        self.fetching = true;
        Fetch { host, entries: 1 }
    }

    /// What to fetch next: a few entries that are contiguous in the ring and within one page.
    #[inline]
    pub(crate) fn fetch(&mut self) -> Fetch {
        use crate::mailbox::{FETCH_ENTRIES, beats_to_boundary};
        let host = self.submissions + u64::from(self.fetched * 64);
        let available = self.tail.wrapping_sub(self.fetched) & self.mask;
        let to_end = self.mask + 1 - self.fetched;
        let entries = available.min(to_end).min(FETCH_ENTRIES).min(beats_to_boundary(host));
        self.fetched = (self.fetched + entries) & self.mask;
        self.fetching = true;
        Fetch { host, entries }
    }

    /// Whether the next completion of one more command is sure to find room in its ring.
    #[inline]
    pub(crate) fn has_credit(&self) -> bool {
        let unseen = self.post.wrapping_sub(self.head) & self.mask;
        unseen + self.outstanding < self.mask
    }

    /// Counts an entry as taken into a slot.
    #[inline]
    pub(crate) fn take(&mut self, slot: u8) {
        self.taken = (self.taken + 1) & self.mask;
        self.next += 1;
        self.waiting -= 1;
        self.outstanding += 1;
        self.slots |= 1 << slot;
    }

    /// Index in the ring of the entry that is taken next.
    pub(crate) fn position(&self) -> u32 {
        self.taken
    }

    /// Forgets a command.
    #[inline]
    pub(crate) fn release(&mut self, slot: u8) {
        self.outstanding -= 1;
        self.slots &= !(1 << slot);
    }

    /// The beat of the completion ring that the next completion belongs to, and which quarter of it.
    #[inline]
    pub(crate) fn post_position(&self) -> (u64, u32) {
        (self.completions + u64::from((self.post & !3) * 16), self.post & 3)
    }

    /// Half of the queue's two staging beats that belongs to that beat of the ring.
    #[inline]
    pub(crate) fn post_half(&self) -> u32 {
        self.post >> 2 & 1
    }

    /// The next completion, as words, and moves on.
    #[inline]
    pub(crate) fn completion(&mut self, queue: u8, command: &Command) -> [u32; 4] {
        let (status, result) = match command.outcome {
            Ok(result) => (Status::Success, result),
            Err(failure) => (failure.status, failure.result),
        };
        let phase = u32::from(self.phase);
        self.post = (self.post + 1) & self.mask;
        self.phase ^= self.post == 0;
        [
            result as u32,
            (result >> 32) as u32,
            self.taken | u32::from(queue) << 16,
            u32::from(command.submission.id) | (status as u32) << 17 | phase << 16,
        ]
    }
}

/// All queues; 0 is the admin queue.
pub(crate) struct Queues([Queue; QUEUES as usize]);

impl Queues {
    #[inline(never)]
    pub(crate) const fn new() -> Self {
        Self([Queue::ABSENT; QUEUES as usize])
    }

    #[inline]
    pub(crate) fn get(&mut self, queue: u8) -> &mut Queue {
        &mut self.0[queue as usize & (QUEUES as usize - 1)]
    }
}
