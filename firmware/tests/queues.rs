//! Queues: rings, ids, order, errors, and what a broken ring or a deletion does.

mod support;

use std::collections::HashSet;

use karat_abi::queue::{NO_COMMAND, flags};
use karat_abi::registers::{QUEUES, bar0, status};
use karat_abi::{Engine, Opcode, Status, Submission};
use karat_firmware::software::image;
use karat_firmware::testing::{HostMemory, Limits, machine};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{Host, command};

fn nop(param: u32) -> Submission {
    Submission { param, ..command(Opcode::Nop) }
}

#[test]
fn a_command_goes_through_and_interrupts() {
    let mut host = Host::new(Limits::default());
    let mut queue = host.queue(3, 8);
    host.machine.take_interrupt(3);
    assert_eq!(host.run(&mut queue, nop(77)), Ok(77));
    host.steps(100);
    assert!(host.machine.take_interrupt(3));
    assert!(!host.machine.take_interrupt(4));
}

#[test]
fn rings_wrap_with_every_size_and_depth() {
    for (seed, entries) in [2, 4, 8, 32, 128].into_iter().enumerate() {
        let mut host = Host::new(Limits { seed: seed as u64, ..Limits::default() });
        let mut queue = host.queue(1, entries);
        let mut rng = SmallRng::seed_from_u64(seed as u64);
        let mut expected = Vec::new();
        let mut completed = 0;
        let total = 1000;
        while completed < total {
            while expected.len() < total && expected.len() - completed < entries as usize - 1 && rng.random_bool(0.7) {
                let value = rng.random();
                host.put(&mut queue, nop(value));
                expected.push(value);
            }
            host.ring(&queue);
            let steps = rng.random_range(0..60);
            host.steps(steps);
            while let Some(done) = host.take(&mut queue) {
                assert_eq!((done.status, done.result), (Status::Success, expected[completed].into()));
                assert_eq!(usize::from(done.id), completed);
                completed += 1;
            }
        }
    }
}

#[test]
fn several_completions_arrive_with_one_interrupt_or_more_but_never_none() {
    let mut host = Host::new(Limits { delay: 200, ..Limits::default() });
    let mut queue = host.queue(1, 32);
    for i in 0..20 {
        host.put(&mut queue, nop(i));
    }
    host.ring(&queue);
    let mut seen = 0;
    for _ in 0..20_000 {
        host.machine.step();
        let interrupted = host.machine.take_interrupt(1);
        if interrupted {
            let before = seen;
            while host.take(&mut queue).is_some() {
                seen += 1;
            }
            assert!(seen > before, "an interrupt came before its completion");
        }
    }
    assert_eq!(seen, 20, "a completion came without an interrupt");
}

#[test]
fn all_queues_are_served_at_once() {
    let mut host = Host::with_admin_entries(Limits::default(), 4);
    let mut queues: Vec<_> = (1..QUEUES).map(|q| host.queue(q, 64)).collect();
    for round in 0..40 {
        for queue in &mut queues {
            host.submit(queue, nop(round * 100 + queue.number));
        }
    }
    for round in 0..40 {
        for queue in &mut queues {
            assert_eq!(host.wait(queue).result, u64::from(round * 100 + queue.number));
        }
    }
}

#[test]
fn a_full_completion_ring_waits_for_the_host_and_holds_nobody_else_up() {
    let mut host = Host::new(Limits::default());
    let mut lazy = host.queue(1, 8);
    let mut busy = host.queue(2, 8);
    for i in 0..7 {
        host.put(&mut lazy, nop(i));
    }
    host.ring(&lazy);
    host.steps(2000);
    // The host has seen none of them, but goes on submitting: entries wait in the ring.
    for i in 7..14 {
        host.put(&mut lazy, nop(i));
    }
    host.ring(&lazy);
    host.steps(2000);
    assert_eq!(host.run(&mut busy, nop(5)), Ok(5));
    for i in 0..14 {
        assert_eq!(host.wait(&mut lazy).result, i);
    }
}

#[test]
fn a_corrupt_entry_fails_alone_whichever_bit_it_is() {
    let mut host = Host::new(Limits::default());
    let mut queue = host.queue(1, 8);
    let mut rng = SmallRng::seed_from_u64(5);
    for _ in 0..300 {
        let before = queue.tail;
        host.put(&mut queue, nop(rng.random()));
        let bit = rng.random_range(0..512);
        let address = queue.submissions + u64::from(before) * 64 + bit / 64 * 8;
        let word = host.memory().load(address, 1)[0];
        host.memory().store(address, &[word ^ 1 << (bit % 64)]);
        host.ring(&queue);
        let done = host.wait(&mut queue);
        assert_eq!((done.status, done.result), (Status::CorruptEntry, before.into()));
        assert_eq!(host.run(&mut queue, nop(9)), Ok(9));
    }
}

