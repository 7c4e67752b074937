//! Every engine of the model against the strict one of the firmware's tests, on random descriptors.

use karat_abi::engine::{Engine, card, hash, host, ntt};
use karat_abi::registers::engine as registers;
use karat_driver::{Contiguity, DmaMemory};
use karat_firmware::Hardware;
use karat_firmware::software::{Engines, SoftwareCard};
use karat_firmware::testing::{Limits, StrictEngines};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

use super::{LOG_BATCH, LOG_TRANSFORM, ModelEngines};
use crate::host::HostMemory;

const BEATS: u32 = 1 << 15;
const HALF: u32 = BEATS / 2;

/// The same card twice.
struct Pair {
    model: SoftwareCard<ModelEngines>,
    strict: SoftwareCard<StrictEngines<HostMemory>>,
    hosts: [HostMemory; 2],
    rng: SmallRng,
}

impl Pair {
    fn new(seed: u64, piece_bytes: usize) -> Self {
        println!("seed {seed}");
        let hosts = [HostMemory::new(piece_bytes), HostMemory::new(piece_bytes)];
        let limits = Limits {
            card_beats: BEATS,
            log_transform: LOG_TRANSFORM,
            log_batch: LOG_BATCH,
            layout_beats: 4096,
            seed,
            ..Limits::default()
        };
        let mut pair = Self {
            model: SoftwareCard::new(ModelEngines::new(BEATS, hosts[0].clone())),
            strict: SoftwareCard::new(StrictEngines::new(limits, hosts[1].clone())),
            hosts,
            rng: SmallRng::seed_from_u64(seed),
        };
        pair.shuffle();
        pair
    }

    /// Other words in card memory.
    fn shuffle(&mut self) {
        for beat in 0..BEATS as usize {
            let words = std::array::from_fn(|_| word(&mut self.rng));
            self.model.engines.memory[beat] = words;
            self.strict.engines.memory[beat] = words;
        }
    }

    /// Memory of each card's host, at the same bus addresses.
    fn allocate(&self, bytes: usize) -> [DmaMemory; 2] {
        let memories = self.hosts.each_ref().map(|host| host.allocate(bytes, Contiguity::Pieces));
        assert_eq!(memories[0].pieces(), memories[1].pieces());
        memories
    }

    fn set(&mut self, engine: Engine, offset: u32, value: u32) {
        self.model.set_engine(engine, offset, value);
        self.strict.set_engine(engine, offset, value);
    }

    fn push(&mut self, engine: Engine, words: &[u32]) {
        for (i, word) in words.iter().enumerate() {
            self.set(engine, 4 * i as u32, *word);
        }
        self.set(engine, registers::PUSH, 1);
    }

    fn fill(&mut self, engine: Engine, index: u32, start: u64, ratio: u64, count: u32) {
        let (start_high, ratio_high) = ((start >> 32) as u32, (ratio >> 32) as u32);
        for (offset, value) in [
            (registers::TABLE_INDEX, index),
            (registers::TABLE_START_LO, start as u32),
            (registers::TABLE_START_HI, start_high),
            (registers::TABLE_RATIO_LO, ratio as u32),
            (registers::TABLE_RATIO_HI, ratio_high),
            (registers::TABLE_FILL, count),
        ] {
            self.set(engine, offset, value);
        }
        finish(&mut self.strict);
    }

    /// Lets both work until nothing is left to do, and compares.
    fn finish(&mut self, what: &str) {
        finish(&mut self.model);
        finish(&mut self.strict);
        let (model, strict) = (&self.model.engines.memory, &self.strict.engines.memory);
        let wrong = model.iter().zip(strict).position(|(model, strict)| model != strict);
        assert_eq!(wrong, None, "beat of card memory that differs after {what}");
        for engine in Engine::ALL {
            let (model, strict) =
                (&self.model.registers.engines[engine as usize], &self.strict.registers.engines[engine as usize]);
            assert_eq!(model.work, strict.work, "work of {} after {what}", engine.name());
            assert_eq!(model.error, strict.error, "error of {} after {what}", engine.name());
        }
    }
}

fn finish<E: Engines>(card: &mut SoftwareCard<E>) {
    for _ in 0..1_000_000 {
        if !Engine::ALL.iter().any(|engine| card.registers.is_busy(*engine) || filling(card, *engine)) {
            return;
        }
        card.tick();
    }
    panic!("descriptors do not end");
}

fn filling<E: Engines>(card: &mut SoftwareCard<E>, engine: Engine) -> bool {
    card.engine(engine, registers::STATUS) & karat_abi::engine::status::FILLING != 0
}

/// A canonical word, often one at the edge.
fn word(rng: &mut impl Rng) -> u64 {
    match rng.random_range(0..8) {
        0 => rng.random_range(0..3),
        1 => karat_abi::P - rng.random_range(1..4),
        _ => rng.random_range(0..karat_abi::P),
    }
}

