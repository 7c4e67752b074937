//! Loads of every shape in any order, as quick as there is room and slower.

use std::collections::VecDeque;

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Intake;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const LOADS: usize = 600;
const LOG_PLACES: usize = 6;

struct Load {
    log_words: usize,
    slot: u64,
    /// As bits of the port say.
    rotated: u64,
    values: Vec<u64>,
}

/// The row that lane `lane` of `lanes` takes.
fn row(lane: usize, lanes: usize, rotated: u64) -> usize {
    let bits = lanes.ilog2();
    let reverse = |index: usize| (0..bits).fold(0, |reversed, bit| reversed | (index >> bit & 1) << (bits - 1 - bit));
    let distance = [0, 1, lanes - 1][rotated as usize];
    reverse((reverse(lane) + distance) % lanes)
}

fn check<const LANES: usize>() {
    let seed = rand::random();
    println!("{LANES} lanes: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("intake_{LANES}"), Intake::<LANES, LOG_PLACES>::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let beat = model.ports8("beat").unwrap();
    let [write, address, data] =
        ["tile_write", "tile_address", "tile_data"].map(|name| model.port_array::<LANES>(name).unwrap());
    let [reset, room, sent, length, beat_valid, loaded, busy] =
        ["reset", "room", "sent", "length", "beat_valid", "loaded", "busy"].map(port);
    let of_beat = ["position", "is_last", "slot", "words", "rotated"].map(port);
    // Quick at once, slower, and all alike.
    for (shapes, turns, pace) in [(1..=3, true, 1.0), (1..=3, true, 0.5), (3..=3, false, 1.0), (1..=1, false, 1.0)] {
        let mut dut = model.instance(seed);
        dut.set(reset, 1);
        dut.cycle();
        dut.set(reset, 0);
        let loads: Vec<Load> = (0..LOADS)
            .map(|_| {
                let log_words = rng.random_range(shapes.clone());
                let values = (0..LANES << log_words).map(|_| rng.random()).collect();
                let rotated = if turns { rng.random_range(0..3) } else { 0 };
                Load { log_words, slot: rng.random_range(0..64), rotated, values }
            })
            .collect();
        // Beats asked for, in order: load and position.
        let mut coming: VecDeque<(usize, usize)> = VecDeque::new();
        let (mut asked, mut there, mut cycles) = (0, 0, 0);
        let mut written: [Vec<(u64, u64)>; LANES] = std::array::from_fn(|_| Vec::new());
        let mut expected = written.clone();
        while there < LOADS {
            let asks = asked < LOADS && dut.get(room) == 1 && rng.random_bool(pace);
            let beats = loads.get(asked).map_or(0, |load| load.values.len() / 8);
            dut.set(sent, asks.into());
            dut.set(length, beats as u64);
            let comes = !coming.is_empty() && rng.random_bool(pace);
            dut.set(beat_valid, comes.into());
            if comes {
                let (index, position) = coming.pop_front().unwrap();
                let load = &loads[index];
                for (port, value) in beat.iter().zip(&load.values[8 * position..]) {
                    dut.set(*port, *value);
                }
                let is_last = 8 * position + 8 == load.values.len();
                for (port, value) in of_beat.iter().zip([
                    position as u64,
                    is_last.into(),
                    load.slot,
                    load.log_words as u64,
                    load.rotated,
                ]) {
                    dut.set(*port, value);
                }
            }
            dut.eval();
            for lane in 0..LANES {
                if dut.get(write[lane]) == 1 {
                    written[lane].push((dut.get(address[lane]), dut.get(data[lane])));
                }
            }
            if dut.get(loaded) == 1 {
                let Load { log_words, slot, rotated, values } = &loads[there];
                for (lane, expected) in expected.iter_mut().enumerate() {
                    let words = values[row(lane, LANES, *rotated) << log_words..].iter().take(1 << log_words);
                    expected.extend(words.enumerate().map(|(word, value)| (slot * 8 + word as u64, *value)));
                    assert!(written[lane].len() >= expected.len(), "load {there} is not there yet");
                    assert_eq!(written[lane][..expected.len()], expected[..]);
                }
                there += 1;
            }
            if asks {
                coming.extend((0..beats).map(|position| (asked, position)));
                asked += 1;
            }
            dut.cycle();
            cycles += 1;
            assert!(cycles < 20 * LOADS, "nothing comes any more");
        }
        dut.set(beat_valid, 0);
        dut.run(2);
        assert_eq!(dut.get(busy), 0);
        assert_eq!(written, expected);
        // A lane writes a word a cycle.
        if !turns {
            let least = LOADS << shapes.start();
            assert!(cycles < least + 40, "{cycles} cycles of {least}");
        }
    }
}

#[test]
fn loads_are_there_when_their_last_word_is() {
    check::<4>();
    check::<8>();
}
