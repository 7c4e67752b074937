//! What emission promises.

use karat_hdl_base::emit::{Error, emit};
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::field::{Add, Canonicalise, Halve, Multiply, Negate, Rotate, Square, Sub};
use karat_hdl_base::fifo::{BeatFifo, Credits, Fifo};
use karat_hdl_base::gate::ClockGate;
use karat_hdl_base::memory::{Ram, Rom, SizedRam};
use karat_hdl_base::register::Register;
use karat_hdl_base::skid::Skid;
use karat_hdl_base::testing::{design, simulate, synthesis_form};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
struct Counter {
    clock: Signal<In, Clock>,
    reset: Signal<In, Bit>,
    step: Signal<In, Bits<64>>,
    low: Signal<Out, Bits<64>>,
    high: Signal<Out, Bits<64>>,
    counts: [Register<Bits<64>>; 2],
}

impl Logic for Counter {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..2 {
            self.counts[i].clock.next = self.clock.val();
            self.counts[i].d.next = self.counts[i].q.val() + self.step.val();
        }
        self.low.next = self.counts[0].q.val();
        self.high.next = self.counts[1].q.val();
        if self.reset.val() {
            self.counts[0].d.next = 0.into();
            self.counts[1].d.next = 100.into();
        }
    }
}

#[test]
fn a_block_becomes_one_text_with_merged_modules_and_runs() {
    let text = emit("counter", Counter::default).unwrap();
    assert_eq!(text, emit("counter", Counter::default).unwrap());
    assert_eq!(text.matches("module register_64(").count(), 1, "{text}");
    assert_eq!(text.matches("register_64 counts$").count(), 2, "{text}");
    let model = simulate("counter", Counter::default).unwrap();
    let mut dut = model.instance(3);
    let [reset, step, low, high] = ["reset", "step", "low", "high"].map(|name| model.port(name).unwrap());
    dut.set(reset, 1);
    dut.set(step, 7);
    dut.cycle();
    dut.set(reset, 0);
    dut.run(10);
    assert_eq!((dut.get(low), dut.get(high)), (70, 170));
}

#[derive(LogicBlock, Default)]
struct Undriven {
    clock: Signal<In, Clock>,
    out: Signal<Out, Bits<8>>,
    lost: Register<Bits<8>>,
}

impl Logic for Undriven {
    #[hdl_gen]
    fn update(&mut self) {
        self.lost.clock.next = self.clock.val();
        self.out.next = self.lost.q.val();
    }
}

#[test]
fn an_undriven_signal_is_an_error_that_names_it() {
    match emit("undriven", Undriven::default) {
        Err(Error::Undriven { signals, .. }) => assert!(signals[0].contains("lost"), "{signals:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_while_building_is_an_error() {
    let error = emit("broken", || -> Counter { panic!("no such size") }).unwrap_err();
    assert!(error.to_string().contains("no such size"), "{error}");
}

#[test]
fn both_forms_of_every_block_pass_verilators_checks() {
    fn check<T: Block>(name: &str, build: fn() -> T) {
        let fast = design(name, build).unwrap();
        synthesis_form(fast.clone()).lint().unwrap();
        fast.lint().unwrap();
    }
    check("lint_add", Add::default);
    check("lint_sub", Sub::default);
    check("lint_multiply", Multiply::default);
    check("lint_square", Square::default);
    check("lint_rotate", Rotate::default);
    check("lint_canonicalise", Canonicalise::default);
    check("lint_halve", Halve::default);
    check("lint_negate", Negate::default);
    check("lint_ram", Ram::<64, 9>::default);
    check("lint_sized_ram", || SizedRam::new(9));
    check("lint_rom", || Rom::<8, 3>::new([1, 2, 3]));
    check("lint_clock_gate", ClockGate::default);
    check("lint_fifo", Fifo::<48, 4>::default);
    check("lint_beat_fifo", BeatFifo::<9>::default);
    check("lint_credits", Credits::<9>::default);
    check("lint_skid", Skid::<64>::default);
    check("lint_engine_registers", EngineRegisters::<32>::default);
}
