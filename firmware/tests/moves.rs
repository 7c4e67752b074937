//! Upload, download and gather: layout, segment lists, and everything that can be wrong with their arguments.

mod support;

use karat_abi::command::Counters;
use karat_abi::queue::segment;
use karat_abi::{Engine, Opcode, P, Status, Submission};
use karat_firmware::testing::Limits;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Host, Queue, command};

const BEATS: u32 = 1 << 15;

struct Bench {
    host: Host,
    queue: Queue,
    session: u16,
    rng: SmallRng,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let mut host = Host::new(Limits { seed, card_beats: BEATS, ..Limits::default() });
        let session = host.session(0, BEATS);
        let queue = host.queue(1, 32);
        Self { host, queue, session, rng: SmallRng::seed_from_u64(seed) }
    }

    fn run(&mut self, submission: Submission) -> Result<u64, (Status, u64)> {
        let submission = Submission { session: self.session, ..submission };
        self.host.run(&mut self.queue, submission)
    }

    /// Cuts a fresh buffer of so many bytes into random pieces, in random order on the bus: the pieces in the order of the data.
    fn scatter(&mut self, bytes: u32) -> Vec<(u64, u32)> {
        let mut pieces = Vec::new();
        let mut left = bytes;
        while left > 0 {
            let most = if self.rng.random_bool(0.5) { 64 } else { 4096 };
            let len = (8 * self.rng.random_range(1..=most / 8)).min(left);
            let offset = 8 * self.rng.random_range(0..8);
            let buffer = self.host.memory().allocate((len + offset) as usize);
            pieces.push((buffer + u64::from(offset), len));
            left -= len;
        }
        pieces
    }

    fn store(&mut self, pieces: &[(u64, u32)], words: &[u64]) {
        let mut rest = words;
        for (address, len) in pieces {
            let (now, later) = rest.split_at(*len as usize / 8);
            self.host.memory().store(*address, now);
            rest = later;
        }
        assert!(rest.is_empty());
    }

    fn load(&mut self, pieces: &[(u64, u32)]) -> Vec<u64> {
        pieces.iter().flat_map(|(address, len)| self.host.memory().load(*address, *len as usize / 8)).collect()
    }

    /// A list of lists over the pieces: the address of the first and its entries.
    fn lists(&mut self, pieces: &[(u64, u32)]) -> (u64, u32) {
        let mut next: Option<(u64, u32)> = None;
        let mut rest = pieces;
        while !rest.is_empty() {
            let most = if self.rng.random_bool(0.3) { 3 } else { 90 };
            let count = self.rng.random_range(1..=most.min(rest.len()));
            let (earlier, now) = rest.split_at(rest.len() - count);
            let mut words: Vec<u64> = now.iter().flat_map(|(address, len)| [*address, u64::from(*len)]).collect();
            let mut entries = count as u32;
            if let Some((address, len)) = next {
                words.extend([address, u64::from(len) | u64::from(segment::NEXT) << 32]);
                entries += 1;
            }
            next = Some((self.host.memory().allocate_words(&words), entries));
            rest = earlier;
        }
        next.unwrap()
    }
}

fn canonical(word: u64) -> u64 {
    word % P
}

