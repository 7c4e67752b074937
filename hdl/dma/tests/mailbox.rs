//! The mailbox: queue entries and lists, also while everything else is busy.

mod support;

use karat_abi::engine::{Engine, mailbox, status};
use karat_ports::Timing;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Bench, HOST_BASE, Rows, any_timing, piece, seed, tiny};

fn read(beat: usize, slot: usize, beats: usize) -> Vec<u32> {
    let address = HOST_BASE + 64 * beat as u64;
    vec![address as u32, (address >> 32) as u32, slot as u32, beats as u32, 0]
}

fn write(beat: usize, slot: usize, beats: usize, words: u8) -> Vec<u32> {
    let mut descriptor = read(beat, slot, beats);
    descriptor[mailbox::DIRECTION] = mailbox::WRITE | u32::from(words);
    descriptor
}

/// As `read`, of queue entries.
fn read_entries(beat: usize, slot: usize, beats: usize) -> Vec<u32> {
    let mut descriptor = read(beat, slot, beats);
    descriptor[mailbox::DIRECTION] = mailbox::CHECK;
    descriptor
}

#[test]
fn checksums_of_entries_are_compared_on_the_way() {
    let model = tiny();
    let seed = seed();
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bench = Bench::new(&model, any_timing(&mut rng), Timing::CARD, rng.random());
    for _ in 0..100 {
        let beats = rng.random_range(1..=4);
        let (beat, slot) = (rng.random_range(0..60), rng.random_range(0..=128 - beats));
        for entry in bench.host_memory.words[8 * beat..8 * (beat + beats)].chunks_exact_mut(8) {
            let mut words: [u32; 16] = std::array::from_fn(|_| rng.random());
            words[15] = karat_abi::checksum(&words[..15]);
            if rng.random() {
                words[rng.random_range(0..16)] ^= 1 << rng.random_range(0..32);
            }
            for (to, pair) in entry.iter_mut().zip(words.chunks_exact(2)) {
                *to = u64::from(pair[0]) | u64::from(pair[1]) << 32;
            }
        }
        bench.run([(Engine::Mailbox, read_entries(beat, slot, beats))], 20_000);
        for i in 0..beats {
            let from = &bench.host_memory.words[8 * (beat + i)..8 * (beat + i + 1)];
            let mut entry: Vec<u32> = from.iter().flat_map(|word| [*word as u32, (word >> 32) as u32]).collect();
            entry[15] ^= karat_abi::checksum(&entry[..15]);
            for (word, value) in entry.into_iter().enumerate() {
                let place = 16 * (slot + i) + word;
                assert_eq!(bench.read_mailbox(place as u32), value, "entry {i}, word {word}");
            }
        }
    }
}

#[test]
fn beats_go_both_ways_and_only_where_they_should() {
    let model = tiny();
    let mut rng = SmallRng::seed_from_u64(seed());
    for _ in 0..20 {
        let mut bench = Bench::new(&model, any_timing(&mut rng), Timing::CARD, rng.random());
        // The processor fills the RAM, then random transfers; a model in software does the same.
        let mut ram: Vec<u32> = (0..2048).map(|_| rng.random()).collect();
        for (word, value) in ram.iter().enumerate() {
            bench.write_mailbox(word as u32, *value);
        }
        for _ in 0..20 {
            let most = if rng.random() { 2 } else { 64 };
            let beats = rng.random_range(1..=most);
            let slot = rng.random_range(0..=128 - beats);
            let beat = rng.random_range(0..200) * 64 + rng.random_range(0..=64 - beats);
            if rng.random() {
                bench.run([(Engine::Mailbox, read(beat, slot, beats))], 20_000);
                let from = &bench.host_memory.words[8 * beat..8 * (beat + beats)];
                for (pair, word) in ram[16 * slot..].chunks_exact_mut(2).zip(from) {
                    pair.copy_from_slice(&[*word as u32, (word >> 32) as u32]);
                }
            } else {
                let words: u8 = rng.random();
                let mut expected = bench.host_memory.words.clone();
                for (i, pair) in ram[16 * slot..16 * (slot + beats)].chunks_exact(2).enumerate() {
                    if words >> (i % 8) & 1 == 1 {
                        expected[8 * beat + i] = u64::from(pair[0]) | u64::from(pair[1]) << 32;
                    }
                }
                bench.run([(Engine::Mailbox, write(beat, slot, beats, words))], 20_000);
                assert!(expected == bench.host_memory.words, "host memory differs");
            }
        }
        for (word, value) in ram.iter().enumerate() {
            assert_eq!(bench.read_mailbox(word as u32), *value, "word {word} of mailbox RAM");
        }
    }
}

