//! Calls of every other length than a proof's: of the proof, and of what the call is made of.

mod support;

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge};
use support::airs::{Mixed, mixed};
use support::spoiled::{calls, longer, shorter};
use support::{Case, Provable};

fn case<E: Challenge>() -> Case<E, Mixed>
where
    Mixed: Provable<E>,
{
    let parameters = Parameters {
        log_blowup: 2,
        log_final_poly_len: 1,
        max_log_arity: 2,
        num_queries: 5,
        query_pow_bits: 3,
        ood_pow_bits: 1,
        batch_pow_bits: 1,
        commit_pow_bits: 1,
        cap_height: 1,
    };
    let (trace, public_values) = mixed(6);
    let mut case = Case::new(Mixed(6), trace, public_values, parameters);
    case.accepted();
    case
}

#[test]
fn proofs_cut_short() {
    shorter(&mut case::<QuadraticChallenge>());
    shorter(&mut case::<CubicChallenge>());
}

#[test]
fn proofs_with_more_bytes() {
    longer(&mut case::<QuadraticChallenge>());
    longer(&mut case::<CubicChallenge>());
}

#[test]
fn calls_of_other_lengths() {
    calls(&mut case::<QuadraticChallenge>());
    calls(&mut case::<CubicChallenge>());
}
