//! `karat prove`: proves on a card, verifies with Plonky3, compares with Plonky3's proof on the CPU.

use std::path::{Path, PathBuf};

use karat::airs::{AirName, Statement};
use karat::job::{self, CardIdentity, Outcome, Prover};
use karat::onchain::Target;
use karat::{ChallengeField, Error, HashingFor, Parameters, Scheme, WithTypes};
use p3_matrix::Matrix;

use crate::chain;
use crate::configuration::Configuration;

/// What `karat prove` is told.
#[derive(clap::Args)]
#[command(mut_arg("node", |arg| arg.requires("submit")), mut_arg("gas", |arg| arg.requires("submit")))]
pub struct Arguments {
    /// The card: `model`, `sim`, `sim:CONFIGURATION`, or `dual` or `dual:CONFIGURATION` for both, compared.
    #[arg(long, default_value = "sim")]
    pub card: String,
    /// The AIR: fib, poseidon2, keccak or blake3.
    #[arg(long, default_value = "poseidon2")]
    air: AirName,
    /// With `--air keccak`: prove the permutations that hashing this file with Keccak-256 takes.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// log2 of the rows of the trace [default: 10, or as few as `--input` takes].
    #[arg(long, value_name = "N")]
    log_rows: Option<usize>,
    #[command(flatten)]
    configuration: Configuration,
    /// What the values of the trace, and the simulation's jitter, are drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Let the card commit and open, and evaluate the quotient on the host with Plonky3's prover.
    #[arg(long)]
    pub host_quotient: bool,
    /// Write the proof here, for `karat verify`.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Write the call with which a contract verifies the proof here, in hexadecimal: see `export-verifier`.
    #[arg(long, value_name = "FILE")]
    calldata: Option<PathBuf>,
    /// Put the contract that verifies the proof and a registry onto a chain, prove, and have the proof verified and recorded there.
    #[arg(long)]
    submit: bool,
    #[command(flatten)]
    chain: chain::Arguments,
    /// Write the report here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the waveforms of the simulation here.
    #[arg(long, value_name = "FILE")]
    pub fst: Option<PathBuf>,
    /// Write a timeline of stages and engines here, for Chrome or Perfetto.
    #[arg(long, value_name = "FILE")]
    pub timeline: Option<PathBuf>,
}

const DEFAULT_LOG_ROWS: usize = 10;

/// A card that proves with any scheme.
pub trait Provers {
    /// Its prover for the types of one.
    fn prover<E: ChallengeField, H: HashingFor<E>>(self, host_quotient: bool) -> Box<dyn Prover<E, H>>;
}

/// Proves and reports. `open` is called once everything that can be checked without a card has been.
pub fn run<P: Provers>(
    arguments: &Arguments,
    open: impl FnOnce(&Arguments) -> Result<(P, CardIdentity), Error>,
) -> Result<(), Error> {
    let (scheme, parameters) = arguments.configuration.resolve(Scheme::default());
    if arguments.input.is_none() {
        parameters.validate(arguments.log_rows.unwrap_or(DEFAULT_LOG_ROWS))?;
    }
    let statement = statement(arguments)?;
    parameters.validate(statement.log_rows())?;

    for path in [&arguments.proof, &arguments.json, &arguments.calldata].into_iter().flatten() {
        writable(path)?;
    }

    let (spec, log_rows) = (statement.spec, statement.log_rows());
    let target = Target { spec, log_rows, scheme, parameters: parameters.clone() };
    if arguments.calldata.is_some() || arguments.submit {
        target.files()?;
    }
    // Before the proof too: what a chain does not take is known in seconds.
    let chain = if arguments.submit { Some(arguments.chain.connect()?) } else { None };
    let contracts = chain.as_ref().map(|chain| chain.deploy(&target)).transpose()?;

    let (card, identity) = open(arguments)?;
    // The report comes at the end, which may be minutes away.
    let (rows, columns) = (statement.trace.height(), statement.trace.width());
    eprintln!("proving {}, {rows} rows of {columns} columns, on {}", arguments.air, identity.name);
    let host_quotient = arguments.host_quotient;
    let outcome = scheme.with_types(Job { card, host_quotient, identity, parameters, statement })?;
    print!("{}", outcome.report);
    if let Some(path) = &arguments.proof {
        write(path, &outcome.file.to_bytes())?;
    }
    if let Some(path) = &arguments.calldata {
        let call: String = outcome.file.calldata()?.iter().map(|byte| format!("{byte:02x}")).collect();
        write(path, format!("0x{call}\n").as_bytes())?;
    }
    if let Some(path) = &arguments.json {
        write(path, outcome.report.to_json().as_bytes())?;
    }
    outcome.verdict?;
    match (&chain, &contracts) {
        (Some(chain), Some(contracts)) => chain.submit(contracts, &outcome.file),
        _ => Ok(()),
    }
}

/// A proof with a scheme's types.
struct Job<P> {
    card: P,
    host_quotient: bool,
    identity: CardIdentity,
    parameters: Parameters,
    statement: Statement,
}

impl<P: Provers> WithTypes for Job<P> {
    type Output = Result<Outcome, Error>;

    fn run<E: ChallengeField, H: HashingFor<E>>(self) -> Result<Outcome, Error> {
        let Self { card, host_quotient, identity, parameters, statement } = self;
        let parameters = parameters.with_constants::<H>(H::constants_of(&parameters.constants));
        job::run(&*card.prover::<E, H>(host_quotient), &identity, &parameters, statement)
    }
}

fn statement(arguments: &Arguments) -> Result<Statement, Error> {
    let Some(path) = &arguments.input else {
        let log_rows = arguments.log_rows.unwrap_or(DEFAULT_LOG_ROWS);
        return Statement::random(arguments.air, log_rows, arguments.seed);
    };
    let unusable = |reason: String| Error::Input { path: path.display().to_string(), reason };
    if arguments.air != AirName::Keccak {
        return Err(unusable(format!("only --air keccak takes an input, and this is {}", arguments.air)));
    }
    let message = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    if message.is_empty() {
        return Err(unusable("it is empty".into()));
    }
    Statement::keccak(&message, arguments.log_rows)
}

/// Makes sure that a file can be written, leaving alone what it holds: better now than after the proof.
fn writable(path: &Path) -> Result<(), Error> {
    std::fs::OpenOptions::new().append(true).create(true).open(path).map(|_| ()).map_err(unwritable(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(unwritable(path))
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::Output { path: path.display().to_string(), reason: error.to_string() }
}
