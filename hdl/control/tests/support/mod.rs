//! The control system with models of what surrounds it: the host, mailbox RAM, engines.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod asm;

use asm::*;
use karat_abi::engine::ENGINES;
use karat_abi::image::HEADER_BYTES;
use karat_abi::registers::{CONTROL_RUN, bar0, firmware};
use karat_hdl_base::testing;
use karat_hdl_control::{ControlSystem, PROCESSOR, processor_verilog};
use karat_ports::LiteMaster;
use karat_verilator::{Design, Instance, Port, Source, packages};

/// The control system with the processor's Verilog.
pub fn design() -> Design {
    let mut design = testing::design("control_system", ControlSystem::default).unwrap();
    let packaged = Source::read(&packages::vexriscv(PROCESSOR).unwrap()).unwrap();
    design.sources.push(Source::new(packaged.name, processor_verilog(&packaged.text).unwrap()));
    design
}

/// A value for each of the inputs that BAR0 shows.
pub const CARD_BEATS: u32 = 0x0012_3456;
pub const CAPABILITIES: u32 = 0x8765_4321;
pub const CAPABILITIES2: u32 = 0x0bad_cafe;

/// A write that an engine's register port has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EngineWrite {
    pub cycle: u64,
    pub engine: usize,
    pub word: usize,
    pub value: u32,
}

pub struct Bench {
    pub dut: Instance,
    pub host: LiteMaster,
    pub cycle: u64,
    pub mailbox: Vec<u32>,
    pub engines: [[u32; 64]; ENGINES],
    pub engine_writes: Vec<EngineWrite>,
    pub interrupts: Vec<(u64, u32)>,
    clock: Port,
    mem_addr: Port,
    mem_wdata: Port,
    mem_write: Port,
    mem_rdata: Port,
    reg_write: Port,
    reg_addr: Port,
    reg_wdata: Port,
    reg_rdata: [Port; ENGINES],
    irq_valid: Port,
    irq_vector: Port,
}

impl Bench {
    /// A card after reset, with the processor held.
    pub fn new(seed: u64) -> Self {
        let mut dut = design().build().unwrap().instance(seed);
        let host = LiteMaster::new(&mut dut, "s_axil").unwrap();
        let port = |name: &str| dut.port(name).unwrap();
        let mut bench = Self {
            host,
            cycle: 0,
            mailbox: vec![0; firmware::MAILBOX_BYTES as usize / 4],
            engines: [[0; 64]; ENGINES],
            engine_writes: vec![],
            interrupts: vec![],
            clock: port("clock"),
            mem_addr: port("mem_addr"),
            mem_wdata: port("mem_wdata"),
            mem_write: port("mem_write"),
            mem_rdata: port("mem_rdata"),
            reg_write: port("reg_write"),
            reg_addr: port("reg_addr"),
            reg_wdata: port("reg_wdata"),
            reg_rdata: dut.port_array("reg_rdata").unwrap(),
            irq_valid: port("irq_valid"),
            irq_vector: port("irq_vector"),
            dut,
        };
        bench.input("card_beats", CARD_BEATS.into());
        bench.input("capabilities", CAPABILITIES.into());
        bench.input("capabilities2", CAPABILITIES2.into());
        bench.input("draining", 0);
        bench.input("engine_busy", 0);
        bench.reset();
        bench
    }

    /// Four cycles of reset. Whatever random state did to the outputs before is forgotten.
    pub fn reset(&mut self) {
        self.input("reset", 1);
        self.run(4);
        self.input("reset", 0);
        self.engine_writes.clear();
        self.interrupts.clear();
    }

    pub fn input(&mut self, name: &str, value: u64) {
        let port = self.dut.port(name).unwrap();
        self.dut.set(port, value);
    }

    pub fn output(&self, name: &str) -> u64 {
        self.dut.get(self.dut.port(name).unwrap())
    }

