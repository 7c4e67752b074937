//! Rows between host memory and tiles.

use karat_abi::engine::{Engine, card, host};
use karat_driver::DmaMemory;
use rand::{Rng, RngExt};

use super::{BEATS, Pair};

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
