//! When an instruction starts.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::pick::Pick;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Starts the instructions of a program in order, an instruction a cycle, run after run.
///
/// One waits for the loads that it needs, for its constant, and, at the start of a run, for place for the run's outputs.
#[derive(LogicBlock, Default)]
pub struct Issue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts.
    pub start: Signal<In, Bit>,
    /// Runs, not zero.
    pub runs: Signal<In, Bits<24>>,
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
    /// Writes a beat of the table.
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
    came: Signal<Local, Bits<16>>,
    went: Signal<Local, Bits<16>>,
    operand: [Signal<Local, Bits<11>>; 4],
}

impl Logic for Issue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, running, runs_left, at_first, is_valid, uses_next, table_word, surplus, taken, was_next,
            picked
        );
        for i in 0..2 {
            self.words[i].clock.next = self.clock.val();
            self.words[i].d.next = self.words[i].q.val();
        }
        self.need.next = bit_cast::<16, 5>(self.words[0].q.val().get_bits::<5>(46));
        self.fed.next = self.is_valid.q.val()
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
        self.fills.next =
            self.running.q.val() && self.program_valid.val() && (!self.is_valid.q.val() || self.issues.val());
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
                }
            }
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
        if self.start.val() {
            self.running.d.next = true;
            self.runs_left.d.next = self.runs.val();
            self.at_first.d.next = true;
            self.is_valid.d.next = false;
            self.surplus.d.next = 0.into();
        }
        if self.reset.val() {
            self.running.d.next = false;
        }
    }
}
