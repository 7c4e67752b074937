//! The pre-multiplier's factors: twiddle sets in RAM, what fills them, and the factors of TRANSPOSE.

use karat_hdl_base::field::Multiply;
use karat_hdl_base::memory::SizedRam;
use karat_hdl_base::register::Register;
use karat_hdl_base::reverse::Reverse;
use rust_hdl::prelude::*;

use crate::delay::WordDelay;
use crate::plan::Geometry;
use crate::power::RootPower;

/// log2 of the places for sets in a bank: 1 + MAX_BLOCKS are used.
const LOG_SETS: usize = 4;

/// The factor of every word, a fixed number of cycles after it.
#[derive(LogicBlock)]
pub struct TwiddleSource {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No word is under way.
    pub reset: Signal<In, Bit>,
    /// Control word.
    pub word: Signal<In, Bits<32>>,
    /// The kind is TRANSPOSE; constant while words are under way, like all of the descriptor.
    pub transpose: Signal<In, Bit>,
    /// Flag `BANK`.
    pub bank: Signal<In, Bit>,
    /// log2 of the beats of a frame.
    pub log_frame: Signal<In, Bits<5>>,
    /// log2 of the interleave.
    pub log_interleave: Signal<In, Bits<5>>,
    /// 2^q - 1.
    pub interleave_mask: Signal<In, Bits<16>>,
    /// Factor.
    pub factor: Signal<Out, Bits<64>>,
    /// The word that it belongs to.
    pub out_word: Signal<Out, Bits<32>>,
    /// That word three cycles before, to ask the transform buffer.
    pub ask_word: Signal<Out, Bits<32>>,
    /// That word two cycles before: the element is taken in the next.
    pub take_word: Signal<Out, Bits<32>>,
    /// Index of an entry to write, as in `TABLE_INDEX`.
    pub fill_index: Signal<In, Bits<32>>,
    /// Its value.
    pub fill_value: Signal<In, Bits<64>>,
    /// It is written.
    pub fill_write: Signal<In, Bit>,
    root: RootPower,
    // The two factors of its exponent.
    column: Register<Bits<16>>,
    row: Register<Bits<16>>,
    // Shift of the reversed index.
    unused: Register<Bits<5>>,
    reverse: Reverse<16>,
    to_index: WordDelay,
    to_ask: WordDelay,
    to_take: WordDelay,
    to_product: WordDelay,
    low: SizedRam,
    high: SizedRam,
    low_address: Register<Bits<20>>,
    high_address: Register<Bits<20>>,
    // Entries, or the power of the root: behind RAM and choice little is left of a cycle.
    left: Register<Bits<64>>,
    right: Register<Bits<64>>,
    multiply: Multiply,
    position: Signal<Local, Bits<16>>,
    index_position: Signal<Local, Bits<16>>,
    set: Signal<Local, Bits<20>>,
    fill_set: Signal<Local, Bits<20>>,
    high_index: Signal<Local, Bits<16>>,
    groups: Constant<Bits<5>>,
    order: Constant<Bits<5>>,
    low_bits: Constant<Bits<5>>,
    high_bits: Constant<Bits<5>>,
    low_mask: Constant<Bits<16>>,
    high_mask: Constant<Bits<16>>,
}

