//! The RAM of a delay line.

use karat_hdl_base::memory::SizedRam;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// The longest line of look-up tables, of 2^LOG_SHORT words: their output is a register already.
const LOG_SHORT: usize = 4;

/// A RAM with a register before its address if it is short, behind its slow output if it is long.
///
/// A word can be read from the cycle in which it is written on if the line is short, a cycle later if it is long.
#[derive(LogicBlock)]
pub struct Line {
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
    /// Its value, `LATENCY` cycles later.
    pub read_data: Signal<Out, Bits<64>>,
    memory: SizedRam,
    address: Vec<Register<Bits<20>>>,
    word: Vec<Register<Bits<64>>>,
    _short: usize,
    _long: usize,
}

impl Line {
    /// Cycles from address to word.
    pub const LATENCY: usize = 2;

    /// A line of 2^`log_length` words.
    pub fn new(log_length: usize) -> Self {
        let short = usize::from(log_length <= LOG_SHORT);
        Self {
            clock: Signal::default(),
            write_enable: Signal::default(),
            write_address: Signal::default(),
            write_data: Signal::default(),
            read_address: Signal::default(),
            read_data: Signal::default(),
            memory: SizedRam::new(log_length),
            address: (0..short).map(|_| Register::default()).collect(),
            word: (short..1).map(|_| Register::default()).collect(),
            _short: short,
            _long: 1 - short,
        }
    }
}

impl Logic for Line {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.clock.next = self.clock.val();
        self.memory.write_enable.next = self.write_enable.val();
        self.memory.write_address.next = self.write_address.val();
        self.memory.write_data.next = self.write_data.val();
        self.memory.read_address.next = self.read_address.val();
        self.read_data.next = self.memory.read_data.val();
        for i in 0..self._short {
            self.address[i].clock.next = self.clock.val();
            self.address[i].d.next = self.read_address.val();
            self.memory.read_address.next = self.address[i].q.val();
        }
        for i in 0..self._long {
            self.word[i].clock.next = self.clock.val();
            self.word[i].d.next = self.memory.read_data.val();
            self.read_data.next = self.word[i].q.val();
        }
    }
}
