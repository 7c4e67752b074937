//! Plonky3's Fibonacci with one type changed: the commitment scheme is the card's, and `p3_uni_stark::prove` stays.
//!
//!     cargo run --release -p karat --example fibonacci_pcs [CARD]

use std::error::Error;
use std::sync::Arc;

use karat::airs::fibonacci::{Fibonacci, trace};
use karat::config::{Challenge, CpuPcs, Val};
use karat::{Card, CardPcs, Challenger, Parameters, Session};
use p3_field::PrimeCharacteristicRing;
use p3_uni_stark::{Proof, StarkConfig, prove, verify};

/// What the verifier has.
type Stock = StarkConfig<CpuPcs, Challenge, Challenger>;
/// The same with the card's commitment scheme.
type OnCard = StarkConfig<CardPcs<Session>, Challenge, Challenger>;

fn main() -> Result<(), Box<dyn Error>> {
    let card = Card::open(&std::env::args().nth(1).unwrap_or("model".into()))?;
    let parameters = Parameters { num_queries: 20, query_pow_bits: 4, ..Parameters::default() };
    let (values, public_values) = trace(Val::ZERO, Val::ONE, 64);

    let config = OnCard::new(CardPcs::new(Arc::new(card.session()?), &parameters)?, parameters.challenger());
    let proof = prove(&config, &Fibonacci, values, &public_values).map_err(|error| format!("{error:?}"))?;

    // The same fields of the same types: only the parameter of `Proof` differs.
    let proof = Proof::<Stock> {
        commitments: proof.commitments,
        opened_values: proof.opened_values,
        opening_proof: proof.opening_proof,
        degree_bits: proof.degree_bits,
        ood_pow_witness: proof.ood_pow_witness,
    };
    verify(&parameters.cpu_config(), &Fibonacci, &proof, &public_values).map_err(|error| format!("{error:?}"))?;
    println!("a proof of the 64th number, made on {}", card.device().transport().name());
    Ok(())
}
