//! A command goes from a thread through doorbell, ring fetch, firmware, completion and interrupt, and back.

use karat_abi::Stage;
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
