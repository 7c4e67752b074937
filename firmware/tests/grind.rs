//! The search for a proof of work, against p3's permutation and its challenger.

mod hashing;
mod support;

use hashing::{Bench, Form, Permutation, constants};
use karat_abi::{Engine, GrindArguments, HashFunction, Opcode, P, Status, Submission};
use karat_firmware::testing::Limits;
use p3_challenger::{CanObserve, DuplexChallenger, GrindingChallenger, HashChallenger, SerializingChallenger64};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_goldilocks::Goldilocks;
use p3_keccak::{Keccak256Hash, KeccakF};
use p3_symmetric::{CryptographicHasher, Permutation as _};
use rand::RngExt;
use support::{Host, command};

/// log2 of the batch: the pieces of a search are short.
const LOG_BATCH: u32 = 2;
/// Candidates of a piece.
const PIECE: u64 = 16 << LOG_BATCH;

/// What p3 finds, one candidate after the other.
fn smallest(permutation: &Permutation, arguments: &GrindArguments) -> u64 {
    let GrindArguments { state, position, sampled, bits, hash } = *arguments;
    let sample = |witness: u64| match HashFunction::from_u32(hash).unwrap() {
        HashFunction::Poseidon2 => {
            let mut state: [Goldilocks; 8] = std::array::from_fn(|i| Goldilocks::new(state[i]));
            state[position as usize] = Goldilocks::new(witness);
            permutation.permute(state)[sampled as usize].as_canonical_u64()
        }
        HashFunction::Keccak => {
            let mut state = state;
            state[position as usize] ^= witness;
            KeccakF.permute(state)[sampled as usize].swap_bytes()
        }
    };
    (0..).find(|witness| sample(*witness) & ((1 << bits) - 1) == 0).expect("there is always one")
}

impl Bench {
    fn arguments(&mut self, bits: u32) -> GrindArguments {
        let words = [(); 8].map(|()| self.rng.random_range(0..P));
        GrindArguments::poseidon2(words, self.rng.random_range(0..8), self.rng.random_range(0..8), bits)
    }

    fn keccak_arguments(&mut self, bits: u32) -> GrindArguments {
        GrindArguments {
            state: self.rng.random(),
            position: self.rng.random_range(0..17),
            sampled: self.rng.random_range(0..4),
            bits,
            hash: HashFunction::Keccak as u32,
        }
    }

    fn command(&mut self, arguments: GrindArguments) -> Submission {
        let words: [u32; 54] = bytemuck::cast(arguments);
        let list = self.host.list(&words);
        Submission { session: self.session, list, list_len: 216, ..command(Opcode::Grind) }
    }

    fn grind(&mut self, arguments: GrindArguments) -> Result<u64, (Status, u64)> {
        let submission = self.command(arguments);
        self.host.run(&mut self.queue, submission)
    }

    /// Permutations so far.
    fn work(&self) -> u64 {
        self.host.machine.registers().engines[Engine::Hash as usize].work
    }
}

#[test]
fn the_smallest_witness_for_any_state_and_places() {
    let mut bench = Bench::new(1, LOG_BATCH);
    for bits in (1..=10).chain([3; 20]) {
        for arguments in [bench.arguments(bits), bench.keccak_arguments(bits)] {
            let expected = smallest(&bench.permutation, &arguments);
            let before = bench.work();
            assert_eq!(bench.grind(arguments), Ok(expected), "{arguments:?}");
            assert!(bench.work() - before <= expected + PIECE, "no more than the piece with the witness");
        }
    }
}

#[test]
fn what_the_challenger_of_p3_finds() {
    const RATE: usize = 4;
    let mut bench = Bench::new(2, LOG_BATCH);
    for (bits, observed) in [(4, 0), (6, 3), (8, 6), (9, 9)] {
        let mut challenger = DuplexChallenger::<Goldilocks, Permutation, 8, RATE>::new(bench.permutation.clone());
        for _ in 0..observed {
            challenger.observe(bench.rng.random::<Goldilocks>());
        }
        // What absorbing the witness permutes, and the word that is sampled then.
        let waiting = &challenger.input_buffer;
        let mut state = challenger.sponge_state;
        state[..RATE].fill(Goldilocks::ZERO);
        state[..waiting.len()].copy_from_slice(waiting);
        state[RATE] += Goldilocks::from_usize(waiting.len() + 1);
        let words = state.map(|word| word.as_canonical_u64());
        let arguments = GrindArguments::poseidon2(words, waiting.len() as u32, RATE as u32 - 1, bits);
        // p3's own search finds the smallest only while its `parallel` feature is off, which the whole build decides.
        let witness = (0..).find(|w| challenger.clone().check_witness(bits as usize, Goldilocks::new(*w)));
        assert_eq!(bench.grind(arguments), Ok(witness.expect("a witness")), "{bits} bits after {observed} words");
    }
}

