//! What the engines carry, from their own counters and the cycles of the simulation.

mod support;

use karat_abi::engine::Engine;
use karat_ports::Timing;
use karat_verilator::Model;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use support::{Bench, Rows, piece, small, tiny};

/// A link of a beat a cycle, 200 cycles away.
const LINK: Timing = Timing { beats_per_64: 64, ..Timing::HOST };

fn bench(model: &Model) -> Bench {
    Bench::new(model, LINK, Timing::CARD, 1)
}

/// Pieces of `words` words from word `at` on, cut where the first ends at a 4 KiB boundary.
fn pages(at: usize, words: usize) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let (mut at, mut left) = (at, words);
    while left > 0 {
        let length = (512 - at % 512).min(left);
        pieces.push((at, length));
        at += length;
        left -= length;
    }
    pieces
}

/// Beats a cycle of an upload and of a download, over the whole time from the first descriptor pushed to the last seen done.
fn rates(bench: &mut Bench, shape: Rows, pieces: &[(usize, usize)]) -> [f64; 2] {
    let beats = (shape.rows * shape.width) as f64 / 8.0;
    [(Engine::HostRead, Engine::CardWrite), (Engine::HostWrite, Engine::CardRead)].map(|(host, card)| {
        let before = bench.counters(card).work;
        let mut jobs: Vec<_> = pieces.iter().map(|(at, length)| (host, piece(*at, *length))).collect();
        jobs.push((card, shape.words()));
        let start = bench.cycles;
        bench.run(jobs, 1_000_000);
        let cycles = bench.cycles - start;
        assert_eq!(bench.counters(card).work - before, (shape.rows * shape.tiles()) as u64, "beats of tiles moved");
        println!("{shape:?} in {} pieces, {}: {:.3} beats a cycle", pieces.len(), card.name(), beats / cycles as f64);
        beats / cycles as f64
    })
}

#[test]
fn wide_matrices_use_the_link() {
    let model = tiny();
    for (width, rows, offset) in [(180, 560, 0), (180, 560, 3), (8, 8192, 0), (64, 1500, 7)] {
        let log_group = Rows::largest_group(width, 9).min(6);
        let shape = Rows { card: 0, stride: rows, width, rows, log_group };
        let whole = [(offset, width * rows)];
        let scattered = pages(offset, width * rows);
        for pieces in [&whole[..], &scattered[..]] {
            let rates = rates(&mut bench(&model), shape, pieces);
            assert!(rates.iter().all(|rate| *rate >= 0.8), "{shape:?}: {rates:?} beats a cycle");
        }
    }
}

#[test]
fn matrices_too_wide_for_groups_are_bound_by_the_memory() {
    // 330 tiles leave no room for groups: every beat is a burst, and every burst opens a row of memory. Reads of 51 cycles,
    // 32 in flight, are 0.63 beats a cycle; writes of 31 cycles could be 1.
    let shape = Rows { card: 0, stride: 40, width: 2633, rows: 40, log_group: 0 };
    let [up, down] = rates(&mut bench(&tiny()), shape, &[(5, 40 * 2633)]);
    assert!(up >= 0.8 && down >= 0.55, "{up} up, {down} down");
}

#[test]
fn narrow_matrices_keep_the_card_busy() {
    // One word a row makes a beat a row at the card, which is what limits.
    let shape = Rows { card: 0, stride: 8000, width: 1, rows: 8000, log_group: 6 };
    let rates = rates(&mut bench(&tiny()), shape, &[(1, 8000)]);
    assert!(rates.iter().all(|rate| rate * 8.0 >= 0.8), "{rates:?} of 1/8 beats a cycle");
}

#[test]
fn counters_tell_who_waits_for_whom() {
    let model = tiny();
    let shape = Rows { card: 0, stride: 500, width: 64, rows: 500, log_group: 6 };
    let slow = Timing { beats_per_64: 16, ..LINK };
    // A slow host starves the card's writer and stalls its own.
    let mut bench = Bench::new(&model, slow.clone(), Timing::CARD, 1);
    rates(&mut bench, shape, &[(0, 32_000)]);
    let [write, host] = [Engine::CardWrite, Engine::HostWrite].map(|engine| bench.counters(engine));
    assert!(write.starved * 10 > write.busy * 6 && write.stalled * 10 < write.busy, "{write:?}");
    assert!(host.stalled * 10 > host.busy * 6 && host.starved * 10 < host.busy, "{host:?}");
    // A slow card stalls its writer and starves the host's.
    let mut bench = Bench::new(&model, LINK, Timing { beats_per_64: 16, ..Timing::CARD }, 1);
    rates(&mut bench, shape, &[(0, 32_000)]);
    let [write, host] = [Engine::CardWrite, Engine::HostWrite].map(|engine| bench.counters(engine));
    assert!(write.stalled * 10 > write.busy * 6 && write.starved * 10 < write.busy * 4, "{write:?}");
    assert!(host.starved * 10 > host.busy * 6 && host.stalled * 10 < host.busy, "{host:?}");
}

#[test]
fn a_gather_does_not_wait_for_memory_at_every_row() {
    for (model, name) in [(tiny(), "tiny"), (small(), "small")] {
        for width in [8, 64, 180] {
            let mut bench = bench(&model);
            let mut rng = SmallRng::seed_from_u64(2);
            let rows = 200;
            let tiles = width / 8 + 1;
            let start = bench.cycles;
            bench.push(Engine::HostWrite, &piece(0, rows * width));
            for _ in 0..rows {
                // One poll of STATUS and six writes, as the firmware would.
                while bench.status(Engine::CardRead) & karat_abi::engine::status::FULL != 0 {}
                let card = rand::RngExt::random_range(&mut rng, 0..8000);
                let row = Rows { card, stride: 1000, width, rows: 1, log_group: 0 };
                bench.push(Engine::CardRead, &row.words());
            }
            while !bench.all_done(Engine::HostWrite) {
                assert!(bench.cycles < start + 100_000);
            }
            let each = (bench.cycles - start) as f64 / rows as f64;
            println!("{name}: {each:.1} cycles a row of {width} words, of which 7 to push it");
            // 40 cycles of latency and 10 to open a row of memory, for each, would be far above this.
            assert!(each < 10.0 + 1.5 * tiles as f64, "{each} cycles a row of {tiles} tiles");
        }
    }
}
