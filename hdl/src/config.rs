//! The named configurations.

use karat_abi::registers::capabilities2;

/// What distinguishes one card from another: constants of the same source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// The name, as in `sim:NAME`.
    pub name: &'static str,
    /// Lanes of the transform engine: columns that it takes a cycle.
    pub ntt_lanes: usize,
    /// log2 of its on-chip buffer in beats, the longest transform in one pass.
    pub ntt_log_buffer: usize,
    /// log2 of its FIFOs towards memory, in beats.
    pub ntt_log_fifo: usize,
    /// S-boxes of the hash engine, of four multipliers each.
    pub hash_sboxes: usize,
    /// Rounds of Keccak-f that the hash engine does in a cycle, a divisor of 24.
    pub hash_rounds: usize,
    /// log2 of the rows that it hashes together.
    pub hash_log_batch: usize,
    /// Lanes of the vector engine: rows that it works on at a time, with a multiplier each.
    pub vector_lanes: usize,
    /// log2 of the ring of beats that a layout change has in each direction: two half buffers.
    pub log_layout: usize,
    /// log2 of the beats that may be under way from host memory.
    pub log_read_ahead: usize,
    /// log2 of the beats that wait for host memory.
    pub log_write_behind: usize,
}

impl Config {
    /// Every configuration.
    pub const ALL: &[&Config] = &[&TINY];

    /// The configuration of this name.
    pub fn by_name(name: &str) -> Option<&'static Config> {
        Self::ALL.iter().find(|config| config.name == name).copied()
    }

    /// The register CAPABILITIES.
    pub const fn capabilities(&self) -> u32 {
        self.ntt_lanes as u32
            | (4 * self.hash_sboxes as u32) << 8
            | (self.ntt_log_buffer as u32) << 16
            | (self.hash_log_batch as u32) << 24
    }

    /// The register CAPABILITIES2.
    pub const fn capabilities2(&self) -> u32 {
        const CHANNELS: u32 = 1;
        // Poseidon2 and Keccak-256.
        const HASHES: u32 = 0b11;
        1 << (self.log_layout - 1) | CHANNELS << 16 | HASHES << capabilities2::HASHES | (self.vector_lanes as u32) << 24
    }
}

/// Fast to simulate, for tests.
pub const TINY: Config = Config {
    name: "tiny",
    ntt_lanes: 2,
    ntt_log_buffer: 10,
    ntt_log_fifo: 7,
    hash_sboxes: 2,
    hash_rounds: 1,
    hash_log_batch: 7,
    vector_lanes: 8,
    log_layout: 10,
    log_read_ahead: 9,
    log_write_behind: 7,
};
