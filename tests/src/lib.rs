//! What the tests of the whole path share: opening a simulated card, and proofs on it.

#![forbid(unsafe_code)]

pub mod airs;
pub mod bare;
pub mod cases;
pub mod watched;

use std::sync::Arc;
use std::time::Duration;

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::job::{self, CardIdentity, Outcome, Resident};
use karat::{Card, Error, Parameters, Poseidon2, Session};
use karat_driver::Device;
use karat_sim::{Options, SimTransport};

/// A bound on every wait of a test: far above what anything takes.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// A `tiny` card, booted, and its simulation.
pub fn open(options: &Options) -> (Arc<Device>, Arc<SimTransport>) {
    let image = karat_sim::firmware::image(karat_sim::firmware::Build::Normal).expect("the firmware compiles");
    let transport = Arc::new(SimTransport::open(options).expect("the model builds"));
    let device = Device::open(transport.clone(), &image).expect("the card boots");
    (Arc::new(device), transport)
}

/// A `tiny` card for proofs.
pub fn card(options: &Options) -> Arc<Session> {
    let card = Card::simulate(options).expect("the card opens");
    Arc::new(card.session().expect("all of it is free"))
}

/// Few queries and little proof of work, which take time on the host only.
pub fn parameters(log_blowup: usize, max_log_arity: usize, cap_height: usize) -> Parameters {
    Parameters { log_blowup, max_log_arity, cap_height, num_queries: 8, query_pow_bits: 4, ..Parameters::default() }
}

fn identity(session: &Session) -> CardIdentity {
    let card = session.card();
    CardIdentity { name: card.device().name(), firmware_sha256: *card.firmware_sha256() }
}

/// Proves with the quotient on the host, verifies and compares.
pub fn run(session: &Arc<Session>, parameters: &Parameters, statement: Statement) -> Result<Outcome, Error> {
    job::run::<Challenge, Poseidon2>(session, &identity(session), parameters, statement)
}

/// Proves with everything on the card, verifies and compares.
pub fn run_resident(session: &Session, parameters: &Parameters, statement: Statement) -> Result<Outcome, Error> {
    job::run::<Challenge, Poseidon2>(&Resident(session.clone()), &identity(session), parameters, statement)
}

/// A random trace of an AIR that is proved as the CPU proves it, or the test fails.
pub fn prove(session: &Arc<Session>, parameters: &Parameters, air: AirName, log_rows: usize) -> Outcome {
    let statement = Statement::random(air, log_rows, 1).expect("the statement exists");
    accept(run(session, parameters, statement))
}

/// Insists on a proof that is accepted and has the CPU's bytes.
pub fn accept(outcome: Result<Outcome, Error>) -> Outcome {
    let outcome = outcome.unwrap_or_else(|error| panic!("no proof: {}", chain(&error)));
    if let Err(error) = &outcome.verdict {
        panic!("a bad proof: {}", chain(error));
    }
    assert!(outcome.report.verified && outcome.report.identical_to_cpu);
    outcome
}

/// An error and its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