#[test]
fn random_matrices_go_up_and_come_back_through_any_segment_lists() {
    for seed in 0..12 {
        let mut bench = Bench::new(seed);
        for _ in 0..25 {
            let width: u32 = *[1, 2, 3, 7, 8, 9, 16, 17, 40, 180].get(bench.rng.random_range(0..10)).unwrap();
            let rows = 1 << bench.rng.random_range(0..7);
            let tiles = width.div_ceil(8);
            let tile_stride = rows + bench.rng.random_range(0..20);
            let card = bench.rng.random_range(0..BEATS - tiles * tile_stride);
            let host_len = 8 * width * rows;
            let mut words: Vec<u64> = (0..width * rows).map(|_| bench.rng.random()).collect();
            words[0] = [P, P - 1, P + 1, u64::MAX][bench.rng.random_range(0..4)];
            let matrix = Submission { card, tile_stride, width, rows, host_len, ..command(Opcode::Upload) };

            let up = bench.scatter(host_len);
            bench.store(&up, &words);
            let (host, segments) = if up.len() == 1 { (up[0].0, 0) } else { bench.lists(&up) };
            assert_eq!(bench.run(Submission { host, segments, ..matrix }), Ok(0), "seed {seed} {width} x {rows}");
            let memory = &bench.host.machine.engines().memory;
            for row in 0..rows {
                for column in 0..tiles * 8 {
                    let expected = if column < width { canonical(words[(row * width + column) as usize]) } else { 0 };
                    let beat = card + column / 8 * tile_stride + row;
                    assert_eq!(memory[beat as usize][column as usize % 8], expected, "row {row} column {column}");
                }
            }

            let first = bench.rng.random_range(0..rows);
            let count = bench.rng.random_range(1..=rows - first);
            let down = bench.scatter(8 * width * count);
            let (host, segments) = bench.lists(&down);
            let part = Submission { rows: count, host_len: 8 * width * count, param: first, ..matrix };
            assert_eq!(bench.run(Submission { opcode: Opcode::Download as u8, host, segments, ..part }), Ok(0));
            let expected: Vec<u64> =
                words[(first * width) as usize..][..(count * width) as usize].iter().map(|w| canonical(*w)).collect();
            assert_eq!(bench.load(&down), expected, "seed {seed} {width} x {rows}, rows {first}, {count}");

            let indices: Vec<u32> =
                (0..bench.rng.random_range(1..600)).map(|_| bench.rng.random_range(0..rows)).collect();
            let count = indices.len() as u32;
            let list = bench.host.list(&indices);
            let down = bench.scatter(8 * width * count);
            let (host, segments) = bench.lists(&down);
            let gather = Submission {
                opcode: Opcode::Gather as u8,
                host,
                segments,
                rows: count,
                host_len: 8 * width * count,
                param: rows,
                list,
                list_len: 4 * count,
                ..matrix
            };
            assert_eq!(bench.run(gather), Ok(0));
            let expected: Vec<u64> = indices
                .iter()
                .flat_map(|row| words[(row * width) as usize..][..width as usize].iter().map(|w| canonical(*w)))
                .collect();
            assert_eq!(bench.load(&down), expected);
        }
        assert_eq!(bench.host.machine.engines().words_in_flight(), 0);
    }
}

/// An upload of 16 rows of 8 columns that is fine, to be spoilt.
fn good(bench: &mut Bench) -> Submission {
    let host = bench.host.memory().allocate(1024);
    Submission { host, host_len: 1024, width: 8, rows: 16, tile_stride: 16, ..command(Opcode::Upload) }
}

