//! The seam between the driver and a card: registers, interrupts and memory that the card can reach.
//!
//! A real card, a card simulated in another process and the card simulated in this process differ only below
//! this trait. Everything that the driver does to a card goes through it.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A card's registers, interrupts and view of host memory.
///
/// Implementations are callable from several threads. The in-process simulation advances only inside these
/// calls, so that one submitting thread sees the same cycles in every run.
pub trait Transport: Send + Sync {
    /// Where the card is, for messages: a PCI address, a socket, `sim:tiny`.
    fn name(&self) -> &str;

    /// Reads the 32-bit register at a byte offset in BAR0. A card that is gone reads as all ones.
    fn read32(&self, offset: u32) -> u32;

    /// Writes the 32-bit register at a byte offset in BAR0. A card that is gone ignores it. What was stored to pinned
    /// memory before is visible to the card when it sees the write.
    fn write32(&self, offset: u32, value: u32);

    /// Pins `bytes` bytes (at least one, rounded up to whole beats of 64) of zeroed host memory that the card may read and
    /// write.
    fn allocate(&self, bytes: usize, contiguity: Contiguity) -> Result<DmaMemory, TransportError>;

    /// Waits until the MSI-X message of `vector` has arrived since the last call that returned `Fired` for it.
    /// Messages that arrive while nobody waits are remembered, several as one.
    ///
    /// Returns `TimedOut` after `timeout` at the latest, and now and then before that, so that the caller can look at the card
    /// and at what other threads did: a quarter of a second apart where time passes by itself, a fixed number of cycles
    /// where it passes only inside these calls, so that looking does not depend on the speed of the host.
    fn wait_interrupt(&self, vector: u32, timeout: Duration) -> Result<Interrupt, TransportError>;
}

/// Whether memory may come in several pieces on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contiguity {
    /// One piece: rings, arguments, lists of indices.
    Whole,
    /// As many pieces as there are: data, which are named by lists of segments.
    Pieces,
}

/// How a wait for an interrupt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupt {
    /// The message arrived.
    Fired,
    /// It did not arrive for a while.
    TimedOut,
}

/// What can go wrong below the driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Host memory could not be pinned or mapped.
    #[error("cannot give the card {bytes} bytes of host memory: {reason}")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
        /// Why not.
        reason: String,
    },
    /// The card stopped answering at all.
    #[error("card {name} is lost: {reason}")]
    Lost {
        /// The transport's name.
        name: String,
        /// What was seen.
        reason: String,
    },
}

/// Host memory that the card can reach: contiguous for the host, in one or more pieces for the card.
///
/// Memory that card and host share is never borrowed as a slice while the card may touch it: words are loaded and
/// stored one by one, atomically, as the card does.
pub struct DmaMemory {
    words: NonNull<AtomicU64>,
    bytes: usize,
    pieces: Vec<DmaPiece>,
    /// Unpins and unmaps when dropped.
    _mapping: Box<dyn Send + Sync>,
}

/// A piece of [`DmaMemory`] that is contiguous on the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DmaPiece {
    /// Bus address, a multiple of 64.
    pub address: u64,
    /// Bytes, a multiple of 64.
    pub bytes: usize,
}

// SAFETY: the words are atomics, and the mapping that keeps them alive is itself Send and Sync.
unsafe impl Send for DmaMemory {}
// SAFETY: as above: every access through a shared reference is atomic.
unsafe impl Sync for DmaMemory {}

impl std::fmt::Debug for DmaMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DmaMemory").field("bytes", &self.bytes).field("pieces", &self.pieces).finish_non_exhaustive()
    }
}

impl DmaMemory {
    /// Takes over memory made by a transport.
    ///
    /// # Safety
    /// `words` is valid for `bytes` bytes (a multiple of 64) until `mapping` is dropped, and all other accesses to it are
    /// atomic. There is at least one piece; the pieces are in order and their lengths sum to `bytes`.
    pub unsafe fn new(
        words: NonNull<AtomicU64>,
        bytes: usize,
        pieces: Vec<DmaPiece>,
        mapping: Box<dyn Send + Sync>,
    ) -> Self {
        Self { words, bytes, pieces, _mapping: mapping }
    }

    /// Size in bytes, a multiple of 64.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The memory as the card sees it, in order.
    pub fn pieces(&self) -> &[DmaPiece] {
        &self.pieces
    }

    /// Bus address of the first piece.
    pub fn address(&self) -> u64 {
        self.pieces[0].address
    }

    /// The memory as 64-bit words.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: valid for `bytes` bytes while self lives, by the contract of `new`.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), self.bytes / 8) }
    }

    /// Stores `source` from word `first` on. Panics if it does not fit.
    pub fn write(&self, first: usize, source: &[u64]) {
        for (word, value) in self.words()[first..first + source.len()].iter().zip(source) {
            word.store(*value, Ordering::Release);
        }
    }

    /// Loads words from word `first` on into `target`. Panics if there are fewer.
    pub fn read(&self, first: usize, target: &mut [u64]) {
        let words = &self.words()[first..first + target.len()];
        for (value, word) in target.iter_mut().zip(words) {
            *value = word.load(Ordering::Acquire);
        }
    }
}
