//! The whole card: every engine answers where the contract says, and the card can be stopped at any time.

mod support;

use karat_abi::engine::{hash, mailbox, ntt, vector};
use karat_abi::registers::{bar0, control, engine as block, firmware};
use karat_abi::vector::{Instruction, Load, Operand, Sum, SumOp};
use karat_abi::{Engine, P};
use karat_hdl::Config;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::asm::*;
use support::{Card, Script, register};

const ROWS: u32 = 32;
const WIDTH: u32 = 16;
/// Bytes of the matrix in host memory, and where it is, goes, and comes back.
const BYTES: u32 = ROWS * WIDTH * 8;
const UP: u32 = 0x1_0000;
const DOWN: u32 = 0x4_0000;
const NOTE: u32 = 0x8_0000;
/// Beats in card memory.
const MATRIX: u32 = 100;
const COPY: u32 = 1000;
const NODE: u32 = 2000;
/// Table, instructions and load of a program, and its outputs.
const TABLE: u32 = 3000;
const PROGRAM: u32 = 3010;
const LOADS: u32 = 3020;
const SUMS: u32 = 3100;

fn upload(p: &mut Program) {
    p.push(Engine::HostRead, &[UP, 0, BYTES]);
    p.push(Engine::CardWrite, &[MATRIX, ROWS, WIDTH, ROWS, 5]);
}

fn download(p: &mut Program) {
    p.push(Engine::CardRead, &[MATRIX, ROWS, WIDTH, ROWS, 5]);
    p.push(Engine::HostWrite, &[DOWN, 0, BYTES]);
}

/// A word of the table to every word of a row's first tile.
fn add_table() -> [Instruction; 8] {
    std::array::from_fn(|i| {
        let (a, b) = (Operand::Tile(0, i as u8), Operand::Table(i as u8));
        let sum = Sum { op: SumOp::Add, a, b, to: 0, exchange: 0, output: true };
        Instruction { sum: Some(sum), need: u8::from(i == 0), release: u8::from(i == 7), last: i == 7, product: None }
    })
}

/// One descriptor for every engine. STATUS 2 says that all are done.
fn grand_tour(config: &Config) -> Program {
    let mut p = Program::default();
    p.push(Engine::Mailbox, &[NOTE, 0, 3, 1, 0]);
    p.wait_done(Engine::Mailbox, 1);
    // The note's first word is shown as MARKER, its second goes back to the host in another place.
    p.li(S0, firmware::MAILBOX + 3 * 64);
    p.lw(T0, S0, 0);
    p.li(S1, firmware::CONTROL);
    p.sw(T0, S1, control::MARKER as i32);
    p.lw(T0, S0, 4);
    p.li(S1, firmware::MAILBOX + 5 * 64);
    p.sw(T0, S1, 8);
    p.sw(T0, S1, 12);
    p.push(Engine::Mailbox, &[NOTE + 64, 0, 5, 1, mailbox::WRITE | 0b10]);
    upload(&mut p);
    p.wait_done(Engine::CardWrite, 1);
    // A transform of one point a tile copies the first row.
    let mut words = [0; ntt::WORDS];
    words[ntt::SRC] = MATRIX;
    words[ntt::SRC_TILE] = ROWS;
    words[ntt::DST] = COPY;
    words[ntt::DST_TILE] = 1;
    words[ntt::TILES] = WIDTH / 8;
    words[ntt::BLOCKS] = 1;
    p.push(Engine::Ntt, &words);
    let mut words = [0; hash::WORDS];
    words[hash::SRC] = MATRIX;
    words[hash::ROWS] = 1;
    words[hash::OUT] = 2 * NODE;
    words[hash::MODE] = hash::COMPRESS;
    p.push(Engine::Hash, &words);
    let mut words = [0; vector::WORDS];
    words[vector::PROGRAM] = PROGRAM;
    words[vector::INSTRUCTIONS] = add_table().len() as u32;
    words[vector::LOADS] = LOADS;
    words[vector::LOAD_COUNT] = 1;
    words[vector::TABLE] = TABLE;
    words[vector::RUNS] = ROWS / config.vector_lanes as u32;
    words[vector::SHAPE] = 3 << vector::shape::LOG_WORDS | 1 << vector::shape::INITIAL_LOADS | vector::shape::WRITES;
    words[vector::OUTPUT] = SUMS;
    words[vector::MATRIX_SHAPES] = 3;
    words[vector::MATRIX..vector::MATRIX + 3].copy_from_slice(&[MATRIX, ROWS, WIDTH / 8]);
    p.push(Engine::Vector, &words);
    download(&mut p);
    for engine in Engine::ALL {
        p.wait_done(engine, if engine == Engine::Mailbox { 2 } else { 1 });
    }
    p.wait_for(register(Engine::Hash, block::WORK_LO), u32::MAX, 1);
    p.status(2);
    p.halt();
    p
}

