//! Whatever is wrong with a proof, the contract returns false, and does not revert.

mod support;

use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge};
use karat_evm::{Error, Parameters};
use rand::RngExt;
use support::airs::{Fibonacci, Mixed, Recurrence, fibonacci, local, mixed, poseidon2, recurrence};
use support::sections::Sections;
use support::spoiled::flips;
use support::{Case, P, Provable, rng};

fn parameters() -> Parameters {
    Parameters {
        log_blowup: 2,
        log_final_poly_len: 1,
        max_log_arity: 2,
        num_queries: 12,
        query_pow_bits: 3,
        cap_height: 1,
        ..Parameters::default()
    }
}

fn mixed_case<E: Challenge>() -> Case<E, Mixed>
where
    Mixed: Provable<E>,
{
    let (trace, public_values) = mixed(6);
    Case::new(Mixed(6), trace, public_values, parameters())
}

fn flipped<E: Challenge, A: Provable<E>>(mut case: Case<E, A>) {
    case.accepted();
    flips(&mut case);
}

#[test]
fn flipped_bits() {
    flipped(mixed_case::<QuadraticChallenge>());
    flipped(mixed_case::<CubicChallenge>());
    let (trace, public_values) = fibonacci(6);
    flipped(Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters()));
    let (air, trace) = local(5, false);
    flipped(Case::<CubicChallenge, _>::new(air, trace, Vec::new(), parameters()));
    let (air, trace) = poseidon2(4);
    flipped(Case::<QuadraticChallenge, _>::new(air, trace, Vec::new(), parameters()));
}

#[test]
fn public_values() {
    let mut rng = rng();
    let mut case = mixed_case::<QuadraticChallenge>();
    let (proof, public) = (case.encoded(), case.public());
    assert!(!case.call(&proof, &public[..1]).accepted);
    assert!(!case.call(&proof, &[&public[..], &[0]].concat()).accepted);
    assert!(!case.call(&proof, &[]).accepted);
    for _ in 0..50 {
        let mut other = public.clone();
        other[rng.random_range(0..public.len())] = rng.random();
        assert!(!case.call(&proof, &other).accepted);
    }
}

/// A trace that is the same in every row opens to small elements, and its codewords are zero: all of them, and the witnesses of
/// all proofs of work, can be written as numbers that are not below the order of the field.
fn other_encodings<E: Challenge>()
where
    Recurrence: Provable<E>,
{
    let works = Parameters { ood_pow_bits: 2, batch_pow_bits: 2, commit_pow_bits: 2, ..parameters() };
    let (air, trace, public_values) = recurrence(5, 1, 0, 7);
    let mut case = Case::<E, _>::new(air, trace, public_values, works);
    case.accepted();
    let (proof, mut public) = (case.encoded(), case.public());
    public[0] += P;
    assert!(!case.call(&proof, &public).accepted);
    public[0] -= P;
    let sections = Sections::new(&case.contract.shape, &case.proof);
    let mut small = 0;
    for at in (0..sections.caps).step_by(8) {
        let number = u64::from_le_bytes(proof[at..at + 8].try_into().unwrap());
        small += usize::from(number <= u64::MAX - P);
        // The same element, if it has another number; and other numbers at the edge.
        for other in [number.checked_add(P), Some(P), Some(P + 1), Some(u64::MAX)].into_iter().flatten() {
            let mut proof = proof.clone();
            proof[at..at + 8].copy_from_slice(&other.to_le_bytes());
            assert!(!case.call(&proof, &public).accepted, "{other} at {at}");
            assert!(matches!(case.contract.decode(&proof, &case.public_values), Err(Error::Encoding(_))));
        }
    }
    assert_eq!(small, sections.caps / 8);
}

#[test]
fn other_encodings_of_the_same_elements() {
    other_encodings::<QuadraticChallenge>();
    other_encodings::<CubicChallenge>();
}

