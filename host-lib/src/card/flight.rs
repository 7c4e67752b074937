//! Commands under way. Operations submit and go on; what returns data to the host waits for all of them first.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use karat_driver::{CardMemory, Error, Pending};

/// How long a command may take if nothing else is said: a bound against cards that never answer, far above what any command takes.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(3600);
/// Commands under way at most: fewer than a queue holds, which would otherwise fill with ended ones.
const LIMIT: usize = 32;

/// One command: how to wait for it, and the card memory that must stay until it ends.
struct Command {
    wait: Box<dyn FnOnce() -> Result<(), Error> + Send>,
    _memory: Vec<Arc<CardMemory>>,
}

/// All commands that nobody has waited for yet.
pub(super) struct Flight {
    /// How long each may take.
    pub limit: Duration,
    commands: Vec<Command>,
    /// Counts the times that everything was waited for.
    epoch: u64,
    /// When the last command ended, if there is none.
    idle_since: Option<Instant>,
    /// How long there was none, between commands.
    idle: Duration,
}

/// A command to wait for, unless everything was waited for since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket {
    id: u16,
    epoch: u64,
}

impl Flight {
    /// No commands yet, of which each may take so long.
    pub fn new(limit: Duration) -> Self {
        Self { limit, commands: Vec::new(), epoch: 0, idle_since: None, idle: Duration::ZERO }
    }

    /// Takes over a command that works on `memory`.
    pub fn add<T: Any + Send>(&mut self, pending: Pending<T>, memory: &[&Arc<CardMemory>]) -> Result<Ticket, Error> {
        let id = pending.id();
        self.begins();
        let limit = self.limit;
        let wait = Box::new(move || pending.wait(limit)?.1.map(|_| ()));
        let memory = memory.iter().map(|memory| Arc::clone(memory)).collect();
        self.commands.push(Command { wait, _memory: memory });
        let ticket = Ticket { id, epoch: self.epoch };
        if self.commands.len() >= LIMIT {
            self.finish()?;
        }
        Ok(ticket)
    }

    /// The command id of a ticket, if the command may still be under way.
    pub fn id(&self, ticket: Ticket) -> Option<u16> {
        (ticket.epoch == self.epoch).then_some(ticket.id)
    }

    /// Waits for all commands. The first failure is reported, after all have ended.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.epoch += 1;
        let mut result = Ok(());
        for command in std::mem::take(&mut self.commands) {
            result = result.and((command.wait)());
        }
        self.ends();
        result
    }

    /// A command was submitted.
    pub fn begins(&mut self) {
        self.idle += self.idle_since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// All commands have ended.
    pub fn ends(&mut self) {
        self.idle_since = Some(Instant::now());
    }

    /// How long there was no command, between commands.
    pub fn idle(&self) -> Duration {
        self.idle
    }
}
