//! Plonky3's own proofs are accepted.

mod support;

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge};
use support::airs::{Fibonacci, Mixed, Wide, fibonacci, local, mixed, poseidon2, wide};
use support::marked::{marked, numbered};
use support::{Case, Provable};

fn parameters() -> Parameters {
    Parameters { log_blowup: 2, log_final_poly_len: 0, num_queries: 5, query_pow_bits: 3, ..Parameters::default() }
}

fn accepted<E: Challenge>(parameters: Parameters)
where
    Fibonacci: Provable<E>,
    Mixed: Provable<E>,
    Wide: Provable<E>,
{
    let (trace, public_values) = fibonacci(5);
    Case::<E, _>::new(Fibonacci, trace, public_values, parameters).accepted();
    let (trace, public_values) = mixed(6);
    Case::<E, _>::new(Mixed(6), trace, public_values, parameters).accepted();
    let (trace, public_values) = wide(7, 4);
    Case::<E, _>::new(Wide(7), trace, public_values, parameters).accepted();
}

#[test]
fn both_degrees_with_every_arity() {
    for max_log_arity in 1..=4 {
        accepted::<QuadraticChallenge>(Parameters { max_log_arity, ..parameters() });
        accepted::<CubicChallenge>(Parameters { max_log_arity, ..parameters() });
    }
}

#[test]
fn early_stops_caps_and_proofs_of_work() {
    for parameters in [
        Parameters { log_final_poly_len: 3, cap_height: 4, ..parameters() },
        Parameters { log_final_poly_len: 1, cap_height: 1, num_queries: 40, ..parameters() },
        Parameters { cap_height: 8, max_log_arity: 2, query_pow_bits: 0, num_queries: 1, ..parameters() },
        Parameters { batch_pow_bits: 2, commit_pow_bits: 3, ood_pow_bits: 4, log_blowup: 3, ..parameters() },
    ] {
        accepted::<QuadraticChallenge>(parameters);
        accepted::<CubicChallenge>(parameters);
    }
}

#[test]
fn rows_that_are_not_opened() {
    for next in [false, true] {
        let (air, trace) = local(5, next);
        Case::<QuadraticChallenge, _>::new(air, trace, Vec::new(), parameters()).accepted();
        let (air, trace) = local(5, next);
        Case::<CubicChallenge, _>::new(air, trace, Vec::new(), parameters()).accepted();
    }
}

/// What a verification is billed, which is the same every time.
#[test]
fn gas_is_bounded() {
    let case = Case::<QuadraticChallenge, _>::new(Wide(16), wide(16, 16).0, Vec::new(), Parameters::default());
    let gas = { case }.accepted().gas;
    assert!(gas < 2_200_000, "{gas}");
}

#[test]
fn constraints_on_a_tape() {
    let (air, trace) = poseidon2(4);
    Case::<QuadraticChallenge, _>::new(air, trace, Vec::new(), parameters()).accepted();
    let (air, trace) = poseidon2(4);
    Case::<CubicChallenge, _>::new(air, trace, Vec::new(), parameters()).accepted();
}

#[test]
fn periodic_columns_as_long_as_the_trace() {
    for air in [marked, numbered] {
        let trace = air(9).trace();
        Case::<QuadraticChallenge, _>::new(air(9), trace.clone(), Vec::new(), parameters()).accepted();
        Case::<CubicChallenge, _>::new(air(9), trace, Vec::new(), parameters()).accepted();
    }
}
