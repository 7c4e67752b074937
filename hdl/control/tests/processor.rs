//! The processor in its memory: caches, boot window, mailbox, engines, reset, and what accesses cost.

mod support;

use karat_abi::engine::ENGINES;
use karat_abi::image::HEADER_BYTES;
use karat_abi::registers::{CONTROL_RUN, DOORBELL, DOORBELL_STRIDE, bar0, control, engine as registers, firmware};
use karat_hdl_control::REST;
use karat_hdl_control::caches::LOG_INSTRUCTION_CACHE;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::Bench;
use support::asm::*;

#[test]
fn boot_ram_keeps_what_the_host_writes() {
    let seed = 10;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    let words: Vec<u32> = (0..firmware::BOOT_RAM_BYTES / 4).map(|_| rng.random()).collect();
    bench.write(bar0::BOOT_ADDRESS, 0);
    for word in &words {
        bench.write(bar0::BOOT_DATA, *word);
    }
    assert_eq!(bench.read(bar0::BOOT_ADDRESS), firmware::BOOT_RAM_BYTES);
    for _ in 0..2000 {
        let at = rng.random_range(0..words.len());
        assert_eq!(bench.read_boot(4 * at as u32), words[at], "word {at}");
        assert_eq!(bench.read(bar0::BOOT_ADDRESS), 4 * at as u32, "a read does not move the address");
    }
}

/// Fills 48 KiB of boot RAM with a sequence, then sums it up, then writes the sum to the mailbox.
fn memory_program() -> Program {
    let mut p = Program::default();
    p.li(S0, firmware::MAILBOX);
    p.li(S1, 0x4000);
    p.li(S2, 0x1_0000);
    p.li(T0, 0x1234_5678);
    p.li(T3, 1_664_525);
    let fill = p.here();
    p.mul(T0, T0, T3);
    p.addi(T0, T0, 1013);
    p.sw(T0, S1, 0);
    p.sh(T0, S1, 2);
    p.sb(T0, S1, 1);
    p.addi(S1, S1, 4);
    p.bne(S1, S2, fill);
    p.li(S1, 0x4000);
    p.li(T1, 0);
    let sum = p.here();
    p.lw(T2, S1, 0);
    p.add(T1, T1, T2);
    p.lbu(T2, S1, 3);
    p.add(T1, T1, T2);
    p.addi(S1, S1, 4);
    p.bne(S1, S2, sum);
    p.sw(T1, S0, 0);
    let end = p.here();
    p.jump(end);
    p
}

/// The same in Rust: the words, and the sum.
fn memory_expected() -> (Vec<u32>, u32) {
    let (mut state, mut total) = (0x1234_5678u32, 0u32);
    let words = (0..0xc000 / 4).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1013);
        let [b0, b1, b2, b3] = state.to_le_bytes();
        let _ = (b2, b3);
        u32::from_le_bytes([b0, b0, b0, b1])
    });
    let words: Vec<u32> = words.collect();
    for word in &words {
        total = total.wrapping_add(*word).wrapping_add(word >> 24);
    }
    (words, total)
}

#[test]
fn loads_stores_and_refills_work_while_the_host_reads_boot_ram() {
    let (words, total) = memory_expected();
    let mut cycles = vec![];
    for disturbed in [false, true] {
        let mut bench = Bench::new(11);
        bench.start(&memory_program());
        let start = bench.cycle;
        while bench.mailbox[0] != total {
            assert!(bench.cycle - start < 3_000_000, "the sum did not come: {:#x} for {total:#x}", bench.mailbox[0]);
            assert_eq!(bench.mailbox[0], 0, "a wrong sum");
            match disturbed {
                false => bench.run(100),
                true => assert_eq!(bench.read_boot(HEADER_BYTES), memory_program().words()[0]),
            }
        }
        cycles.push(bench.cycle - start);
        for at in (0..words.len()).step_by(61) {
            assert_eq!(bench.read_boot(0x4000 + 4 * at as u32), words[at], "stores write through");
        }
    }
    println!("cycles alone {}, with the host reading boot RAM all the time {}", cycles[0], cycles[1]);
}

