//! The commands in flight, of all queues.

use karat_abi::{Status, Submission};

use crate::fifo::Fifo;

/// Commands in flight over all queues.
pub(crate) const SLOTS: usize = 32;

/// Why a command fails, and the value that its completion shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) result: u64,
}

impl Failure {
    pub(crate) fn new(status: Status, result: impl Into<u64>) -> Self {
        /// Never on the way of a good command, and the compiler is told so.
        #[cold]
        fn new(status: Status, result: u64) -> Failure {
            Failure { status, result }
        }
        new(status, result.into())
    }
}

/// What a command comes to: the result of its completion, or why it failed.
pub(crate) type Outcome = Result<u64, Failure>;

/// One command in flight.
#[derive(Clone, Copy)]
pub(crate) struct Command {
    pub(crate) submission: Submission,
    /// Queue that it came from.
    pub(crate) queue: u8,
    /// Its queue was deleted: whatever it comes to, it completes as aborted.
    pub(crate) aborted: bool,
    /// It was started, and is in the account of stages or about to be.
    pub(crate) started: bool,
    /// Commands that it waits for, a bit a slot.
    pub(crate) blocked_by: u32,
    pub(crate) outcome: Outcome,
}

/// The table of commands in flight.
pub(crate) struct Commands {
    slots: [Command; SLOTS],
    /// Slots in use.
    pub(crate) active: u32,
    /// The other slots, as a stack.
    free: [u8; SLOTS],
    frees: usize,
    /// Slots that wait for others.
    blocked: u32,
    /// Slots whose commands have come to an end, and whose completions are not posted yet. Who waits for them need not wait for that.
    ended: u32,
    /// Commands that started and were not entered into the account of stages yet, a bit a slot.
    pub(crate) begun: u32,
    /// Slots whose commands have come to an end, to be completed in this order.
    pub(crate) finished: Fifo<SLOTS>,
}

impl Commands {
    pub(crate) fn new() -> Self {
        let none = Command {
            submission: bytemuck::Zeroable::zeroed(),
            queue: 0,
            aborted: false,
            started: false,
            blocked_by: 0,
            outcome: Ok(0),
        };
        let free = core::array::from_fn(|slot| slot as u8);
        Self {
            slots: [none; SLOTS],
            active: 0,
            free,
            frees: SLOTS,
            blocked: 0,
            ended: 0,
            begun: 0,
            finished: Fifo::new(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, slot: u8) -> &Command {
        &self.slots[slot as usize & (SLOTS - 1)]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u8) -> &mut Command {
        &mut self.slots[slot as usize & (SLOTS - 1)]
    }

    /// Takes a free slot for a command of a queue, to be filled and inserted. The last one is kept for the admin queue, so that it
    /// is always heard.
    #[inline]
    pub(crate) fn take_slot(&mut self, queue: u8) -> Option<u8> {
        let kept = usize::from(queue != 0);
        if self.frees <= kept {
            return None;
        }
        self.frees -= 1;
        self.free.get(self.frees).copied()
    }

    /// Gives back a slot that was not inserted.
    #[inline]
    pub(crate) fn give_back(&mut self, slot: u8) {
        if let Some(free) = self.free.get_mut(self.frees) {
            *free = slot;
            self.frees += 1;
        }
    }

    /// Takes a slot into use, whose submission stands there already.
    #[inline]
    pub(crate) fn insert(&mut self, slot: u8, queue: u8, blocked_by: u32) {
        let command = self.get_mut(slot);
        command.queue = queue;
        command.aborted = false;
        command.started = false;
        command.blocked_by = blocked_by;
        self.active |= 1 << slot;
        if blocked_by != 0 {
            self.blocked |= 1 << slot;
        }
    }

    /// Whether a command still waits for others to end.
    #[inline]
    pub(crate) fn is_blocked(&self, slot: u8) -> bool {
        self.get(slot).blocked_by & !self.ended != 0
    }

    /// A command starts.
    #[inline]
    pub(crate) fn start(&mut self, slot: u8) {
        let command = self.get_mut(slot);
        if !command.started {
            command.started = true;
            self.begun |= 1 << slot;
        }
    }

    /// Those of `among` that satisfy a condition, a bit a slot.
    pub(crate) fn select(&self, among: u32, condition: impl Fn(&Command) -> bool) -> u32 {
        slots(among).filter(|slot| condition(self.get(*slot))).fold(0, |mask, slot| mask | 1 << slot)
    }

    /// A command has come to an end: it waits for its completion to be posted.
    pub(crate) fn finish(&mut self, slot: u8, outcome: Outcome) {
        let command = self.get_mut(slot);
        command.outcome = if command.aborted { Err(Failure { status: Status::Aborted, result: 0 }) } else { outcome };
        command.blocked_by = 0;
        self.blocked &= !(1 << slot);
        self.ended |= 1 << slot;
        self.finished.push(slot);
    }

    /// Frees a slot. The result are the commands that need wait no longer, a bit a slot.
    pub(crate) fn release(&mut self, slot: u8) -> u32 {
        self.active &= !(1 << slot);
        self.ended &= !(1 << slot);
        self.give_back(slot);
        let mut ready = 0;
        for waiting in slots(self.blocked) {
            let command = self.get_mut(waiting);
            command.blocked_by &= !(1 << slot);
            if command.blocked_by == 0 {
                ready |= 1 << waiting;
            }
        }
        self.blocked &= !ready;
        ready
    }
}

/// The set bits of a mask, lowest first.
pub(crate) fn slots(mut mask: u32) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        // Asked first: the processor has no instruction that counts zeros.
        if mask == 0 {
            return None;
        }
        let slot = mask.trailing_zeros() as u8;
        mask &= mask - 1;
        Some(slot)
    })
}
