//! A queue pair: submissions in, completions out, from any number of threads.
//!
//! Every command that was submitted ends exactly once: by its completion, or as lost with its queue. What it needs
//! to stay alive meanwhile (buffers, lists) is kept by the queue, not by the waiting thread, so that giving up
//! a wait does not give the card freed memory.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;
use karat_abi::registers::{DOORBELL, DOORBELL_STRIDE};
use karat_abi::{Completion, Opcode, Status, Submission};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::image::CRC;
use crate::{DmaMemory, Error, Transport, TransportError};

/// The longest that a waiting thread stays below the driver before it looks around.
const SLICE: Duration = Duration::from_millis(250);

/// What the queue keeps for a command under way.
enum Slot {
    Free,
    /// The card has it.
    Running {
        payload: Box<dyn Any + Send>,
    },
    /// It has ended and nobody has asked yet.
    Done {
        payload: Box<dyn Any + Send>,
        completion: Completion,
    },
    /// The card has it, and nobody will ask.
    Orphan {
        _payload: Box<dyn Any + Send>,
    },
}

struct State {
    slots: Vec<Slot>,
    sq_tail: usize,
    cq_head: usize,
    phase: u16,
    /// A thread waits for the interrupt on behalf of all.
    leader: bool,
    commands: u64,
}

/// One queue pair. Clones are the same queue.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    number: u32,
    entries: usize,
    sq: DmaMemory,
    cq: DmaMemory,
    ids: ArrayQueue<u16>,
    state: Mutex<State>,
    /// A command ended, or the leader stepped down.
    changed: Condvar,
}

/// A command under way, and what it took with it.
#[must_use = "a command that nobody waits for keeps its buffers until it ends"]
pub struct Pending<T: Send + 'static> {
    queue: Queue,
    id: u16,
    opcode: Opcode,
    waited: bool,
    payload: PhantomData<T>,
}

impl Queue {
    /// A pair of rings of `entries` entries, a power of two. The card does not know them yet.
    pub(crate) fn new(transport: Arc<dyn Transport>, number: u32, entries: usize) -> Result<Self, TransportError> {
        let sq = transport.allocate(entries * size_of::<Submission>())?;
        let cq = transport.allocate(entries * size_of::<Completion>())?;
        for ring in [&sq, &cq] {
            if ring.pieces().len() != 1 {
                let reason = "a ring comes in several pieces, but must be in one".into();
                return Err(TransportError::Memory { bytes: ring.bytes(), reason });
            }
        }
        // One entry fewer than the ring, so that a full ring differs from an empty one.
        let ids = ArrayQueue::new(entries - 1);
        for id in 0..entries as u16 - 1 {
            let _ = ids.push(id);
        }
        let slots = (1..entries).map(|_| Slot::Free).collect();
        let state = State { slots, sq_tail: 0, cq_head: 0, phase: 1, leader: false, commands: 0 };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        Ok(Self(Arc::new(Inner { transport, number, entries, sq, cq, ids, state, changed })))
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
        (self.0.sq.pieces()[0].address, self.0.cq.pieces()[0].address)
    }

    /// Entries of each ring.
    pub(crate) fn entries(&self) -> usize {
        self.0.entries
    }

