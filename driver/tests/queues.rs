//! Queues under load, broken entries, broken rings.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use karat_abi::queue::NO_COMMAND;
use karat_abi::registers::{DOORBELL, DOORBELL_STRIDE, QUEUES};
use karat_abi::{Completion, Opcode, Stage, Status, Submission};
use karat_driver::{After, Device, Error, Layout, Pending, Queue, finish};
use karat_firmware::testing::Limits;
use support::{IMPATIENCE, Mock, PATIENCE, session, session_on};

fn nop(value: u32) -> Submission {
    Submission { param: value, after: NO_COMMAND, ..Default::default() }
}

fn status<T>(result: Result<T, Error>) -> (Status, u64) {
    match result.err().expect("the command is refused") {
        Error::Command { status, result, .. } => (status, result),
        error => panic!("{error}"),
    }
}

/// Writes a doorbell that no driver writes.
fn ring(device: &Device, queue: u32, register: u32, value: u32) {
    device.transport().write32(DOORBELL + queue * DOORBELL_STRIDE + register, value);
}

#[test]
fn threads_share_queues_and_every_command_ends_once() {
    const THREADS: u32 = 6;
    const EACH: u32 = 300;
    let (mock, device, session) = session_on(Mock::with(128, Limits { delay: 3, ..Limits::default() }));
    // The smallest ring, one that wraps often, and the device's own.
    let queues = [device.create_queue(2).unwrap(), device.create_queue(8).unwrap(), device.queue().clone()];
    let ended = Arc::new(AtomicUsize::new(0));
    struct Token(Arc<AtomicUsize>, u32);
    impl Drop for Token {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (queues, session, ended) = (&queues, &session, &ended);
            scope.spawn(move || {
                let handles: Vec<_> = queues.iter().map(|queue| session.on(queue)).collect();
                let memory = session.allocate(64).unwrap();
                let layout = Layout { first: memory.first(), tile_stride: 16, width: 3, rows: 16 };
                let mut dangling: Option<(u32, Pending<Token>)> = None;
                for i in 0..EACH {
                    let value = thread << 16 | i;
                    let queue = &queues[(i % 3) as usize];
                    let token = Token(ended.clone(), value);
                    let pending = queue.submit(Opcode::Nop, nop(value), token, PATIENCE).unwrap();
                    match (i % 5, dangling.take()) {
                        // Some are waited for out of order, some by nobody.
                        (0, _) => drop(pending),
                        (_, None) => dangling = Some((value, pending)),
                        (_, Some(earlier)) => {
                            for (value, pending) in [(value, pending), earlier] {
                                let (token, completion) = finish(pending, PATIENCE).unwrap();
                                assert_eq!((completion.result, token.1), (value.into(), value));
                            }
                        }
                    }
                    if i % 10 == 0 {
                        let handle = &handles[(i / 10 % 3) as usize];
                        let values: Vec<u64> = (0..48).map(|word| u64::from(value) << 8 | word).collect();
                        let buffer = handle.buffer_from(&values).unwrap();
                        finish(handle.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap(), PATIENCE)
                            .unwrap();
                        let buffer = handle.buffer(48).unwrap();
                        let download = handle.download(buffer, &layout, 0, Stage::Download, After::Nothing).unwrap();
                        assert_eq!(finish(download, PATIENCE).unwrap().0.to_vec(), values);
                    }
                }
            });
        }
    });
    // What nobody waited for has ended when a later command of the same queue behind a fence has.
    for queue in &queues {
        finish(session.on(queue).nop(0, After::All).unwrap(), PATIENCE).unwrap();
    }
    assert_eq!(ended.load(Ordering::Relaxed), (THREADS * EACH) as usize);
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn full_queue_takes_more_when_commands_end_and_gives_up_when_none_does() {
    let (mock, device, session) = session();
    let queue = device.create_queue(4).unwrap();
    let submit = |value, timeout| queue.submit(Opcode::Nop, nop(value), value, timeout);
    // Far more than fit, none waited for: ended commands take no room.
    let pending: Vec<_> = (0..40).map(|value| submit(value, PATIENCE).unwrap()).collect();
    for (value, pending) in pending.into_iter().enumerate() {
        let (payload, completion) = finish(pending, PATIENCE).unwrap();
        assert_eq!((payload as usize, completion.result as usize), (value, value));
    }
    // Frozen: its commands do not end, and the card goes on.
    ring(&device, queue.number(), 4, 999);
    mock.run(1000);
    let stuck: Vec<_> = (0..3).map(|value| submit(value, IMPATIENCE).unwrap()).collect();
    let error = submit(3, IMPATIENCE).err().expect("the ring is full");
    let Error::Timeout { what, waited, .. } = &error else { panic!("{error}") };
    assert!(what.contains("room") && *waited >= IMPATIENCE, "{error}");
    device.restart_queue(&queue).unwrap();
    for pending in stuck {
        let (_, outcome) = pending.wait(PATIENCE).unwrap();
        assert!(matches!(outcome, Err(Error::Command { status: Status::Aborted, .. })), "{outcome:?}");
    }
    finish(submit(3, PATIENCE).unwrap(), PATIENCE).unwrap();
    finish(session.nop(4, After::Nothing).unwrap(), PATIENCE).unwrap();
}

