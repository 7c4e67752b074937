//! Whose turn it is in a lane: commands that may start, commands that wait for others, and the one that the lane's job is about.

use karat_abi::{Engine, Status};

use crate::card::{Card, ListFetch};
use crate::command::{Commands, Failure, SLOTS};
use crate::fifo::Fifo;
use crate::hardware::Hardware;
use crate::mailbox::List;

/// How far the lane's job has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There is no job.
    Idle,
    /// Arguments are on their way.
    Arguments,
    /// It does what can be done before it starts.
    Preparing,
    /// It has done all that.
    Prepared,
    /// Its first descriptor is queued as soon as the engines are done that have the last ones of those it waits for.
    Armed,
    /// It will fail when its turn comes.
    Refused(Failure),
    /// It was forgotten, and its arguments are still on their way.
    Forgotten,
    /// The command has started.
    Running,
}

/// What comes of the command whose turn it is.
pub(crate) enum Start {
    /// It has started.
    Running,
    /// It has failed.
    Refused(Failure),
    /// It has to wait, for others or for what is being prepared.
    Waits,
}

/// Nothing here depends on the kind of job, so that the image has it once.
pub(crate) struct Turn {
    /// Commands that may start, in the order in which they became ready, and those that wait for others, in order of arrival. Not
    /// the job's.
    ready: Fifo<SLOTS>,
    blocked: Fifo<SLOTS>,
    pub(crate) phase: Phase,
    /// Command of the job.
    pub(crate) slot: u8,
    /// When it was last tried to arm it, as [`Commands::changes`] counts.
    pub(crate) seen: u32,
    arguments: ListFetch,
}

impl Turn {
    #[inline(never)]
    pub(crate) fn new() -> Self {
        let (ready, blocked) = (Fifo::new(), Fifo::new());
        Self { ready, blocked, phase: Phase::Idle, slot: 0, seen: 0, arguments: ListFetch::default() }
    }

    /// Takes a command, which may start or has to wait for others.
    #[inline]
    pub(crate) fn add(&mut self, slot: u8, blocked: bool) {
        if blocked { self.blocked.push(slot) } else { self.ready.push(slot) }
    }

    /// A command need wait no longer. It may have started already.
    #[inline(never)]
    pub(crate) fn unblock(&mut self, slot: u8) {
        if self.blocked.take_out(1 << slot) != 0 {
            self.ready.push(slot);
        }
    }

    /// Whether a command that comes now can start at once.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        self.phase == Phase::Idle && self.ready.is_empty()
    }

    /// Whether there is nothing to do: no command, or one that is prepared and waits for others. Those that are draining are before it
    /// in any case.
    #[inline]
    pub(crate) fn rests(&self, commands: &Commands, draining: u32) -> bool {
        self.ready.is_empty()
            && match self.phase {
                Phase::Idle => self.blocked.is_empty(),
                Phase::Prepared => self.seen == commands.changes && commands.is_blocked(self.slot, draining),
                Phase::Armed | Phase::Refused(_) => commands.is_blocked(self.slot, draining),
                _ => false,
            }
    }

    /// Chooses the command of the next job, if there is one: one that may start, or else one to be prepared.
    #[inline(never)]
    pub(crate) fn choose(&mut self, commands: &Commands, arguments: Option<(List, u32)>) -> bool {
        let Some(slot) = self.ready.pop().or_else(|| self.blocked.pop()) else { return false };
        self.slot = slot;
        self.seen = commands.changes.wrapping_sub(1);
        self.phase = Phase::Preparing;
        if let Some((_, beat)) = arguments {
            let submission = &commands.get(slot).submission;
            self.arguments = ListFetch::new(submission.list, submission.list_len, beat);
            self.phase = Phase::Arguments;
        }
        true
    }

    /// Goes on to fetch the arguments. True when they are there.
    #[inline(never)]
    pub(crate) fn fetch<H: Hardware>(&mut self, card: &mut Card<H>, list: List) -> bool {
        if !self.arguments.step(card, list) {
            return false;
        }
        let failed = self.arguments.failed();
        if failed {
            self.phase = Phase::Refused(Failure::new(Status::BusError, Engine::Mailbox as u32));
        }
        !failed
    }

    /// Arguments have arrived, with or without a bus error.
    #[inline(never)]
    pub(crate) fn arrived(&mut self, failed: bool) {
        self.arguments.arrived(failed);
        if self.phase == Phase::Forgotten && self.arguments.is_over() {
            self.phase = Phase::Idle;
        }
    }

    /// Starts the command of the job if it may and everything is prepared. Makes way for others if it may not.
    #[inline(never)]
    pub(crate) fn start(&mut self, commands: &mut Commands, draining: u32) -> Start {
        if matches!(self.phase, Phase::Idle | Phase::Forgotten) {
            return Start::Waits;
        }
        if commands.is_blocked(self.slot, draining) {
            // One that is armed will not be waited for long.
            if !self.ready.is_empty() && self.phase != Phase::Armed {
                self.blocked.push_front(self.slot);
                self.forget();
            }
            return Start::Waits;
        }
        match self.phase {
            Phase::Prepared | Phase::Armed => {
                commands.start(self.slot);
                self.phase = Phase::Running;
                Start::Running
            }
            Phase::Refused(failure) => {
                commands.start(self.slot);
                self.phase = Phase::Idle;
                Start::Refused(failure)
            }
            _ => Start::Waits,
        }
    }

    /// Gives up the commands of `slots`: those that are taken out, and the one that the lane still has to do with, a bit a slot. What is
    /// on its way from the host for a command has to arrive before the command ends, since its memory may be gone then.
    #[inline(never)]
    pub(crate) fn abort(&mut self, slots: u32) -> (u32, u32) {
        let removed = self.ready.take_out(slots) | self.blocked.take_out(slots);
        let mine = slots & 1 << self.slot;
        match self.phase {
            _ if mine == 0 => (removed, 0),
            Phase::Idle => (removed, 0),
            Phase::Running | Phase::Armed => (removed, mine),
            Phase::Arguments | Phase::Forgotten => {
                self.arguments.give_up();
                self.phase = Phase::Arguments;
                (removed & !mine, mine)
            }
            Phase::Preparing | Phase::Prepared | Phase::Refused(_) => {
                self.phase = Phase::Idle;
                (removed | mine, 0)
            }
        }
    }

    /// Forgets a job that has not started.
    fn forget(&mut self) {
        self.phase = Phase::Idle;
        if !self.arguments.is_over() {
            // What is on its way must not arrive for another job.
            self.arguments.give_up();
            self.phase = Phase::Forgotten;
        }
    }
}
