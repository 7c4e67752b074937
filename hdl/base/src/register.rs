//! Registers.
//!
//! The one idiom for reset: a [`Register`] has none. A block with state that needs one has an input `reset`, and its `update`
//! ends with one `if self.reset.val() { self.state.d.next = …; }` that lists exactly that state. In simulation registers
//! start random, so state that was forgotten there shows.

use rust_hdl::prelude::*;

use crate::modules::{KEEP, NAME_HINT};

/// A register without reset or initial value; takes the place of rust-hdl's `DFF` (which starts at zero in simulation and so
/// hides missing resets), also in `dff_setup!`.
#[derive(Clone, Debug, LogicBlock)]
pub struct Register<T: Synth> {
    /// Next value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
    /// Clock.
    pub clock: Signal<In, Clock>,
}

impl<T: Synth> Default for Register<T> {
    fn default() -> Self {
        Self { d: Signal::default(), q: Signal::default(), clock: Signal::default() }
    }
}

impl<T: Synth> Logic for Register<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!("{NAME_HINT}register_{}\nalways @(posedge clock) q <= d;\n", T::BITS))
    }
}

/// A [`Register`] that keeps its value while `enable` is low: quicker to simulate than feeding `q` back, for state that
/// changes rarely.
#[derive(Clone, Debug, LogicBlock)]
pub struct EnabledRegister<T: Synth> {
    /// Next value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
    /// Takes `d`.
    pub enable: Signal<In, Bit>,
    /// Clock.
    pub clock: Signal<In, Clock>,
}

impl<T: Synth> Default for EnabledRegister<T> {
    fn default() -> Self {
        Self { d: Signal::default(), q: Signal::default(), enable: Signal::default(), clock: Signal::default() }
    }
}

impl<T: Synth> Logic for EnabledRegister<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "{NAME_HINT}enabled_register_{}\nalways @(posedge clock) if (enable) q <= d;\n",
            T::BITS
        ))
    }
}

/// A [`Register`] that synthesis does not merge with its equals: for copies of a signal with very many loads, one near each
/// group of them.
#[derive(Clone, Debug, LogicBlock)]
pub struct KeptRegister<T: Synth> {
    /// Next value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
    /// Clock.
    pub clock: Signal<In, Clock>,
}

impl<T: Synth> Default for KeptRegister<T> {
    fn default() -> Self {
        Self { d: Signal::default(), q: Signal::default(), clock: Signal::default() }
    }
}

impl<T: Synth> Logic for KeptRegister<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!("{NAME_HINT}kept_register_{}\n{KEEP}\nalways @(posedge clock) q <= d;\n", T::BITS))
    }
}
