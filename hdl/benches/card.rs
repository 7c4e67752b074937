//! What a card costs to make and to simulate: `cargo bench -p karat-hdl`.

use std::time::Instant;

use karat_hdl::{Config, emit, processor_verilog};
use karat_verilator::{Config as Verilator, Design, Source, packages};

fn main() {
    for config in Config::ALL {
        let start = Instant::now();
        let card = emit(config).unwrap();
        let (lines, modules) = (card.verilog.lines().count(), card.verilog.matches("endmodule").count());
        println!("{}: emitted in {:.1?}: {lines} lines, {modules} modules", config.name, start.elapsed());

        let packaged = Source::read(&packages::vexriscv(card.processor).unwrap()).unwrap();
        let processor = Source::new(packaged.name, processor_verilog(&packaged.text).unwrap());
        let files = [Source::new(format!("{}.v", card.top), card.verilog), processor];
        let design = Design::new(card.top, files);
        // From the cache if it has been built before.
        let start = Instant::now();
        let model = design.build_with(&Verilator::from_env()).unwrap();
        println!(
            "{}: {} in {:.1?}",
            config.name,
            if model.was_built() { "compiled" } else { "loaded" },
            start.elapsed()
        );

        let mut dut = model.instance(1);
        let reset = dut.port("reset").unwrap();
        for port in model.ports().iter().filter(|port| port.input && port.width <= 64) {
            let port = dut.port(&port.name).unwrap();
            dut.set(port, 0);
        }
        dut.set(reset, 1);
        dut.run(32);
        dut.set(reset, 0);
        const CYCLES: u64 = 300_000;
        let start = Instant::now();
        dut.run(CYCLES);
        let time = start.elapsed().as_secs_f64() / CYCLES as f64;
        println!("{}: at rest {:.0} ns per cycle, {:.0} k cycles/s", config.name, time * 1e9, 1e-3 / time);
    }
}
