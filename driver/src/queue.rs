//! A queue pair: submissions in, completions out, from any number of threads.
//!
//! Every command that was submitted ends exactly once: by its completion, by the deletion of its queue or by a reset. What
//! it needs to stay alive meanwhile (buffers, lists) is kept by the queue, not by the waiting thread, so that
//! giving up a wait does not give the card freed memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use karat_abi::queue::NO_COMMAND;
use karat_abi::registers::{DOORBELL, DOORBELL_STRIDE};
use karat_abi::{Completion, Opcode, Status, Submission, checksum};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::buffer::whole;
use crate::card::Card;
use crate::error::Loss;
use crate::pending::{End, Ending, Garbage, Pending};
use crate::{DmaMemory, Error};

/// Entries that a ring may have, a power of two.
const ENTRIES: std::ops::RangeInclusive<usize> = 2..=1024;

/// Why a queue takes no commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// The card was reset or is being reset.
    Reset,
    /// The queue was deleted.
    Deleted,
    /// Its device was closed.
    Closed,
    /// A completion came that belongs to no command: which of them have ended is not known any more.
    Broken,
}

struct State {
    /// Resets of the card before this life of the queue.
    generation: u64,
    refuses: Option<Why>,
    /// The card may still write to what commands under way took with them, and nobody will ever know when it has.
    abandoned: bool,
    /// What to do when the command of an id ends.
    endings: Vec<Option<Ending>>,
    free: VecDeque<u16>,
    /// Where in the submission ring the entry of an id stands.
    positions: Vec<usize>,
    sq_tail: usize,
    cq_head: usize,
    phase: u16,
    /// A thread waits for the interrupt on behalf of all.
    leader: bool,
    commands: u64,
}

/// One queue pair. Clones are the same queue. It lives until [`crate::Device::delete_queue`] or the end of its device, and
/// goes on after a reset of the card.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    card: Arc<Card>,
    number: u32,
    entries: usize,
    sq: DmaMemory,
    cq: DmaMemory,
    /// The admin queue, for others: asked whether the card answers at all when they get no answer.
    admin: Option<Queue>,
    state: Mutex<State>,
    /// A command ended, or the leader stepped down.
    changed: Condvar,
}

impl Queue {
    /// A pair of rings of `entries` entries, a power of two from 2 to 1024. The card does not know them yet, and nothing
    /// is taken before [`Queue::open`].
    pub(crate) fn new(card: Arc<Card>, number: u32, entries: usize, admin: Option<Self>) -> Result<Self, Error> {
        if !ENTRIES.contains(&entries) || !entries.is_power_of_two() {
            let (given, expected) = (entries as u64, *ENTRIES.end() as u64);
            return Err(Error::Length { what: "entries of a queue, a power of two up to", given, expected });
        }
        let sq = whole(&*card.transport, entries * size_of::<Submission>())?;
        let cq = whole(&*card.transport, entries * size_of::<Completion>())?;
        let state = State {
            generation: 0,
            refuses: Some(Why::Closed),
            abandoned: false,
            endings: (1..entries).map(|_| None).collect(),
            free: VecDeque::new(),
            positions: vec![0; entries - 1],
            sq_tail: 0,
            cq_head: 0,
            phase: 1,
            leader: false,
            commands: 0,
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        Ok(Self(Arc::new(Inner { card, number, entries, sq, cq, admin, state, changed })))
    }

    /// Its number, which is also its interrupt vector.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// Commands submitted so far.
    pub fn commands(&self) -> u64 {
        self.0.state.lock().commands
    }

    /// Bus addresses of the submission and the completion ring.
    pub(crate) fn rings(&self) -> (u64, u64) {
        (self.0.sq.address(), self.0.cq.address())
    }

    /// Entries of each ring.
    pub(crate) fn entries(&self) -> usize {
        self.0.entries
    }

    /// Whether two handles are the same queue.
    pub(crate) fn is(&self, other: &Queue) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Begins a life of the queue on empty rings, which the card does not touch at this time. No command is under way.
    pub(crate) fn open(&self, generation: u64) {
        let mut state = self.0.state.lock();
        self.0.cq.write(0, &vec![0; self.0.cq.bytes() / 8]);
        // One entry fewer than the ring, so that a full ring differs from an empty one.
        state.free = (0..self.0.entries as u16 - 1).collect();
        (state.sq_tail, state.cq_head, state.phase) = (0, 0, 1);
        (state.generation, state.refuses, state.abandoned) = (generation, None, false);
    }

    /// Writes zero to both doorbells: the card makes a queue only if they do not hold positions of an earlier one.
    pub(crate) fn silence(&self) {
        self.0.card.transport.write32(self.doorbell(), 0);
        self.0.card.transport.write32(self.doorbell() + 4, 0);
    }

    /// Takes no commands from now on.
    pub(crate) fn stop(&self, why: Why) {
        self.0.state.lock().refuses = Some(why);
    }

    /// Ends what is under way on a stopped queue: by completions that are there, otherwise like this. The card does not touch
    /// the queue and what its commands took with them any more.
    pub(crate) fn end_all(&self, end: End) {
        let mut state = self.0.state.lock();
        let mut garbage = self.reap(&mut state);
        garbage.extend(state.endings.iter_mut().filter_map(Option::take).filter_map(|ending| ending(end)));
        drop(state);
        self.0.changed.notify_all();
    }

    /// Lets nobody wait any longer on a stopped queue, but keeps what its commands took with them: it could not be found out
    /// whether the card still works on it.
    pub(crate) fn abandon(&self) {
        self.0.state.lock().abandoned = true;
        self.0.changed.notify_all();
    }

    /// Submits a command, waiting at most `timeout` for room in the ring. `opcode`, `id` and `checksum` are filled in, `after` is not: it is
    /// `NO_COMMAND` for a command that waits for none. `payload` is kept until the command has ended and comes back with
    /// its completion: it owns the memory that the submission names.
    pub fn submit<T: Send + 'static>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
        timeout: Duration,
    ) -> Result<Pending<T>, Error> {
        let generation = self.0.state.lock().generation;
        self.submit_in(generation, opcode, submission, payload, timeout)
    }