#[test]
fn transforms() {
    let mut pair = Pair::new(11, 1 << 20);
    for trial in 0..150 {
        let rng = &mut pair.rng;
        let kind = [ntt::DIRECT, ntt::EXTEND, ntt::TRANSPOSE][trial % 3];
        let log: u32 = rng.random_range(0..=if trial < 6 { 12 } else { 9 });
        // A TRANSPOSE frame has a factor of the table for each of its rows.
        let q = match kind {
            ntt::EXTEND => 0,
            ntt::TRANSPOSE => rng.random_range(log.saturating_sub(8)..=log),
            _ => rng.random_range(0..=log),
        };
        let blocks = if kind == ntt::EXTEND { rng.random_range(1..=if log > 9 { 3 } else { 8 }) } else { 1 };
        let space = HALF / blocks;
        // Tiles are apart, or interleaved burst by burst.
        let mut side = |base: u32, space: u32, burst: u32, tiles: u32| {
            let interleaved = rng.random();
            let (stride, tile) = if interleaved { (tiles << burst, 1 << burst) } else { (1 << burst, 1 << log) };
            (base + rng.random_range(0..=space - (tiles << log)), stride, tile)
        };
        let tiles = [1, 2, 5][trial % 7 % 3].min(space >> log);
        let [from, to] = [trial as u32 * 5 % (log + 1), trial as u32 * 3 % (log + 1)];
        let (src, src_stride, src_tile) = side(0, HALF, from, tiles);
        let (dst, dst_stride, dst_tile) = side(HALF, space, to, tiles);
        let flags = ntt::INVERSE | ntt::SRC_REVERSE | ntt::DST_REVERSE | ntt::LOAD_TWIDDLE | ntt::BANK;
        let mode = kind | pair.rng.random::<u32>() & flags;
        let bank = u32::from(mode & ntt::BANK != 0);
        for set in 0..=blocks {
            for hi in [false, true] {
                let count = if hi { 1 << log.saturating_sub(8) } else { 1 << log.min(8) };
                let count = if kind == ntt::TRANSPOSE && hi { 1 << (log - q) } else { count };
                let (start, ratio) = (word(&mut pair.rng), word(&mut pair.rng));
                pair.fill(Engine::Ntt, ntt::table_index(bank, set, hi), start, ratio, count);
            }
        }
        let mut words = [0; ntt::WORDS];
        for (index, value) in [
            (ntt::SRC, src),
            (ntt::SRC_STRIDE, src_stride),
            (ntt::SRC_TILE, src_tile),
            (ntt::DST, dst),
            (ntt::DST_STRIDE, dst_stride),
            (ntt::DST_TILE, dst_tile),
            (ntt::DST_BLOCK, space),
            (ntt::SHAPE, log | from << 8 | to << 16 | q << 24),
            (ntt::TILES, tiles),
            (ntt::BLOCKS, blocks),
            (ntt::MODE, mode),
        ] {
            words[index] = value;
        }
        pair.push(Engine::Ntt, &words);
        pair.finish(&format!("trial {trial}: {words:?}"));
    }
}

#[test]
fn transforms_in_place() {
    let mut pair = Pair::new(12, 1 << 20);
    for log in 0..=13 {
        let mut words = [0; ntt::WORDS];
        words[ntt::SRC] = 77;
        words[ntt::DST] = 77;
        [words[ntt::SRC_TILE], words[ntt::DST_TILE]] = [1 << log; 2];
        words[ntt::SHAPE] = log | log << 8 | log << 16;
        words[ntt::TILES] = 2;
        words[ntt::BLOCKS] = 1;
        words[ntt::MODE] = ntt::DIRECT | if log % 2 == 0 { ntt::INVERSE } else { 0 };
        pair.push(Engine::Ntt, &words);
        pair.finish(&format!("2^{log} rows in place"));
    }
}

#[test]
fn sponges_and_compressions() {
    let mut pair = Pair::new(13, 1 << 20);
    for index in 0..hash::CONSTANTS {
        let constant = word(&mut pair.rng);
        pair.fill(Engine::Hash, index, constant, 1, 1);
    }
    for trial in 0..60 {
        let rows = [1, 2, 7, 8, 9, 64, 200][trial % 7];
        let spread = if pair.rng.random() { hash::SPREAD } else { 0 };
        let descriptor = |pair: &mut Pair, width: u32, mode: u32| {
            let stride = rows + pair.rng.random_range(0..9);
            let src = pair.rng.random_range(0..HALF - width.div_ceil(8) * stride);
            let out = 2 * HALF + pair.rng.random_range(0..2 * HALF - 2 * rows);
            pair.push(Engine::Hash, &[src, stride, width, rows, out, mode]);
            pair.finish(&format!("trial {trial}: {rows} rows, {width} columns, mode {mode}"));
        };
        if trial % 3 == 0 {
            descriptor(&mut pair, 8, hash::COMPRESS | spread);
            continue;
        }
        let matrices = pair.rng.random_range(1..5);
        for matrix in 0..matrices {
            let width = pair.rng.random_range(1..30);
            let first = if matrix == 0 { hash::FIRST } else { 0 };
            let last = if matrix + 1 == matrices { hash::LAST } else { 0 };
            descriptor(&mut pair, width, first | last | spread);
        }
    }
    // Other constants are taken from the next descriptor on.
    let constant = word(&mut pair.rng);
    pair.fill(Engine::Hash, 64, constant, 1, 1);
    pair.push(Engine::Hash, &[0, 0, 8, 20, 2 * HALF, hash::COMPRESS]);
    pair.finish("another constant");
}