#[test]
fn ids_are_unique_among_the_outstanding_commands_of_a_queue() {
    let mut host = Host::new(Limits::default());
    let session = host.session(0, 1024);
    let mut queue = host.queue(1, 16);
    let mut other = host.queue(2, 16);
    let data = host.memory().allocate(8 * 8 * 512);
    let upload = Submission {
        host: data,
        host_len: 8 * 8 * 512,
        width: 8,
        rows: 512,
        tile_stride: 512,
        session,
        id: 42,
        ..command(Opcode::Upload)
    };
    host.put(&mut queue, upload);
    host.put(&mut queue, Submission { id: 42, ..nop(1) });
    host.ring(&queue);
    let done = host.wait(&mut queue);
    assert_eq!((done.id, done.status, done.result), (42, Status::DuplicateId, 42));
    assert_eq!(host.run(&mut other, Submission { id: 42, ..nop(2) }), Ok(2), "ids belong to a queue");
    let done = host.wait(&mut queue);
    assert_eq!((done.id, done.status), (42, Status::Success));
    assert_eq!(host.run(&mut queue, Submission { id: 42, ..nop(3) }), Ok(3), "a completed id is free");
}

#[test]
fn unknown_opcodes_and_wrong_queues_are_named() {
    let mut host = Host::new(Limits::default());
    let mut queue = host.queue(1, 16);
    for opcode in 0..=255u8 {
        let known = Opcode::from_u8(opcode);
        let submission = Submission { opcode, ..command(Opcode::Nop) };
        if known.is_none() || opcode < 0x10 {
            assert_eq!(host.run(&mut queue, submission), Err((Status::UnknownOpcode, opcode.into())));
        }
        match known {
            Some(Opcode::Nop) => assert_eq!(host.admin(Submission { param: 5, ..submission }), Ok(5)),
            Some(_) if opcode < 0x10 => (),
            _ => assert_eq!(host.admin(submission), Err((Status::UnknownOpcode, opcode.into()))),
        }
    }
}

#[test]
fn a_doorbell_past_the_ring_freezes_its_queue_until_it_is_made_again() {
    for (tail, head) in [(8, 0), (u32::MAX, 0), (0, 8), (0, 1), (0, 7), (3, u32::MAX)] {
        let mut host = Host::new(Limits::default());
        let mut broken = host.queue(1, 8);
        let mut sound = host.queue(2, 8);
        host.doorbell(1, tail, head);
        host.steps(500);
        host.doorbell(1, 1, 0);
        host.submit(&mut broken, nop(1));
        host.steps(2000);
        assert_eq!(host.peek(&broken), None, "a frozen queue completes nothing");
        assert_eq!(host.run(&mut sound, nop(6)), Ok(6));
        assert!(host.machine.registers().log_text().contains("frozen queue 0x00000001"));
        assert_eq!(host.admin(Submission { param: 1, ..command(Opcode::DeleteQueue) }), Ok(0));
        let mut again = host.queue(1, 16);
        assert_eq!(host.run(&mut again, nop(7)), Ok(7));
    }
}

#[test]
fn queues_are_made_and_deleted_with_checks() {
    let mut host = Host::new(Limits::default());
    let rings = host.rings(1, 64);
    let create = Submission {
        param: 1,
        host: rings.submissions,
        list: rings.completions,
        rows: 16,
        ..command(Opcode::CreateQueue)
    };
    for param in [0, QUEUES, u32::MAX] {
        assert_eq!(host.admin(Submission { param, ..create }), Err((Status::Queue, param.into())));
        let delete = Submission { param, ..command(Opcode::DeleteQueue) };
        assert_eq!(host.admin(delete), Err((Status::Queue, param.into())));
    }
    for rows in [0, 1, 3, 2048, u32::MAX] {
        assert_eq!(host.admin(Submission { rows, ..create }), Err((Status::Queue, 1)));
    }
    for address in [1, 8, 32, u64::MAX - 63] {
        assert_eq!(host.admin(Submission { host: address, ..create }), Err((Status::HostRange, address)));
        assert_eq!(host.admin(Submission { list: address, ..create }), Err((Status::HostRange, address)));
    }
    host.doorbell(1, 3, 0);
    assert_eq!(host.admin(create), Err((Status::Queue, 1)), "doorbells of an earlier life");
    host.doorbell(1, 0, 0);
    assert_eq!(host.admin(create), Ok(0));
    assert_eq!(host.admin(create), Err((Status::Queue, 1)), "it exists");
    let delete = Submission { param: 1, ..command(Opcode::DeleteQueue) };
    assert_eq!(host.admin(delete), Ok(0));
    assert_eq!(host.admin(delete), Err((Status::Queue, 1)), "it does not exist");
}

