//! Commands of the vector engine: what is refused, in what order they run, and that their end does nothing to others.

mod support;

use karat_abi::command::MAX_PASSES;
use karat_abi::engine::vector::{self as words, shape};
use karat_abi::vector::{Load, MATRICES, Operand, Product, ProductOp, Row};
use karat_abi::{Engine, Opcode, Status, Submission, VectorPass};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use rand::RngExt;
use support::command;
use support::vector::{BEATS, Bench, Program};

/// One run that replaces `x` by `factor * x + 2 * summand`, for two words of each lane from beat `place` on.
fn affine(bench: &mut Bench, place: u32, factor: Goldilocks, summand: Goldilocks) -> VectorPass {
    let mut program = Program { table: vec![Goldilocks::ZERO, factor, summand], ..Default::default() };
    program.loads.push(Load { matrix: 0, tile: 0, row: Row::Own, group: 0, slot: 0 });
    program.add(Operand::Table(2), Operand::Table(2), 0, false);
    for word in 0..2 {
        program.multiply_add(Operand::Table(1), Operand::Tile(0, word), Operand::Sum(0), 0);
        program.add(Operand::Product(0), Operand::Table(0), 1, true);
    }
    let mut pass = bench.place(&program.finish(), &[]);
    pass.words[words::RUNS] = 1;
    pass.words[words::SHAPE] = 1 << shape::LOG_WORDS | 1 << shape::INITIAL_LOADS | shape::WRITES;
    pass.words[words::OUTPUT] = place;
    pass.words[words::MATRIX_SHAPES] = 1;
    pass.words[words::MATRIX..][..3].copy_from_slice(&[place, 0, 1]);
    pass
}

/// What [`affine`] does to all words of a beat that are alike.
fn expect(bench: &mut Bench, place: u32, value: Goldilocks) {
    let found = bench.memory()[place as usize];
    assert_eq!(found, [value.as_canonical_u64(); 8], "beat {place}");
}

#[test]
fn commands_run_in_the_order_in_which_they_become_ready() {
    for _ in 0..10 {
        let mut bench = Bench::new(4);
        let place = bench.take(1);
        let mut value = bench.value();
        bench.memory()[place as usize] = [value.as_canonical_u64(); 8];
        let steps: Vec<[Goldilocks; 2]> = (0..8).map(|_| [bench.value() + Goldilocks::TWO, bench.value()]).collect();
        // The first ids are 0, 1, ..: each waits for a later one, which is not outstanding when it comes, or for an earlier one.
        let waits = [None, Some(0), None, Some(1), Some(3), None, Some(2), None];
        let mut ids = Vec::new();
        for ([factor, summand], wait) in steps.iter().zip(waits) {
            let pass = affine(&mut bench, place, *factor, *summand);
            let submission = bench.submission(&[pass]);
            let after = wait.map_or(submission.after, |index: usize| ids[index]);
            ids.push(bench.host.put(&mut bench.queue, Submission { after, ..submission }));
        }
        bench.host.ring(&bench.queue);
        let order: Vec<usize> = (0..steps.len())
            .map(|_| {
                let done = bench.host.wait(&mut bench.queue);
                assert_eq!(done.status, Status::Success);
                ids.iter().position(|id| *id == done.id).unwrap()
            })
            .collect();
        let place_of = |index: usize| order.iter().position(|other| *other == index).unwrap();
        let ready: Vec<usize> = (0..steps.len()).filter(|index| waits[*index].is_none()).collect();
        assert!(ready.windows(2).all(|pair| place_of(pair[0]) < place_of(pair[1])), "{order:?}");
        for (index, wait) in waits.iter().enumerate() {
            assert!(wait.is_none_or(|wait| place_of(wait) < place_of(index)), "{order:?}");
        }
        assert!(order != (0..steps.len()).collect::<Vec<_>>(), "what had to wait was overtaken");
        for index in order {
            let [factor, summand] = steps[index];
            value = factor * value + summand.double();
        }
        expect(&mut bench, place, value);
    }
}

