//! Sessions: who may touch which beats of card memory.

use karat_abi::{BEAT_BYTES, Status, TILE_COLUMNS};

use crate::command::Failure;

/// Sessions at a time.
pub(crate) const SESSIONS: usize = 16;
const _: () = assert!(BEAT_BYTES == 8 * TILE_COLUMNS);

/// A range of card memory, in beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u64,
    pub(crate) end: u64,
}

impl Range {
    pub(crate) fn new(first: u32, beats: impl Into<u64>) -> Self {
        Self { first: first.into(), end: u64::from(first) + beats.into() }
    }

    /// The rows `0 .. rows` of a tile-major matrix.
    pub(crate) fn of_matrix(first: u32, tiles: u32, stride: u32, rows: u64) -> Self {
        // At most 2^32 * 2^32 + 2^33: no overflow, since tiles come from u32 columns or are below 2^29.
        Self::new(first, u64::from(tiles.saturating_sub(1)) * u64::from(stride) + rows)
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.first < other.end && other.first < self.end
    }
}

/// A session's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    first: u32,
    end: u32,
}

impl Session {
    /// Fails unless a range is the session's.
    pub(crate) fn check(&self, range: Range) -> Result<(), Failure> {
        if u64::from(self.first) <= range.first && range.end <= u64::from(self.end) {
            Ok(())
        } else {
            Err(Failure::new(Status::CardRange, range.first))
        }
    }

    /// Whether the beats `first .. end` are the session's.
    pub(crate) fn has(&self, first: u32, end: u64) -> bool {
        self.first <= first && end <= u64::from(self.end)
    }

    fn range(&self) -> Range {
        Range::new(self.first, self.end - self.first)
    }
}

#[derive(Clone, Copy)]
enum State {
    Free,
    Open(Session),
    /// Keeps its memory until its last command is done, but takes no new one.
    Closing(Session),
}

/// All sessions.
pub(crate) struct Sessions {
    states: [State; SESSIONS],
}

impl Sessions {
    #[inline(never)]
    pub(crate) const fn new() -> Self {
        Self { states: [State::Free; SESSIONS] }
    }

    /// The session of a number, for a new command.
    pub(crate) fn open(&self, number: u16) -> Result<Session, Failure> {
        match self.states.get(number as usize) {
            Some(State::Open(session)) => Ok(*session),
            _ => Err(Failure::new(Status::UnknownSession, number)),
        }
    }

    /// The memory of a session that a command in flight belongs to.
    pub(crate) fn of_command(&self, number: u16) -> Result<Session, Failure> {
        match self.states.get(number as usize) {
            Some(State::Open(session) | State::Closing(session)) => Ok(*session),
            _ => Err(Failure::new(Status::UnknownSession, number)),
        }
    }

    /// Makes a session of beats `card .. card + beats`; its number.
    pub(crate) fn create(&mut self, card: u32, beats: u32, card_beats: u32) -> Result<u64, Failure> {
        let range = Range::new(card, beats);
        let Some(end) = card.checked_add(beats).filter(|end| beats > 0 && *end <= card_beats) else {
            return Err(Failure::new(Status::CardRange, card));
        };
        let mut free = None;
        for (number, state) in self.states.iter_mut().enumerate() {
            match state {
                State::Free => free = free.or(Some((number, state))),
                State::Open(other) | State::Closing(other) if other.range().overlaps(&range) => {
                    return Err(Failure::new(Status::NoSession, card));
                }
                State::Open(_) | State::Closing(_) => (),
            }
        }
        let (number, state) = free.ok_or(Failure::new(Status::NoSession, card))?;
        *state = State::Open(Session { first: card, end });
        Ok(number as u64)
    }

    /// Takes no new commands from now on.
    pub(crate) fn close(&mut self, number: u32) -> Result<(), Failure> {
        match self.states.get_mut(number as usize) {
            Some(state @ State::Open(_)) => {
                if let State::Open(session) = *state {
                    *state = State::Closing(session);
                }
                Ok(())
            }
            _ => Err(Failure::new(Status::UnknownSession, number)),
        }
    }

    /// Gives the number and the memory back.
    pub(crate) fn delete(&mut self, number: u32) {
        if let Some(state) = self.states.get_mut(number as usize) {
            *state = State::Free;
        }
    }
}
