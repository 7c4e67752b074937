//! The DMA system under Verilator between a host memory and a card memory.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::VecDeque;

use karat_abi::engine::{Engine, status};
use karat_abi::registers::engine as registers;
use karat_hdl_base::testing::simulate;
use karat_hdl_dma::system::DmaSystem;
use karat_ports::{Beat, Memory, Slave, Timing};
use karat_verilator::{Instance, Model, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// The system with the rings of `tiny`.
pub fn tiny() -> Model {
    simulate("dma", DmaSystem::<9, 10, 7>::default).expect("the system builds")
}

/// The system with small rings: 128 beats at the host, half a layout buffer of 64 beats.
pub fn small() -> Model {
    simulate("dma_small", DmaSystem::<7, 7, 7>::default).expect("the system builds")
}

/// Words from a byte address on; everything else answers with a decode error.
pub struct Words {
    pub base: u64,
    pub words: Vec<u64>,
}

impl Words {
    pub fn new(base: u64, beats: usize, rng: &mut SmallRng) -> Self {
        Self { base, words: (0..beats * 8).map(|_| rng.random()).collect() }
    }

    fn index(&self, address: u64) -> Option<usize> {
        let index = (address.checked_sub(self.base)? / 8) as usize;
        (index < self.words.len()).then_some(index)
    }
}

impl Memory for Words {
    fn read(&mut self, address: u64) -> Option<Beat> {
        let at = self.index(address)?;
        self.words[at..at + 8].try_into().ok()
    }

    fn write(&mut self, address: u64, beat: &Beat, words: u8) -> bool {
        let Some(at) = self.index(address) else {
            return false;
        };
        for (i, word) in beat.iter().enumerate().filter(|(i, _)| words >> i & 1 == 1) {
            self.words[at + i] = *word;
        }
        true
    }
}

/// A far address, so that both words of an address matter.
pub const HOST_BASE: u64 = 0x12_3456_7000_0000;

/// Counters of an engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    pub busy: u64,
    pub starved: u64,
    pub stalled: u64,
    pub work: u64,
}

pub struct Bench {
    pub dut: Instance,
    clock: Port,
    reg_write: [Port; 5],
    reg_addr: Port,
    reg_wdata: Port,
    reg_rdata: [Port; 5],
    pub busy: [Port; 5],
    mem_addr: Port,
    mem_wdata: Port,
    mem_write: Port,
    mem_rdata: Port,
    pub host: Slave,
    pub card: Slave,
    pub host_memory: Words,
    pub card_memory: Words,
    pub cycles: u64,
    /// Descriptors pushed to each engine.
    pub pushed: [u32; 5],
}

impl Bench {
    pub fn new(model: &Model, host: Timing, card: Timing, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut dut = model.instance(rng.random());
        let port = |name: &str| dut.port(name).expect("a port of the system");
        let (clock, reset) = (port("clock"), port("reset"));
        let (reg_addr, reg_wdata) = (port("reg_addr"), port("reg_wdata"));
        let [mem_addr, mem_wdata, mem_write, mem_rdata] = ["mem_addr", "mem_wdata", "mem_write", "mem_rdata"].map(port);
        let array = |name: &str| dut.port_array::<5>(name).expect("a port of the system");
        let (reg_write, reg_rdata, busy) = (array("reg_write"), array("reg_rdata"), array("busy"));
        let mut host = Slave::new(&dut, "host_axi", host, rng.random()).expect("the host port");
        let mut card = Slave::new(&dut, "card_axi", card, rng.random()).expect("the card port");
        for info in model.ports().iter().filter(|info| info.input && info.width <= 64) {
            let port = dut.port(&info.name).expect("it is listed");
            dut.set(port, 0);
        }
        host.reset(&mut dut);
        card.reset(&mut dut);
        dut.set(reset, 1);
        dut.run(4);
        dut.set(reset, 0);
        dut.run(1);
        let host_memory = Words::new(HOST_BASE, 1 << 14, &mut rng);
        let card_memory = Words::new(0, 1 << 15, &mut rng);
        Self {
            dut,
            clock,
            reg_write,
            reg_addr,
            reg_wdata,
            reg_rdata,
            busy,
            mem_addr,
            mem_wdata,
            mem_write,
            mem_rdata,
            host,
            card,
            host_memory,
            card_memory,
            cycles: 0,
            pushed: [0; 5],
        }
    }

