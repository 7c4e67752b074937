//! What a model costs: building it, loading it, a call, a cycle of a real processor.
//!
//! `cargo bench -p karat-verilator`

use std::time::{Duration, Instant};

use karat_verilator::{Config, Design, Error, Instance, Model, Source, packages};

const COUNTER: &str = "module counter(input clock, input [63:0] step, output reg [63:0] count);
  always @(posedge clock) count <= count + step;
endmodule";

fn main() -> Result<(), Error> {
    // Packages come from the ordinary cache, models from an empty one.
    let mut config = Config::from_env();
    packages::verilator_with(&config)?;
    let core = packages::vexriscv_with(&config, "VexRiscv")?;
    let failed = |source| Error::Io { what: "preparing a cache", path: std::env::temp_dir(), source };
    let empty = tempfile::tempdir().map_err(failed)?;
    if config.verilator.is_none() {
        std::os::unix::fs::symlink(config.cache.join("packages"), empty.path().join("packages")).map_err(failed)?;
    }
    config.cache = empty.path().to_owned();

    let counter = Design::new("counter", [Source::new("counter.v", COUNTER)]);
    timed("trivial design, Verilator's runtime not built yet", || counter.build_with(&config))?;
    let fresh = Design { optimize: 2, ..counter.clone() };
    timed("trivial design, runtime there", || fresh.build_with(&config))?;
    let model = timed("trivial design, cached", || counter.build_with(&config))?;
    calls(&model)?;

    for optimize in [1, 2, 3] {
        let mut design = Design::new("VexRiscv", [Source::read(&core)?]);
        design.clock = "clk".into();
        design.optimize = optimize;
        let model = timed(&format!("VexRiscv (4K + 4K caches) at -O{optimize}"), || design.build_with(&config))?;
        processor(&model)?;
    }
    Ok(())
}

fn timed(what: &str, build: impl FnOnce() -> Result<Model, Error>) -> Result<Model, Error> {
    let start = Instant::now();
    let model = build()?;
    println!("{what}: {:.4} s", start.elapsed().as_secs_f64());
    Ok(model)
}

/// Nanoseconds of one round, the best of five runs.
fn nanoseconds(rounds: u32, mut run: impl FnMut(u32)) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        run(rounds);
        best = best.min(start.elapsed());
    }
    best.as_secs_f64() * 1e9 / f64::from(rounds)
}

fn calls(model: &Model) -> Result<(), Error> {
    const ROUNDS: u32 = 2_000_000;
    let (step, count) = (model.port("step")?, model.port("count")?);
    let mut dut = model.instance(1);
    let eval = nanoseconds(ROUNDS, |n| (0..n).for_each(|_| dut.eval()));
    let run = nanoseconds(ROUNDS, |n| dut.run(n.into()));
    let mut sum = 0u64;
    let set = nanoseconds(ROUNDS, |n| {
        for value in 0..n {
            dut.set(step, value.into());
            dut.cycle();
            sum = sum.wrapping_add(dut.get(count));
        }
    });
    println!("trivial design: {eval:.1} ns an eval, {run:.1} ns a cycle of run, {set:.1} ns a cycle with set and get");
    std::hint::black_box(sum);
    Ok(())
}

/// An integer loop from the instruction cache: the core at work without a memory model.
fn processor(model: &Model) -> Result<(), Error> {
    // addi x1, x1, 1; xor x2, x2, x1; j -8
    const LOOP: [u64; 3] = [0x0010_8093, 0x0011_4133, 0xff9f_f06f];
    let mut dut = model.instance(1);
    let input = |dut: &mut Instance, name: &str, value| model.port(name).map(|port| dut.set(port, value));
    for port in model.ports().iter().filter(|port| port.input && port.width <= 64) {
        input(&mut dut, &port.name, 0)?;
    }
    input(&mut dut, "reset", 1)?;
    dut.run(4);
    input(&mut dut, "reset", 0)?;
    let (strobe, address) = (model.port("iBusWishbone_STB")?, model.port("iBusWishbone_ADR")?);
    let (ack, data) = (model.port("iBusWishbone_ACK")?, model.port("iBusWishbone_DAT_MISO")?);
    let mut beats = 0;
    for _ in 0..1000 {
        let asked = dut.get(strobe);
        beats += asked;
        dut.set(ack, asked);
        dut.set(data, LOOP.get(dut.get(address) as usize).copied().unwrap_or(0x13));
        dut.cycle();
    }
    assert!(beats >= 8, "the core fetched {beats} words");
    dut.set(ack, 0);
    let cycle = nanoseconds(500_000, |n| dut.run(n.into()));
    println!("  {cycle:.0} ns a cycle: {:.2} M cycles/s", 1e3 / cycle);
    dut.check()
}
