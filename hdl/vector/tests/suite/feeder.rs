//! Loads of every shape, a beat a cycle or less often, on every lane.

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Feeder;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const LOADS: usize = 300;

/// The row that lane `lane` of `lanes` takes of a rotated load.
fn behind(lane: usize, lanes: usize) -> usize {
    let bits = lanes.ilog2();
    let reverse = |index: usize| (0..bits).fold(0, |reversed, bit| reversed | (index >> bit & 1) << (bits - 1 - bit));
    reverse((reverse(lane) + 1) % lanes)
}

fn check(lane: usize, lanes: usize) {
    let seed = rand::random();
    println!("lane {lane} of {lanes}: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("feeder_{lane}_of_{lanes}"), || Feeder::new(lane, lanes)).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let beat = model.ports8("beat").unwrap();
    let inputs = ["valid", "position", "log_words", "rotated", "slot"].map(port);
    let outputs = ["write", "address", "data"].map(port);
    let mut dut = model.instance(seed);
    dut.set(port("reset"), 1);
    dut.cycle();
    dut.set(port("reset"), 0);
    let (mut expected, mut got) = (Vec::new(), Vec::new());
    // The next beat that this lane may take.
    let mut free_at = 0;
    let mut now = 0;
    let mut cycle = |dut: &mut karat_verilator::Instance, now: &mut usize| {
        dut.eval();
        let [write, address, data] = outputs.map(|port| dut.get(port));
        if write == 1 {
            got.push((address, data));
        }
        dut.cycle();
        *now += 1;
    };
    for _ in 0..LOADS {
        let log_words = rng.random_range(1..=3);
        let words = 1 << log_words;
        let rotated = log_words == 3 && rng.random();
        let row = if rotated { behind(lane, lanes) } else { lane };
        let slot = rng.random_range(0..64_u64);
        let beats = (lanes * words).div_ceil(8);
        let values: Vec<u64> = (0..8 * beats).map(|_| rng.random()).collect();
        for (position, values) in values.chunks(8).enumerate() {
            let is_own = row * words / 8 == position;
            while rng.random_bool(0.2) || (is_own && now < free_at) {
                dut.set(inputs[0], 0);
                cycle(&mut dut, &mut now);
            }
            for (port, value) in beat.iter().zip(values) {
                dut.set(*port, *value);
            }
            for (port, value) in inputs.iter().zip([1, position as u64, log_words as u64, rotated.into(), slot]) {
                dut.set(*port, value);
            }
            if is_own {
                free_at = now + words;
            }
            cycle(&mut dut, &mut now);
        }
        dut.set(inputs[0], 0);
        expected.extend((0..words).map(|word| (slot * 8 + word as u64, values[row * words + word])));
    }
    for _ in 0..10 {
        cycle(&mut dut, &mut now);
    }
    assert_eq!(got, expected);
}

#[test]
fn every_lane_takes_its_words() {
    for lanes in [4, 8] {
        for lane in 0..lanes {
            check(lane, lanes);
        }
    }
}
