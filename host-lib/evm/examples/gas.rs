//! Prints what verifications cost: gas as billed, of the execution, bytes, and the time in this process.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge, Val};
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder};
use p3_air::{Air, BaseAir};
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_security::grinding::GrindingSites;
use p3_uni_stark::{ConjecturedSecurity, OpeningShape, ProvenSecurity, StarkSecurityParams};
use support::airs::{Wide, poseidon2, wide};
use support::keccak::keccak;
use support::{Case, Provable};

/// Bits of security, conjectured and proven.
fn security<E, A>(air: &A, parameters: &Parameters, log_rows: usize) -> (usize, usize)
where
    E: Challenge,
    A: Air<SymbolicAirBuilder<Val, E>> + BaseAir<Val>,
{
    let fri = parameters.fri::<E>();
    let params = StarkSecurityParams::from_air::<Val, E, A>(
        fri.security_regime(),
        air,
        AirLayout::from_air::<Val>(air),
        TwoAdicMultiplicativeCoset::new(Val::ONE, log_rows).expect("traces have a domain"),
        E::DIMENSION * Val::ORDER_U64.ilog2() as usize,
        128,
        2,
        OpeningShape::TwoAdic,
        GrindingSites { out_of_domain: parameters.ood_pow_bits, ..fri.grinding_sites() },
    );
    let conjectured = ConjecturedSecurity::compute_from_params(&params, log_rows).security_bits;
    (conjectured, ProvenSecurity::compute_from_proof(log_rows, &params).security_bits())
}

fn row<E, A>(air: A, trace: RowMajorMatrix<Val>, parameters: Parameters)
where
    E: Challenge,
    A: Provable<E> + Air<SymbolicAirBuilder<Val, E>>,
{
    let (columns, log_rows) = (trace.width(), trace.height().ilog2());
    let (conjectured, proven) = security::<E, A>(&air, &parameters, log_rows as usize);
    let mut case = Case::<E, A>::new(air, trace, Vec::new(), parameters);
    let outcome = case.accepted();
    let (proof, public) = (case.encoded(), case.public());
    let times = (0..5).map(|_| {
        let start = Instant::now();
        case.call(&proof, &public);
        start.elapsed()
    });
    let time = times.min().expect("there are five");
    println!(
        "| {columns} x 2^{log_rows} | {} | {}, {}, {} + {} + {} | {conjectured}, {proven} | {} | {} | {} | {} | {} | {:.1} ms |",
        E::DIMENSION,
        1 << parameters.log_blowup,
        parameters.num_queries,
        parameters.query_pow_bits,
        parameters.commit_pow_bits,
        parameters.batch_pow_bits,
        parameters.cap_height,
        proof.len(),
        outcome.gas,
        outcome.execution_gas,
        case.size,
        time.as_secs_f64() * 1e3
    );
}

fn main() {
    println!(
        "| columns x rows | degree | blowup, queries, PoW | bits conjectured, proven | cap | proof B | gas as billed | execution gas | contract B | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let base = Parameters::default();
    for cap_height in [0, 4] {
        row::<QuadraticChallenge, _>(Wide(16), wide(16, 16).0, Parameters { cap_height, ..base });
    }
    let proven = Parameters { num_queries: 42, query_pow_bits: 20, commit_pow_bits: 20, ..base };
    row::<CubicChallenge, _>(Wide(16), wide(16, 16).0, proven);
    row::<QuadraticChallenge, _>(Wide(8), wide(8, 20).0, Parameters { log_blowup: 3, num_queries: 28, ..base });
    let (air, trace) = poseidon2(14);
    row::<QuadraticChallenge, _>(air, trace, base);
    let (air, trace) = keccak(9);
    let wide = Parameters { log_blowup: 8, num_queries: 10, query_pow_bits: 20, batch_pow_bits: 4, ..base };
    row::<QuadraticChallenge, _>(air, trace, wide);
}
