//! The verifications whose cost the README states, and what Plonky3 estimates of their security.

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge, Val};
use p3_air::Air;
use p3_air::symbolic::{AirLayout, SymbolicAirBuilder};
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_matrix::dense::RowMajorMatrix;
use p3_security::grinding::GrindingSites;
use p3_uni_stark::{ConjecturedSecurity, OpeningShape, ProvenSecurity, StarkSecurityParams};

use super::airs::{Wide, poseidon2, wide};
use super::keccak::keccak;
use super::{Case, Provable};

/// What a row of the table promises.
pub struct Bounds {
    /// Gas as billed, at most.
    pub gas: u64,
    /// Conjectured bits, at least.
    pub conjectured: usize,
    /// Proven bits, at least.
    pub proven: usize,
}

/// A row of the table.
pub struct Row<E: Challenge, A> {
    pub columns: usize,
    pub log_rows: usize,
    pub bounds: Bounds,
    /// Bits of security, conjectured and proven.
    pub security: (usize, usize),
    pub case: Case<E, A>,
}

/// What is done with every row.
pub trait Visit {
    fn visit<E: Challenge, A: Provable<E>>(&mut self, row: Row<E, A>);
}

fn security<E, A>(air: &A, parameters: &Parameters, log_rows: usize) -> (usize, usize)
where
    E: Challenge,
    A: Air<SymbolicAirBuilder<Val, E>>,
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

/// The limit of a transaction (EIP-7825).
const TRANSACTION: u64 = 1 << 24;

/// Proves and visits all rows, one after the other: a proof takes up to 3 GB.
pub fn table(visitor: &mut impl Visit) {
    let base = Parameters::default();
    let fast = |gas| Bounds { gas, conjectured: 98, proven: 0 };
    for cap_height in [0, 4] {
        let parameters = Parameters { cap_height, ..base };
        visit::<QuadraticChallenge, _>(visitor, (Wide(16), wide(16, 16).0), parameters, fast(2_700_000));
    }
    let proven = Parameters { num_queries: 42, query_pow_bits: 20, batch_pow_bits: 20, ..base };
    let bounds = Bounds { gas: 5_500_000, conjectured: 98, proven: 100 };
    visit::<CubicChallenge, _>(visitor, (Wide(16), wide(16, 16).0), proven, bounds);
    let long = Parameters { log_blowup: 3, num_queries: 28, ..base };
    visit::<QuadraticChallenge, _>(visitor, (Wide(8), wide(8, 20).0), long, fast(4_300_000));
    visit::<QuadraticChallenge, _>(visitor, poseidon2(14), base, fast(TRANSACTION));
    let wide = Parameters { log_blowup: 8, num_queries: 10, query_pow_bits: 20, batch_pow_bits: 4, ..base };
    visit::<QuadraticChallenge, _>(visitor, keccak(9), wide, fast(TRANSACTION));
}

fn visit<E: Challenge, A>(
    visitor: &mut impl Visit,
    (air, trace): (A, RowMajorMatrix<Val>),
    parameters: Parameters,
    bounds: Bounds,
) where
    A: Provable<E> + Air<SymbolicAirBuilder<Val, E>>,
{
    let (columns, log_rows) = (trace.width, (trace.values.len() / trace.width).ilog2() as usize);
    let security = security::<E, A>(&air, &parameters, log_rows);
    let case = Case::new(air, trace, Vec::new(), parameters);
    visitor.visit(Row { columns, log_rows, bounds, security, case });
}
