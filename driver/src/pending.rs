//! Commands under way.

use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};
use karat_abi::{Completion, Opcode, Status};

use crate::queue::Why;
use crate::{Error, Queue};

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// By its completion.
    Completed(Completion),
    /// With its queue.
    Stopped(Why),
}

/// What a command took with it, when nobody wants it back. To be dropped without a lock: its owner decides what that does.
pub(crate) type Garbage = Box<dyn Send>;
/// Hands a command's payload and end to whoever waits for it.
pub(crate) type Ending = Box<dyn FnOnce(End) -> Option<Garbage> + Send>;

/// A command under way, and what it took with it. Dropped, it leaves the command to itself: what it took is freed when it
/// has ended.
#[must_use = "a command that nobody waits for keeps its buffers until it ends"]
pub struct Pending<T: Send + 'static> {
    queue: Queue,
    id: u16,
    opcode: Opcode,
    ended: Receiver<(T, End)>,
}

impl<T: Send + 'static> Pending<T> {
    /// A command that is about to be submitted, and the other end of it, which keeps the payload.
    pub(crate) fn new(queue: Queue, id: u16, opcode: Opcode, payload: T) -> (Self, Ending) {
        let (sender, ended) = bounded(1);
        let ending = Box::new(move |end| -> Option<Garbage> {
            let unwanted = sender.send((payload, end)).err()?;
            Some(Box::new(unwanted.into_inner()))
        });
        (Self { queue, id, opcode, ended }, ending)
    }

    /// The command's id, for [`karat_abi::Submission::after`].
    pub fn id(&self) -> u16 {
        self.id
    }

    /// Waits for the end of the command. What went with it comes back, however it ended; after a time-out or with a lost card it
    /// is kept until the card is known not to touch it any more.
    pub fn wait(self, timeout: Duration) -> Result<(T, Result<Completion, Error>), Error> {
        let (payload, end) = self.end(timeout)?;
        Ok((payload, self.outcome(end)))
    }

    /// Waits for the end of the command, once.
    pub(crate) fn end(&self, timeout: Duration) -> Result<(T, End), Error> {
        let what = || format!("{:?} (id {}, queue {})", self.opcode, self.id, self.queue.number());
        self.queue.wait_for(&what, timeout, || self.ended.try_recv().ok())
    }

    /// The same command with its payload and its end put back.
    pub(crate) fn ended(self, payload: T, end: End) -> Self {
        let (pending, ending) = Self::new(self.queue, self.id, self.opcode, payload);
        drop(ending(end));
        pending
    }

    /// The completion, if there is one.
    pub(crate) fn completion(&self, end: End) -> Result<Completion, Error> {
        match end {
            End::Completed(completion) => Ok(completion),
            End::Stopped(why) => Err(self.queue.refusal(why)),
        }
    }

    fn outcome(&self, end: End) -> Result<Completion, Error> {
        let opcode = self.opcode;
        let completion = self.completion(end)?;
        match Status::from_u16(completion.status >> 1) {
            Some(Status::Success) => Ok(completion),
            Some(status) => Err(Error::Command { opcode, status, result: completion.result }),
            None => Err(Error::UnknownStatus { opcode, status: completion.status >> 1 }),
        }
    }
}
