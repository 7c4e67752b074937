//! Errors of the buses are reported by the engine that met them, and by no other.

mod support;

use karat_abi::engine::{Engine, mailbox, status};
use karat_ports::{Fault, Timing, Way};
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;
use support::{Bench, Rows, piece, tiny};

/// First word past host memory, as a word index of `piece`.
const BEYOND: usize = 8 << 14;

fn rows(card: usize) -> Rows {
    Rows { card, stride: 20, width: 8, rows: 20, log_group: 2 }
}

#[test]
fn each_engine_reports_its_own_error_and_goes_on() {
    let model = tiny();
    let far = rows(1 << 20).words();
    let near = rows(100).words();
    let beyond = (support::HOST_BASE >> 6) as usize + (1 << 14);
    let beat = |direction| {
        let address = (beyond as u64) << 6;
        vec![address as u32, (address >> 32) as u32, 0, 2, direction]
    };
    let cases = [
        (Engine::Mailbox, vec![(Engine::Mailbox, beat(0))]),
        (Engine::Mailbox, vec![(Engine::Mailbox, beat(mailbox::WRITE | 0xff))]),
        (Engine::HostRead, vec![(Engine::HostRead, piece(BEYOND - 80, 160)), (Engine::CardWrite, near.clone())]),
        (Engine::CardWrite, vec![(Engine::HostRead, piece(3, 160)), (Engine::CardWrite, far.clone())]),
        (Engine::CardRead, vec![(Engine::CardRead, far), (Engine::HostWrite, piece(3, 160))]),
        (Engine::HostWrite, vec![(Engine::CardRead, near.clone()), (Engine::HostWrite, piece(BEYOND - 80, 160))]),
    ];
    for (guilty, jobs) in cases {
        let mut bench = Bench::new(&model, Timing::HOST, Timing::CARD, 5);
        bench.run(jobs, 20_000);
        for engine in &Engine::ALL[..5] {
            let error = bench.status(*engine) & status::ERROR != 0;
            assert_eq!(error, *engine == guilty, "{}: ERROR while {} was at fault", engine.name(), guilty.name());
        }
        // The next transfers work.
        let words = bench.host_memory.words[9..169].to_vec();
        bench.run([(Engine::HostRead, piece(9, 160)), (Engine::CardWrite, near.clone())], 20_000);
        bench.run([(Engine::CardRead, near.clone()), (Engine::HostWrite, piece(1005, 160))], 20_000);
        let expected: Vec<u64> = words.iter().map(|word| Goldilocks::new(*word).as_canonical_u64()).collect();
        assert!(bench.host_memory.words[1005..1165] == expected[..], "after an error of {}", guilty.name());
    }
}

/// What a test compares is what went over the pins: a flipped bit on any of the four bulk ways shows at the end.
#[test]
fn a_flipped_bit_on_any_bus_shows() {
    let model = tiny();
    let shape = rows(100);
    let round_trip = |faults: [Option<Fault>; 2]| {
        let mut bench = Bench::new(&model, Timing::HOST, Timing::CARD, 5);
        if let Some(fault) = faults[0] {
            bench.host.inject(fault);
        }
        if let Some(fault) = faults[1] {
            bench.card.inject(fault);
        }
        bench.host_memory.words[9..169].fill(5);
        bench.run([(Engine::HostRead, piece(9, 160)), (Engine::CardWrite, shape.words())], 20_000);
        bench.run([(Engine::CardRead, shape.words()), (Engine::HostWrite, piece(1005, 160))], 20_000);
        bench.host_memory.words[1005..1165].iter().filter(|word| **word != 5).count()
    };
    assert_eq!(round_trip([None, None]), 0);
    for way in [Way::Read, Way::Write] {
        let fault = |id| Some(Fault { way, id, beat: 7, word: 3, mask: 1 << 40 });
        assert_eq!(round_trip([fault(1), None]), 1, "host {way:?}");
        assert_eq!(round_trip([None, fault(0)]), 1, "card {way:?}");
    }
}
