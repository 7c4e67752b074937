//! Commands of sequences of every length, with room that comes and goes.

use karat_hdl_base::testing::simulate;
use karat_hdl_vector::Fetch;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const PLACES: u64 = 32;

#[test]
fn every_beat_is_asked_for_once_a_pass_and_has_room() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("fetch", Fetch::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let [reset, start, base, beats, passes, keeps] = ["reset", "start", "base", "beats", "passes", "keeps"].map(port);
    let [room, came, ready, valid, busy, address, length] =
        ["room", "came", "ready", "valid", "busy", "address", "length"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for _ in 0..100 {
        let (first, count, times) =
            (rng.random_range(0..1_u64 << 30), rng.random_range(0..70_u64), rng.random_range(1..5));
        let kept = count <= PLACES;
        let expected: Vec<u64> = (0..if kept { 1 } else { times }).flat_map(|_| first..first + count).collect();
        for (port, value) in [(base, first), (beats, count), (passes, times), (keeps, kept.into()), (start, 1)] {
            dut.set(port, value);
        }
        dut.set(came, 0);
        dut.set(ready, 0);
        dut.cycle();
        dut.set(start, 0);
        let mut asked = Vec::new();
        let (mut under_way, mut stored, mut idle) = (0, 0, 0);
        while asked.len() < expected.len() || under_way > 0 {
            let comes = under_way > 0 && rng.random_bool(0.6);
            dut.set(room, PLACES - stored);
            dut.set(came, comes.into());
            dut.set(ready, u64::from(rng.random_bool(0.5)));
            dut.eval();
            if dut.get(valid) == 1 {
                let (address, length) = (dut.get(address), dut.get(length));
                assert!(under_way + length + stored <= PLACES, "{length} beats have no room");
                if dut.get(ready) == 1 {
                    asked.extend(address..address + length);
                    under_way += length;
                    idle = 0;
                }
            }
            dut.cycle();
            if comes {
                under_way -= 1;
                stored += 1;
            }
            // What is kept stays.
            if !kept && stored > 0 && rng.random_bool(0.5) {
                stored -= 1;
            }
            idle += 1;
            assert!(idle < 1000, "no command comes");
        }
        assert_eq!(asked, expected);
        dut.set(came, 0);
        dut.set(ready, 1);
        dut.run(5);
        assert_eq!([dut.get(busy), dut.get(valid)], [0, 0]);
    }
}
