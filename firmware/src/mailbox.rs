//! Mailbox RAM: who owns which beats, and what the transfers under way are for.

use karat_abi::engine::{Engine, mailbox as words};

use crate::hardware::{Engines, Hardware, Ticket};

/// 32-bit words of a beat.
pub(crate) const BEAT_WORDS: u32 = 16;
/// A transfer may not cross a boundary of this many bytes in host memory.
const PAGE: u32 = 4096;

/// Submission entries as fetched, [`FETCH_ENTRIES`] beats a queue.
pub(crate) const FETCH: u32 = 0;
/// Entries fetched at a time.
pub(crate) const FETCH_ENTRIES: u32 = 4;
/// Completions on their way, two beats a queue.
pub(crate) const COMPLETIONS: u32 = 32;
/// Counters on their way, 7 beats.
pub(crate) const COUNTERS: u32 = 48;
/// Segment list of the upload under way.
pub(crate) const UPLOAD_SEGMENTS: u32 = 64;
/// Segment list of the download under way.
pub(crate) const DOWNLOAD_SEGMENTS: u32 = 72;
/// Beats of a window on a segment list.
pub(crate) const SEGMENT_BEATS: u32 = 8;
/// Window on the index list of a gather.
pub(crate) const INDICES: u32 = 80;
/// Its beats.
pub(crate) const INDEX_BEATS: u32 = 16;
/// Arguments of the extension under way, 1 beat.
pub(crate) const LDE: u32 = 96;
/// Arguments of the tree under way (17 beats), or round constants.
pub(crate) const HASH: u32 = 104;
/// Arguments of the search under way, 4 beats.
pub(crate) const GRIND: u32 = 98;
/// Arguments of the vector command under way, 7 beats.
pub(crate) const VECTOR: u32 = 121;

/// What a transfer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// So many entries of a queue's submission ring.
    Fetch { queue: u8, entries: u8 },
    /// Completions of a queue.
    Post { queue: u8 },
    /// Something that a job reads.
    List(List),
    /// Counters.
    Counters,
}

/// Where a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the host.
    Read,
    /// From the host, with each beat's checksum replaced by zero if it was right.
    ReadEntries,
    /// To the host, these 64-bit words of each beat.
    Write { strobe: u32 },
}

/// What jobs read from the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// Segments of an upload.
    Upload,
    /// Segments of a download or gather.
    Download,
    /// Indices of a gather.
    Indices,
    /// Arguments of an extension.
    Lde,
    /// Arguments of a tree, or round constants.
    Hash,
    /// Arguments of a vector command.
    Vector,
    /// Arguments of a search.
    Grind,
}

/// Transfers under way, oldest first; the engine holds at most two.
pub(crate) struct Mailbox {
    pending: [(Ticket, Purpose); 2],
    len: usize,
}

impl Mailbox {
    pub(crate) const fn new() -> Self {
        Self { pending: [(Ticket::NONE, Purpose::Counters); 2], len: 0 }
    }

    /// Whether the oldest transfer is something that a job reads.
    pub(crate) fn next_is_list(&self) -> bool {
        self.len > 0 && matches!(self.pending[0].1, Purpose::List(_))
    }

    /// Whether another transfer can be queued.
    pub(crate) fn room(&self) -> bool {
        self.len < 2
    }

    /// Whether a transfer may be done. Of two, the first may be done while the engine is busy with the second.
    #[inline]
    pub(crate) fn may_be_done(&self, idle: bool) -> bool {
        self.len == 2 || (self.len == 1 && idle)
    }

    /// The oldest transfer, if it is done. `idle`: the engine was not busy after the last transfer was started.
    #[inline]
    pub(crate) fn take_done<H: Hardware>(
        &mut self,
        hardware: &mut H,
        engines: &mut Engines,
        idle: bool,
    ) -> Option<Purpose> {
        let (ticket, purpose) = self.pending[0];
        if self.len == 0 || !(idle || engines.reached(hardware, Engine::Mailbox, ticket)) {
            return None;
        }
        self.pending[0] = self.pending[1];
        self.len -= 1;
        Some(purpose)
    }

    /// Queues a transfer of beats. There must be room.
    #[allow(clippy::too_many_arguments)]
    #[inline]
    pub(crate) fn start<H: Hardware>(
        &mut self,
        hardware: &mut H,
        engines: &mut Engines,
        host: u64,
        beat: u32,
        beats: u32,
        direction: Direction,
        purpose: Purpose,
    ) {
        const { assert!(words::HOST_LO == 0 && words::HOST_HI == 1 && words::SLOT == 2) };
        const { assert!(words::BEATS == 3 && words::DIRECTION == 4) };
        let direction = match direction {
            Direction::Read => 0,
            Direction::ReadEntries => words::CHECK,
            Direction::Write { strobe } => words::WRITE | strobe,
        };
        let descriptor = [host as u32, (host >> 32) as u32, beat, beats, direction];
        let ticket = engines.push(hardware, Engine::Mailbox, descriptor);
        if let Some(free) = self.pending.get_mut(self.len) {
            *free = (ticket, purpose);
            self.len += 1;
        }
    }
}

/// Beats from a host address to the next boundary that a transfer may not cross.
pub(crate) fn beats_to_boundary(host: u64) -> u32 {
    (PAGE - (host as u32 & (PAGE - 1))) / karat_abi::BEAT_BYTES
}
