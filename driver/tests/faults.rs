//! Cards that do not answer, stop or go away while commands are under way.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use karat_abi::{Opcode, Submission, queue::NO_COMMAND};
use karat_driver::{After, Contiguity, Error, HostBuffer, Loss, Timeouts, finish};
use support::{IMPATIENCE, PATIENCE, PATIENT, session, session_with};

/// Something that goes with a command, and how often it was dropped.
struct Token {
    drops: Arc<AtomicUsize>,
    _buffer: HostBuffer,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

fn nop() -> Submission {
    Submission { param: 7, after: NO_COMMAND, ..Default::default() }
}

#[test]
fn thread_that_gives_up_leaves_the_buffer_to_the_card_until_the_late_completion() {
    let (mock, device, session) = session_with(Timeouts { admin: IMPATIENCE, ..PATIENT });
    let drops = Arc::new(AtomicUsize::new(0));
    let pinned = mock.host.allocations();
    let submit = || {
        let token = Token { drops: drops.clone(), _buffer: session.buffer(8).unwrap() };
        device.queue().submit(Opcode::Nop, nop(), token, PATIENCE).unwrap()
    };
    mock.faults().paused = true;
    let start = Instant::now();
    let error = submit().wait(IMPATIENCE).err().expect("nobody answers");
    let Error::CardLost { loss: Loss::Silent { what, waited, .. }, .. } = &error else { panic!("{error}") };
    assert!(what.contains("Nop") && what.contains("queue 0") && *waited >= IMPATIENCE, "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "waits are bounded");
    // The other way to give up.
    drop(submit());
    assert_eq!((drops.load(Ordering::SeqCst), mock.host.allocations()), (0, pinned + 2));

    mock.faults().paused = false;
    finish(session.nop(1, After::All).unwrap(), PATIENCE).unwrap();
    assert_eq!((drops.load(Ordering::SeqCst), mock.host.allocations()), (2, pinned));
    // Their ids serve again.
    for value in 0..200 {
        finish(session.nop(value, After::Nothing).unwrap(), PATIENCE).unwrap();
    }
    assert_eq!((drops.load(Ordering::SeqCst), mock.host.misses()), (2, 0));
}

#[test]
fn card_that_goes_away_is_noticed_by_all_who_wait_long_before_their_time() {
    let (mock, device, session) = session();
    mock.faults().paused = true;
    let drops = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let token = Token { drops: drops.clone(), _buffer: session.buffer(8).unwrap() };
                let pending = device.queue().submit(Opcode::Nop, nop(), token, PATIENCE).unwrap();
                scope.spawn(move || pending.wait(Duration::from_secs(3600)).map(|_| ()))
            })
            .collect();
        mock.faults().lost_after = Some(0);
        for thread in waiting {
            let error = thread.join().unwrap().expect_err("the card is gone");
            assert!(matches!(error, Error::CardLost { loss: Loss::AllOnes { .. }, .. }), "{error}");
        }
    });
    for result in [device.counters().map(|_| ()), session.nop(1, After::Nothing).unwrap().wait(PATIENCE).map(|_| ())] {
        let error = result.expect_err("the card is gone");
        assert!(matches!(error, Error::CardLost { .. }), "{error}");
    }
    assert!(matches!(device.reset(), Err(Error::CardLost { .. })));
    // A card that is gone writes nothing: what its commands took is free.
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    drop((session, device));
    assert_eq!(mock.host.allocations(), 0);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn card_may_be_lost_at_any_access_of_a_command() {
    let (mock, device, session) = session();
    let before = mock.faults().accesses;
    finish(session.nop(1, After::Nothing).unwrap(), PATIENCE).unwrap();
    let most = mock.faults().accesses - before;
    drop((session, device));
    for after in 0..most {
        let (mock, device, session) = support::session();
        mock.faults().lost_after = Some(after);
        // The last access acknowledges the completion: the command has ended by then.
        match finish(session.nop(1, After::Nothing).unwrap(), PATIENCE) {
            Ok((_, completion)) => assert_eq!((completion.result, after), (1, most - 1)),
            Err(error) => assert!(matches!(error, Error::CardLost { .. }), "{error}"),
        }
        drop((session, device));
        assert_eq!(mock.host.allocations(), 0);
    }
}

#[test]
fn firmware_that_stops_tells_why_to_all_who_wait() {
    let (mock, device, session) = session();
    mock.faults().paused = true;
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|value| {
                let pending = session.nop(value, After::Nothing).unwrap();
                scope.spawn(move || pending.wait(Duration::from_secs(3600)).map(|_| ()))
            })
            .collect();
        mock.panic("panic: index out of bounds\n", 123);
        for thread in waiting {
            let error = thread.join().unwrap().expect_err("it stopped");
            assert!(matches!(error, Error::Fatal { address: 123, .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("index out of bounds") && text.contains("panicked"), "{text}");
        }
    });
    assert!(device.log().ends_with("index out of bounds\n"));
    assert!(matches!(device.counters(), Err(Error::Fatal { .. })));
}

#[test]
fn long_log_shows_its_end() {
    let (mock, device, _session) = session();
    let lines: Vec<String> = (0..1000).map(|i| format!("line {i}\n")).collect();
    mock.panic(&lines.concat(), 1);
    let log = device.log();
    assert_eq!(log.len(), 2048);
    assert!(lines.concat().ends_with(&log));
}

#[test]
fn administration_of_a_silent_card_is_bounded() {
    let (mock, device, session) = session_with(Timeouts { admin: 10 * IMPATIENCE, ..PATIENT });
    mock.faults().paused = true;
    let start = Instant::now();
    let error = device.counters().expect_err("nobody answers");
    let Error::CardLost { loss: Loss::Silent { what, .. }, .. } = &error else { panic!("{error}") };
    assert!(what.contains("Counters"), "{error}");
    // Dropping the session asks the card as well.
    drop(session);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    mock.faults().paused = false;
    device.counters().expect("it answers again");
    assert_eq!(mock.host.misses(), 0);
}

#[test]
fn closed_device_ends_what_is_under_way() {
    let (mock, device, session) = session();
    drop(session);
    let queue = device.queue().clone();
    mock.faults().paused = true;
    let memory = device.transport().allocate(64, Contiguity::Whole).unwrap();
    let pending = queue.submit(Opcode::Nop, nop(), memory, PATIENCE).unwrap();
    drop(device);
    mock.faults().paused = false;
    let (memory, outcome) = pending.wait(PATIENCE).unwrap();
    assert_eq!(memory.bytes(), 64);
    let refused = queue.submit(Opcode::Nop, nop(), (), PATIENCE);
    for error in [outcome.err(), refused.err()] {
        let error = error.expect("the device is closed");
        assert!(matches!(error, Error::QueueGone { why: "its device was closed", .. }), "{error}");
    }
    drop((memory, queue));
    assert_eq!(mock.host.allocations(), 0);
}