#[test]
fn deleting_a_queue_aborts_what_it_has_outstanding_exactly_once() {
    let mut aborted = 0;
    for seed in 0..20 {
        let mut host = Host::new(Limits { seed, delay: 300, ..Limits::default() });
        let session = host.session(0, 4096);
        let mut queue = host.queue(1, 32);
        let mut other = host.queue(2, 32);
        let bytes = 8 * 8 * 256;
        let data = host.memory().allocate(bytes as usize);
        let upload = |card: u32| Submission {
            host: data,
            host_len: bytes,
            width: 8,
            rows: 256,
            card,
            session,
            ..command(Opcode::Upload)
        };
        let mut ids = HashSet::new();
        for i in 0..8 {
            ids.insert(host.put(&mut queue, upload(i * 256)));
            ids.insert(host.put(&mut queue, Submission { flags: flags::FENCE, ..nop(i) }));
        }
        host.ring(&queue);
        host.submit(&mut other, upload(3000));
        host.steps(80 * seed as usize);
        host.admin(Submission { param: 1, ..command(Opcode::DeleteQueue) }).unwrap();
        while let Some(done) = host.take(&mut queue) {
            assert!(ids.remove(&done.id), "seed {seed}: id {} twice", done.id);
            assert!(matches!(done.status, Status::Success | Status::Aborted));
            aborted += u32::from(done.status == Status::Aborted);
        }
        assert_eq!(host.wait(&mut other).status, Status::Success, "another queue's command");
        host.steps(1000);
        assert_eq!(host.take(&mut queue), None, "nothing comes after the deletion");
        assert_eq!(host.machine.engines().words_in_flight(), 0);
    }
    assert!(aborted > 10, "{aborted} commands were aborted: the test deletes at the wrong time");
}

#[test]
fn fences_and_dependencies_order_what_would_overlap() {
    for seed in 0..10 {
        let mut host = Host::new(Limits { seed, delay: 100, ..Limits::default() });
        let session = host.session(0, 4096);
        let mut queue = host.queue(1, 16);
        let words: Vec<u64> = (0..2048).collect();
        let data = host.memory().allocate_words(&words);
        let back = host.memory().allocate(2048 * 8);
        let upload =
            Submission { host: data, host_len: 2048 * 8, width: 8, rows: 256, session, ..command(Opcode::Upload) };
        let download = Submission { host: back, opcode: Opcode::Download as u8, ..upload };
        let first = host.put(&mut queue, upload);
        let second = host.put(&mut queue, Submission { after: first, ..download });
        host.put(&mut queue, nop(1));
        host.put(&mut queue, Submission { flags: flags::FENCE, ..nop(2) });
        host.ring(&queue);
        let order: Vec<u16> = (0..4).map(|_| host.wait(&mut queue).id).collect();
        let place = |id: u16| order.iter().position(|other| *other == id).unwrap();
        assert!(place(first) < place(second), "{order:?}");
        assert_eq!(place(first + 2), 0, "what depends on nothing overtakes");
        assert_eq!(place(first + 3), 3, "a fence waits for all");
        assert_eq!(host.memory().load(back, 2048), words);
        // A dependency on a command that is not outstanding counts as done.
        for after in [first, 999] {
            assert_eq!(host.run(&mut queue, Submission { after, ..nop(4) }), Ok(4));
        }
    }
}

#[test]
fn independent_commands_overlap() {
    let mut host = Host::new(Limits::default());
    let session = host.session(0, 4096);
    let mut queue = host.queue(1, 16);
    let data = host.memory().allocate(1024 * 64);
    let upload =
        Submission { host: data, host_len: 1024 * 64, width: 8, rows: 1024, session, ..command(Opcode::Upload) };
    host.put(&mut queue, upload);
    host.put(&mut queue, Submission { opcode: Opcode::Download as u8, card: 2048, ..upload });
    host.ring(&queue);
    for _ in 0..2 {
        assert_eq!(host.wait(&mut queue).status, Status::Success);
    }
    assert!(host.machine.engines().most_busy >= 4, "upload and download ran one after the other");
}