#[test]
fn the_processor_may_use_the_ram_during_a_transfer() {
    let model = tiny();
    let mut rng = SmallRng::seed_from_u64(seed());
    let mut bench = Bench::new(&model, any_timing(&mut rng), Timing::CARD, rng.random());
    for round in 0..20 {
        // Slots 0 to 63 belong to the transfer, the others to the processor.
        let to_host = round % 2 == 1;
        let descriptor = if to_host { write(10_000, 0, 64, 0xff) } else { read(round * 64, 0, 64) };
        bench.push(Engine::Mailbox, &descriptor);
        let end = bench.cycles + 50_000;
        while !bench.all_done(Engine::Mailbox) {
            let word = rng.random_range(1024..2048);
            let value = rng.random();
            bench.write_mailbox(word, value);
            assert_eq!(bench.read_mailbox(word), value);
            assert!(bench.cycles < end);
        }
        if to_host {
            let words = &bench.host_memory.words;
            assert!(
                words[80_000..80_512] == words[512 * (round - 1)..512 * round],
                "round {round}: the list came back changed"
            );
        }
    }
    bench.check();
}

/// Cycles of a read of one beat and of a write of one, from PUSH to DONE.
fn latencies(bench: &mut Bench) -> [u64; 2] {
    [read(16_000, 3, 1), write(16_001, 3, 1, 3)].map(|descriptor| {
        bench.push(Engine::Mailbox, &descriptor);
        let start = bench.cycles;
        while !bench.all_done(Engine::Mailbox) {
            assert!(bench.cycles < start + 10_000, "the mailbox is blocked");
        }
        bench.cycles - start
    })
}

#[test]
fn bulk_transfers_delay_the_mailbox_by_a_bounded_time() {
    let model = tiny();
    let link = Timing { beats_per_64: 64, ..Timing::HOST };
    let mut bench = Bench::new(&model, link, Timing::CARD, 1);
    let idle = latencies(&mut bench);
    let up = Rows { card: 0, stride: 3000, width: 20, rows: 3000, log_group: 6 };
    let down = Rows { card: 16_000, stride: 3000, width: 20, rows: 3000, log_group: 6 };
    let bulk = [
        (Engine::HostRead, piece(0, 60_000)),
        (Engine::HostWrite, piece(60_000, 60_000)),
        (Engine::CardWrite, up.words()),
        (Engine::CardRead, down.words()),
    ];
    let mut worst = [0; 2];
    for round in 0..40 {
        for (engine, words) in &bulk {
            if bench.status(*engine) & status::FULL == 0 {
                bench.push(*engine, words);
            }
        }
        for _ in 0..[1000, 37][usize::from(round > 0)] {
            bench.cycle();
        }
        let now = latencies(&mut bench);
        worst = [worst[0].max(now[0]), worst[1].max(now[1])];
    }
    println!("read of a beat {} cycles idle, {} busy; write {} and {}", idle[0], worst[0], idle[1], worst[1]);
    assert!(idle[0] <= 240 && idle[1] <= 150, "{idle:?}");
    // At most the reads that HOST_READ has in flight, and two bursts of HOST_WRITE, come before.
    assert!(worst[0] <= idle[0] + 512 + 64 && worst[1] <= idle[1] + 3 * 64, "{worst:?}");
    bench.run([], 200_000);
}

#[test]
fn a_download_that_waits_for_the_card_does_not_block_the_mailbox() {
    // HOST_WRITE has a descriptor but nothing feeds the stream: its command must not take the write channel.
    let mut bench = Bench::new(&tiny(), Timing::HOST, Timing::CARD, 1);
    bench.push(Engine::HostWrite, &piece(0, 1000));
    for _ in 0..100 {
        bench.cycle();
    }
    latencies(&mut bench);
    let rows = Rows { card: 0, stride: 100, width: 10, rows: 100, log_group: 0 };
    bench.run([(Engine::CardRead, rows.words())], 10_000);
}
