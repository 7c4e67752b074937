//! `karat submit`: a proof, verified and recorded by contracts on a chain.

use std::path::PathBuf;

use karat::chain::{Anvil, Deployment, Node, Receipt};
use karat::{Error, ProofFile};

/// What `karat submit` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The file that `karat prove --hash keccak --proof` wrote.
    file: PathBuf,
    /// The JSON-RPC of a node with an unlocked account, over HTTP [default: a chain of its own, by `anvil`].
    #[arg(long, value_name = "URL")]
    node: Option<String>,
    /// The most gas that a transaction may take [default: as much as the node finds that it takes].
    #[arg(long, value_name = "N")]
    gas: Option<u64>,
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

    let anvil = if arguments.node.is_none() { Some(Anvil::start()?) } else { None };
    let url = arguments.node.as_deref().or(anvil.as_ref().map(Anvil::url)).unwrap_or_default();
    let node = Node::connect(url).map_err(|error| Error::Contract(error.into()))?;
    let chain = Deployment::new(&node, &file, arguments.gas)?;
    println!("node         {url}{}", if anvil.is_some() { ", which ends with this" } else { "" });
    let gas = |receipts: &[Receipt]| match receipts {
        [only] => format!("for {} gas", only.gas),
        all => format!("for {} gas in {} transactions", all.iter().map(|one| one.gas).sum::<u64>(), all.len()),
    };
    println!("contract     {} at {}, {}", target.name(), chain.verifier, gas(&chain.verifier_receipts));
    println!("registry     {}, {}", chain.registry.address(), gas(&chain.registry_receipts));

    let (event, receipt) = chain.submit(&file, arguments.gas)?;
    println!("transaction  {} in block {}", receipt.transaction, receipt.block);
    println!("gas          {}", receipt.gas);
    println!("prover       {}", event.prover);
    println!("verifier     {}", event.verifier);
    println!("statement    {}", event.statement);
    println!("time         {} seconds since 1970", event.time);
    for (i, value) in event.public_values.iter().enumerate() {
        println!("public {i:<5} {value}");
    }
    Ok(())
}
