//! Pinned buffers. A buffer goes with its submission and comes back with the completion, so that nobody touches it
//! while the card may.

use karat_abi::Segment;
use karat_abi::queue::segment;

use crate::transport::Contiguity;
use crate::{DmaMemory, Error, Transport, TransportError};

/// Host memory of whole words that the card can reach.
#[derive(Debug)]
pub struct HostBuffer {
    memory: DmaMemory,
    words: usize,
    /// Lists of the pieces, if there is more than one.
    list: Option<DmaMemory>,
    /// Entries of the first list.
    entries: u32,
}

impl HostBuffer {
    /// A buffer of `words` zeroed words, fewer than 2^29, which is what a command can name.
    pub fn new(transport: &dyn Transport, words: usize) -> Result<Self, Error> {
        let bytes = words.saturating_mul(8);
        if u32::try_from(bytes).is_err() {
            let (given, expected) = (words as u64, u64::from(u32::MAX / 8));
            return Err(Error::Length { what: "words of a pinned buffer", given, expected });
        }
        let memory = transport.allocate(bytes, Contiguity::Pieces)?;
        let (list, entries) = match memory.pieces().len() {
            1 => (None, 0),
            _ => {
                let (list, entries) = list_pieces(transport, &memory, bytes)?;
                (Some(list), entries)
            }
        };
        Ok(Self { memory, words, list, entries })
    }

    /// A buffer with a copy of `values`.
    pub fn from_words(transport: &dyn Transport, values: &[u64]) -> Result<Self, Error> {
        let buffer = Self::new(transport, values.len())?;
        buffer.memory.write(0, values);
        Ok(buffer)
    }

    /// Its length in words.
    pub fn len(&self) -> usize {
        self.words
    }

    /// It has no words.
    pub fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// Copies its words out.
    pub fn to_vec(&self) -> Vec<u64> {
        let mut values = vec![0; self.words];
        self.memory.read(0, &mut values);
        values
    }

    /// Copies `values` in from word `first` on. Panics if they do not fit.
    pub fn write(&mut self, first: usize, values: &[u64]) {
        assert!(first + values.len() <= self.words, "{} words at {first} do not fit {}", values.len(), self.words);
        self.memory.write(first, values);
    }

    /// `host`, `host_len` and `segments` of a submission for the whole buffer.
    pub(crate) fn describe(&self) -> (u64, u32, u32) {
        let memory = self.list.as_ref().unwrap_or(&self.memory);
        (memory.address(), (self.words * 8) as u32, self.entries)
    }
}

/// Memory in one piece on the bus: rings, arguments, lists of indices.
pub(crate) fn whole(transport: &dyn Transport, bytes: usize) -> Result<DmaMemory, TransportError> {
    let memory = transport.allocate(bytes, Contiguity::Whole)?;
    if memory.pieces().len() != 1 {
        let reason = "it comes in several pieces, but was asked for in one".into();
        return Err(TransportError::Memory { bytes, reason });
    }
    Ok(memory)
}

/// Memory in one piece, with a copy of `bytes`.
pub(crate) fn contiguous(transport: &dyn Transport, bytes: &[u8]) -> Result<DmaMemory, TransportError> {
    let memory = whole(transport, bytes.len())?;
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<_, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    memory.write(0, &words);
    Ok(memory)
}

/// Entries of a list.
const ENTRY: usize = size_of::<Segment>();

/// The first `bytes` bytes of a buffer as segments. The last piece may be longer than what is left.
fn segments(memory: &DmaMemory, bytes: usize) -> Vec<Segment> {
    let mut left = bytes;
    let mut segments = Vec::with_capacity(memory.pieces().len());
    for piece in memory.pieces() {
        let len = piece.bytes.min(left);
        left -= len;
        if len > 0 {
            segments.push(Segment { address: piece.address, len: len as u32, kind: segment::DATA });
        }
    }
    segments
}

/// Writes the list of a buffer's pieces; where the list itself comes in several pieces, they are chained. The list and
/// the entries of its first piece.
fn list_pieces(transport: &dyn Transport, memory: &DmaMemory, bytes: usize) -> Result<(DmaMemory, u32), Error> {
    let segments = segments(memory, bytes);
    // Room for a link at the end of every piece of the list, however many it has: a piece is at least a beat, four entries.
    let most = segments.len() + segments.len() / 3 + 1;
    if most > segment::MAX as usize {
        let (given, expected) = (segments.len() as u64, u64::from(segment::MAX / 4 * 3 - 1));
        return Err(Error::Length { what: "pieces of a pinned buffer", given, expected });
    }
    let list = transport.allocate(most * ENTRY, Contiguity::Pieces)?;
    let mut parts = Vec::new();
    let mut left = &segments[..];
    for piece in list.pieces() {
        let room = piece.bytes / ENTRY;
        let (part, rest) = left.split_at(if left.len() <= room { left.len() } else { room - 1 });
        parts.push((part, piece));
        left = rest;
        if left.is_empty() {
            break;
        }
    }
    // Entries of part i, the link to the next one included.
    let entries = |i: usize| (parts[i].0.len() + usize::from(i + 1 < parts.len())) as u32;
    let mut word = 0;
    for (i, (part, piece)) in parts.iter().enumerate() {
        let mut part = part.to_vec();
        if let Some((_, next)) = parts.get(i + 1) {
            part.push(Segment { address: next.address, len: entries(i + 1), kind: segment::NEXT });
        }
        list.write(word, bytemuck::cast_slice(&part));
        word += piece.bytes / 8;
    }
    let first = entries(0);
    Ok((list, first))
}
