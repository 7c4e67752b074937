//! Transforms of every kind and shape.

use karat_abi::engine::{Engine, ntt};
use rand::RngExt;

use super::{HALF, Pair, word};

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
