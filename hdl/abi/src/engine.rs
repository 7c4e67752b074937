//! The engines and the words of their descriptors.
//!
//! A descriptor is staged word by word and queued by `registers::engine::PUSH`; an engine holds one active and
//! one pending descriptor. Card addresses are in beats, tree addresses in nodes of 32 bytes.

/// An engine of the card; the value is the index of its register block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
#[repr(u32)]
pub enum Engine {
    /// Moves queue entries, segment lists and index lists between host memory and mailbox RAM.
    Mailbox = 0,
    /// Reads host memory into the upload stream.
    HostRead = 1,
    /// Takes the rows of the upload stream, canonicalises them and writes them as tiles.
    CardWrite = 2,
    /// Reads tiles and packs them row by row into the download stream.
    CardRead = 3,
    /// Writes the download stream to host memory.
    HostWrite = 4,
    /// The number-theoretic transform.
    Ntt = 5,
    /// Sponges and trees.
    Hash = 6,
    /// Programs over rows: constraints, openings, folds.
    Vector = 7,
}

/// How many engines there are.
pub const ENGINES: usize = 8;

impl Engine {
    /// Every engine, in order of index.
    pub const ALL: [Engine; ENGINES] = [
        Engine::Mailbox,
        Engine::HostRead,
        Engine::CardWrite,
        Engine::CardRead,
        Engine::HostWrite,
        Engine::Ntt,
        Engine::Hash,
        Engine::Vector,
    ];

    /// The name on every layer.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Mailbox => "mailbox",
            Engine::HostRead => "host_read",
            Engine::CardWrite => "card_write",
            Engine::CardRead => "card_read",
            Engine::HostWrite => "host_write",
            Engine::Ntt => "ntt",
            Engine::Hash => "hash",
            Engine::Vector => "vector",
        }
    }
}

/// Bits of `registers::engine::STATUS`.
pub mod status {
    /// A descriptor is active or pending.
    pub const BUSY: u32 = 1;
    /// A descriptor is pending: PUSH would be ignored.
    pub const FULL: u32 = 2;
    /// A bus answered with an error since reset.
    pub const ERROR: u32 = 4;
    /// A table fill runs.
    pub const FILLING: u32 = 8;
}

/// Words of a mailbox descriptor.
pub mod mailbox {
    /// Host bus address, low word; a multiple of 64.
    pub const HOST_LO: usize = 0;
    /// Its high word.
    pub const HOST_HI: usize = 1;
    /// First beat of mailbox RAM.
    pub const SLOT: usize = 2;
    /// Beats to move, 1 to 64; they must not cross a 4 KiB boundary of the host.
    pub const BEATS: usize = 3;
    /// Bit 8 `WRITE`: 1 writes to the host, 0 reads from it. Bit 9 `CHECK`. Bits 0-7: the 64-bit words of each beat that a write touches.
    pub const DIRECTION: usize = 4;
    /// Bit of `DIRECTION`.
    pub const WRITE: u32 = 1 << 8;
    /// Bit of `DIRECTION`: each beat read is a queue entry. Its last 32-bit word, the checksum, arrives as its difference (exclusive or) from
    /// [`crate::checksum()`] of the words before it: zero if the entry is intact.
    pub const CHECK: u32 = 1 << 9;
    /// Words of the descriptor.
    pub const WORDS: usize = 5;
}

/// Words of a host-read or host-write descriptor: one piece of the stream.
pub mod host {
    /// Host bus address, low word; a multiple of 8.
    pub const ADDRESS_LO: usize = 0;
    /// Its high word.
    pub const ADDRESS_HI: usize = 1;
    /// Length in bytes, a multiple of 8, not zero.
    pub const BYTES: usize = 2;
    /// Words of the descriptor.
    pub const WORDS: usize = 3;
}

/// Words of a card-write or card-read descriptor: rows `0..ROWS` of `WIDTH` words each, row-major in the
/// stream, tile-major in card memory (word `c` of row `r` in beat `CARD + (c / 8) * TILE_STRIDE + r`).
pub mod card {
    /// Beat of row 0 in tile 0.
    pub const CARD: usize = 0;
    /// Beats between two tiles.
    pub const TILE_STRIDE: usize = 1;
    /// Words of a row, not zero. Absent columns of the last tile are written as zero and not read.
    pub const WIDTH: usize = 2;
    /// Rows, not zero.
    pub const ROWS: usize = 3;
    /// log2 of the rows that are gathered on chip so that each tile is one burst of that many beats. The
    /// product with the tiles of a row must fit half the layout buffer; 0 fits any width.
    pub const LOG_GROUP: usize = 4;
    /// Words of the descriptor.
    pub const WORDS: usize = 5;
}

