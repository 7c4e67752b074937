//! Lanes: each serves the commands of one kind of work in order of their readiness, one job at a time, and starts the next job
//! while the engines still hold the last descriptors of the one before.

use karat_abi::{Engine, Status, Submission};

use crate::card::Card;
use crate::command::{Commands, Failure, Outcome, SLOTS};
use crate::fifo::Fifo;
use crate::hardware::{Engines, Hardware, Ticket};
use crate::mailbox::List;
use crate::session::Sessions;

/// How far a job has come.
pub(crate) enum Step {
    /// Poll it again.
    Again,
    /// Every descriptor was pushed: the command ends with the last descriptor of the job's engine, like this.
    Pushed(Outcome),
    /// Every descriptor that it pushed is done: the command ends now, with this result.
    Done(u64),
    /// It failed before any descriptor was pushed.
    Failed(Failure),
}

impl From<Result<Step, Failure>> for Step {
    fn from(result: Result<Step, Failure>) -> Self {
        result.unwrap_or_else(Step::Failed)
    }
}

/// The state machine of one command.
pub(crate) trait Job {
    /// The command is done when the last descriptor pushed to this engine is.
    const ENGINE: Engine;
    /// A bus error of one of these spoils the result.
    const USES: &[Engine];

    /// No job. Jobs are set up in place, since the larger ones take long to move.
    fn idle() -> Self;
    /// Sets up the job of a command that was validated as far as its entry goes.
    fn begin(&mut self, submission: &Submission);
    /// As `begin`, after the first descriptor is pushed if nothing has to be looked up for it; the others come with the steps.
    fn begin_at_once<H: Hardware>(&mut self, _: &mut Card<H>, submission: &Submission) {
        self.begin(submission);
    }
    /// Does what can be done now.
    fn step<H: Hardware>(&mut self, card: &mut Card<H>, sessions: &Sessions, submission: &Submission) -> Step;
    /// A list that it fetches has arrived, with or without a bus error.
    fn arrived(&mut self, list: List, failed: bool);
    /// Pushes nothing more than it must: its queue is being deleted.
    fn abort(&mut self) {}
}

#[derive(Clone, Copy)]
struct Draining {
    slot: u8,
    ticket: Ticket,
    outcome: Outcome,
}

/// Jobs of one kind.
pub(crate) struct Lane<J> {
    /// Commands that may start.
    waiting: Fifo<SLOTS>,
    running: bool,
    /// Command of the job, if one is running.
    slot: u8,
    job: J,
    /// Commands whose descriptors were all pushed, oldest first. An engine holds two descriptors, so that two do.
    draining: [Draining; 2],
    drains: usize,
}

impl<J: Job> Lane<J> {
    pub(crate) fn new() -> Self {
        const NONE: Draining = Draining { slot: 0, ticket: Ticket::NONE, outcome: Ok(0) };
        Self { waiting: Fifo::new(), running: false, slot: 0, job: J::idle(), draining: [NONE; 2], drains: 0 }
    }

    /// A command may start.
    #[inline]
    pub(crate) fn add(&mut self, slot: u8) {
        self.waiting.push(slot);
    }

    /// Starts a command now, or when those before it are out of the way.
    #[inline(always)]
    pub(crate) fn start<H: Hardware>(&mut self, slot: u8, card: &mut Card<H>, submission: &Submission) {
        if self.running || !self.waiting.is_empty() {
            return self.add(slot);
        }
        self.job.begin_at_once(card, submission);
        self.running = true;
        self.slot = slot;
    }

    /// Whether there is nothing to poll for.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        !self.running && self.drains == 0 && self.waiting.is_empty()
    }

    /// A list has arrived for the job under way.
    pub(crate) fn arrived(&mut self, list: List, failed: bool) {
        if self.running {
            self.job.arrived(list, failed);
        }
    }

    /// Gives up the commands of `slots`: those that have not started are taken out (a bit a slot), the others end early.
    pub(crate) fn abort(&mut self, slots: u32) -> u32 {
        let mut removed = 0;
        for _ in 0..self.waiting.len() {
            if let Some(slot) = self.waiting.pop() {
                if slots >> slot & 1 == 1 { removed |= 1 << slot } else { self.waiting.push(slot) }
            }
        }
        if self.running && slots >> self.slot & 1 == 1 {
            self.job.abort();
        }
        removed
    }

    /// Does what can be done now.
    #[inline]
    pub(crate) fn poll<H: Hardware>(&mut self, card: &mut Card<H>, commands: &mut Commands, sessions: &Sessions) {
        if self.drains != 0 {
            self.drain(card, commands);
            if self.drains == self.draining.len() {
                return;
            }
        }
        if !self.running {
            let Some(slot) = self.waiting.pop() else { return };
            self.running = true;
            self.slot = slot;
            self.job.begin(&commands.get(slot).submission);
        }
        match self.job.step(card, sessions, &commands.get(self.slot).submission) {
            Step::Again => (),
            Step::Failed(failure) => {
                self.running = false;
                commands.finish(self.slot, Err(failure));
            }
            Step::Done(result) => {
                self.running = false;
                commands.finish(self.slot, Self::unless_faulted(card, Ok(result)));
            }
            Step::Pushed(outcome) => {
                self.running = false;
                let ticket = card.engines.last(J::ENGINE);
                if let Some(free) = self.draining.get_mut(self.drains) {
                    *free = Draining { slot: self.slot, ticket, outcome };
                    self.drains += 1;
                }
            }
        }
    }

    #[inline(never)]
    fn drain<H: Hardware>(&mut self, card: &mut Card<H>, commands: &mut Commands) {
        let Draining { slot, ticket, outcome } = self.draining[0];
        if !card.engines.reached(&mut card.hardware, J::ENGINE, ticket) {
            return;
        }
        self.draining[0] = self.draining[1];
        self.drains -= 1;
        commands.finish(slot, Self::unless_faulted(card, outcome));
    }

    /// What a command comes to, if no bus error has spoiled it.
    fn unless_faulted<H: Hardware>(card: &mut Card<H>, mut outcome: Outcome) -> Outcome {
        for engine in J::USES {
            if Engines::faulted(&mut card.hardware, *engine) {
                outcome = Err(Failure::new(Status::BusError, *engine as u32));
            }
        }
        outcome
    }
}
