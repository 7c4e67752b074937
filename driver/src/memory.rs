//! Card memory of a session: first fit, in units of 64 beats, so that no matrix begins inside a 4 KiB block.

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_abi::BURST_BEATS;
use parking_lot::Mutex;

use crate::Error;

/// The free pieces of a range of card memory, by first beat.
#[derive(Debug)]
struct Free(BTreeMap<u32, u32>);

/// A range of card memory from which pieces are taken.
#[derive(Clone, Debug)]
pub struct Arena(Arc<Mutex<Free>>);

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
        Self(Arc::new(Mutex::new(Free(BTreeMap::from([(first, beats)])))))
    }

    /// Beats of the largest free piece.
    pub fn largest(&self) -> u32 {
        self.0.lock().0.values().copied().max().unwrap_or(0)
    }

    /// Takes at least `beats` beats.
    pub fn allocate(&self, beats: u32) -> Result<CardMemory, Error> {
        let mut free = self.0.lock();
        let largest = free.0.values().copied().max().unwrap_or(0);
        let full = Error::CardMemory { wanted: beats, largest };
        let Some(beats) = beats.max(1).checked_next_multiple_of(BURST_BEATS) else {
            return Err(full);
        };
        let Some((&first, &size)) = free.0.iter().find(|(_, size)| **size >= beats) else {
            return Err(full);
        };
        free.0.remove(&first);
        if size > beats {
            free.0.insert(first + beats, size - beats);
        }
        Ok(CardMemory { arena: self.clone(), first, beats })
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
        let free = &mut self.arena.0.lock().0;
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
    fn sizes_that_overflow_are_refused() {
        assert!(matches!(Arena::new(0, 64).allocate(u32::MAX), Err(Error::CardMemory { .. })));
    }
}
