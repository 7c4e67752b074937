//! The data of a command in host memory, piece by contiguous piece.
//!
//! A segment list is walked twice: checked to its end first, then given, because once a stream has started between
//! host and card it must carry exactly the words that were announced. If the host changes the list in between (which it must
//! not), the second walk makes up the missing length with the last good piece and the command fails. A list that fits the
//! window in the mailbox is fetched once only.

use karat_abi::{Status, Submission, queue::segment};

use crate::card::Card;
use crate::command::Failure;
use crate::hardware::Hardware;
use crate::mailbox::{self, BEAT_WORDS, List, Purpose, SEGMENT_BEATS};

/// Entries of a list in a beat.
const BEAT_SEGMENTS: u32 = 4;

/// Contiguous bytes of host memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) address: u64,
    pub(crate) bytes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    Checking,
    Giving,
}

/// The pieces of a command's data, in order.
pub(crate) struct Pieces {
    list: List,
    /// First beat of the window on the list.
    window: u32,
    host: u64,
    total: u32,
    /// Entries of the first list; 0 if the data is contiguous.
    segments: u32,
    walk: Walk,
    /// Address of the entries after the window.
    next: u64,
    /// Entries of this list that were not taken.
    left: u32,
    /// Entries that later lists may have.
    budget: u32,
    /// Entries in the window, and the next of them.
    windowed: u32,
    index: u32,
    fetching: bool,
    /// Bytes not given (or checked) yet.
    remaining: u32,
    /// The last good piece.
    last: Piece,
    failure: Option<Failure>,
}

/// What an entry turned out to be.
enum Entry {
    Piece(Piece),
    /// The next list was entered.
    Chained,
    Missing,
}

impl Pieces {
    /// No data, and a window on lists at this beat of the mailbox.
    #[inline(never)]
    pub(crate) fn new(list: List, window: u32) -> Self {
        Self {
            list,
            window,
            host: 0,
            total: 0,
            segments: 0,
            walk: Walk::Giving,
            next: 0,
            left: 0,
            budget: 0,
            windowed: 0,
            index: 0,
            fetching: false,
            remaining: 0,
            last: Piece { address: 0, bytes: 0 },
            failure: None,
        }
    }

    /// The data of a command from now on.
    #[inline]
    pub(crate) fn begin(&mut self, submission: &Submission) {
        self.host = submission.host;
        self.remaining = submission.host_len;
        self.segments = submission.segments;
        self.failure = None;
        self.walk = Walk::Giving;
        if submission.segments != 0 {
            self.begin_list();
        }
    }

    #[inline(never)]
    fn begin_list(&mut self) {
        self.total = self.remaining;
        self.walk = Walk::Checking;
        self.next = self.host;
        self.left = self.segments;
        self.budget = segment::MAX - self.segments.min(segment::MAX);
        self.windowed = 0;
        self.index = 0;
        self.fetching = false;
    }

    /// Goes on with the check. True when it has passed.
    #[inline]
    pub(crate) fn check<H: Hardware>(&mut self, card: &mut Card<H>) -> Result<bool, Failure> {
        if self.walk == Walk::Giving { Ok(true) } else { self.check_list(card) }
    }

    #[inline(never)]
    fn check_list<H: Hardware>(&mut self, card: &mut Card<H>) -> Result<bool, Failure> {
        /// Entries in one go, so that other queues are not kept waiting.
        const AT_ONCE: u32 = 4;
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        for _ in 0..AT_ONCE {
            if self.left == 0 {
                return if self.remaining == 0 {
                    self.restart();
                    Ok(true)
                } else {
                    Err(Failure::new(Status::SegmentList, self.remaining))
                };
            }
            if !self.ready(card) {
                break;
            }
            match self.take(card) {
                Ok(Entry::Piece(piece)) => {
                    self.remaining -= piece.bytes;
                    self.last = piece;
                }
                Ok(_) => (),
                Err(failure) => {
                    self.failure = Some(failure);
                    return Err(failure);
                }
            }
        }
        Ok(false)
    }

    /// The next piece; none while its entry is fetched and after the last.
    #[inline]
    pub(crate) fn next<H: Hardware>(&mut self, card: &mut Card<H>) -> Option<Piece> {
        if self.remaining == 0 {
            return None;
        }
        if self.segments == 0 {
            Some(Piece { address: self.host, bytes: core::mem::take(&mut self.remaining) })
        } else {
            self.next_of_list(card)
        }
    }

