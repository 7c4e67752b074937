//! Plonky3's own proofs, accepted.
#![allow(missing_docs)]

use karat_evm::config::QuadraticChallenge;
use karat_evm::{Evm, Parameters, export};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks as F;
use p3_matrix::dense::RowMajorMatrix;

struct Fib;
impl<T> BaseAir<T> for Fib {
    fn width(&self) -> usize {
        2
    }
    fn num_public_values(&self) -> usize {
        3
    }
}
impl<AB: AirBuilder> Air<AB> for Fib {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let public = builder.public_values();
        let (first, second, last) = (public[0], public[1], public[2]);
        let (left, right) = (main.current_slice()[0], main.current_slice()[1]);
        let (next_left, next_right) = (main.next_slice()[0], main.next_slice()[1]);
        builder.when_first_row().assert_eq(left, first);
        builder.when_first_row().assert_eq(right, second);
        builder.when_transition().assert_eq(right, next_left);
        builder.when_transition().assert_eq(left + right, next_right);
        builder.when_last_row().assert_eq(right, last);
    }
}

#[test]
fn fib() {
    let parameters = Parameters { log_final_poly_len: 2, query_pow_bits: 4, ..Parameters::default() };
    let log_rows = 8;
    let mut values = vec![];
    let (mut a, mut b) = (F::ONE, F::TWO);
    for _ in 0..1 << log_rows {
        values.extend([a, b]);
        (a, b) = (b, a + b);
    }
    let last = *values.last().unwrap();
    let trace = RowMajorMatrix::new(values, 2);
    let public = vec![F::ONE, F::TWO, last];
    let config = parameters.config::<QuadraticChallenge>();
    let proof = p3_uni_stark::prove(&config, &Fib, trace, &public).unwrap();
    p3_uni_stark::verify(&config, &Fib, &proof, &public).unwrap();
    let contract = export::<QuadraticChallenge, _>(&Fib, &parameters, log_rows, None, "Fibonacci").unwrap();
    let compiled = contract.compile().unwrap();
    eprintln!("{} bytes", compiled.size);
    let mut evm = Evm::new();
    let (address, gas) = evm.deploy(&compiled, &[]).unwrap();
    eprintln!("deploy {gas}");
    let bytes = contract.encode(&proof).unwrap();
    let public: Vec<u64> = public.iter().map(|v| v.as_canonical_u64()).collect();
    let outcome = evm.verify(address, &bytes, &public).unwrap();
    eprintln!("{} {} {} {}", outcome.accepted, outcome.gas, outcome.execution_gas, outcome.calldata);
    assert!(outcome.accepted);
}
