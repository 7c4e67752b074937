//! Card memory of a session: first fit from either end, in units of 64 beats, so that no matrix begins inside a 4 KiB block.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_abi::BURST_BEATS;
use parking_lot::Mutex;

use crate::Error;

/// The free pieces of a range of card memory, by first beat.
#[derive(Debug)]
struct Free(BTreeMap<u32, u32>);

/// A range of card memory from which pieces are taken: what stays best from its low end and what goes soon from its high one, so that
/// what goes leaves no holes.
#[derive(Clone, Debug)]
pub struct Arena(Arc<Range>);

#[derive(Debug)]
struct Range {
    free: Mutex<Free>,
    /// What it was made of, given back behind its last piece.
    _whole: Option<CardMemory>,
}

/// A piece of card memory, given back when dropped.
#[derive(Debug)]
pub struct CardMemory {
    arena: Arena,
    first: u32,
    beats: u32,
}

impl Arena {
    /// Beats `first .. first + beats`, both multiples of 64.
    pub fn new(first: u32, beats: u32) -> Self {
        Self::of(first, beats, None)
    }

    /// A piece of another arena, which is given back when this one and its last piece are dropped.
    pub fn within(whole: CardMemory) -> Self {
        Self::of(whole.first, whole.beats, Some(whole))
    }

    fn of(first: u32, beats: u32, whole: Option<CardMemory>) -> Self {
        Self(Arc::new(Range { free: Mutex::new(Free(BTreeMap::from([(first, beats)]))), _whole: whole }))
    }

    /// Beats of the largest free piece.
    pub fn largest(&self) -> u32 {
        self.0.free.lock().0.values().copied().max().unwrap_or(0)
    }

    /// Beats that a piece of so many takes.
    pub const fn rounded(beats: u64) -> u64 {
        let beats = if beats == 0 { 1 } else { beats };
        beats.next_multiple_of(BURST_BEATS as u64)
    }

    /// Takes at least `beats` beats, as low as they fit.
    pub fn allocate(&self, beats: u32) -> Result<CardMemory, Error> {
        self.take(beats, false)
    }

    /// Takes at least `beats` beats, as high as they fit.
    pub fn allocate_high(&self, beats: u32) -> Result<CardMemory, Error> {
        self.take(beats, true)
    }

    fn take(&self, beats: u32, high: bool) -> Result<CardMemory, Error> {
        let mut free = self.0.free.lock();
        let largest = free.0.values().copied().max().unwrap_or(0);
        let full = Error::CardMemory { wanted: beats, largest };
        let Ok(beats) = u32::try_from(Self::rounded(beats.into())) else {
            return Err(full);
        };
        let mut fits = free.0.iter().filter(|(_, size)| **size >= beats);
        let Some((&first, &size)) = (if high { fits.next_back() } else { fits.next() }) else {
            return Err(full);
        };
        free.0.remove(&first);
        let (taken, left) = if high { (first + size - beats, first) } else { (first, first + beats) };
        if size > beats {
            free.0.insert(left, size - beats);
        }
        Ok(CardMemory { arena: self.clone(), first: taken, beats })
    }
}

impl CardMemory {
    /// Its first beat.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Its size in beats, a multiple of 64.
    pub fn beats(&self) -> u32 {
        self.beats
    }
}

impl Drop for CardMemory {
    fn drop(&mut self) {
        let free = &mut self.arena.0.free.lock().0;
        let (mut first, mut beats) = (self.first, self.beats);
        if let Some((&before, &size)) = free.range(..first).next_back()
            && before + size == first
        {
            free.remove(&before);
            (first, beats) = (before, beats + size);
        }
        if let Some(size) = free.remove(&(self.first + self.beats)) {
            beats += size;
        }
        free.insert(first, beats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_disjoint_aligned_and_come_back() {
        let arena = Arena::new(64, 64 * 10);
        let a = arena.allocate(1).unwrap();
        let b = arena.allocate(65).unwrap();
        let c = arena.allocate(64 * 7).unwrap();
        assert_eq!(
            [(a.first(), a.beats()), (b.first(), b.beats()), (c.first(), c.beats())],
            [(64, 64), (128, 128), (256, 448)]
        );
        assert!(matches!(arena.allocate(1), Err(Error::CardMemory { wanted: 1, largest: 0 })));
        drop(b);
        assert!(matches!(arena.allocate(129), Err(Error::CardMemory { wanted: 129, largest: 128 })));
        drop(a);
        drop(c);
        assert_eq!(arena.allocate(640).unwrap().first(), 64, "neighbours are joined");
    }

    #[test]
    fn pieces_come_from_either_end_and_a_part_goes_back_with_its_last_piece() {
        let arena = Arena::new(0, 64 * 10);
        let low = arena.allocate(64).unwrap();
        let part = Arena::within(arena.allocate_high(64 * 4).unwrap());
        assert_eq!(arena.largest(), 64 * 5);
        let (a, b, c) = (part.allocate_high(1), part.allocate(65), part.allocate_high(1));
        let (a, b, c) = (a.unwrap(), b.unwrap(), c.err());
        assert_eq!([low.first(), a.first(), b.first()], [0, 64 * 9, 64 * 6]);
        assert!(c.is_none(), "one is left");
        drop(part);
        drop(b);
        assert_eq!(arena.largest(), 64 * 5, "a piece of the part is still there");
        drop(a);
        assert_eq!(arena.largest(), 64 * 9);
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        assert!(matches!(Arena::new(0, 64).allocate(u32::MAX), Err(Error::CardMemory { .. })));
    }
}
