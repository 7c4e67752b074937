//! Plonky3's Fibonacci with the whole proof on the card.
//!
//!     cargo run --release -p karat --example fibonacci [CARD]

use std::error::Error;

use karat::airs::fibonacci::{Fibonacci, trace};
use karat::config::{Challenge, Val};
use karat::{Card, Parameters, ProverConfig, prove, verify};
use p3_field::PrimeCharacteristicRing;

fn main() -> Result<(), Box<dyn Error>> {
    let card = Card::open(&std::env::args().nth(1).unwrap_or("model".into()))?;
    let parameters = Parameters { num_queries: 20, query_pow_bits: 4, ..Parameters::default() };
    let config = ProverConfig::<Challenge>::new(card.session()?, parameters.clone());
    let (values, public_values) = trace(Val::ZERO, Val::ONE, 64);
    let proof = prove(&config, &Fibonacci, values, &public_values)?;
    verify(&parameters, &Fibonacci, &proof, &public_values)?;
    println!("a proof of the 64th number, made on {}", card.device().transport().name());
    Ok(())
}
