//! A word of a state on its way into the linear layers.

use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

/// Where a word comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug, LogicState)]
pub enum Source {
    /// The S-box.
    Collector,
    /// The state RAM.
    State,
    /// The beat to absorb.
    Beat,
    /// The state was zero before.
    Zero,
}

/// The word, two cycles after `load`, from the source given with it. It has its own registers for both: shared ones have
/// a thousand loads.
#[derive(LogicBlock, Default)]
pub struct Intake {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A word comes in the next cycle.
    pub load: Signal<In, Bit>,
    /// From here.
    pub source: Signal<In, Source>,
    /// Word of the next cycle.
    pub collector: Signal<In, Bits<64>>,
    /// Word of the next cycle.
    pub state: Signal<In, Bits<64>>,
    /// Word of the next cycle.
    pub beat: Signal<In, Bits<64>>,
    /// The word loaded last.
    pub word: Signal<Out, Bits<64>>,
    loaded: KeptRegister<Bit>,
    chosen: KeptRegister<Source>,
    held: Register<Bits<64>>,
}

impl Logic for Intake {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, loaded, chosen, held);
        self.loaded.d.next = self.load.val();
        self.chosen.d.next = self.source.val();
        if self.loaded.q.val() {
            match self.chosen.q.val() {
                Source::Collector => self.held.d.next = self.collector.val(),
                Source::State => self.held.d.next = self.state.val(),
                Source::Beat => self.held.d.next = self.beat.val(),
                _ => self.held.d.next = 0.into(),
            }
        }
        self.word.next = self.held.q.val();
    }
}
