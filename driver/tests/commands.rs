//! What commands do, and that a refused one harms no other.

mod support;

use karat_abi::{P, Stage, Status, Submission, queue::NO_COMMAND};
use karat_driver::{After, Error, Layout, Session, finish};
use karat_firmware::testing::Limits;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::{Mock, PATIENCE, session, session_on};

/// A matrix in memory of the session, with no gap between its tiles.
fn layout(session: &Session, width: u32, rows: u32) -> (karat_driver::CardMemory, Layout) {
    let memory = session.allocate(Layout::tiles(width) * rows).expect("there is room");
    let layout = Layout { first: memory.first(), tile_stride: rows, width, rows };
    (memory, layout)
}

fn status<T>(result: Result<T, Error>) -> (Status, u64) {
    match result.err().expect("the command is refused") {
        Error::Command { status, result, .. } => (status, result),
        error => panic!("{error}"),
    }
}

#[test]
fn nop_returns_its_value() {
    let (_, device, session) = session();
    for value in [0, 1, 0x1234_5678, u32::MAX] {
        let (_, completion) = finish(session.nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
        assert_eq!((completion.result, completion.queue), (value.into(), 1));
    }
    assert_eq!(device.queue().commands(), 4);
}

#[test]
fn rows_come_back_canonical_through_tiles_and_pieces() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    // One piece, pieces of a beat (lists chained through pieces of three segments and a link), pieces that cut rows.
    for piece_bytes in [1 << 20, 64, 192, 4096] {
        let (mock, _device, session) = session_on(Mock::with(piece_bytes, Limits::default()));
        for (width, log_rows) in [(1, 0), (1, 6), (2, 3), (3, 5), (7, 2), (8, 4), (9, 3), (17, 5), (100, 1), (600, 0)] {
            let rows = 1 << log_rows;
            let (_memory, layout) = layout(&session, width, rows);
            let edges = [0, 1, P - 1, P, P + 1, u64::MAX];
            let values: Vec<u64> = (0..width * rows)
                .map(|_| if rng.random_ratio(1, 4) { edges[rng.random_range(0..6)] } else { rng.random() })
                .collect();
            let canonical: Vec<u64> = values.iter().map(|value| value % P).collect();

            let buffer = session.buffer_from(&values).unwrap();
            let upload = session.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap();
            let (buffer, _) = finish(upload, PATIENCE).unwrap();
            assert_eq!(buffer.to_vec(), values, "an upload leaves its buffer alone");
            let beats = mock.card_memory(layout.first, Layout::tiles(width) * rows);
            for (i, value) in canonical.iter().enumerate() {
                let (row, column) = (i / width as usize, i % width as usize);
                assert_eq!(beats[column / 8 * rows as usize + row][column % 8], *value, "row {row}, column {column}");
            }

            let first = rng.random_range(0..rows);
            let part = Layout { rows: rows - first, ..layout };
            let buffer = session.buffer((width * part.rows) as usize).unwrap();
            let download = session.download(buffer, &part, first, Stage::Download, After::Nothing).unwrap();
            let (buffer, _) = finish(download, PATIENCE).unwrap();
            assert_eq!(buffer.to_vec(), canonical[(first * width) as usize..], "{width} x {rows} from row {first}");

            let indices: Vec<u32> = (0..rng.random_range(1..=70)).map(|_| rng.random_range(0..rows)).collect();
            let buffer = session.buffer(width as usize * indices.len()).unwrap();
            let gather = session.gather(buffer, &layout, &indices, Stage::Query, After::Nothing).unwrap();
            let ((buffer, _), _) = finish(gather, PATIENCE).unwrap();
            let rows = indices.iter().flat_map(|row| &canonical[(row * width) as usize..][..width as usize]);
            assert_eq!(buffer.to_vec(), rows.copied().collect::<Vec<_>>(), "{width} columns, rows {indices:?}");
        }
        assert_eq!(mock.host.misses(), 0, "pieces of {piece_bytes} bytes");
    }
}

