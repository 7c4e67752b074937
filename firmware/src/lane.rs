//! Lanes: each serves the commands of one kind of work, one job at a time, and starts the next job while the engines still hold the
//! last descriptors of the one before.
//!
//! A command that waits for none but those whose last descriptors the engine holds does not wait. One that waits for those whose last
//! descriptors other engines hold gives its first descriptor to the hardware, which queues it when those engines are done.
//!
//! A lane that has nothing to start prepares a command that still waits for others: what it fetches and checks then is not waited for
//! later. One that may start goes first, and what was prepared is forgotten.

use karat_abi::{Engine, Status, Submission};

use crate::card::Card;
use crate::command::{Commands, Failure, Outcome};
use crate::hardware::{Engines, Hardware, Ticket};
use crate::mailbox::List;
use crate::session::Sessions;
use crate::turn::{Phase, Start, Turn};

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

/// The state machine of one command.
pub(crate) trait Job {
    /// The command is done when the last descriptor pushed to this engine is.
    const ENGINE: Engine;
    /// A bus error of one of these spoils the result.
    const USES: &[Engine];
    /// Where in mailbox RAM the command's list goes as a whole before anything else, if it has one that does.
    const ARGUMENTS: Option<(List, u32)> = None;

    /// No job. Jobs are set up in place, since the larger ones take long to move.
    fn idle() -> Self;
    /// Sets up the job of a command that was validated as far as its entry goes.
    fn begin(&mut self, submission: &Submission);
    /// As `begin`, after the first descriptor is pushed if nothing has to be looked up for it; the others come with the steps.
    fn begin_at_once<H: Hardware>(&mut self, _: &mut Card<H>, submission: &Submission) {
        self.begin(submission);
    }
    /// Takes the arguments, which have arrived. Other commands may end before this one starts, so that only what stays is looked at.
    fn check<H: Hardware>(&mut self, _: &mut Card<H>, _: &Sessions, _: &Submission) -> Result<(), Failure> {
        Ok(())
    }
    /// Does what can be done before the command may start, and leaves nothing on its way to mailbox RAM; true when that is all.
    fn prepare<H: Hardware>(&mut self, _: &mut Card<H>) -> bool {
        true
    }
    /// Lets the first descriptors wait for `engines` (a bit each), if that can be done.
    fn arm<H: Hardware>(&mut self, _: &mut Card<H>, _: &Submission, _engines: u32) -> bool {
        false
    }
    /// Does what can be done now.
    fn step<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission) -> Step;
    /// A list that it fetches itself has arrived, with or without a bus error.
    fn arrived(&mut self, _: List, _: bool) {}
    /// Pushes nothing more than it must: its queue is being deleted.
    fn abort(&mut self) {}
}

#[derive(Clone, Copy)]
struct Draining {
    slot: u8,
    ticket: Ticket,
    outcome: Outcome,
}

/// The set bits of a mask.
#[inline(never)]
fn count(mask: u32) -> u32 {
    mask.count_ones()
}

/// Jobs of one kind.
pub(crate) struct Lane<J> {
    /// Commands that it was given and that have not ended.
    commands: u32,
    turn: Turn,
    job: J,
    /// Commands whose descriptors were all pushed, oldest first. An engine holds two descriptors, so that two do.
    draining: [Draining; 2],
    drains: usize,
}

impl<J: Job> Lane<J> {
    pub(crate) fn new() -> Self {
        const NONE: Draining = Draining { slot: 0, ticket: Ticket::NONE, outcome: Ok(0) };
        Self { commands: 0, turn: Turn::new(), job: J::idle(), draining: [NONE; 2], drains: 0 }
    }

    /// Takes a command, which may start or has to wait for others.
    #[inline]
    pub(crate) fn add(&mut self, slot: u8, blocked: bool) {
        self.commands += 1;
        self.turn.add(slot, blocked);
    }

    /// A command need wait no longer. It may have started already.
    pub(crate) fn unblock(&mut self, slot: u8) {
        self.turn.unblock(slot);
    }

    /// Starts a command now, or when those before it are out of the way.
    #[inline(always)]
    pub(crate) fn start<H: Hardware>(&mut self, slot: u8, card: &mut Card<H>, submission: &Submission) {
        if !self.turn.is_free() {
            return self.add(slot, false);
        }
        self.job.begin_at_once(card, submission);
        self.commands += 1;
        self.turn.phase = Phase::Running;
        self.turn.slot = slot;
    }

