//! Two cards as one: what both do alike goes through, what they do not is found.

mod support;

use std::sync::Arc;

use karat_abi::{LdeArguments, Opcode, P, Stage, Submission};
use karat_driver::{After, Device, Error, Layout, Pending, Place, finish};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::{Mock, PATIENCE, PATIENT, image, sign};

/// Two cards, and the device that is both.
fn dual() -> ([Arc<Mock>; 2], Arc<Device>) {
    let mocks = [Mock::new(), Mock::new()];
    let [first, second] =
        mocks.clone().map(|mock| Device::open_with(mock, &image(), PATIENT).expect("the card comes up"));
    (mocks, Arc::new(first.compared_with(second).expect("they are alike")))
}

fn place<T: Send>(result: Result<Pending<T>, Error>) -> Place {
    match result.err().expect("the cards differ") {
        Error::Difference(difference) => difference.place,
        error => panic!("{error}"),
    }
}

/// Changes entries on their way to a card.
fn tamper(mock: &Mock, opcode: Opcode, mut change: impl FnMut(&mut Submission) + Send + 'static) {
    mock.faults().tamper = Some(Box::new(move |_, entry| {
        if entry.opcode == opcode as u8 && entry.stage != Stage::None as u32 {
            change(entry);
            sign(entry);
        }
    }));
}

#[test]
fn commands_go_through_both_cards() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mocks, device) = dual();
    let session = device.session(64, 1024).unwrap();
    let values: Vec<u64> = (0..9 * 64).map(|_| rng.random_range(0..P)).collect();
    let memory = session.allocate(128).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 64, width: 9, rows: 64 };
    // More than a queue has room for, each after the one before.
    let mut after = After::Nothing;
    for _ in 0..100 {
        let upload = session.upload(session.buffer_from(&values).unwrap(), &layout, Stage::Upload, after).unwrap();
        after = After::Command(upload.id());
        assert_eq!(finish(upload, PATIENCE).unwrap().0.to_vec(), values);
    }
    let [ours, theirs] = mocks.map(|mock| mock.card_memory(layout.first, 128));
    assert!(ours == theirs && ours[5][3] == values[5 * 9 + 3]);
    let gather = session.gather(session.buffer(18).unwrap(), &layout, &[7, 2], Stage::Query, After::All).unwrap();
    let ((rows, _), _) = finish(gather, PATIENCE).unwrap();
    assert_eq!(rows.to_vec(), [&values[63..72], &values[18..27]].concat());
}

#[test]
fn a_command_that_both_refuse_is_no_difference() {
    let (_, device) = dual();
    let session = device.session(0, 1024).unwrap();
    // What it says that it writes is nonsense.
    let arguments = LdeArguments { shift: 1, tiles: u32::MAX, log_rows: 99, ..Default::default() };
    match finish(session.lde(&arguments, Stage::Lde, After::Nothing).unwrap(), PATIENCE) {
        Err(Error::Command { opcode: Opcode::Lde, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(finish(session.nop(5, After::All).unwrap(), PATIENCE).unwrap().1.result, 5);
}

#[test]
fn a_command_that_one_refuses_is_a_difference() {
    let (mocks, device) = dual();
    let session = device.session(0, 1024).unwrap();
    tamper(&mocks[1], Opcode::Upload, |entry| entry.rows = 0);
    let layout = Layout { first: session.allocate(1).unwrap().first(), tile_stride: 1, width: 8, rows: 1 };
    let buffer = session.buffer(8).unwrap();
    let error = session.upload(buffer, &layout, Stage::Upload, After::Nothing).err().unwrap().to_string();
    assert!(error.contains("its status is success on mock and the number of rows is zero"), "{error}");
    assert_eq!(session.nop(5, After::Nothing).err().unwrap().to_string(), error, "nothing goes on");
    let other = device.session(2048, 1024).unwrap();
    assert_eq!(other.nop(5, After::Nothing).err().unwrap().to_string(), error, "in no session");
}

#[test]
fn rows_that_come_to_the_host_are_compared() {
    let (mocks, device) = dual();
    let session = device.session(0, 1024).unwrap();
    let memory = session.allocate(128).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 64, width: 9, rows: 64 };
    let values: Vec<u64> = (0..9 * 64).collect();
    let upload = session.upload(session.buffer_from(&values).unwrap(), &layout, Stage::Upload, After::Nothing);
    finish(upload.unwrap(), PATIENCE).unwrap();
    // The second card's row is another.
    tamper(&mocks[1], Opcode::Download, |entry| entry.param += 1);
    let part = Layout { rows: 1, ..layout };
    let download = session.download(session.buffer(9).unwrap(), &part, 6, Stage::Download, After::All);
    assert_eq!(place(download), Place::Host { row: 6, column: 0 });
}

#[test]
fn tiles_are_compared() {
    let (mocks, device) = dual();
    let session = device.session(0, 1024).unwrap();
    let memory = session.allocate(128).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 64, width: 9, rows: 63 };
    // The second card's second tile is one beat before.
    tamper(&mocks[1], Opcode::Upload, |entry| entry.tile_stride -= 1);
    let values: Vec<u64> = (0..9 * 63).collect();
    let upload = session.upload(session.buffer_from(&values).unwrap(), &layout, Stage::Upload, After::Nothing);
    assert_eq!(place(upload), Place::Matrix { first: layout.first, row: 0, column: 8 });
}
