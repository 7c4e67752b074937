//! Whatever is wrong with a proof, the contract returns false, and does not revert.

mod support;

use karat_evm::config::{Challenge, CubicChallenge, QuadraticChallenge};
use karat_evm::{Error, Parameters};
use p3_field::PrimeField64;
use rand::RngExt;
use support::airs::{Fibonacci, Mixed, fibonacci, mixed};
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

fn flips<E: Challenge>()
where
    Mixed: Provable<E>,
{
    let mut rng = rng();
    let mut case = mixed_case::<E>();
    case.accepted();
    let (proof, public) = (case.encoded(), case.public());
    for _ in 0..2000 {
        let mut proof = proof.clone();
        let bit = rng.random_range(0..8 * proof.len());
        proof[bit / 8] ^= 1 << (bit % 8);
        assert!(!case.call(&proof, &public).accepted, "bit {bit}");
    }
    for _ in 0..100 {
        let mut public = public.clone();
        let bit = rng.random_range(0..64 * public.len());
        public[bit / 64] ^= 1 << (bit % 64);
        assert!(!case.call(&proof, &public).accepted, "bit {bit} of the public values");
    }
}

#[test]
fn flipped_bits() {
    flips::<QuadraticChallenge>();
    flips::<CubicChallenge>();
}

#[test]
fn other_lengths() {
    let mut rng = rng();
    let mut case = mixed_case::<QuadraticChallenge>();
    let (proof, public) = (case.encoded(), case.public());
    for less in [1, 7, 8, 31, 32, 64, proof.len() - 32, proof.len() - 1, proof.len()] {
        assert!(!case.call(&proof[..proof.len() - less], &public).accepted, "{less} bytes less");
    }
    for _ in 0..50 {
        let end = rng.random_range(0..proof.len());
        assert!(!case.call(&proof[..end], &public).accepted, "{end} bytes");
    }
    for more in [1, 8, 31, 32, 64, 1000] {
        let mut proof = proof.clone();
        proof.resize(proof.len() + more, rng.random());
        assert!(!case.call(&proof, &public).accepted, "{more} bytes more");
    }
    // Bytes out of the middle, so that all that follows is elsewhere.
    for size in [8, 16, 32] {
        let mut proof = proof.clone();
        let start = rng.random_range(0..proof.len() - size);
        proof.drain(start..start + size);
        assert!(!case.call(&proof, &public).accepted, "without {start}..{}", start + size);
    }
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

/// The same element, written as a number that is not below the order of the field.
#[test]
fn other_encodings_of_the_same_elements() {
    let (trace, public_values) = fibonacci(6);
    let mut case = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters());
    case.accepted();
    let (mut proof, mut public) = (case.encoded(), case.public());
    public[0] += P;
    assert!(!case.call(&proof, &public).accepted);
    public[0] -= P;
    // The witness of the proof of work is the only small element of a proof.
    let witness = case.proof.opening_proof.query_pow_witness.as_canonical_u64();
    let at = proof.windows(8).position(|bytes| bytes == witness.to_le_bytes()).unwrap();
    proof[at..at + 8].copy_from_slice(&(witness + P).to_le_bytes());
    assert!(!case.call(&proof, &public).accepted);
    proof[at..at + 8].copy_from_slice(&witness.to_le_bytes());
    assert!(case.call(&proof, &public).accepted);
}

#[test]
fn other_parameters() {
    let (trace, public_values) = fibonacci(6);
    let mut case = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters());
    let public = case.public();
    let p = parameters();
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
        if let Ok(proof) = case.contract.encode(&theirs.proof, &theirs.public_values) {
            assert!(!case.call(&proof, &public).accepted, "{other:?}");
        }
    }
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
