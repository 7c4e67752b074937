//! Host memory as the card sees it: pieces at bus addresses, behind an address translation that knows only them.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_driver::{Contiguity, DmaMemory, DmaPiece};
use karat_ports::{Beat, Memory};
use parking_lot::Mutex;

/// A piece of pinned memory: words `first ..` of an allocation.
struct Piece {
    words: Arc<[AtomicU64]>,
    first: usize,
    bytes: usize,
}

struct Table {
    /// By bus address.
    pieces: BTreeMap<u64, Piece>,
    /// Bus addresses are never given twice, so that a late access to freed memory is seen.
    next: u64,
}

/// All pinned memory. Clones share it.
#[derive(Clone)]
pub(crate) struct HostMemory {
    table: Arc<Mutex<Table>>,
    piece_bytes: usize,
}

/// Unmaps the pieces of an allocation.
struct Mapping {
    table: Arc<Mutex<Table>>,
    addresses: Vec<u64>,
    _words: Arc<[AtomicU64]>,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        for address in &self.addresses {
            table.pieces.remove(address);
        }
    }
}

/// The first bus address; above 4 GiB, so that truncated addresses miss.
const FIRST: u64 = 0x1_2340_0000;
/// Unmapped bytes between two pieces.
const GAP: u64 = 0x1_0000;

impl HostMemory {
    /// Allocations that may come in pieces come in pieces of at most `piece_bytes` bytes, a multiple of 64.
    pub fn new(piece_bytes: usize) -> Self {
        let table = Table { pieces: BTreeMap::new(), next: FIRST };
        Self { table: Arc::new(Mutex::new(table)), piece_bytes }
    }

    /// Pins zeroed memory.
    pub fn allocate(&self, bytes: usize, contiguity: Contiguity) -> DmaMemory {
        let bytes = bytes.max(1).next_multiple_of(64);
        let piece_bytes = match contiguity {
            Contiguity::Whole => bytes,
            Contiguity::Pieces => self.piece_bytes,
        };
        let words: Arc<[AtomicU64]> = (0..bytes / 8).map(|_| AtomicU64::new(0)).collect();
        let mut pieces = Vec::new();
        let mut table = self.table.lock();
        for start in (0..bytes).step_by(piece_bytes) {
            let piece = DmaPiece { address: table.next, bytes: piece_bytes.min(bytes - start) };
            table.next = (table.next + piece.bytes as u64 + GAP).next_multiple_of(4096);
            table.pieces.insert(piece.address, Piece { words: words.clone(), first: start / 8, bytes: piece.bytes });
            pieces.push(piece);
        }
        let addresses = pieces.iter().map(|piece| piece.address).collect();
        let mapping = Mapping { table: self.table.clone(), addresses, _words: words.clone() };
        let pointer = NonNull::from(&words[..]).cast();
        // SAFETY: the mapping keeps the words alive; everybody accesses them as atomics; the pieces cover them in order.
        unsafe { DmaMemory::new(pointer, bytes, pieces, Box::new(mapping)) }
    }

    /// Calls `access` with the eight words of the beat at a bus address, if it is mapped.
    fn with_beat<R>(&self, address: u64, access: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
        let table = self.table.lock();
        let (start, piece) = table.pieces.range(..=address).next_back()?;
        let offset = (address - start) as usize;
        (offset < piece.bytes).then(|| access(&piece.words[piece.first + offset / 8..][..8]))
    }
}

impl Memory for HostMemory {
    fn read(&mut self, address: u64) -> Option<Beat> {
        self.with_beat(address, |words| std::array::from_fn(|i| words[i].load(Ordering::Acquire)))
    }

    fn write(&mut self, address: u64, beat: &Beat, mask: u8) -> bool {
        let write = |words: &[AtomicU64]| {
            // Ascending, so that the last word of a completion, which holds its phase, lands last.
            for i in (0..8).filter(|i| mask >> i & 1 == 1) {
                words[i].store(beat[i], Ordering::Release);
            }
        };
        self.with_beat(address, write).is_some()
    }
}
