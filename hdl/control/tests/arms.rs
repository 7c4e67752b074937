//! Armed descriptors: each is queued once, not before the engines it waits for have rested, soon after that, and never in the way of the
//! processor.

use karat_abi::registers::engine as map;
use karat_hdl_base::testing::simulate;
use karat_hdl_control::Arms;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Cycles without an access of the processor until a descriptor is queued, when all eight may be.
const SOON: u32 = 10;

#[derive(Clone, Copy, Default)]
struct Armed {
    /// Engines that it waits for; none if there is no descriptor.
    engines: u64,
    /// They have rested, or the processor has released it; and for how many cycles without an access.
    may: bool,
    for_cycles: u32,
}

#[test]
fn descriptors_are_queued_once_when_their_engines_have_rested() {
    for seed in 1..=5 {
        println!("seed {seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let model = simulate("arms", Arms::default).unwrap();
        let mut dut = model.instance(seed);
        let [reset, write, addr, data, access, busy_port, reg_write, reg_addr] =
            ["reset", "bus_write", "bus_addr", "bus_data", "bus_access", "engine_busy", "reg_write", "reg_addr"]
                .map(|name| model.port(name).unwrap());
        for port in [write, addr, data, access, busy_port] {
            dut.set(port, 0);
        }
        dut.set(reset, 1);
        dut.run(2);
        dut.set(reset, 0);

        let (arm, push) = (u64::from(map::ARM / 4), u64::from(map::PUSH / 4));
        let mut armed = [Armed::default(); 8];
        let mut busy: u64 = 0;
        let (mut queued, mut released) = (0, 0);
        for _ in 0..20_000 {
            // Engines rest and work for a while, most of them at a time.
            if rng.random_range(0..8) == 0 {
                busy ^= 1 << rng.random_range(0..8);
            }
            let engine = rng.random_range(0..8);
            let action = rng.random_range(0..6);
            let (mut bus_write, mut bus_addr, mut bus_data) = (0, rng.random_range(0..64), rng.random_range(0..256));
            let at_engine = action < 4;
            match action {
                0 if armed[engine].engines == 0 => {
                    (bus_write, bus_addr, bus_data) = (1 << engine, arm, rng.random_range(1..256));
                }
                1 if rng.random_range(0..8) == 0 => (bus_write, bus_addr, bus_data) = (1 << engine, arm, 0),
                // Any other register, of an engine that nothing waits at.
                2 if bus_addr != arm && bus_addr != push => bus_write = 1 << engine,
                _ => (),
            }
            for (port, value) in [
                (write, bus_write),
                (addr, bus_addr),
                (data, bus_data),
                (access, u64::from(at_engine)),
                (busy_port, busy),
            ] {
                dut.set(port, value);
            }
            dut.eval();
            let (written, at) = (dut.get(reg_write), dut.get(reg_addr));
            if at_engine {
                assert_eq!((written, at), (bus_write, bus_addr), "the processor's access is disturbed");
            } else if written != 0 {
                assert_eq!((written.count_ones(), at), (1, push));
                let queue = &mut armed[written.trailing_zeros() as usize];
                assert!(queue.engines != 0 && queue.may, "queued too early, or twice");
                *queue = Armed::default();
                queued += 1;
            }
            for (number, armed) in armed.iter_mut().enumerate().filter(|(_, armed)| armed.engines != 0) {
                armed.for_cycles += u32::from(armed.may && !at_engine);
                assert!(armed.for_cycles <= SOON, "engine {number} waits for nothing");
                let release = bus_addr == arm && bus_write >> number & 1 == 1;
                released += u32::from(release && !armed.may);
                armed.may |= armed.engines & busy == 0 || release;
            }
            if bus_addr == arm && bus_write != 0 && bus_data != 0 {
                armed[engine].engines = bus_data;
            }
            dut.cycle();
        }
        println!("{queued} queued, {released} of them released");
        assert!(queued > 500 && released > 10, "{queued} queued, {released} released");
    }
}
