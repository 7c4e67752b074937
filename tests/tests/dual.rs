//! Two cards compared after every command: proofs go through, and a word that an engine writes wrongly is found at its place.

#[path = "dual/bench.rs"]
mod bench;
#[path = "dual/programs.rs"]
mod programs;

use std::collections::BTreeSet;

use bench::{BULK, Bench, CARD_WRITE, HASH, MAILBOX, MASK, NTT, VECTOR, difference_in, fault, seeded, words};
use karat::airs::{AirName, Statement};
use karat::config::Challenge;
use karat::job::{CardIdentity, Resident, run};
use karat::{Card, Parameters, Poseidon2Constants};
use karat_abi::{GrindArguments, LdeArguments, MatrixArguments, MerkleArguments, Opcode, P, Stage};
use karat_driver::{After, Layout, Place};
use karat_sim::CardPort;
use karat_tests::{accept, chain, parameters};
use p3_dft::{Radix2Dit, TwoAdicSubgroupDft};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_symmetric::{CryptographicHasher, PaddingFreeSponge, PseudoCompressionFunction, TruncatedPermutation};
use programs::ROWS;
use rand::RngExt;

const WIDTH: u32 = 5;

fn identity(card: &Card) -> CardIdentity {
    CardIdentity { name: card.device().name(), firmware_sha256: *card.firmware_sha256() }
}

#[test]
fn proofs_of_every_air_go_through() {
    let card = Card::open("dual").unwrap();
    let session = card.session().unwrap();
    for (air, log_rows) in AirName::ALL.into_iter().zip([6, 3, 5, 3]) {
        let statement = Statement::random(air, log_rows, 1).unwrap();
        let outcome =
            run::<Challenge, _>(&Resident(session.clone()), &identity(&card), &parameters(1, 1, 0), statement);
        assert_eq!(accept(outcome).report.card, "sim:tiny and model");
    }
}

