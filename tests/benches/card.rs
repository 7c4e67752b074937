//! Speed of the simulated card while its engines work, and what a proof's cycles go to: `cargo bench -p karat-tests`.

use karat::airs::AirName;
use karat_sim::Options;
use karat_tests::{card, parameters, prove};

fn main() {
    let card = card(&Options::new("tiny"));
    let simulation = card.card().simulation().expect("it is simulated");
    for (air, log_rows) in [(AirName::Fib, 10), (AirName::Poseidon2, 7), (AirName::Poseidon2, 8)] {
        let before = simulation.counters();
        let usage = prove(&card, &parameters(1, 1, 0), air, log_rows).report.usage;
        let after = simulation.counters();
        let cycles = after.cycles - before.cycles;
        let speed = cycles as f64 / (after.wall - before.wall).as_secs_f64();
        let share = |cycles: u64| 100.0 * cycles as f64 / usage.cycles as f64;
        let busy: Vec<String> =
            usage.engines.iter().map(|engine| format!("{} {:.1} %", engine.name, share(engine.busy_cycles))).collect();
        println!(
            "{air} 2^{log_rows}: {speed:.0} cycles a second, {} cycles, idle {:.1} %; {}",
            usage.cycles,
            share(usage.idle_cycles),
            busy.join(", ")
        );
    }
}
