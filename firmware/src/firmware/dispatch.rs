//! From a command in its slot to its lane.

use karat_abi::{Opcode, Status, Submission, queue::NO_COMMAND, queue::flags};

use super::Firmware;
use crate::command::{Command, Failure, slots};
use crate::hardware::Hardware;
use crate::queue::{Queue, State};
use crate::validate::{self, validate};

impl<H: Hardware> Firmware<H> {
    /// The short way: starts the good upload of a queue that has nothing else under way. Nothing can be overlapped with the way to
    /// the first upload of a proof. What is not one, or not good, is left to [`Self::dispatch`].
    #[inline(always)]
    pub(super) fn starts_upload(&mut self, slot: u8) -> bool {
        let submission = &self.commands.get(slot).submission;
        let upload = submission.opcode == Opcode::Upload as u8 && submission.id != NO_COMMAND;
        let good = upload && validate::moves(submission, Opcode::Upload, &self.sessions).is_ok();
        if good {
            self.upload.start(slot, &mut self.card, submission);
        }
        good
    }

    /// Checks the entry that was read into a slot, and starts it if it waits for nothing.
    #[inline(never)]
    pub(super) fn dispatch(&mut self, queue: u8, slot: u8, intact: bool) {
        let others = self.queues.get(queue).slots;
        let Submission { id, after, flags, .. } = self.commands.get(slot).submission;
        let fence = flags & flags::FENCE != 0;
        let mut blocked_by = if fence { others } else { 0 };
        let mut twin = id == NO_COMMAND;
        for other in slots(others) {
            let other_id = self.commands.get(other).submission.id;
            twin |= other_id == id;
            if other_id == after {
                blocked_by |= 1 << other;
            }
        }
        let checked = match intact {
            false => Err(Failure::new(Status::CorruptEntry, self.queues.get(queue).position())),
            true if twin => Err(Failure::new(Status::DuplicateId, id)),
            true => validate(&self.commands.get(slot).submission, queue, &self.sessions),
        };
        let prepared = match checked {
            Ok(opcode @ (Opcode::DeleteQueue | Opcode::DeleteSession)) => self.prepare(slot, opcode).map(|others| {
                blocked_by |= others;
                opcode
            }),
            checked => checked,
        };
        match prepared {
            Err(failure) => {
                self.commands.insert(slot, queue, 0);
                self.commands.finish(slot, Err(failure));
            }
            Ok(opcode) => {
                self.commands.insert(slot, queue, blocked_by);
                self.assign(slot, opcode, blocked_by != 0);
            }
        }
    }

    /// What deletions do before they wait: nothing new may come. The commands that they wait for, a bit a slot.
    #[cold]
    fn prepare(&mut self, slot: u8, opcode: Opcode) -> Result<u32, Failure> {
        let param = self.commands.get(slot).submission.param;
        match opcode {
            Opcode::DeleteSession => {
                self.sessions.close(param)?;
                let uses = |command: &Command| command.queue != 0 && u32::from(command.submission.session) == param;
                Ok(self.commands.select(self.commands.active, uses))
            }
            Opcode::DeleteQueue => {
                let number = param as u8;
                let queue = self.queues.get(number);
                if !matches!(queue.state, State::Live | State::Frozen) {
                    return Err(Failure::new(Status::Queue, param));
                }
                queue.state = State::Closing { silent: queue.is_silent() };
                queue.waiting = 0;
                let reserved = queue.reserved.take();
                let outstanding = queue.slots;
                self.ringing &= !(1 << number);
                self.fetched &= !(1 << number);
                if let Some(slot) = reserved {
                    self.commands.give_back(slot);
                }
                self.abort(outstanding);
                Ok(outstanding)
            }
            _ => Ok(0),
        }
    }

