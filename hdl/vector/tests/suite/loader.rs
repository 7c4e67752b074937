//! Commands of loads of every kind, against the addresses that the contract's words mean.

use karat_abi::vector::{Load, Row};
use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Loader;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn reverse(index: usize, bits: u32) -> usize {
    (0..bits).fold(0, |reversed, bit| reversed | (index >> bit & 1) << (bits - 1 - bit))
}

fn check(lanes: usize) {
    let seed = rand::random();
    println!("{lanes} lanes: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("loader_{lanes}"), || Loader::new(lanes)).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let [base, stride, log_words] = ["base", "stride", "log_words"].map(|name| model.port_array::<4>(name).unwrap());
    let [reset, start, groups, log_groups, descending, free] =
        ["reset", "start", "groups", "log_groups", "descending", "free"].map(port);
    let [load, load_valid, load_is_last, load_take, freed, ready] =
        ["load", "load_valid", "load_is_last", "load_take", "freed", "ready"].map(port);
    let [valid, busy] = ["valid", "busy"].map(port);
    let command = ["address", "length", "slot", "words", "rotated"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for _ in 0..40 {
        let bits = rng.random_range(0..5);
        let runs = 1_usize << bits;
        let down = rng.random::<bool>();
        let matrices: [(u64, u64, u32); 4] = std::array::from_fn(|_| {
            (rng.random_range(0..1 << 31), rng.random_range(0..1 << 20), rng.random_range(1..=3))
        });
        let loads: Vec<Load> = (0..rng.random_range(1..9))
            .map(|_| {
                let matrix = rng.random_range(0..4_u8);
                let is_next = matrices[matrix as usize].2 == 3 && rng.random();
                let row = if is_next { Row::Next } else { Row::Own };
                Load { matrix, tile: rng.random(), row, group: 0, slot: rng.random_range(0..64) }
            })
            .collect();
        let expected = (0..runs).map(|run| if down { runs - 1 - run } else { run }).flat_map(|group| {
            loads.iter().map(move |load| {
                let (base, stride, log_words) = matrices[load.matrix as usize];
                let beats = (lanes as u64) << log_words >> 3;
                let chosen =
                    if load.row == Row::Next { reverse((reverse(group, bits) + 1) % runs, bits) } else { group } as u64;
                let address = (base + u64::from(load.tile) * stride + chosen * beats) as u32;
                let rotated = (load.row == Row::Next) && group == runs - 1;
                [address.into(), beats, load.slot.into(), log_words.into(), rotated.into()]
            })
        });
        for i in 0..4 {
            dut.set(base[i], matrices[i].0);
            dut.set(stride[i], matrices[i].1);
            dut.set(log_words[i], matrices[i].2.into());
        }
        let mut credit = rng.random_range(0..4_u64);
        for (port, value) in
            [(groups, runs as u64), (log_groups, bits.into()), (descending, down.into()), (free, credit)]
        {
            dut.set(port, value);
        }
        // Idle for what follows from the descriptor.
        dut.run(3);
        dut.set(start, 1);
        dut.set(load_valid, 0);
        dut.set(freed, 0);
        dut.cycle();
        dut.set(start, 0);
        let mut sent = 0;
        let mut idle = 0;
        for expected in expected {
            loop {
                dut.set(load, loads[sent % loads.len()].encode());
                dut.set(load_valid, u64::from(rng.random_bool(0.8)));
                dut.set(load_is_last, u64::from(sent % loads.len() + 1 == loads.len()));
                let more = if rng.random_bool(0.2) { rng.random_range(0..3) } else { 0 };
                dut.set(freed, more);
                dut.set(ready, u64::from(rng.random_bool(0.7)));
                dut.eval();
                idle += 1;
                assert!(idle < 1000, "no command comes");
                if dut.get(load_take) == 1 {
                    assert!(credit > 0, "a load begins that may not");
                    credit -= 1;
                    sent += 1;
                }
                credit += more;
                let done = dut.get(valid) == 1 && dut.get(ready) == 1;
                if done {
                    idle = 0;
                    assert_eq!(command.map(|port| dut.get(port)), expected);
                }
                dut.cycle();
                if done {
                    break;
                }
            }
        }
        dut.set(load_valid, 1);
        dut.run(10);
        assert_eq!([dut.get(busy), dut.get(valid)], [0, 0]);
    }
}

#[test]
fn commands_of_every_run() {
    check(4);
    check(8);
}
