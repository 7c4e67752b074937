//! Shift registers.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// `y` is `x` a fixed number of cycles ago, at least one.
#[derive(LogicBlock)]
pub struct Delay<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Value.
    pub x: Signal<In, Bits<W>>,
    /// The value of some cycles ago.
    pub y: Signal<Out, Bits<W>>,
    place: Vec<Register<Bits<W>>>,
    _cycles: usize,
    _last: usize,
}

impl<const W: usize> Delay<W> {
    /// A delay of that many cycles.
    pub fn new(cycles: usize) -> Self {
        assert!(cycles > 0, "a delay takes at least a cycle");
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            y: Signal::default(),
            place: (0..cycles).map(|_| Register::default()).collect(),
            _cycles: cycles,
            _last: cycles - 1,
        }
    }
}

impl<const W: usize> Logic for Delay<W> {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..self._cycles {
            self.place[i].clock.next = self.clock.val();
        }
        self.place[0].d.next = self.x.val();
        for i in 1..self._cycles {
            self.place[i].d.next = self.place[i - 1].q.val();
        }
        for i in self._last..self._cycles {
            self.y.next = self.place[i].q.val();
        }
    }
}

/// A [`Delay`] of control words that starts empty: no word that it gives after a reset was there before it. Of a word that
/// is none only the flags are cleared (see [`crate::word`]): a reset that reached all bits would be its widest wire.
#[derive(LogicBlock)]
pub struct WordDelay {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Takes every word that is under way for none.
    pub reset: Signal<In, Bit>,
    /// Word.
    pub x: Signal<In, Bits<32>>,
    /// The word of some cycles ago.
    pub y: Signal<Out, Bits<32>>,
    place: Vec<Register<Bits<32>>>,
    _cycles: usize,
    _last: usize,
}

impl WordDelay {
    /// A delay of that many cycles.
    pub fn new(cycles: usize) -> Self {
        assert!(cycles > 0, "a delay takes at least a cycle");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            x: Signal::default(),
            y: Signal::default(),
            place: (0..cycles).map(|_| Register::default()).collect(),
            _cycles: cycles,
            _last: cycles - 1,
        }
    }
}

impl Logic for WordDelay {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..self._cycles {
            self.place[i].clock.next = self.clock.val();
        }
        self.place[0].d.next = self.x.val();
        for i in 1..self._cycles {
            self.place[i].d.next = self.place[i - 1].q.val();
        }
        if self.reset.val() {
            self.place[0].d.next = self.x.val() & 0x00ff_ffff;
            for i in 1..self._cycles {
                self.place[i].d.next = self.place[i - 1].q.val() & 0x00ff_ffff;
            }
        }
        for i in self._last..self._cycles {
            self.y.next = self.place[i].q.val();
        }
    }
}
