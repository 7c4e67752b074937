//! The butterfly of one column in one stage, with the delay line that brings its two operands together.
//!
//! Elements come in slots; of each run of 2D slots the first half is `a`, the second `b`. While `b` comes in, `a + b` goes
//! out and `a - b` into the line, which goes out while the next `a` comes in: a stage delays by D slots, however many cycles
//! lie between two slots.

use karat_hdl_base::field::{Add, Sub};
use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

use crate::line::Line;

/// Cycles from an element to what it pushes out, of either butterfly.
pub const LATENCY: usize = Line::LATENCY + Add::LATENCY;

/// The shortest line that [`LineButterfly`] may have: a difference is written `LATENCY` cycles after its slot,
/// and a short line shows it from that cycle on.
pub const SHORTEST_LINE: usize = LATENCY;

/// A butterfly with its line in RAM, of at least [`SHORTEST_LINE`] slots.
#[derive(LogicBlock)]
pub struct LineButterfly {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element, at cycle 0.
    pub x: Signal<In, Bits<64>>,
    /// Slot, modulo the length of the line, at cycle 0.
    pub read_address: Signal<In, Bits<20>>,
    /// The element is a `b`; at cycle 1.
    pub subtract: Signal<In, Bit>,
    /// The element goes into the sum: it is a `b`, or the stage is not active; at cycle 1.
    pub pass: Signal<In, Bit>,
    /// The stage is active; constant while elements are under way.
    pub active: Signal<In, Bit>,
    /// The slot of cycle 0 again, at cycle `LATENCY`.
    pub write_address: Signal<In, Bits<20>>,
    /// There was an element and the stage is active; at cycle `LATENCY`.
    pub write_enable: Signal<In, Bit>,
    /// Result, at cycle `LATENCY`.
    pub y: Signal<Out, Bits<64>>,
    line: Line,
    // Each has the width of an element twice as load: one for each column.
    subtracts: KeptRegister<Bit>,
    passes: KeptRegister<Bit>,
    early: Register<Bits<64>>,
    element: Register<Bits<64>>,
    add: Add,
    sub: Sub,
}

impl LineButterfly {
    /// A butterfly with a line of 2^`log_length` slots.
    pub fn new(log_length: usize) -> Self {
        assert!(1 << log_length >= SHORTEST_LINE, "a line in RAM has at least {SHORTEST_LINE} slots");
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            read_address: Signal::default(),
            subtract: Signal::default(),
            pass: Signal::default(),
            active: Signal::default(),
            write_address: Signal::default(),
            write_enable: Signal::default(),
            y: Signal::default(),
            line: Line::new(log_length),
            subtracts: KeptRegister::default(),
            passes: KeptRegister::default(),
            early: Register::default(),
            element: Register::default(),
            add: Add::default(),
            sub: Sub::default(),
        }
    }
}

impl Logic for LineButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, subtracts, passes, early, element);
        self.line.clock.next = self.clock.val();
        self.add.clock.next = self.clock.val();
        self.sub.clock.next = self.clock.val();

        self.subtracts.d.next = self.subtract.val();
        self.passes.d.next = self.pass.val();
        self.early.d.next = self.x.val();
        self.element.d.next = self.early.q.val();
        self.line.read_address.next = self.read_address.val();

        // y = line + (b, or the element of an inactive stage)
        self.add.a.next = 0.into();
        if self.active.val() {
            self.add.a.next = self.line.read_data.val();
        }
        self.add.b.next = 0.into();
        if self.passes.q.val() {
            self.add.b.next = self.element.q.val();
        }
        self.y.next = self.add.sum.val();

        // The line takes a - 0 or line - b.
        self.sub.a.next = self.element.q.val();
        self.sub.b.next = 0.into();
        if self.subtracts.q.val() {
            self.sub.a.next = self.line.read_data.val();
            self.sub.b.next = self.element.q.val();
        }
        self.line.write_address.next = self.write_address.val();
        self.line.write_enable.next = self.write_enable.val();
        self.line.write_data.next = self.sub.difference.val();
    }
}

/// A butterfly with a line too short for the latency of a difference: it keeps the last 2D elements themselves and
/// subtracts when the difference goes out.
#[derive(LogicBlock)]
pub struct HistoryButterfly {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element, at cycle 0.
    pub x: Signal<In, Bits<64>>,
    /// There is one; at cycle 0.
    pub advance: Signal<In, Bit>,
    /// It is an `a`, and the stage is active; at cycle `LATENCY - 1`.
    pub difference: Signal<In, Bit>,
    /// The stage is active; constant while elements are under way.
    pub active: Signal<In, Bit>,
    /// Result, at cycle `LATENCY`.
    pub y: Signal<Out, Bits<64>>,
    history: Vec<Register<Bits<64>>>,
    element: Register<Bits<64>>,
    once: Register<Bits<64>>,
    twice: Register<Bits<64>>,
    add: Add,
    sub: Sub,
    result: Register<Bits<64>>,
    _length: usize,
    _before: usize,
    _double: usize,
    _last: usize,
}

impl HistoryButterfly {
    /// A butterfly with a delay of `length` slots.
    pub fn new(length: usize) -> Self {
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            advance: Signal::default(),
            difference: Signal::default(),
            active: Signal::default(),
            y: Signal::default(),
            history: (0..2 * length).map(|_| Register::default()).collect(),
            element: Register::default(),
            once: Register::default(),
            twice: Register::default(),
            add: Add::default(),
            sub: Sub::default(),
            result: Register::default(),
            _length: length,
            _before: length - 1,
            _double: 2 * length,
            _last: 2 * length - 1,
        }
    }
}

impl Logic for HistoryButterfly {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, element, once, twice, result);
        self.add.clock.next = self.clock.val();
        self.sub.clock.next = self.clock.val();
        for i in 0..self._double {
            self.history[i].clock.next = self.clock.val();
            self.history[i].d.next = self.history[i].q.val();
        }
        if self.advance.val() {
            self.history[0].d.next = self.x.val();
            for i in 1..self._double {
                self.history[i].d.next = self.history[i - 1].q.val();
            }
        }
        self.element.d.next = self.x.val();
        for i in self._before..self._length {
            self.once.d.next = self.history[i].q.val();
        }
        for i in self._last..self._double {
            self.twice.d.next = self.history[i].q.val();
        }
        self.add.a.next = 0.into();
        if self.active.val() {
            self.add.a.next = self.once.q.val();
        }
        self.add.b.next = self.element.q.val();
        self.sub.a.next = self.twice.q.val();
        self.sub.b.next = self.once.q.val();
        self.result.d.next = self.add.sum.val();
        if self.difference.val() {
            self.result.d.next = self.sub.difference.val();
        }
        self.y.next = self.result.q.val();
    }
}
