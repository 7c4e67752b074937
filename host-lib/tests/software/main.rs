//! The host library over a card in software, so that what goes wrong here is the library's fault; proofs over the model as well.

mod bad_input;
mod card;
#[path = "../../src/bin/karat/chain.rs"]
mod chain;
mod cli;
#[path = "../../src/bin/karat/configuration.rs"]
mod configuration;
mod faults;
mod identity;
mod onchain;
mod proof_file;
#[path = "../../src/bin/karat/prove.rs"]
mod prove;
