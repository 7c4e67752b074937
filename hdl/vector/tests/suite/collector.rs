//! Outputs of every shape, as quick as they can come and slower.

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Collector;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const GROUPS: usize = 400;

fn check<const LANES: usize>() {
    let seed = rand::random();
    println!("{LANES} lanes: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("collector_{LANES}"), Collector::<LANES>::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let (data, beat) = (model.port_array::<LANES>("data").unwrap(), model.ports8("beat").unwrap());
    let (valid, log, beat_valid, busy) = (port("valid"), port("log_words"), port("beat_valid"), port("busy"));
    for log_words in 1..=3 {
        let words = 1 << log_words;
        let mut dut = model.instance(seed);
        dut.set(port("reset"), 1);
        dut.set(log, log_words);
        dut.cycle();
        dut.set(port("reset"), 0);
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        let mut cycle = |dut: &mut karat_verilator::Instance| {
            dut.eval();
            if dut.get(beat_valid) == 1 {
                got.extend(beat.map(|port| dut.get(port)));
            }
            dut.cycle();
        };
        for group in 0..GROUPS {
            // The words of every lane at a time.
            let values: Vec<[u64; LANES]> = (0..words).map(|_| std::array::from_fn(|_| rng.random())).collect();
            for values in &values {
                // Half of the groups without a pause.
                while group % 2 == 0 && rng.random_bool(0.3) {
                    dut.set(valid, 0);
                    cycle(&mut dut);
                }
                for (port, value) in data.iter().zip(values) {
                    dut.set(*port, *value);
                }
                dut.set(valid, 1);
                cycle(&mut dut);
            }
            expected.extend((0..LANES).flat_map(|lane| values.iter().map(move |values| values[lane])));
        }
        dut.set(valid, 0);
        for _ in 0..2 * LANES {
            cycle(&mut dut);
        }
        assert_eq!(dut.get(busy), 0);
        assert!(
            got == expected,
            "{words} words a row: {} of {} words are right",
            got.iter().zip(&expected).filter(|(a, b)| a == b).count(),
            expected.len()
        );
    }
}

#[test]
fn beats_in_order_of_rows() {
    check::<4>();
    check::<8>();
}
