//! `karat verify`

use std::path::PathBuf;

use karat::{Error, ProofFile};

/// What `karat verify` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file that `karat prove --proof` wrote.
    file: PathBuf,
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
    Ok(())
}
