//! Opening the card that a command names.

use std::sync::Arc;

use karat::job::{CardIdentity, Prover, Resident};
use karat::{Card, ChallengeField, Error, HashingFor, OpenOptions, Session};

use crate::prove;

/// Opens a card by address.
pub fn card(address: &str, options: &OpenOptions) -> Result<Card, Error> {
    Card::open_with(address, options)
        .map_err(|source| Error::Open { card: address.to_owned(), source: Box::new(source) })
}

/// A session with all of a card.
pub fn session(card: &Card) -> Result<Session, Error> {
    card.session().map_err(|source| Error::Open { card: card.device().name(), source: Box::new(source) })
}

/// Opens the card of a proof, and a session with all of it.
pub fn for_proof(arguments: &prove::Arguments) -> Result<(Session, CardIdentity), Error> {
    let options =
        OpenOptions { seed: Some(arguments.seed), fst: arguments.fst.clone(), timeline: arguments.timeline.clone() };
    let card = card(&arguments.card, &options)?;
    let identity = CardIdentity { name: card.device().name(), firmware_sha256: *card.firmware_sha256() };
    Ok((session(&card)?, identity))
}

impl prove::Provers for Session {
    fn prover<E: ChallengeField, H: HashingFor<E>>(self, host_quotient: bool) -> Box<dyn Prover<E, H>> {
        if host_quotient { Box::new(Arc::new(self)) } else { Box::new(Resident(self)) }
    }
}
