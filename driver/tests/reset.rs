//! Resets: what ends, what stays, what is told.

mod support;

use std::thread;
use std::time::Duration;

use karat_abi::registers::{bar0, status};
use karat_abi::{Opcode, Stage, Submission, queue::NO_COMMAND};
use karat_driver::{After, Error, Layout, Timeouts, finish};
use karat_firmware::testing::Limits;
use support::{IMPATIENCE, Mock, PATIENCE, PATIENT, session, session_on, session_with};

#[test]
fn reset_ends_commands_and_sessions_and_keeps_queues() {
    let (mock, device, session) = session();
    let queue = device.create_queue(8).unwrap();
    device.load_constants(&[3; 86]).unwrap();
    let memory = session.allocate(64).unwrap();
    for round in 0..3 {
        mock.faults().paused = true;
        let nop = Submission { after: NO_COMMAND, ..Default::default() };
        let under_way: Vec<_> = [device.queue(), &queue, &queue]
            .into_iter()
            .map(|queue| {
                let buffer = device.transport().allocate(64, karat_driver::Contiguity::Whole).unwrap();
                queue.submit(Opcode::Nop, nop, buffer, PATIENCE).unwrap()
            })
            .collect();
        mock.faults().paused = false;
        mock.faults().drains = 5;
        device.reset().unwrap();
        assert_eq!(mock.faults().drains, 0, "memory is given back only when nothing is on the buses");
        for pending in under_way {
            let (buffer, outcome) = pending.wait(PATIENCE).unwrap();
            assert_eq!(buffer.bytes(), 64);
            assert!(matches!(outcome, Err(Error::CardReset { .. })), "round {round}: {outcome:?}");
        }
        for result in [session.nop(1, After::Nothing).map(|_| ()), session.allocate(1).map(|_| ())] {
            let error = result.expect_err("the session is gone");
            assert!(matches!(error, Error::CardReset { .. }), "{error}");
        }
        let layout = Layout { first: memory.first(), tile_stride: 8, width: 8, rows: 8 };
        let upload = session.upload(session.buffer(64).unwrap(), &layout, Stage::Upload, After::Nothing);
        assert!(matches!(upload.err(), Some(Error::CardReset { .. })));

        let anew = device.session(0, 4096).expect("the whole memory is free again");
        for value in 0..20 {
            let (_, completion) = finish(anew.on(&queue).nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
            assert_eq!((completion.result, u32::from(completion.queue)), (value.into(), queue.number()));
            finish(anew.nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
        }
        // Constants of before count as loaded: the admin queue has carried one command for them.
        assert_eq!(device.counters().unwrap().commands, 1 + 1 + 1 + 1 + 40, "queues 1 and 2, constants, session, nops");
    }
    drop(session);
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn old_session_can_not_end_the_new_one_of_its_number() {
    let (_, device, old) = session();
    device.reset().unwrap();
    let new = device.session(0, 1024).unwrap();
    drop(old);
    finish(new.nop(1, After::Nothing).unwrap(), PATIENCE).unwrap();
    let error = device.session(0, 1024).err().expect("the range is the new session's");
    assert!(matches!(error, Error::Command { .. }), "{error}");
}

#[test]
fn reset_brings_a_stopped_firmware_back() {
    let (mock, device, session) = session();
    mock.panic("panic: deliberate\n", 9);
    let error = session.nop(1, After::Nothing).unwrap().wait(PATIENCE).expect_err("it stopped");
    assert!(matches!(error, Error::Fatal { .. }), "{error}");
    mock.faults().paused = false;
    device.reset().unwrap();
    let anew = device.session(0, 64).unwrap();
    finish(anew.nop(1, After::Nothing).unwrap(), PATIENCE).unwrap();
}

#[test]
fn failed_reset_leaves_the_card_held_and_may_be_tried_again() {
    let (mock, device, session) = session_with(Timeouts { boot: IMPATIENCE, ..PATIENT });
    mock.faults().registers.insert(bar0::STATUS, status::BOOTING);
    let error = device.reset().expect_err("it does not come up");
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    for result in [device.counters().map(|_| ()), session.nop(1, After::Nothing).map(|_| ())] {
        assert!(matches!(result, Err(Error::CardReset { .. })), "{result:?}");
    }
    assert_eq!(device.transport().read32(bar0::CONTROL), 0, "held in reset");
    mock.faults().registers.clear();
    device.reset().unwrap();
    device.counters().unwrap();
}

#[test]
fn memory_stays_pinned_while_transfers_do_not_end() {
    let (mock, device, session) = session_with(Timeouts { halt: IMPATIENCE, ..PATIENT });
    mock.faults().paused = true;
    let pinned = mock.host.allocations();
    let buffer = session.buffer(8).unwrap();
    let nop = Submission { after: NO_COMMAND, ..Default::default() };
    let pending = device.queue().submit(Opcode::Nop, nop, buffer, PATIENCE).unwrap();
    mock.faults().drains = u32::MAX;
    let error = device.reset().expect_err("the buses do not come to rest");
    let Error::Timeout { what, waited, .. } = &error else { panic!("{error}") };
    assert!(what.contains("transfers") && *waited >= IMPATIENCE, "{error}");
    let error = pending.wait(Duration::from_secs(3600)).expect_err("the command is given up");
    assert!(matches!(error, Error::CardReset { .. }), "{error}");
    assert_eq!(mock.host.allocations(), pinned + 1, "the card may still write to the buffer");
    // When they end after all, another reset sets things right.
    mock.faults().drains = 0;
    mock.faults().paused = false;
    device.reset().unwrap();
    assert_eq!(mock.host.allocations(), pinned);
    device.counters().unwrap();

    // A device that is closed while they go on leaves its rings to the card for good.
    drop(session);
    mock.faults().drains = u32::MAX;
    drop(device);
    assert_eq!(mock.host.allocations(), 4, "two pairs of rings");
}

#[test]
fn threads_under_way_during_resets_see_each_command_end_once() {
    let (mock, device, _session) = session_on(Mock::with(64, Limits { delay: 3, ..Limits::default() }));
    let queue = device.create_queue(8).unwrap();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4u32)
            .map(|thread| {
                let queue = &queue;
                scope.spawn(move || {
                    let (mut done, mut reset) = (0, 0);
                    while reset < 5 || done < 50 {
                        let value = thread << 24 | done;
                        let nop = Submission { param: value, after: NO_COMMAND, ..Default::default() };
                        let outcome = match queue.submit(Opcode::Nop, nop, value, PATIENCE) {
                            Ok(pending) => {
                                let (payload, outcome) = pending.wait(PATIENCE).expect("every command ends");
                                assert_eq!(payload, value);
                                outcome.map(|completion| completion.result)
                            }
                            Err(error) => Err(error),
                        };
                        match outcome {
                            Ok(result) => {
                                assert_eq!(result, value.into());
                                done += 1;
                            }
                            Err(Error::CardReset { .. }) => reset += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            device.reset().unwrap();
            device.counters().unwrap();
        }
    });
    assert_eq!(mock.host.misses(), 0);
}
