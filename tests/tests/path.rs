//! The path is real: what goes wrong on the way is seen in the proof, and nothing bypasses the card.

use karat::airs::{AirName, Statement};
use karat::backend::Backend;
use karat_abi::image::HEADER_BYTES;
use karat_abi::{Engine, HashFunction, Stage};
use karat_driver::{Device, Error};
use karat_sim::firmware::{Build, image};
use karat_sim::{CardPort, Fault, Options, SimTransport, Way};
use karat_tests::{accept, card, chain, open, parameters, prove, run, run_resident};
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;
use std::sync::Arc;

/// Clients of the card's memory port, which are the ids of its bursts.
const CARD_WRITE: u64 = 0;
const CARD_READ: u64 = 0;
const NTT: u64 = 1;
const HASH: u64 = 2;
/// Clients of the port to host memory.
const MAILBOX: u64 = 0;
const BULK: u64 = 1;

/// Flips a bit of one word on its way and insists that the run fails.
fn corrupted(port: CardPort, way: Way, id: u64, beat: u64, word: usize) {
    corrupted_by(port, &[Fault { way, id, beat, word, mask: 1 << 17 }]);
}

/// Insists that the run fails with these faults; the same run without them has succeeded.
fn corrupted_by(port: CardPort, faults: &[Fault]) {
    let card = card(&Options::new("tiny"));
    let statement = || Statement::random(AirName::Fib, 5, 1).unwrap();
    let parameters = parameters(1, 1, 0);
    prove(&card, &parameters, AirName::Fib, 5);
    let simulation = card.card().simulation().unwrap();
    faults.iter().for_each(|fault| simulation.inject(port, *fault));
    match run(&card, &parameters, statement()) {
        Err(error) => println!("{port:?} {faults:?}: {}", chain(&error)),
        Ok(outcome) => {
            let error = outcome.verdict.expect_err("a corrupted word went unnoticed");
            println!("{port:?} {faults:?}: {}", chain(&error));
        }
    }
}

#[test]
fn a_corrupted_word_of_the_upload_fails_the_run() {
    corrupted(CardPort::Host, Way::Read, BULK, 0, 0);
}

#[test]
fn a_corrupted_word_of_the_download_fails_the_run() {
    // The first beat down is that of the trace's root, in its upper half.
    corrupted(CardPort::Host, Way::Write, BULK, 0, 5);
}

#[test]
fn a_corrupted_word_of_the_card_writer_fails_the_run() {
    corrupted(CardPort::Card, Way::Write, CARD_WRITE, 3, 1);
}

#[test]
fn a_corrupted_word_of_the_card_reader_fails_the_run() {
    corrupted(CardPort::Card, Way::Read, CARD_READ, 0, 5);
}

#[test]
fn a_corrupted_word_of_the_transform_s_output_fails_the_run() {
    corrupted(CardPort::Card, Way::Write, NTT, 5, 0);
}

#[test]
fn a_corrupted_word_of_the_hash_s_output_fails_the_run() {
    corrupted(CardPort::Card, Way::Write, HASH, 3, 0);
}

#[test]
fn a_corrupted_queue_entry_fails_the_run() {
    corrupted(CardPort::Host, Way::Read, MAILBOX, 2, 3);
}

#[test]
fn a_corrupted_completion_fails_the_run() {
    // Before the first command's completion the card writes the counters that a report begins with, and their completion. Its
    // place in its beat does not matter: the other three are not written. Status, id and queue.
    for mask in [1 << 49, 1 << 32, 1 << 17] {
        let words = [1, 3, 5, 7].map(|word| Fault { way: Way::Write, id: MAILBOX, beat: 8, word, mask });
        corrupted_by(CardPort::Host, &words);
    }
}

#[test]
fn a_corrupted_word_of_the_firmware_image_fails_the_boot() {
    let mut damaged = image(Build::Normal).unwrap();
    let place = damaged.len() / 2;
    damaged[place] ^= 4;
    let transport = Arc::new(SimTransport::open(&Options::new("tiny")).unwrap());
    // The driver sees it before it loads it.
    assert!(matches!(Device::open(transport, &damaged), Err(Error::Image(_))));
}

#[test]
fn a_foreign_boot_image_fails_the_handshake() {
    let mut foreign = image(Build::Normal).unwrap();
    // The contract's hash, after magic and version.
    foreign[8] ^= 1;
    assert!(foreign.len() > HEADER_BYTES as usize);
    let transport = Arc::new(SimTransport::open(&Options::new("tiny")).unwrap());
    let error = Device::open(transport, &foreign).err().expect("a foreign image must not boot");
    assert!(matches!(error, Error::Contract { part: "boot image", .. }), "{error}");
}

#[test]
fn a_panic_of_the_firmware_reaches_the_host() {
    let panicking = image(Build::DeliberatePanic).unwrap();
    let transport = Arc::new(SimTransport::open(&Options::new("tiny")).unwrap());
    let error = match Device::open(transport, &panicking) {
        Err(error) => error,
        // It may come up before it panics: then the first wait sees it.
        Ok(device) => device.counters().expect_err("the firmware has panicked"),
    };
    let Error::Fatal { cause, log, .. } = &error else { panic!("{error}") };
    assert!(cause.contains("panic"), "{error}");
    assert!(log.contains("panic"), "{error}");
}

#[test]
fn the_host_s_trace_is_not_looked_at_after_the_upload() {
    let card = card(&Options::new("tiny"));
    let constants = parameters(1, 1, 0).constants;
    card.load_constants(&constants).unwrap();
    let values = |salt: u64| -> RowMajorMatrix<Goldilocks> {
        RowMajorMatrix::new((0..64 * 3).map(|i| Goldilocks::from_u64(i * i + salt)).collect(), 3)
    };
    let root = |scribble: bool| {
        let mut trace = values(0);
        let there = card.upload(&trace, Stage::Upload).unwrap();
        if scribble {
            trace.values.fill(Goldilocks::ZERO);
        }
        let extended = card.lde(&there, 1, Goldilocks::from_u64(7), Stage::Lde).unwrap();
        card.merkle(&[&extended], 0, HashFunction::Poseidon2, Stage::Commit).unwrap().0
    };
    assert_eq!(root(false), root(true));
}

#[test]
fn every_engine_works_for_a_proof() {
    let card = card(&Options::new("tiny"));
    let statement = Statement::random(AirName::Fib, 4, 1).unwrap();
    let usage = accept(run_resident(&card, &parameters(1, 1, 0), statement)).report.usage;
    for engine in Engine::ALL {
        let busy = usage.engines.iter().find(|usage| usage.name == engine.name()).map(|usage| usage.busy_cycles);
        assert!(busy > Some(0), "{} was never busy", engine.name());
    }
    let (device, _) = open(&Options::new("tiny"));
    assert_eq!(device.counters().unwrap().engines[Engine::Ntt as usize].busy, 0, "nothing was asked of it");
}
