//! Sequences that fit and sequences that do not, of words and of pairs, several passes of each.

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Replay;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const LOG_PLACES: usize = 4;
const PASSES: usize = 5;

fn check(words: usize) {
    let seed = rand::random();
    println!("{words} words a unit: seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate(&format!("replay_{words}"), || Replay::<LOG_PLACES>::new(words)).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let in_data = model.ports8("in_data").unwrap();
    let [reset, start, beats_port, last_unit, keeps, in_valid] =
        ["reset", "start", "beats", "last_unit", "keeps", "in_valid"].map(port);
    let [room, first, second, valid, is_last, take] = ["room", "first", "second", "valid", "is_last", "take"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for trial in 0..60 {
        // Lengths around a beat, around the places, and far past them.
        let units = match trial % 3 {
            0 => rng.random_range(1..=17),
            1 => rng.random_range((8 << LOG_PLACES) / words - 9..=(8 << LOG_PLACES) / words + 9),
            _ => rng.random_range(1..600),
        };
        let sequence: Vec<u64> = (0..units * words).map(|_| rng.random()).collect();
        let beats: Vec<[u64; 8]> =
            sequence.chunks(8).map(|beat| std::array::from_fn(|i| beat.get(i).copied().unwrap_or(7))).collect();
        let fits = beats.len() <= 1 << LOG_PLACES;
        let [slow_in, slow_out] = [0; 2].map(|_| if rng.random() { 0.5 } else { 0.0 });
        for (port, value) in
            [(start, 1), (beats_port, beats.len() as u64), (last_unit, units as u64 - 1), (keeps, fits.into())]
        {
            dut.set(port, value);
        }
        dut.cycle();
        dut.set(start, 0);
        let mut incoming = beats.iter().cycle().take(beats.len() * if fits { 1 } else { PASSES });
        let mut outgoing = (0..PASSES).flat_map(|_| sequence.chunks(words).enumerate());
        let mut next = outgoing.next();
        let mut idle = 0;
        while let Some((unit, expected)) = next {
            dut.set(in_valid, 0);
            if dut.get(room) > 0
                && !rng.random_bool(slow_in)
                && let Some(beat) = incoming.next()
            {
                dut.set(in_valid, 1);
                for (port, value) in in_data.iter().zip(beat) {
                    dut.set(*port, *value);
                }
            }
            dut.set(take, u64::from(!rng.random_bool(slow_out)));
            dut.eval();
            idle += 1;
            assert!(idle < 1000, "nothing comes any more");
            if dut.get(valid) == 1 && dut.get(take) == 1 {
                idle = 0;
                assert_eq!(dut.get(first), expected[0], "unit {unit} of {units}");
                if words == 2 {
                    assert_eq!(dut.get(second), expected[1], "unit {unit} of {units}");
                }
                assert_eq!(dut.get(is_last) == 1, unit + 1 == units, "unit {unit} of {units}");
                next = outgoing.next();
            }
            dut.cycle();
        }
        dut.set(in_valid, 0);
        dut.set(take, 0);
    }
}

#[test]
fn every_pass_shows_the_same_sequence() {
    check(1);
    check(2);
}
