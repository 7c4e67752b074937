//! Streams against queues of the standard library, under random traffic from both sides.

use std::collections::VecDeque;

use karat_hdl_base::fifo::{BeatFifo, Credits, Fifo};
use karat_hdl_base::skid::Skid;
use karat_hdl_base::testing::simulate;
use karat_hdl_base::write_fifo::WriteFifo;
use karat_verilator::{Instance, Model, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const CYCLES: usize = 20_000;

/// The stream ports of a device, with one or more data words.
struct Stream {
    dut: Instance,
    reset: Port,
    in_valid: Port,
    in_ready: Port,
    out_valid: Port,
    out_ready: Port,
    in_data: Vec<Port>,
    out_data: Vec<Port>,
    count: Option<Port>,
}

impl Stream {
    fn new(model: &Model, seed: u64, words: usize) -> Self {
        let port = |name: &str| model.port(name).unwrap();
        let data = |name: &str| match words {
            1 => vec![port(name)],
            _ => (0..words).map(|i| port(&format!("{name}${i}"))).collect(),
        };
        let mut stream = Self {
            reset: port("reset"),
            in_valid: port("in_valid"),
            in_ready: port("in_ready"),
            out_valid: port("out_valid"),
            out_ready: port("out_ready"),
            in_data: data("in_data"),
            out_data: data("out_data"),
            count: model.port("count").ok(),
            dut: model.instance(seed),
        };
        stream.dut.set(stream.reset, 1);
        stream.dut.cycle();
        stream.dut.set(stream.reset, 0);
        stream
    }
}

/// Random traffic with the given chances of an offer and of readiness in percent; returns the beats that came through.
fn traffic(stream: &mut Stream, rng: &mut SmallRng, mask: u64, offer: u32, take: u32, depth: usize) -> usize {
    let mut queue: VecDeque<Vec<u64>> = VecDeque::new();
    let mut pending: Option<Vec<u64>> = None;
    let mut through = 0;
    for _ in 0..CYCLES {
        if pending.is_none() && rng.random_ratio(offer, 100) {
            pending = Some(stream.in_data.iter().map(|_| rng.random::<u64>() & mask).collect());
        }
        stream.dut.set(stream.in_valid, pending.is_some().into());
        for (at, port) in stream.in_data.iter().enumerate() {
            // Data without valid are noise.
            let word = pending.as_ref().map_or_else(|| rng.random(), |beat| beat[at]);
            stream.dut.set(*port, word);
        }
        let ready = rng.random_ratio(take, 100);
        stream.dut.set(stream.out_ready, ready.into());
        stream.dut.eval();
        if let Some(count) = stream.count {
            assert_eq!(stream.dut.get(count), queue.len() as u64);
        }
        if ready && stream.dut.get(stream.out_valid) == 1 {
            let beat: Vec<u64> = stream.out_data.iter().map(|port| stream.dut.get(*port)).collect();
            assert_eq!(Some(beat), queue.pop_front());
            through += 1;
        }
        if stream.dut.get(stream.in_ready) == 1
            && let Some(beat) = pending.take()
        {
            queue.push_back(beat);
        }
        assert!(queue.len() <= depth);
        stream.dut.cycle();
    }
    through
}

fn check(model: &Model, words: usize, width: u32, depth: usize) {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    for (offer, take) in [(100, 100), (90, 30), (30, 90), (50, 50), (100, 5), (5, 100)] {
        let mut stream = Stream::new(model, rng.random(), words);
        let through = traffic(&mut stream, &mut rng, u64::MAX >> (64 - width), offer, take, depth);
        let expected = CYCLES * offer.min(take) as usize / 100;
        // With two places or more nothing is lost to the FIFO's own latency when both sides always go.
        let least = if (offer, take) == (100, 100) { CYCLES - 4 } else { expected * 3 / 4 };
        assert!(through >= least, "{through} of {expected} at {offer} {take}");
    }
}

#[test]
fn a_fifo_of_beats_keeps_order_and_rate() {
    let model = simulate("beat_fifo", BeatFifo::<4>::default).unwrap();
    check(&model, 8, 64, 16);
}

#[test]
fn a_fifo_of_words_keeps_order_and_rate() {
    let model = simulate("fifo", Fifo::<48, 2>::default).unwrap();
    check(&model, 1, 48, 4);
}

#[test]
fn a_skid_buffer_keeps_order_and_rate() {
    let model = simulate("skid", Skid::<33>::default).unwrap();
    check(&model, 1, 33, 2);
}

#[test]
fn credits_count_the_places_that_are_promised() {
    let model = simulate("credits", Credits::<3>::default).unwrap();
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let [reset, take, give, available] = ["reset", "take", "give", "available"].map(|name| model.port(name).unwrap());
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    let mut used = 0;
    for _ in 0..CYCLES {
        dut.eval();
        assert_eq!(dut.get(available) == 1, used < 8);
        let takes = used < 8 && rng.random_ratio(2, 3);
        let gives = used > 0 && rng.random_ratio(1, 2);
        dut.set(take, takes.into());
        dut.set(give, gives.into());
        used = used + u32::from(takes) - u32::from(gives);
        dut.cycle();
    }
}

#[test]
fn a_write_fifo_offers_commands_whose_beats_are_there() {
    const A: usize = 4;
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let model = simulate("write_fifo", WriteFifo::<A>::default).unwrap();
    let port = |name: &str| model.port(name).unwrap();
    let (beat, wr_data) = (model.ports8("beat").unwrap(), model.ports8("wr_data").unwrap());
    let [reset, beat_valid, command_valid, command_ready, address, length, freed, busy] =
        ["reset", "beat_valid", "command_valid", "command_ready", "address", "length", "freed", "busy"].map(port);
    let [wr_addr, wr_len, wr_cmd_valid, wr_cmd_ready, wr_valid, wr_ready, wr_done] =
        ["wr_addr", "wr_len", "wr_cmd_valid", "wr_cmd_ready", "wr_valid", "wr_ready", "wr_done"].map(port);
    let mut dut = model.instance(seed);
    dut.set(reset, 1);
    dut.cycle();
    dut.set(reset, 0);
    for trial in 0..40 {
        let beats = rng.random_range(1..=1_usize << A);
        let commands = rng.random_range(1..20);
        let pace = if trial % 2 == 0 { 1.0 } else { 0.4 };
        let mut stored = VecDeque::new();
        // Beats that came; commands that were taken and beats of them that went; acknowledged.
        let (mut came, mut taken, mut went, mut acknowledged, mut idle) = (0, 0, 0, 0, 0);
        while acknowledged < commands {
            let comes = came < beats * commands && stored.len() < 1 << A && rng.random_bool(pace);
            let values: [u64; 8] = std::array::from_fn(|_| rng.random());
            for (port, value) in beat.iter().zip(values) {
                dut.set(*port, value);
            }
            let acknowledges = acknowledged < went / beats && rng.random_bool(pace);
            for (port, value) in [
                (beat_valid, u64::from(comes)),
                (command_valid, u64::from(taken < commands)),
                (address, 100 + taken as u64),
                (length, beats as u64),
                (wr_cmd_ready, u64::from(rng.random_bool(pace))),
                (wr_ready, u64::from(rng.random_bool(pace))),
                (wr_done, acknowledges.into()),
            ] {
                dut.set(port, value);
            }
            dut.eval();
            assert_eq!(dut.get(busy) == 1, taken > acknowledged);
            if dut.get(wr_cmd_valid) == 1 {
                assert!((taken + 1) * beats <= came, "a command without its beats");
                assert_eq!([dut.get(wr_addr), dut.get(wr_len)], [100 + taken as u64, beats as u64]);
            }
            let goes = dut.get(wr_valid) == 1 && dut.get(wr_ready) == 1;
            assert_eq!(dut.get(freed) == 1, goes);
            if goes {
                assert!(went < taken * beats, "a beat without a command");
                assert_eq!(Some(wr_data.map(|port| dut.get(port))), stored.pop_front());
                went += 1;
                idle = 0;
            }
            let takes = dut.get(wr_cmd_valid) == 1 && dut.get(wr_cmd_ready) == 1;
            assert_eq!(dut.get(command_ready) == 1, takes);
            taken += usize::from(takes);
            acknowledged += usize::from(acknowledges);
            if comes {
                stored.push_back(values);
                came += 1;
            }
            dut.cycle();
            idle += 1;
            assert!(idle < 500, "nothing goes any more");
        }
        assert_eq!(went, beats * commands);
    }
}