#[test]
fn wrong_arguments_are_named_and_the_next_command_works() {
    let mut bench = Bench::new(1);
    let good = good(&mut bench);
    let list = bench.host.list(&[0; 16]);
    let download = Submission { opcode: Opcode::Download as u8, ..good };
    let gather = Submission { opcode: Opcode::Gather as u8, list, list_len: 64, param: 16, ..good };
    let cases = [
        (Submission { rows: 0, host_len: 0, ..good }, Status::Rows, 0),
        (Submission { rows: 0, host_len: 0, ..download }, Status::Rows, 0),
        (Submission { width: 0, host_len: 0, ..good }, Status::Width, 0),
        (Submission { width: 1 << 17, ..good }, Status::Width, 1 << 17),
        (Submission { host_len: 1016, ..good }, Status::HostRange, 1016),
        (Submission { host_len: 1025, ..good }, Status::HostRange, 1025),
        (Submission { width: 1 << 16, rows: 1 << 31, host_len: 0, ..good }, Status::HostRange, 0),
        (Submission { host: good.host + 4, ..good }, Status::HostRange, good.host + 4),
        (Submission { host: !7, ..good }, Status::HostRange, !7),
        (Submission { host: good.host + 8, segments: 1, ..good }, Status::HostRange, good.host + 8),
        (Submission { segments: segment::MAX + 1, ..good }, Status::SegmentList, u64::from(segment::MAX) + 1),
        (Submission { card: BEATS - 15, ..good }, Status::CardRange, u64::from(BEATS) - 15),
        (Submission { card: u32::MAX, ..good }, Status::CardRange, u64::from(u32::MAX)),
        (Submission { width: 16, rows: 8, tile_stride: u32::MAX, ..good }, Status::CardRange, 0),
        (Submission { width: 16, rows: 8, tile_stride: 7, ..good }, Status::CardRange, 0),
        (Submission { param: BEATS - 15, ..download }, Status::CardRange, 0),
        (Submission { param: u32::MAX, ..download }, Status::CardRange, 0),
        (Submission { param: BEATS + 1, ..gather }, Status::CardRange, 0),
        (Submission { list_len: 60, ..gather }, Status::HostRange, 60),
        (Submission { list: list + 8, ..gather }, Status::HostRange, list + 8),
        (Submission { param: 0, ..gather }, Status::Index, 0),
    ];
    for (submission, status, result) in cases {
        assert_eq!(bench.run(submission), Err((status, result)), "{submission:?}");
        assert_eq!(bench.run(good), Ok(0));
        assert_eq!(bench.run(download), Ok(0));
    }
    assert_eq!(bench.run(gather), Ok(0));
    assert_eq!(bench.host.machine.engines().words_in_flight(), 0);
}

#[test]
fn an_index_out_of_range_is_named_wherever_it_stands() {
    let mut bench = Bench::new(2);
    let good = good(&mut bench);
    assert_eq!(bench.run(good), Ok(0));
    for count in [1, 16, 17, 300] {
        for place in [0, count / 2, count - 1] {
            let mut indices = vec![3; count as usize];
            indices[place as usize] = 16;
            let list = bench.host.list(&indices);
            let host = bench.host.memory().allocate(64 * count as usize);
            let gather = Submission {
                opcode: Opcode::Gather as u8,
                host,
                host_len: 64 * count,
                rows: count,
                list,
                list_len: 4 * count,
                param: 16,
                ..good
            };
            assert_eq!(bench.run(gather), Err((Status::Index, 16)), "{place} of {count}");
        }
    }
    assert_eq!(bench.run(good), Ok(0));
}