/// Words of a transform descriptor.
///
/// A *frame* is 2^F beats with position `i`; it holds 2^q interleaved transforms of 2^(F-q) points: the high
/// F-q bits of `i` index the points, the low q bits the transform. Both sides address memory as an outer
/// index `o` over 2^(F-b) bursts of 2^b beats: beat = base + tile * tile_stride + perm(o) * stride + offset, where perm is
/// the identity or (`*_REVERSE`) the reversal of the outer index's bits. A descriptor runs over all tiles.
/// Transforms are decimation in frequency: natural order in, bit-reversed out.
///
/// The pre-multiplier scales position `i` by `HI[i >> h] * LO[i & (2^h - 1)]`, h = ceil(K / 2), from the
/// twiddle set of the phase: set 0 for loads, set 1 + b for coset block b. In `TRANSPOSE` frames it is
/// `HI[i >> q] * w^((i >> q) * rev_q(i & (2^q - 1)))`, w of order 2^F.
pub mod ntt {
    /// Source beat.
    pub const SRC: usize = 0;
    /// Beats between two source bursts.
    pub const SRC_STRIDE: usize = 1;
    /// Beats between two source tiles.
    pub const SRC_TILE: usize = 2;
    /// Destination beat.
    pub const DST: usize = 3;
    /// Beats between two destination bursts.
    pub const DST_STRIDE: usize = 4;
    /// Beats between two destination tiles.
    pub const DST_TILE: usize = 5;
    /// Beats between two coset blocks of the destination (`EXTEND`).
    pub const DST_BLOCK: usize = 6;
    /// Bits 0-4 F = log2 frame, 8-12 log2 source burst, 16-20 log2 destination burst, 24-28 q = log2 interleave.
    pub const SHAPE: usize = 7;
    /// Tiles, not zero.
    pub const TILES: usize = 8;
    /// Coset blocks of an `EXTEND`, at least 1.
    pub const BLOCKS: usize = 9;
    /// Kind and flags.
    pub const MODE: usize = 10;
    /// Words of the descriptor.
    pub const WORDS: usize = 11;

    /// `MODE` kind: memory to pipeline to memory.
    pub const DIRECT: u32 = 0;
    /// `MODE` kind: memory, inverse transform, coefficient RAM (read back in natural order); then for each
    /// block: pre-multiply, forward transform, memory. q = 0.
    pub const EXTEND: u32 = 1;
    /// `MODE` kind: memory, pre-multiply, transform, RAM; written back with interleave and point index exchanged
    /// (output position = low bits * 2^(F-q) + high bits).
    pub const TRANSPOSE: u32 = 2;
    /// `MODE` mask of the kind.
    pub const KIND: u32 = 3;
    /// `MODE`: DIRECT transforms are inverse (without 1/N). EXTEND is inverse then forward, TRANSPOSE forward.
    pub const INVERSE: u32 = 1 << 2;
    /// `MODE`: the outer source index is bit-reversed.
    pub const SRC_REVERSE: u32 = 1 << 3;
    /// `MODE`: the outer destination index is bit-reversed.
    pub const DST_REVERSE: u32 = 1 << 4;
    /// `MODE`: DIRECT and EXTEND loads go through the pre-multiplier with set 0; otherwise they bypass it.
    pub const LOAD_TWIDDLE: u32 = 1 << 5;
    /// `MODE`: which of the two banks of twiddle sets this descriptor uses, so that the other can be filled.
    pub const BANK: u32 = 1 << 6;

    /// Coset blocks that fit a bank of twiddle sets; a larger blowup takes several descriptors.
    pub const MAX_BLOCKS: u32 = 8;
    /// `TABLE_INDEX` of entry 0 of a table: bank, set (0 = load, 1 + b = block b), and whether it is the HI table.
    pub const fn table_index(bank: u32, set: u32, hi: bool) -> u32 {
        bank << 28 | set << 20 | (hi as u32) << 16
    }
}