/// Nearly all of boot RAM, and of the cache.
const ADDITIONS: u32 = 15_000;
const _: () = assert!(4 * ADDITIONS < 1 << LOG_INSTRUCTION_CACHE);

#[test]
fn straight_code_that_fills_the_cache_runs() {
    // Twice around: every line misses once, and then none does.
    let mut p = Program::default();
    p.li(S0, firmware::MAILBOX);
    p.li(T0, 0);
    p.addi(T1, ZERO, 3);
    p.addi(T2, ZERO, 2);
    let again = p.here();
    for _ in 0..ADDITIONS {
        p.add(T0, T0, T1);
    }
    p.addi(T2, T2, -1);
    p.forward(|p, out| p.beq(T2, ZERO, out), |p| p.jump(again));
    p.sw(T0, S0, 0);
    let end = p.here();
    p.jump(end);
    let mut bench = Bench::new(12);
    bench.start(&p);
    let start = bench.cycle;
    bench.wait("the sum", 200_000, |bench| (bench.mailbox[0] == 2 * 3 * ADDITIONS).then_some(()));
    let lines = f64::from(ADDITIONS) / 8.0;
    // An instruction a cycle the second time.
    let per_line = (bench.cycle - start) as f64 / lines - 8.0;
    println!("{per_line:.1} cycles for a line of eight instructions that is not in the cache");
    assert!(per_line < 24.0, "{per_line}");
}

#[test]
fn mailbox_and_engine_blocks_are_where_the_contract_says() {
    let seed = 13;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    bench.start_monitor();
    for _ in 0..100 {
        let (word, value) = (rng.random_range(4..bench.mailbox.len()), rng.random());
        bench.poke(firmware::MAILBOX + 4 * word as u32, value);
        assert_eq!(bench.mailbox[word], value);
        bench.mailbox[word] ^= 0x100;
        assert_eq!(bench.peek(firmware::MAILBOX + 4 * word as u32), value ^ 0x100);
    }
    for engine in 0..ENGINES as u32 {
        for word in 0..64 {
            let address = firmware::ENGINES + engine * firmware::ENGINE_STRIDE + 4 * word;
            // Anything else arms, see below.
            let value = if 4 * word == registers::ARM { 0 } else { rng.random() };
            bench.poke(address, value);
            let seen = bench.engine_writes.pop().expect("a write at the engines' port");
            assert_eq!((seen.engine, seen.word, seen.value), (engine as usize, word as usize, value));
            let block = &mut bench.engines[engine as usize];
            block[word as usize] = !value;
            assert_eq!(bench.peek(address), !value);
        }
    }
    assert!(bench.engine_writes.is_empty());
    for address in [firmware::ENGINES + ENGINES as u32 * firmware::ENGINE_STRIDE, 0x8000_2000, 0x8003_0000, 0xffff_fff0]
    {
        bench.poke(address, u32::MAX);
        assert_eq!(bench.peek(address), 0, "{address:#x} answers");
    }
    assert!(bench.engine_writes.is_empty(), "and nothing else has happened");
}

#[test]
fn an_armed_engine_is_pushed_when_others_rest() {
    let mut bench = Bench::new(15);
    bench.start_monitor();
    bench.input("engine_busy", 0x44);
    bench.poke(firmware::ENGINES + 3 * firmware::ENGINE_STRIDE + registers::ARM, 0x41);
    let armed = bench.engine_writes.pop().expect("the engine sees it");
    assert_eq!((armed.engine, armed.word), (3, registers::ARM as usize / 4));
    bench.run(500);
    assert!(bench.engine_writes.is_empty(), "engine 6 is busy");
    bench.input("engine_busy", 0x04);
    bench.run(20);
    let pushed = bench.engine_writes.pop().expect("engines 0 and 6 rest");
    assert_eq!((pushed.engine, pushed.word), (3, registers::PUSH as usize / 4));
    bench.run(500);
    assert!(bench.engine_writes.is_empty(), "once is enough");
}

