//! Two cards as one: every command of a session runs on both, and what it gives is compared when it has ended.

mod difference;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use karat_abi::queue::NO_COMMAND;
use karat_abi::{Completion, Opcode, Stage, Status, Submission, TILE_COLUMNS};
use parking_lot::Mutex;

use crate::payload::Payload;
use crate::{CardMemory, Device, Error, HostBuffer, Layout, Pending, Session};
pub use difference::{Difference, Place};
pub(crate) use writes::Writes;

/// How long a command may take on either card: a bound against cards that never answer.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// Words of memory that was just allocated. Commands read words that none has written, if what they make of them is not
/// used: behind the rows of short vectors, beside the root of a tree. What is not zero shows if it is used after all.
const UNWRITTEN: u64 = 0x5a5a_5a5a_5a5a_5a5a;

/// The card that another one is compared with.
pub(crate) struct Second {
    pub device: Arc<Device>,
    history: Arc<Mutex<History>>,
}

/// What the two did so far. Locked while a command runs, so that both do them in the same order.
#[derive(Default)]
struct History {
    commands: u64,
    difference: Option<Box<Difference>>,
}

/// The same session on the second card.
#[derive(Clone)]
pub(crate) struct Twin {
    session: Arc<Session>,
    history: Arc<Mutex<History>>,
}

impl Second {
    pub fn new(device: Device) -> Self {
        Self { device: Arc::new(device), history: Arc::default() }
    }

    /// The twin of a session.
    pub fn session(&self, first: u32, beats: u32) -> Result<Twin, Error> {
        let session = Arc::new(self.device.session(first, beats)?);
        Ok(Twin { session, history: self.history.clone() })
    }
}

impl Twin {
    /// Makes memory that was just allocated the same on `first` and here.
    pub fn prepare(&self, first: &Session, memory: &CardMemory) -> Result<(), Error> {
        let _history = self.history.lock();
        fill(first, memory)?;
        fill(&self.session, memory)
    }

    /// Runs a command on `first` and here, to its end.
    pub fn run<T: Payload>(
        &self,
        first: &Session,
        opcode: Opcode,
        submission: Submission,
        payload: T,
        writes: impl FnOnce() -> Writes,
    ) -> Result<Pending<T>, Error> {
        let mut history = self.history.lock();
        if let Some(difference) = &history.difference {
            return Err(difference.clone().into());
        }
        history.commands += 1;
        // All commands before have ended, and their ids may be others' by now.
        let submission = Submission { after: NO_COMMAND, ..submission };
        let copy = payload.copy(self.session.transport())?;
        let pending = first.submit_alone(opcode, payload.address(submission), payload)?;
        let pending_here = self.session.submit_alone(opcode, copy.address(submission), copy)?;
        let (payload, end) = pending.end(TIMEOUT)?;
        let (copy, end_here) = pending_here.end(TIMEOUT)?;
        let completions = [pending.completion(end)?, pending_here.completion(end_here)?];
        let sessions = [first, &self.session];
        if let Some((place, values)) = compare(sessions, completions, [&payload, &copy], writes)? {
            let stage = Stage::ALL[submission.stage as usize];
            let names = sessions.map(|session| session.transport().name().to_owned());
            let command = history.commands;
            let difference = Box::new(Difference { command, opcode, stage, place, values, names });
            history.difference = Some(difference.clone());
            return Err(difference.into());
        }
        Ok(pending.ended(payload, end))
    }
}

/// The first difference, and the values of either card.
fn compare<T: Payload>(
    sessions: [&Session; 2],
    completions: [Completion; 2],
    payloads: [&T; 2],
    writes: impl FnOnce() -> Writes,
) -> Result<Option<(Place, [u64; 2])>, Error> {
    let statuses = completions.map(|completion| u64::from(completion.status >> 1));
    if statuses[0] != statuses[1] {
        return Ok(Some((Place::Status, statuses)));
    }
    if statuses[0] != u64::from(Status::Success as u16) {
        // What was wrong may be an address, which is another on each card.
        return Ok(None);
    }
    let results = completions.map(|completion| completion.result);
    if results[0] != results[1] {
        return Ok(Some((Place::Result, results)));
    }
    match writes() {
        Writes::Nothing => Ok(None),
        Writes::Host { width, rows } => Ok(differing(&payloads.map(T::words)).next().map(|(index, values)| {
            let (row, column) = (rows[index / width as usize], index as u32 % width);
            (Place::Host { row, column }, values)
        })),
        Writes::Card(parts) => {
            for part in &parts {
                let words = [read(sessions[0], part.first, part.beats)?, read(sessions[1], part.first, part.beats)?];
                let mut found = differing(&words);
                if let Some((index, values)) = if part.descending { found.next_back() } else { found.next() } {
                    let (beat, word) = (part.first + index as u32 / TILE_COLUMNS, index as u32 % TILE_COLUMNS);
                    // Of two passes that wrote it, the later one.
                    let writer = parts.iter().rfind(|part| part.contains(beat)).unwrap_or(part);
                    return Ok(Some((writer.place(beat, word), values)));
                }
            }
            Ok(None)
        }
    }
}

/// Indices where words differ, and the words.
fn differing(words: &[Vec<u64>; 2]) -> impl DoubleEndedIterator<Item = (usize, [u64; 2])> {
    let pairs = words[0].iter().zip(&words[1]).map(|(ours, theirs)| [*ours, *theirs]);
    pairs.enumerate().filter(|(_, [ours, theirs])| ours != theirs)
}

/// Beats of a card's memory as a matrix of one tile, which is moved without being compared.
fn beats(first: u32, beats: u32) -> Submission {
    let layout = Layout { first, tile_stride: beats, width: TILE_COLUMNS, rows: beats };
    Session::with_matrix(Session::blank(Stage::None), &layout)
}

/// Reads beats of a card's memory.
fn read(session: &Session, first: u32, count: u32) -> Result<Vec<u64>, Error> {
    let buffer = HostBuffer::new(session.transport(), (count * TILE_COLUMNS) as usize)?;
    let submission = buffer.address(beats(first, count));
    let (buffer, completion) = session.submit_alone(Opcode::Download, submission, buffer)?.wait(TIMEOUT)?;
    completion.map(|_| buffer.to_vec())
}

/// Writes the same to all words of beats of a card's memory.
fn fill(session: &Session, memory: &CardMemory) -> Result<(), Error> {
    let words = vec![UNWRITTEN; (memory.beats() * TILE_COLUMNS) as usize];
    let buffer = HostBuffer::from_words(session.transport(), &words)?;
    let submission = buffer.address(beats(memory.first(), memory.beats()));
    session.submit_alone(Opcode::Upload, submission, buffer)?.wait(TIMEOUT)?.1.map(|_| ())
}
