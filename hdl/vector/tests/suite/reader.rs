//! Commands of all sources at once, over a memory that answers late.

use std::collections::VecDeque;

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::{Reader, SOURCES};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const COMMANDS: usize = 3000;

/// A command: address, beats, and, of a tile, slot, words and rotation.
type Command = [u64; 5];

#[test]
fn beats_go_to_the_source_that_asked() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("reader", Reader::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let [address, length, valid, ready, came] =
        ["address", "length", "valid", "ready", "came"].map(|name| model.port_array::<SOURCES>(name).unwrap());
    let tile = ["slot", "words", "rotated"].map(port);
    let of_beat = ["beat_slot", "beat_words", "beat_rotated"].map(port);
    let [reset, start, position, is_last, busy] = ["reset", "start", "position", "is_last", "busy"].map(port);
    let [rd_addr, rd_len, rd_cmd_valid, rd_cmd_ready, rd_valid, rd_ready] =
        ["rd_addr", "rd_len", "rd_cmd_valid", "rd_cmd_ready", "rd_valid", "rd_ready"].map(port);
    let (beat, rd_data) = (model.ports8("beat").unwrap(), model.ports8("rd_data").unwrap());
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.set(start, 1);
    dut.cycle();
    dut.set(reset, 0);
    dut.set(start, 0);
    let mut offered: [Option<Command>; SOURCES] = [None; SOURCES];
    // Commands of others since a source offers its own.
    let mut waits = [0; SOURCES];
    // Taken from a source and not yet at the port; under way: source, command and when its beats may come; the beat of the last cycle.
    let mut chosen: VecDeque<(usize, Command)> = VecDeque::new();
    let mut under_way: VecDeque<(usize, Command, usize)> = VecDeque::new();
    let mut came_last: Option<(usize, Command, u64, [u64; 8])> = None;
    let (mut done, mut place, mut now, mut counts) = (0, 0, 0_usize, [0; SOURCES]);
    while done < COMMANDS {
        for (source, offer) in offered.iter_mut().enumerate() {
            if offer.is_none() && rng.random_bool(0.3) {
                let tag = [rng.random_range(0..64), rng.random_range(1..=3), rng.random_range(0..3)];
                *offer = Some([rng.random_range(0..1 << 32), rng.random_range(1..=8), tag[0], tag[1], tag[2]]);
            }
            dut.set(valid[source], u64::from(offer.is_some()));
            if let Some(command) = offer {
                dut.set(address[source], command[0]);
                dut.set(length[source], command[1]);
                if source == SOURCES - 1 {
                    for (port, value) in tile.iter().zip(&command[2..]) {
                        dut.set(*port, *value);
                    }
                }
            }
        }
        dut.set(rd_cmd_ready, u64::from(rng.random_bool(0.7)));
        let comes = under_way.front().is_some_and(|&(_, _, at)| at <= now) && rng.random_bool(0.8);
        dut.set(rd_valid, comes.into());
        let values: [u64; 8] = std::array::from_fn(|_| rng.random());
        for (port, value) in rd_data.iter().zip(values) {
            dut.set(*port, value);
        }
        dut.eval();
        assert_eq!(dut.get(busy) == 1, !chosen.is_empty() || !under_way.is_empty() || came_last.is_some());
        if dut.get(rd_cmd_valid) == 1 && dut.get(rd_cmd_ready) == 1 {
            let (source, command) = chosen.pop_front().expect("a command that was taken");
            assert_eq!([dut.get(rd_addr), dut.get(rd_len)], command[..2]);
            under_way.push_back((source, command, now + rng.random_range(3..60)));
        }
        if let Some(source) = (0..SOURCES).find(|&source| dut.get(ready[source]) == 1) {
            waits[source] = 0;
            for other in (0..SOURCES).filter(|&other| other != source && offered[other].is_some()) {
                waits[other] += 1;
                assert!(waits[other] < SOURCES, "the others are served before source {other}");
            }
            chosen.push_back((source, offered[source].take().expect("a command")));
        }
        let expected: [u64; SOURCES] =
            std::array::from_fn(|i| u64::from(came_last.is_some_and(|(source, ..)| source == i)));
        assert_eq!(came.map(|port| dut.get(port)), expected);
        if let Some((source, command, place, values)) = came_last.take() {
            assert_eq!(beat.map(|port| dut.get(port)), values);
            assert_eq!(dut.get(position), place);
            assert_eq!(dut.get(is_last) == 1, place + 1 == command[1]);
            if source == SOURCES - 1 {
                assert_eq!(of_beat.map(|port| dut.get(port)), command[2..]);
            }
        }
        if comes {
            assert_eq!(dut.get(rd_ready), 1);
            let (source, command, _) = under_way[0];
            came_last = Some((source, command, place, values));
            place += 1;
            if place == command[1] {
                place = 0;
                under_way.pop_front();
                done += 1;
                counts[source] += 1;
            }
        }
        dut.cycle();
        now += 1;
    }
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}
