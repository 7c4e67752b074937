//! The linear layers against p3's.

use karat_hdl_base::testing::simulate;
use karat_hdl_hash::linear::{LATENCY, Linear};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::{Goldilocks, MATRIX_DIAG_8_GOLDILOCKS};
use p3_poseidon2::{MDSMat4, matmul_internal, mds_light_permutation};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const P: u64 = karat_abi::P;
const EDGES: [u64; 9] = [0, 1, 2, P - 1, P - 2, 1 << 32, (1 << 32) - 1, (1 << 32) + 1, P >> 1];

fn word(rng: &mut SmallRng) -> u64 {
    if rng.random_range(0..3) == 0 { EDGES[rng.random_range(0..EDGES.len())] } else { rng.random_range(0..P) }
}

fn words(rng: &mut SmallRng) -> [u64; 8] {
    let uniform = rng.random_range(0..4) == 0;
    let first = word(rng);
    std::array::from_fn(|_| if uniform { first } else { word(rng) })
}

#[test]
fn both_layers_and_none_with_random_and_edge_words() {
    let model = simulate("linear", Linear::default).unwrap();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let [reset, valid, internal, keep, out_valid] =
        ["reset", "valid", "internal", "keep", "out_valid"].map(|name| model.port(name).unwrap());
    let [x, constant, out] = ["x", "constant", "out"].map(|name| model.ports8(name).unwrap());
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.run(2);
    dut.set(reset, 0);
    let mut expected: Vec<Option<[u64; 8]>> = Vec::new();
    let mut constants = vec![[0; 8]; 2];
    for cycle in 0..200_000 {
        let (state, added, kind, go) = (words(&mut rng), words(&mut rng), rng.random_range(0..3), rng.random::<bool>());
        dut.set(valid, u64::from(go));
        dut.set(internal, u64::from(kind == 1));
        dut.set(keep, u64::from(kind == 2));
        for i in 0..8 {
            dut.set(x[i], state[i]);
            dut.set(constant[i], constants[cycle][i]);
        }
        constants.push(added);
        let mut result = state.map(Goldilocks::new);
        match kind {
            0 => mds_light_permutation(&mut result, &MDSMat4),
            1 => matmul_internal(&mut result, MATRIX_DIAG_8_GOLDILOCKS),
            _ => {}
        }
        for (word, &constant) in result.iter_mut().zip(&added) {
            *word += if kind == 2 { Goldilocks::ZERO } else { Goldilocks::new(constant) };
        }
        expected.push(go.then(|| result.map(|word| word.as_canonical_u64())));
        dut.cycle();
        if cycle + 1 >= LATENCY {
            let expected = expected[cycle + 1 - LATENCY];
            assert_eq!(dut.get(out_valid) == 1, expected.is_some(), "cycle {cycle}");
            if let Some(expected) = expected {
                assert_eq!(out.map(|port| dut.get(port)), expected, "cycle {cycle}");
            }
        }
    }
}