    /// Gives up commands: those that wait end now, those under way as soon as the engines let them.
    #[cold]
    fn abort(&mut self, outstanding: u32) {
        let (mut removed, mut kept) = (0, 0);
        for (out, early) in [
            self.upload.abort(outstanding),
            self.download.abort(outstanding),
            self.transform.abort(outstanding),
            self.hash.abort(outstanding),
            self.vector.abort(outstanding),
            self.grind.abort(outstanding),
            self.counters.abort(outstanding),
        ] {
            removed |= out;
            kept |= early;
        }
        for slot in slots(outstanding) {
            let command = self.commands.get_mut(slot);
            command.aborted = true;
            // One that started behind another of its engine is still blocked, and ends in its lane.
            let started = command.started || kept >> slot & 1 == 1;
            let waits = !started && self.commands.is_blocked(slot, 0);
            if removed >> slot & 1 == 1 || waits {
                self.commands.finish(slot, Ok(0));
            }
        }
    }

    /// Gives a command to its lane; what has none starts as soon as it may.
    #[inline]
    fn assign(&mut self, slot: u8, opcode: Opcode, blocked: bool) {
        match opcode {
            Opcode::Upload => self.upload.add(slot, blocked),
            Opcode::Download | Opcode::Gather => self.download.add(slot, blocked),
            Opcode::Lde => {
                self.transform.add(slot, blocked);
                self.transform.look_ahead(&mut self.card, &self.commands);
            }
            Opcode::Merkle | Opcode::LoadConstants => {
                self.hash.add(slot, blocked);
                self.hash.look_ahead(&mut self.card, &self.commands);
            }
            Opcode::Vector => {
                self.vector.add(slot, blocked);
                self.vector.look_ahead(&mut self.card, &self.commands);
            }
            Opcode::Grind => self.grind.add(slot, blocked),
            Opcode::Counters => self.counters.add(slot, blocked),
            _ if blocked => (),
            _ => self.start_without_engine(slot, opcode),
        }
    }

    /// A command need wait for others no longer, and their completions are posted.
    #[inline(never)]
    pub(super) fn unblock(&mut self, slot: u8) {
        let Some(opcode) = Opcode::from_u8(self.commands.get(slot).submission.opcode) else { return };
        match opcode {
            Opcode::Upload => self.upload.unblock(slot),
            Opcode::Download | Opcode::Gather => self.download.unblock(slot),
            Opcode::Lde => self.transform.unblock(slot),
            Opcode::Merkle | Opcode::LoadConstants => self.hash.unblock(slot),
            Opcode::Vector => self.vector.unblock(slot),
            Opcode::Grind => self.grind.unblock(slot),
            Opcode::Counters => self.counters.unblock(slot),
            _ => self.start_without_engine(slot, opcode),
        }
    }

    /// Starts a command that is done at once, or by the processor.
    #[inline(never)]
    fn start_without_engine(&mut self, slot: u8, opcode: Opcode) {
        self.commands.start(slot);
        let submission = &self.commands.get(slot).submission;
        let outcome = match opcode {
            Opcode::Upload | Opcode::Download | Opcode::Gather | Opcode::Lde | Opcode::Counters => return,
            Opcode::Merkle | Opcode::LoadConstants | Opcode::Grind | Opcode::Vector => return,
            Opcode::Nop => Ok(submission.param.into()),
            Opcode::CreateSession => {
                self.sessions.create(submission.card, submission.rows, self.card.capabilities.card_beats)
            }
            Opcode::DeleteSession => {
                self.sessions.delete(submission.param);
                Ok(0)
            }
            Opcode::CreateQueue => {
                let Submission { param, host, list, rows, .. } = *submission;
                let created =
                    create_queue(&mut self.card.hardware, self.queues.get(param as u8), param, [host, list], rows);
                created.map(|()| 0)
            }
            Opcode::DeleteQueue => {
                *self.queues.get(submission.param as u8) = Queue::ABSENT;
                Ok(0)
            }
        };
        self.commands.finish(slot, outcome);
    }
}

/// Makes a queue pair. The host writes zero to both of its doorbells before, so that what they held for an earlier queue
/// of that number is not taken for this one's.
fn create_queue<H: Hardware>(
    hardware: &mut H,
    queue: &mut Queue,
    number: u32,
    [submissions, completions]: [u64; 2],
    entries: u32,
) -> Result<(), Failure> {
    if queue.state != State::Absent || hardware.sq_tail(number) != 0 || hardware.cq_head(number) != 0 {
        return Err(Failure::new(Status::Queue, number));
    }
    *queue = Queue::create(number, submissions, completions, entries)?;
    Ok(())
}