/// A command leaves a value in a register in one descriptor and puts it out in a later one.
#[test]
fn nothing_comes_between_the_passes_of_a_command() {
    let mut bench = Bench::new(8);
    let mut queues: Vec<_> = (2..7).map(|number| bench.host.queue(number, 8)).collect();
    let mut expected = Vec::new();
    for round in 0..4 {
        for queue in &mut queues {
            let values = bench.values(4);
            let word = |word| Operand::Table(word);
            let to_register = |op, c| {
                let mut program = Program { table: values.clone(), ..Default::default() };
                let zero = Operand::Sum(511);
                program.step(Some(Product { op: ProductOp::Multiply, a: zero, b: zero, c: zero, to: 510 }), None);
                program.step(Some(Product { op, a: word(round), b: word(round), c, to: 100 }), None);
                program.finish()
            };
            let first = to_register(ProductOp::Multiply, Operand::Sum(0));
            let again = to_register(ProductOp::Add, Operand::Product(100));
            let mut output = Program::default();
            for _ in 0..2 {
                output.add(Operand::Product(100), Operand::Table(0), 7, true);
            }
            let output = output.finish();
            let passes = [&first, &again, &again, &output];
            let mut passes = passes.map(|program| bench.place(program, &[]));
            for pass in &mut passes {
                pass.words[words::RUNS] = 1;
            }
            passes[3].words[words::SHAPE] = 1 << shape::LOG_WORDS | shape::WRITES;
            passes[3].words[words::OUTPUT] = bench.take(2);
            assert_eq!(passes.len(), MAX_PASSES as usize);
            let square = values[round as usize].square();
            expected.push((passes[3].words[words::OUTPUT], square.double() + square));
            let submission = bench.submission(&passes);
            bench.host.put(queue, submission);
        }
    }
    for queue in &queues {
        bench.host.ring(queue);
    }
    for queue in &mut queues {
        for _ in 0..4 {
            assert_eq!(bench.host.wait(queue).status, Status::Success);
        }
    }
    for (place, value) in expected {
        expect(&mut bench, place, value);
        expect(&mut bench, place + 1, value);
    }
}

#[test]
fn deleting_a_queue_gives_its_commands_up_and_no_other() {
    let mut aborted = 0;
    let mut succeeded = 0;
    let mut interrupted = 0;
    for round in 0..20 {
        let mut bench = Bench::new(4);
        let mut other = bench.host.queue(2, 16);
        let place = bench.take(1);
        let mut value = bench.value();
        bench.memory()[place as usize] = [value.as_canonical_u64(); 8];
        let foreign = bench.take(1);
        let [zero, three] = [Goldilocks::ZERO, Goldilocks::from_u8(3)];
        bench.memory()[foreign as usize] = [1; 8];
        for _ in 0..6 {
            let (factor, summand) = (bench.value(), bench.value());
            let own = affine(&mut bench, place, factor, summand);
            let own = bench.submission(&[own, own]);
            bench.host.put(&mut other, own);
            value = factor * (factor * value + summand.double()) + summand.double();
            let pass = affine(&mut bench, foreign, three, zero);
            let given_up = bench.submission(&[pass; MAX_PASSES as usize]);
            bench.host.put(&mut bench.queue, given_up);
        }
        bench.host.ring(&bench.queue);
        bench.host.ring(&other);
        bench.host.steps(5 * round);
        bench.host.admin(Submission { param: 1, ..command(Opcode::DeleteQueue) }).unwrap();
        let mut ended = 0;
        while let Some(done) = bench.host.take(&mut bench.queue) {
            assert!(matches!(done.status, Status::Success | Status::Aborted), "{:?}", done.status);
            aborted += u32::from(done.status == Status::Aborted);
            succeeded += u32::from(done.status == Status::Success);
            ended += u64::from(done.status == Status::Success);
        }
        for _ in 0..6 {
            assert_eq!(bench.host.wait(&mut other).status, Status::Success);
        }
        bench.host.steps(1000);
        assert!(!bench.host.machine.registers().is_busy(Engine::Vector));
        expect(&mut bench, place, value);
        let passes =
            (0..=24).find(|passes| three.exp_u64(*passes).as_canonical_u64() == bench.memory()[foreign as usize][0]);
        let passes = passes.expect("whole passes");
        assert!(passes >= 4 * ended, "what was done is done");
        interrupted += u32::from(passes % 4 != 0);
    }
    assert!(aborted > 10 && succeeded > 10, "{aborted} aborted, {succeeded} not: the test deletes at the wrong time");
    assert!(interrupted > 0, "no command ended between its passes");
}

