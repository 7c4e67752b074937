//! Merkle trees and round constants, as planned by the firmware and executed word by word, against p3-merkle-tree.

mod hashing;
mod support;

use hashing::{BEATS, Bench, Form, constants};
use karat_abi::command::{MAX_MATRICES, matrix};
use karat_abi::{HashFunction, MatrixArguments, MerkleArguments, Opcode, P, Status, Submission};
use karat_firmware::testing::Limits;
use rand::RngExt;
use support::{Host, command};

#[test]
fn one_matrix_of_every_height_and_many_widths() {
    let mut bench = Bench::new(1, 7);
    for log_rows in 0..=10 {
        let width = bench.rng.random_range(1..20);
        bench.check(&[(log_rows, width)], 0);
    }
    for width in (1..=17).chain([40, 180]) {
        bench.check(&[(3, width)], 0);
    }
}

#[test]
fn matrices_of_uneven_heights_and_widths_share_a_tree() {
    for log_batch in [2, 7] {
        let mut bench = Bench::new(2, log_batch);
        bench.check(&[(5, 3), (5, 6), (5, 9)], 0);
        bench.check(&[(6, 5), (4, 3), (4, 1), (0, 2)], 0);
        bench.check(&[(9, 2), (8, 2), (7, 2), (6, 2), (5, 2), (4, 2), (3, 2), (2, 2), (1, 2), (0, 2)], 0);
        bench.check(&[(1, 180), (0, 7)], 0);
        for _ in 0..30 {
            let mut shapes: Vec<(u32, u32)> = (0..bench.rng.random_range(1..7))
                .map(|_| (bench.rng.random_range(0..9), bench.rng.random_range(1..30)))
                .collect();
            shapes.sort_by_key(|(log_rows, _)| std::cmp::Reverse(*log_rows));
            bench.check(&shapes, 0);
        }
    }
}

#[test]
fn flat_matrices_of_every_form() {
    let mut bench = Bench::new(7, 4);
    for log_words in 2..=6 {
        for skip in [false, true] {
            for log_rows in [0, 1, 2, 5, 7] {
                bench.check_forms(&[(log_rows, Form::Flat { log_words, skip })], 0);
            }
        }
    }
}

#[test]
fn flat_and_tile_major_matrices_share_a_tree() {
    for log_batch in [2, 7] {
        let mut bench = Bench::new(8, log_batch);
        for _ in 0..30 {
            let mut shapes: Vec<(u32, Form)> = (0..bench.rng.random_range(2..6))
                .map(|_| (bench.rng.random_range(0..8), Form::random(&mut bench.rng)))
                .collect();
            shapes.sort_by_key(|(log_rows, _)| std::cmp::Reverse(*log_rows));
            bench.check_forms(&shapes, 0);
        }
    }
}

#[test]
fn caps_end_the_tree_early() {
    let mut bench = Bench::new(3, 4);
    for cap_height in 0..=6 {
        bench.check(&[(6, 11)], cap_height);
        bench.check(&[(8, 3), (7, 5), (6, 1), (6, 4)], cap_height);
    }
}

#[test]
fn as_many_matrices_as_the_contract_allows() {
    let mut bench = Bench::new(4, 3);
    let shapes: Vec<(u32, u32)> = (0..MAX_MATRICES).map(|i| (if i < 40 { 4 } else { 2 }, 1 + i % 5)).collect();
    bench.check(&shapes, 1);
}

#[test]
fn constants_can_be_changed_between_trees_and_are_needed() {
    let mut bench = Bench::new(5, 7);
    bench.check(&[(4, 9)], 0);
    for _ in 0..3 {
        let (words, permutation) = constants(&mut bench.rng);
        assert_eq!(bench.load(&words), Ok(0));
        bench.permutation = permutation;
        bench.check(&[(4, 9)], 0);
    }
    let (mut words, _) = constants(&mut bench.rng);
    words[85] = P;
    assert_eq!(bench.load(&words), Err((Status::Argument, 170)));
    assert_eq!(bench.load(&words[..85]), Err((Status::HostRange, 680)));
    bench.check(&[(4, 9)], 0);

    let mut host = Host::new(Limits::default());
    let session = host.session(0, 1024);
    let mut queue = host.queue(1, 16);
    let mut words = vec![0, 0, 0, 1, 0, 0, 0, 0];
    words.extend([64, 1, 1, 0]);
    let list = host.list(&words);
    let submission = Submission { session, list, list_len: 48, ..command(Opcode::Merkle) };
    assert_eq!(host.run(&mut queue, submission), Err((Status::NoConstants, 0)));
    // Keccak takes none.
    words[5] = HashFunction::Keccak as u32;
    let list = host.list(&words);
    assert_eq!(host.run(&mut queue, Submission { list, ..submission }), Ok(0));
}

