//! An engine with registers, a read port and a write port, and a memory beside it.

use karat_abi::engine::status;
use karat_abi::registers::engine as map;
use karat_verilator::{Instance, Model, Port};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::memory::{Memory, Timing};

/// Cycles in which a test's descriptor ends.
const PATIENCE: u64 = 20_000_000;

struct Ports {
    reset: Port,
    reg_write: Port,
    reg_addr: Port,
    reg_wdata: Port,
    reg_rdata: Port,
}

/// An engine and its memory.
pub struct Bench {
    dut: Instance,
    ports: Ports,
    /// Card memory.
    pub memory: Memory,
    /// Cycles so far.
    pub cycles: u64,
    pushed: u32,
}

impl Bench {
    /// After reset, with a memory of so many beats.
    pub fn new(model: &Model, seed: u64, timing: Timing, beats: usize) -> Self {
        let port = |name| model.port(name).unwrap();
        let ports = Ports {
            reset: port("reset"),
            reg_write: port("reg_write"),
            reg_addr: port("reg_addr"),
            reg_wdata: port("reg_wdata"),
            reg_rdata: port("reg_rdata"),
        };
        let memory = Memory::new(model, beats, timing, SmallRng::seed_from_u64(seed ^ 0x6d65_6d6f));
        let mut dut = model.instance(seed);
        dut.set(port("bus_error"), 0);
        dut.set(ports.reg_write, 0);
        dut.set(ports.reset, 1);
        dut.run(4);
        dut.set(ports.reset, 0);
        Self { dut, ports, memory, cycles: 0, pushed: 0 }
    }

    /// Cycles in which nothing comes from outside, without the memory.
    pub fn idle(&mut self, cycles: u64) {
        self.memory.assert_quiet();
        self.dut.run(cycles);
    }

    /// Starts on two descriptors, and after some cycles resets the engine; the memory forgets what was on the way.
    pub fn interrupt(&mut self, descriptors: [&[u32]; 2], cycles: u64) {
        for words in descriptors {
            self.push(words);
        }
        self.run(cycles);
        self.dut.set(self.ports.reset, 1);
        // Nobody looks at the ports of an engine in reset: what it offered may be withdrawn.
        self.memory.rest(&mut self.dut);
        for _ in 0..4 {
            self.dut.cycle();
        }
        self.dut.set(self.ports.reset, 0);
        self.pushed = 0;
    }

    /// Cycles of the engine and the memory.
    pub fn run(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.memory.cycle(&mut self.dut);
            self.cycles += 1;
        }
    }

    /// Writes a register.
    pub fn write(&mut self, register: u32, value: u32) {
        self.dut.set(self.ports.reg_write, 1);
        self.dut.set(self.ports.reg_addr, u64::from(register / 4));
        self.dut.set(self.ports.reg_wdata, u64::from(value));
        self.run(1);
        self.dut.set(self.ports.reg_write, 0);
    }

    /// A register.
    pub fn read(&mut self, register: u32) -> u32 {
        self.dut.set(self.ports.reg_addr, u64::from(register / 4));
        self.run(1);
        self.dut.get(self.ports.reg_rdata) as u32
    }

    /// A counter.
    pub fn counter(&mut self, low: u32) -> u64 {
        u64::from(self.read(low)) | u64::from(self.read(low + 4)) << 32
    }

    /// Queues a descriptor, when there is place for it.
    pub fn push(&mut self, words: &[u32]) {
        for (i, &word) in words.iter().enumerate() {
            self.write(4 * i as u32, word);
        }
        for _ in 0..PATIENCE {
            if self.read(map::STATUS) & status::FULL == 0 {
                self.write(map::PUSH, 0);
                self.pushed += 1;
                return;
            }
        }
        panic!("the pending descriptor does not start: {words:?}");
    }

    /// Runs to the end of the last descriptor.
    pub fn finish(&mut self) {
        for _ in 0..PATIENCE {
            if self.read(map::DONE) == self.pushed {
                assert_eq!(self.read(map::STATUS), 0);
                self.memory.assert_quiet();
                return;
            }
        }
        panic!("descriptors do not finish: {} of {}", self.read(map::DONE), self.pushed);
    }
}
