//! A command goes from a thread through doorbell, ring fetch, firmware, completion and interrupt, and back.

use karat_abi::registers::bar0;
use karat_abi::{Engine, Stage};
use karat_driver::{After, Layout, finish};
use karat_sim::Options;
use karat_tests::{TIMEOUT, open};

#[test]
fn a_command_goes_there_and_back() {
    let (device, simulation) = open(&Options::new("tiny"));
    let counters = simulation.counters();
    println!("boot: {} cycles in {:?}", counters.cycles, counters.wall);
    let session = device.session(0, device.info().card_beats).unwrap();
    for value in [7, 0, u32::MAX] {
        let before = simulation.counters().cycles;
        let ((), completion) = finish(session.nop(value, After::Nothing).unwrap(), TIMEOUT).unwrap();
        assert_eq!(completion.result, u64::from(value));
        println!("nop: {} cycles", simulation.counters().cycles - before);
    }
    let memory = session.allocate(1024).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 128, width: 13, rows: 128 };
    let values: Vec<u64> = (0..13 * 128).map(|i| i * 0x1234_5678_9abc).collect();
    let before = simulation.counters().cycles;
    let buffer = session.buffer_from(&values).unwrap();
    finish(session.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap(), TIMEOUT).unwrap();
    println!("upload: {} cycles", simulation.counters().cycles - before);
    let buffer = session.buffer(values.len()).unwrap();
    let (buffer, _) =
        finish(session.download(buffer, &layout, 0, Stage::Download, After::Nothing).unwrap(), TIMEOUT).unwrap();
    assert_eq!(buffer.to_vec(), values);
    println!("{:?}", device.counters().unwrap());
}

/// Cycles from a doorbell to the first descriptor of a copy of one tile, once the code is in the processor's cache.
const LATENCY: u64 = 600;

#[test]
fn a_copy_starts_soon_after_its_doorbell() {
    let (device, simulation) = open(&Options::new("tiny"));
    let session = device.session(0, device.info().card_beats).unwrap();
    let memory = session.allocate(64).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 64, width: 8, rows: 64 };
    let mut latencies = vec![];
    for reads in 0..60 {
        // Each read takes a few cycles, so that the doorbell comes at every phase of the firmware's loop, and while the firmware
        // looks at the doorbell of the completion before.
        for _ in 0..reads {
            device.transport().read32(bar0::SCRATCH);
        }
        let buffer = session.buffer(8 * 64).unwrap();
        let pending = session.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap();
        // The doorbell is the last thing that a submission does.
        let doorbell = simulation.counters().cycles;
        finish(pending, TIMEOUT).unwrap();
        latencies.push(simulation.counters().started[Engine::HostRead as usize] - doorbell);
    }
    let (first, rest) = latencies.split_first().unwrap();
    let (least, most) = (rest.iter().min().unwrap(), rest.iter().max().unwrap());
    println!("doorbell to descriptor: {least} to {most} cycles, the first time {first}");
    assert!(*most <= LATENCY, "{latencies:?}");
}
