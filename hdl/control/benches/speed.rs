//! Simulation speed of the control system while its processor polls: `cargo bench -p karat-hdl-control`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use support::Bench;

fn main() {
    const CYCLES: u64 = 2_000_000;
    let mut bench = Bench::new(1);
    let measure = |what: &str, bench: &mut Bench| {
        let start = Instant::now();
        bench.dut.run(CYCLES);
        let time = start.elapsed().as_secs_f64();
        println!(
            "{what}: {:.0} ns per cycle, {:.2} M cycles/s",
            time / CYCLES as f64 * 1e9,
            CYCLES as f64 / time / 1e6
        );
    };
    measure("held in reset", &mut bench);
    bench.start_monitor();
    measure("polling", &mut bench);
}
