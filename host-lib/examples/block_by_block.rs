//! A trace that is made block by block: the card takes the columns that are there while the next are made.
//!
//!     cargo run --release -p karat --example block_by_block [CARD]

use std::error::Error;

use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::{Card, Parameters, ProverConfig, Trace, prove_trace, setup, verify};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;

fn main() -> Result<(), Box<dyn Error>> {
    let card = Card::open(&std::env::args().nth(1).unwrap_or("model".into()))?;
    let parameters = Parameters { num_queries: 20, query_pow_bits: 4, ..Parameters::default() };
    let config = ProverConfig::<Challenge>::new(card.session()?, parameters.clone());

    // Stands for something that makes some columns at a time.
    let Statement { air, trace: whole, public_values, .. } = Statement::random(AirName::Poseidon2, 6, 1)?;
    let block = |first: usize, width: usize| {
        let values = whole.row_slices().flat_map(|row| row[first..first + width].to_vec()).collect();
        RowMajorMatrix::new(values, width)
    };

    let prepared = setup(&config, &air, 6)?;
    let mut trace = Trace::new(config.session(), whole.height(), whole.width())?;
    for first in (0..whole.width()).step_by(Trace::COLUMNS) {
        let width = Trace::COLUMNS.min(whole.width() - first);
        trace.push(&block(first, width))?;
        println!("columns {first} to {} are on their way", first + width - 1);
    }
    let proof = prove_trace(&config, &prepared, &air, trace, &public_values)?;
    verify(&parameters, &air, &proof, &public_values)?;
    println!("proved and verified");
    Ok(())
}
