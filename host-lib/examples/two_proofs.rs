//! Two proofs at once on one card: each in a session of its own, from a thread of its own.
//!
//!     cargo run --release -p karat --example two_proofs [CARD]

use std::error::Error;
use std::thread;

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::{Card, Parameters, ProverConfig, prove, verify};

/// Beats of card memory of each session: 64 MiB.
const BEATS: u32 = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let card = Card::open(&std::env::args().nth(1).unwrap_or("model".into()))?;
    let parameters = Parameters { num_queries: 20, query_pow_bits: 4, ..Parameters::default() };
    let threads = [AirName::Fib, AirName::Poseidon2].map(|name| {
        let (card, parameters) = (card.clone(), parameters.clone());
        thread::spawn(move || -> Result<(), Box<dyn Error + Send + Sync>> {
            let Statement { air, trace, public_values, .. } = Statement::random(name, 6, 1)?;
            let config = ProverConfig::<Challenge>::new(card.session_of(BEATS)?, parameters.clone());
            let proof = prove(&config, &air, trace, &public_values)?;
            verify(&parameters, &air, &proof, &public_values)?;
            println!("{name}: proved and verified");
            Ok(())
        })
    });
    for thread in threads {
        thread.join().expect("no panic").map_err(|error| error.to_string())?;
    }
    Ok(())
}