#[test]
fn run_low_stops_and_clears_what_the_firmware_wrote() {
    let mut bench = Bench::new(14);
    bench.start_monitor();
    let published = ["STATUS", "FATAL_CODE", "FATAL_ADDRESS", "FIRMWARE_HASH_LO", "FIRMWARE_HASH_HI", "LOG_ADDRESS"];
    for register in control::TABLE.iter().filter(|register| published.contains(&register.name)) {
        bench.poke(firmware::CONTROL + register.offset, 0x1111);
    }
    bench.poke(firmware::CONTROL + control::MARKER, 0x2222);
    bench.poke(firmware::CONTROL + control::LEDS, 0x3);
    bench.write(bar0::SCRATCH, 77);
    bench.write(DOORBELL, 5);
    assert_eq!(bench.output("stop"), 0);
    bench.write(bar0::CONTROL, 0);
    assert_eq!(bench.output("stop"), 1);
    bench.write(DOORBELL, 6);
    bench.run(2);
    for register in bar0::TABLE.iter().filter(|register| published.contains(&register.name)) {
        assert_eq!(bench.read(register.offset), 0, "{}", register.name);
    }
    assert_eq!((bench.output("marker"), bench.output("leds")), (0, 0));
    assert_eq!(bench.read(bar0::SCRATCH), 77, "what the host wrote stays");

    bench.mailbox[0] = 1;
    bench.run(500);
    assert_eq!(bench.mailbox[0], 1, "the processor stands");

    // Transfers of before the reset hold processor and engines although RUN is high again.
    bench.input("draining", 1);
    bench.write(bar0::CONTROL, CONTROL_RUN);
    bench.run(500);
    assert_eq!((bench.output("stop"), bench.mailbox[0]), (1, 1));
    bench.input("draining", 0);
    bench.run(REST);
    assert_eq!(bench.output("stop"), 1, "engines rest long enough");
    bench.mailbox[1] = firmware::CONTROL + control::DOORBELLS;
    bench.wait("the restarted monitor", 4000, |bench| (bench.mailbox[0] == 0).then_some(()));
    assert_eq!(bench.mailbox[3], 0, "doorbells of before the start are lost");
    assert_eq!(bench.peek(firmware::SQ_TAIL), 0);
    // And draining later, while all runs, holds nothing.
    bench.input("draining", 1);
    bench.peek(firmware::SQ_TAIL);
}

#[test]
fn a_doorbell_reaches_the_core_as_interrupt_line_0() {
    let mut p = Program::default();
    p.li(S0, firmware::MAILBOX);
    p.addi(T0, ZERO, -1);
    p.csrw(0xbc0, T0);
    let again = p.here();
    p.csrr(T1, 0xfc0);
    p.beq(T1, ZERO, again);
    p.sw(T1, S0, 0);
    let end = p.here();
    p.jump(end);
    let mut bench = Bench::new(15);
    bench.start(&p);
    bench.run(3000);
    assert_eq!(bench.mailbox[0], 0);
    bench.write(DOORBELL + 3 * DOORBELL_STRIDE, 1);
    bench.wait("the line", 100, |bench| (bench.mailbox[0] == 1).then_some(()));
}

/// Polls DOORBELLS, clears them, reads SQ_TAIL of queue 0 and stores it to engine 0: the shortest reaction there is.
fn reaction_program() -> Program {
    let mut p = Program::default();
    p.li(S0, firmware::CONTROL);
    p.li(S1, firmware::ENGINES);
    let again = p.here();
    p.lw(T0, S0, control::DOORBELLS as i32);
    p.beq(T0, ZERO, again);
    p.sw(T0, S0, control::DOORBELLS as i32);
    p.lw(T1, S0, (firmware::SQ_TAIL - firmware::CONTROL) as i32);
    p.sw(T1, S1, 0);
    p.jump(again);
    p
}

