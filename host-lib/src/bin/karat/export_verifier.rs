//! `karat export-verifier`: the contract that verifies proofs of an AIR.

use std::path::PathBuf;

use karat::airs::{AirName, AirSpec};
use karat::onchain::Target;
use karat::{Error, HashName, Scheme};

use crate::configuration::Configuration;

/// What `karat export-verifier` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The AIR: fib, poseidon2, keccak or blake3.
    #[arg(long)]
    air: AirName,
    /// log2 of the rows of the traces.
    #[arg(long, value_name = "N")]
    log_rows: usize,
    /// With `--air keccak`: blocks of 136 bytes that are hashed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    blocks: u64,
    #[command(flatten)]
    configuration: Configuration,
    /// Folder for the Solidity files, which is made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the contract's files.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let default = Scheme { hash: HashName::Keccak, ..Scheme::default() };
    let (scheme, parameters) = arguments.configuration.resolve(default);
    let spec = match arguments.air {
        AirName::Fib => AirSpec::Fib,
        AirName::Poseidon2 => AirSpec::Poseidon2,
        AirName::Keccak => AirSpec::Keccak { blocks: arguments.blocks },
        AirName::Blake3 => AirSpec::Blake3,
    };
    let target = Target { spec, log_rows: arguments.log_rows, scheme, parameters };
    let files = target.files()?;
    let unwritable =
        |error: std::io::Error| Error::Output { path: arguments.out.display().to_string(), reason: error.to_string() };
    std::fs::create_dir_all(&arguments.out).map_err(unwritable)?;
    for (file, text) in &files {
        std::fs::write(arguments.out.join(file), text).map_err(unwritable)?;
    }
    println!("contract     {} in {}.sol, of {} files", target.name(), target.name(), files.len());
    let pieces = files.keys().filter(|file| file.ends_with(".hex"));
    for piece in pieces {
        println!("data         {piece}: put onto the chain first, its address is for the constructor");
    }
    Ok(())
}
