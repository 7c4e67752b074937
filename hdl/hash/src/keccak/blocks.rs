//! The words that are to be absorbed, by blocks of the rate.

use karat_hdl_base::memory::SizedRam;
use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

/// Words that a permutation absorbs.
pub const RATE: usize = 17;

/// Four blocks a row, in a RAM for each word of a block. A beat is written into the block that is being filled from a word of it on;
/// what does not fit goes into the block after it.
///
/// All eight words of a beat are written. Those that do not count are overwritten by the next beat, or masked when the block is read.
#[derive(LogicBlock)]
pub struct Blocks {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A beat arrives.
    pub beat_write: Signal<In, Bit>,
    /// Its row.
    pub beat_row: Signal<In, Bits<16>>,
    /// Block that is being filled.
    pub block: Signal<In, Bits<2>>,
    /// Word of it that the first word of the beat is.
    pub position: Signal<In, Bits<5>>,
    /// The words of the beat, a cycle later.
    pub beat: [Signal<In, Bits<64>>; 8],
    /// Row to read.
    pub read_row: Signal<In, Bits<16>>,
    /// Block to read.
    pub read_block: Signal<In, Bits<2>>,
    /// The block, a cycle later.
    pub word: [Signal<Out, Bits<64>>; RATE],
    bank: Vec<SizedRam>,
    write1: Register<Bit>,
    position1: Register<Bits<5>>,
    place1: Register<Bits<20>>,
    // Words of the beat by their place in the block, modulo 8.
    turn1: [Signal<Local, Bits<64>>; 8],
    turn2: [Signal<Local, Bits<64>>; 8],
    turn4: [Signal<Local, Bits<64>>; 8],
    turned: [Register<Bits<64>>; 8],
    // Ones for the words of the block that are written, and from bit 17 on of the next.
    span: Register<Bits<32>>,
    write2: KeptRegister<Bit>,
    place2: KeptRegister<Bits<20>>,
    beyond2: KeptRegister<Bits<20>>,
    read_place: Signal<Local, Bits<20>>,
    depth: Constant<Bits<5>>,
    rows: Constant<Bits<20>>,
}

impl Blocks {
    /// For batches of 2^`log_batch` rows.
    pub fn new(log_batch: usize) -> Self {
        Self {
            clock: Signal::default(),
            beat_write: Signal::default(),
            beat_row: Signal::default(),
            block: Signal::default(),
            position: Signal::default(),
            beat: Default::default(),
            read_row: Signal::default(),
            read_block: Signal::default(),
            word: Default::default(),
            bank: (0..RATE).map(|_| SizedRam::new(log_batch + 2)).collect(),
            write1: Register::default(),
            position1: Register::default(),
            place1: Register::default(),
            turn1: Default::default(),
            turn2: Default::default(),
            turn4: Default::default(),
            turned: Default::default(),
            span: Register::default(),
            write2: KeptRegister::default(),
            place2: KeptRegister::default(),
            beyond2: KeptRegister::default(),
            read_place: Signal::default(),
            depth: Constant::new((log_batch as u64).to_bits()),
            rows: Constant::new((1_u64 << log_batch).to_bits()),
        }
    }
}

impl Logic for Blocks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write1, position1, place1, span, write2, place2, beyond2);
        self.write1.d.next = self.beat_write.val();
        self.position1.d.next = self.position.val();
        self.place1.d.next =
            (bit_cast::<20, 2>(self.block.val()) << self.depth.val()) | bit_cast::<20, 16>(self.beat_row.val());

        self.write2.d.next = self.write1.q.val();
        self.place2.d.next = self.place1.q.val();
        // Behind the last block is the first: the RAMs ignore what is above.
        self.beyond2.d.next = self.place1.q.val() + self.rows.val();
        self.span.d.next = bits::<32>(255) << self.position1.q.val();
        for i in 0..8 {
            self.turn1[i].next = self.beat[i].val();
            if self.position1.q.val().get_bit(0) {
                self.turn1[i].next = self.beat[(i + 7) % 8].val();
            }
        }
        for i in 0..8 {
            self.turn2[i].next = self.turn1[i].val();
            if self.position1.q.val().get_bit(1) {
                self.turn2[i].next = self.turn1[(i + 6) % 8].val();
            }
        }
        for i in 0..8 {
            self.turn4[i].next = self.turn2[i].val();
            if self.position1.q.val().get_bit(2) {
                self.turn4[i].next = self.turn2[(i + 4) % 8].val();
            }
            self.turned[i].clock.next = self.clock.val();
            self.turned[i].d.next = self.turn4[i].val();
        }

        self.read_place.next =
            (bit_cast::<20, 2>(self.read_block.val()) << self.depth.val()) | bit_cast::<20, 16>(self.read_row.val());
        for i in 0..17 {
            self.bank[i].clock.next = self.clock.val();
            self.bank[i].write_enable.next = self.write2.q.val() && self.span.q.val().get_bit(i);
            self.bank[i].write_address.next = self.place2.q.val();
            self.bank[i].write_data.next = self.turned[i % 8].q.val();
            self.bank[i].read_address.next = self.read_place.val();
            self.word[i].next = self.bank[i].read_data.val();
        }
        // Word 17 is word 0 of the next block, and no longer word 1 modulo 8.
        for i in 0..7 {
            if self.span.q.val().get_bit(i + 17) {
                self.bank[i].write_enable.next = self.write2.q.val();
                self.bank[i].write_address.next = self.beyond2.q.val();
                self.bank[i].write_data.next = self.turned[i + 1].q.val();
            }
        }
    }
}
