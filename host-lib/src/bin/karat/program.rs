//! `karat program`: what the constraints of an AIR take on the vector engine.

use karat::Error;
use karat::airs::{AirName, AirSpec};
use karat::program::Program;
use karat_abi::Stage;
use p3_air::symbolic::AirLayout;

/// Arguments of `karat program`.
#[derive(clap::Args)]
pub struct Arguments {
    /// AIR: fib, poseidon2, keccak or blake3.
    #[arg(long, default_value = "poseidon2")]
    air: AirName,
    /// Coefficients of the challenge.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    degree: u8,
}

/// Compiles the constraints and prints the program's figures.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let (spec, log_rows) = match arguments.air {
        AirName::Fib => (AirSpec::Fib, 1),
        AirName::Poseidon2 => (AirSpec::Poseidon2, 0),
        // The constraints are the same for any number of blocks.
        AirName::Keccak => (AirSpec::Keccak { blocks: 1 }, karat::airs::keccak::MIN_LOG_ROWS),
        AirName::Blake3 => (AirSpec::Blake3, 0),
    };
    let air = spec.build(log_rows)?;
    let program = Program::new(&air, AirLayout::from_air(&air), usize::from(arguments.degree))
        .map_err(|source| Error::Program { stage: Stage::Quotient.name(), source })?;
    println!("air                {}", arguments.air);
    println!("{program}");
    Ok(())
}
