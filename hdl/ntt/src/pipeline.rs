//! The radix-2 pipeline: one stage a bit of the position, from the highest.

use karat_hdl_base::register::KeptRegister;
use rust_hdl::prelude::*;

use crate::cell::Cell;
use crate::plan::Geometry;
use crate::stage::StageControl;

/// All stages of all columns. Elements enter and leave with their control words; nothing stops it.
#[derive(LogicBlock)]
pub struct Pipeline {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything under way, in the next cycle.
    pub reset: Signal<In, Bit>,
    /// Control word of the elements that enter.
    pub word: Signal<In, Bits<32>>,
    /// Slots of a frame less one.
    pub frame_mask: Signal<In, Bits<20>>,
    /// Bits of a slot that index points.
    pub point_mask: Signal<In, Bits<20>>,
    /// Elements that enter, one a lane.
    pub x: Vec<Signal<In, Bits<64>>>,
    /// Elements that leave.
    pub y: Vec<Signal<Out, Bits<64>>>,
    /// Their control word.
    pub out_word: Signal<Out, Bits<32>>,
    // One for each stage: of flags under way there are thousands.
    clear: Vec<KeptRegister<Bit>>,
    stage: Vec<StageControl>,
    cell: Vec<Cell>,
    _lanes: usize,
    _more: usize,
    _stages: usize,
    _last: usize,
}

impl Pipeline {
    /// The pipeline of an engine.
    pub fn new(geometry: &Geometry) -> Self {
        let bits = || (0..geometry.log_buffer).rev();
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            word: Signal::default(),
            frame_mask: Signal::default(),
            point_mask: Signal::default(),
            x: (0..geometry.lanes).map(|_| Signal::default()).collect(),
            y: (0..geometry.lanes).map(|_| Signal::default()).collect(),
            out_word: Signal::default(),
            clear: bits().map(|_| KeptRegister::default()).collect(),
            stage: bits().map(|bit| StageControl::new(geometry, bit)).collect(),
            cell: bits().flat_map(|bit| (0..geometry.lanes).map(move |_| Cell::new(geometry, bit))).collect(),
            _lanes: geometry.lanes,
            _more: geometry.lanes + 1,
            _stages: geometry.log_buffer,
            _last: geometry.log_buffer - 1,
        }
    }
}

impl Logic for Pipeline {
    #[hdl_gen]
    fn update(&mut self) {
        for s in 0..self._stages {
            self.stage[s].clock.next = self.clock.val();
            self.clear[s].clock.next = self.clock.val();
            self.clear[s].d.next = self.reset.val();
            self.stage[s].reset.next = self.clear[s].q.val();
            self.stage[s].frame_mask.next = self.frame_mask.val();
            self.stage[s].point_mask.next = self.point_mask.val();
        }
        self.stage[0].word.next = self.word.val();
        for s in 1..self._stages {
            self.stage[s].word.next = self.stage[s - 1].out_word.val();
        }
        // An index may hold loop variables and numbers only, so that `n` stands for the number of lanes.
        for n in self._lanes..self._more {
            for s in 0..self._stages {
                for j in 0..self._lanes {
                    self.cell[s * n + j].clock.next = self.clock.val();
                    self.cell[s * n + j].active.next = self.stage[s].active.val();
                    self.cell[s * n + j].slot.next = self.stage[s].slot.val();
                    self.cell[s * n + j].advance.next = self.stage[s].advance.val();
                    self.cell[s * n + j].subtract.next = self.stage[s].subtract.val();
                    self.cell[s * n + j].pass.next = self.stage[s].pass.val();
                    self.cell[s * n + j].difference.next = self.stage[s].difference.val();
                    self.cell[s * n + j].write_address.next = self.stage[s].write_address.val();
                    self.cell[s * n + j].write_enable.next = self.stage[s].write_enable.val();
                    self.cell[s * n + j].amount.next = self.stage[s].amount.val();
                    self.cell[s * n + j].factor.next = self.stage[s].factor.val();
                }
            }
            for j in 0..self._lanes {
                self.cell[j].x.next = self.x[j].val();
            }
            for s in 1..self._stages {
                for j in 0..self._lanes {
                    self.cell[s * n + j].x.next = self.cell[s * n + j - n].y.val();
                }
            }
            for s in self._last..self._stages {
                for j in 0..self._lanes {
                    self.y[j].next = self.cell[s * n + j].y.val();
                }
            }
        }
        for s in self._last..self._stages {
            self.out_word.next = self.stage[s].out_word.val();
        }
    }
}