/// Words of a buffer as descriptors of pieces of the stream: whole pieces of the bus, cut in two at random.
fn pieces(rng: &mut impl Rng, memory: &DmaMemory, words: usize) -> Vec<[u32; host::WORDS]> {
    let mut left = words as u64 * 8;
    let mut descriptors = Vec::new();
    for piece in memory.pieces() {
        let bytes = left.min(piece.bytes as u64);
        left -= bytes;
        let cut = rng.random_range(0..=bytes / 8) * 8;
        for (address, bytes) in [(piece.address, cut), (piece.address + cut, bytes - cut)] {
            if bytes > 0 {
                descriptors.push([address as u32, (address >> 32) as u32, bytes as u32]);
            }
        }
    }
    descriptors
}

/// Pushes descriptors to both ends of a stream, as there is room.
fn stream(pair: &mut Pair, ends: [(Engine, &[Vec<u32>]); 2]) {
    let mut ends = ends.map(|(engine, descriptors)| (engine, descriptors.iter()));
    let mut left = true;
    while left {
        left = false;
        for (engine, descriptors) in &mut ends {
            let full = [&pair.model.registers, &pair.strict.registers]
                .iter()
                .any(|registers| registers.engines[*engine as usize].pending().is_some());
            if !full && let Some(words) = descriptors.next() {
                pair.push(*engine, words);
                left = true;
            }
            left |= full;
        }
        pair.model.tick();
        pair.strict.tick();
    }
}

#[test]
fn rows_to_tiles_and_back() {
    for (seed, piece_bytes) in [(14, 1 << 20), (15, 64), (16, 4096)] {
        let mut pair = Pair::new(seed, piece_bytes);
        for trial in 0..40 {
            let width = pair.rng.random_range(1..40);
            let matrices: Vec<u32> = (0..trial % 3 + 1).map(|_| pair.rng.random_range(1..60)).collect();
            let rows: u32 = matrices.iter().sum();
            let words = (width * rows) as usize;
            let values: Vec<u64> = (0..words).map(|_| pair.rng.random()).collect();
            let memory = pair.allocate(words * 8);
            memory.iter().for_each(|memory| memory.write(0, &values));
            let stride = rows + pair.rng.random_range(0..9);
            let first = pair.rng.random_range(0..BEATS - width.div_ceil(8) * stride);
            let mut row = 0;
            let mut cards = Vec::new();
            for rows in matrices {
                let mut words = vec![0; card::WORDS];
                words[card::CARD] = first + row;
                words[card::TILE_STRIDE] = stride;
                words[card::WIDTH] = width;
                words[card::ROWS] = rows;
                cards.push(words);
                row += rows;
            }
            let up: Vec<_> = pieces(&mut pair.rng, &memory[0], words).iter().map(|words| words.to_vec()).collect();
            stream(&mut pair, [(Engine::HostRead, &up), (Engine::CardWrite, &cards)]);
            pair.finish(&format!("upload {trial} of {rows} x {width}"));
            assert_eq!(pair.strict.engines.words_in_flight(), 0);

            let back = pair.allocate(words * 8);
            let down: Vec<_> = pieces(&mut pair.rng, &back[0], words).iter().map(|words| words.to_vec()).collect();
            stream(&mut pair, [(Engine::HostWrite, &down), (Engine::CardRead, &cards)]);
            pair.finish(&format!("download {trial}"));
            let expected: Vec<u64> = values.iter().map(|word| word % karat_abi::P).collect();
            for (back, who) in back.iter().zip(["model", "strict"]) {
                let mut found = vec![0; words];
                back.read(0, &mut found);
                assert_eq!(found, expected, "{who}, download {trial} of {rows} x {width}");
            }
        }
    }
}

#[test]
fn host_memory_that_is_not_mapped() {
    let mut pair = Pair::new(17, 1 << 20);
    let memory = pair.allocate(640);
    let address = memory[0].address();
    // A piece that runs over the end of its memory.
    let piece = [address as u32, (address >> 32) as u32, 1280];
    let rows = [100, 0, 8, 20, 0];
    pair.push(Engine::HostRead, &piece);
    pair.push(Engine::CardWrite, &rows);
    pair.finish("an upload from memory that ends");
    assert!(pair.model.registers.engines[Engine::HostRead as usize].error);
    pair.push(Engine::HostWrite, &piece);
    pair.push(Engine::CardRead, &rows);
    pair.finish("a download to memory that ends");
    assert!(pair.model.registers.engines[Engine::HostWrite as usize].error);
}