#[test]
fn wrong_arguments_are_named_by_their_index() {
    let mut bench = Bench::new(8);
    let place = bench.take(4);
    bench.memory()[place as usize..][..4].fill([0; 8]);
    let good = affine(&mut bench, place, Goldilocks::ONE, Goldilocks::ONE);
    assert_eq!(bench.run(&[good; MAX_PASSES as usize]), Ok(0));
    let with = |changes: &[(usize, u32)]| {
        let mut pass = good;
        for (index, value) in changes {
            pass.words[*index] = *value;
        }
        pass
    };
    let argument = |index: usize| (Status::Argument, 4 + index as u64);
    let range = |first: u32| (Status::CardRange, u64::from(first));
    let shape = |field: u32| good.words[words::SHAPE] | field;
    let end = BEATS - 64;
    const M1: usize = words::MATRIX + 3;
    for (pass, expected) in [
        (VectorPass { reserved: 1, ..good }, argument(words::WORDS)),
        (with(&[(words::INSTRUCTIONS, 0)]), argument(words::INSTRUCTIONS)),
        (with(&[(words::RUNS, 0)]), argument(words::RUNS)),
        (with(&[(words::RUNS, 1 << 24)]), argument(words::RUNS)),
        (with(&[(words::SHAPE, shape(1 << 5))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(1 << 11))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(1 << 14))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(1 << 23))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(1 << 31))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(25))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape(7 << shape::LOG_UNROLL))]), argument(words::SHAPE)),
        (with(&[(words::SHAPE, shape::WRITES)]), argument(words::SHAPE)),
        // A run of 2^8 beats.
        (with(&[(words::SHAPE, shape(2 << shape::LOG_WORDS | 5 << shape::LOG_UNROLL))]), argument(words::SHAPE)),
        (with(&[(words::MATRIX_SHAPES, 0)]), argument(words::MATRIX_SHAPES)),
        (with(&[(words::MATRIX_SHAPES, 9)]), argument(words::MATRIX_SHAPES)),
        (with(&[(words::MATRIX_SHAPES, 1 | 1 << 16)]), argument(words::MATRIX_SHAPES)),
        (with(&[(M1 + 2, 1)]), argument(words::MATRIX_SHAPES)),
        (with(&[(words::MATRIX + 2, 1 << 16 | 1)]), argument(words::MATRIX + 2)),
        (with(&[(words::MATRIX + 2, 0)]), argument(words::LOAD_COUNT)),
        // The output over what is read.
        (with(&[(words::OUTPUT, good.words[words::PROGRAM])]), argument(words::OUTPUT)),
        (with(&[(words::OUTPUT, good.words[words::LOADS] - 1)]), argument(words::OUTPUT)),
        (with(&[(words::OUTPUT, good.words[words::TABLE] + 7)]), argument(words::OUTPUT)),
        (with(&[(words::CONSTANTS, place), (words::CONSTANT_COUNT, 1)]), argument(words::OUTPUT)),
        (with(&[(words::OUTPUT, place + 1)]), argument(words::OUTPUT)),
        (with(&[(words::MATRIX_SHAPES, 2)]), argument(words::OUTPUT)),
        (with(&[(words::MATRIX_SHAPES, 5)]), argument(words::OUTPUT)),
        (with(&[(words::MATRIX + 2, 2), (words::MATRIX + 1, 2)]), argument(words::OUTPUT)),
        (with(&[(words::MATRIX_SHAPES, 0x51), (M1, place + 1), (M1 + 2, 1)]), argument(words::OUTPUT)),
        // Beyond the session.
        (with(&[(words::PROGRAM, 63)]), range(63)),
        (with(&[(words::PROGRAM, end - 1)]), range(end - 1)),
        (with(&[(words::INSTRUCTIONS, u32::MAX)]), range(good.words[words::PROGRAM])),
        (with(&[(words::CONSTANTS, end - 1), (words::CONSTANT_COUNT, 9)]), range(end - 1)),
        (with(&[(words::CONSTANTS, 0), (words::CONSTANT_COUNT, 1)]), range(0)),
        (with(&[(words::CONSTANT_COUNT, u32::MAX)]), range(good.words[words::CONSTANTS])),
        (with(&[(words::LOADS, end)]), range(end)),
        (with(&[(words::LOAD_COUNT, u32::MAX)]), range(good.words[words::LOADS])),
        (with(&[(words::TABLE, end - 7)]), range(end - 7)),
        (with(&[(words::TABLE, u32::MAX)]), range(u32::MAX)),
        (with(&[(words::OUTPUT, end - 1)]), range(end - 1)),
        (with(&[(words::OUTPUT, u32::MAX)]), range(u32::MAX)),
        (with(&[(words::RUNS, BEATS)]), range(place)),
        (with(&[(words::SHAPE, shape(14))]), range(place)),
        (with(&[(words::MATRIX, end - 1)]), range(end - 1)),
        (with(&[(words::MATRIX + 1, u32::MAX), (words::MATRIX + 2, 1 << 16)]), range(place)),
        (with(&[(words::MATRIX_SHAPES, 0x71), (M1, end - 7), (M1 + 2, 1)]), range(end - 7)),
        (
            with(&[
                (words::SHAPE, shape(1 << shape::LOG_UNROLL)),
                (words::MATRIX_SHAPES, 0x71),
                (M1, end - 15),
                (M1 + 2, 1),
            ]),
            range(end - 15),
        ),
        (with(&[(words::MATRIX_SHAPES, 0x7001), (M1 + 6, end - 8), (M1 + 7, 1), (M1 + 8, 2)]), range(end - 8)),
    ] {
        assert_eq!(bench.run(&[pass]), Err(expected), "{pass:?}");
        let expected = if expected.0 == Status::Argument { (Status::Argument, expected.1 + 48) } else { expected };
        assert_eq!(bench.run(&[good, good, pass]), Err(expected), "third: {pass:?}");
    }
    for last in [
        with(&[(words::CONSTANTS, u32::MAX)]),
        with(&[(M1, u32::MAX), (M1 + 1, u32::MAX)]),
        with(&[(words::MATRIX_SHAPES, 0x71), (M1, end - 8), (M1 + 2, 1)]),
        with(&[(words::SHAPE, shape(2))]),
    ] {
        assert_eq!(bench.run(&[last]), Ok(0), "what is not used, or just fits: {last:?}");
    }
    let submission = bench.submission(&[good, good]);
    for list_len in [0, 15, 16, 96, 111, 113, 16 + 5 * 96, u32::MAX] {
        let bad = Submission { list_len, ..submission };
        assert_eq!(bench.host.run(&mut bench.queue, bad), Err((Status::HostRange, list_len.into())));
    }
    let shorter = Submission { list_len: 112, ..submission };
    assert_eq!(bench.host.run(&mut bench.queue, shorter), Err((Status::Argument, 0)));
    let foreign = Submission { session: 9, ..submission };
    assert_eq!(bench.host.run(&mut bench.queue, foreign), Err((Status::UnknownSession, 9)));
    for index in 0..4 {
        let mut header = [2, 0, 0, 0];
        header[index] += u32::MAX / 2;
        let list = bench.host.list(&[&header[..], &[0; 48]].concat());
        assert_eq!(
            bench.host.run(&mut bench.queue, Submission { list, ..submission }),
            Err((Status::Argument, index as u64))
        );
    }
    let value = bench.memory()[place as usize][0];
    assert_eq!(value, 2 * 8, "a command with a wrong pass does nothing");
    let lost = Submission { list: 1 << 40, ..submission };
    assert_eq!(bench.host.run(&mut bench.queue, lost), Err((Status::BusError, 0)));
}

