//! A bench around the engine: registers, and a memory with latency, gaps and back-pressure from a seed.
#![allow(dead_code, reason = "the bench of this crate uses a part")]

pub mod job;
pub mod planner;

use std::collections::VecDeque;

use karat_abi::engine::{ntt, status};
use karat_abi::registers::engine as map;
use karat_hdl_base::testing;
use karat_hdl_ntt::NttEngine;
use karat_verilator::{Design, Instance, Model, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

pub type Beat = [u64; 8];
pub type Descriptor = [u32; ntt::WORDS];

/// Cycles that nothing takes: the longest descriptor, 2^10 frames of 2^10 beats, has 4 million slots.
const LIMIT: u64 = 10_000_000;

/// The engine of so many lanes and a buffer of 2^`log_buffer` beats.
pub fn design(lanes: usize, log_buffer: usize) -> Design {
    let name = format!("ntt_{lanes}_{log_buffer}");
    let design = if lanes == 8 {
        testing::design(&name, || NttEngine::<8>::new(lanes, log_buffer))
    } else {
        testing::design(&name, || NttEngine::<7>::new(lanes, log_buffer))
    };
    design.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The model of [`design`].
pub fn model(lanes: usize, log_buffer: usize) -> Model {
    design(lanes, log_buffer).build().unwrap_or_else(|error| panic!("{lanes} lanes, 2^{log_buffer}: {error}"))
}

/// How the memory behaves.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Cycles from a read command to its first beat, and from the last beat of a write to its acknowledgement.
    pub latency: u64,
    /// Up to so many cycles more, from the seed.
    pub jitter: u64,
    /// Percent of the cycles in which a port does not move.
    pub idle: u32,
}

/// The default of the card's simulation.
pub const FAST: Timing = Timing { latency: 40, jitter: 0, idle: 0 };
/// Everything waits for everything.
pub const SLOW: Timing = Timing { latency: 40, jitter: 60, idle: 40 };

struct Ports {
    reset: Port,
    reg_write: Port,
    reg_addr: Port,
    reg_wdata: Port,
    reg_rdata: Port,
    rd_addr: Port,
    rd_len: Port,
    rd_cmd_valid: Port,
    rd_cmd_ready: Port,
    rd_data: [Port; 8],
    rd_valid: Port,
    rd_ready: Port,
    wr_addr: Port,
    wr_len: Port,
    wr_cmd_valid: Port,
    wr_cmd_ready: Port,
    wr_data: [Port; 8],
    wr_strb: Port,
    wr_valid: Port,
    wr_ready: Port,
    wr_done: Port,
}

pub struct Bench {
    pub memory: Vec<Beat>,
    pub cycles: u64,
    /// Beats that the engine has read and written.
    pub read: u64,
    pub written: u64,
    timing: Timing,
    rng: SmallRng,
    engine: Instance,
    ports: Ports,
    reads: VecDeque<(u64, u32, u32)>,
    writes: VecDeque<(u32, u32)>,
    acknowledgements: VecDeque<u64>,
    offered: [Option<(u64, u64)>; 2],
    pushed: u32,
}

impl Bench {
    pub fn new(model: &Model, beats: usize, timing: Timing, seed: u64) -> Self {
        println!("seed {seed}, {timing:?}");
        let port = |name: &str| model.port(name).unwrap();
        let ports = Ports {
            reset: port("reset"),
            reg_write: port("reg_write"),
            reg_addr: port("reg_addr"),
            reg_wdata: port("reg_wdata"),
            reg_rdata: port("reg_rdata"),
            rd_addr: port("rd_addr"),
            rd_len: port("rd_len"),
            rd_cmd_valid: port("rd_cmd_valid"),
            rd_cmd_ready: port("rd_cmd_ready"),
            rd_data: model.ports8("rd_data").unwrap(),
            rd_valid: port("rd_valid"),
            rd_ready: port("rd_ready"),
            wr_addr: port("wr_addr"),
            wr_len: port("wr_len"),
            wr_cmd_valid: port("wr_cmd_valid"),
            wr_cmd_ready: port("wr_cmd_ready"),
            wr_data: model.ports8("wr_data").unwrap(),
            wr_strb: port("wr_strb"),
            wr_valid: port("wr_valid"),
            wr_ready: port("wr_ready"),
            wr_done: port("wr_done"),
        };
        let mut bench = Self {
            memory: vec![[0; 8]; beats],
            cycles: 0,
            read: 0,
            written: 0,
            timing,
            rng: SmallRng::seed_from_u64(seed),
            engine: model.instance(seed),
            ports,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            acknowledgements: VecDeque::new(),
            offered: [None; 2],
            pushed: 0,
        };
        let p = &bench.ports;
        let bus_error = model.port("bus_error").unwrap();
        for idle in [bus_error, p.reg_write, p.rd_cmd_ready, p.rd_valid, p.wr_cmd_ready, p.wr_ready, p.wr_done] {
            bench.engine.set(idle, 0);
        }
        bench.engine.set(bench.ports.reset, 1);
        bench.engine.cycle();
        bench.engine.cycle();
        bench.engine.set(bench.ports.reset, 0);
        bench
    }

    fn moves(&mut self) -> bool {
        self.timing.idle == 0 || self.rng.random_range(0..100) >= self.timing.idle
    }

    fn delay(&mut self) -> u64 {
        self.timing.latency + if self.timing.jitter == 0 { 0 } else { self.rng.random_range(0..=self.timing.jitter) }
    }

    /// A command that was offered and not taken must still be there.
    fn stable(&mut self, port: usize, valid: bool, taken: bool, address: u64, length: u64) {
        if let Some(before) = self.offered[port] {
            assert!(valid && before == (address, length), "a command changed before it was taken");
        }
        self.offered[port] = (valid && !taken).then_some((address, length));
    }

    /// One cycle of the engine and the memory.
    pub fn cycle(&mut self) {
        let (now, p) = (self.cycles, &self.ports);
        let get = |port| self.engine.get(port);
        let (rd_cmd, rd_addr, rd_len) = (get(p.rd_cmd_valid) == 1, get(p.rd_addr), get(p.rd_len));
        let (wr_cmd, wr_addr, wr_len) = (get(p.wr_cmd_valid) == 1, get(p.wr_addr), get(p.wr_len));
        let (rd_ready, wr_valid) = (get(p.rd_ready) == 1, get(p.wr_valid) == 1);

        let ready = self.moves();
        self.stable(0, rd_cmd, ready, rd_addr, rd_len);
        self.engine.set(self.ports.rd_cmd_ready, ready.into());
        if rd_cmd && ready {
            assert!(rd_len > 0 && (rd_addr + rd_len) as usize <= self.memory.len(), "read of {rd_len} at {rd_addr}");
            let due = now + self.delay();
            self.reads.push_back((due, rd_addr as u32, rd_len as u32));
        }
        let beat = match self.reads.front().copied() {
            Some((due, address, _)) if due <= now && self.moves() => Some(self.memory[address as usize]),
            _ => None,
        };
        self.engine.set(self.ports.rd_valid, beat.is_some().into());
        if let Some(beat) = beat {
            assert!(rd_ready, "the engine keeps the read port waiting");
            for (port, word) in self.ports.rd_data.iter().zip(beat) {
                self.engine.set(*port, word);
            }
            self.read += 1;
            let front = &mut self.reads[0];
            (front.1, front.2) = (front.1 + 1, front.2 - 1);
            if front.2 == 0 {
                self.reads.pop_front();
            }
        }

        let ready = self.moves();
        if wr_valid {
            let &(address, left) = self.writes.front().expect("data before their command");
            assert_eq!(self.engine.get(self.ports.wr_strb), 0xff);
            if ready {
                self.memory[address as usize] = self.ports.wr_data.map(|port| self.engine.get(port));
                self.written += 1;
                self.writes[0] = (address + 1, left - 1);
                if left == 1 {
                    self.writes.pop_front();
                    let due = now + self.delay();
                    // Acknowledgements keep the order of the commands.
                    let due = self.acknowledgements.back().map_or(due, |last| due.max(last + 1));
                    self.acknowledgements.push_back(due);
                }
            }
        }
        self.engine.set(self.ports.wr_ready, ready.into());
        let ready = self.moves();
        self.stable(1, wr_cmd, ready, wr_addr, wr_len);
        self.engine.set(self.ports.wr_cmd_ready, ready.into());
        if wr_cmd && ready {
            assert!(wr_len > 0 && (wr_addr + wr_len) as usize <= self.memory.len(), "write of {wr_len} at {wr_addr}");
            self.writes.push_back((wr_addr as u32, wr_len as u32));
        }
        let done = self.acknowledgements.front().is_some_and(|&due| due <= now);
        if done {
            self.acknowledgements.pop_front();
        }
        self.engine.set(self.ports.wr_done, done.into());

        self.engine.cycle();
        self.cycles += 1;
    }

    pub fn write_register(&mut self, offset: u32, value: u32) {
        self.engine.set(self.ports.reg_write, 1);
        self.engine.set(self.ports.reg_addr, u64::from(offset / 4));
        self.engine.set(self.ports.reg_wdata, value.into());
        self.cycle();
        self.engine.set(self.ports.reg_write, 0);
    }

    pub fn read_register(&mut self, offset: u32) -> u32 {
        self.engine.set(self.ports.reg_addr, u64::from(offset / 4));
        self.cycle();
        self.engine.get(self.ports.reg_rdata) as u32
    }

    /// A 64-bit counter by the offset of its low word.
    pub fn counter(&mut self, offset: u32) -> u64 {
        u64::from(self.read_register(offset)) | u64::from(self.read_register(offset + 4)) << 32
    }

    fn wait_while(&mut self, what: &str, bits: u32) {
        let limit = self.cycles + LIMIT;
        while self.read_register(map::STATUS) & bits != 0 {
            assert!(self.cycles < limit, "still {what} after {LIMIT} cycles");
        }
    }

    /// Fills `count` entries from `index` on with `start`, `start * ratio`, ...
    pub fn fill(&mut self, index: u32, start: u64, ratio: u64, count: u32) {
        self.write_register(map::TABLE_INDEX, index);
        self.write_register(map::TABLE_START_LO, start as u32);
        self.write_register(map::TABLE_START_HI, (start >> 32) as u32);
        self.write_register(map::TABLE_RATIO_LO, ratio as u32);
        self.write_register(map::TABLE_RATIO_HI, (ratio >> 32) as u32);
        self.write_register(map::TABLE_FILL, count);
        self.wait_while("filling", status::FILLING);
    }

    /// Queues a descriptor as soon as there is room.
    pub fn push(&mut self, descriptor: &Descriptor) {
        self.wait_while("full", status::FULL);
        for (i, &word) in (0..).zip(descriptor) {
            self.write_register(4 * i, word);
        }
        self.write_register(map::PUSH, 1);
        self.pushed += 1;
    }

    /// Waits until all descriptors but the last `but` are done.
    pub fn finish(&mut self, but: u32) {
        let limit = self.cycles + LIMIT;
        loop {
            let done = self.read_register(map::DONE);
            if (self.pushed - done) as i32 <= but as i32 {
                break;
            }
            if self.cycles >= limit {
                let [starved, stalled, work] =
                    [map::STARVED_LO, map::STALLED_LO, map::WORK_LO].map(|c| self.counter(c));
                panic!(
                    "{done} of {} descriptors done after {LIMIT} cycles: {starved} starved, {stalled} stalled, {work} beats, \
                     {} read, {} written, reads {:?}, writes {:?}",
                    self.pushed, self.read, self.written, self.reads, self.writes
                );
            }
        }
        if but == 0 {
            assert_eq!(self.read_register(map::STATUS), 0);
            assert!(self.reads.is_empty() && self.writes.is_empty() && self.acknowledgements.is_empty());
        }
    }

    /// Runs what a planner gave, filling tables while the descriptor before runs.
    pub fn run(&mut self, steps: &[planner::Step]) {
        for step in steps {
            match *step {
                planner::Step::Bank => self.finish(1),
                planner::Step::Fill { index, start, ratio, count } => self.fill(index, start, ratio, count),
                planner::Step::Pass(ref descriptor) => self.push(descriptor),
            }
        }
        self.finish(0);
    }

    /// Puts rows of any width in memory as tiles; absent columns are zero.
    pub fn store(&mut self, base: usize, stride: usize, width: usize, rows: &[u64]) {
        for (r, row) in rows.chunks(width).enumerate() {
            for (c, &value) in row.iter().enumerate() {
                self.memory[base + c / 8 * stride + r][c % 8] = value;
            }
        }
    }
}
