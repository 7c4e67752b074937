//! RAM whose depth is a value of the design, not of its type: stages of one pipeline differ only in it.

use rust_hdl::prelude::*;

/// A RAM of 2^log_depth 64-bit words with one write and one read port; address bits above are ignored.
///
/// `read_data` is the word of the cycle before. A word may be read two cycles after the one that wrote it at the earliest;
/// reading it in the same cycle gives garbage.
#[derive(LogicBlock)]
pub struct Memory {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes `write_data` at the rising edge.
    pub write_enable: Signal<In, Bit>,
    /// Word to write.
    pub write_address: Signal<In, Bits<20>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<64>>,
    /// Word to read.
    pub read_address: Signal<In, Bits<20>>,
    /// Its value, a cycle later.
    pub read_data: Signal<Out, Bits<64>>,
    _log_depth: usize,
}

impl Memory {
    /// A memory of 2^`log_depth` words, `log_depth` from 1 to 20.
    pub fn new(log_depth: usize) -> Self {
        assert!((1..=20).contains(&log_depth), "a memory has 2 to 2^20 words");
        Self {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            _log_depth: log_depth,
        }
    }
}

impl Logic for Memory {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            include_str!("memory.v")
                .replace("DEPTH", &(1_u64 << self._log_depth).to_string())
                .replace("TOP", &(self._log_depth - 1).to_string()),
        )
    }
}
