//! Results do not depend on the timing around the card; cycles depend on nothing but the seed.

use karat::airs::AirName;
use karat::report::Usage;
use karat_sim::{Options, Timing};
use karat_tests::{card, parameters, prove};

/// A slow, jittery, stalling neighbourhood.
fn disturbed(seed: u64) -> Options {
    let disturb = |timing: Timing| Timing {
        read_latency: timing.read_latency + seed % 7 * 30,
        beats_per_64: 64 - seed % 5 * 12,
        reads: 1 + (seed % 4) as usize * 5,
        writes: 1 + (seed % 3) as usize * 4,
        jitter: seed % 6 * 20,
        back_pressure: (seed % 8) as u32 * 25,
        ..timing
    };
    let pieces = if seed.is_multiple_of(2) { 4096 } else { 2 << 20 };
    let options = Options::new("tiny");
    Options { seed, host: disturb(Timing::HOST), card: disturb(Timing::CARD), piece_bytes: pieces, ..options }
}

#[test]
fn proofs_are_the_same_under_any_timing() {
    let expected = prove(&card(&Options::new("tiny")), &parameters(1, 2, 0), AirName::Fib, 6).report;
    for seed in 1..=10 {
        let options = disturbed(seed);
        println!("seed {seed}: {options:?}");
        let report = prove(&card(&options), &parameters(1, 2, 0), AirName::Fib, 6).report;
        assert_eq!(report.proof_sha256, expected.proof_sha256);
        assert_ne!(report.usage.cycles, expected.usage.cycles, "the timing made no difference at all");
    }
}

#[test]
fn one_seed_gives_the_same_cycles_every_time() {
    for seed in [1, 9] {
        let run = || {
            let card = card(&disturbed(seed));
            let usage = prove(&card, &parameters(1, 1, 0), AirName::Fib, 5).report.usage;
            // The host's own time is its own.
            let usage = Usage { host_seconds: 0.0, ..usage };
            (usage, card.card().simulation().unwrap().counters().cycles)
        };
        assert_eq!(run(), run());
    }
}