/// Proofs of another statement: of other public values, other constraints, other preprocessed columns, another height.
fn other_statements<E: Challenge>()
where
    Recurrence: Provable<E>,
    Fibonacci: Provable<E>,
{
    let case = |log_rows, constant, column, first| {
        let (air, trace, public_values) = recurrence(log_rows, constant, column, first);
        Case::<E, _>::new(air, trace, public_values, parameters())
    };
    let mut own = case(5, 3, 2, 7);
    own.accepted();
    let public = own.public();
    for mut theirs in [case(5, 3, 2, 8), case(5, 2, 2, 7), case(5, 2, 3, 7), case(6, 3, 2, 7), case(4, 3, 2, 7)] {
        theirs.accepted();
        let (proof, values) = (theirs.encoded(), theirs.public());
        assert!(!own.call(&proof, &public).accepted);
        // With its own public values it is what the contract takes, if it is of its AIR.
        let same = theirs.air.log_rows == 5 && (theirs.air.constant, theirs.air.column) == (3, 2);
        assert_eq!(own.call(&proof, &values).accepted, same);
        let proof = own.encoded();
        assert!(!theirs.call(&proof, &values).accepted);
        assert_eq!(theirs.call(&proof, &public).accepted, same);
    }
    let (trace, public_values) = fibonacci(5);
    let theirs = Case::<E, _>::new(Fibonacci, trace, public_values, parameters());
    for values in [&public, &theirs.public()] {
        assert!(!own.call(&theirs.encoded(), values).accepted);
    }
}

#[test]
fn proofs_of_other_statements() {
    other_statements::<QuadraticChallenge>();
    other_statements::<CubicChallenge>();
}

#[test]
fn other_parameters() {
    let (trace, public_values) = fibonacci(6);
    let mut case = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters());
    let public = case.public();
    let p = parameters();
    let mut refused = Vec::new();
    for other in [
        Parameters { num_queries: 13, ..p },
        Parameters { log_blowup: 3, ..p },
        Parameters { log_final_poly_len: 2, ..p },
        Parameters { max_log_arity: 1, ..p },
        Parameters { cap_height: 0, ..p },
        Parameters { query_pow_bits: 4, ..p },
        Parameters { batch_pow_bits: 1, ..p },
        Parameters { commit_pow_bits: 1, ..p },
        Parameters { ood_pow_bits: 1, ..p },
    ] {
        let (trace, public_values) = fibonacci(6);
        let theirs = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, other);
        assert!(!case.call(&theirs.encoded(), &public).accepted, "{other:?}");
        // Either the encoder says that the proof is of another shape, or the contract does not accept it.
        match case.contract.encode(&theirs.proof, &theirs.public_values) {
            Ok(proof) => assert!(!case.call(&proof, &public).accepted, "{other:?}"),
            Err(error) => refused.push(error),
        }
    }
    assert!(refused.len() > 3 && refused.iter().all(|error| matches!(error, Error::Shape { .. })), "{refused:?}");
    assert!(refused[0].to_string().contains("other parameters"), "{}", refused[0]);
}

#[test]
fn parameters_that_no_contract_is_made_for() {
    let p = parameters();
    for (log_rows, parameters) in [
        (6, Parameters { log_blowup: 0, ..p }),
        (6, Parameters { num_queries: 0, ..p }),
        (6, Parameters { max_log_arity: 5, ..p }),
        (1, p),
        (31, p),
    ] {
        let made = karat_evm::export::<QuadraticChallenge, _>(&Fibonacci, &parameters, log_rows, None, "Name");
        assert!(matches!(made, Err(Error::OutOfRange { .. })), "{parameters:?}");
    }
    let made = karat_evm::export::<QuadraticChallenge, _>(&Fibonacci, &p, 6, None, "no name");
    assert!(matches!(made, Err(Error::Name(_))));
    let made = karat_evm::export::<QuadraticChallenge, _>(&Mixed(6), &p, 6, None, "Name");
    assert!(matches!(made, Err(Error::PreprocessedKey { .. })));
}

/// A proof of a trace that violates a constraint is right in everything but the constraints.
#[cfg(not(debug_assertions))] // Plonky3's prover checks what it is given, in debug builds.
#[test]
fn violated_constraints() {
    let mut rng = rng();
    let mut case = mixed_case::<QuadraticChallenge>();
    let (_, public_values) = mixed(6);
    for _ in 0..20 {
        let (mut trace, _) = mixed(6);
        let cell = rng.random_range(0..trace.values.len());
        trace.values[cell] = rng.random();
        let (data, _) = p3_uni_stark::setup_preprocessed(&case.config, &case.air, 6).unwrap().unzip();
        let proof =
            p3_uni_stark::prove_with_preprocessed(&case.config, &case.air, trace, &public_values, data.as_ref());
        let proof = proof.unwrap();
        assert!(!case.plonky3(&proof, &public_values));
        let (bytes, public) = (case.contract.encode(&proof, &public_values).unwrap(), case.public());
        assert!(!case.call(&bytes, &public).accepted, "cell {cell}");
    }
}
