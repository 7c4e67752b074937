//! Upload: host rows to tiles.

use karat_abi::Submission;
use karat_abi::engine::{Engine, card as rows, host};

use crate::card::Card;
use crate::command::Outcome;
use crate::hardware::Hardware;
use crate::lane::{Job, Step};
use crate::mailbox::{List, UPLOAD_SEGMENTS};
use crate::pieces::{Piece, Pieces};

/// An upload under way.
pub(crate) struct Upload {
    pieces: Pieces,
    /// The rows were announced to the writer of card memory.
    announced: bool,
}

/// The descriptor of a piece of a stream.
#[inline(always)]
pub(crate) fn piece_descriptor(piece: Piece) -> [u32; host::WORDS] {
    const { assert!(host::ADDRESS_LO == 0 && host::ADDRESS_HI == 1 && host::BYTES == 2) };
    [piece.address as u32, (piece.address >> 32) as u32, piece.bytes]
}

/// The descriptor of rows of a matrix.
#[inline(always)]
pub(crate) fn rows_descriptor(submission: &Submission, first: u32, count: u32, log_group: u32) -> [u32; rows::WORDS] {
    const { assert!(rows::CARD == 0 && rows::TILE_STRIDE == 1 && rows::WIDTH == 2) };
    const { assert!(rows::ROWS == 3 && rows::LOG_GROUP == 4) };
    [submission.card.wrapping_add(first), submission.tile_stride, submission.width, count, log_group]
}

/// What pieces that were being given came to.
pub(crate) fn outcome(pieces: &Pieces) -> Outcome {
    pieces.failure().map_or(Ok(0), Err)
}

impl Job for Upload {
    const ENGINE: Engine = Engine::CardWrite;
    const USES: &[Engine] = &[Engine::HostRead, Engine::CardWrite];

    fn idle() -> Self {
        Self { pieces: Pieces::new(List::Upload, UPLOAD_SEGMENTS), announced: false }
    }

    #[inline]
    fn begin(&mut self, submission: &Submission) {
        self.pieces.begin(submission);
        self.announced = false;
    }

    #[inline(always)]
    fn begin_at_once<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission) {
        let contiguous = submission.segments == 0 && card.engines.unarmed_room(&mut card.hardware, Engine::HostRead);
        if contiguous {
            let piece = Piece { address: submission.host, bytes: submission.host_len };
            card.engines.push(&mut card.hardware, Engine::HostRead, piece_descriptor(piece));
        }
        self.begin(submission);
        if contiguous {
            self.pieces.gave_all();
        }
    }

    #[inline]
    fn step<H: Hardware>(&mut self, card: &mut Card<H>, submission: &Submission) -> Step {
        match self.pieces.check(card) {
            Ok(true) => (),
            Ok(false) => return Step::Again,
            Err(failure) => return Step::Failed(failure),
        }
        // Pieces first: the host's latency starts with them.
        while card.room(Engine::HostRead) {
            let Some(piece) = self.pieces.next(card) else { break };
            card.engines.push(&mut card.hardware, Engine::HostRead, piece_descriptor(piece));
        }
        if !self.announced && card.room(Engine::CardWrite) {
            let descriptor = rows_descriptor(submission, 0, submission.rows, card.log_group(submission.width));
            card.engines.push(&mut card.hardware, Engine::CardWrite, descriptor);
            self.announced = true;
        }
        if self.announced && self.pieces.finished() { Step::Pushed(outcome(&self.pieces)) } else { Step::Again }
    }

    fn arrived(&mut self, _: List, failed: bool) {
        self.pieces.arrived(failed);
    }
}
