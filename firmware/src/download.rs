//! Download and gather: rows of a matrix to the host.

use karat_abi::engine::Engine;
use karat_abi::{Opcode, Status, Submission};

use crate::card::Card;
use crate::command::Failure;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::mailbox::{self, BEAT_WORDS, DOWNLOAD_SEGMENTS, INDEX_BEATS, INDICES, List, Purpose};
use crate::pieces::{Piece, Pieces};
use crate::upload::{outcome, piece_descriptor, rows_descriptor};

/// What the stream carries.
enum Rows {
    /// Consecutive rows, announced or not.
    Range { announced: bool },
    /// Rows by index.
    Indices(Indices),
}

/// A download or gather under way.
pub(crate) struct Download {
    pieces: Pieces,
    rows: Rows,
}

/// An index list, through a ring of beats in the mailbox.
struct Indices {
    list: u64,
    /// Indices in all, in the mailbox or on their way, in the mailbox, and used.
    count: u32,
    requested: u32,
    arrived: u32,
    used: u32,
    fetching: bool,
    failure: Option<Failure>,
}

/// Indices in a beat.
const BEAT_INDICES: u32 = 16;

impl Indices {
    /// Starts to fetch more, if there is room for them.
    fn fetch<H: Hardware>(&mut self, card: &mut Card<H>) {
        /// Beats at a time: half the ring.
        const MOST: u32 = INDEX_BEATS / 2;
        let held = self.requested.div_ceil(BEAT_INDICES) - self.used / BEAT_INDICES;
        let left = (self.count - self.requested).div_ceil(BEAT_INDICES);
        if self.fetching || left == 0 || INDEX_BEATS - held < MOST {
            return;
        }
        let position = self.requested / BEAT_INDICES % INDEX_BEATS;
        let host = self.list + u64::from(self.requested) * 4;
        let beats = left.min(MOST).min(INDEX_BEATS - position).min(mailbox::beats_to_boundary(host));
        self.fetching = card.fetch(host, INDICES + position, beats, Purpose::List(List::Indices));
        if self.fetching {
            self.requested = self.count.min(self.requested + beats * BEAT_INDICES);
        }
    }

    fn arrived(&mut self, failed: bool) {
        self.fetching = false;
        self.arrived = self.requested;
        if failed {
            self.failure = Some(Failure::new(Status::BusError, Engine::Mailbox as u32));
        }
    }

    /// The next index that is there. One out of range fails the command and becomes 0, so that the stream keeps its length.
    fn next<H: Hardware>(&mut self, card: &mut Card<H>, below: u32) -> Option<u32> {
        if self.used == self.arrived {
            return None;
        }
        let word = INDICES * BEAT_WORDS + self.used % (INDEX_BEATS * BEAT_INDICES);
        let index = card.hardware.mailbox(word);
        self.used += 1;
        if index < below {
            return Some(index);
        }
        self.failure.get_or_insert(Failure::new(Status::Index, index));
        Some(0)
    }
}

impl Job for Download {
    const ENGINE: Engine = Engine::HostWrite;
    const USES: &[Engine] = &[Engine::CardRead, Engine::HostWrite];

    fn idle() -> Self {
        let pieces = Pieces::new(List::Download, DOWNLOAD_SEGMENTS);
        Self { pieces, rows: Rows::Range { announced: false } }
    }

    fn begin(&mut self, submission: &Submission) {
        self.pieces.begin(submission);
        self.rows = if submission.opcode == Opcode::Gather as u8 {
            Rows::Indices(Indices {
                list: submission.list,
                count: submission.rows,
                requested: 0,
                arrived: 0,
                used: 0,
                fetching: false,
                failure: None,
            })
        } else {
            Rows::Range { announced: false }
        };
    }

    fn arm<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission, engines: u32) -> bool {
        let Rows::Range { announced } = &mut self.rows else { return false };
        // A list that turns out to be wrong must not leave rows behind that nobody takes.
        if submission.segments != 0 || !card.room(Engine::CardRead) || !card.room(Engine::HostWrite) {
            return false;
        }
        let log_group = card.log_group(submission.width);
        let rows = rows_descriptor(submission, submission.param, submission.rows, log_group);
        let piece = Piece { address: submission.host, bytes: submission.host_len };
        card.engines.stage(&mut card.hardware, Engine::CardRead, rows);
        card.engines.stage(&mut card.hardware, Engine::HostWrite, piece_descriptor(piece));
        for engine in [Engine::CardRead, Engine::HostWrite] {
            card.engines.arm(&mut card.hardware, engine, engines);
        }
        *announced = true;
        self.pieces.gave_all();
        true
    }

    fn step<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission) -> Step {
        let mut fetching = false;
        if let Rows::Indices(indices) = &mut self.rows {
            indices.fetch(card);
            fetching = indices.fetching;
        }
        match self.pieces.check(card) {
            Ok(true) => (),
            // An index list on its way must not arrive for the next job.
            Err(failure) if !fetching => return Step::Failed(failure),
            _ => return Step::Again,
        }
        while card.room(Engine::HostWrite) {
            let Some(piece) = self.pieces.next(card) else { break };
            card.engines.push(&mut card.hardware, Engine::HostWrite, piece_descriptor(piece));
        }
        let (announced, failure) = match &mut self.rows {
            Rows::Range { announced } => {
                if !*announced && card.room(Engine::CardRead) {
                    let log_group = card.log_group(submission.width);
                    let descriptor = rows_descriptor(submission, submission.param, submission.rows, log_group);
                    card.engines.push(&mut card.hardware, Engine::CardRead, descriptor);
                    *announced = true;
                }
                (*announced, None)
            }
            Rows::Indices(indices) => {
                while card.room(Engine::CardRead) {
                    let Some(row) = indices.next(card, submission.param) else { break };
                    let descriptor = rows_descriptor(submission, row, 1, 0);
                    card.engines.push(&mut card.hardware, Engine::CardRead, descriptor);
                }
                (indices.used == indices.count, indices.failure)
            }
        };
        if announced && self.pieces.finished() {
            Step::Pushed(failure.map_or(outcome(&self.pieces), Err))
        } else {
            Step::Again
        }
    }

    fn arrived(&mut self, list: List, failed: bool) {
        match &mut self.rows {
            Rows::Indices(indices) if list == List::Indices => indices.arrived(failed),
            _ => self.pieces.arrived(failed),
        }
    }
}
