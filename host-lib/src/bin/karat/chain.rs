//! The chain that proofs are submitted to: a node's, or one that lives as long as the command.

use karat::chain::{Address, Anvil, Deployment, Existing, Node, Receipt};
use karat::onchain::Target;
use karat::{Error, ProofFile};

/// Where to submit to, and for how much.
#[derive(clap::Args)]
pub struct Arguments {
    /// The JSON-RPC of a node with an unlocked account, over HTTP [default: a chain of its own, by `anvil`].
    #[arg(long, value_name = "URL")]
    node: Option<String>,
    /// The contract of an earlier submission to this node [default: a new one].
    #[arg(long, value_name = "ADDRESS", requires = "node")]
    contract: Option<Address>,
    /// The registry of an earlier submission to this node [default: a new one].
    #[arg(long, value_name = "ADDRESS", requires = "node")]
    registry: Option<Address>,
    /// The most gas that a transaction may take [default: as much as the node finds that it takes].
    #[arg(long, value_name = "N")]
    gas: Option<u64>,
}

/// A chain that can be submitted to.
pub struct Chain {
    node: Node,
    /// Ends with this, and the chain with it.
    anvil: Option<Anvil>,
    existing: Existing,
    gas: Option<u64>,
}

impl Arguments {
    /// Connects to the node, or starts one.
    pub fn connect(&self) -> Result<Chain, Error> {
        let anvil = if self.node.is_none() { Some(Anvil::start()?) } else { None };
        let url = self.node.as_deref().or(anvil.as_ref().map(Anvil::url)).unwrap_or_default();
        let node = Node::connect(url).map_err(|error| Error::Contract(error.into()))?;
        let existing = Existing { verifier: self.contract, registry: self.registry };
        Ok(Chain { node, anvil, existing, gas: self.gas })
    }
}

impl Chain {
    /// Puts the contracts for a target onto the chain, but for those that are there.
    pub fn deploy(&self, target: &Target) -> Result<Deployment<'_>, Error> {
        let contracts = Deployment::new(&self.node, target, self.existing, self.gas)?;
        let end = if self.anvil.is_some() { ", which ends with this" } else { "" };
        let gas = |receipts: &[Receipt]| match receipts {
            [] => "there already".to_owned(),
            [only] => format!("for {} gas", only.gas),
            all => format!("for {} gas in {} transactions", all.iter().map(|one| one.gas).sum::<u64>(), all.len()),
        };
        println!("node         {}{end}", self.node.url());
        println!("contract     {} at {}, {}", target.name(), contracts.verifier, gas(&contracts.verifier_receipts));
        println!("registry     {}, {}", contracts.registry.address(), gas(&contracts.registry_receipts));
        Ok(contracts)
    }

    /// Submits a proof to the contracts on the chain, and prints what is recorded of it.
    pub fn submit(&self, contracts: &Deployment<'_>, file: &ProofFile) -> Result<(), Error> {
        let (event, receipt) = contracts.submit(file, self.gas)?;
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
}
