//! What a block costs in simulation: nanoseconds a cycle and instance, from a chain of 64 of them.

use std::hint::black_box;
use std::time::Instant;

use karat_hdl_base::emit::emit;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::field::{Add, Canonicalise, Halve, Multiply, Negate, Rotate, Square, Sub};
use karat_hdl_base::fifo::BeatFifo;
use karat_verilator::{Design, PortInfo, Source};
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

/// Instances beside one another on the same inputs; every output is folded into one, so that nothing is optimised away.
fn bank<T: Block>(name: &str, build: impl FnOnce() -> T + Send) {
    let text = emit(name, build).expect("Verilog");
    let one = Design { args: vec!["-Wno-WIDTH".into()], ..Design::new(name, [Source::new("one.v", text.clone())]) };
    let one = one.build().expect("a model");
    let (inputs, outputs): (Vec<_>, Vec<_>) = one.ports().iter().partition(|port| port.input);
    let declared = |direction: &str, ports: &[&PortInfo]| -> Vec<String> {
        ports.iter().map(|port| format!("{direction} [{}:0] {}", port.width - 1, port.name)).collect()
    };
    let mut ports = declared("input", &inputs);
    ports.push("output [63:0] folded".into());
    let mut body =
        String::from("wire [63:0] fold [0:INSTANCES];\nassign fold[0] = 0;\nassign folded = fold[INSTANCES];\n")
            .replace("INSTANCES", &INSTANCES.to_string());
    for at in 0..INSTANCES {
        let wires: String =
            outputs.iter().map(|port| format!("wire [{}:0] o{at}_{};\n", port.width - 1, port.name)).collect();
        let mut pins: Vec<String> = inputs.iter().map(|port| format!(".{0}({0})", port.name)).collect();
        pins.extend(outputs.iter().map(|port| format!(".{0}(o{at}_{0})", port.name)));
        let fold: String = outputs.iter().map(|port| format!(" ^ o{at}_{}", port.name)).collect();
        body += &format!("{wires}{name} i{at}({});\nassign fold[{}] = fold[{at}]{fold};\n", pins.join(", "), at + 1);
    }
    let text = format!("{text}module bank({});\n{body}endmodule\n", ports.join(", "));
    measure(name, text, "bank", INSTANCES);
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
    bank("beat_fifo", BeatFifo::<9>::default);
    bank("engine_registers", EngineRegisters::<11>::default);
}
