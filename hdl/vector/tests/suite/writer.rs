//! Outputs of runs that begin whenever there is room, to a memory that takes them at its own pace.

use std::collections::VecDeque;

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Writer;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

#[test]
fn every_run_is_written_where_its_group_belongs() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("writer", Writer::<8>::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let (beat, wr_data) = (model.ports8("beat").unwrap(), model.ports8("wr_data").unwrap());
    let [reset, start, base, log_beats, writes, runs_port, descending] =
        ["reset", "start", "base", "log_beats", "writes", "runs", "descending"].map(port);
    let [begins, room, beat_valid, busy] = ["begins", "room", "beat_valid", "busy"].map(port);
    let [wr_addr, wr_len, wr_cmd_valid, wr_cmd_ready, wr_valid, wr_ready, wr_done] =
        ["wr_addr", "wr_len", "wr_cmd_valid", "wr_cmd_ready", "wr_valid", "wr_ready", "wr_done"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    dut.set(writes, 1);
    for trial in 0..60 {
        let (first, length, runs) =
            (rng.random_range(0..1_u64 << 30), 1_u64 << rng.random_range(0..8), rng.random_range(1..40));
        let down = rng.random::<bool>();
        let pace = if trial % 2 == 0 { 0.3 } else { 1.0 };
        for (port, value) in [
            (base, first),
            (log_beats, length.ilog2().into()),
            (runs_port, runs),
            (descending, down.into()),
            (start, 1),
        ] {
            dut.set(port, value);
        }
        dut.set(begins, 0);
        dut.set(beat_valid, 0);
        dut.set(wr_done, 0);
        dut.cycle();
        dut.set(start, 0);
        let mut begun = 0;
        let mut outputs: VecDeque<[u64; 8]> = VecDeque::new();
        let (mut produced, mut written) = (Vec::new(), Vec::new());
        // Commands: beats to come of each, and those to acknowledge.
        let mut commands: VecDeque<u64> = VecDeque::new();
        let (mut addresses, mut to_acknowledge, mut idle) = (Vec::new(), 0, 0);
        loop {
            let output = outputs.front().copied().filter(|_| rng.random_bool(0.8));
            for (port, value) in beat.iter().zip(output.unwrap_or_default()) {
                dut.set(*port, value);
            }
            dut.set(beat_valid, output.is_some().into());
            dut.set(wr_cmd_ready, rng.random_bool(pace).into());
            dut.set(wr_ready, u64::from(!commands.is_empty() && rng.random_bool(pace)));
            let acknowledges = to_acknowledge > 0 && rng.random_bool(0.5);
            dut.set(wr_done, acknowledges.into());
            dut.eval();
            let begins_now = begun < runs && dut.get(room) == 1;
            dut.set(begins, begins_now.into());
            dut.eval();
            if begins_now {
                begun += 1;
                outputs.extend((0..length).map(|_| -> [u64; 8] { std::array::from_fn(|_| rng.random()) }));
            }
            if dut.get(wr_cmd_valid) == 1 && dut.get(wr_cmd_ready) == 1 {
                assert_eq!(dut.get(wr_len), length);
                addresses.push(dut.get(wr_addr));
                commands.push_back(length);
            }
            if dut.get(wr_valid) == 1 && dut.get(wr_ready) == 1 {
                written.push(wr_data.map(|port| dut.get(port)));
                let left = commands.front_mut().expect("a command before its beats");
                *left -= 1;
                if *left == 0 {
                    commands.pop_front();
                    to_acknowledge += 1;
                }
            }
            dut.cycle();
            if output.is_some() {
                produced.extend(outputs.pop_front());
            }
            to_acknowledge -= u64::from(acknowledges);
            idle += 1;
            assert!(idle < 20_000, "it never ends");
            if begun == runs && outputs.is_empty() && dut.get(busy) == 0 {
                break;
            }
        }
        let expected: Vec<u64> =
            (0..runs).map(|run| first + length * if down { runs - 1 - run } else { run }).collect();
        assert_eq!(addresses, expected);
        assert_eq!(written, produced);
        assert_eq!(to_acknowledge, 0);
    }
}
