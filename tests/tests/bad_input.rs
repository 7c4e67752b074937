//! Bad input on the cycle-accurate card: an error that names what was wrong, and the next command works.

use karat_abi::registers::{DOORBELL, DOORBELL_STRIDE};
use karat_abi::{LdeArguments, MatrixArguments, MerkleArguments, Opcode, Stage, Status, Submission};
use karat_driver::{After, Error, Layout, Session, finish};
use karat_sim::Options;
use karat_tests::{TIMEOUT, card, open};

/// Insists on a refusal with this status, and that the card goes on.
fn refused<T: Send + 'static>(
    session: &Session,
    what: &str,
    pending: Result<karat_driver::Pending<T>, Error>,
    due: Status,
) {
    match finish(pending.expect("it is submitted"), TIMEOUT) {
        Err(Error::Command { status, .. }) => assert_eq!(status, due, "{what}"),
        Err(error) => panic!("{what}: {error}"),
        Ok(_) => panic!("{what}: the card did it"),
    }
    let (_, completion) = finish(session.nop(7, After::Nothing).unwrap(), TIMEOUT).unwrap();
    assert_eq!(completion.result, 7, "after {what}");
}

#[test]
fn refused_commands_name_the_fault_and_the_card_goes_on() {
    let (device, _) = open(&Options::new("tiny"));
    let session = device.session(0, 4096).unwrap();
    let memory = session.allocate(1024).unwrap();
    let good = Layout { first: memory.first(), tile_stride: 64, width: 8, rows: 64 };
    let upload = |layout: Layout, words: usize| {
        let buffer = session.buffer(words).unwrap();
        session.upload(buffer, &layout, Stage::None, After::Nothing)
    };
    refused(&session, "no rows", upload(Layout { rows: 0, ..good }, 1), Status::Rows);
    refused(&session, "no columns", upload(Layout { width: 0, ..good }, 1), Status::Width);
    refused(&session, "a short buffer", upload(good, 8 * 63), Status::HostRange);
    refused(&session, "an end outside the session", upload(Layout { first: 4095, ..good }, 8 * 64), Status::CardRange);
    refused(&session, "a start far outside", upload(Layout { first: u32::MAX, ..good }, 8 * 64), Status::CardRange);
    let huge = Layout { tile_stride: 1 << 30, width: 16, ..good };
    refused(&session, "a stride out of the session", upload(huge, 16 * 64), Status::CardRange);

    let gather = |indices: &[u32]| {
        let buffer = session.buffer(8 * indices.len()).unwrap();
        session.gather(buffer, &good, indices, Stage::None, After::Nothing)
    };
    refused(&session, "an index past the matrix", gather(&[0, 64]), Status::Index);

    let lde = LdeArguments {
        shift: 7,
        source: memory.first(),
        source_stride: 64,
        destination: memory.first() + 128,
        destination_stride: 128,
        tiles: 1,
        log_rows: 6,
        log_blowup: 1,
        ..Default::default()
    };
    let extend = |arguments: LdeArguments| session.lde(&arguments, Stage::None, After::Nothing);
    refused(&session, "no shift", extend(LdeArguments { shift: 0, ..lde }), Status::Argument);
    refused(&session, "2^25 rows", extend(LdeArguments { log_rows: 25, ..lde }), Status::Argument);
    refused(&session, "a target outside", extend(LdeArguments { destination: 4000, ..lde }), Status::CardRange);

    let tree = MerkleArguments { heap: memory.first() + 512, matrices: 1, ..Default::default() };
    let matrix = MatrixArguments { card: memory.first(), tile_stride: 64, width: 8, log_rows: 6 };
    let commit = |tree: MerkleArguments, matrices: &[MatrixArguments]| {
        session.merkle(&tree, matrices, Stage::None, After::Nothing)
    };
    refused(&session, "a tree without constants", commit(tree, &[matrix]), Status::NoConstants);

    let raw = |submission: Submission, opcode: Opcode| session.raw(opcode, submission, ());
    refused(&session, "an admin command", raw(Submission::default(), Opcode::Counters), Status::UnknownOpcode);

    // And the good one at the end.
    finish(upload(good, 8 * 64).unwrap(), TIMEOUT).unwrap();
    finish(extend(lde).unwrap(), TIMEOUT).unwrap();
}

#[test]
fn a_session_does_not_reach_another_s_memory() {
    let (device, _) = open(&Options::new("tiny"));
    let (mine, theirs) = (device.session(0, 1024).unwrap(), device.session(1024, 1024).unwrap());
    let layout = Layout { first: 1024, tile_stride: 64, width: 8, rows: 64 };
    let upload = |session: &Session| {
        let buffer = session.buffer(8 * 64).unwrap();
        session.upload(buffer, &layout, Stage::None, After::Nothing)
    };
    refused(&mine, "another session's memory", upload(&mine), Status::CardRange);
    finish(upload(&theirs).unwrap(), TIMEOUT).unwrap();
}

#[test]
fn a_doorbell_past_the_ring_freezes_its_queue_alone() {
    let (device, _) = open(&Options::new("tiny"));
    let queue = device.create_queue(16).unwrap();
    device.transport().write32(DOORBELL + queue.number() * DOORBELL_STRIDE, 16);
    let session = device.session(0, 1024).unwrap();
    finish(session.nop(1, After::Nothing).unwrap(), TIMEOUT).expect("the other queue goes on");
    device.delete_queue(&queue).expect("a frozen queue can be deleted");
    device.create_queue(16).expect("and made again");
}

#[test]
fn a_trace_larger_than_card_memory_is_refused_before_anything_is_uploaded() {
    use karat::backend::Backend;
    use p3_field::PrimeCharacteristicRing;
    use p3_goldilocks::Goldilocks;
    use p3_matrix::dense::RowMajorMatrix;
    let options = Options { card_beats: 4096, ..Options::new("tiny") };
    let card = card(&options);
    let matrix = |rows: usize| RowMajorMatrix::new(vec![Goldilocks::ONE; rows * 9], 9);
    let before = card.usage().unwrap();
    let error = card.upload(&matrix(4096), Stage::Upload).err().expect("it does not fit");
    assert!(karat_tests::chain(&error).contains("4096"), "{}", karat_tests::chain(&error));
    assert_eq!(card.usage().unwrap().bytes_to_card, before.bytes_to_card);
    let there = card.upload(&matrix(1024), Stage::Upload).unwrap();
    assert_eq!(card.download(&there, 0..1024, Stage::Download).unwrap(), matrix(1024));
}
