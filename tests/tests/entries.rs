//! Entries that the driver never writes, on the cycle-accurate card: each is answered with what was wrong, and the next command
//! works.

use karat_abi::queue::{Segment, segment};
use karat_abi::{Opcode, Status, Submission};
use karat_tests::bare::{Bare, Ring, entry, outcome, sign};

/// A small card with one queue.
fn queue() -> (Bare, Ring) {
    let mut card = Bare::boot();
    let ring = card.queue(1, 64);
    (card, ring)
}

/// The card still takes commands.
fn goes_on(card: &Bare, ring: &mut Ring, after: &str) {
    let nop = Submission { param: 77, ..entry(Opcode::Nop as u8, 40) };
    assert_eq!(card.run(ring, nop), (40, Status::Success, 77), "after {after}");
}

#[test]
fn opcodes_that_the_queue_does_not_know() {
    let (mut card, mut ring) = queue();
    for number in 0..=255 {
        let known = Opcode::from_u8(number).is_some();
        let refused = (3, Status::UnknownOpcode, number.into());
        if !known || number < Opcode::Nop as u8 {
            assert_eq!(card.run(&mut ring, entry(number, 3)), refused, "on queue 1");
        }
        // By a Nop every queue tells that it is served.
        if !known || number > Opcode::Nop as u8 {
            assert_eq!(card.administer(entry(number, 3)), refused, "on the admin queue");
        }
    }
    let nop = Submission { param: 5, ..entry(Opcode::Nop as u8, 3) };
    assert_eq!(card.administer(nop), (3, Status::Success, 5), "on the admin queue");
    goes_on(&card, &mut ring, "unknown opcodes");
    card.session(0, 64);
}

#[test]
fn an_entry_with_any_word_altered_is_refused_by_its_place() {
    let (card, mut ring) = queue();
    for round in 0..64u32 {
        let mut good = Submission { param: round, ..entry(Opcode::Nop as u8, 5) };
        sign(&mut good);
        let mut words: [u32; 16] = bytemuck::cast(good);
        words[round as usize % 16] ^= 1 << (round * 7 % 32);
        let place = ring.position() as u64;
        ring.put_unsigned(bytemuck::cast(words));
        // One behind it in the same go.
        ring.put(Submission { param: 9, ..entry(Opcode::Nop as u8, 6) });
        ring.ring(&*card.transport);
        let ends = [(); 2].map(|()| outcome(&ring.take(&*card.transport)));
        let corrupt = ends.iter().find(|(_, status, _)| *status == Status::CorruptEntry);
        assert_eq!(corrupt.map(|(_, _, result)| *result), Some(place), "round {round}: {ends:?}");
        assert!(ends.contains(&(6, Status::Success, 9)), "round {round}: {ends:?}");
    }
}

/// An upload of 2^`log_rows` rows of 8 columns to the start of a session, from `data`.
fn upload(session: u16, id: u16, log_rows: u32) -> Submission {
    let rows = 1 << log_rows;
    let layout = Submission { session, tile_stride: rows, width: 8, rows, ..entry(Opcode::Upload as u8, id) };
    Submission { host_len: 64 * rows, ..layout }
}

#[test]
fn two_commands_with_one_id() {
    let (mut card, mut ring) = queue();
    let session = card.session(0, 4096);
    let data = card.allocate(64 << 10);
    for round in 0..3 {
        // The first is under way for at least as many cycles as it has beats.
        ring.put(Submission { host: data.address(), ..upload(session, 11, 10) });
        ring.put(Submission { param: 1, ..entry(Opcode::Nop as u8, 11) });
        ring.put(Submission { param: 2, ..entry(Opcode::Nop as u8, 12) });
        ring.ring(&*card.transport);
        let mut ends: Vec<_> = (0..3).map(|_| outcome(&ring.take(&*card.transport))).collect();
        assert_eq!(ends.pop(), Some((11, Status::Success, 0)), "round {round}: the first goes on");
        assert!(ends.contains(&(11, Status::DuplicateId, 11)), "round {round}: {ends:?}");
        assert!(ends.contains(&(12, Status::Success, 2)), "round {round}: {ends:?}");
    }
    // The id is free again.
    assert_eq!(card.run(&mut ring, entry(Opcode::Nop as u8, 11)), (11, Status::Success, 0));
}

#[test]
fn segment_lists_that_loop_lie_or_are_too_long() {
    let (mut card, mut ring) = queue();
    let session = card.session(0, 4096);
    let (list, data) = (card.allocate(4096), card.allocate(512));
    let piece = |len| Segment { address: data.address(), len, kind: segment::DATA };
    let next = |beat: u64, len| Segment { address: list.address() + 64 * beat, len, kind: segment::NEXT };
    let mut submit = |what: &str, entries: &[Segment], segments: u32| {
        list.write(0, bytemuck::cast_slice(entries));
        let end = card.run(&mut ring, Submission { host: list.address(), segments, ..upload(session, 8, 3) });
        goes_on(&card, &mut ring, what);
        (end.1, end.2)
    };
    let good = (Status::Success, 0);
    let padding = piece(0);
    assert_eq!(submit("two pieces", &[piece(128), piece(384)], 2), good);
    assert_eq!(submit("two lists", &[piece(128), next(1, 1), padding, padding, piece(384)], 2), good);

    let wrong = |result: u64| (Status::SegmentList, result);
    assert_eq!(submit("a loop", &[piece(8), next(0, 2)], 2), wrong(8), "when the 512 bytes are full");
    assert_eq!(submit("a list too long", &[piece(512)], segment::MAX + 1), wrong(u64::from(segment::MAX) + 1));
    assert_eq!(submit("lists too long together", &[next(1, segment::MAX)], 1), wrong(segment::MAX.into()));
    assert_eq!(submit("a list too short", &[piece(504)], 1), wrong(8));
    assert_eq!(submit("more than was announced", &[piece(512), piece(8)], 2), wrong(8));
    assert_eq!(submit("an empty piece", &[piece(0), piece(512)], 2), wrong(0));
    assert_eq!(submit("an unknown kind", &[Segment { kind: 2, ..piece(512) }], 1), wrong(2));
    assert_eq!(submit("an entry behind a link", &[next(1, 1), piece(512)], 2), wrong(1));
    let crooked = Segment { address: data.address() + 4, ..piece(512) };
    assert_eq!(submit("a crooked address", &[crooked], 1), (Status::HostRange, crooked.address));
    assert_eq!(submit("a good list", &[piece(512)], 1), good);
}

#[test]
fn sessions_that_do_not_exist() {
    let (mut card, mut ring) = queue();
    let session = card.session(0, 64);
    let data = card.allocate(64);
    let upload = |session| Submission { host: data.address(), ..upload(session, 1, 0) };
    for number in [session ^ 1, 0xffff] {
        assert_eq!(card.run(&mut ring, upload(number)).1, Status::UnknownSession, "session {number}");
        goes_on(&card, &mut ring, "an unknown session");
    }
    assert_eq!(card.run(&mut ring, upload(session)).1, Status::Success);
    let end = Submission { param: session.into(), ..entry(Opcode::DeleteSession as u8, 1) };
    assert_eq!(card.administer(end).1, Status::Success);
    assert_eq!(card.run(&mut ring, upload(session)).1, Status::UnknownSession, "it has ended");
    goes_on(&card, &mut ring, "a session that has ended");
}
