//! When an instruction starts.

use karat_abi::vector::TURN;
use karat_hdl_base::memory::Ram;
use karat_hdl_base::pick::Pick;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Starts the instructions of a program in order, an instruction a cycle, run after run.
///
/// One waits for the loads that it needs, for its constant, and, at the start of a run, for place for the run's outputs; the first for
/// the table.
#[derive(LogicBlock)]
pub struct Issue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts.
    pub start: Signal<In, Bit>,
    /// Runs, not zero.
    pub runs: Signal<In, Bits<24>>,
    /// The last run comes first.
    pub descending: Signal<In, Bit>,
    /// Words of the next instruction (`Instruction::encode`), again from the first after the last.
    pub program: [Signal<In, Bits<64>>; 2],
    /// There is one.
    pub program_valid: Signal<In, Bit>,
    /// It is taken.
    pub program_take: Signal<Out, Bit>,
    /// The next constant of the stream.
    pub next_constant: Signal<In, Bits<64>>,
    /// There is one.
    pub constant_valid: Signal<In, Bit>,
    /// It is taken.
    pub constant_take: Signal<Out, Bit>,
    /// Writes a beat of the table, the last of them last.
    pub table_write: Signal<In, Bit>,
    /// Which.
    pub table_address: Signal<In, Bits<3>>,
    /// Its words.
    pub table_data: [Signal<In, Bits<64>>; 8],
    /// A load has arrived.
    pub loaded: Signal<In, Bit>,
    /// So many more loads may begin.
    pub freed: Signal<Out, Bits<5>>,
    /// There is place for the outputs of a run.
    pub room: Signal<In, Bit>,
    /// A run begins.
    pub begins: Signal<Out, Bit>,
    /// First word of the instruction that starts, zero if none.
    pub product: Signal<Out, Bits<64>>,
    /// Second word.
    pub sum: Signal<Out, Bits<64>>,
    /// Its constant, a cycle later.
    pub constant: Signal<Out, Bits<64>>,
    /// An instruction waits for its loads, its constant, or itself.
    pub starved: Signal<Out, Bit>,
    /// A run waits for place.
    pub stalled: Signal<Out, Bit>,
    /// Instructions are to start.
    pub busy: Signal<Out, Bit>,
    running: Register<Bit>,
    runs_left: Register<Bits<24>>,
    at_first: Register<Bit>,
    has_table: Register<Bit>,
    // Index of the run behind the one whose instructions are taken; word of the table that turns from this one to the next.
    ahead: Register<Bits<24>>,
    turn: Register<Bits<6>>,
    is_new: Register<Bit>,
    // The instruction that starts next, and what it reads of constants.
    words: [Register<Bits<64>>; 2],
    is_valid: Register<Bit>,
    uses_next: Register<Bit>,
    table_word: Register<Bits<6>>,
    // Loads that have arrived beyond those that instructions needed.
    surplus: Register<Bits<16>>,
    // The table: word w is word w mod 8 of beat w / 8.
    words_alike: [Ram<64, 3>; 8],
    pick: Pick,
    picked: Register<Bits<3>>,
    taken: Register<Bits<64>>,
    was_next: Register<Bit>,
    need: Signal<Local, Bits<16>>,
    fed: Signal<Local, Bit>,
    issues: Signal<Local, Bit>,
    fills: Signal<Local, Bit>,
    moves_on: Signal<Local, Bit>,
    lowest_zero: Signal<Local, Bits<24>>,
    came: Signal<Local, Bits<16>>,
    went: Signal<Local, Bits<16>>,
    operand: [Signal<Local, Bits<11>>; 4],
    first_turn: Constant<Bits<6>>,
}

impl Default for Issue {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            runs: Default::default(),
            descending: Default::default(),
            program: Default::default(),
            program_valid: Default::default(),
            program_take: Default::default(),
            next_constant: Default::default(),
            constant_valid: Default::default(),
            constant_take: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            loaded: Default::default(),
            freed: Default::default(),
            room: Default::default(),
            begins: Default::default(),
            product: Default::default(),
            sum: Default::default(),
            constant: Default::default(),
            starved: Default::default(),
            stalled: Default::default(),
            busy: Default::default(),
            running: Default::default(),
            runs_left: Default::default(),
            at_first: Default::default(),
            has_table: Default::default(),
            ahead: Default::default(),
            turn: Default::default(),
            is_new: Default::default(),
            words: Default::default(),
            is_valid: Default::default(),
            uses_next: Default::default(),
            table_word: Default::default(),
            surplus: Default::default(),
            words_alike: Default::default(),
            pick: Default::default(),
            picked: Default::default(),
            taken: Default::default(),
            was_next: Default::default(),
            need: Default::default(),
            fed: Default::default(),
            issues: Default::default(),
            fills: Default::default(),
            moves_on: Default::default(),
            lowest_zero: Default::default(),
            came: Default::default(),
            went: Default::default(),
            operand: Default::default(),
            first_turn: Constant::new((TURN as u64).to_bits()),
        }
    }
}

