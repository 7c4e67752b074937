//! Pinned buffers. A buffer goes with its submission and comes back with the completion, so that nobody touches it
//! while the card may.

use karat_abi::Segment;
use karat_abi::queue::segment;

use crate::{DmaMemory, Transport, TransportError};

/// Host memory of whole words that the card can reach.
pub struct HostBuffer {
    memory: DmaMemory,
    words: usize,
    /// Lists of the pieces, if there is more than one.
    list: Option<DmaMemory>,
    /// Entries of the first list.
    entries: u32,
}

impl HostBuffer {
    /// A buffer of `words` zeroed words.
    pub fn new(transport: &dyn Transport, words: usize) -> Result<Self, TransportError> {
        let memory = transport.allocate(words * 8)?;
        let (list, entries) = match memory.pieces().len() {
            1 => (None, 0),
            _ => {
                let (list, entries) = list_pieces(transport, &memory, words * 8)?;
                (Some(list), entries)
            }
        };
        Ok(Self { memory, words, list, entries })
    }

    /// A buffer with a copy of `values`.
    pub fn from_words(transport: &dyn Transport, values: &[u64]) -> Result<Self, TransportError> {
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
        (memory.pieces()[0].address, (self.words * 8) as u32, self.entries)
    }
}

/// A buffer that must be in one piece on the bus: arguments and lists of indices.
pub(crate) fn contiguous(transport: &dyn Transport, bytes: &[u8]) -> Result<DmaMemory, TransportError> {
    let memory = transport.allocate(bytes.len())?;
    if memory.pieces().len() != 1 {
        let reason = "it comes in several pieces, but must be in one".into();
        return Err(TransportError::Memory { bytes: bytes.len(), reason });
    }
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<_, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
    memory.write(0, &words);
    Ok(memory)
}

/// Writes the list of a buffer's pieces; where the list itself comes in several pieces, they are chained.
fn list_pieces(
    transport: &dyn Transport,
    memory: &DmaMemory,
    mut bytes: usize,
) -> Result<(DmaMemory, u32), TransportError> {
    const ENTRY: usize = size_of::<Segment>();
    let count = memory.pieces().len();
    // Room for a link at the end of every piece of the list, however many it has (a piece is at least a beat).
    let list = transport.allocate((count + count / 3 + 1) * ENTRY)?;
    let mut sources = memory.pieces().iter();
    let mut left = count;
    let mut lists: Vec<Vec<Segment>> = Vec::new();
    for piece in list.pieces() {
        if left == 0 {
            break;
        }
        let room = piece.bytes / ENTRY;
        let data = if left <= room { left } else { room - 1 };
        left -= data;
        lists.push(
            sources
                .by_ref()
                .take(data)
                .map(|source| {
                    let len = source.bytes.min(bytes);
                    bytes -= len;
                    Segment { address: source.address, len: len as u32, kind: segment::DATA }
                })
                .collect(),
        );
    }
    let first = lists[0].len() as u32 + u32::from(lists.len() > 1);
    let mut word = 0;
    for (i, piece) in list.pieces().iter().take(lists.len()).enumerate() {
        let mut entries = lists[i].clone();
        if let Some(next) = lists.get(i + 1) {
            let more = u32::from(i + 2 < lists.len());
            let address = list.pieces()[i + 1].address;
            entries.push(Segment { address, len: next.len() as u32 + more, kind: segment::NEXT });
        }
        list.write(word, bytemuck::cast_slice(&entries));
        word += piece.bytes / 8;
    }
    Ok((list, first))
}