impl TwiddleSource {
    /// The factors of an engine.
    pub fn new(geometry: &Geometry) -> Self {
        let low_bits = geometry.log_low_table();
        let high_bits = geometry.log_buffer - low_bits;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            word: Default::default(),
            transpose: Default::default(),
            bank: Default::default(),
            log_frame: Default::default(),
            log_interleave: Default::default(),
            interleave_mask: Default::default(),
            factor: Default::default(),
            out_word: Default::default(),
            ask_word: Default::default(),
            take_word: Default::default(),
            fill_index: Default::default(),
            fill_value: Default::default(),
            fill_write: Default::default(),
            root: RootPower::new(geometry.log_buffer),
            column: Default::default(),
            row: Default::default(),
            unused: Default::default(),
            reverse: Default::default(),
            // The address is registered and then the table read, so that both operands meet.
            to_index: WordDelay::new(1 + RootPower::LATENCY - 2),
            to_ask: WordDelay::new(Multiply::LATENCY),
            to_take: WordDelay::new(1),
            to_product: WordDelay::new(2),
            low: SizedRam::new(1 + LOG_SETS + low_bits),
            high: SizedRam::new(1 + LOG_SETS + high_bits),
            low_address: Default::default(),
            high_address: Default::default(),
            left: Default::default(),
            right: Default::default(),
            multiply: Default::default(),
            position: Default::default(),
            index_position: Default::default(),
            set: Default::default(),
            fill_set: Default::default(),
            high_index: Default::default(),
            groups: Constant::new(geometry.log_groups().to_bits()),
            order: Constant::new(geometry.log_buffer.to_bits()),
            low_bits: Constant::new(low_bits.to_bits()),
            high_bits: Constant::new(high_bits.to_bits()),
            low_mask: Constant::new(((1_u64 << low_bits) - 1).to_bits()),
            high_mask: Constant::new(((1_u64 << high_bits) - 1).to_bits()),
        }
    }
}

impl Logic for TwiddleSource {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, column, row, unused, low_address, high_address, left, right);
        self.root.clock.next = self.clock.val();
        self.to_index.clock.next = self.clock.val();
        self.to_ask.clock.next = self.clock.val();
        self.to_take.clock.next = self.clock.val();
        self.to_product.clock.next = self.clock.val();
        self.low.clock.next = self.clock.val();
        self.high.clock.next = self.clock.val();
        self.multiply.clock.next = self.clock.val();
        self.to_index.reset.next = self.reset.val();
        self.to_ask.reset.next = self.reset.val();
        self.to_take.reset.next = self.reset.val();
        self.to_product.reset.next = self.reset.val();

        // TRANSPOSE: w^((i >> q) * rev_q(i mod 2^q)), w of order 2^F.
        self.position.next = bit_cast::<16, 20>(self.word.val().get_bits::<20>(0) >> self.groups.val());
        self.reverse.x.next = self.position.val() & self.interleave_mask.val();
        self.column.d.next = self.position.val() >> self.log_interleave.val();
        self.unused.d.next = bits::<5>(16) - self.log_interleave.val();
        self.row.d.next = self.reverse.y.val() >> self.unused.q.val();
        self.root.a.next = self.column.q.val();
        self.root.b.next = self.row.q.val();
        self.root.scale.next = self.order.val() - self.log_frame.val();
        self.root.negative.next = false;

        self.to_index.x.next = self.word.val();
        self.to_ask.x.next = self.to_index.y.val();
        self.to_take.x.next = self.to_ask.y.val();
        self.to_product.x.next = self.to_take.y.val();
        self.ask_word.next = self.to_ask.y.val();
        self.take_word.next = self.to_take.y.val();
        self.index_position.next = bit_cast::<16, 20>(self.to_index.y.val().get_bits::<20>(0) >> self.groups.val());
        self.set.next = bit_cast::<20, 4>(self.to_index.y.val().get_bits::<4>(28));
        if self.bank.val() {
            self.set.next = bit_cast::<20, 4>(self.to_index.y.val().get_bits::<4>(28)) | 16;
        }
        self.high_index.next = (self.index_position.val() >> self.low_bits.val()) & self.high_mask.val();
        if self.transpose.val() {
            self.high_index.next = (self.index_position.val() >> self.log_interleave.val()) & self.high_mask.val();
        }
        self.low_address.d.next = (self.set.val() << self.low_bits.val())
            | bit_cast::<20, 16>(self.index_position.val() & self.low_mask.val());
        self.high_address.d.next = (self.set.val() << self.high_bits.val()) | bit_cast::<20, 16>(self.high_index.val());
        self.low.read_address.next = self.low_address.q.val();
        self.high.read_address.next = self.high_address.q.val();

        self.left.d.next = self.high.read_data.val();
        self.right.d.next = self.low.read_data.val();
        if self.transpose.val() {
            self.right.d.next = self.root.power.val();
        }
        self.multiply.a.next = self.left.q.val();
        self.multiply.b.next = self.right.q.val();
        self.out_word.next = self.to_product.y.val();
        self.factor.next = self.multiply.product.val();
        if self.to_product.y.val().get_bit(27) {
            self.factor.next = 1.into();
        }

        self.fill_set.next = bit_cast::<20, 4>(self.fill_index.val().get_bits::<4>(20));
        if self.fill_index.val().get_bit(28) {
            self.fill_set.next = bit_cast::<20, 4>(self.fill_index.val().get_bits::<4>(20)) | 16;
        }
        self.low.write_enable.next = self.fill_write.val() && !self.fill_index.val().get_bit(16);
        self.high.write_enable.next = self.fill_write.val() && self.fill_index.val().get_bit(16);
        self.low.write_address.next = (self.fill_set.val() << self.low_bits.val())
            | bit_cast::<20, 16>(self.fill_index.val().get_bits::<16>(0) & self.low_mask.val());
        self.high.write_address.next = (self.fill_set.val() << self.high_bits.val())
            | bit_cast::<20, 16>(self.fill_index.val().get_bits::<16>(0) & self.high_mask.val());
        self.low.write_data.next = self.fill_value.val();
        self.high.write_data.next = self.fill_value.val();
    }
}

