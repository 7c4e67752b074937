//! `karat`: proofs from a Karat card, at the command line. One file a command.

#![forbid(unsafe_code)]

mod chain;
mod configuration;
mod export_verifier;
mod info;
mod list;
mod open;
mod program;
mod prove;
mod selftest;
mod submit;
mod verify;

use std::error::Error as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// STARK proofs from a Karat card.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prove on a card, verify with Plonky3, and compare with Plonky3's proof on the CPU.
    Prove(Box<prove::Arguments>),
    /// Verify a proof file with Plonky3, or with its contract.
    Verify(verify::Arguments),
    /// Write the contract that verifies proofs of an AIR, in Solidity.
    ExportVerifier(export_verifier::Arguments),
    /// Have a chain verify a proof file, and record what it proves.
    Submit(submit::Arguments),
    /// Compile the constraints of an AIR for the vector engine and show what they take.
    Program(program::Arguments),
    /// List the cards that can be opened here.
    List,
    /// Show what a card is and can do.
    Info(info::Arguments),
    /// Test a card from its registers up to a Merkle tree.
    Selftest(selftest::Arguments),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr).init();
    let result = match Arguments::parse().command {
        Command::Prove(arguments) => prove::run(&arguments, open::for_proof),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::ExportVerifier(arguments) => export_verifier::run(&arguments),
        Command::Submit(arguments) => submit::run(&arguments),
        Command::Program(arguments) => program::run(&arguments),
        Command::List => list::run(),
        Command::Info(arguments) => info::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprint!(": {cause}");
                source = cause.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}