#[test]
fn a_doorbell_is_answered_within_32_cycles() {
    let seed = 16;
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(seed);
    bench.start(&reaction_program());
    // The caches are cleared a line a cycle first.
    bench.run(4000);
    let mut worst = 0;
    let mut total = 0;
    for tail in 1..=200 {
        bench.run(rng.random_range(50..100));
        let rung = bench.cycle;
        bench.write(DOORBELL, tail);
        let seen = bench.wait("the reaction", 100, |bench| bench.engine_writes.pop());
        assert_eq!(seen.value, tail);
        worst = worst.max(seen.cycle - rung);
        total += seen.cycle - rung;
    }
    println!(
        "doorbell on the bus to a store at an engine: {:.1} cycles on average, {worst} at most",
        total as f64 / 200.0
    );
    assert!(worst <= 32, "{worst}");
}

/// Cycles of one instruction in a row of 32 of them, from the cycle counter, run twice so that the caches hold it.
fn cost(bench: &mut Bench, emit: impl Fn(&mut Program, i32)) -> f64 {
    let row = |emit: &dyn Fn(&mut Program, i32), length: i32| {
        let mut p = Program::default();
        p.li(S0, firmware::CONTROL);
        p.li(S1, firmware::ENGINES);
        p.li(S2, firmware::MAILBOX);
        p.addi(T3, ZERO, 2);
        let again = p.here();
        p.lw(T0, S0, control::CYCLE_LO as i32);
        for i in 0..length {
            emit(&mut p, i);
        }
        p.lw(T1, S0, control::CYCLE_LO as i32);
        p.addi(T3, T3, -1);
        p.bne(T3, ZERO, again);
        p.sw(T0, S2, 0);
        p.sw(T1, S2, 4);
        p.addi(T3, ZERO, 1);
        p.sw(T3, S2, 8);
        let end = p.here();
        p.jump(end);
        p
    };
    let mut taken = |length| {
        bench.write(bar0::CONTROL, 0);
        bench.mailbox[2] = 0;
        bench.start(&row(&emit, length));
        bench.wait("the end of the row", 20_000, |bench| (bench.mailbox[2] == 1).then_some(()));
        f64::from(bench.mailbox[1].wrapping_sub(bench.mailbox[0]))
    };
    (taken(64) - taken(32)) / 32.0
}

#[test]
fn accesses_cost_few_cycles() {
    let mut bench = Bench::new(17);
    let rows: [(&str, f64, f64); 9] = [
        ("addition", cost(&mut bench, |p, _| p.add(T2, T2, T2)), 1.0),
        ("store to an engine", cost(&mut bench, |p, i| p.sw(T2, S1, 4 * (i % 32))), STORE),
        ("store to the mailbox", cost(&mut bench, |p, i| p.sw(T2, S2, 64 + 4 * i)), STORE),
        ("load from an engine", cost(&mut bench, |p, i| p.lw(T2, S1, 4 * (i % 32))), LOAD),
        ("load from the mailbox", cost(&mut bench, |p, i| p.lw(T2, S2, 64 + 4 * i)), LOAD),
        ("load from the control block", cost(&mut bench, |p, _| p.lw(T2, S0, 0)), LOAD - 1.0),
        ("load from an engine and use", cost(&mut bench, use_load(S1)), LOAD + 3.0),
        ("load that hits the cache", cost(&mut bench, |p, i| p.lw(T2, ZERO, 4 * i)), 1.0),
        ("store to boot RAM", cost(&mut bench, |p, i| p.sw(T2, ZERO, 1024 + 4 * i)), STORE),
    ];
    for (what, cycles, _) in &rows {
        println!("{what}: {cycles:.2} cycles");
    }
    for (what, cycles, limit) in rows {
        assert!(cycles <= limit, "{what}: {cycles} cycles, expected at most {limit}");
    }
}

/// Cycles of a store, and of an uncached load with one wait state.
const STORE: f64 = 1.0;
const LOAD: f64 = 4.0;

fn use_load(base: u32) -> impl Fn(&mut Program, i32) {
    move |p, i| {
        p.lw(T2, base, 4 * (i % 32));
        p.add(T2, T2, T2);
    }
}
