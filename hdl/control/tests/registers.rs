//! Every register of the contract, from both sides.

mod support;

use karat_abi::registers::{
    Access, CONTROL_DRAINING, CONTROL_RUN, DOORBELL, DOORBELL_STRIDE, MAGIC, QUEUES, Register, bar0, bells, control,
    firmware,
};
use karat_abi::{ABI_HASH, ABI_VERSION};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Bench, CAPABILITIES, CAPABILITIES2, CARD_BEATS};

/// Bits that a register holds where that is not all of them.
fn mask(register: &Register, block: &str) -> u32 {
    match (block, register.name) {
        ("bar0", "CONTROL") => CONTROL_RUN,
        ("control", "MARKER") => 0xff_ffff,
        ("control", "LEDS") => 0xf,
        _ => u32::MAX,
    }
}

/// What a read-only register shows, where that stands still.
fn fixed(name: &str) -> Option<u32> {
    Some(match name {
        "MAGIC" => MAGIC,
        "ABI_VERSION" => ABI_VERSION,
        "ABI_HASH_LO" => ABI_HASH as u32,
        "ABI_HASH_HI" => (ABI_HASH >> 32) as u32,
        "CAPABILITIES" => CAPABILITIES,
        "CAPABILITIES2" => CAPABILITIES2,
        "CARD_BEATS" => CARD_BEATS,
        _ => return None,
    })
}

#[test]
fn bar0_behaves_as_its_table_says() {
    let seed = 1;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    for register in bar0::TABLE {
        let before = bench.read(register.offset);
        let value = rng.random::<u32>() & !CONTROL_RUN;
        if register.offset == bar0::BOOT_DATA {
            continue; // Its address moves: see the test of the boot window.
        }
        bench.write(register.offset, value);
        let after = bench.read(register.offset);
        match register.access {
            Access::ReadWrite => assert_eq!(after, value & mask(register, "bar0"), "{}", register.name),
            Access::ReadOnly if register.name.starts_with("CYCLE") => assert!(after >= before, "{}", register.name),
            Access::ReadOnly => assert_eq!(after, fixed(register.name).unwrap_or(0), "{}", register.name),
            access => panic!("BAR0 has no register with {access:?}"),
        }
    }
    let (low, cycle) = (bench.read(bar0::CYCLE_LO), bench.cycle as u32);
    assert!((1..20).contains(&(cycle - low)), "the counter starts at reset: {low} at {cycle}");
}

#[test]
fn other_addresses_of_bar0_read_zero_and_ignore_writes() {
    let mut bench = Bench::new(2);
    let known: Vec<u32> = bar0::TABLE.iter().map(|register| register.offset).collect();
    bench.write(bar0::SCRATCH, 0x5a5a_5a5a);
    let others = (0..0x100).step_by(4).chain((0x100..0x1_0000).step_by(0x7fc)).chain([0xfffc, 0x8018]);
    for address in others.filter(|address| !known.contains(address)) {
        bench.write(address, u32::MAX);
        assert_eq!(bench.read(address), 0, "{address:#x}");
    }
    assert_eq!(bench.read(bar0::SCRATCH), 0x5a5a_5a5a);
    assert_eq!(bench.read(bar0::CONTROL), 0);
    assert_eq!(bench.read(bar0::ADMIN_ENTRIES), 0);
}

