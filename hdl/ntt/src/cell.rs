//! One column of one stage: butterfly, then the factor behind it.

use karat_hdl_base::field::{Multiply, Rotate};
use rust_hdl::prelude::*;

use crate::butterfly::{HistoryButterfly, LineButterfly, SHORTEST_LINE};
use crate::delay::Delay;
use crate::plan::{Geometry, Twiddle};
use crate::stage::WAIT;

/// Cycles of a multiplication by a power of two.
pub const ROTATOR_LATENCY: usize = Rotate::LATENCY;

/// A column of a stage; its ports belong to those of [`crate::stage::StageControl`].
#[derive(LogicBlock)]
pub struct Cell {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Element that enters.
    pub x: Signal<In, Bits<64>>,
    /// See `StageControl`.
    pub active: Signal<In, Bit>,
    /// See `StageControl`.
    pub slot: Signal<In, Bits<20>>,
    /// See `StageControl`.
    pub advance: Signal<In, Bit>,
    /// See `StageControl`.
    pub subtract: Signal<In, Bit>,
    /// See `StageControl`.
    pub pass: Signal<In, Bit>,
    /// See `StageControl`.
    pub difference: Signal<In, Bit>,
    /// See `StageControl`.
    pub write_address: Signal<In, Bits<20>>,
    /// See `StageControl`.
    pub write_enable: Signal<In, Bit>,
    /// See `StageControl`.
    pub amount: Signal<In, Bits<8>>,
    /// See `StageControl`.
    pub factor: Signal<In, Bits<64>>,
    /// Element that leaves.
    pub y: Signal<Out, Bits<64>>,
    result: Signal<Local, Bits<64>>,
    long: Vec<LineButterfly>,
    short: Vec<HistoryButterfly>,
    rotate: Vec<Rotate>,
    wait: Vec<Delay<64>>,
    multiply: Vec<Multiply>,
    _long: usize,
    _short: usize,
    _rotate: usize,
    _multiply: usize,
}

impl Cell {
    /// A column of the stage on bit `bit` of the position.
    pub fn new(geometry: &Geometry, bit: usize) -> Self {
        let log_length = bit + geometry.log_groups();
        let long = 1 << log_length >= SHORTEST_LINE;
        let twiddle = geometry.twiddle(bit);
        let rotate = matches!(twiddle, Twiddle::Shift { .. }) as usize;
        let multiply = matches!(twiddle, Twiddle::General { .. }) as usize;
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            active: Signal::default(),
            slot: Signal::default(),
            advance: Signal::default(),
            subtract: Signal::default(),
            pass: Signal::default(),
            difference: Signal::default(),
            write_address: Signal::default(),
            write_enable: Signal::default(),
            amount: Signal::default(),
            factor: Signal::default(),
            y: Signal::default(),
            result: Signal::default(),
            long: (0..long as usize).map(|_| LineButterfly::new(log_length)).collect(),
            short: (0..!long as usize).map(|_| HistoryButterfly::new(1 << log_length)).collect(),
            rotate: (0..rotate).map(|_| Rotate::default()).collect(),
            wait: (0..multiply).map(|_| Delay::new(WAIT)).collect(),
            multiply: (0..multiply).map(|_| Multiply::default()).collect(),
            _long: long as usize,
            _short: !long as usize,
            _rotate: rotate,
            _multiply: multiply,
        }
    }
}

impl Logic for Cell {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..self._long {
            self.long[i].clock.next = self.clock.val();
            self.long[i].x.next = self.x.val();
            self.long[i].read_address.next = self.slot.val();
            self.long[i].subtract.next = self.subtract.val();
            self.long[i].pass.next = self.pass.val();
            self.long[i].active.next = self.active.val();
            self.long[i].write_address.next = self.write_address.val();
            self.long[i].write_enable.next = self.write_enable.val();
            self.result.next = self.long[i].y.val();
        }
        for i in 0..self._short {
            self.short[i].clock.next = self.clock.val();
            self.short[i].x.next = self.x.val();
            self.short[i].advance.next = self.advance.val();
            self.short[i].difference.next = self.difference.val();
            self.short[i].active.next = self.active.val();
            self.result.next = self.short[i].y.val();
        }
        self.y.next = self.result.val();
        for i in 0..self._rotate {
            self.rotate[i].clock.next = self.clock.val();
            self.rotate[i].value.next = self.result.val();
            self.rotate[i].amount.next = self.amount.val();
            self.y.next = self.rotate[i].result.val();
        }
        for i in 0..self._multiply {
            self.wait[i].clock.next = self.clock.val();
            self.wait[i].x.next = self.result.val();
            self.multiply[i].clock.next = self.clock.val();
            self.multiply[i].a.next = self.wait[i].y.val();
            self.multiply[i].b.next = self.factor.val();
            self.y.next = self.multiply[i].product.val();
        }
    }
}
