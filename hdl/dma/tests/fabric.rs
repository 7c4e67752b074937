//! Other engines on the card's fabric: random traffic of two clients while the DMA engines work.

mod support;

use std::collections::VecDeque;

use karat_abi::engine::Engine;
use karat_ports::{Memory, Timing};
use karat_verilator::{Instance, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Bench, Rows, any_timing, piece, seed, small, tiny};

struct ReadPins {
    addr: Port,
    len: Port,
    cmd_valid: Port,
    cmd_ready: Port,
    data: [Port; 8],
    valid: Port,
    ready: Port,
}

struct WritePins {
    addr: Port,
    len: Port,
    cmd_valid: Port,
    cmd_ready: Port,
    data: [Port; 8],
    strb: Port,
    valid: Port,
    ready: Port,
    done: Port,
}

/// An engine that reads from `0..half` of its region and writes to the rest of it.
struct Client {
    read: ReadPins,
    write: WritePins,
    error: Port,
    first: usize,
    half: usize,
    rng: SmallRng,
    /// Commands on offer, and what is expected of those taken.
    read_offer: Option<(usize, usize)>,
    reads: VecDeque<usize>,
    write_offer: Option<(usize, usize)>,
    /// Beats to write: word and strobe, whose command was taken.
    writes: VecDeque<([u64; 8], u8)>,
    beat_offered: bool,
    /// How the region must look in the end.
    expected: Vec<u64>,
    undone: usize,
    beats: usize,
    errors: usize,
}

impl Client {
    fn new(bench: &Bench, name: &str, first: usize, half: usize, seed: u64) -> Self {
        let dut: &Instance = &bench.dut;
        let port = |suffix: &str| dut.port(&format!("{name}_{suffix}")).expect("a port of the client");
        let beat = |suffix: &str| dut.ports8(&format!("{name}_{suffix}")).expect("a port of the client");
        Self {
            read: ReadPins {
                addr: port("rd_addr"),
                len: port("rd_len"),
                cmd_valid: port("rd_cmd_valid"),
                cmd_ready: port("rd_cmd_ready"),
                data: beat("rd_data"),
                valid: port("rd_valid"),
                ready: port("rd_ready"),
            },
            write: WritePins {
                addr: port("wr_addr"),
                len: port("wr_len"),
                cmd_valid: port("wr_cmd_valid"),
                cmd_ready: port("wr_cmd_ready"),
                data: beat("wr_data"),
                strb: port("wr_strb"),
                valid: port("wr_valid"),
                ready: port("wr_ready"),
                done: port("wr_done"),
            },
            error: port("bus_error"),
            first,
            half,
            rng: SmallRng::seed_from_u64(seed),
            read_offer: None,
            reads: VecDeque::new(),
            write_offer: None,
            writes: VecDeque::new(),
            beat_offered: false,
            expected: bench.card_memory.words[8 * first..8 * (first + 2 * half)].to_vec(),
            undone: 0,
            beats: 0,
            errors: 0,
        }
    }

    /// Sets the inputs of the coming cycle.
    fn drive(&mut self, dut: &mut Instance, stop: bool) {
        let rng = &mut self.rng;
        let burst = |rng: &mut SmallRng| {
            let most = if rng.random() { 3 } else { 200 };
            let len = rng.random_range(1..=most);
            (rng.random_range(0..self.half - len), len)
        };
        if self.read_offer.is_none() && !stop && rng.random() {
            self.read_offer = Some(burst(rng));
        }
        dut.set(self.read.cmd_valid, self.read_offer.is_some().into());
        if let Some((at, len)) = self.read_offer {
            dut.set(self.read.addr, (self.first + at) as u64);
            dut.set(self.read.len, len as u64);
        }
        dut.set(self.read.ready, (rng.random_range(0..8) > 0).into());
        // A command when the data of the ones before are gone, so that a write never waits for its data for long.
        if self.write_offer.is_none() && self.writes.is_empty() && !stop && rng.random() {
            self.write_offer = Some(burst(rng));
        }
        dut.set(self.write.cmd_valid, self.write_offer.is_some().into());
        if let Some((at, len)) = self.write_offer {
            dut.set(self.write.addr, (self.first + self.half + at) as u64);
            dut.set(self.write.len, len as u64);
        }
        self.beat_offered |= !self.writes.is_empty() && rng.random_range(0..8) > 0;
        dut.set(self.write.valid, self.beat_offered.into());
        if let Some((beat, words)) = self.writes.front() {
            for (port, word) in self.write.data.iter().zip(beat) {
                dut.set(*port, *word);
            }
            dut.set(self.write.strb, (*words).into());
        }
    }

    /// Looks at the outputs before the rising edge.
    fn sample(&mut self, dut: &Instance) {
        let is = |port| dut.get(port) == 1;
        if is(self.read.cmd_valid) && is(self.read.cmd_ready) {
            let (at, len) = self.read_offer.take().expect("it was offered");
            self.reads.extend(at..at + len);
        }
        if is(self.read.valid) && is(self.read.ready) {
            let at = self.reads.pop_front().expect("a beat that was asked for");
            let beat = self.read.data.map(|port| dut.get(port));
            assert!(beat[..] == self.expected[8 * at..8 * at + 8], "beat {at} of the client's region");
            self.beats += 1;
        }
        if is(self.write.valid) && is(self.write.ready) {
            self.writes.pop_front();
            self.beat_offered = false;
            self.beats += 1;
        }
        if is(self.write.done) {
            self.undone = self.undone.checked_sub(1).expect("done only for a command that was given");
        }
        if is(self.write.cmd_valid) && is(self.write.cmd_ready) {
            let (at, len) = self.write_offer.take().expect("it was offered");
            for at in self.half + at..self.half + at + len {
                let (beat, words): ([u64; 8], u8) = (self.rng.random(), self.rng.random());
                for i in (0..8).filter(|i| words >> i & 1 == 1) {
                    self.expected[8 * at + i] = beat[i];
                }
                self.writes.push_back((beat, words));
            }
            self.undone += 1;
        }
        self.errors += usize::from(is(self.error));
    }