#[test]
fn what_the_serializing_challenger_of_p3_finds() {
    let mut bench = Bench::new(8, LOG_BATCH);
    for (bits, observed) in [(4, 0), (6, 3), (8, 16), (9, 17), (5, 40)] {
        let inner = HashChallenger::<u8, Keccak256Hash, 32>::new(vec![], Keccak256Hash);
        let mut challenger = SerializingChallenger64::<Goldilocks, _>::new(inner);
        let message: Vec<Goldilocks> = (0..observed).map(|_| bench.rng.random()).collect();
        challenger.observe_slice(&message);
        // What was observed is hashed before a proof of work: the witness comes behind a digest.
        let bytes = message.iter().flat_map(|word| word.as_canonical_u64().to_le_bytes());
        let digest: [u8; 32] = Keccak256Hash.hash_iter(bytes);
        let mut state = [0; 25];
        for (word, bytes) in state.iter_mut().zip(digest.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        const POSITION: usize = 4;
        state[POSITION + 1] = 1;
        state[16] = 1 << 63;
        let arguments =
            GrindArguments { state, position: POSITION as u32, sampled: 3, bits, hash: HashFunction::Keccak as u32 };
        let witness = (0..).find(|w| challenger.clone().check_witness(bits as usize, Goldilocks::new(*w)));
        assert_eq!(bench.grind(arguments), Ok(witness.expect("a witness")), "{bits} bits after {observed} words");
    }
}

#[test]
fn wrong_arguments_are_named_by_their_index() {
    let mut bench = Bench::new(3, LOG_BATCH);
    let good = bench.arguments(2);
    let keccak = bench.keccak_arguments(2);
    let argument = |index: u64| Err((Status::Argument, index));
    for word in 0..8 {
        let mut wrong = good;
        wrong.state[word as usize] = P;
        assert_eq!(bench.grind(wrong), argument(2 * word));
    }
    let mut wrong = good;
    wrong.state[8] = 1;
    assert_eq!(bench.grind(wrong), argument(16));
    for (wrong, index) in [
        (GrindArguments { position: 8, ..good }, 50),
        (GrindArguments { sampled: u32::MAX, ..good }, 51),
        (GrindArguments { bits: 0, ..good }, 52),
        (GrindArguments { bits: 33, ..good }, 52),
        (GrindArguments { hash: 2, ..good }, 53),
        (GrindArguments { position: 17, ..keccak }, 50),
        (GrindArguments { sampled: 4, ..keccak }, 51),
    ] {
        assert_eq!(bench.grind(wrong), argument(index), "{wrong:?}");
    }
    let submission = bench.command(good);
    for (wrong, expected) in [
        (Submission { list_len: 64, ..submission }, (Status::HostRange, 64)),
        (Submission { list: submission.list + 8, ..submission }, (Status::HostRange, submission.list + 8)),
        (Submission { session: 9, ..submission }, (Status::UnknownSession, 9)),
    ] {
        assert_eq!(bench.host.run(&mut bench.queue, wrong), Err(expected));
    }
    assert!(bench.grind(good).is_ok());

    let mut host = Host::new(Limits::default());
    let session = host.session(0, 64);
    let mut queue = host.queue(1, 16);
    let list = host.list(&bytemuck::cast::<_, [u32; 54]>(good));
    let submission = Submission { session, list, list_len: 216, ..command(Opcode::Grind) };
    assert_eq!(host.run(&mut queue, submission), Err((Status::NoConstants, 0)));
}

#[test]
fn trees_of_another_queue_do_not_wait_for_a_search() {
    let mut bench = Bench::new(4, LOG_BATCH);
    let mut other = bench.host.queue(2, 16);
    // No end is in sight.
    let long = bench.arguments(32);
    let long = bench.command(long);
    bench.host.submit(&mut bench.queue, long);
    bench.host.steps(300);
    assert!(bench.work() > PIECE, "the search has begun");
    for _ in 0..20 {
        // Leaves over several matrices: the engine holds sponges between descriptors.
        let mut shapes: Vec<(u32, Form)> = (0..3).map(|_| (5, Form::random(&mut bench.rng))).collect();
        shapes.push((3, Form::random(&mut bench.rng)));
        let tree = bench.place(&shapes, 0);
        let memory = bench.host.machine.engines().memory.clone();
        let submission = bench.merkle(tree.header, &tree.matrices);
        let before = bench.work();
        assert_eq!(bench.host.run(&mut other, submission), Ok(0));
        bench.compare(&tree, &memory);
        let permutations: u64 =
            shapes.iter().map(|(log_rows, form)| u64::from(form.width().div_ceil(4) << log_rows) + 40).sum();
        // While the tree's arguments come, and one before its first descriptor, but not between its descriptors.
        assert!(bench.work() - before < permutations + 8 * PIECE, "pieces of the search came between");
    }
    let before = bench.work();
    bench.host.steps(300);
    assert!(bench.work() > before, "the search goes on");
    assert_eq!(bench.host.take(&mut bench.queue), None);
}

#[test]
fn deleting_its_queue_ends_a_search_soon() {
    for steps in (0..60).chain([500]) {
        let mut bench = Bench::new(5 + steps, LOG_BATCH);
        let mut other = bench.host.queue(2, 16);
        let long = bench.arguments(32);
        let long = bench.command(long);
        let id = bench.host.submit(&mut bench.queue, long);
        bench.host.steps(steps as usize);
        // Completes when the search is out of the engine.
        assert_eq!(bench.host.admin(Submission { param: 1, ..command(Opcode::DeleteQueue) }), Ok(0));
        if let Some(done) = bench.host.take(&mut bench.queue) {
            assert_eq!((done.id, done.status), (id, Status::Aborted));
        }
        let before = bench.work();
        bench.host.steps(100);
        assert_eq!(bench.work(), before, "deleted after {steps} steps, and the search goes on");
        let arguments = bench.arguments(5);
        let submission = bench.command(arguments);
        let expected = smallest(&bench.permutation, &arguments);
        assert_eq!(bench.host.run(&mut other, submission), Ok(expected));
    }
}

#[test]
fn searches_of_two_queues_come_one_after_the_other() {
    let mut bench = Bench::new(6, LOG_BATCH);
    let mut other = bench.host.queue(2, 16);
    for _ in 0..5 {
        let [first, second] = [7, 6].map(|bits| bench.arguments(bits));
        let [one, two] = [first, second].map(|arguments| bench.command(arguments));
        bench.host.submit(&mut bench.queue, one);
        bench.host.submit(&mut other, two);
        assert_eq!(bench.host.wait(&mut other).result, smallest(&bench.permutation, &second));
        assert_eq!(bench.host.wait(&mut bench.queue).result, smallest(&bench.permutation, &first));
    }
}

#[test]
fn new_constants_start_a_search_anew() {
    let mut bench = Bench::new(7, LOG_BATCH);
    let mut anew = 0;
    for _ in 0..10 {
        let (words, permutation) = constants(&mut bench.rng);
        let old = std::mem::replace(&mut bench.permutation, permutation);
        // Long enough that some pieces come before.
        let arguments = std::iter::repeat_with(|| bench.arguments(10))
            .find(|arguments| smallest(&old, arguments) > 40 * PIECE)
            .unwrap();
        let submission = bench.command(arguments);
        bench.host.submit(&mut bench.queue, submission);
        let steps = bench.rng.random_range(0..100);
        bench.host.steps(steps);
        assert_eq!(bench.load(&words), Ok(0));
        let done = bench.host.wait(&mut bench.queue);
        let [old, new] = [&old, &bench.permutation].map(|permutation| smallest(permutation, &arguments));
        assert!([old, new].contains(&done.result), "{}: {old} with the old constants, {new} with the new", done.result);
        anew += u32::from(done.result == new);
    }
    assert!(anew > 5, "{anew} searches saw new constants: the test loads them at the wrong time");
}