    /// Takes note that contiguous data was given.
    #[inline]
    pub(crate) fn gave_all(&mut self) {
        self.remaining = 0;
    }

    #[inline(never)]
    fn next_of_list<H: Hardware>(&mut self, card: &mut Card<H>) -> Option<Piece> {
        loop {
            if self.failure.is_none() {
                if self.left > 0 && !self.ready(card) {
                    return None;
                }
                match self.take(card) {
                    Ok(Entry::Piece(piece)) => self.last = piece,
                    Ok(Entry::Chained) => continue,
                    Ok(Entry::Missing) => self.failure = Some(Failure::new(Status::SegmentList, self.remaining)),
                    Err(failure) => self.failure = Some(failure),
                }
            }
            let piece = Piece { address: self.last.address, bytes: self.last.bytes.min(self.remaining) };
            self.remaining -= piece.bytes;
            return Some(piece);
        }
    }

    /// Whether every piece was given.
    #[inline]
    pub(crate) fn finished(&self) -> bool {
        self.remaining == 0
    }

    /// What went wrong while the pieces were given.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// A window has arrived, with or without an error of the bus.
    pub(crate) fn arrived(&mut self, failed: bool) {
        self.fetching = false;
        self.index = 0;
        if failed {
            self.failure = Some(Failure::new(Status::BusError, karat_abi::Engine::Mailbox as u32));
        }
    }

    fn restart(&mut self) {
        self.walk = Walk::Giving;
        self.remaining = self.total;
        self.left = self.segments;
        let budget = segment::MAX - self.segments.min(segment::MAX);
        // An untouched budget means that there was no second list.
        let whole_in_window = self.budget == budget && self.windowed == self.segments;
        self.budget = budget;
        self.index = 0;
        if !whole_in_window {
            self.windowed = 0;
            self.next = self.host;
        }
    }

    /// Whether the next entry is in the window; starts to fetch it otherwise.
    fn ready<H: Hardware>(&mut self, card: &mut Card<H>) -> bool {
        if self.fetching {
            return false;
        }
        if self.index < self.windowed {
            return true;
        }
        let beats = self.left.div_ceil(BEAT_SEGMENTS).min(SEGMENT_BEATS).min(mailbox::beats_to_boundary(self.next));
        if card.fetch(self.next, self.window, beats, Purpose::List(self.list)) {
            self.fetching = true;
            self.windowed = self.left.min(beats * BEAT_SEGMENTS);
            self.next += u64::from(beats * karat_abi::BEAT_BYTES);
        }
        false
    }

    /// Takes the next entry out of the window.
    fn take<H: Hardware>(&mut self, card: &mut Card<H>) -> Result<Entry, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.left == 0 {
            return Ok(Entry::Missing);
        }
        let word = self.window * BEAT_WORDS + self.index * 4;
        let [low, high, len, kind] = [0, 1, 2, 3].map(|i| card.hardware.mailbox(word + i));
        let address = u64::from(low) | u64::from(high) << 32;
        self.index += 1;
        self.left -= 1;
        match kind {
            segment::DATA => {
                let misaligned = [address, u64::from(len)].into_iter().find(|value| value & 7 != 0);
                if let Some(value) = misaligned {
                    return Err(Failure::new(Status::HostRange, value));
                }
                if address.checked_add(len.into()).is_none() {
                    return Err(Failure::new(Status::HostRange, address));
                }
                if len == 0 || len > self.remaining {
                    return Err(Failure::new(Status::SegmentList, len));
                }
                Ok(Entry::Piece(Piece { address, bytes: len }))
            }
            segment::NEXT => {
                if address & 63 != 0 || address.checked_add(u64::from(len) * 16).is_none() {
                    return Err(Failure::new(Status::HostRange, address));
                }
                if self.left != 0 || len == 0 || len > self.budget {
                    return Err(Failure::new(Status::SegmentList, len));
                }
                self.budget -= len;
                self.left = len;
                self.next = address;
                self.windowed = 0;
                self.index = 0;
                Ok(Entry::Chained)
            }
            unknown => Err(Failure::new(Status::SegmentList, unknown)),
        }
    }
}
