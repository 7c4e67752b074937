//! The registry records what was accepted, and nothing else.

mod support;

use karat_evm::config::QuadraticChallenge;
use karat_evm::{Address, B256, Error, Outcome, Parameters, Registry, selector};
use rand::RngExt;
use revm::primitives::{U256, keccak256};
use support::airs::{Fibonacci, fibonacci};
use support::{Case, rng};

struct Chain {
    case: Case<QuadraticChallenge, Fibonacci>,
    registry: Address,
    /// The hash of the contract and of the public values.
    statement: B256,
}

fn word(value: u64) -> [u8; 32] {
    U256::from(value).to_be_bytes()
}

impl Chain {
    fn new() -> Self {
        let (trace, public_values) = fibonacci(6);
        let parameters =
            Parameters { log_final_poly_len: 1, num_queries: 3, query_pow_bits: 1, ..Parameters::default() };
        let mut case = Case::<QuadraticChallenge, _>::new(Fibonacci, trace, public_values, parameters);
        let compiled = case.contract.compile_named("Registry").unwrap();
        let (registry, _) = case.evm.deploy(&compiled, &[]).unwrap();
        let public = case.public();
        let values: Vec<u8> = public.iter().flat_map(|&value| word(value)).collect();
        let verifier = case.address.into_word().0;
        let statement = keccak256([&verifier[..], &word(64), &word(public.len() as u64), &values].concat());
        Self { case, registry, statement }
    }

    fn submit(&mut self, proof: &[u8], gas: u64) -> Result<Outcome, Error> {
        let call = Registry::call(self.case.address, proof, &self.case.public());
        self.case.evm.call_with_gas(self.registry, call, gas)
    }

    /// When the statement was accepted, or zero.
    fn recorded(&mut self) -> U256 {
        let call = [&selector("accepted(bytes32)")[..], &self.statement[..]].concat();
        U256::from_be_slice(&self.case.evm.call(self.registry, call).unwrap().output)
    }

    fn check(&self, outcome: &Outcome) {
        assert_eq!(outcome.output, self.statement.to_vec());
        let [(topics, _)] = &outcome.logs[..] else { panic!("there is one event") };
        assert_eq!(topics[0], keccak256("Accepted(address,address,bytes32,uint256,uint64[])"));
        assert_eq!(topics[2], self.case.address.into_word());
        assert_eq!(topics[3], self.statement);
    }
}

/// More than enough.
const PLENTY: u64 = 1 << 24;

#[test]
fn statements_are_recorded() {
    let mut chain = Chain::new();
    let mut proof = chain.case.encoded();
    let outcome = chain.submit(&proof, PLENTY).unwrap();
    chain.check(&outcome);
    let first = chain.recorded();
    assert_ne!(first, U256::ZERO);
    proof[100] ^= 1;
    assert!(matches!(chain.submit(&proof, PLENTY), Err(Error::Execution { .. })));
    assert_eq!(chain.recorded(), first);
}

/// Wherever a transaction runs out of gas, in the registry or in the contract that it asks, nothing of it is left.
#[test]
fn too_little_gas_records_nothing() {
    let mut rng = rng();
    let mut chain = Chain::new();
    let proof = chain.case.encoded();
    let (mut low, mut high) = (0, PLENTY);
    while high - low > 1 {
        let gas = low.midpoint(high);
        // Chains of their own: what was accepted once takes less to be accepted again.
        let mut other = Chain::new();
        match other.submit(&proof, gas) {
            Ok(_) => high = gas,
            Err(_) => low = gas,
        }
    }
    let random = (0..300).map(|_| rng.random_range(1..high));
    for gas in random.chain((1..=50).map(|less| high - less)) {
        let error = chain.submit(&proof, gas).expect_err("too little gas");
        assert!(matches!(error, Error::Execution { .. }), "{error}");
        assert_eq!(chain.recorded(), U256::ZERO, "{gas} gas");
    }
    let outcome = chain.submit(&proof, high).expect("enough gas");
    chain.check(&outcome);
    let first = chain.recorded();
    assert_ne!(first, U256::ZERO);
    // And what is recorded stays.
    for _ in 0..50 {
        let gas = rng.random_range(1..high / 2);
        assert!(chain.submit(&proof, gas).is_err());
        assert_eq!(chain.recorded(), first);
    }
}
