//! Commands and their arguments.

use bytemuck::{Pod, Zeroable};

/// What a [`crate::Submission`] asks for. Below 0x10 only on the admin queue, the rest only on the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Opcode {
    /// Makes queue pair `param` with `rows` entries; `host` and `list` are the submission and completion rings.
    CreateQueue = 0x01,
    /// Ends queue pair `param`: its outstanding commands complete as `Aborted`.
    DeleteQueue = 0x02,
    /// Gives beats `card .. card + rows` to a new session; the result is its number.
    CreateSession = 0x03,
    /// Ends session `param`.
    DeleteSession = 0x04,
    /// Loads the 86 round constants (u64, order of `engine::hash::CONSTANTS`) from `list`.
    LoadConstants = 0x05,
    /// Writes a [`Counters`] to `host`.
    Counters = 0x06,
    /// Completes; the result is `param`.
    Nop = 0x10,
    /// Host rows (row-major u64, any value, `host_len` = 8 * width * rows) to tiles, canonical.
    Upload = 0x11,
    /// Tiles to host rows (row-major). The first row is `param`.
    Download = 0x12,
    /// The rows whose u32 indices are at `list` (`rows` of them, each below `param`) to the host, row-major, in that order.
    Gather = 0x13,
    /// Low-degree extension, see [`LdeArguments`] at `list`.
    Lde = 0x20,
    /// Merkle tree, see [`MerkleArguments`] at `list`.
    Merkle = 0x30,
}

impl Opcode {
    /// The opcode of a number, if there is one.
    pub const fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            0x01 => Self::CreateQueue,
            0x02 => Self::DeleteQueue,
            0x03 => Self::CreateSession,
            0x04 => Self::DeleteSession,
            0x05 => Self::LoadConstants,
            0x06 => Self::Counters,
            0x10 => Self::Nop,
            0x11 => Self::Upload,
            0x12 => Self::Download,
            0x13 => Self::Gather,
            0x20 => Self::Lde,
            0x30 => Self::Merkle,
            _ => return None,
        })
    }
}

/// Arguments of [`Opcode::Lde`]: for every column, the polynomial that interpolates the source over a two-adic
/// subgroup, evaluated on `shift * K` with K of `rows << log_blowup` points.
///
/// Source: natural order, `rows` rows. Destination: bit-reversed order, tile-major with `rows << log_blowup` beats a
/// tile. With `NTT` set: one plain transform of the source instead, forward (bit-reversed out) or inverse
/// (bit-reversed coefficients), `log_blowup` 0, the input first scaled by the powers of `shift` (forward only).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct LdeArguments {
    /// `shift` of the destination coset over the source's: p3's `GENERATOR / domain.shift()`; canonical, not zero.
    pub shift: u64,
    /// First beat of the source.
    pub source: u32,
    /// Beats between two source tiles.
    pub source_stride: u32,
    /// First beat of the destination, which may not overlap the source.
    pub destination: u32,
    /// Beats between two destination tiles, at least `rows << log_blowup`.
    pub destination_stride: u32,
    /// Tiles.
    pub tiles: u32,
    /// log2 of the rows, 0 to 24.
    pub log_rows: u32,
    /// log2 of the blowup.
    pub log_blowup: u32,
    /// 0 or one of [`lde`].
    pub mode: u32,
    /// First beat of a work area, used when the rows exceed the on-chip buffer: `scratch_beats` beats.
    pub scratch: u32,
    /// Beats of the work area, at least `rows << (log_blowup + 1)` when it is needed.
    pub scratch_beats: u32,
    /// Zero.
    pub reserved: [u32; 4],
}

/// Values of [`LdeArguments::mode`].
pub mod lde {
    /// Low-degree extension.
    pub const EXTEND: u32 = 0;
    /// Plain forward transform.
    pub const FORWARD: u32 = 1;
    /// Plain inverse transform, including 1/N.
    pub const INVERSE: u32 = 2;
}

/// Arguments of [`Opcode::Merkle`]: a heap of 32-byte nodes over `matrices` matrices, tallest first, whose
/// [`MatrixArguments`] follow. Heights are powers of two, rows are hashed in storage order.
///
/// Level of `h` nodes stands at nodes `h .. 2h` of the heap; the cap of height `c` is level `2^c`. The firmware
/// computes levels down to the cap only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct MerkleArguments {
    /// First beat of the heap, which takes as many beats as the tallest matrix has rows (two nodes a beat).
    pub heap: u32,
    /// First beat of a work area of at least as many beats as the second-tallest height has rows (0 if all
    /// matrices are of one height).
    pub scratch: u32,
    /// Beats of the work area.
    pub scratch_beats: u32,
    /// Matrices that follow, 1 to [`MAX_MATRICES`].
    pub matrices: u32,
    /// log2 of the nodes of the cap, at most that of the tallest height.
    pub cap_height: u32,
    /// Zero.
    pub reserved: [u32; 3],
}

/// One matrix of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct MatrixArguments {
    /// First beat.
    pub card: u32,
    /// Beats between two tiles.
    pub tile_stride: u32,
    /// Valid columns.
    pub width: u32,
    /// log2 of the rows.
    pub log_rows: u32,
}

/// Most matrices of one tree.
pub const MAX_MATRICES: u32 = 64;

/// What [`Opcode::Counters`] writes: cycles since reset, by engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Counters {
    /// Card cycles.
    pub cycles: u64,
    /// Cycles with no engine busy.
    pub idle: u64,
    /// Commands completed, the admin queue's included.
    pub commands: u64,
    /// Zero.
    pub reserved: u64,
    /// By [`crate::Engine`].
    pub engines: [EngineCounters; crate::engine::ENGINES],
    /// By [`crate::Stage`].
    pub stages: [StageCounters; crate::stage::STAGES],
    /// Zero.
    pub reserved_end: [u64; 6],
}

/// Counters of an engine, all in cycles but `work`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct EngineCounters {
    /// A descriptor was active.
    pub busy: u64,
    /// Busy, and the datapath waited for input.
    pub starved: u64,
    /// Busy, and the datapath waited for its output to be taken.
    pub stalled: u64,
    /// Units of work done.
    pub work: u64,
}

/// What was done for a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct StageCounters {
    /// Cycles in which at least one of its commands was under way. Stages overlap.
    pub cycles: u64,
    /// Commands ended.
    pub commands: u64,
}

const _: () = assert!(size_of::<LdeArguments>() == 64);
const _: () = assert!(size_of::<MerkleArguments>() == 32);
const _: () = assert!(size_of::<MatrixArguments>() == 16);
const _: () = assert!(size_of::<Counters>() == 448);