    fn idle(&self) -> bool {
        self.read_offer.is_none() && self.write_offer.is_none() && self.reads.is_empty() && self.undone == 0
    }
}

/// What `karat-hdl`'s drain relies on: no beat before its address is shown, and no address but the next one before the last
/// beat of a burst.
struct Order {
    awvalid: Port,
    awready: Port,
    wvalid: Port,
    wready: Port,
    wlast: Port,
    /// The address on AW was there before.
    shown: bool,
    /// Bursts whose address was shown and whose last beat is still to come.
    bursts: usize,
}

impl Order {
    fn new(dut: &Instance) -> Self {
        let [awvalid, awready, wvalid, wready, wlast] = ["awvalid", "awready", "wvalid", "wready", "wlast"]
            .map(|name| dut.port(&format!("card_axi_{name}")).expect("a port of the card's memory"));
        Self { awvalid, awready, wvalid, wready, wlast, shown: false, bursts: 0 }
    }

    fn sample(&mut self, dut: &Instance) {
        let is = |port| dut.get(port) == 1;
        self.bursts += usize::from(is(self.awvalid) && !self.shown);
        assert!(self.bursts <= 2, "two addresses ahead of the data");
        self.shown = is(self.awvalid) && !is(self.awready);
        if is(self.wvalid) {
            assert!(self.bursts > 0, "a beat before its address");
            self.bursts -= usize::from(is(self.wready) && is(self.wlast));
        }
    }
}

/// All clients for some cycles; returns the beats each moved. Panics if something does not end.
fn traffic(bench: &mut Bench, cycles: u64, seed: u64) -> [usize; 3] {
    let mut clients = [("ntt", 20_000, 1), ("hash", 24_000, 2), ("vector", 28_000, 3)]
        .map(|(name, at, n)| Client::new(bench, name, at, 1000, seed + n));
    let mut order = Order::new(&bench.dut);
    let end = bench.cycles + cycles;
    while bench.cycles < end || !clients.iter().all(Client::idle) {
        assert!(bench.cycles < end + 100_000, "a client's transfer does not end");
        let stop = bench.cycles >= end;
        for client in &mut clients {
            client.drive(&mut bench.dut, stop);
        }
        bench.cycle_with(|dut| {
            order.sample(dut);
            clients.iter_mut().for_each(|client| client.sample(dut));
        });
    }
    for client in &mut clients {
        client.drive(&mut bench.dut, true);
        let region = &bench.card_memory.words[8 * client.first..8 * (client.first + 2 * client.half)];
        assert!(region == client.expected, "the client's region differs");
        assert_eq!(client.errors, 0);
    }
    bench.check();
    clients.map(|client| client.beats)
}

#[test]
fn clients_get_what_they_asked_for_in_order() {
    let mut rng = SmallRng::seed_from_u64(seed());
    for model in [tiny(), small()] {
        for _ in 0..8 {
            let mut bench = Bench::new(&model, any_timing(&mut rng), any_timing(&mut rng), rng.random());
            // The DMA engines move matrices meanwhile.
            let up = Rows { card: 0, stride: 200, width: 50, rows: 200, log_group: 3 };
            let down = Rows { card: 5000, stride: 200, width: 50, rows: 200, log_group: 3 };
            let jobs = [
                (Engine::HostRead, piece(7, 10_000)),
                (Engine::CardWrite, up.words()),
                (Engine::CardRead, down.words()),
                (Engine::HostWrite, piece(60_001, 10_000)),
            ];
            for (engine, words) in &jobs {
                bench.push(*engine, words);
            }
            traffic(&mut bench, 5000, rng.random());
            bench.run([], 500_000);
            let words = |row: usize| (0..50).map(move |column| (row, column));
            for (row, column) in (0..200).flat_map(words) {
                let host = bench.host_memory.words[60_001 + row * 50 + column];
                assert_eq!(host, bench.card_memory.words[down.index(row, column)], "row {row}, column {column}");
            }
        }
    }
}

#[test]
fn clients_share_a_busy_memory_evenly() {
    let mut bench = Bench::new(&tiny(), Timing::HOST, Timing { beats_per_64: 16, ..Timing::CARD }, 3);
    let beats = traffic(&mut bench, 40_000, 9);
    println!("{beats:?} beats");
    let (least, most) = (beats.iter().min().unwrap(), beats.iter().max().unwrap());
    assert!((most - least) * 10 < most + least, "{beats:?} beats");
}

#[test]
fn what_is_outside_memory_is_an_error_of_the_client() {
    let mut bench = Bench::new(&tiny(), Timing::HOST, Timing::CARD, 3);
    let mut client = Client::new(&bench, "hash", 20_000, 1000, 1);
    assert!(bench.card_memory.read(1 << 40).is_none());
    client.expected[..8].fill(u64::MAX);
    client.first = 1 << 24;
    client.read_offer = Some((0, 1));
    client.write_offer = Some((0, 1));
    for _ in 0..300 {
        client.drive(&mut bench.dut, true);
        bench.cycle_with(|dut| client.sample(dut));
    }
    assert!(client.idle());
    assert_eq!(client.errors, 2, "one for the read, one for the write");
    for engine in &Engine::ALL[..5] {
        assert_eq!(bench.status(*engine), 0, "{} had nothing to do with it", engine.name());
    }
}