#[test]
fn a_hash_that_the_card_does_not_have() {
    let mut host = Host::new(Limits { hashes: 1 << HashFunction::Poseidon2 as u32, ..Limits::default() });
    let session = host.session(0, 1024);
    let mut queue = host.queue(1, 16);
    let keccak = HashFunction::Keccak as u32;
    let list = host.list(&[0, 0, 0, 1, 0, keccak, 0, 0, 64, 1, 1, 0]);
    let submission = Submission { session, list, list_len: 48, ..command(Opcode::Merkle) };
    assert_eq!(host.run(&mut queue, submission), Err((Status::NoHash, keccak.into())));
}

#[test]
fn wrong_arguments_are_named_by_their_index() {
    let mut bench = Bench::new(6, 7);
    let header = MerkleArguments {
        heap: 1024,
        scratch: 2048,
        scratch_beats: 4,
        matrices: 2,
        cap_height: 1,
        ..Default::default()
    };
    let first = MatrixArguments { card: 0, tile_stride: 16, width: 9, log_rows: 4 };
    let second = MatrixArguments { card: 100, tile_stride: 4, width: 3, log_rows: 2 };
    assert_eq!(bench.run(header, &[first, second]), Ok(0));
    let argument = |index: u64| (Status::Argument, index);
    let beats = u64::from(BEATS);
    for (header, matrices, expected) in [
        (MerkleArguments { matrices: 1, ..header }, [first, second], argument(3)),
        (MerkleArguments { matrices: u32::MAX, ..header }, [first, second], argument(3)),
        (MerkleArguments { hash: 2, ..header }, [first, second], argument(5)),
        (MerkleArguments { reserved: [0, 1], ..header }, [first, second], argument(7)),
        (MerkleArguments { cap_height: 5, ..header }, [first, second], argument(11)),
        (MerkleArguments { cap_height: 3, ..header }, [first, second], argument(15)),
        (header, [second, first], argument(15)),
        (header, [first, MatrixArguments { width: 0, ..second }], argument(14)),
        (header, [MatrixArguments { width: u32::MAX, ..first }, second], argument(10)),
        (header, [MatrixArguments { tile_stride: 15, ..first }, second], argument(9)),
        (header, [MatrixArguments { log_rows: 32, ..first }, second], argument(11)),
        (header, [MatrixArguments { card: BEATS - 31, ..first }, second], (Status::CardRange, beats - 31)),
        (MerkleArguments { heap: BEATS - 15, ..header }, [first, second], (Status::CardRange, beats - 15)),
        (MerkleArguments { scratch: BEATS - 3, ..header }, [first, second], (Status::CardRange, beats - 3)),
        (MerkleArguments { scratch: 1030, ..header }, [first, second], argument(1)),
        (MerkleArguments { scratch_beats: 3, ..header }, [first, second], (Status::ScratchTooSmall, 4)),
    ] {
        assert_eq!(bench.run(header, &matrices), Err(expected), "{header:?} {matrices:?}");
    }
    let skipping = 2 << matrix::FLAT_SHIFT | matrix::SKIP;
    let flat = MatrixArguments { card: 100, tile_stride: 0, width: 3, log_rows: 2 | skipping };
    assert_eq!(bench.run(header, &[first, flat]), Ok(0));
    let wide = MatrixArguments { card: BEATS - 31, tile_stride: 0, width: 64, log_rows: 4 | 6 << matrix::FLAT_SHIFT };
    for (matrices, expected) in [
        ([first, MatrixArguments { width: 4, ..flat }], argument(14)),
        ([first, MatrixArguments { width: 3, log_rows: 2 | 2 << matrix::FLAT_SHIFT, ..flat }], argument(14)),
        ([first, MatrixArguments { log_rows: 2 | 1 << matrix::FLAT_SHIFT, ..flat }], argument(15)),
        ([first, MatrixArguments { log_rows: 2 | 7 << matrix::FLAT_SHIFT, ..flat }], argument(15)),
        ([first, MatrixArguments { log_rows: 2 | matrix::SKIP, ..flat }], argument(15)),
        ([first, MatrixArguments { log_rows: 2 | skipping | 1 << 13, ..flat }], argument(15)),
        ([first, MatrixArguments { log_rows: 5 | skipping, ..flat }], argument(15)),
        ([first, MatrixArguments { log_rows: skipping, ..flat }], argument(15)),
        ([first, MatrixArguments { card: BEATS - 1, ..flat }], (Status::CardRange, beats - 1)),
        ([wide, second], (Status::CardRange, beats - 31)),
    ] {
        assert_eq!(bench.run(header, &matrices), Err(expected), "{matrices:?}");
    }
    for list_len in [0, 32, 47, 49, 60, 1072] {
        let list = bench.host.list(&[0; 300]);
        let submission = Submission { session: bench.session, list, list_len, ..command(Opcode::Merkle) };
        assert_eq!(bench.host.run(&mut bench.queue, submission), Err((Status::HostRange, list_len.into())));
    }
    assert_eq!(bench.run(header, &[first, second]), Ok(0));
}