/// Uploads and downloads for ever.
fn traffic() -> Program {
    let mut p = Program::default();
    let again = p.here();
    p.status(1);
    upload(&mut p);
    download(&mut p);
    p.jump(again);
    p
}

/// Runs [`grand_tour`] on fresh data and checks what it did.
fn check_tour(config: &Config, card: &mut Card, rng: &mut SmallRng) {
    let matrix: Vec<u64> = (0..ROWS * WIDTH).map(|_| rng.random_range(0..P)).collect();
    for (i, word) in matrix.iter().enumerate() {
        let at = u64::from(UP / 64) + i as u64 / 8;
        card.host.beat_mut(at).unwrap()[i % 8] = *word;
    }
    let note: u64 = rng.random();
    card.host.beat_mut(u64::from(NOTE / 64)).unwrap()[0] = note;
    *card.host.beat_mut(u64::from(NOTE / 64) + 1).unwrap() = [7; 8];
    *card.card.beat_mut(NODE.into()).unwrap() = [P; 8];
    let table: [u64; 8] = std::array::from_fn(|_| rng.random_range(0..P));
    *card.card.beat_mut(TABLE.into()).unwrap() = table;
    let words: Vec<u64> = add_table().iter().flat_map(Instruction::encode).collect();
    for (at, words) in words.chunks(8).enumerate() {
        card.card.beat_mut(u64::from(PROGRAM) + at as u64).unwrap().copy_from_slice(words);
    }
    card.card.beat_mut(LOADS.into()).unwrap()[0] = Load::default().encode();
    card.seen = 0;
    card.start(&grand_tour(config));
    card.wait_status(2, 50_000);

    assert_eq!(card.seen, 0xff, "every engine was active");
    let marker = card.dut.get(card.dut.port("marker").unwrap());
    assert_eq!(marker, note & 0xff_ffff, "mailbox to processor");
    let mut answer = [7; 8];
    answer[1] = note >> 32 << 32 | note >> 32;
    assert_eq!(*card.host.beat_mut(u64::from(NOTE / 64) + 1).unwrap(), answer, "processor to mailbox to host");
    for row in 0..ROWS {
        for column in 0..WIDTH {
            let word = matrix[(row * WIDTH + column) as usize];
            let at = u64::from(MATRIX + column / 8 * ROWS + row);
            assert_eq!(card.card.beat_mut(at).unwrap()[column as usize % 8], word, "row {row} column {column} as tile");
            let at = u64::from(DOWN) / 64 + u64::from(row * WIDTH + column) / 8;
            assert_eq!(card.host.beat_mut(at).unwrap()[column as usize % 8], word, "row {row} column {column} back");
        }
    }
    for row in 0..ROWS {
        let sums = *card.card.beat_mut(u64::from(SUMS + row)).unwrap();
        let expected =
            std::array::from_fn(|i| (u128::from(matrix[row as usize * 16 + i]) + u128::from(table[i])) % u128::from(P));
        assert_eq!(sums.map(u128::from), expected, "row {row} through the program");
    }
    for tile in 0..WIDTH / 8 {
        let first: Vec<u64> = card.card.beat_mut(u64::from(MATRIX + tile * ROWS)).unwrap().to_vec();
        assert_eq!(
            card.card.beat_mut(u64::from(COPY + tile)).unwrap().to_vec(),
            first,
            "tile {tile} through the transform"
        );
    }
    let node = *card.card.beat_mut(NODE.into()).unwrap();
    assert!(node[..4].iter().all(|word| *word < P) && node[4..] == [P; 4], "half a beat is written: {node:x?}");
}

#[test]
fn every_engine_is_where_the_contract_says() {
    for config in Config::ALL {
        let seed = 41;
        println!("{}, seed {seed}", config.name);
        let mut card = Card::new(config, seed);
        assert_eq!(card.read(bar0::CAPABILITIES), config.capabilities());
        assert_eq!(card.read(bar0::CAPABILITIES2), config.capabilities2());
        check_tour(config, &mut card, &mut SmallRng::seed_from_u64(seed));
    }
}

#[test]
fn the_card_stops_in_the_middle_of_transfers_and_works_again() {
    for config in Config::ALL {
        let seed = 42;
        println!("{}, seed {seed}", config.name);
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut card = Card::new(config, seed);
        for round in 0..12 {
            card.start(&traffic());
            card.wait_status(1, 10_000);
            card.run(rng.random_range(100..3000));
            let cycles = card.stop();
            assert!(card.host_port.idle() && card.card_port.idle(), "round {round}: nothing is outstanding");
            println!("round {round}: at rest after {cycles} cycles");
            if round % 4 == 3 {
                check_tour(config, &mut card, &mut rng);
                card.stop();
            }
        }
    }
}
