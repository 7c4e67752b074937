//! Proofs of work, searched for by the card.

use karat_abi::{GrindArguments, Stage};
use karat_driver::{After, Error};

use super::Session;
use crate::challenger::Search;

impl Session {
    fn grind(&self, arguments: &GrindArguments) -> Result<u64, Error> {
        let pending = self.commands()?.grind(arguments, Stage::Grind, After::All)?;
        Ok(self.collect(pending)?.1.result)
    }
}

impl Search for Session {
    fn smallest(&self, arguments: &GrindArguments) -> Option<u64> {
        // A card that failed here fails again at the next command, which can say so.
        self.grind(arguments).inspect_err(|error| tracing::warn!("the card's proof of work: {error}")).ok()
    }
}
