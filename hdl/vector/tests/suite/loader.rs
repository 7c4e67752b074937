//! Commands of loads of every kind, against the addresses that the contract's words mean.

use karat_abi::vector::{LOG_UNROLL_MAX, Load, Row};
use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Loader;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn reverse(index: usize, bits: u32) -> usize {
    (0..bits).fold(0, |reversed, bit| reversed | (index >> bit & 1) << (bits - 1 - bit))
}

struct Matrix {
    base: u64,
    stride: u64,
    tiles: u64,
    log_words: u32,
    fixed: bool,
}

impl Matrix {
    /// Address, beats, slot, words and rotation of a load's command.
    fn command(&self, lanes: usize, load: &Load, run: usize, unroll: u32, coset: u32) -> [u64; 5] {
        let run = if self.fixed { 0 } else { run };
        let beats = (lanes as u64) << self.log_words >> 3;
        let (first, last) = (run >> coset << coset, (1 << coset) - 1);
        let index = reverse(run - first, coset);
        let row = if self.fixed { Row::Own } else { load.row };
        let (group, rotated) = match row {
            // Groups that the run does not have are not reached.
            Row::Own => ((run << unroll) + (load.group as usize & ((1 << unroll) - 1)), 0),
            Row::Next => (first + reverse((index + 1) & last, coset), u64::from(index == last)),
            Row::Previous => (first + reverse(index.wrapping_sub(1) & last, coset), 2 * u64::from(index == 0)),
        };
        let tile = Some(u64::from(load.tile)).filter(|&tile| tile < self.tiles).unwrap_or(0);
        let address = (self.base + tile * self.stride + group as u64 * beats) as u32;
        [address.into(), beats, load.slot.into(), self.log_words.into(), rotated]
    }
}

fn check(lanes: usize) {
    let seed = rand::random();
    println!("{lanes} lanes: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("loader_{lanes}"), || Loader::new(lanes)).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let [base, stride, tiles, shape] =
        ["base", "stride", "tiles", "shape"].map(|name| model.port_array::<4>(name).unwrap());
    let [reset, start, runs_port, log_unroll, log_groups, descending, free] =
        ["reset", "start", "runs", "log_unroll", "log_groups", "descending", "free"].map(port);
    let [load, load_valid, load_is_last, load_take, freed, ready] =
        ["load", "load_valid", "load_is_last", "load_take", "freed", "ready"].map(port);
    let valid = port("valid");
    let command = ["address", "length", "slot", "words", "rotated"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for _ in 0..60 {
        let runs = rng.random_range(1..20_usize);
        let (unroll, coset) = (rng.random_range(0..=LOG_UNROLL_MAX), rng.random_range(0..6));
        let down = rng.random::<bool>();
        let matrices: [Matrix; 4] = std::array::from_fn(|_| Matrix {
            base: rng.random_range(0..1 << 31),
            stride: rng.random_range(0..1 << 20),
            tiles: if rng.random() { rng.random_range(1..=1 << 16) } else { 1 << 16 },
            log_words: rng.random_range(1..=3),
            fixed: rng.random_bool(0.3),
        });
        let loads: Vec<Load> = (0..rng.random_range(1..9))
            .map(|_| {
                let is_other = unroll == 0 && rng.random();
                let row = if is_other { [Row::Next, Row::Previous][rng.random_range(0..2)] } else { Row::Own };
                let group = rng.random_range(0..1 << LOG_UNROLL_MAX);
                Load { matrix: rng.random_range(0..4), tile: rng.random(), row, group, slot: rng.random_range(0..64) }
            })
            .collect();
        let expected = (0..runs).map(|run| if down { runs - 1 - run } else { run }).flat_map(|run| {
            let matrices = &matrices;
            loads.iter().map(move |load| matrices[load.matrix as usize].command(lanes, load, run, unroll, coset))
        });
        for (i, matrix) in matrices.iter().enumerate() {
            dut.set(base[i], matrix.base);
            dut.set(stride[i], matrix.stride);
            dut.set(tiles[i], matrix.tiles);
            dut.set(shape[i], u64::from(matrix.log_words) | u64::from(matrix.fixed) << 2);
        }
        let mut credit = rng.random_range(0..4_u64);
        for (port, value) in [
            (runs_port, runs as u64),
            (log_unroll, unroll.into()),
            (log_groups, coset.into()),
            (descending, down.into()),
            (free, credit),
        ] {
            dut.set(port, value);
        }
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
        assert_eq!([dut.get(load_take), dut.get(valid)], [0, 0]);
    }
}

#[test]
fn commands_of_every_run() {
    check(4);
    check(8);
}