    /// One clock cycle. Outputs count as they are before the rising edge.
    pub fn step(&mut self) {
        self.host.drive(&mut self.dut);
        self.dut.set(self.clock, 0);
        self.dut.eval();
        self.host.sample(&self.dut);
        let address = self.dut.get(self.mem_addr) as usize;
        let read = self.mailbox[address];
        if self.dut.get(self.mem_write) == 1 {
            self.mailbox[address] = self.dut.get(self.mem_wdata) as u32;
        }
        let word = self.dut.get(self.reg_addr) as usize;
        let write = self.dut.get(self.reg_write);
        if write != 0 {
            assert!(write.is_power_of_two(), "one engine at a time: {write:#x}");
            let (engine, value) = (write.trailing_zeros() as usize, self.dut.get(self.reg_wdata) as u32);
            self.engines[engine][word] = value;
            self.engine_writes.push(EngineWrite { cycle: self.cycle, engine, word, value });
        }
        if self.dut.get(self.irq_valid) == 1 {
            self.interrupts.push((self.cycle, self.dut.get(self.irq_vector) as u32));
        }
        self.dut.set(self.clock, 1);
        self.dut.eval();
        self.dut.set(self.mem_rdata, read.into());
        for (port, block) in self.reg_rdata.into_iter().zip(&self.engines) {
            self.dut.set(port, block[word].into());
        }
        self.cycle += 1;
    }

    pub fn run(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.step();
        }
    }

    /// Runs until `until` gives a value; fails after `limit` cycles.
    pub fn wait<T>(&mut self, what: &str, limit: u64, until: impl Fn(&mut Self) -> Option<T>) -> T {
        for _ in 0..limit {
            if let Some(value) = until(self) {
                return value;
            }
            self.step();
        }
        panic!("{what} did not come within {limit} cycles");
    }

    pub fn write(&mut self, address: u32, value: u32) {
        self.host.write(&mut self.dut, address, value);
        self.wait("the response of a write", 100, |bench| bench.host.finish());
    }

    pub fn read(&mut self, address: u32) -> u32 {
        self.host.read(&mut self.dut, address);
        self.wait("the response of a read", 100, |bench| bench.host.finish())
    }

    pub fn read_boot(&mut self, address: u32) -> u32 {
        self.write(bar0::BOOT_ADDRESS, address);
        self.read(bar0::BOOT_DATA)
    }

    /// Puts the program at the reset vector, lets it go, and waits until the processor is out of reset.
    pub fn start(&mut self, program: &Program) {
        self.write(bar0::BOOT_ADDRESS, HEADER_BYTES);
        for word in program.words() {
            self.write(bar0::BOOT_DATA, *word);
        }
        self.write(bar0::CONTROL, CONTROL_RUN);
        self.wait("the end of the processor's reset", 300, |bench| (bench.output("stop") == 0).then_some(()));
    }

    /// Starts [`monitor`].
    pub fn start_monitor(&mut self) {
        self.start(&monitor());
    }

    /// The processor loads a word (by [`monitor`]).
    pub fn peek(&mut self, address: u32) -> u32 {
        self.monitor_command(1, address, 0);
        self.mailbox[3]
    }

    /// The processor stores a word (by [`monitor`]).
    pub fn poke(&mut self, address: u32, value: u32) {
        self.monitor_command(2, address, value);
    }

    fn monitor_command(&mut self, command: u32, address: u32, value: u32) {
        self.mailbox[1] = address;
        self.mailbox[2] = value;
        self.mailbox[0] = command;
        self.wait("the monitor's answer", 4000, |bench| (bench.mailbox[0] == 0).then_some(()));
    }
}

/// A program that executes commands from the first words of mailbox RAM: command (1 load, 2 store; zero when done), address,
/// value to store, value loaded.
pub fn monitor() -> Program {
    let mut p = Program::default();
    p.li(S0, firmware::MAILBOX);
    p.addi(T3, ZERO, 1);
    let again = p.here();
    p.lw(T0, S0, 0);
    p.beq(T0, ZERO, again);
    p.lw(T1, S0, 4);
    p.lw(T2, S0, 8);
    p.forward(
        |p, load| p.beq(T0, T3, load),
        |p| {
            p.sw(T2, T1, 0);
            p.sw(ZERO, S0, 0);
            p.jump(again);
        },
    );
    p.lw(T2, T1, 0);
    p.sw(T2, S0, 12);
    p.sw(ZERO, S0, 0);
    p.jump(again);
    p
}
