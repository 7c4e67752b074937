//! What a card costs to make and to simulate: `cargo bench -p karat-hdl`.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod support;

use std::time::Instant;

use karat_abi::engine::{hash, ntt, status, vector};
use karat_abi::registers::engine as block;
use karat_abi::vector::{Instruction, Load, Operand, Product, ProductOp, Sum, SumOp};
use karat_abi::{Engine, P};
use karat_hdl::{Config, emit, processor_verilog};
use karat_verilator::{Config as Verilator, Design, Source, packages};
use support::asm::*;
use support::{Card, Script, register};

/// Cycles of a measurement.
const CYCLES: u64 = 20_000;

/// Nanoseconds that this thread has had a processor.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
    text.split(' ').next().and_then(|field| field.parse().ok()).expect("its first field is a number")
}

/// The quickest of some, in processor time.
fn report(config: &Config, what: &str, mut run: impl FnMut()) {
    let time = |_| {
        let start = processor_time();
        run();
        (processor_time() - start) as f64 / CYCLES as f64
    };
    let best = (0..10).map(time).fold(f64::MAX, f64::min);
    println!("{}: {what} {best:.0} ns per cycle, {:.0} k cycles/s", config.name, 1e6 / best);
}

/// A processor that waits.
fn rest() -> Program {
    let mut p = Program::default();
    p.status(1);
    p.halt();
    p
}

/// Beats of a program with its table and load behind it, and what it runs on.
const PROGRAM: u32 = 0;
const TABLE: u32 = 100;
const LOADS: u32 = 110;
const MATRIX: u32 = 1000;
const ROWS: u32 = 1024;
const OUT: u32 = 40_000;

/// Puts a program of a product and a sum an instruction, a table and rows into card memory.
fn fill(card: &mut Card) {
    let code: Vec<u64> = (0..64_u16)
        .flat_map(|at| {
            let (a, b) = (Operand::Tile(0, at as u8 % 8), Operand::Table(at as u8));
            let c = Operand::Product(at.wrapping_sub(32) % 64);
            let product = Product { op: ProductOp::Add, a, b, c, to: at };
            let sum = Sum { op: SumOp::Subtract, a, b, to: at, exchange: 1, output: at >= 56 };
            let (need, release) = (u8::from(at == 0), u8::from(at == 63));
            Instruction { product: Some(product), sum: Some(sum), need, release, last: at == 63 }.encode()
        })
        .collect();
    for (at, words) in (PROGRAM..).zip(code.chunks(8)) {
        card.card.beat_mut(at.into()).unwrap().copy_from_slice(words);
    }
    card.card.beat_mut(LOADS.into()).unwrap()[0] = Load::default().encode();
    for at in (TABLE..TABLE + 8).chain(MATRIX..MATRIX + 16 * ROWS) {
        for (i, word) in card.card.beat_mut(at.into()).unwrap().iter_mut().enumerate() {
            *word = (u64::from(at) << 3 | i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % P;
        }
    }
}

/// Gives every engine its next descriptor when it can take one.
fn work(config: &Config) -> Program {
    let mut transform = [0; ntt::WORDS];
    transform[ntt::SRC] = MATRIX;
    transform[ntt::SRC_TILE] = ROWS;
    transform[ntt::DST] = OUT;
    transform[ntt::DST_TILE] = ROWS;
    transform[ntt::SHAPE] = 5 << 8 | 5 << 16 | 10;
    transform[ntt::TILES] = 16;
    transform[ntt::BLOCKS] = 1;
    let mut sponge = [0; hash::WORDS];
    sponge[hash::SRC] = MATRIX;
    sponge[hash::TILE_STRIDE] = ROWS;
    sponge[hash::WIDTH] = 128;
    sponge[hash::ROWS] = ROWS;
    sponge[hash::OUT] = 2 * (OUT + 16 * ROWS);
    sponge[hash::MODE] = hash::FIRST | hash::LAST;
    let mut program = [0; vector::WORDS];
    program[vector::PROGRAM] = PROGRAM;
    program[vector::INSTRUCTIONS] = 64;
    program[vector::LOADS] = LOADS;
    program[vector::LOAD_COUNT] = 1;
    program[vector::TABLE] = TABLE;
    program[vector::RUNS] = ROWS / config.vector_lanes as u32;
    program[vector::SHAPE] = 3 << vector::shape::LOG_WORDS | 1 << vector::shape::INITIAL_LOADS | vector::shape::WRITES;
    program[vector::OUTPUT] = 30_000;
    program[vector::MATRIX_SHAPES] = 3;
    program[vector::MATRIX..vector::MATRIX + 3].copy_from_slice(&[MATRIX, ROWS, 16]);
    let bytes = 64 * ROWS;
    let jobs: [(Engine, &[u32]); 8] = [
        (Engine::Ntt, &transform),
        (Engine::Hash, &sponge),
        (Engine::Vector, &program),
        (Engine::HostRead, &[0x1_0000, 0, bytes]),
        (Engine::CardWrite, &[20_000, ROWS, 8, ROWS, 5]),
        (Engine::CardRead, &[MATRIX, ROWS, 8, ROWS, 5]),
        (Engine::HostWrite, &[0x4_0000, 0, bytes]),
        (Engine::Mailbox, &[0x8_0000, 0, 3, 1, 0]),
    ];
    let mut p = Program::default();
    p.status(1);
    let again = p.here();
    for (engine, words) in jobs {
        p.li(S0, register(engine, block::STATUS));
        p.lw(T0, S0, 0);
        p.li(T1, status::FULL);
        p.and(T0, T0, T1);
        p.forward(|p, behind| p.bne(T0, ZERO, behind), |p| p.push(engine, words));
    }
    p.jump(again);
    p
}

fn main() {
    for config in Config::ALL {
        let start = Instant::now();
        let card = emit(config).unwrap();
        let (lines, modules) = (card.verilog.lines().count(), card.verilog.matches("endmodule").count());
        println!("{}: emitted in {:.1?}: {lines} lines, {modules} modules", config.name, start.elapsed());

        let packaged = Source::read(&packages::vexriscv(card.processor).unwrap()).unwrap();
        let processor = Source::new(packaged.name, processor_verilog(&packaged.text).unwrap());
        let files = [Source::new(format!("{}.v", card.top), card.verilog), processor];
        let design = Design::new(card.top, files);
        // From the cache if it has been built before.
        let start = Instant::now();
        let model = design.build_with(&Verilator::from_env()).unwrap();
        println!(
            "{}: {} in {:.1?}",
            config.name,
            if model.was_built() { "compiled" } else { "loaded" },
            start.elapsed()
        );

        let mut card = Card::new(config, 1);
        card.start(&rest());
        card.wait_status(1, 10_000);
        // Nothing happens at the ports.
        report(config, "at rest", || card.dut.run(CYCLES));
        card.stop();
        fill(&mut card);
        card.start(&work(config));
        card.wait_status(1, 10_000);
        card.run(20_000);
        card.seen = 0;
        report(config, "all engines at work, with models of the memories", || card.run(CYCLES));
        assert_eq!(card.seen, 0xff, "every engine was active");
    }
}