#[test]
fn commands_wait_for_what_they_are_told_to() {
    let seed = rand::random();
    println!("seed {seed}");
    let (_, _device, session) = session_on(Mock::with(256, Limits { seed, delay: 200, ..Limits::default() }));
    let (_memory, layout) = layout(&session, 9, 64);
    for round in 0..20u64 {
        let values: Vec<u64> = (0..9 * 64).map(|i| round << 32 | i).collect();
        let upload = session.upload(session.buffer_from(&values).unwrap(), &layout, Stage::Upload, After::All).unwrap();
        let after = if round % 2 == 0 { After::Command(upload.id()) } else { After::All };
        let buffer = session.buffer(9 * 64).unwrap();
        let download = session.download(buffer, &layout, 0, Stage::Download, after).unwrap();
        let (buffer, _) = finish(download, PATIENCE).unwrap();
        assert_eq!(buffer.to_vec(), values, "round {round}");
        finish(upload, PATIENCE).unwrap();
    }
}

#[test]
fn refused_commands_name_what_is_wrong_and_the_card_goes_on() {
    let (mock, device, session) = session();
    let beats = device.info().card_beats - 64;
    let (_memory, good) = layout(&session, 4, 16);
    let upload = |layout: Layout, words: usize| {
        let buffer = session.buffer(words).unwrap();
        finish(session.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap(), PATIENCE)
    };
    let outside = u64::from(beats) - 15;
    for (layout, words, expected) in [
        (Layout { rows: 0, ..good }, 0, (Status::Rows, 0)),
        (Layout { width: 0, ..good }, 0, (Status::Width, 0)),
        (Layout { width: 5, ..good }, 64, (Status::HostRange, 512)),
        (Layout { first: beats - 15, ..good }, 64, (Status::CardRange, outside)),
        (Layout { first: u32::MAX, ..good }, 64, (Status::CardRange, u32::MAX.into())),
        (Layout { width: 9, tile_stride: u32::MAX, ..good }, 144, (Status::CardRange, good.first.into())),
        (Layout { width: 9, tile_stride: 15, ..good }, 144, (Status::CardRange, good.first.into())),
    ] {
        assert_eq!(status(upload(layout, words)), expected, "{layout:?}");
    }
    let gather = session.gather(session.buffer(8).unwrap(), &good, &[3, 16], Stage::Query, After::Nothing).unwrap();
    assert_eq!(status(finish(gather, PATIENCE)), (Status::Index, 16));
    let gather = session.gather(session.buffer(0).unwrap(), &good, &[], Stage::Query, After::Nothing).unwrap();
    assert_eq!(status(finish(gather, PATIENCE)), (Status::Rows, 0));
    upload(good, 64).expect("the card goes on");
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn unknown_opcodes_and_those_of_the_other_kind_of_queue_are_refused() {
    let (mock, _device, session) = session();
    for opcode in [0, 1, 6, 7, 0x0f, 0x14, 0x21, 0x32, 0xff] {
        mock.faults().tamper = Some(Box::new(move |_, entry| {
            entry.opcode = opcode;
            support::sign(entry);
        }));
        let nop = session.nop(7, After::Nothing).unwrap();
        assert_eq!(status(finish(nop, PATIENCE)), (Status::UnknownOpcode, opcode.into()));
        mock.faults().tamper = None;
        let (_, completion) = finish(session.nop(7, After::Nothing).unwrap(), PATIENCE).unwrap();
        assert_eq!(completion.result, 7);
    }
}

#[test]
fn segment_lists_that_loop_or_lie_are_refused() {
    use karat_abi::queue::{Segment, segment};
    let (mock, _device, session) = session();
    let (_memory, layout) = layout(&session, 8, 8);
    let transport = session.device().transport();
    let data = transport.allocate(512, karat_driver::Contiguity::Whole).unwrap();
    let piece = |len| Segment { address: data.address(), len, kind: segment::DATA };
    let next = |address, len| Segment { address, len, kind: segment::NEXT };
    let submit = |entries: &dyn Fn(u64) -> Vec<Segment>| {
        let list = transport.allocate(4096, karat_driver::Contiguity::Whole).unwrap();
        let entries = entries(list.address());
        list.write(0, bytemuck::cast_slice(&entries));
        let submission = Submission {
            host: list.address(),
            host_len: 512,
            segments: entries.len() as u32,
            card: layout.first,
            tile_stride: 8,
            width: 8,
            rows: 8,
            after: NO_COMMAND,
            ..Default::default()
        };
        finish(session.raw(karat_abi::Opcode::Upload, submission, list).unwrap(), PATIENCE)
    };
    submit(&|_| vec![piece(128), piece(384)]).expect("a good list");
    submit(&|list| vec![piece(128), next(list + 64, 1), piece(0), piece(0), piece(384)])
        .expect_err("entries behind a link");
    let looping = submit(&|list| vec![piece(8), next(list, 2)]);
    assert_eq!(status(looping).0, Status::SegmentList);
    let links_only = submit(&|list| vec![next(list, 1)]);
    assert_eq!(status(links_only).0, Status::SegmentList);
    for entries in [vec![piece(504)], vec![piece(512), piece(8)], vec![piece(0), piece(512)]] {
        assert_eq!(status(submit(&|_| entries.clone())).0, Status::SegmentList, "{entries:?}");
    }
    let unknown = Segment { kind: 2, ..piece(512) };
    assert_eq!(status(submit(&|_| vec![unknown])), (Status::SegmentList, 2));
    let crooked = Segment { address: data.address() + 4, ..piece(512) };
    assert_eq!(status(submit(&|_| vec![crooked])), (Status::HostRange, data.address() + 4));
    submit(&|_| vec![piece(512)]).expect("the card goes on");
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn buffers_that_no_command_can_name_are_refused() {
    let (_, _device, session) = session();
    for words in [1 << 29, usize::MAX] {
        assert!(matches!(session.buffer(words), Err(Error::Length { .. })), "{words}");
    }
}

#[test]
fn sessions_own_disjoint_ranges_and_nothing_else() {
    let mock = Mock::new();
    let device = mock.open();
    let beats = device.info().card_beats;
    let first = device.session(0, 1024).unwrap();
    let second = device.session(1024, 1024).unwrap();
    for (start, len, expected) in [
        (960, 128, Status::NoSession),
        (0, 64, Status::NoSession),
        (beats, 64, Status::CardRange),
        (0, beats + 64, Status::CardRange),
    ] {
        assert_eq!(status(device.session(start, len)).0, expected, "{start} + {len}");
    }
    for (start, len) in [(2049, 64), (2048, 65)] {
        assert!(matches!(device.session(start, len), Err(Error::Length { .. })), "{start} + {len}");
    }
    let (_memory, layout) = layout(&second, 8, 8);
    let foreign = first.upload(first.buffer(64).unwrap(), &layout, Stage::Upload, After::Nothing).unwrap();
    assert_eq!(status(finish(foreign, PATIENCE)), (Status::CardRange, layout.first.into()));
    let own = second.upload(second.buffer(64).unwrap(), &layout, Stage::Upload, After::Nothing).unwrap();
    finish(own, PATIENCE).unwrap();
    drop(first);
    drop(device.session(0, 1024).expect("the range is free again"));

    // A handle on another queue keeps the session.
    let queue = device.create_queue(8).unwrap();
    let handle = second.on(&queue);
    drop(second);
    let (_, completion) = finish(handle.nop(1, After::Nothing).unwrap(), PATIENCE).unwrap();
    assert_eq!(u32::from(completion.queue), queue.number());
    assert_eq!(status(device.session(1024, 64)).0, Status::NoSession);
    drop(handle);
    device.session(1024, 64).unwrap();

    let mut all = Vec::new();
    let error = loop {
        match device.session(all.len() as u32 * 64, 64) {
            Ok(session) => all.push(session),
            Err(error) => break error,
        }
        assert!(all.len() < 1000);
    };
    assert!(matches!(error, Error::Command { status: Status::NoSession, .. }), "{error}");
    assert!(all.len() >= 4, "{} sessions", all.len());
}

#[test]
fn programs_take_their_descriptors_along() {
    use karat_abi::VectorPass;
    use karat_abi::engine::vector::{self as words, shape};
    use karat_abi::vector::{Instruction, Load, Operand, Sum, SumOp};
    let (mock, _device, session) = session();
    // Twice the two words of every row.
    let output = |word| {
        let a = Operand::Tile(0, word);
        Instruction {
            sum: Some(Sum { op: SumOp::Add, a, b: a, to: 0, exchange: 0, output: true }),
            need: 1 - word,
            release: word,
            last: word == 1,
            ..Default::default()
        }
    };
    let rows = 64;
    let memory = session.allocate(3 * rows / 4 + 2).unwrap();
    let mut image: Vec<u64> = [output(0), output(1)].iter().flat_map(Instruction::encode).collect();
    image.resize(8, 0);
    image.push(Load::default().encode());
    image.resize(16, 0);
    image.extend(0..2 * u64::from(rows));
    let layout = Layout { first: memory.first(), tile_stride: 0, width: 8, rows: 32 };
    image.resize(8 * 32, 0);
    let upload = session.upload(session.buffer_from(&image).unwrap(), &layout, Stage::Upload, After::Nothing).unwrap();
    let mut pass = VectorPass::default();
    let source = memory.first() + 2;
    let beats = rows / 4;
    for (index, value) in [
        (words::PROGRAM, memory.first()),
        (words::INSTRUCTIONS, 2),
        (words::LOADS, memory.first() + 1),
        (words::LOAD_COUNT, 1),
        (words::TABLE, source),
        (words::RUNS, rows / 2 / 8),
        (words::SHAPE, 1 << shape::LOG_WORDS | 1 << shape::INITIAL_LOADS | shape::WRITES),
        (words::OUTPUT, source + beats),
        (words::MATRIX_SHAPES, 1),
        (words::MATRIX, source),
        (words::MATRIX + 2, 1),
    ] {
        pass.words[index] = value;
    }
    // The second pass goes on where the first ends.
    let mut behind = pass;
    behind.words[words::OUTPUT] += beats / 2;
    behind.words[words::MATRIX] += beats / 2;
    let vector = session.vector(&[pass, behind], Stage::Quotient, After::Command(upload.id())).unwrap();
    finish(vector, PATIENCE).unwrap();
    finish(upload, PATIENCE).unwrap();
    let found = mock.card_memory(source + beats, beats);
    assert_eq!(found.concat(), (0..2 * u64::from(rows)).map(|word| 2 * word).collect::<Vec<_>>());
    let refused = session.vector(&[pass, VectorPass::default()], Stage::Quotient, After::Nothing).unwrap();
    assert_eq!(status(finish(refused, PATIENCE)), (Status::Argument, 28 + words::INSTRUCTIONS as u64));
    for passes in [0, 5] {
        let refused = session.vector(&vec![pass; passes], Stage::Quotient, After::Nothing).unwrap();
        assert_eq!(status(finish(refused, PATIENCE)).0, Status::HostRange, "{passes} passes");
    }
}

#[test]
fn counters_count() {
    let (_, device, session) = session();
    let (_memory, layout) = layout(&session, 8, 64);
    let before = device.counters().unwrap();
    let upload = session.upload(session.buffer(512).unwrap(), &layout, Stage::Upload, After::Nothing).unwrap();
    finish(upload, PATIENCE).unwrap();
    let after = device.counters().unwrap();
    assert!(after.cycles > before.cycles);
    assert_eq!(after.commands - before.commands, 2, "the upload and the first look");
    let busy = |engine: karat_abi::Engine| after.engines[engine as usize].busy - before.engines[engine as usize].busy;
    assert!(busy(karat_abi::Engine::HostRead) > 0 && busy(karat_abi::Engine::CardWrite) > 0);
    assert_eq!(busy(karat_abi::Engine::HostWrite), 0);
}

#[test]
fn round_constants_come_in_full() {
    let (_, device, _session) = session();
    for given in [0, 85, 87] {
        let error = device.load_constants(&vec![1; given]).expect_err("wrong number");
        assert!(matches!(error, Error::Length { expected: 86, .. }), "{error}");
    }
    device.load_constants(&[1; 86]).unwrap();
}

#[test]
fn extensions_and_trees_take_their_arguments_along() {
    use karat_abi::{LdeArguments, MatrixArguments, MerkleArguments};
    let (mock, device, session) = session();
    let (width, log_rows, log_blowup) = (9, 4, 2);
    let (_source, from) = layout(&session, width, 1 << log_rows);
    let (_destination, to) = layout(&session, width, 1 << (log_rows + log_blowup));
    // Columns that are constant stay so on any coset.
    let columns: Vec<u64> = (0..u64::from(width)).map(|column| P - 1 - column).collect();
    let buffer = session.buffer_from(&columns.repeat(1 << log_rows)).unwrap();
    let upload = session.upload(buffer, &from, Stage::Upload, After::Nothing).unwrap();
    let arguments = LdeArguments {
        shift: 7,
        source: from.first,
        source_stride: from.tile_stride,
        destination: to.first,
        destination_stride: to.tile_stride,
        tiles: Layout::tiles(width),
        log_rows,
        log_blowup,
        ..Default::default()
    };
    let lde = session.lde(&arguments, Stage::Lde, After::Command(upload.id())).unwrap();
    let buffer = session.buffer((to.rows * width) as usize).unwrap();
    let download = session.download(buffer, &to, 0, Stage::Download, After::Command(lde.id())).unwrap();
    assert_eq!(finish(download, PATIENCE).unwrap().0.to_vec(), columns.repeat(to.rows as usize));
    finish(upload, PATIENCE).unwrap();
    finish(lde, PATIENCE).unwrap();
    let zero = LdeArguments { shift: 0, ..arguments };
    let refused = session.lde(&zero, Stage::Lde, After::Nothing).unwrap();
    assert_eq!(status(finish(refused, PATIENCE)).0, Status::Argument);

    let heap = session.allocate(to.rows).unwrap();
    let arguments = MerkleArguments { heap: heap.first(), matrices: 1, ..Default::default() };
    let matrix =
        MatrixArguments { card: to.first, tile_stride: to.tile_stride, width, log_rows: log_rows + log_blowup };
    let merkle = |arguments: &MerkleArguments| {
        finish(session.merkle(arguments, &[matrix], Stage::Commit, After::Nothing).unwrap(), PATIENCE)
    };
    assert_eq!(status(merkle(&arguments)).0, Status::NoConstants);
    device.load_constants(&[5; 86]).unwrap();
    assert_eq!(status(merkle(&MerkleArguments { cap_height: 7, ..arguments })).0, Status::Argument);
    merkle(&arguments).unwrap();
    // Equal leaves make equal nodes on every level.
    let heap = mock.card_memory(heap.first(), to.rows);
    for level in 1..=log_rows + log_blowup - 1 {
        let nodes = &heap[1 << (level - 1)..1 << level];
        assert!(nodes.iter().all(|beat| beat[..4] == beat[4..] && *beat == nodes[0]), "level {level}");
    }
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn a_search_returns_the_smallest_witness() {
    use karat_abi::GrindArguments;
    use p3_field::PrimeField64;
    use p3_goldilocks::Goldilocks;
    use p3_symmetric::Permutation;
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mock, device, session) = session();
    let words = [(); 8].map(|()| rng.random_range(0..P));
    let arguments = GrindArguments::poseidon2(words, rng.random_range(0..8), rng.random_range(0..8), 9);
    let grind =
        |arguments: &GrindArguments| finish(session.grind(arguments, Stage::Fri, After::All).unwrap(), PATIENCE);
    assert_eq!(status(grind(&arguments)).0, Status::NoConstants);
    let rounds = p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_INITIAL
        .iter()
        .chain(&p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_FINAL)
        .flatten()
        .chain(&p3_goldilocks::GOLDILOCKS_POSEIDON2_RC_8_INTERNAL);
    device.load_constants(&rounds.map(|constant| constant.as_canonical_u64()).collect::<Vec<_>>()).unwrap();
    assert_eq!(status(grind(&GrindArguments { bits: 0, ..arguments })), (Status::Argument, 52));
    let permutation = p3_goldilocks::default_goldilocks_poseidon2_8();
    let accepts = |witness: &u64| {
        let mut state = words.map(Goldilocks::new);
        state[arguments.position as usize] = Goldilocks::new(*witness);
        permutation.permute(state)[arguments.sampled as usize].as_canonical_u64() % (1 << arguments.bits) == 0
    };
    let (_, completion) = grind(&arguments).unwrap();
    assert_eq!(Some(completion.result), (0..).find(accepts), "{arguments:?}");
    assert_eq!(mock.host.misses(), 0);
}