    /// One cycle; `look` sees the pins just before the rising edge.
    pub fn cycle_with(&mut self, look: impl FnOnce(&mut Instance)) {
        self.host.drive(&mut self.dut, &mut self.host_memory);
        self.card.drive(&mut self.dut, &mut self.card_memory);
        self.dut.set(self.clock, 0);
        self.dut.eval();
        self.host.sample(&self.dut, &mut self.host_memory);
        self.card.sample(&self.dut, &mut self.card_memory);
        look(&mut self.dut);
        self.dut.set(self.clock, 1);
        self.dut.eval();
        self.cycles += 1;
    }

    pub fn cycle(&mut self) {
        self.cycle_with(|_| {});
    }

    pub fn write_register(&mut self, engine: Engine, index: u32, value: u32) {
        self.dut.set(self.reg_write[engine as usize], 1);
        self.dut.set(self.reg_addr, index.into());
        self.dut.set(self.reg_wdata, value.into());
        self.cycle();
        self.dut.set(self.reg_write[engine as usize], 0);
    }

    pub fn read_register(&mut self, engine: Engine, offset: u32) -> u32 {
        self.dut.set(self.reg_addr, (offset / 4).into());
        self.cycle();
        self.dut.get(self.reg_rdata[engine as usize]) as u32
    }

    pub fn status(&mut self, engine: Engine) -> u32 {
        self.read_register(engine, registers::STATUS)
    }

    /// Stages and queues a descriptor; the engine must not be FULL.
    pub fn push(&mut self, engine: Engine, words: &[u32]) {
        for (index, word) in (0..).zip(words) {
            self.write_register(engine, index, *word);
        }
        self.write_register(engine, registers::PUSH / 4, 0);
        self.pushed[engine as usize] += 1;
    }

    pub fn all_done(&mut self, engine: Engine) -> bool {
        self.read_register(engine, registers::DONE) == self.pushed[engine as usize]
    }

    /// Feeds each engine its descriptors as a firmware would, until all are done. Panics after `limit` cycles.
    pub fn run(&mut self, jobs: impl IntoIterator<Item = (Engine, Vec<u32>)>, limit: u64) {
        let end = self.cycles + limit;
        let mut queues: [VecDeque<Vec<u32>>; 5] = Default::default();
        for (engine, words) in jobs {
            queues[engine as usize].push_back(words);
        }
        let engines = &Engine::ALL[..5];
        while engines.iter().any(|engine| !self.all_done(*engine)) || queues.iter().any(|queue| !queue.is_empty()) {
            for engine in engines {
                if queues[*engine as usize].is_empty() || self.status(*engine) & status::FULL != 0 {
                    continue;
                }
                let words = queues[*engine as usize].pop_front().expect("it is not empty");
                self.push(*engine, &words);
            }
            assert!(self.cycles < end, "not done after {limit} cycles: {:?}", self.states());
        }
        for engine in engines {
            assert_eq!(self.status(*engine) & status::BUSY, 0, "{} is done but busy", engine.name());
        }
        assert!(self.host.idle() && self.card.idle(), "a transfer is left over");
        self.check();
    }

    /// What each engine has done, for messages.
    fn states(&mut self) -> Vec<String> {
        let mut state = |engine: Engine| {
            let (done, status) = (self.read_register(engine, registers::DONE), self.status(engine));
            format!("{} {done} of {}, status {status}", engine.name(), self.pushed[engine as usize])
        };
        Engine::ALL[..5].iter().map(|engine| state(*engine)).collect()
    }

    /// No breach of AXI's rules so far.
    pub fn check(&self) {
        let violations: Vec<_> = self.host.violations().iter().chain(self.card.violations()).collect();
        assert!(violations.is_empty(), "{violations:?}");
    }

    pub fn counters(&mut self, engine: Engine) -> Counters {
        let mut wide = |offset| {
            let low = u64::from(self.read_register(engine, offset));
            low | u64::from(self.read_register(engine, offset + 4)) << 32
        };
        Counters {
            busy: wide(registers::BUSY_LO),
            starved: wide(registers::STARVED_LO),
            stalled: wide(registers::STALLED_LO),
            work: wide(registers::WORK_LO),
        }
    }

