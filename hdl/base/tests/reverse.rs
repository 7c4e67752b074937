//! Reversed values of several widths.

use karat_hdl_base::reverse::Reverse;
use karat_hdl_base::testing::simulate;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn check<const N: usize>() {
    let seed = rand::random();
    println!("{N} bits: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("reverse_{N}"), Reverse::<N>::default).unwrap();
    let (x, y) = (model.port("x").unwrap(), model.port("y").unwrap());
    let mut dut = model.instance(seed);
    let units = (0..N).map(|bit| 1 << bit);
    let values: Vec<u32> = units.chain((0..1000).map(|_| rng.random::<u32>() >> (32 - N))).collect();
    for value in values {
        dut.set(x, value.into());
        dut.eval();
        assert_eq!(dut.get(y), u64::from(value.reverse_bits() >> (32 - N)), "{value:#x}");
    }
}

#[test]
fn every_bit_goes_to_the_other_end() {
    check::<1>();
    check::<16>();
    check::<24>();
    check::<32>();
}
