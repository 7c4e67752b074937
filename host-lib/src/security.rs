//! How hard a proof is to forge, by Plonky3's own analysis (p3-security).

use std::fmt;

use p3_air::symbolic::{AirLayout, SymbolicAirBuilder};
use p3_air::{Air, BaseAir};
use p3_field::{BasedVectorSpace, PrimeField64};
use p3_security::grinding::GrindingSites;
use p3_uni_stark::{ConjecturedSecurity, OpeningShape, ProvenSecurity, StarkSecurityParams};
use serde::Serialize;

use crate::config::{Domain, Val};
use crate::{ChallengeField, Hashing, Parameters};

/// Security in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Security {
    /// Under the random-words conjecture (ePrint 2025/2010, section 1.5).
    pub conjectured_bits: usize,
    /// Proven: the better of unique decoding and list decoding (ePrint 2024/1553).
    pub proven_bits: usize,
}

/// Bits of the collision resistance of a digest of four words, half its length.
const COLLISION_RESISTANCE: usize = 128;

impl Security {
    /// The security of proofs of `air` over `2^log_rows` rows, with challenges in E.
    pub fn of<E: ChallengeField, H: Hashing, A>(air: &A, parameters: &Parameters<H>, log_rows: usize) -> Self
    where
        A: Air<SymbolicAirBuilder<Val, E>>,
    {
        let fri = parameters.fri_with(());
        let layout = AirLayout {
            main_width: BaseAir::<Val>::width(air),
            num_public_values: air.num_public_values(),
            num_periodic_columns: air.num_periodic_columns(),
            ..AirLayout::default()
        };
        let domain = Domain::new(Val::new(1), log_rows).expect("validated parameters have a domain");
        let modulus_bits = <E as BasedVectorSpace<Val>>::DIMENSION * Val::ORDER_U64.ilog2() as usize;
        let rotations = 1 + usize::from(!air.main_next_row_columns().is_empty());
        let shape = StarkSecurityParams::from_air::<Val, E, A>(
            fri.security_regime(),
            air,
            layout,
            domain,
            modulus_bits,
            COLLISION_RESISTANCE,
            rotations,
            OpeningShape::TwoAdic,
            GrindingSites { out_of_domain: parameters.ood_pow_bits, ..fri.grinding_sites() },
        );
        Self {
            conjectured_bits: ConjecturedSecurity::compute_from_params(&shape, log_rows).security_bits,
            proven_bits: ProvenSecurity::compute_from_proof(log_rows, &shape).security_bits(),
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits conjectured, {} bits proven", self.conjectured_bits, self.proven_bits)
    }
}