    /// Reads a word of mailbox RAM as the processor does.
    pub fn read_mailbox(&mut self, word: u32) -> u32 {
        self.dut.set(self.mem_addr, word.into());
        self.cycle();
        self.dut.get(self.mem_rdata) as u32
    }

    /// Writes a word of mailbox RAM as the processor does.
    pub fn write_mailbox(&mut self, word: u32, value: u32) {
        self.dut.set(self.mem_addr, word.into());
        self.dut.set(self.mem_wdata, value.into());
        self.dut.set(self.mem_write, 1);
        self.cycle();
        self.dut.set(self.mem_write, 0);
    }
}

/// A seed that differs from run to run unless `KARAT_SEED` says which; printed, so that a failure can be repeated.
pub fn seed() -> u64 {
    let seed = match std::env::var("KARAT_SEED") {
        Ok(seed) => seed.parse().expect("KARAT_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("KARAT_SEED={seed}");
    seed
}

/// Any timing that the engines must live with.
pub fn any_timing(rng: &mut SmallRng) -> Timing {
    Timing {
        read_latency: [1, 40, 200][rng.random_range(0..3)],
        write_latency: [1, 20, 100][rng.random_range(0..3)],
        beats_per_64: [64, 60, 17][rng.random_range(0..3)],
        reads: [1, 4, 32][rng.random_range(0..3)],
        writes: [1, 4, 32][rng.random_range(0..3)],
        row_open: [0, 10][rng.random_range(0..2)],
        jitter: [0, 50][rng.random_range(0..2)],
        back_pressure: [0, 40, 200][rng.random_range(0..3)],
    }
}

/// A word as hosts give them: often at an edge of the field, often not canonical.
pub fn any_word(rng: &mut SmallRng) -> u64 {
    const P: u64 = 0xffff_ffff_0000_0001;
    const EDGES: [u64; 10] =
        [0, 1, P - 1, P, P + 1, u64::MAX, u64::MAX - 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_0000_0000];
    match rng.random_range(0..4) {
        0 => EDGES[rng.random_range(0..EDGES.len())],
        1 => rng.random::<u64>() | 0xffff_ffff_0000_0000,
        _ => rng.random(),
    }
}

/// A descriptor of HOST_READ or HOST_WRITE for words from word `at` of host memory on.
pub fn piece(at: usize, words: usize) -> Vec<u32> {
    let address = HOST_BASE + 8 * at as u64;
    vec![address as u32, (address >> 32) as u32, 8 * words as u32]
}

/// Rows of a matrix in card memory.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    pub card: usize,
    pub stride: usize,
    pub width: usize,
    pub rows: usize,
    pub log_group: usize,
}

impl Rows {
    /// The descriptor of CARD_WRITE or CARD_READ.
    pub fn words(&self) -> Vec<u32> {
        [self.card, self.stride, self.width, self.rows, self.log_group].map(|word| word as u32).to_vec()
    }

    /// Where word `column` of `row` is in card memory.
    pub fn index(&self, row: usize, column: usize) -> usize {
        8 * (self.card + column / 8 * self.stride + row) + column % 8
    }

    pub fn tiles(&self) -> usize {
        self.width.div_ceil(8)
    }

    /// The largest group that fits half a layout buffer of 2^log_half beats.
    pub fn largest_group(width: usize, log_half: usize) -> usize {
        let tiles = width.div_ceil(8);
        (0..=log_half).rev().find(|group| tiles << group <= 1 << log_half).unwrap_or(0)
    }
}

/// Cuts `words` words into pieces and gives each a place in host memory that no other has.
pub fn scatter(words: usize, longest: usize, rng: &mut SmallRng) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let (mut left, mut at) = (words, rng.random_range(0..600));
    while left > 0 {
        let length = rng.random_range(1..=longest).min(left);
        pieces.push((at, length));
        left -= length;
        at += length + rng.random_range(0..40);
    }
    // Their order in memory is not their order in the stream.
    for i in (1..pieces.len()).rev() {
        pieces.swap(i, rng.random_range(0..=i));
    }
    pieces
}