impl Logic for Issue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, running, runs_left, at_first, is_valid, uses_next, table_word, surplus, taken, was_next,
            picked
        );
        dff_setup!(self, clock, has_table, ahead, turn, is_new);
        for i in 0..2 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
        }
        self.need.next = bit_cast::<16, 5>(self.words[0].q.val().get_bits::<5>(46));
        self.fed.next = self.is_valid.q.val()
            && self.has_table.q.val()
            && (self.surplus.q.val() >= self.need.val())
            && (!self.uses_next.q.val() || self.constant_valid.val());
        self.issues.next = self.running.q.val() && self.fed.val() && (!self.at_first.q.val() || self.room.val());
        self.starved.next = self.running.q.val() && !self.fed.val();
        self.stalled.next = self.running.q.val() && self.fed.val() && self.at_first.q.val() && !self.room.val();
        self.begins.next = self.issues.val() && self.at_first.q.val();
        self.constant_take.next = self.issues.val() && self.uses_next.q.val();
        self.product.next = 0.into();
        self.sum.next = 0.into();
        self.freed.next = 0.into();
        self.went.next = 0.into();
        if self.issues.val() {
            self.product.next = self.words[0].q.val();
            self.sum.next = self.words[1].q.val();
            self.freed.next = self.words[0].q.val().get_bits::<5>(51);
            self.went.next = self.need.val();
            self.is_valid.d.next = false;
            self.at_first.d.next = self.words[0].q.val().get_bit(56);
            if self.words[0].q.val().get_bit(56) {
                self.runs_left.d.next = self.runs_left.q.val() - 1;
                if self.runs_left.q.val() == 1 {
                    self.running.d.next = false;
                }
            }
        }
        self.came.next = 0.into();
        if self.loaded.val() {
            self.came.next = 1.into();
        }
        self.surplus.d.next = self.surplus.q.val() + self.came.val() - self.went.val();
        self.busy.next = self.running.q.val();

        // The next instruction. All of its constants are the same.
        self.fills.next = self.running.q.val()
            && !self.is_new.q.val()
            && self.program_valid.val()
            && (!self.is_valid.q.val() || self.issues.val());
        self.program_take.next = self.fills.val();
        self.operand[0].next = self.program[0].val().get_bits::<11>(0);
        self.operand[1].next = self.program[0].val().get_bits::<11>(11);
        self.operand[2].next = self.program[1].val().get_bits::<11>(0);
        self.operand[3].next = self.program[1].val().get_bits::<11>(11);
        if self.fills.val() {
            self.is_valid.d.next = true;
            self.uses_next.d.next = false;
            for i in 0..2 {
                self.words[i].d.next = self.program[i].val();
            }
            for i in 0..4 {
                if self.operand[i].val().get_bits::<2>(9) == 3 {
                    self.uses_next.d.next = self.operand[i].val().get_bit(8);
                    self.table_word.d.next = self.operand[i].val().get_bits::<6>(0);
                    if self.operand[i].val().get_bit(7) {
                        self.table_word.d.next = self.turn.q.val();
                    }
                }
            }
        }

        // As many trailing ones as the lowest zero has bits below it.
        self.lowest_zero.next = (self.ahead.q.val() + 1) & !self.ahead.q.val();
        self.moves_on.next = self.is_new.q.val() || (self.fills.val() && self.program[0].val().get_bit(56));
        self.is_new.d.next = false;
        if self.moves_on.val() {
            self.ahead.d.next = self.ahead.q.val() + 1;
            if self.descending.val() {
                self.ahead.d.next = self.ahead.q.val() - 1;
            }
            self.turn.d.next = self.first_turn.val()
                | bit_cast::<6, 1>((self.lowest_zero.val() & 0xaa_aaaa).any().into())
                | (bit_cast::<6, 1>((self.lowest_zero.val() & 0xcc_cccc).any().into()) << 1)
                | (bit_cast::<6, 1>((self.lowest_zero.val() & 0xf0_f0f0).any().into()) << 2)
                | (bit_cast::<6, 1>((self.lowest_zero.val() & 0x00_ff00).any().into()) << 3)
                | (bit_cast::<6, 1>((self.lowest_zero.val() & 0xff_0000).any().into()) << 4);
        }

        // Its constant.
        self.taken.d.next = self.next_constant.val();
        self.was_next.d.next = self.uses_next.q.val();
        self.picked.d.next = self.table_word.q.val().get_bits::<3>(0);
        self.pick.at.next = self.picked.q.val();
        for i in 0..8 {
            self.words_alike[i].clock.next = self.clock.val();
            self.words_alike[i].write_enable.next = self.table_write.val();
            self.words_alike[i].write_address.next = self.table_address.val();
            self.words_alike[i].write_data.next = self.table_data[i].val();
            self.words_alike[i].read_address.next = self.table_word.q.val().get_bits::<3>(3);
            self.pick.word[i].next = self.words_alike[i].read_data.val();
        }
        self.constant.next = self.pick.out.val();
        if self.was_next.q.val() {
            self.constant.next = self.taken.q.val();
        }
        if self.table_write.val() && (self.table_address.val() == 7) {
            self.has_table.d.next = true;
        }
        if self.start.val() {
            self.has_table.d.next = false;
            self.is_new.d.next = true;
            self.ahead.d.next = 0.into();
            if self.descending.val() {
                self.ahead.d.next = self.runs.val() - 1;
            }
            self.running.d.next = true;
            self.runs_left.d.next = self.runs.val();
            self.at_first.d.next = true;
            self.is_valid.d.next = false;
            self.surplus.d.next = 0.into();
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.is_new.d.next = false;
        }
    }
}
