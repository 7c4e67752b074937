//! The whole engine: jobs for it, and what the contract says that they do.

pub mod job;
pub mod jobs;
pub mod machine;
pub mod program;

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::VectorEngine;
use karat_verilator::Model;
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;
use rand::RngExt;
use rand::rngs::SmallRng;

/// Verilator's model of the engine.
pub fn model<const LANES: usize>() -> Model {
    simulate(&format!("vector_engine_{LANES}"), VectorEngine::<LANES>::default).unwrap()
}

/// Values at which carries and reductions happen, and others; canonical.
pub fn value(rng: &mut SmallRng) -> u64 {
    const EDGES: [u64; 6] = [0, 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_0000_0000, 0x7fff_ffff_8000_0001];
    let value = if rng.random_bool(0.3) { EDGES[rng.random_range(0..EDGES.len())] } else { rng.random() };
    Goldilocks::new(value).as_canonical_u64()
}

/// The lowest `bits` bits of an index in reverse.
pub fn reverse(index: usize, bits: u32) -> usize {
    (0..bits).fold(0, |reversed, bit| reversed | (index >> bit & 1) << (bits - 1 - bit))
}

/// Prints a fresh seed, or takes the one in `KARAT_SEED`.
pub fn seed() -> u64 {
    let seed = match std::env::var("KARAT_SEED") {
        Ok(text) => text.parse().expect("KARAT_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("KARAT_SEED={seed}");
    seed
}
