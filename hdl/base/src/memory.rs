//! On-chip memory: one write port and one read port, or contents fixed at build time.
//!
//! A memory of beats is eight of these; one with byte or word enables is one for each enable.

use rust_hdl::prelude::*;

use crate::modules::NAME_HINT;

/// A RAM of 2^A words of W <= 64 bits with one write and one read port.
///
/// `read_data` is the word at `read_address` of the cycle before, as it was before a write of that same cycle to
/// **another** address; reading the address that is being written gives garbage (complemented in simulation).
/// Contents start random.
#[derive(LogicBlock, Default)]
pub struct Ram<const W: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes `write_data` at the rising edge.
    pub write_enable: Signal<In, Bit>,
    /// Word to write.
    pub write_address: Signal<In, Bits<A>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<W>>,
    /// Word to read.
    pub read_address: Signal<In, Bits<A>>,
    /// Its value, a cycle later.
    pub read_data: Signal<Out, Bits<W>>,
}

impl<const W: usize, const A: usize> Logic for Ram<W, A> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        ram(W, A, "", "")
    }
}

/// A [`Ram`] that shows the word read last while `read_enable` is low.
#[derive(LogicBlock, Default)]
pub struct EnabledRam<const W: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes `write_data` at the rising edge.
    pub write_enable: Signal<In, Bit>,
    /// Word to write.
    pub write_address: Signal<In, Bits<A>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<W>>,
    /// Reads a word.
    pub read_enable: Signal<In, Bit>,
    /// Which.
    pub read_address: Signal<In, Bits<A>>,
    /// Its value, a cycle later.
    pub read_data: Signal<Out, Bits<W>>,
}

impl<const W: usize, const A: usize> Logic for EnabledRam<W, A> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        ram(W, A, "", "if (read_enable) ")
    }
}

/// A [`Ram`] of 64-bit words whose depth is a value of the design, not of its type: for blocks that differ only in it.
/// Address bits above the depth are ignored.
#[derive(LogicBlock)]
pub struct SizedRam {
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

impl SizedRam {
    /// A RAM of 2^`log_depth` words.
    ///
    /// # Panics
    /// If `log_depth` is not from 1 to 20 ([`crate::emit::emit`] makes that an error).
    pub fn new(log_depth: usize) -> Self {
        assert!((1..=20).contains(&log_depth), "a RAM has 2 to 2^20 words");
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

impl Logic for SizedRam {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        ram(64, self._log_depth, &format!("[{}:0]", self._log_depth - 1), "")
    }
}

/// The leaf, with the bits of its address ports that count and the condition of a read.
fn ram(width: usize, log_depth: usize, select: &str, read: &str) -> Verilog {
    // Of look-up tables 2 kbit take a thousand, with a wire to each.
    let style = if width << log_depth >= 2048 { ", ram_style = \"block\"" } else { "" };
    Verilog::Custom(
        include_str!("leaves/ram.v")
            .replace("STYLE", style)
            .replace("READ", read)
            .replace("WIDTH", &width.to_string())
            .replace("DEPTH", &(1_u64 << log_depth).to_string())
            .replace("SELECT", select),
    )
}

/// A ROM of 2^A words of W <= 64 bits, read like [`Ram`].
#[derive(LogicBlock)]
pub struct Rom<const W: usize, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Word to read.
    pub address: Signal<In, Bits<A>>,
    /// Its value, a cycle later.
    pub data: Signal<Out, Bits<W>>,
    // The underscore hides it from `LogicBlock`.
    _words: Vec<u64>,
}

impl<const W: usize, const A: usize> Rom<W, A> {
    /// A ROM of these words from address 0 on, zero after them.
    ///
    /// # Panics
    /// If there are more than 2^A words or one has more than W bits ([`crate::emit::emit`] makes that an error).
    pub fn new(words: impl IntoIterator<Item = u64>) -> Self {
        let words: Vec<u64> = words.into_iter().collect();
        assert!(words.len() as u64 <= 1 << A, "{} words in a ROM of 2^{A}", words.len());
        assert!(W == 64 || words.iter().all(|word| word >> W == 0), "a ROM word is wider than {W} bits");
        Self { clock: Signal::default(), address: Signal::default(), data: Signal::default(), _words: words }
    }
}

impl<const W: usize, const A: usize> Default for Rom<W, A> {
    fn default() -> Self {
        Self::new([])
    }
}

impl<const W: usize, const A: usize> Logic for Rom<W, A> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut words = self._words.clone();
        words.resize(1 << A, 0);
        let fill: String = (0..).zip(&words).map(|(at, word)| format!("mem[{at}] = {W}'h{word:x};\n")).collect();
        Verilog::Custom(format!(
            "{NAME_HINT}rom_{W}x{depth}\nreg [{W}-1:0] mem [0:{depth}-1];\ninitial begin\n{fill}end\n\
             always @(posedge clock) data <= mem[address];\n",
            depth = words.len(),
        ))
    }
}
