//! Host memory as the card sees it: pieces at bus addresses, behind an address translation that knows only them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_driver::{Contiguity, DmaMemory, DmaPiece};
use karat_firmware::software::{ERROR_WORD, HostBus};
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
        let words = Arc::new_zeroed_slice(bytes / 8);
        // SAFETY: all zeros is an atomic of zero.
        let words: Arc<[AtomicU64]> = unsafe { words.assume_init() };
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

    /// Words from a bus address on, in order: those that are mapped, in as many parts as there are, then those that are not.
    pub fn words(&self, mut address: u64, count: usize) -> Vec<HostWords> {
        let table = self.table.lock();
        let mut parts = Vec::new();
        let mut left = count;
        while left > 0 {
            let piece = table.pieces.range(..=address).next_back();
            let found = piece.filter(|(start, piece)| address - *start < piece.bytes as u64);
            let part = match found {
                Some((start, piece)) => {
                    let offset = (address - start) as usize / 8;
                    let first = piece.first + offset;
                    let end = first + left.min(piece.bytes / 8 - offset);
                    HostWords { words: Some(piece.words.clone()), range: first..end }
                }
                None => HostWords { words: None, range: 0..left },
            };
            left -= part.len();
            address += 8 * part.len() as u64;
            parts.push(part);
        }
        parts
    }

    /// Calls `access` with the eight words of the beat at a bus address, if it is mapped.
    fn with_beat<R>(&self, address: u64, access: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
        let table = self.table.lock();
        let (start, piece) = table.pieces.range(..=address).next_back()?;
        let offset = (address - start) as usize;
        (offset < piece.bytes).then(|| access(&piece.words[piece.first + offset / 8..][..8]))
    }
}

/// Words of pinned memory that stay as long as this does, or words that are not mapped.
pub(crate) struct HostWords {
    words: Option<Arc<[AtomicU64]>>,
    range: Range<usize>,
}

impl HostWords {
    pub fn len(&self) -> usize {
        self.range.len()
    }

    pub fn is_mapped(&self) -> bool {
        self.words.is_some()
    }

    /// Splits at most `count` words off the front.
    pub fn take(&mut self, count: usize) -> Self {
        let end = self.range.start + count.min(self.len());
        let range = self.range.start..end;
        self.range.start = end;
        Self { words: self.words.clone(), range }
    }

    /// The words, if they are mapped.
    pub fn slice(&self) -> Option<&[AtomicU64]> {
        self.words.as_ref().map(|words| &words[self.range.clone()])
    }

    /// Copies the words, or as many of what a bus error brings.
    pub fn read(&self, to: &mut Vec<u64>) {
        match self.slice() {
            Some(words) => to.extend(words.iter().map(|word| word.load(Ordering::Acquire))),
            None => to.extend(self.range.clone().map(|_| ERROR_WORD)),
        }
    }
}

impl HostBus for HostMemory {
    fn read(&mut self, address: u64) -> Option<u64> {
        self.with_beat(address & !63, |words| words[address as usize % 64 / 8].load(Ordering::Acquire))
    }

    fn write(&mut self, address: u64, value: u64) -> bool {
        let write = |words: &[AtomicU64]| words[address as usize % 64 / 8].store(value, Ordering::Release);
        self.with_beat(address & !63, write).is_some()
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
