//! The whole card with models of what is behind its ports, and programs for its processor.

#[path = "../../control/tests/support/asm.rs"]
#[allow(dead_code, reason = "shared with the control system's tests")]
pub mod asm;

use asm::*;
use karat_abi::image::HEADER_BYTES;
use karat_abi::registers::{CONTROL_DRAINING, CONTROL_RUN, bar0, control, engine as block, firmware};
use karat_abi::{Engine, registers};
use karat_hdl::{Config, emit, processor_verilog};
use karat_ports::{LiteMaster, Slave, Sparse, Timing};
use karat_verilator::{Design, Instance, Port, Source, packages};

/// Beats of both memories.
const BEATS: u64 = 1 << 16;

pub struct Card {
    pub dut: Instance,
    pub host_port: Slave,
    pub card_port: Slave,
    pub host: Sparse,
    pub card: Sparse,
    /// Every bit of ACTIVITY that was ever high.
    pub seen: u64,
    lite: LiteMaster,
    clock: Port,
    activity: Port,
}

impl Card {
    /// A card after reset, its processor held. The seed also decides jitter and back-pressure.
    pub fn new(config: &Config, seed: u64) -> Self {
        let card = emit(config).unwrap();
        let packaged = Source::read(&packages::vexriscv(card.processor).unwrap()).unwrap();
        let processor = Source::new(packaged.name, processor_verilog(&packaged.text).unwrap());
        let files = [Source::new(format!("{}.v", card.top), card.verilog), processor];
        let mut dut = Design::new(card.top, files).build().unwrap().instance(seed);
        let port = |name: &str| dut.port(name).unwrap();
        let (clock, reset, activity, beats) = (port("clock"), port("reset"), port("activity"), port("card_beats"));
        let jitter = |timing: Timing| Timing { jitter: 20, back_pressure: 60, ..timing };
        let mut host_port = Slave::new(&dut, "host_axi", jitter(Timing::HOST), seed).unwrap();
        let mut card_port = Slave::new(&dut, "card_axi", jitter(Timing::CARD), seed + 1).unwrap();
        let lite = LiteMaster::new(&mut dut, "s_axil").unwrap();
        dut.set(reset, 1);
        dut.set(beats, BEATS);
        host_port.reset(&mut dut);
        card_port.reset(&mut dut);
        dut.run(8);
        dut.set(reset, 0);
        let (host, card) = (Sparse::new(BEATS, seed), Sparse::new(BEATS, seed + 1));
        Self { dut, host_port, card_port, host, card, seen: 0, lite, clock, activity }
    }

    /// One cycle, in which nobody may break the protocol.
    pub fn step(&mut self) {
        self.lite.drive(&mut self.dut);
        self.host_port.drive(&mut self.dut, &mut self.host);
        self.card_port.drive(&mut self.dut, &mut self.card);
        self.dut.set(self.clock, 0);
        self.dut.eval();
        self.lite.sample(&self.dut);
        self.host_port.sample(&self.dut, &mut self.host);
        self.card_port.sample(&self.dut, &mut self.card);
        self.seen |= self.dut.get(self.activity);
        self.dut.set(self.clock, 1);
        self.dut.eval();
        assert_eq!((self.host_port.violations(), self.card_port.violations()), (&[][..], &[][..]));
    }

    pub fn run(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.step();
        }
    }

    fn access(&mut self) -> u32 {
        for _ in 0..100 {
            if let Some(value) = self.lite.finish() {
                return value;
            }
            self.step();
        }
        panic!("BAR0 does not answer");
    }

    pub fn write(&mut self, address: u32, value: u32) {
        self.lite.write(&mut self.dut, address, value);
        self.access();
    }

    pub fn read(&mut self, address: u32) -> u32 {
        self.lite.read(&mut self.dut, address);
        self.access()
    }

    /// Puts a program into boot RAM and lets it go.
    pub fn start(&mut self, program: &Program) {
        self.write(bar0::BOOT_ADDRESS, HEADER_BYTES);
        for word in program.words() {
            self.write(bar0::BOOT_DATA, *word);
        }
        self.write(bar0::CONTROL, CONTROL_RUN);
    }

    /// Until the program has written this STATUS.
    pub fn wait_status(&mut self, status: u32, limit: u32) {
        for _ in 0..limit / 10 {
            if self.read(bar0::STATUS) == status {
                return;
            }
        }
        panic!("STATUS {status} does not come: it is {}", self.read(bar0::STATUS));
    }

    /// Lowers RUN, and waits until the buses are at rest; returns the cycles that took.
    pub fn stop(&mut self) -> u64 {
        let start = self.dut.time() / 2;
        self.write(bar0::CONTROL, 0);
        while self.read(bar0::CONTROL) & CONTROL_DRAINING != 0 {
            assert!(self.dut.time() / 2 - start < 20_000, "the buses do not come to rest");
        }
        self.dut.time() / 2 - start
    }
}

/// What programs here are made of.
pub trait Script {
    /// `memory[address] = value`.
    fn store(&mut self, address: u32, value: u32);
    /// Loops until the word at `address`, masked, is `value`.
    fn wait_for(&mut self, address: u32, mask: u32, value: u32);
    /// Queues a descriptor, when there is a place for it.
    fn push(&mut self, engine: Engine, words: &[u32]);
    /// Waits until so many descriptors are done.
    fn wait_done(&mut self, engine: Engine, count: u32);
    /// Writes STATUS.
    fn status(&mut self, value: u32);
    /// The end.
    fn halt(&mut self);
}

/// Address of an engine's register.
pub fn register(engine: Engine, offset: u32) -> u32 {
    firmware::ENGINES + engine as u32 * firmware::ENGINE_STRIDE + offset
}

impl Script for Program {
    fn store(&mut self, address: u32, value: u32) {
        self.li(S0, address);
        self.li(T0, value);
        self.sw(T0, S0, 0);
    }

    fn wait_for(&mut self, address: u32, mask: u32, value: u32) {
        self.li(S0, address);
        self.li(T1, mask);
        self.li(T2, value);
        let again = self.here();
        self.lw(T0, S0, 0);
        self.and(T0, T0, T1);
        self.bne(T0, T2, again);
    }

    fn push(&mut self, engine: Engine, words: &[u32]) {
        self.wait_for(register(engine, block::STATUS), karat_abi::engine::status::FULL, 0);
        for (i, word) in words.iter().enumerate() {
            self.store(register(engine, 4 * i as u32), *word);
        }
        self.store(register(engine, block::PUSH), 0);
    }

    fn wait_done(&mut self, engine: Engine, count: u32) {
        self.wait_for(register(engine, block::DONE), u32::MAX, count);
    }

    fn status(&mut self, value: u32) {
        self.store(registers::firmware::CONTROL + control::STATUS, value);
    }

    fn halt(&mut self) {
        let here = self.here();
        self.jump(here);
    }
}
