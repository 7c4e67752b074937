//! `karat list`: the cards that can be opened here.

use karat::{Card, Error};

/// Prints an address and a description of each card, a line a card.
pub fn run() -> Result<(), Error> {
    for (address, description) in Card::list() {
        println!("{address:<12} {description}");
    }
    Ok(())
}