    /// As [`Queue::submit`], for a command that makes sense only between two certain resets.
    pub(crate) fn submit_in<T: Send + 'static>(
        &self,
        generation: u64,
        opcode: Opcode,
        mut submission: Submission,
        payload: T,
        timeout: Duration,
    ) -> Result<Pending<T>, Error> {
        let start = Instant::now();
        let mut state = self.0.state.lock();
        let id = loop {
            if let Some(why) = state.refuses {
                return Err(self.refusal(why));
            }
            if state.generation != generation {
                return Err(self.refusal(Why::Reset));
            }
            if let Some(id) = state.free.pop_front() {
                break id;
            }
            let garbage = self.reap(&mut state);
            if state.free.is_empty() {
                self.turn(&mut state, &|| format!("room in queue {}", self.0.number), start, timeout)?;
            }
            MutexGuard::unlocked(&mut state, || drop(garbage));
        };
        submission.opcode = opcode as u8;
        submission.id = id;
        submission.checksum = checksum(&bytemuck::cast_slice(&[submission])[..15]);
        let (pending, ending) = Pending::new(self.clone(), id, opcode, payload);
        let tail = state.sq_tail;
        self.0.sq.write(tail * size_of::<Submission>() / 8, bytemuck::cast_slice(&[submission]));
        state.endings[usize::from(id)] = Some(ending);
        state.positions[usize::from(id)] = tail;
        state.sq_tail = (tail + 1) % self.0.entries;
        state.commands += 1;
        self.0.card.transport.write32(self.doorbell(), state.sq_tail as u32);
        Ok(pending)
    }

    /// Waits until `ended` gives something, at most `timeout`.
    pub(crate) fn wait_for<R>(
        &self,
        what: &dyn Fn() -> String,
        timeout: Duration,
        mut ended: impl FnMut() -> Option<R>,
    ) -> Result<R, Error> {
        let start = Instant::now();
        let mut state = self.0.state.lock();
        let garbage = self.reap(&mut state);
        MutexGuard::unlocked(&mut state, || drop(garbage));
        loop {
            // With the lock held: what comes after this is announced by `changed`.
            if let Some(result) = ended() {
                return Ok(result);
            }
            if let Some(why) = state.refuses
                && state.abandoned
            {
                return Err(self.refusal(why));
            }
            if let Err(error) = self.turn(&mut state, what, start, timeout) {
                return ended().ok_or(error);
            }
        }
    }

    /// The error of a queue that takes no commands.
    pub(crate) fn refusal(&self, why: Why) -> Error {
        let (name, queue) = (self.0.card.name(), self.0.number);
        match why {
            Why::Reset => Error::CardReset { name },
            Why::Deleted => Error::QueueGone { name, queue, why: "it was deleted" },
            Why::Closed => Error::QueueGone { name, queue, why: "its device was closed" },
            Why::Broken => Error::Broken { name, queue },
        }
    }

    fn doorbell(&self) -> u32 {
        DOORBELL + self.0.number * DOORBELL_STRIDE
    }

    /// The completion at the head of the ring, if it is there.
    fn peek(&self, state: &State) -> Option<Completion> {
        let words = &self.0.cq.words()[state.cq_head * 2..][..2];
        // The word with the phase lands last, so it is read first: what it promises is there by then.
        let last = words[1].load(Ordering::Acquire);
        let completion: Completion = bytemuck::cast([words[0].load(Ordering::Acquire), last]);
        (completion.status & 1 == state.phase).then_some(completion)
    }

    /// The id that the command of a completion was submitted with. Two statuses say that the entry had another one by the time the
    /// card saw it.
    fn owner(&self, state: &State, completion: &Completion) -> Option<u16> {
        let mut outstanding = (0..state.endings.len()).filter(|id| state.endings[*id].is_some());
        let id = match Status::from_u16(completion.status >> 1) {
            // The result is the entry's position.
            Some(Status::CorruptEntry) => outstanding.find(|id| state.positions[*id] as u64 == completion.result),
            Some(Status::DuplicateId) => outstanding.find(|id| {
                let words = &self.0.sq.words()[state.positions[*id] * size_of::<Submission>() / 8..];
                let seen = (words[0].load(Ordering::Acquire) >> 16) as u16;
                seen == completion.id && *id != usize::from(seen)
            }),
            _ => return Some(completion.id),
        };
        id.map(|id| id as u16)
    }

    /// Takes what has come into the completion ring; what nobody waits for any more is for the caller to drop, without
    /// the lock.
    #[must_use]
    fn reap(&self, state: &mut State) -> Vec<Garbage> {
        let first = state.cq_head;
        let mut garbage = Vec::new();
        while let Some(completion) = self.peek(state) {
            state.cq_head = (state.cq_head + 1) % self.0.entries;
            if state.cq_head == 0 {
                state.phase ^= 1;
            }
            let id = self.owner(state, &completion).filter(|_| u32::from(completion.queue) == self.0.number);
            match id.and_then(|id| state.endings.get_mut(usize::from(id))).and_then(Option::take) {
                Some(ending) => {
                    state.free.extend(id);
                    garbage.extend(ending(End::Completed(completion)));
                }
                None => {
                    let (queue, id) = (self.0.number, completion.id);
                    tracing::error!(queue, id, "the card completed a command that was not outstanding");
                    // The command that it was meant for would be waited for in vain.
                    if state.refuses.is_none() {
                        (state.refuses, state.abandoned) = (Some(Why::Broken), true);
                    }
                }
            }
        }
        if state.cq_head != first {
            self.0.card.transport.write32(self.doorbell() + 4, state.cq_head as u32);
            self.0.changed.notify_all();
        }
        garbage
    }

    /// Waits for something to change: as the leader below the driver, otherwise for the leader.
    fn turn(
        &self,
        state: &mut MutexGuard<'_, State>,
        what: &dyn Fn() -> String,
        start: Instant,
        timeout: Duration,
    ) -> Result<(), Error> {
        let card = &self.0.card;
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(MutexGuard::unlocked(state, || self.give_up(&what(), start.elapsed())));
        }
        if state.leader {
            self.0.changed.wait_for(state, left);
            return Ok(());
        }
        state.leader = true;
        let arrived = MutexGuard::unlocked(state, || card.transport.wait_interrupt(self.0.number, left));
        state.leader = false;
        let head = state.cq_head;
        let garbage = self.reap(state);
        self.0.changed.notify_all();
        // A message without a completion, or none for a while: perhaps the card can't go on.
        let idle = state.cq_head == head && state.refuses.is_none();
        MutexGuard::unlocked(state, || {
            drop(garbage);
            arrived?;
            if idle { card.look(start.elapsed()) } else { Ok(()) }
        })
    }

    /// The error of a wait that took too long: a command that takes its time is told from a card that answers nothing.
    fn give_up(&self, what: &str, waited: Duration) -> Error {
        match (self.0.card.diagnose(what, waited), &self.0.admin) {
            (late @ Error::Timeout { .. }, Some(admin)) => admin.ping().err().unwrap_or(late),
            (Error::Timeout { name, what, waited, seen }, None) => {
                Error::CardLost { name, loss: Loss::Silent { what, waited, seen } }
            }
            (other, _) => other,
        }
    }

    /// Waits for any answer to a command that does nothing.
    fn ping(&self) -> Result<(), Error> {
        let timeout = self.0.card.timeouts.admin;
        let nop = Submission { after: NO_COMMAND, ..Default::default() };
        self.submit(Opcode::Nop, nop, (), timeout)?.wait(timeout).map(|_| ())
    }
}

// Where `Queue::owner` finds an entry's id.
const _: () = assert!(std::mem::offset_of!(Submission, id) == 2);