    /// Submits a command, waiting at most `timeout` for room in the ring. `id` and `crc` are filled in; `payload` is kept
    /// until the command has ended and comes back with its completion.
    pub fn submit<T: Send + 'static>(
        &self,
        opcode: Opcode,
        mut submission: Submission,
        payload: T,
        timeout: Duration,
    ) -> Result<Pending<T>, Error> {
        let start = Instant::now();
        let id = loop {
            match self.0.ids.pop() {
                Some(id) => break id,
                None => self.turn(&format!("room in queue {}", self.0.number), start, timeout)?,
            }
        };
        submission.opcode = opcode as u8;
        submission.id = id;
        submission.crc = CRC.checksum(&bytemuck::bytes_of(&submission)[..60]);
        let mut state = self.0.state.lock();
        let tail = state.sq_tail;
        self.0.sq.write(tail * size_of::<Submission>() / 8, bytemuck::cast_slice(&[submission]));
        state.slots[usize::from(id)] = Slot::Running { payload: Box::new(payload) };
        state.sq_tail = (tail + 1) % self.0.entries;
        state.commands += 1;
        self.0.transport.write32(self.doorbell(), state.sq_tail as u32);
        Ok(Pending { queue: self.clone(), id, opcode, waited: false, payload: PhantomData })
    }

    fn doorbell(&self) -> u32 {
        DOORBELL + self.0.number * DOORBELL_STRIDE
    }

    /// Takes what has come into the completion ring.
    fn reap(&self, state: &mut State) {
        let first = state.cq_head;
        loop {
            let mut words = [0u64; 2];
            self.0.cq.read(state.cq_head * 2, &mut words);
            let completion: Completion = bytemuck::cast(words);
            if completion.status & 1 != state.phase {
                break;
            }
            state.cq_head = (state.cq_head + 1) % self.0.entries;
            if state.cq_head == 0 {
                state.phase ^= 1;
            }
            let Some(slot) = state.slots.get_mut(usize::from(completion.id)) else {
                tracing::error!(
                    queue = self.0.number,
                    id = completion.id,
                    "the card completed an id that does not exist"
                );
                continue;
            };
            *slot = match std::mem::replace(slot, Slot::Free) {
                Slot::Running { payload } => Slot::Done { payload, completion },
                Slot::Orphan { .. } => {
                    let _ = self.0.ids.push(completion.id);
                    Slot::Free
                }
                other => {
                    tracing::error!(
                        queue = self.0.number,
                        id = completion.id,
                        "the card completed an id that was not outstanding"
                    );
                    other
                }
            };
        }
        if state.cq_head != first {
            self.0.transport.write32(self.doorbell() + 4, state.cq_head as u32);
            self.0.changed.notify_all();
        }
    }

    /// Waits one slice for something to change: as the leader below the driver, otherwise for the leader.
    fn turn(&self, what: &str, start: Instant, timeout: Duration) -> Result<(), Error> {
        let mut state = self.0.state.lock();
        self.reap(&mut state);
        self.turn_locked(&mut state, what, start, timeout)
    }

    fn turn_locked(
        &self,
        state: &mut MutexGuard<'_, State>,
        what: &str,
        start: Instant,
        timeout: Duration,
    ) -> Result<(), Error> {
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            let waited = start.elapsed();
            return Err(crate::device::diagnose(&*self.0.transport, what, waited));
        }
        let slice = left.min(SLICE);
        if state.leader {
            self.0.changed.wait_for(state, slice);
            return Ok(());
        }
        state.leader = true;
        let result = MutexGuard::unlocked(state, || self.0.transport.wait_interrupt(self.0.number, slice));
        state.leader = false;
        self.reap(state);
        self.0.changed.notify_all();
        result.map(|_| ()).map_err(Error::from)
    }
}

impl<T: Send + 'static> Pending<T> {
    /// The command's id, for [`Submission::after`].
    pub fn id(&self) -> u16 {
        self.id
    }

    /// Waits for the completion. What went with the command comes back in any case but a time-out or a lost card; then it is
    /// kept until the command ends.
    pub fn wait(mut self, timeout: Duration) -> Result<(T, Result<Completion, Error>), Error> {
        let start = Instant::now();
        let queue = self.queue.clone();
        let mut state = queue.0.state.lock();
        loop {
            queue.reap(&mut state);
            let slot = &mut state.slots[usize::from(self.id)];
            if matches!(slot, Slot::Done { .. })
                && let Slot::Done { payload, completion } = std::mem::replace(slot, Slot::Free)
            {
                self.waited = true;
                let _ = queue.0.ids.push(self.id);
                let payload = payload.downcast::<T>().expect("the payload is what was submitted");
                return Ok((*payload, self.outcome(completion)));
            }
            let what = format!("{:?} (id {}, queue {})", self.opcode, self.id, queue.0.number);
            queue.turn_locked(&mut state, &what, start, timeout)?;
        }
    }

    fn outcome(&self, completion: Completion) -> Result<Completion, Error> {
        let (opcode, status) = (self.opcode, completion.status >> 1);
        match Status::from_u16(status) {
            Some(Status::Success) => Ok(completion),
            Some(status) => Err(Error::Command { opcode, status, result: completion.result }),
            None => Err(Error::UnknownStatus { opcode, status }),
        }
    }
}

impl<T: Send + 'static> Drop for Pending<T> {
    fn drop(&mut self) {
        if self.waited {
            return;
        }
        let mut state = self.queue.0.state.lock();
        let slot = &mut state.slots[usize::from(self.id)];
        *slot = match std::mem::replace(slot, Slot::Free) {
            Slot::Running { payload } => Slot::Orphan { _payload: payload },
            Slot::Done { .. } => {
                let _ = self.queue.0.ids.push(self.id);
                Slot::Free
            }
            other => other,
        };
    }
}