#[test]
fn the_control_block_behaves_as_its_table_says() {
    let seed = 3;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    let admin: Vec<(&Register, u32)> =
        bar0::TABLE.iter().filter(|r| r.name.starts_with("ADMIN")).map(|r| (r, rng.random())).collect();
    for (register, value) in &admin {
        bench.write(register.offset, *value);
    }
    bench.start_monitor();
    for register in control::TABLE {
        let address = firmware::CONTROL + register.offset;
        let before = bench.peek(address);
        let value = rng.random::<u32>();
        bench.poke(address, value);
        let after = bench.peek(address);
        let name = register.name;
        match register.access {
            Access::ReadWrite => {
                assert_eq!(after, value & mask(register, "control"), "{name}");
                if let Some(shown) = bar0::TABLE.iter().find(|shown| shown.name == name) {
                    assert_eq!(bench.read(shown.offset), value, "{name} in BAR0");
                }
            }
            Access::ReadOnly if name.starts_with("CYCLE") || name.starts_with("IDLE") => {
                assert!(after >= before, "{name}");
            }
            Access::ReadOnly => {
                let host = admin.iter().find(|(shown, _)| shown.name == name).map(|(_, value)| *value);
                let expected = host.or(fixed(name)).or((name == "CONTROL").then_some(CONTROL_RUN));
                assert_eq!(after, expected.expect(name), "{name}");
            }
            // Nothing has rung; INTERRUPT is seen at the pins below.
            Access::WriteOneToClear | Access::WriteOnly => assert_eq!(after, 0, "{name}"),
        }
    }
    assert_eq!(bench.interrupts.len(), 1);
    let known: Vec<u32> = control::TABLE.iter().map(|register| register.offset).collect();
    for offset in (0..0x80).step_by(4).filter(|offset| !known.contains(offset)).chain([0xa0, 0xbc, 0xe0, 0x100]) {
        bench.poke(firmware::CONTROL + offset, u32::MAX);
        assert_eq!(bench.peek(firmware::CONTROL + offset), 0, "{offset:#x}");
    }
}

#[test]
fn pins_follow_the_control_block() {
    let mut bench = Bench::new(4);
    bench.start_monitor();
    bench.poke(firmware::CONTROL + control::MARKER, 0x00ab_cdef);
    bench.poke(firmware::CONTROL + control::LEDS, 0x9);
    assert_eq!((bench.output("marker"), bench.output("leds")), (0xab_cdef, 9));
    for vector in [0, 7, 31] {
        bench.poke(firmware::CONTROL + control::INTERRUPT, vector);
    }
    let vectors: Vec<u32> = bench.interrupts.iter().map(|(_, vector)| *vector).collect();
    assert_eq!(vectors, [0, 7, 31]);
}

#[test]
fn doorbells_ring_once_and_keep_their_value() {
    let seed = 5;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    bench.start_monitor();
    let mut values = [[0; QUEUES as usize]; 2];
    for _ in 0..100 {
        let (queue, head, value) = (rng.random_range(0..QUEUES), rng.random_range(0..2), rng.random());
        bench.write(DOORBELL + queue * DOORBELL_STRIDE + 4 * head, value);
        values[head as usize][queue as usize] = value;
        let shown = 1 << queue | queue << bells::LOWEST_SHIFT;
        assert_eq!(bench.peek(firmware::CONTROL + control::DOORBELLS), shown);
        bench.poke(firmware::CONTROL + control::DOORBELLS, !(1 << queue));
        assert_eq!(bench.peek(firmware::CONTROL + control::DOORBELLS), shown, "cleared by ones only");
        bench.poke(firmware::CONTROL + control::DOORBELLS, 1 << queue);
        assert_eq!(bench.peek(firmware::CONTROL + control::DOORBELLS) & bells::BELLS, 0);
        for queue in 0..QUEUES {
            assert_eq!(bench.peek(firmware::SQ_TAIL + 4 * queue), values[0][queue as usize]);
            assert_eq!(bench.peek(firmware::CQ_HEAD + 4 * queue), values[1][queue as usize]);
        }
    }
}

#[test]
fn idle_counts_cycles_without_a_busy_engine() {
    let mut bench = Bench::new(6);
    bench.start_monitor();
    let idle = |bench: &mut Bench| bench.peek(firmware::CONTROL + control::IDLE_LO);
    let before = idle(&mut bench);
    bench.input("engine_busy", 0x20);
    bench.run(1000);
    bench.input("engine_busy", 0);
    let after = idle(&mut bench);
    assert!(after > before && after - before < 200, "{before} {after}");
    bench.run(1000);
    assert!(idle(&mut bench) - after >= 1000);
}

#[test]
fn draining_shows_in_control() {
    let mut bench = Bench::new(7);
    bench.input("draining", 1);
    assert_eq!(bench.read(bar0::CONTROL), CONTROL_DRAINING);
    bench.write(bar0::CONTROL, CONTROL_RUN);
    assert_eq!(bench.read(bar0::CONTROL), CONTROL_DRAINING | CONTROL_RUN);
    bench.input("draining", 0);
    assert_eq!(bench.read(bar0::CONTROL), CONTROL_RUN);
}