#[test]
fn bad_segment_lists_are_found_before_anything_moves() {
    let mut bench = Bench::new(3);
    let good = good(&mut bench);
    assert_eq!(bench.run(good), Ok(0));
    let before = bench.host.machine.engines().memory.clone();
    let data = bench.host.memory().allocate(4096);
    let next = |address: u64, len: u32| (address, u64::from(len) | u64::from(segment::NEXT) << 32);
    let piece = |address: u64, len: u32| (address, u64::from(len));
    let own = bench.host.memory().allocate(64 * 40);
    // A list that names itself, entered again and again.
    let loops = vec![piece(data, 8), next(own, 2)];
    let chain_only = vec![next(own, 1)];
    let cases = [
        ("loops", loops, Status::SegmentList),
        ("loops without data", chain_only, Status::SegmentList),
        ("too short", vec![piece(data, 512), piece(data, 504)], Status::SegmentList),
        ("too long", vec![piece(data, 512), piece(data, 520)], Status::SegmentList),
        ("one more piece", vec![piece(data, 1024), piece(data, 8)], Status::SegmentList),
        ("empty piece", vec![piece(data, 1024), piece(data, 0)], Status::SegmentList),
        ("unknown kind", vec![(data, 1024 | 2 << 32)], Status::SegmentList),
        ("next is not last", vec![next(own, 1), piece(data, 1024)], Status::SegmentList),
        ("next of nothing", vec![piece(data, 1024), next(own, 0)], Status::SegmentList),
        ("next too long", vec![piece(data, 512), next(own, u32::MAX)], Status::SegmentList),
        ("misaligned piece", vec![piece(data + 4, 1024)], Status::HostRange),
        ("odd length", vec![piece(data, 1020)], Status::HostRange),
        ("misaligned next", vec![piece(data, 512), next(own + 16, 1)], Status::HostRange),
        ("end of the address space", vec![piece(!7, 1024)], Status::HostRange),
    ];
    for opcode in [Opcode::Upload, Opcode::Download, Opcode::Gather] {
        let list = bench.host.list(&[0; 16]);
        for (name, entries, status) in &cases {
            for padding in [0, 31, 63] {
                // Good pieces before, so that the fault is in the first window or a later one; not for lists entered at `own`.
                let chained = entries.iter().any(|(address, _)| *address == own);
                if chained && padding != 0 {
                    continue;
                }
                let mut words: Vec<u64> = (0..padding).flat_map(|_| [data, 8]).collect();
                let mut entries = entries.clone();
                if padding > 0 {
                    // Each pad takes 8 bytes of the first piece.
                    let len = entries[0].1 as u32;
                    entries[0].1 = entries[0].1 - u64::from(len) + u64::from(len - 8 * padding);
                }
                words.extend(entries.iter().flat_map(|(address, rest)| [*address, *rest]));
                bench.host.memory().store(own, &words);
                let submission = Submission {
                    opcode: opcode as u8,
                    host: own,
                    segments: words.len() as u32 / 2,
                    list,
                    list_len: 64,
                    param: if opcode == Opcode::Gather { 16 } else { 0 },
                    ..good
                };
                let outcome = bench.run(submission);
                assert_eq!(outcome.map_err(|(status, _)| status), Err(*status), "{opcode:?}: {name}, {padding}");
            }
        }
    }
    assert_eq!(bench.host.machine.engines().memory, before, "card memory was touched");
    assert_eq!(bench.host.machine.engines().words_in_flight(), 0);
    assert_eq!(bench.run(good), Ok(0));
}

#[test]
fn a_list_that_changes_under_way_fails_its_command_and_leaves_the_streams_clean() {
    for seed in 0..30 {
        let mut bench = Bench::new(seed);
        let (width, rows) = (24, 64);
        let bytes = 8 * width * rows;
        let pieces: Vec<(u64, u32)> = (0..bytes / 64).map(|_| (bench.host.memory().allocate(64), 64)).collect();
        let list = bench.host.segments(&pieces);
        for opcode in [Opcode::Upload, Opcode::Download] {
            let submission = Submission {
                opcode: opcode as u8,
                session: bench.session,
                host: list,
                segments: pieces.len() as u32,
                host_len: bytes,
                width,
                rows,
                tile_stride: rows,
                ..command(Opcode::Upload)
            };
            bench.host.submit(&mut bench.queue, submission);
            let steps = bench.rng.random_range(0..4000);
            bench.host.steps(steps);
            bench.host.memory().store(list + 16 * 150, &[pieces[0].0, 64 | 9 << 32]);
            let status = bench.host.wait(&mut bench.queue).status;
            assert!(matches!(status, Status::Success | Status::SegmentList), "{status:?}");
            assert_eq!(bench.host.machine.engines().words_in_flight(), 0);
            bench.host.memory().store(list + 16 * 150, &[pieces[150].0, 64]);
            assert_eq!(bench.run(submission), Ok(0));
        }
    }
}

