//! The registry records what was accepted, and nothing else.

mod support;

use karat_evm::config::QuadraticChallenge;
use karat_evm::{Error, Parameters, Registry, selector};
use revm::primitives::{U256, keccak256};
use support::Case;
use support::airs::{Fibonacci, fibonacci};

#[test]
fn statements_are_recorded() {
    let (trace, public_values) = fibonacci(6);
    let parameters = Parameters { log_final_poly_len: 1, num_queries: 3, query_pow_bits: 1, ..Parameters::default() };
    let mut case = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters);
    let compiled = case.contract.compile_named("Registry").unwrap();
    let (registry, _) = case.evm.deploy(&compiled, &[]).unwrap();
    let (mut proof, public) = (case.encoded(), case.public());

    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    let verifier = case.address.into_word().0;
    let contract = case.address;
    let call = |proof: &[u8]| Registry::call(contract, proof, &public);
    let outcome = case.evm.call(registry, call(&proof)).unwrap();
    let values: Vec<u8> = public.iter().flat_map(|&value| word(value)).collect();
    let statement = keccak256([&verifier[..], &word(64), &word(public.len() as u64), &values].concat());
    assert_eq!(outcome.output, statement.to_vec());
    let [(topics, _)] = &outcome.logs[..] else { panic!("there is one event") };
    assert_eq!(topics[0], keccak256("Accepted(address,address,bytes32,uint256,uint64[])"));
    assert_eq!(topics[2].0, verifier);
    assert_eq!(topics[3], statement);

    let recorded = |case: &mut Case<_, _>| {
        let call = [&selector("accepted(bytes32)")[..], &statement[..]].concat();
        U256::from_be_slice(&case.evm.call(registry, call).unwrap().output)
    };
    let first = recorded(&mut case);
    assert_ne!(first, U256::ZERO);
    proof[100] ^= 1;
    assert!(matches!(case.evm.call(registry, call(&proof)), Err(Error::Execution { .. })));
    assert_eq!(recorded(&mut case), first);
}