#[test]
fn a_wrong_word_of_an_upload() {
    let mut rng = seeded();
    // In the first tile there is no absent column.
    for (rows, beat, word) in [(64, 0, 0), (64, 17, 7), (1, 0, 3)] {
        let bench = Bench::new();
        let layout = bench.layout(11, rows);
        let values = words(&mut rng, 11 * rows);
        bench.inject(CardPort::Card, fault(CARD_WRITE, beat, word));
        let buffer = bench.session().buffer_from(&values).unwrap();
        let error = bench.session().upload(buffer, &layout, Stage::Upload, After::Nothing).err().unwrap();
        let difference = difference_in(&error);
        let Place::Matrix { first, row, column } = difference.place else { panic!("{error}") };
        assert_eq!((first, column % 8), (layout.first, word as u32), "{error}");
        let value = values[(row * 11 + column) as usize];
        bench.failed_at(&error, 1, Opcode::Upload, Stage::Upload, value);
        let text = format!(
            "two cards differ after command 1, Upload of stage upload: row {row}, column {column} of the matrix at \
             beat {first} is {:#018x} on sim:tiny and {value:#018x} on model; open them again to go on",
            value ^ MASK
        );
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_wrong_word_of_an_extension() {
    let mut rng = seeded();
    for (beat, word) in [(0, 0), (77, 4)] {
        let bench = Bench::new();
        let (from, to) = (bench.layout(WIDTH, 32), bench.layout(WIDTH, 128));
        let values = words(&mut rng, WIDTH * 32);
        bench.upload(&from, &values);
        bench.inject(CardPort::Card, fault(NTT, beat, word));
        let arguments = LdeArguments {
            shift: Goldilocks::GENERATOR.as_canonical_u64(),
            source: from.first,
            source_stride: from.tile_stride,
            destination: to.first,
            destination_stride: to.tile_stride,
            tiles: 1,
            log_rows: 5,
            log_blowup: 2,
            ..Default::default()
        };
        let error = bench.session().lde(&arguments, Stage::Lde, After::All).err().unwrap();
        let Place::Matrix { first, row, column } = difference_in(&error).place else { panic!("{error}") };
        assert_eq!((first, column), (to.first, word as u32), "{error}");
        let matrix = RowMajorMatrix::new(values.into_iter().map(Goldilocks::new).collect(), WIDTH as usize);
        let extended = Radix2Dit::default().coset_lde_batch(matrix, 2, Goldilocks::GENERATOR).bit_reverse_rows();
        let value = extended.to_row_major_matrix().get(row as usize, column as usize).unwrap();
        bench.failed_at(&error, 2, Opcode::Lde, Stage::Lde, value.as_canonical_u64());
    }
}

#[test]
fn a_wrong_word_of_a_tree() {
    let mut rng = seeded();
    let constants = Poseidon2Constants::default();
    let sponge = PaddingFreeSponge::<_, 8, 4, 4>::new(constants.permutation());
    let compression = TruncatedPermutation::<_, 2, 4, 8>::new(constants.permutation());
    // A leaf, nodes of a level between, the root, which the heap has in the upper half of its first beat.
    for (beat, word) in [(5, 2), (16 + 8 + 1, 7), (16 + 8 + 4 + 2 + 1, 4)] {
        let bench = Bench::new();
        bench.device().load_constants(&constants.to_words()).unwrap();
        let (layout, heap) = (bench.layout(WIDTH, 32), bench.layout(8, 32));
        let values = words(&mut rng, WIDTH * 32);
        bench.upload(&layout, &values);
        let mut nodes = vec![[Goldilocks::ZERO; 4]; 32];
        nodes.extend(
            values
                .chunks(WIDTH as usize)
                .map(|row| -> [Goldilocks; 4] { sponge.hash_iter(row.iter().copied().map(Goldilocks::new)) }),
        );
        for node in (1..32).rev() {
            nodes[node] = compression.compress([nodes[2 * node], nodes[2 * node + 1]]);
        }
        bench.inject(CardPort::Card, fault(HASH, beat, word));
        let arguments = MerkleArguments { heap: heap.first, matrices: 1, ..Default::default() };
        let matrix = MatrixArguments { card: layout.first, tile_stride: 32, width: WIDTH, log_rows: 5 };
        let error = bench.session().merkle(&arguments, &[matrix], Stage::Commit, After::All).err().unwrap();
        let Place::Heap { first, beat: at, word: of } = difference_in(&error).place else { panic!("{error}") };
        assert_eq!((first, of), (heap.first, word as u32), "{error}");
        let value = nodes[(2 * at + of / 4) as usize][of as usize % 4].as_canonical_u64();
        bench.failed_at(&error, 2, Opcode::Merkle, Stage::Commit, value);
        assert!(error.to_string().contains(&format!("beat {at}, word {of} of the heap at beat {first}")), "{error}");
    }
}

#[test]
fn a_wrong_word_of_every_pass_of_the_vector_engine() {
    let mut rng = seeded();
    for (number, pass) in programs::PASSES.iter().enumerate() {
        let bench = Bench::new();
        let values = words(&mut rng, 8 * ROWS);
        let (command, places) = programs::place(&bench, &values);
        let before: u32 = programs::PASSES[..number].iter().map(programs::Pass::beats).sum();
        let (nth, word) = (rng.random_range(0..pass.beats()), rng.random_range(0..8));
        bench.inject(CardPort::Card, fault(VECTOR, u64::from(before + nth), word));
        let error = bench.session().vector(&command, Stage::Quotient, After::All).err().unwrap();
        let (first, beat) = (places[number], pass.beat(nth));
        let expected = Place::Pass { pass: number as u32, first, beat, word: word as u32 };
        assert_eq!(difference_in(&error).place, expected, "beat {nth} of {pass:?}: {error}");
        let index = 8 * beat + word as u32;
        let value = values[(index / pass.words * 8 + index % pass.words) as usize];
        let value = Goldilocks::new(value) + Goldilocks::from_u64(programs::SUMMAND);
        bench.failed_at(&error, programs::UPLOADS + 1, Opcode::Vector, Stage::Quotient, value.as_canonical_u64());
        let text =
            format!("of stage quotient: beat {beat}, word {word} of the output of pass {number} at beat {first}");
        assert!(error.to_string().contains(&text), "{error}");
    }
}

#[test]
fn wrong_words_of_the_vector_engine_in_a_proof() {
    let mut stages = BTreeSet::new();
    let parameters = Parameters { num_queries: 2, ..parameters(1, 1, 0) };
    for beat in (0..).step_by(9) {
        let bench = Bench::new();
        let word = beat as usize % 8;
        bench.inject(CardPort::Card, fault(VECTOR, beat, word));
        let statement = Statement::random(AirName::Fib, 4, 1).unwrap();
        let outcome = run::<Challenge, _>(
            &Resident(bench.session.clone()),
            &identity(bench.session.card()),
            &parameters,
            statement,
        );
        let Err(error) = outcome else {
            // It writes fewer.
            accept(outcome);
            break;
        };
        let difference = difference_in(&error);
        println!("{}", chain(&error));
        let Place::Pass { word: of, .. } = difference.place else { panic!("{difference}") };
        assert_eq!((of, difference.values[0] ^ difference.values[1]), (word as u32, MASK), "{difference}");
        stages.insert(difference.stage);
    }
    assert_eq!(stages, BTreeSet::from([Stage::Quotient, Stage::Open, Stage::Fri]));
}

#[test]
fn a_wrong_word_on_the_way_to_the_host() {
    let mut rng = seeded();
    let indices = [3, 1, 9, 0];
    for gathers in [false, true] {
        let bench = Bench::new();
        let layout = bench.layout(WIDTH, 16);
        let values = words(&mut rng, WIDTH * 16);
        bench.upload(&layout, &values);
        // Word 9 of what comes: of the second row, column 4.
        bench.inject(CardPort::Host, fault(BULK, 1, 1));
        let (opcode, stage, row, error) = if gathers {
            let buffer = bench.session().buffer((WIDTH * 4) as usize).unwrap();
            let result = bench.session().gather(buffer, &layout, &indices, Stage::Query, After::All);
            (Opcode::Gather, Stage::Query, indices[1], result.err().unwrap())
        } else {
            let part = Layout { rows: 4, ..layout };
            let buffer = bench.session().buffer((WIDTH * 4) as usize).unwrap();
            let result = bench.session().download(buffer, &part, 7, Stage::Download, After::All);
            (Opcode::Download, Stage::Download, 7 + 1, result.err().unwrap())
        };
        assert_eq!(difference_in(&error).place, Place::Host { row, column: 4 }, "{error}");
        bench.failed_at(&error, 2, opcode, stage, values[(row * WIDTH + 4) as usize]);
        let text = format!("row {row}, column 4 of what came to the host");
        assert!(error.to_string().contains(&text), "{error}");
    }
}

#[test]
fn a_wrong_result() {
    let mut rng = seeded();
    let bench = Bench::new();
    bench.device().load_constants(&Poseidon2Constants::default().to_words()).unwrap();
    let state = std::array::from_fn(|_| rng.random_range(0..P));
    let arguments = GrindArguments::poseidon2(state, 3, 5, 3);
    // The result is the first word of a completion, which has four places in a beat.
    for word in [0, 2, 4, 6] {
        bench.inject(CardPort::Host, fault(MAILBOX, 0, word));
    }
    let error = bench.session().grind(&arguments, Stage::Fri, After::All).err().unwrap();
    let difference = difference_in(&error);
    assert_eq!(difference.place, Place::Result, "{error}");
    bench.failed_at(&error, 1, Opcode::Grind, Stage::Fri, difference.values[1]);
    assert!(error.to_string().contains("command 1, Grind of stage fri: its result is "), "{error}");
}