#[test]
fn queues_come_and_go() {
    let (mock, device, session) = session();
    let mut queues: Vec<Queue> = Vec::new();
    let error = loop {
        match device.create_queue(2 << queues.len()) {
            Ok(queue) => queues.push(queue),
            Err(error) => break error,
        }
    };
    assert_eq!(queues.len() as u32, QUEUES - 2, "two are the device's own");
    assert!(matches!(error, Error::Exhausted { what: "queue", limit: QUEUES }), "{error}");
    let numbers: HashSet<u32> = queues.iter().map(Queue::number).collect();
    assert_eq!(numbers, (2..QUEUES).collect());
    for entries in [0, 1, 3, 2048, usize::MAX] {
        device.delete_queue(&queues.pop().unwrap()).unwrap();
        assert!(matches!(device.create_queue(entries), Err(Error::Length { .. })), "{entries} entries");
        // Whatever positions the old queue's doorbells held, a new one of its number works.
        let queue = device.create_queue(16).unwrap();
        for value in 0..20 {
            finish(session.on(&queue).nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
        }
        queues.push(queue);
    }
    let queue = queues.pop().unwrap();
    let pinned = mock.host.allocations();
    device.delete_queue(&queue).unwrap();
    assert_eq!(mock.host.allocations(), pinned, "a handle keeps the rings");
    assert!(matches!(device.delete_queue(&queue), Err(Error::QueueGone { .. })));
    assert!(matches!(device.delete_queue(device.queue()), Err(Error::QueueGone { .. })), "the device needs it");
    let error = session.on(&queue).nop(0, After::Nothing).err().expect("it is gone");
    assert!(matches!(error, Error::QueueGone { why: "it was deleted", .. }), "{error}");
    drop(queue);
    assert_eq!(mock.host.allocations(), pinned - 2);
    // A queue without handles is still the card's, and is not pulled away under it.
    queues.clear();
    assert_eq!(mock.host.allocations(), pinned - 2);
}

#[test]
fn deleting_or_restarting_a_queue_ends_its_commands() {
    let (mock, device, session) = session_on(Mock::with(64, Limits { delay: 400, ..Limits::default() }));
    for restart in [false, true] {
        let queue = device.create_queue(64).unwrap();
        let handle = session.on(&queue);
        let memory = session.allocate(4096).unwrap();
        let layout = Layout { first: memory.first(), tile_stride: 1024, width: 8, rows: 1024 };
        let mut pending = Vec::new();
        for _ in 0..20 {
            let buffer = handle.buffer(8 * 1024).unwrap();
            pending.push(handle.upload(buffer, &layout, Stage::Upload, After::All).unwrap());
        }
        if restart {
            device.restart_queue(&queue).unwrap()
        } else {
            device.delete_queue(&queue).unwrap()
        }
        let mut aborted = 0;
        for pending in pending {
            let (buffer, outcome) = pending.wait(PATIENCE).unwrap();
            assert_eq!(buffer.len(), 8 * 1024);
            aborted += usize::from(outcome.is_err_and(|error| {
                assert!(matches!(error, Error::Command { status: Status::Aborted, .. }), "{error}");
                true
            }));
        }
        assert!(aborted > 0);
        finish(session.nop(1, After::Nothing).unwrap(), PATIENCE).expect("other queues go on");
        if restart {
            for value in 0..100 {
                let after = handle.nop(value, After::All).expect("it takes commands again");
                assert_eq!(finish(after, PATIENCE).unwrap().1.result, u64::from(value));
            }
            device.delete_queue(&queue).unwrap();
        }
        assert!(matches!(device.restart_queue(&queue), Err(Error::QueueGone { .. })), "it is gone");
        assert!(matches!(handle.nop(1, After::Nothing), Err(Error::QueueGone { .. })), "it is gone");
    }
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn corrupt_entry_ends_its_own_command_only() {
    let (mock, _device, session) = session();
    // At every place of the ring, and with every field hit, the id and the checksum among them.
    for round in 0..130u32 {
        let before = session.nop(1, After::Nothing).unwrap();
        mock.faults().tamper = Some(Box::new(move |_, entry| {
            let words: &mut [u32; 16] = bytemuck::cast_mut(entry);
            words[round as usize % 16] ^= 1 << (round % 32);
        }));
        let victim = session.nop(2, After::Nothing).unwrap();
        mock.faults().tamper = None;
        let after = session.nop(3, After::Nothing).unwrap();
        assert_eq!(status(finish(victim, PATIENCE)).0, Status::CorruptEntry, "round {round}");
        assert_eq!(finish(before, PATIENCE).unwrap().1.result, 1);
        assert_eq!(finish(after, PATIENCE).unwrap().1.result, 3);
    }
}

#[test]
fn second_command_with_an_id_is_refused_and_the_first_goes_on() {
    let (mock, _device, session) = session_on(Mock::with(64, Limits { delay: 400, ..Limits::default() }));
    let memory = session.allocate(256).unwrap();
    let layout = Layout { first: memory.first(), tile_stride: 256, width: 8, rows: 256 };
    for round in 0..70u64 {
        let values: Vec<u64> = (0..8 * 256).map(|i| round << 32 | i).collect();
        let buffer = session.buffer_from(&values).unwrap();
        let first = session.upload(buffer, &layout, Stage::Upload, After::Nothing).unwrap();
        let id = first.id();
        mock.faults().tamper = Some(Box::new(move |_, entry| {
            entry.id = id;
            support::sign(entry);
        }));
        let second = session.nop(2, After::Nothing).unwrap();
        mock.faults().tamper = None;
        assert_eq!(status(finish(second, PATIENCE)), (Status::DuplicateId, id.into()));
        finish(first, PATIENCE).expect("the first goes on");
        assert_eq!(mock.card_memory(layout.first, 256).concat(), values);
    }
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn doorbell_out_of_the_ring_freezes_its_queue_until_it_is_made_anew() {
    for (register, value) in [(0, 999), (0, u32::MAX), (4, 16), (4, 9)] {
        let (mock, device, session) = session();
        let queue = device.create_queue(16).unwrap();
        let handle = session.on(&queue);
        finish(handle.nop(1, After::Nothing).unwrap(), PATIENCE).unwrap();
        ring(&device, queue.number(), register, value);
        mock.run(1000);
        let stuck = handle.nop(2, After::Nothing).unwrap();
        let buffer = handle.buffer(8).unwrap();
        let abandoned = queue.submit(Opcode::Nop, nop(3), buffer, PATIENCE).unwrap();
        let error = stuck.wait(IMPATIENCE).expect_err("the queue is frozen");
        let Error::Timeout { what, seen, .. } = &error else { panic!("{error}") };
        assert!(what.contains("Nop") && what.contains(&format!("queue {}", queue.number())), "{error}");
        assert!(seen.contains("frozen"), "the card's log says why: {error}");
        finish(session.nop(4, After::Nothing).unwrap(), PATIENCE).expect("other queues go on");

        device.delete_queue(&queue).unwrap();
        let (buffer, outcome) = abandoned.wait(PATIENCE).unwrap();
        assert_eq!(buffer.len(), 8);
        assert!(matches!(outcome, Err(Error::Command { status: Status::Aborted, .. })), "{outcome:?}");
        let anew = device.create_queue(16).unwrap();
        assert_eq!(anew.number(), queue.number());
        for value in 0..40 {
            finish(session.on(&anew).nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
        }
        assert_eq!(mock.host.misses(), 0);
    }
}

#[test]
fn completion_of_no_command_ends_the_use_of_its_queue() {
    // Another command's id, and another queue's number.
    for (id, queue_off) in [(9, 0), (0, 1)] {
        let (mock, device, session) = session();
        let queue = device.create_queue(16).unwrap();
        let number = queue.number();
        mock.faults().paused = true;
        let buffer = session.buffer(8).unwrap();
        let stuck = queue.submit(Opcode::Nop, nop(1), buffer, PATIENCE).unwrap();
        let allocations = mock.host.allocations();
        mock.complete(number, 0, Completion { id, queue: number as u16 + queue_off, status: 1, ..Default::default() });
        let error = stuck.wait(PATIENCE).expect_err("its completion never comes");
        assert!(matches!(error, Error::Broken { queue, .. } if queue == number), "{error}");
        let error = session.on(&queue).nop(2, After::Nothing).err().expect("the queue is not to be trusted");
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        assert_eq!(mock.host.allocations(), allocations, "the card may still write to the buffer");

        mock.faults().paused = false;
        finish(session.nop(3, After::Nothing).unwrap(), PATIENCE).expect("other queues go on");
        device.delete_queue(&queue).unwrap();
        let anew = device.create_queue(16).unwrap();
        finish(session.on(&anew).nop(4, After::Nothing).unwrap(), PATIENCE).unwrap();
        drop(queue);
        assert_eq!(mock.host.misses(), 0);
    }
}