    /// Whether there is nothing to poll for. Asked of every lane again and again.
    #[inline]
    pub(crate) fn rests(&self, commands: &Commands) -> bool {
        self.commands == 0 || (self.drains == 0 && self.turn.rests(commands, 0))
    }

    /// A list has arrived for the job.
    pub(crate) fn arrived(&mut self, list: List, failed: bool) {
        if J::ARGUMENTS.is_some_and(|(arguments, _)| arguments == list) {
            self.turn.arrived(failed);
        } else if self.turn.phase == Phase::Running {
            self.job.arrived(list, failed);
        }
    }

    /// Gives up the commands of `slots`: those that are taken out, and the one that ends early, a bit a slot.
    pub(crate) fn abort(&mut self, slots: u32) -> (u32, u32) {
        let (removed, kept) = self.turn.abort(slots);
        self.commands -= count(removed);
        if kept != 0 && self.turn.phase != Phase::Arguments {
            self.job.abort();
        }
        (removed, kept)
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
        if self.turn.phase != Phase::Running && !self.starts(card, commands, sessions) {
            return;
        }
        let slot = self.turn.slot;
        let ended = match self.job.step(card, &commands.get(slot).submission) {
            Step::Again => return,
            Step::Failed(failure) => Err(failure),
            Step::Done(result) => Self::unless_faulted(card, Ok(result)),
            Step::Pushed(outcome) => {
                self.turn.phase = Phase::Idle;
                let ticket = card.engines.last(J::ENGINE);
                commands.pushed(slot, J::ENGINE);
                if let Some(free) = self.draining.get_mut(self.drains) {
                    *free = Draining { slot, ticket, outcome };
                    self.drains += 1;
                }
                return;
            }
        };
        self.turn.phase = Phase::Idle;
        self.end(commands, slot, ended);
    }

    fn end(&mut self, commands: &mut Commands, slot: u8, outcome: Outcome) {
        self.commands -= 1;
        commands.finish(slot, outcome);
    }

    /// Chooses the next command, if there is one.
    fn choose(&mut self, commands: &Commands) -> bool {
        let chosen = self.turn.choose(commands, J::ARGUMENTS);
        if chosen {
            self.job.begin(&commands.get(self.turn.slot).submission);
        }
        chosen
    }

    /// Starts to fetch what the next command wants, so that it comes while other lanes are polled.
    #[inline(never)]
    pub(crate) fn look_ahead<H: Hardware>(&mut self, card: &mut Card<H>, commands: &Commands) {
        if let Some((list, _)) = J::ARGUMENTS
            && self.turn.phase == Phase::Idle
            && self.choose(commands)
        {
            self.turn.fetch(card, list);
        }
    }

    /// Prepares the next command, and starts it as soon as it may: true when it has started.
    #[inline(never)]
    fn starts<H: Hardware>(&mut self, card: &mut Card<H>, commands: &mut Commands, sessions: &Sessions) -> bool {
        if self.turn.phase == Phase::Idle && !self.choose(commands) {
            return false;
        }
        if let Some((list, _)) = J::ARGUMENTS
            && self.turn.phase == Phase::Arguments
            && self.turn.fetch(card, list)
        {
            let checked = self.job.check(card, sessions, &commands.get(self.turn.slot).submission);
            self.turn.phase = checked.map_or_else(Phase::Refused, |()| Phase::Preparing);
        }
        if self.turn.phase == Phase::Preparing && self.job.prepare(card) {
            self.turn.phase = Phase::Prepared;
        }
        // An engine takes its descriptors in order, each when the one before is done.
        let draining = if self.drains == 0 { 0 } else { 1 << self.draining[0].slot };
        let armed = self.turn.phase == Phase::Armed;
        match self.turn.start(commands, draining) {
            Start::Running => {
                if armed {
                    J::USES.iter().for_each(|engine| card.engines.release(&mut card.hardware, *engine));
                }
                true
            }
            Start::Refused(failure) => {
                self.end(commands, self.turn.slot, Err(failure));
                false
            }
            Start::Waits => {
                if self.turn.phase == Phase::Prepared {
                    self.turn.seen = commands.changes;
                    let engines = commands.engines_before(self.turn.slot, draining);
                    let submission = &commands.get(self.turn.slot).submission;
                    if engines != 0 && self.job.arm(card, submission, engines) {
                        self.turn.phase = Phase::Armed;
                    }
                }
                false
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
        self.end(commands, slot, Self::unless_faulted(card, outcome));
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