/// Random loads by random descriptors: what is accepted brings nothing that stands outside the session.
#[test]
fn loads_reach_nothing_outside_the_session() {
    const FOREIGN: u64 = 0x5ec_2e75;
    let (mut accepted, mut refused) = (0, 0);
    for lanes in [4, 8] {
        let mut bench = Bench::new(lanes);
        for _ in 0..400 {
            bench.memory().fill([1; 8]);
            bench.memory()[..64].fill([FOREIGN; 8]);
            bench.memory()[BEATS as usize - 64..].fill([FOREIGN; 8]);
            bench.free = 64 + bench.rng.random_range(0..50);
            let log_unroll = bench.rng.random_range(0..4);
            let mut program = Program::default();
            for slot in 0..4 {
                let row = if log_unroll == 0 { bench.rng.random_range(0..3) } else { 0 };
                program.loads.push(Load {
                    matrix: bench.rng.random_range(0..MATRICES as u8),
                    tile: bench.rng.random_range(0..4) * bench.rng.random_range(0..3),
                    row: [Row::Own, Row::Next, Row::Previous][row],
                    group: bench.rng.random_range(0..1 << log_unroll),
                    slot,
                });
            }
            for output in 0..8 << log_unroll {
                program.add(Operand::Tile(output as u8 % 4, 0), Operand::Table(0), 0, true);
            }
            let mut pass = bench.place(&program.finish(), &[]);
            pass.words[words::RUNS] = bench.rng.random_range(1..40);
            let log_groups = bench.rng.random_range(0..8);
            let output = bench.take(40 << log_unroll << 3);
            pass.words[words::OUTPUT] = output;
            pass.words[words::SHAPE] = log_groups
                | log_unroll << shape::LOG_UNROLL
                | 3 << shape::LOG_WORDS
                | 4 << shape::INITIAL_LOADS
                | shape::WRITES;
            for m in 0..MATRICES {
                let log_words = bench.rng.random_range(1..4);
                // Other rows are not of fixed matrices, nor of rows beyond the coset.
                let fixed = u32::from(log_unroll != 0 && bench.rng.random());
                pass.words[words::MATRIX_SHAPES] |= (log_words | fixed << 2) << (4 * m);
                let near_end = BEATS - bench.rng.random_range(1..1000);
                pass.words[words::MATRIX + 3 * m] = if bench.rng.random() { near_end } else { bench.free };
                pass.words[words::MATRIX + 3 * m + 1] = bench.rng.random_range(0..300);
                pass.words[words::MATRIX + 3 * m + 2] = bench.rng.random_range(0..4);
            }
            if log_unroll == 0 {
                pass.words[words::RUNS] = pass.words[words::RUNS].min(1 << log_groups);
            }
            match bench.run(&[pass]) {
                Ok(_) => accepted += 1,
                Err((Status::CardRange | Status::Argument, _)) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
            let memory = bench.memory();
            let inside = &memory[64..BEATS as usize - 64];
            assert!(inside.iter().flatten().all(|word| *word != FOREIGN), "{pass:?}");
            assert!(memory[..64].iter().flatten().all(|word| *word == FOREIGN));
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
}