/// Writes geometric sequences into tables: start, start * ratio, ...; an entry takes a multiplication.
#[derive(LogicBlock, Default)]
pub struct Filler {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts a fill.
    pub start: Signal<In, Bit>,
    /// First index.
    pub index: Signal<In, Bits<32>>,
    /// First value.
    pub first: Signal<In, Bits<64>>,
    /// Ratio.
    pub ratio: Signal<In, Bits<64>>,
    /// Entries.
    pub count: Signal<In, Bits<32>>,
    /// Index of the entry to write.
    pub write_index: Signal<Out, Bits<32>>,
    /// Its value.
    pub write_value: Signal<Out, Bits<64>>,
    /// It is written.
    pub write: Signal<Out, Bit>,
    /// A fill runs.
    pub busy: Signal<Out, Bit>,
    at: Register<Bits<32>>,
    left: Register<Bits<32>>,
    // Some are left.
    running: Register<Bit>,
    value: Register<Bits<64>>,
    cycle: Register<Bits<4>>,
    multiply: Multiply,
}

// The count of `cycle` at which the product of a value is there; `hdl_gen` takes a number only.
const _: () = assert!(Multiply::LATENCY == 10);

impl Logic for Filler {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, left, running, value, cycle);
        self.multiply.clock.next = self.clock.val();
        self.multiply.a.next = self.value.q.val();
        self.multiply.b.next = self.ratio.val();
        self.busy.next = self.running.q.val();
        self.write_index.next = self.at.q.val();
        self.write_value.next = self.value.q.val();
        self.write.next = self.running.q.val() && (self.cycle.q.val() == 0);
        if self.running.q.val() {
            self.cycle.d.next = self.cycle.q.val() + 1;
            if self.cycle.q.val() == 0 {
                self.at.d.next = self.at.q.val() + 1;
                self.left.d.next = self.left.q.val() - 1;
                self.running.d.next = self.left.q.val() != 1;
            }
            if self.cycle.q.val() == 10 {
                self.cycle.d.next = 0.into();
                self.value.d.next = self.multiply.product.val();
            }
        }
        if self.start.val() {
            self.at.d.next = self.index.val();
            self.left.d.next = self.count.val();
            self.running.d.next = self.count.val() != 0;
            self.value.d.next = self.first.val();
            self.cycle.d.next = 0.into();
        }
        if self.reset.val() {
            self.running.d.next = false;
        }
    }
}
