//! Host memory behind an address translation that knows only what is pinned.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_driver::{Contiguity, DmaMemory, DmaPiece};
use karat_firmware::software::HostBus;
use parking_lot::Mutex;

struct Piece {
    words: Arc<[AtomicU64]>,
    first: usize,
    bytes: u64,
}

#[derive(Default)]
struct Table {
    pieces: BTreeMap<u64, Piece>,
    allocations: usize,
    /// Accesses of the card to addresses that are not pinned.
    misses: u64,
    next: u64,
}

/// All pinned memory. Clones share it.
#[derive(Clone)]
pub struct Host {
    table: Arc<Mutex<Table>>,
    piece_bytes: usize,
}

struct Mapping {
    table: Arc<Mutex<Table>>,
    addresses: Vec<u64>,
    _words: Arc<[AtomicU64]>,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        table.allocations -= 1;
        for address in &self.addresses {
            table.pieces.remove(address);
        }
    }
}

impl Host {
    pub fn new(piece_bytes: usize) -> Self {
        let table = Table { next: 0xf_ffff_f000, ..Default::default() };
        Self { table: Arc::new(Mutex::new(table)), piece_bytes }
    }

    pub fn allocate(&self, bytes: usize, contiguity: Contiguity) -> DmaMemory {
        let bytes = bytes.max(1).next_multiple_of(64);
        let piece_bytes = if contiguity == Contiguity::Whole { bytes } else { self.piece_bytes };
        let words: Arc<[AtomicU64]> = (0..bytes / 8).map(|_| AtomicU64::new(0)).collect();
        let mut table = self.table.lock();
        let mut pieces = Vec::new();
        for start in (0..bytes).step_by(piece_bytes) {
            let piece = DmaPiece { address: table.next, bytes: piece_bytes.min(bytes - start) };
            // Never at the same place again, and beats apart, so that every stray access is seen.
            table.next += piece.bytes as u64 + 5 * 64;
            let known = Piece { words: words.clone(), first: start / 8, bytes: piece.bytes as u64 };
            table.pieces.insert(piece.address, known);
            pieces.push(piece);
        }
        table.allocations += 1;
        let addresses = pieces.iter().map(|piece| piece.address).collect();
        let mapping = Mapping { table: self.table.clone(), addresses, _words: words.clone() };
        let pointer = NonNull::from(&words[..]).cast();
        // SAFETY: the mapping keeps the words alive; everybody accesses them as atomics; the pieces cover them in order.
        unsafe { DmaMemory::new(pointer, bytes, pieces, Box::new(mapping)) }
    }

    /// Allocations that are pinned now.
    pub fn allocations(&self) -> usize {
        self.table.lock().allocations
    }

    /// Accesses of the card to memory that was not pinned.
    pub fn misses(&self) -> u64 {
        self.table.lock().misses
    }

    fn with<R>(&self, address: u64, access: impl FnOnce(&AtomicU64) -> R) -> Option<R> {
        let mut table = self.table.lock();
        let found = table.pieces.range(..=address).next_back().and_then(|(start, piece)| {
            let offset = address - start;
            (offset < piece.bytes).then(|| access(&piece.words[piece.first + offset as usize / 8]))
        });
        table.misses += u64::from(found.is_none());
        found
    }
}

impl HostBus for Host {
    fn read(&mut self, address: u64) -> Option<u64> {
        self.with(address, |word| word.load(Ordering::Acquire))
    }

    fn write(&mut self, address: u64, value: u64) -> bool {
        self.with(address, |word| word.store(value, Ordering::Release)).is_some()
    }
}
