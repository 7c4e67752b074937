//! The register block under random firmware and a random engine, against a model of the contract in plain Rust.

use karat_abi::engine::status;
use karat_abi::registers::engine as map;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::testing::simulate;
use karat_verilator::{Instance, Model, Port};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const WORDS: usize = 5;

struct Bench {
    dut: Instance,
    model: Model,
    words: [Port; WORDS],
}

impl Bench {
    fn new(seed: u64) -> Self {
        let model = simulate("engine_registers", EngineRegisters::<WORDS>::default).unwrap();
        let mut bench = Self { dut: model.instance(seed), words: model.port_array("words").unwrap(), model };
        for input in ["reg_write", "done", "starved", "stalled", "work", "bus_error", "filling"] {
            bench.set(input, 0);
        }
        // The clock gate has no state before the first falling edge.
        bench.set("reset", 1);
        bench.dut.run(2);
        bench.set("reset", 0);
        bench
    }

    fn set(&mut self, name: &str, value: u64) {
        let port = self.model.port(name).unwrap();
        self.dut.set(port, value);
    }

    fn get(&mut self, name: &str) -> u64 {
        let port = self.model.port(name).unwrap();
        self.dut.eval();
        self.dut.get(port)
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.set("reg_write", 1);
        self.set("reg_addr", (offset / 4).into());
        self.set("reg_wdata", value.into());
        self.dut.cycle();
        self.set("reg_write", 0);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.set("reg_addr", (offset / 4).into());
        self.dut.cycle();
        self.get("reg_rdata") as u32
    }
}

#[test]
fn descriptors_become_active_in_order_and_counters_count() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    // What the contract says, one step a cycle.
    let mut staged = [0_u32; WORDS];
    let mut pending: Option<[u32; WORDS]> = None;
    let mut active: Option<[u32; WORDS]> = None;
    let (mut started, mut completed, mut error) = (false, 0_u32, false);
    let mut counters = [0_u64; 4];
    let mut pushed = 0;
    for at in 0..WORDS {
        bench.write(4 * at as u32, 0);
    }
    for cycle in 0..100_000 {
        // Outputs of this cycle.
        assert_eq!(bench.get("active") == 1, active.is_some(), "cycle {cycle}");
        assert_eq!(bench.get("busy") == 1, active.is_some() || pending.is_some());
        assert_eq!(bench.get("start") == 1, started);
        if let Some(words) = active {
            for (port, word) in bench.words.into_iter().zip(words) {
                assert_eq!(bench.dut.get(port), u64::from(word));
            }
        }
        // Inputs of this cycle.
        let done = active.is_some() && rng.random_ratio(1, 8);
        let [starved, stalled] = [rng.random_ratio(1, 3), rng.random_ratio(1, 5)];
        let work: u8 = rng.random_range(0..20);
        let bus_error = rng.random_ratio(1, 50_000);
        let action = rng.random_range(0..6);
        let (offset, value) = match action {
            0..3 => (4 * rng.random_range(0..WORDS as u32), rng.random()),
            3 => (map::PUSH, rng.random()),
            _ => {
                let readable: Vec<u32> = map::TABLE.iter().map(|register| register.offset).collect();
                (readable[rng.random_range(0..readable.len())], 0)
            }
        };
        let writes = action < 4;
        for (name, value) in [
            ("done", done.into()),
            ("starved", starved.into()),
            ("stalled", stalled.into()),
            ("work", work.into()),
            ("bus_error", bus_error.into()),
            ("reg_write", writes.into()),
            ("reg_addr", u64::from(offset / 4)),
            ("reg_wdata", u64::from(value)),
        ] {
            bench.set(name, value);
        }
        // What is read is the state of this cycle.
        let busy = active.is_some() || pending.is_some();
        let word = |offset: u32| match offset {
            map::STATUS => {
                u32::from(busy) * status::BUSY
                    + u32::from(pending.is_some()) * status::FULL
                    + u32::from(error) * status::ERROR
            }
            map::DONE => completed,
            map::BUSY_LO..=map::WORK_HI => {
                let counter = counters[(offset - map::BUSY_LO) as usize / 8];
                (if offset.is_multiple_of(8) { counter } else { counter >> 32 }) as u32
            }
            _ => 0,
        };
        let expected = word(offset);
        bench.dut.cycle();
        if !writes {
            assert_eq!(bench.get("reg_rdata"), u64::from(expected), "register {offset:#x} in cycle {cycle}");
        }
        // The next state.
        if active.is_some() {
            counters[0] += 1;
            counters[1] += u64::from(starved);
            counters[2] += u64::from(stalled);
        }
        counters[3] += u64::from(work);
        error |= bus_error;
        if done {
            active = None;
            completed += 1;
        }
        let full = pending.is_some();
        started = active.is_none() && full;
        if started {
            active = pending.take();
        }
        if writes && offset == map::PUSH && !full {
            pending = Some(staged);
            pushed += 1;
        } else if writes && offset < map::PUSH {
            staged[offset as usize / 4] = value;
        }
    }
    assert!(completed > 5_000 && pushed - completed <= 2, "{completed} of {pushed}");
}

#[test]
fn a_table_fill_shows_its_parameters_and_is_reported() {
    let mut bench = Bench::new(1);
    bench.write(map::TABLE_INDEX, 0x1234_5678);
    bench.write(map::TABLE_START_LO, 0x89ab_cdef);
    bench.write(map::TABLE_START_HI, 0x0123_4567);
    bench.write(map::TABLE_RATIO_LO, 0x7654_3210);
    bench.write(map::TABLE_RATIO_HI, 0xfedc_ba98);
    assert_eq!(bench.get("table_fill"), 0);
    assert_eq!(bench.read(map::STATUS) & status::FILLING, 0);
    bench.write(map::TABLE_FILL, 300);
    assert_eq!(bench.get("table_fill"), 1);
    assert_eq!(bench.get("table_index"), 0x1234_5678);
    assert_eq!(bench.get("table_start"), 0x0123_4567_89ab_cdef);
    assert_eq!(bench.get("table_ratio"), 0xfedc_ba98_7654_3210);
    assert_eq!(bench.get("table_count"), 300);
    // In the cycle of `table_fill` the engine does not say `filling` yet, but the status does.
    assert_ne!(bench.read(map::STATUS) & status::FILLING, 0);
    assert_eq!(bench.get("table_fill"), 0);
    bench.set("filling", 1);
    assert_ne!(bench.read(map::STATUS) & status::FILLING, 0);
    bench.set("filling", 0);
    assert_eq!(bench.read(map::STATUS) & status::FILLING, 0);
}

#[test]
fn reset_drops_descriptors_and_clears_counters() {
    let mut bench = Bench::new(2);
    for _ in 0..2 {
        bench.write(map::PUSH, 1);
        bench.dut.cycle();
    }
    bench.set("bus_error", 1);
    bench.set("work", 3);
    bench.dut.run(5);
    bench.set("bus_error", 0);
    bench.set("work", 0);
    assert_eq!(bench.read(map::STATUS), status::BUSY | status::FULL | status::ERROR);
    assert_eq!(bench.read(map::WORK_LO), 15);
    bench.set("reset", 1);
    bench.dut.cycle();
    bench.set("reset", 0);
    for register in map::TABLE {
        assert_eq!(bench.read(register.offset), 0, "{}", register.name);
    }
    assert_eq!(bench.get("active"), 0);
}
