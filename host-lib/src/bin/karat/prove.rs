//! `karat prove`: proves on a card, verifies with Plonky3, compares with Plonky3's proof on the CPU.

use std::path::{Path, PathBuf};

use karat::airs::{AirName, Statement};
use karat::job::{self, CardIdentity, Prover};
use karat::{Error, Parameters};
use p3_matrix::Matrix;

/// What `karat prove` is told.
#[derive(clap::Args)]
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
    /// log2 of the blowup.
    #[arg(long, value_name = "N", default_value_t = 1)]
    log_blowup: usize,
    /// Queries.
    #[arg(long, value_name = "N", default_value_t = 100)]
    queries: usize,
    /// Bits of the proof of work before the queries.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pow_bits: usize,
    /// log2 of the largest folding arity.
    #[arg(long, value_name = "N", default_value_t = 1)]
    log_arity: usize,
    /// log2 of the nodes of a commitment.
    #[arg(long, value_name = "N", default_value_t = 0)]
    cap_height: usize,
    /// What the values of the trace, and the simulation's jitter, are drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Let the card commit and open, and evaluate the quotient on the host with Plonky3's prover.
    #[arg(long)]
    pub host_quotient: bool,
    /// Write the proof here, for `karat verify`.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
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

/// Proves and reports. `open` is called once everything that can be checked without a card has been.
pub fn run(
    arguments: &Arguments,
    open: impl FnOnce(&Arguments) -> Result<(Box<dyn Prover>, CardIdentity), Error>,
) -> Result<(), Error> {
    let parameters = Parameters {
        log_blowup: arguments.log_blowup,
        max_log_arity: arguments.log_arity,
        num_queries: arguments.queries,
        query_pow_bits: arguments.pow_bits,
        cap_height: arguments.cap_height,
        ..Parameters::default()
    };
    if arguments.input.is_none() {
        parameters.validate(arguments.log_rows.unwrap_or(DEFAULT_LOG_ROWS))?;
    }
    let statement = statement(arguments)?;
    parameters.validate(statement.log_rows())?;

    for path in [&arguments.proof, &arguments.json].into_iter().flatten() {
        writable(path)?;
    }

    let (prover, identity) = open(arguments)?;
    // The report comes at the end, which may be minutes away.
    let (rows, columns) = (statement.trace.height(), statement.trace.width());
    eprintln!("proving {}, {rows} rows of {columns} columns, on {}", arguments.air, identity.name);
    let outcome = job::run(&*prover, &identity, &parameters, statement)?;
    print!("{}", outcome.report);
    if let Some(path) = &arguments.proof {
        write(path, &outcome.file.to_bytes())?;
    }
    if let Some(path) = &arguments.json {
        write(path, outcome.report.to_json().as_bytes())?;
    }
    outcome.verdict
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
