//! Two cards to compare, and faults in what one of them writes.

use std::cell::RefCell;
use std::sync::Arc;

use karat::{Card, Session};
use karat_abi::{Opcode, P, Stage};
use karat_driver::{After, CardMemory, Device, Difference, Error, Layout, finish};
use karat_sim::{CardPort, Fault, Options, Way};
use karat_tests::TIMEOUT;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Clients of the card's memory port, which are the ids of its bursts.
pub const CARD_WRITE: u64 = 0;
pub const NTT: u64 = 1;
pub const HASH: u64 = 2;
pub const VECTOR: u64 = 3;
/// Clients of the port to host memory.
pub const MAILBOX: u64 = 0;
pub const BULK: u64 = 1;
/// The bit that faults flip.
pub const MASK: u64 = 1 << 17;

/// Flips a bit of a word that a client will write.
pub fn fault(id: u64, beat: u64, word: usize) -> Fault {
    Fault { way: Way::Write, id, beat, word, mask: MASK }
}

/// A generator of random words.
pub fn seeded() -> SmallRng {
    let seed = rand::random();
    println!("seed {seed}");
    SmallRng::seed_from_u64(seed)
}

/// Canonical words.
pub fn words(rng: &mut SmallRng, count: u32) -> Vec<u64> {
    (0..count).map(|_| rng.random_range(0..P)).collect()
}

/// The difference that an error is for.
pub fn difference_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a Difference {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(Error::Difference(difference)) = error.downcast_ref() {
            return difference;
        }
        cause = error.source();
    }
    panic!("another error: {error}");
}

/// The simulated card and the model, compared.
pub struct Bench {
    pub session: Session,
    memory: RefCell<Vec<CardMemory>>,
}

impl Bench {
    pub fn new() -> Self {
        let session = Card::dual(&Options::new("tiny")).unwrap().session().unwrap();
        Self { session, memory: RefCell::default() }
    }

    pub fn session(&self) -> &karat_driver::Session {
        self.session.driver()
    }

    pub fn device(&self) -> &Arc<Device> {
        self.session.card().device()
    }

    /// Memory for a matrix, tile behind tile.
    pub fn layout(&self, width: u32, rows: u32) -> Layout {
        let memory = self.session().allocate(Layout::tiles(width) * rows).unwrap();
        let first = memory.first();
        self.memory.borrow_mut().push(memory);
        Layout { first, tile_stride: rows, width, rows }
    }

    pub fn upload(&self, layout: &Layout, values: &[u64]) {
        let buffer = self.session().buffer_from(values).unwrap();
        finish(self.session().upload(buffer, layout, Stage::Upload, After::Nothing).unwrap(), TIMEOUT).unwrap();
    }

    /// Corrupts a word of the simulated card.
    pub fn inject(&self, port: CardPort, fault: Fault) {
        self.session.card().simulation().unwrap().inject(port, fault);
    }

    /// Insists on an error of this command, in a word that should be `value`; and that every later command fails with it.
    pub fn failed_at(&self, error: &Error, command: u64, opcode: Opcode, stage: Stage, value: u64) {
        let Difference { command: at, opcode: of, stage: by, values, names, .. } = difference_in(error);
        assert_eq!((*at, *of, *by, *values), (command, opcode, stage, [value ^ MASK, value]), "{error}");
        assert_eq!(*names, ["sim:tiny", "model"]);
        let later = self.session().nop(1, After::Nothing).err().expect("nothing goes on");
        assert_eq!(later.to_string(), error.to_string());
    }
}
