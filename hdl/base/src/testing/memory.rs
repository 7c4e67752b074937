//! Card memory at the engine's ports.

use std::collections::VecDeque;

use karat_verilator::{Instance, Model, Port};
use rand::RngExt;
use rand::rngs::SmallRng;

/// How the memory answers.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Cycles from a command to its first beat, and from the last beat of a write to its acknowledgement.
    pub latency: u64,
    /// Up to so many more, drawn for each command.
    pub jitter: u64,
    /// Chance in percent that a handshake of the memory waits a cycle.
    pub busy: u32,
}

impl Timing {
    /// Always ready.
    pub const STEADY: Self = Self { latency: 40, jitter: 0, busy: 0 };
    /// Now and then not.
    pub const ROUGH: Self = Self { latency: 40, jitter: 60, busy: 30 };
    /// Seldom ready.
    pub const CONGESTED: Self = Self { latency: 300, jitter: 500, busy: 90 };
}

struct Ports {
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

struct Write {
    beats: VecDeque<u64>,
    left: u64,
    data: Vec<(u64, [u64; 8], u64)>,
}

/// Memory behind a read and a write port. What is written shows when it is acknowledged and not before.
pub struct Memory {
    /// Contents.
    pub beats: Vec<[u64; 8]>,
    /// Write commands so far.
    pub write_commands: u64,
    timing: Timing,
    rng: SmallRng,
    ports: Ports,
    time: u64,
    /// Beats to deliver and the earliest time.
    reads: VecDeque<(u64, u64)>,
    offered: bool,
    writes: VecDeque<Write>,
    /// Writes whose data came, and the earliest time of their acknowledgement.
    closing: VecDeque<(u64, Write)>,
    held_write: Option<[u64; 9]>,
    held_commands: [Option<(u64, u64)>; 2],
}

impl Memory {
    /// A memory of zeros.
    pub fn new(model: &Model, beats: usize, timing: Timing, rng: SmallRng) -> Self {
        let port = |name| model.port(name).unwrap();
        let ports = Ports {
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
        Self {
            beats: vec![[0; 8]; beats],
            write_commands: 0,
            timing,
            rng,
            ports,
            time: 0,
            reads: VecDeque::new(),
            offered: false,
            writes: VecDeque::new(),
            closing: VecDeque::new(),
            held_write: None,
            held_commands: [None; 2],
        }
    }

    /// A node, in units of 32 bytes.
    pub fn node(&self, node: u32) -> [u64; 4] {
        let half = (node as usize & 1) * 4;
        self.beats[node as usize / 2][half..half + 4].try_into().unwrap()
    }

    /// Nothing is on the way.
    pub fn assert_quiet(&self) {
        assert!(self.reads.is_empty() && self.writes.is_empty() && self.closing.is_empty());
    }

    /// Drops everything on the way, and offers and takes nothing.
    pub fn rest(&mut self, dut: &mut Instance) {
        for pin in [
            self.ports.rd_cmd_ready,
            self.ports.rd_valid,
            self.ports.wr_cmd_ready,
            self.ports.wr_ready,
            self.ports.wr_done,
        ] {
            dut.set(pin, 0);
        }
        self.reads.clear();
        self.writes.clear();
        self.closing.clear();
        self.offered = false;
        self.held_write = None;
        self.held_commands = [None; 2];
    }

    fn ready(&mut self) -> bool {
        self.timing.busy == 0 || self.rng.random_range(0..100) >= self.timing.busy
    }

    fn due(&mut self) -> u64 {
        self.time + self.timing.latency + self.rng.random_range(0..=self.timing.jitter)
    }

    /// A command at a port: stays as it is until taken.
    fn command(
        &mut self,
        dut: &Instance,
        which: usize,
        valid: Port,
        addr: Port,
        len: Port,
        taken: bool,
    ) -> Option<(u64, u64)> {
        let shown = (dut.get(valid) == 1).then(|| (dut.get(addr), dut.get(len)));
        if let Some(held) = self.held_commands[which] {
            assert_eq!(shown, Some(held), "a command changes before it is taken");
        }
        self.held_commands[which] = if taken { None } else { shown };
        shown.filter(|_| taken)
    }

    /// One clock cycle of the engine and the memory.
    pub fn cycle(&mut self, dut: &mut Instance) {
        let (rd_taken, wr_taken, wr_ready) = (self.ready(), self.ready(), self.ready());
        if let Some((addr, len)) =
            self.command(dut, 0, self.ports.rd_cmd_valid, self.ports.rd_addr, self.ports.rd_len, rd_taken)
        {
            assert!(len > 0 && addr + len <= self.beats.len() as u64, "read of {len} beats at {addr}");
            let due = self.due();
            self.reads.extend((addr..addr + len).map(|beat| (beat, due)));
        }
        self.offered = self.offered || (self.reads.front().is_some_and(|&(_, due)| due <= self.time) && self.ready());
        dut.set(self.ports.rd_valid, u64::from(self.offered));
        for i in 0..8 {
            // Garbage while nothing is offered.
            let word =
                if self.offered { self.beats[self.reads[0].0 as usize][i] } else { self.time * 0x1234_5678_9abc };
            dut.set(self.ports.rd_data[i], word);
        }
        if self.offered && dut.get(self.ports.rd_ready) == 1 {
            self.offered = false;
            self.reads.pop_front();
        }

        if let Some((addr, len)) =
            self.command(dut, 1, self.ports.wr_cmd_valid, self.ports.wr_addr, self.ports.wr_len, wr_taken)
        {
            assert!(len > 0 && addr + len <= self.beats.len() as u64, "write of {len} beats at {addr}");
            self.write_commands += 1;
            self.writes.push_back(Write { beats: (addr..addr + len).collect(), left: len, data: Vec::new() });
        }
        let valid = dut.get(self.ports.wr_valid) == 1;
        let mut shown = [0; 9];
        for (word, &port) in shown.iter_mut().zip(&self.ports.wr_data) {
            *word = dut.get(port);
        }
        shown[8] = dut.get(self.ports.wr_strb);
        if let Some(held) = self.held_write {
            assert!(valid && held == shown, "a beat changes before it is taken");
        }
        self.held_write = (valid && !wr_ready).then_some(shown);
        if valid && wr_ready {
            let write = self.writes.front_mut().expect("data follow their command");
            let beat = write.beats.pop_front().expect("no more data than the command says");
            write.data.push((beat, shown[..8].try_into().unwrap(), shown[8]));
            write.left -= 1;
            if write.left == 0 {
                let write = self.writes.pop_front().unwrap();
                let due = self.due().max(self.closing.back().map_or(0, |&(due, _)| due));
                self.closing.push_back((due, write));
            }
        }
        let done = self.closing.front().is_some_and(|&(due, _)| due <= self.time);
        if done {
            for (beat, words, strobe) in self.closing.pop_front().unwrap().1.data {
                for (i, word) in words.into_iter().enumerate() {
                    if strobe >> i & 1 == 1 {
                        self.beats[beat as usize][i] = word;
                    }
                }
            }
        }
        dut.set(self.ports.rd_cmd_ready, u64::from(rd_taken));
        dut.set(self.ports.wr_cmd_ready, u64::from(wr_taken));
        dut.set(self.ports.wr_ready, u64::from(wr_ready));
        dut.set(self.ports.wr_done, u64::from(done));
        dut.cycle();
        self.time += 1;
    }
}