/// Words of a hash descriptor.
///
/// Sponge: leaf digests of rows `0..ROWS` over `WIDTH` valid columns of a matrix. A leaf over several
/// matrices is one descriptor a matrix on the same rows, at most `2^LOG_BATCH` of them, FIRST on the first and
/// LAST on the last; a descriptor with both may have any number of rows. Compress: node `i` from beat `SRC + i`.
///
/// Beat t of row r of a matrix is `SRC + t * TILE_STRIDE + (r << s)`, s in bits [`LOG_ROW_STRIDE`](hash::LOG_ROW_STRIDE) of `MODE`: 0 if the
/// matrix is tile-major. Of a flat one with `2^k` words a row, `TILE_STRIDE` is 1 and s = k - 3; for k = 2, PAIRS instead: row r is half
/// r mod 2 of beat `SRC + r / 2`.
///
/// Search (GRIND): of the candidates w that begin with `CANDIDATE`, `ROWS` of them, the smallest for which Poseidon2, applied to the
/// state in the table with one word replaced by w, makes a state of which another word has no one where `MASK` has. The result shows in
/// `registers::engine::RESULT_LO` and `RESULT_HI` when the descriptor is done, and until the next search: all ones if no candidate will do.
///
/// With KECCAK the same for Keccak-256 of words, each as its eight bytes, low byte first. A sponge absorbs 17 words a permutation and is
/// padded after the last; a compression is Keccak-256 of the eight words of two nodes; a digest is words 0 to 3 of the state. The state of
/// a search is 25 words, as the last permutation finds it but for the candidate, which is added (exclusive or) to the word that it is
/// for; of the four words of the digest the sampled one is looked at with its bytes exchanged, the highest first.
pub mod hash {
    /// Source beat.
    pub const SRC: usize = 0;
    /// Beats between two tiles (sponge).
    pub const TILE_STRIDE: usize = 1;
    /// Valid columns (sponge), not zero.
    pub const WIDTH: usize = 2;
    /// Rows of a sponge, nodes of a compression, candidates of a search; not zero.
    pub const ROWS: usize = 3;
    /// First output node, in units of 32 bytes.
    pub const OUT: usize = 4;
    /// Kind and flags.
    pub const MODE: usize = 5;
    /// Words of the descriptor.
    pub const WORDS: usize = 6;

    /// Of a search: first candidate, low word. No candidate may reach the order of the field.
    pub const CANDIDATE_LO: usize = 0;
    /// Of a search: its high word.
    pub const CANDIDATE_HI: usize = 1;
    /// Of a search: ones for the low bits that must be zero.
    pub const MASK: usize = 2;
    /// Of a search: bits 0 to 4 the word that is replaced (Poseidon2: 0 to 7, Keccak: 0 to 16), bits 8 to 10 the word that must have the
    /// zeros.
    pub const PLACES: usize = 4;
    /// Lowest bit of the second of `PLACES`.
    pub const SAMPLED: u32 = 8;

    /// `MODE`: two-to-one compression instead of a sponge.
    pub const COMPRESS: u32 = 1;
    /// `MODE`: the sponges start empty.
    pub const FIRST: u32 = 1 << 1;
    /// `MODE`: the sponges finish and write their digests.
    pub const LAST: u32 = 1 << 2;
    /// `MODE`: outputs go to every second node (OUT, OUT + 2, ...), so that a later compression pairs them.
    pub const SPREAD: u32 = 1 << 3;
    /// `MODE`: a beat of a matrix holds two rows of four words.
    pub const PAIRS: u32 = 1 << 4;
    /// `MODE`: the fourth word of every four belongs to no column; `WIDTH` does not count it.
    pub const SKIP: u32 = 1 << 5;
    /// `MODE`: a search instead of a sponge.
    pub const GRIND: u32 = 1 << 6;
    /// `MODE`: Keccak-256 instead of Poseidon2. A leaf is of one of them from FIRST to LAST.
    pub const KECCAK: u32 = 1 << 7;
    /// `MODE`: lowest of the two bits of log2 of the beats between two rows. If not 0, every beat is a read of its own.
    pub const LOG_ROW_STRIDE: u32 = 8;

