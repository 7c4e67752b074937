//! BAR0 as an AXI4-Lite slave: independent channels, random delays and back-pressure, protocol rules.

mod support;

use std::collections::VecDeque;

use karat_abi::registers::bar0;
use karat_verilator::{Instance, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::design;

/// One channel on which the master sends: valid and payload stay until taken.
struct Sender {
    valid: Port,
    ready: Port,
    busy: bool,
}

/// One channel on which the slave sends.
struct Receiver {
    valid: Port,
    ready: Port,
    /// The payload that waits on the pins.
    waiting: Option<u64>,
}

struct Master {
    dut: Instance,
    clock: Port,
    rng: SmallRng,
    aw: Sender,
    w: Sender,
    ar: Sender,
    b: Receiver,
    r: Receiver,
    /// Chance of a channel to be active in a cycle.
    pace: f64,
}

impl Master {
    fn new(seed: u64, pace: f64) -> Self {
        let mut dut = design().build().unwrap().instance(seed);
        let port = |name: &str| dut.port(name).unwrap();
        let sender = |channel: &str| Sender {
            valid: port(&format!("s_axil_{channel}valid")),
            ready: port(&format!("s_axil_{channel}ready")),
            busy: false,
        };
        let receiver = |channel: &str| Receiver {
            valid: port(&format!("s_axil_{channel}valid")),
            ready: port(&format!("s_axil_{channel}ready")),
            waiting: None,
        };
        let clock = port("clock");
        let (aw, w, ar, b, r) = (sender("aw"), sender("w"), sender("ar"), receiver("b"), receiver("r"));
        let reset = port("reset");
        dut.set(reset, 1);
        for channel in [&aw, &w, &ar] {
            dut.set(channel.valid, 0);
        }
        for _ in 0..3 {
            dut.cycle();
        }
        for channel in [&b, &r] {
            assert_eq!(dut.get(channel.valid), 0, "no valid in reset");
        }
        dut.set(reset, 0);
        Self { dut, clock, rng: SmallRng::seed_from_u64(seed), aw, w, ar, b, r, pace }
    }

    fn set(&mut self, name: &str, value: u32) {
        let port = self.dut.port(name).unwrap();
        self.dut.set(port, value.into());
    }

    fn get(&self, name: &str) -> u64 {
        self.dut.get(self.dut.port(name).unwrap())
    }

    /// One cycle, with random readiness for responses. Returns what came on B and R.
    fn step(&mut self) -> (Option<u64>, Option<u64>) {
        let ready = [self.rng.random_bool(self.pace), self.rng.random_bool(self.pace)];
        self.dut.set(self.b.ready, ready[0].into());
        self.dut.set(self.r.ready, ready[1].into());
        for channel in [&self.aw, &self.w, &self.ar] {
            self.dut.set(channel.valid, channel.busy.into());
        }
        self.dut.set(self.clock, 0);
        self.dut.eval();
        for channel in [&mut self.aw, &mut self.w, &mut self.ar] {
            channel.busy &= self.dut.get(channel.ready) == 0;
        }
        let payload = [self.get("s_axil_bresp"), self.get("s_axil_rdata") | self.get("s_axil_rresp") << 32];
        let mut came = [None, None];
        for (i, channel) in [&mut self.b, &mut self.r].into_iter().enumerate() {
            let valid = self.dut.get(channel.valid) == 1;
            if let Some(waiting) = channel.waiting {
                assert!(valid && payload[i] == waiting, "channel {i}: valid and payload stay until taken");
            }
            channel.waiting = (valid && !ready[i]).then_some(payload[i]);
            if valid && ready[i] {
                came[i] = Some(payload[i]);
            }
        }
        self.dut.set(self.clock, 1);
        self.dut.eval();
        came.into()
    }
}

/// Registers that may be written and read at random without another effect.
const WORDS: [u32; 6] =
    [bar0::SCRATCH, bar0::ADMIN_SQ_LO, bar0::ADMIN_SQ_HI, bar0::ADMIN_CQ_LO, bar0::ADMIN_CQ_HI, bar0::ADMIN_ENTRIES];

/// Random writes (some with strobes missing) on AW and W with independent delays, random reads beside them; every response
/// comes once and is OKAY, and a read gives a value that the register had while it was under way.
fn traffic(seed: u64, pace: f64) {
    println!("seed {seed}, pace {pace}");
    let mut m = Master::new(seed, pace);
    let mut value = [0u32; WORDS.len()];
    // Writes whose address or data is still to be sent, then those whose response is awaited.
    let (mut addresses, mut data) = (VecDeque::new(), VecDeque::new());
    let mut unanswered: VecDeque<(usize, u32, bool)> = VecDeque::new();
    let mut read: Option<(usize, Vec<u32>)> = None;
    let (mut writes, mut reads) = (0, 0);
    while writes < 2000 || reads < 2000 {
        if unanswered.len() < 3 && m.rng.random_bool(pace) {
            let (at, new, whole) = (m.rng.random_range(0..WORDS.len()), m.rng.random(), m.rng.random_bool(0.8));
            let strobe = if whole { 0xf } else { m.rng.random_range(0..0xf) };
            addresses.push_back(at);
            data.push_back((new, strobe));
            unanswered.push_back((at, new, whole));
            if let Some((reading, possible)) = &mut read
                && *reading == at
                && whole
            {
                possible.push(new);
            }
        }
        if !m.aw.busy
            && m.rng.random_bool(pace)
            && let Some(at) = addresses.pop_front()
        {
            m.set("s_axil_awaddr", WORDS[at]);
            m.aw.busy = true;
        }
        if !m.w.busy
            && m.rng.random_bool(pace)
            && let Some((new, strobe)) = data.pop_front()
        {
            m.set("s_axil_wdata", new);
            m.set("s_axil_wstrb", strobe);
            m.w.busy = true;
        }
        if read.is_none() && m.rng.random_bool(pace) {
            let at = m.rng.random_range(0..WORDS.len());
            m.set("s_axil_araddr", WORDS[at]);
            m.ar.busy = true;
            let under_way = unanswered.iter().filter(|(other, _, whole)| *other == at && *whole);
            read = Some((at, std::iter::once(value[at]).chain(under_way.map(|(_, new, _)| *new)).collect()));
        }
        let (written, word) = m.step();
        if let Some(response) = written {
            let (at, new, whole) = unanswered.pop_front().expect("a response for a write");
            assert_eq!(response, 0, "OKAY");
            if whole {
                value[at] = new;
            }
            writes += 1;
        }
        if let Some(word) = word {
            let (at, possible) = read.take().expect("a response for a read");
            assert!(possible.iter().any(|value| u64::from(*value) == word), "{at}: {word:#x} of {possible:x?}");
            reads += 1;
        }
    }
}

#[test]
fn random_traffic_at_full_pace() {
    traffic(21, 1.0);
}

#[test]
fn random_traffic_at_half_pace() {
    traffic(22, 0.5);
}

#[test]
fn random_traffic_at_slow_pace() {
    traffic(23, 0.1);
}

#[test]
fn outputs_do_not_follow_inputs_in_the_same_cycle() {
    let mut m = Master::new(24, 1.0);
    m.step();
    let outputs = ["awready", "wready", "bvalid", "arready", "rvalid", "rdata"].map(|name| format!("s_axil_{name}"));
    let before: Vec<u64> = outputs.iter().map(|name| m.get(name)).collect();
    for pattern in 0..32u32 {
        for (bit, name) in ["awvalid", "wvalid", "bready", "arvalid", "rready"].iter().enumerate() {
            m.set(&format!("s_axil_{name}"), pattern >> bit & 1);
        }
        m.dut.eval();
        assert_eq!(outputs.iter().map(|name| m.get(name)).collect::<Vec<_>>(), before, "{pattern:#b}");
    }
}
