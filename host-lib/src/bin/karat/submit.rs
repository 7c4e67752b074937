//! `karat submit`: a proof, verified and recorded by contracts on a chain.

use std::path::PathBuf;

use karat::{Error, ProofFile};

use crate::chain;

/// What `karat submit` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file that `karat prove --hash keccak --proof` wrote.
    file: PathBuf,
    #[command(flatten)]
    chain: chain::Arguments,
}

/// Verifies a proof file with Plonky3, and then on a chain.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| Error::Input { path: arguments.file.display().to_string(), reason: error.to_string() })?;
    let file = ProofFile::from_bytes(&bytes)?;
    // Nothing is put onto a chain for a proof of another hash, or for one that is not valid.
    let target = file.target();
    target.files()?;
    file.verify()?;

    let chain = arguments.chain.connect()?;
    let contracts = chain.deploy(&target)?;
    chain.submit(&contracts, &file)
}