    /// Round constants of Poseidon2, filled through `TABLE_INDEX` (ratio 1, one entry each): entry `8 r + i` is word i of
    /// external round r (0 to 7, the first four before the internal rounds), entry `64 + r` of internal round r.
    pub const CONSTANTS: u32 = 64 + 22;
    /// Table entry `STATE + i` is word i of the state of a search (8 words, Keccak 25), filled while no search is active or pending.
    pub const STATE: u32 = 96;
}

/// Words of a vector descriptor: one program ([`crate::vector`]) on all rows.
///
/// Rows are worked on in groups of as many as there are lanes, L. A run of the program is for `2^LOG_UNROLL` groups, one after the other in
/// memory; group g is rows `g L` to `g L + L - 1` as they stand. Runs are in ascending order of their groups. Results stay in registers
/// from run to run and from descriptor to descriptor.
///
/// A row of a matrix is, in a tile, 8, 4 or 2 words, so that a beat holds 1, 2 or 4 rows; load `(tile, group)` is the beats of that group
/// from `BASE + tile * STRIDE` on. Loads of [`crate::vector::Row::Next`] and `Previous` bring, for every row, the one of its coset whose index
/// there, the bits of group and row reversed, is larger or smaller by one, modulo the rows of a coset, which are those of `2^LOG_GROUPS`
/// groups. Whatever the loads say, none reaches other rows than those of the cosets that runs are in: of a load's group the low
/// `LOG_UNROLL` bits count.
///
/// Each row's outputs come in the order of instructions, 8, 4 or 2 words for each of the run's groups in turn, and go to the group's
/// beats from `OUTPUT` on, as the words of a load would stand.
pub mod vector {
    /// First beat of the instructions, four a beat (`Instruction::encode`).
    pub const PROGRAM: usize = 0;
    /// Instructions, not zero, less than 2^20; the last, and no other, is marked so.
    pub const INSTRUCTIONS: usize = 1;
    /// First beat of the constants of a run, eight a beat.
    pub const CONSTANTS: usize = 2;
    /// Constants that a run reads, less than 2^20.
    pub const CONSTANT_COUNT: usize = 3;
    /// First beat of the loads, eight a beat (`Load::encode`).
    pub const LOADS: usize = 4;
    /// Loads of a run, less than 2^20.
    pub const LOAD_COUNT: usize = 5;
    /// First beat of the table, of 8 beats; read before the first run.
    pub const TABLE: usize = 6;
    /// Runs, not zero, less than 2^24.
    pub const RUNS: usize = 7;
    /// See [`shape`].
    pub const SHAPE: usize = 8;
    /// First beat of the output.
    pub const OUTPUT: usize = 9;
    /// [`crate::vector::MATRICES`] fields of 4 bits, matrix 0 lowest: bits 0 and 1 log2 of the words of a row in a tile (1 to 3); bit 2
    /// `FIXED`: every run loads the groups that stand first, whichever rows a load asks for.
    pub const MATRIX_SHAPES: usize = 10;
    /// Words of matrix m from `MATRIX + 3 m` on: first beat; beats between two tiles; tiles, at most 2^16. A load of a tile that
    /// does not exist is one of tile 0.
    pub const MATRIX: usize = 11;
    /// Words of the descriptor.
    pub const WORDS: usize = MATRIX + 3 * crate::vector::MATRICES;

    /// Fields of `SHAPE`.
    pub mod shape {
        /// Bits 0 to 4: log2 of the groups of a coset, for loads of other rows.
        pub const LOG_GROUPS: u32 = 0;
        /// Bits 8 to 10: log2 of the groups of a run, at most [`crate::vector::LOG_UNROLL_MAX`].
        pub const LOG_UNROLL: u32 = 8;
        /// Bits 12 and 13: log2 of the words of a row's output, 1 to 3.
        pub const LOG_WORDS: u32 = 12;
        /// Bits 16 to 22: loads that may begin before the first instruction.
        pub const INITIAL_LOADS: u32 = 16;
        /// Bit 24: the last run comes first.
        pub const DESCENDING: u32 = 1 << 24;
        /// Bit 25: there are outputs.
        pub const WRITES: u32 = 1 << 25;
    }
}
