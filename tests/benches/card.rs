//! Speed of the simulated card while its engines work, and what a proof's cycles go to: `cargo bench -p karat-tests`.

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::job::{self, CardIdentity, Resident};
use karat::{HashingFor, Keccak, Parameters, Poseidon2, Session};
use karat_sim::Options;
use karat_tests::{accept, card, parameters};

fn main() {
    let session = card(&Options::new("tiny"));
    for (air, log_rows) in [(AirName::Fib, 10), (AirName::Poseidon2, 7), (AirName::Poseidon2, 8)] {
        let statement = || Statement::random(air, log_rows, 1).expect("a statement");
        let parameters = parameters(1, 1, 0);
        measure::<Poseidon2>(&session, &parameters, statement());
        measure::<Keccak>(&session, &parameters.with_constants(()), statement());
    }
}

fn measure<H: HashingFor<Challenge>>(session: &Session, parameters: &Parameters<H>, statement: Statement) {
    let simulation = session.card().simulation().expect("it is simulated");
    let (name, log_rows) = (statement.spec.name(), statement.log_rows());
    let identity = CardIdentity { name: "tiny".into(), firmware_sha256: *session.card().firmware_sha256() };
    let before = simulation.counters();
    let outcome = job::run::<Challenge, H>(&Resident(session.clone()), &identity, parameters, statement);
    let usage = accept(outcome).report.usage;
    let after = simulation.counters();
    let cycles = after.cycles - before.cycles;
    let speed = cycles as f64 / (after.wall - before.wall).as_secs_f64();
    let share = |cycles: u64| 100.0 * cycles as f64 / usage.cycles as f64;
    let busy: Vec<String> =
        usage.engines.iter().map(|engine| format!("{} {:.1} %", engine.name, share(engine.busy_cycles))).collect();
    println!(
        "{name} 2^{log_rows}, {:?}: {speed:.0} cycles a second, {} cycles, idle {:.1} %; {}",
        H::FUNCTION,
        usage.cycles,
        share(usage.idle_cycles),
        busy.join(", ")
    );
}
