//! `karat verify`

use std::path::PathBuf;

use karat::{Error, ProofFile};

/// What `karat verify` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file that `karat prove --proof` wrote.
    file: PathBuf,
    /// Have its contract verify it too, on a chain in this process, and print the gas that it takes.
    #[arg(long)]
    evm: bool,
}

/// Verifies a proof file, and says what it proves.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| Error::Input { path: arguments.file.display().to_string(), reason: error.to_string() })?;
    let file = ProofFile::from_bytes(&bytes)?;
    let security = file.verify()?;
    print!("{}", file.describe());
    println!("security     {security}");
    println!("verified     yes, by Plonky3");
    if arguments.evm {
        let outcome = file.verify_on_chain()?;
        if !outcome.accepted {
            return Err(Error::Invalid("the contract does not accept it".into()));
        }
        println!("             yes, by {}", file.target().name());
        println!("gas          {}, of execution {}", outcome.gas, outcome.execution_gas);
        println!("calldata     {} bytes", outcome.calldata);
    }
    Ok(())
}
