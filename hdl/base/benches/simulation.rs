//! What a block costs in simulation: nanoseconds a cycle and instance, from a chain of 64 of them.

use std::hint::black_box;
use std::time::Instant;

use karat_hdl_base::emit::emit;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::field::{Add, Canonicalise, Halve, Multiply, Negate, Rotate, Square, Sub};
use karat_hdl_base::fifo::BeatFifo;
use karat_verilator::{Design, Source};
use rust_hdl::prelude::Block;

const INSTANCES: usize = 64;
const CYCLES: u64 = 100_000;

/// A chain of instances: operands of each are the results of the two before it.
fn chain(module: &str, inputs: &[&str], output: &str) -> String {
    let instances: String = (2..INSTANCES + 2)
        .map(|at| {
            let operands: String =
                inputs.iter().enumerate().map(|(back, name)| format!(".{name}(r[{}]), ", at - 1 - back)).collect();
            format!("{module} i{at}(.clock(clock), {operands}.{output}(r[{at}]));\n")
        })
        .collect();
    format!(
        "module chain(input clock, input [63:0] x, input [63:0] y, output [63:0] z);\n\
         wire [63:0] r [0:{last}];\nassign r[0] = x;\nassign r[1] = y;\nassign z = r[{last}];\n{instances}endmodule\n",
        last = INSTANCES + 1
    )
}

fn measure(name: &str, text: String, top: &str, count: usize) {
    let model = Design { args: vec!["-Wno-WIDTH".into()], ..Design::new(top, [Source::new("chain.v", text)]) };
    let model = model.build().expect("a model");
    let inputs: Vec<_> = model.ports().iter().filter(|port| port.input && port.width <= 64).cloned().collect();
    let mut dut = model.instance(1);
    for (at, input) in inputs.iter().enumerate().filter(|(_, port)| port.name != "clock") {
        let port = model.port(&input.name).expect("a port of the model");
        dut.set(port, 0x0123_4567_89ab_cdef_u64.wrapping_mul(2 * at as u64 + 1) >> 2);
    }
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            dut.run(CYCLES);
            start.elapsed().as_nanos() as f64 / CYCLES as f64
        })
        .fold(f64::MAX, f64::min);
    println!("{name:>16}: {:6.1} ns a cycle and instance", best / count as f64);
    black_box(&dut);
}

fn chained<T: Block>(name: &str, build: impl FnOnce() -> T + Send, inputs: &[&str], output: &str) {
    let text = emit(name, build).expect("Verilog") + &chain(name, inputs, output);
    measure(name, text, "chain", INSTANCES);
}

fn main() {
    chained("add_block", Add::default, &["a", "b"], "sum");
    chained("sub_block", Sub::default, &["a", "b"], "difference");
    chained("multiply_block", Multiply::default, &["a", "b"], "product");
    chained("square_block", Square::default, &["value"], "square");
    chained("rotate", Rotate::default, &["value", "amount"], "result");
    chained("canonicalise", Canonicalise::default, &["value"], "canonical");
    chained("halve", Halve::default, &["value"], "half");
    chained("negate", Negate::default, &["value"], "negative");
    for (name, text) in [
        ("beat_fifo", emit("beat_fifo", BeatFifo::<9>::default)),
        ("engine_registers", emit("engine_registers", EngineRegisters::<11>::default)),
    ] {
        measure(name, text.expect("Verilog"), name, 1);
    }
}
