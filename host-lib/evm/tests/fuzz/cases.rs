//! What proofs are made of: AIRs of every kind, and parameters with which little is left to chance to be refused by.

use karat_evm::Parameters;
use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge, Val};
use p3_matrix::dense::RowMajorMatrix;
use rand::rngs::SmallRng;

use super::prover::Fuzzed;
use super::{Tally, batch};
use crate::support::Case;
use crate::support::airs::{Fibonacci, Local, Mixed, Poseidon2, fibonacci, local, mixed, poseidon2};

/// Does a batch of mutations.
pub type Subject = Box<dyn Fn(&mut SmallRng) -> Tally + Sync>;

fn subject<E: Challenge, A: Fuzzed<E> + 'static>(
    make: impl Fn() -> (A, RowMajorMatrix<Val>, Vec<Val>) + Sync + 'static,
    parameters: Parameters,
) -> Subject {
    Box::new(move |rng| {
        let (air, trace, public_values) = make();
        batch(Case::<E, A>::new(air, trace.clone(), public_values, parameters), &trace, rng)
    })
}

fn base() -> Parameters {
    Parameters { log_blowup: 2, log_final_poly_len: 0, num_queries: 2, query_pow_bits: 1, ..Parameters::default() }
}

/// One query of four rows, and a bit of work: many other witnesses are as good.
fn tiny() -> Parameters {
    Parameters { log_blowup: 1, max_log_arity: 1, num_queries: 1, ..base() }
}

/// One query and no work: what a query does not see, nothing else does.
fn single() -> Parameters {
    Parameters { log_blowup: 1, max_log_arity: 1, num_queries: 1, query_pow_bits: 0, ..base() }
}

/// A proof of work wherever there can be one, and an early stop.
fn works() -> Parameters {
    let works = Parameters { batch_pow_bits: 1, commit_pow_bits: 1, ood_pow_bits: 1, cap_height: 3, ..base() };
    Parameters { log_final_poly_len: 1, max_log_arity: 2, ..works }
}

fn early() -> Parameters {
    Parameters { log_final_poly_len: 2, query_pow_bits: 2, ..base() }
}

/// Caps that are the leaves: any query has its siblings.
fn leaves() -> Parameters {
    Parameters { max_log_arity: 4, num_queries: 2, cap_height: 8, ..base() }
}

/// More queries than leaves: all of them meet.
fn crowded() -> Parameters {
    Parameters { max_log_arity: 1, num_queries: 20, cap_height: 1, ..base() }
}

fn fib<E: Challenge>(log_rows: usize, parameters: Parameters) -> Subject
where
    Fibonacci: Fuzzed<E>,
{
    let make = move || {
        let (trace, public_values) = fibonacci(log_rows);
        (Fibonacci, trace, public_values)
    };
    subject::<E, _>(make, parameters)
}

fn columns<E: Challenge>(log_rows: usize, parameters: Parameters) -> Subject
where
    Mixed: Fuzzed<E>,
{
    let make = move || {
        let (trace, public_values) = mixed(log_rows);
        (Mixed(log_rows), trace, public_values)
    };
    subject::<E, _>(make, parameters)
}

fn rows<E: Challenge>(log_rows: usize, next: bool, parameters: Parameters) -> Subject
where
    Local: Fuzzed<E>,
{
    let make = move || {
        let (air, trace) = local(log_rows, next);
        (air, trace, Vec::new())
    };
    subject::<E, _>(make, parameters)
}

fn tape<E: Challenge>(log_rows: usize, parameters: Parameters) -> Subject
where
    Poseidon2: Fuzzed<E>,
{
    let make = move || {
        let (air, trace) = poseidon2(log_rows);
        (air, trace, Vec::new())
    };
    subject::<E, _>(make, parameters)
}

/// An AIR each of public values, of all columns, of a row, and of a tape.
fn few<E: Challenge>() -> Vec<Subject>
where
    Fibonacci: Fuzzed<E>,
    Mixed: Fuzzed<E>,
    Local: Fuzzed<E>,
    Poseidon2: Fuzzed<E>,
{
    vec![
        fib::<E>(1, tiny()),
        fib::<E>(3, works()),
        columns::<E>(3, early()),
        rows::<E>(2, false, leaves()),
        tape::<E>(2, Parameters { num_queries: 6, ..crowded() }),
    ]
}

fn more<E: Challenge>() -> Vec<Subject>
where
    Fibonacci: Fuzzed<E>,
    Mixed: Fuzzed<E>,
    Local: Fuzzed<E>,
    Poseidon2: Fuzzed<E>,
{
    vec![
        fib::<E>(1, Parameters { num_queries: 2, ..tiny() }),
        fib::<E>(2, single()),
        fib::<E>(3, leaves()),
        fib::<E>(5, Parameters { max_log_arity: 3, ..crowded() }),
        columns::<E>(2, leaves()),
        columns::<E>(4, works()),
        rows::<E>(2, true, crowded()),
        rows::<E>(4, true, single()),
        rows::<E>(5, false, early()),
        tape::<E>(3, works()),
    ]
}

/// Subjects for every change, or all.
pub fn subjects(all: bool) -> Vec<Subject> {
    let mut subjects = few::<QuadraticChallenge>();
    subjects.extend(few::<CubicChallenge>());
    if all {
        subjects.extend(more::<QuadraticChallenge>());
        subjects.extend(more::<CubicChallenge>());
    }
    subjects
}
