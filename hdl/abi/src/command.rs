//! Commands and their arguments.

use bytemuck::{Pod, Zeroable};

/// What a [`crate::Submission`] asks for. Below 0x10 only on the admin queue, above only on the others, [`Opcode::Nop`] on all.
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
    /// Proof of work, see [`GrindArguments`] at `list`; the result is the smallest witness.
    Grind = 0x31,
    /// Programs of the vector engine, see [`VectorArguments`] at `list`.
    Vector = 0x40,
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
            0x31 => Self::Grind,
            0x40 => Self::Vector,
            _ => return None,
        })
    }
}

/// Arguments of [`Opcode::Lde`]: for every column, the polynomial that interpolates the source over a two-adic
/// subgroup, evaluated on `shift * K` with K of `rows << log_blowup` points.
///
/// Source: `rows` rows in natural order, or bit-reversed with [`lde::REVERSED`]. Destination: bit-reversed order,
/// tile-major with `rows << log_blowup` beats a tile. Other modes: one plain transform of the source instead, forward
/// (bit-reversed out) or inverse (bit-reversed coefficients), `log_blowup` 0, the input first scaled by the powers of
/// `shift` (forward only).
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
    /// One of [`lde`].
    pub mode: u32,
    /// First beat of a work area, used when the rows exceed the on-chip buffer: `scratch_beats` beats.
    pub scratch: u32,
    /// Beats of the work area, at least `rows << (log_blowup + 1)` when it is needed, in whichever order the source is.
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
    /// With `EXTEND`: the source is in bit-reversed order.
    pub const REVERSED: u32 = 1 << 8;
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
    /// A [`HashFunction`].
    pub hash: u32,
    /// Zero.
    pub reserved: [u32; 2],
}

/// What makes nodes of rows and of pairs of nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum HashFunction {
    /// Poseidon2 of width 8 with the card's round constants: a sponge that overwrites four words at a time, and a node is the first
    /// half of the permutation of two.
    #[default]
    Poseidon2 = 0,
    /// Keccak-256 of the words' bytes, low byte first.
    Keccak = 1,
}

impl HashFunction {
    /// Every function, by its number.
    pub const ALL: [Self; 2] = [Self::Poseidon2, Self::Keccak];

    /// The function of a number, if there is one.
    pub const fn from_u32(value: u32) -> Option<Self> {
        match value {
            0 => Some(Self::Poseidon2),
            1 => Some(Self::Keccak),
            _ => None,
        }
    }

    /// Words of the state of its permutation.
    pub const fn state_words(self) -> usize {
        match self {
            Self::Poseidon2 => 8,
            Self::Keccak => 25,
        }
    }

    /// Words that a permutation absorbs.
    pub const fn rate(self) -> usize {
        match self {
            Self::Poseidon2 => 4,
            Self::Keccak => 17,
        }
    }
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
    /// log2 of the rows, and how they stand: see [`matrix`].
    pub log_rows: u32,
}

/// Parts of [`MatrixArguments::log_rows`].
pub mod matrix {
    /// Bits 0 to 7: log2 of the rows.
    pub const LOG_ROWS: u32 = 0xff;
    /// Bits 8 to 11: 0 for a tile-major matrix, or else log2 of the words (2 to 6) that a row takes in a *flat* one, whose rows stand
    /// one behind the other from the first beat on; `tile_stride` does not count then.
    pub const FLAT_SHIFT: u32 = 8;
    /// Of a flat matrix: the fourth word of every four belongs to no column.
    pub const SKIP: u32 = 1 << 12;
}

/// Most matrices of one tree.
pub const MAX_MATRICES: u32 = 64;

/// Arguments of [`Opcode::Grind`]: the smallest w that makes `bits` low bits of a word zero, of what the permutation makes of `state` with
/// w in it.
///
/// Poseidon2: w replaces word `position`, and it is word `sampled` of the state that has the zeros. Keccak: w is added (exclusive or)
/// to word `position`, and the zeros are in word `sampled` of the digest with its bytes exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GrindArguments {
    /// Of Poseidon2 the first 8, canonical, and zero behind them.
    pub state: [u64; 25],
    /// Below 8, of Keccak below 17.
    pub position: u32,
    /// Below 8, of Keccak below 4.
    pub sampled: u32,
    /// 1 to 32.
    pub bits: u32,
    /// A [`HashFunction`].
    pub hash: u32,
}

impl GrindArguments {
    /// Of a search with Poseidon2.
    pub const fn poseidon2(words: [u64; 8], position: u32, sampled: u32, bits: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = words;
        let state = [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Self { state, position, sampled, bits, hash: HashFunction::Poseidon2 as u32 }
    }
}

/// Arguments of [`Opcode::Vector`]: descriptors of the vector engine, run one after the other with nothing of another command
/// between them. `passes` descriptors follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VectorArguments {
    /// 1 to [`MAX_PASSES`].
    pub passes: u32,
    /// Zero.
    pub reserved: [u32; 3],
}

/// A descriptor of `engine::vector`. All that it names must lie in the session's memory, and what it writes may not overlap what it
/// reads, but for a matrix of the output's own shape that starts where the output does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct VectorPass {
    /// In the order of `engine::vector`.
    pub words: [u32; crate::engine::vector::WORDS],
    /// Zero.
    pub reserved: u32,
}

/// Most descriptors of one [`Opcode::Vector`].
pub const MAX_PASSES: u32 = 4;

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
    /// Cycles with no command on the card, from the first one on: what the host waited with, or thought about.
    pub waiting: u64,
    /// By [`crate::Engine`].
    pub engines: [EngineCounters; crate::engine::ENGINES],
    /// By [`crate::Stage`].
    pub stages: [StageCounters; crate::stage::STAGES],
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
const _: () = assert!(size_of::<GrindArguments>() == 216);
const _: () = assert!(size_of::<VectorArguments>() == 16);
const _: () = assert!(size_of::<VectorPass>() == 96);
const _: () = assert!(size_of::<Counters>() == 448);
