//! Stopping an AXI4 master at any time: a random master and a random memory around `Drain`.

use std::collections::VecDeque;

use karat_hdl::Drain;
use karat_hdl_base::testing::simulate;
use karat_verilator::Instance;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Beats of every read burst.
const READ_BEATS: u32 = 5;

/// A fabric: one write burst begun and one address ahead at most, data not before their address; many reads.
#[derive(Default)]
struct Fabric {
    /// Beats of the address on offer.
    aw: Option<u32>,
    /// Beats still to be sent of the bursts whose address was offered.
    bursts: VecDeque<u32>,
    w_valid: bool,
    ar: bool,
    /// Beats to come of the read bursts whose address was taken.
    reads: VecDeque<u32>,
    /// Write bursts that await their response.
    writes: u32,
}

/// The memory's side, which checks the rules.
#[derive(Default)]
struct Memory {
    /// What is on the pins and waits to be taken: beats of the address, strobe and last of the data, an address.
    aw: Option<u64>,
    w: Option<(u64, u64)>,
    ar: bool,
    /// Beats to come of the bursts that have been shown.
    data: VecDeque<u32>,
    addresses: u32,
    filled: u32,
    answered: u32,
    reads: VecDeque<u32>,
    beats: u32,
    empty_beats: u32,
}

impl Memory {
    fn idle(&self) -> bool {
        let quiet = self.aw.is_none() && self.w.is_none() && !self.ar;
        quiet && self.data.is_empty() && self.reads.is_empty() && self.addresses == self.answered
    }
}