#[test]
fn a_bus_error_fails_the_commands_of_its_engine_only() {
    let mut bench = Bench::new(4);
    let good = good(&mut bench);
    assert_eq!(bench.run(good), Ok(0));
    let nowhere = 0x7777_0000_0000;
    assert_eq!(bench.run(Submission { host: nowhere, ..good }), Err((Status::BusError, 1)));
    assert_eq!(bench.run(good), Err((Status::BusError, 1)), "the bit is sticky until reset");
    assert_eq!(bench.run(Submission { opcode: Opcode::Download as u8, ..good }), Ok(0));
    let lost = Submission { host: nowhere, segments: 2, opcode: Opcode::Download as u8, ..good };
    assert_eq!(bench.run(lost), Err((Status::BusError, 0)));
}

#[test]
fn many_random_commands_on_many_queues_leave_the_right_memory() {
    for seed in 0..6 {
        println!("seed {seed}");
        let mut host = Host::new(Limits { seed, card_beats: BEATS, ..Limits::default() });
        let mut rng = SmallRng::seed_from_u64(seed);
        let session = host.session(0, BEATS);
        let mut queues: Vec<_> = (1..5).map(|q| host.queue(q, 16)).collect();
        // Every queue works on its own quarter: an upload, then a dependent download of it, over and over.
        let mut expected = Vec::new();
        for round in 0..30u32 {
            for queue in &mut queues {
                let (width, rows) = (rng.random_range(1..30), 1 << rng.random_range(0..6));
                let words: Vec<u64> = (0..width * rows).map(|_| rng.random_range(0..P)).collect();
                let source = host.memory().allocate_words(&words);
                let target = host.memory().allocate(words.len() * 8);
                let upload = Submission {
                    session,
                    host: source,
                    host_len: words.len() as u32 * 8,
                    card: queue.number * 8000 - 8000 + round % 7 * 256,
                    tile_stride: rows,
                    width,
                    rows,
                    ..command(Opcode::Upload)
                };
                let id = host.put(queue, upload);
                host.put(queue, Submission { opcode: Opcode::Download as u8, after: id, host: target, ..upload });
                host.ring(queue);
                expected.push((target, words));
                let steps = rng.random_range(0..300);
                host.steps(steps);
            }
            for queue in &mut queues {
                for _ in 0..2 {
                    assert_eq!(host.wait(queue).status, Status::Success);
                }
            }
        }
        for (target, words) in expected {
            assert_eq!(host.memory().load(target, words.len()), words);
        }
    }
}

#[test]
fn counters_show_what_the_engines_did() {
    const BYTES: usize = size_of::<Counters>();
    let mut bench = Bench::new(7);
    let good = Submission { stage: karat_abi::Stage::Upload as u32, ..good(&mut bench) };
    assert_eq!(bench.run(good), Ok(0));
    // Several buffers, so that some cross a page, which a mailbox transfer may not.
    let mut before = 0;
    for _ in 0..20 {
        let host = bench.host.memory().allocate(BYTES);
        assert_eq!(bench.host.admin(Submission { host, ..command(Opcode::Counters) }), Ok(0));
        let words: [u64; BYTES / 8] = bench.host.memory().load(host, BYTES / 8).try_into().unwrap();
        let counters: Counters = bytemuck::cast(words);
        assert!(counters.cycles > before, "time stands still");
        before = counters.cycles;
        assert!(counters.commands >= 3, "session, queue and upload");
        let engine = |engine: Engine| counters.engines[engine as usize];
        assert!(engine(Engine::HostRead).busy > 0 && engine(Engine::CardWrite).busy > 0);
        assert_eq!((engine(Engine::Ntt).busy, engine(Engine::Hash).work), (0, 0));
        assert!(engine(Engine::Mailbox).work > 3);
        let upload = counters.stages[good.stage as usize];
        assert!(upload.cycles > 0 && upload.commands == 1, "{upload:?}");
    }
    let host = bench.host.memory().allocate(BYTES);
    let misaligned = Submission { host: host + 8, ..command(Opcode::Counters) };
    assert_eq!(bench.host.admin(misaligned), Err((Status::HostRange, host + 8)));
}
