//! Queue entries: 64-byte submissions, 16-byte completions, segments of scatter-gather lists.

use bytemuck::{Pod, Zeroable};

/// One command. Little-endian, 64 bytes, in the host's submission ring.
///
/// `host`/`host_len`/`segments` name the data in host memory: `segments` 0 means `host_len` contiguous bytes at
/// `host`; otherwise `host` is the bus address of a list of that many [`Segment`]s whose lengths sum to `host_len`.
/// `list`/`list_len` name a second, contiguous host buffer: arguments of a command or a list of indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Submission {
    /// An [`crate::Opcode`].
    pub opcode: u8,
    /// See [`flags`].
    pub flags: u8,
    /// Chosen by the host, unique among the outstanding commands of its queue, not [`NO_COMMAND`].
    pub id: u16,
    /// Session whose card memory the command may touch.
    pub session: u16,
    /// Command of the same queue to wait for, or [`NO_COMMAND`]. One that is not outstanding counts as done.
    pub after: u16,
    /// Bus address of the data or of its segment list; a multiple of 8 (of 64 for lists).
    pub host: u64,
    /// Bytes of the data, a multiple of 8.
    pub host_len: u32,
    /// Entries of the segment list at `host`, 0 for contiguous data.
    pub segments: u32,
    /// Bus address of arguments or indices, a multiple of 64.
    pub list: u64,
    /// Their length in bytes.
    pub list_len: u32,
    /// The [`crate::Stage`] that the command is done for.
    pub stage: u32,
    /// First beat of a matrix in card memory, relative to nothing: sessions own absolute ranges.
    pub card: u32,
    /// Beats between two tiles of that matrix.
    pub tile_stride: u32,
    /// Columns of the matrix.
    pub width: u32,
    /// Rows.
    pub rows: u32,
    /// Meaning depends on the opcode.
    pub param: u32,
    /// [`crate::checksum()`] of the first 60 bytes.
    pub checksum: u32,
}

/// Bits of [`Submission::flags`].
pub mod flags {
    /// Starts only when all earlier commands of the queue are done.
    pub const FENCE: u8 = 1;
}

/// Never a command's id.
pub const NO_COMMAND: u16 = 0xffff;

/// One finished command. Little-endian, 16 bytes, in the host's completion ring; one aligned write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Completion {
    /// Depends on the opcode; the offending value of an error.
    pub result: u64,
    /// Submission entries that the card has taken from this ring, modulo its size.
    pub sq_head: u16,
    /// The queue.
    pub queue: u16,
    /// The command's id.
    pub id: u16,
    /// Bit 0 the phase, which flips with every turn of the ring and is 1 on the first; bits 1-15 a [`crate::Status`].
    pub status: u16,
}

/// One piece of a scatter-gather list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Segment {
    /// Bus address of the piece, a multiple of 8; or of the next list, a multiple of 64.
    pub address: u64,
    /// Bytes of the piece, a multiple of 8; or entries of the next list.
    pub len: u32,
    /// [`segment::DATA`] or [`segment::NEXT`].
    pub kind: u32,
}

/// Values of [`Segment::kind`] and limits of lists.
pub mod segment {
    /// The entry is a piece of data.
    pub const DATA: u32 = 0;
    /// The entry is the last of its list and names the next one.
    pub const NEXT: u32 = 1;
    /// Most entries over all lists of a command, so that a list that loops ends.
    pub const MAX: u32 = 65_536;
}

const _: () = assert!(size_of::<Submission>() == 64);
const _: () = assert!(size_of::<Completion>() == 16);
const _: () = assert!(size_of::<Segment>() == 16);