struct Bench {
    dut: Instance,
    rng: SmallRng,
    fabric: Fabric,
    memory: Memory,
    stopping: bool,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let mut bench = Self {
            dut: simulate("drain", Drain::default).unwrap().instance(seed),
            rng: SmallRng::seed_from_u64(seed),
            fabric: Fabric::default(),
            memory: Memory::default(),
            stopping: false,
        };
        bench.set("reset", true);
        for input in ["stop", "fabric_awvalid", "fabric_wvalid", "fabric_arvalid", "bvalid", "rvalid"] {
            bench.set(input, false);
        }
        bench.dut.run(2);
        bench.set("reset", false);
        bench
    }

    fn set(&mut self, name: &str, value: impl Into<u64>) {
        let port = self.dut.port(name).unwrap();
        self.dut.set(port, value.into());
    }

    fn get(&self, name: &str) -> u64 {
        self.dut.get(self.dut.port(name).unwrap())
    }

    fn on(&self, name: &str) -> bool {
        self.get(name) == 1
    }

    /// One cycle in which everything that may happen happens with this chance. Returns `draining`.
    fn step(&mut self, chance: f64) -> bool {
        let [aw, w, ar, r_ready, aw_ready, w_ready, ar_ready, b, r] =
            std::array::from_fn(|_| self.rng.random_bool(chance));
        if self.fabric.aw.is_none() && self.fabric.bursts.len() < 2 && aw {
            let beats = self.rng.random_range(1..=16);
            self.fabric.aw = Some(beats);
            self.fabric.bursts.push_back(beats);
        }
        self.fabric.w_valid |= w;
        self.fabric.ar |= ar && self.fabric.reads.len() < 20;
        let w_offer = self.fabric.w_valid && !self.fabric.bursts.is_empty();
        let b = b && self.memory.answered < self.memory.addresses.min(self.memory.filled);
        let r = r && !self.memory.reads.is_empty();
        self.set("stop", self.stopping);
        self.set("fabric_awvalid", self.fabric.aw.is_some());
        self.set("fabric_awlen", u64::from(self.fabric.aw.unwrap_or(0xaa) - 1));
        self.set("fabric_wvalid", w_offer);
        self.set("fabric_wlast", self.fabric.bursts.front() == Some(&1));
        self.set("fabric_wstrb", u64::MAX);
        self.set("fabric_arvalid", self.fabric.ar);
        self.set("fabric_rready", r_ready);
        self.set("awready", aw_ready);
        self.set("wready", w_ready);
        self.set("arready", ar_ready);
        self.set("bvalid", b);
        self.set("rvalid", r);
        self.set("rlast", self.memory.reads.front() == Some(&1));
        self.set("clock", 0u64);
        self.dut.eval();
        self.check_memory_side([aw_ready, w_ready, ar_ready], b, r);
        self.check_fabric_side(w_offer, r_ready);
        let draining = self.on("draining");
        if self.on("stopped") {
            self.fabric = Fabric::default();
        }
        self.set("clock", 1u64);
        self.dut.eval();
        draining
    }

    fn check_memory_side(&mut self, [aw_ready, w_ready, ar_ready]: [bool; 3], b: bool, r: bool) {
        let (awvalid, awlen) = (self.on("awvalid"), self.get("fabric_awlen"));
        let (wvalid, w) = (self.on("wvalid"), (self.get("wstrb"), self.get("wlast")));
        let (arvalid, rready, bready) = (self.on("arvalid"), self.on("rready"), self.on("bready"));
        let memory = &mut self.memory;
        match memory.aw {
            Some(waiting) => assert!(awvalid && awlen == waiting, "an address stays until taken"),
            None if awvalid => memory.data.push_back(awlen as u32 + 1),
            None => {}
        }
        memory.aw = (awvalid && !aw_ready).then_some(awlen);
        memory.addresses += u32::from(awvalid && aw_ready);
        if let Some(waiting) = memory.w {
            assert!(wvalid && w == waiting, "a beat stays until taken: {w:x?}, was {waiting:x?}");
        }
        memory.w = (wvalid && !w_ready).then_some(w);
        if wvalid && w_ready {
            let left = memory.data.front_mut().expect("no data before their address");
            *left -= 1;
            assert_eq!(w.1 == 1, *left == 0, "the last beat is marked");
            if *left == 0 {
                memory.data.pop_front();
                memory.filled += 1;
            }
            assert!(w.0 == u64::MAX || (w.0 == 0 && self.stopping), "bytes are held back in a stop only");
            memory.beats += 1;
            memory.empty_beats += u32::from(w.0 == 0);
        }
        assert!(arvalid || !memory.ar, "an address stays until taken");
        memory.ar = arvalid && !ar_ready;
        if r && rready {
            take(&mut memory.reads);
        }
        if arvalid && ar_ready {
            memory.reads.push_back(READ_BEATS);
        }
        assert!(bready);
        memory.answered += u32::from(b);
    }

    fn check_fabric_side(&mut self, w_offer: bool, r_ready: bool) {
        let (aw, w, ar) = (self.on("fabric_awready"), self.on("fabric_wready"), self.on("fabric_arready"));
        let (b, r) = (self.on("fabric_bvalid"), self.on("fabric_rvalid"));
        let fabric = &mut self.fabric;
        if b {
            fabric.writes = fabric.writes.checked_sub(1).expect("a response that the fabric awaits");
        }
        if r {
            assert!(!fabric.reads.is_empty(), "data that the fabric awaits");
            if r_ready {
                take(&mut fabric.reads);
            }
        }
        if aw && fabric.aw.take().is_some() {
            fabric.writes += 1;
        }
        if w && w_offer {
            take(&mut fabric.bursts);
            fabric.w_valid = false;
        }
        if ar && std::mem::take(&mut fabric.ar) {
            fabric.reads.push_back(READ_BEATS);
        }
    }
}

fn take(bursts: &mut VecDeque<u32>) {
    let left = bursts.front_mut().expect("a burst");
    *left -= 1;
    if *left == 0 {
        bursts.pop_front();
    }
}

#[test]
fn a_master_stops_at_any_time_and_starts_again() {
    let seed = 31;
    println!("seed {seed}");
    let mut bench = Bench::new(seed);
    for round in 0..600 {
        let chance = [0.1, 0.5, 0.9, 1.0][round % 4];
        for _ in 0..bench.rng.random_range(2..150) {
            assert!(!bench.step(chance), "nothing drains without a stop");
        }
        bench.stopping = true;
        let mut cycles = 0;
        while bench.step(chance) {
            cycles += 1;
            assert!(cycles < 5000, "round {round}: the buses do not come to rest");
        }
        assert!(bench.memory.idle(), "round {round}: at rest means that nothing is outstanding");
        let before = (bench.memory.beats, bench.memory.addresses);
        for _ in 0..10 {
            assert!(!bench.step(chance) && bench.on("stopped"), "and it stays at rest");
        }
        assert_eq!((bench.memory.beats, bench.memory.addresses), before);
        bench.stopping = false;
    }
    let Memory { beats, empty_beats, .. } = bench.memory;
    println!("{beats} beats, {empty_beats} of them for a fabric that was stopped");
    assert!(beats > 5000 && empty_beats > 100);
}