#[test]
fn sessions_own_disjoint_memory() {
    let mut host = Host::new(Limits { card_beats: 1000, ..Limits::default() });
    let create = |card, rows| Submission { card, rows, ..command(Opcode::CreateSession) };
    assert_eq!(host.admin(create(0, 0)), Err((Status::CardRange, 0)));
    assert_eq!(host.admin(create(1, 1000)), Err((Status::CardRange, 1)));
    assert_eq!(host.admin(create(u32::MAX, u32::MAX)), Err((Status::CardRange, u32::MAX.into())));
    let first = host.admin(create(100, 100)).unwrap();
    for (card, rows) in [(100, 100), (0, 101), (199, 1), (150, 10), (0, 1000)] {
        assert_eq!(host.admin(create(card, rows)), Err((Status::NoSession, card.into())));
    }
    let second = host.admin(create(200, 100)).unwrap();
    assert_ne!(first, second);
    let mut queue = host.queue(1, 8);
    let data = host.memory().allocate(64);
    let upload = |card, session: u64| Submission {
        host: data,
        host_len: 64,
        width: 8,
        rows: 1,
        card,
        session: session as u16,
        ..command(Opcode::Upload)
    };
    assert_eq!(host.run(&mut queue, upload(199, first)), Ok(0));
    assert_eq!(host.run(&mut queue, upload(200, first)), Err((Status::CardRange, 200)));
    assert_eq!(host.run(&mut queue, upload(199, second)), Err((Status::CardRange, 199)));
    assert_eq!(host.run(&mut queue, upload(200, second)), Ok(0));
    assert_eq!(host.run(&mut queue, upload(200, 9)), Err((Status::UnknownSession, 9)));
    assert_eq!(host.run(&mut queue, upload(200, 0xffff)), Err((Status::UnknownSession, 0xffff)));
    let delete = |param: u64| Submission { param: param as u32, ..command(Opcode::DeleteSession) };
    assert_eq!(host.admin(delete(first)), Ok(0));
    assert_eq!(host.admin(delete(first)), Err((Status::UnknownSession, first)));
    assert_eq!(host.run(&mut queue, upload(150, first)), Err((Status::UnknownSession, first)));
    // All the numbers there are.
    let mut made = 0;
    while host.admin(create(made, 1)).is_ok() {
        made += 1;
    }
    assert_eq!(made, 15);
}

#[test]
fn a_session_ends_when_its_last_command_is_done() {
    let mut host = Host::new(Limits { delay: 400, ..Limits::default() });
    let session = host.session(0, 1024);
    let mut queue = host.queue(1, 8);
    let data = host.memory().allocate(1024 * 64);
    let upload =
        Submission { host: data, host_len: 1024 * 64, width: 8, rows: 1024, session, ..command(Opcode::Upload) };
    host.submit(&mut queue, upload);
    while !host.machine.registers().is_busy(Engine::CardWrite) {
        host.machine.step();
    }
    assert_eq!(host.peek(&queue), None, "still under way");
    assert_eq!(host.admin(Submission { param: session.into(), ..command(Opcode::DeleteSession) }), Ok(0));
    assert_eq!(host.take(&mut queue).map(|done| done.status), Some(Status::Success), "the deletion did not wait");
}

#[test]
fn reset_forgets_everything() {
    let mut host = Host::new(Limits::default());
    host.session(0, 1024);
    let mut queue = host.queue(1, 8);
    host.submit(&mut queue, nop(1));
    host.steps(5);
    host.machine.write32(bar0::CONTROL, 0);
    assert_eq!(host.machine.read32(bar0::STATUS), status::RESET);
    host.admin = host.rings(0, 16);
    host.start();
    assert_eq!(host.session(0, 1024), 0);
    let mut queue = host.queue(1, 8);
    assert_eq!(host.run(&mut queue, nop(3)), Ok(3));
}

#[test]
fn a_damaged_image_does_not_run() {
    let mut machine = machine(Limits::default(), HostMemory::default());
    let mut image = image(&[1, 2, 3]);
    *image.last_mut().unwrap() ^= 1;
    machine.write32(bar0::BOOT_ADDRESS, 0);
    for word in image {
        machine.write32(bar0::BOOT_DATA, word);
    }
    machine.write32(bar0::CONTROL, 1);
    assert_eq!(machine.read32(bar0::STATUS), status::FATAL);
    assert_eq!(machine.read32(bar0::FATAL_CODE), karat_abi::registers::fatal::IMAGE);
}

#[test]
fn no_command_is_never_an_id() {
    let mut host = Host::new(Limits::default());
    let mut queue = host.queue(1, 8);
    let mut submission = nop(1);
    submission.id = NO_COMMAND;
    let words: [u32; 16] = bytemuck::cast(submission);
    submission.checksum = karat_abi::checksum(&words[..15]);
    host.put_raw(&mut queue, submission);
    host.ring(&queue);
    assert_eq!(host.wait(&mut queue).status, Status::DuplicateId);
}
