//! The 24 rounds.

use karat_hdl_base::register::{EnabledRegister, KeptRegister, Register};
use rust_hdl::prelude::*;

use super::iota::{CONSTANTS, Iota};

/// Rounds of a permutation.
pub const ROUNDS: usize = 24;

/// Keccak-f in a chain of stages, each a state and one round: a state stays 24 / stages cycles in each, and goes from stage to
/// stage with all others. So a cycle is never longer than a round, whatever the rate.
#[derive(LogicBlock)]
pub struct Rounds {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the states.
    pub reset: Signal<In, Bit>,
    /// A state is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// What comes out with it.
    pub in_tag: Signal<In, Bits<32>>,
    /// Its words.
    pub x: [Signal<In, Bits<64>>; 25],
    /// A permuted state is shown.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// What went in with it.
    pub out_tag: Signal<Out, Bits<32>>,
    /// Its words.
    pub y: [Signal<Out, Bits<64>>; 25],
    // Of all stages, one behind the other.
    word: Vec<EnabledRegister<Bits<64>>>,
    tag: Vec<EnabledRegister<Bits<32>>>,
    valid: Vec<EnabledRegister<Bit>>,
    constant: Vec<Iota>,
    column: Vec<Signal<Local, Bits<64>>>,
    change: Vec<Signal<Local, Bits<64>>>,
    mixed: Vec<Signal<Local, Bits<64>>>,
    turned: Vec<Signal<Local, Bits<64>>>,
    result: Vec<Signal<Local, Bits<64>>>,
    // Round of each stage.
    phase: Register<Bits<5>>,
    final_phase: Constant<Bits<5>>,
    // The phase is the last one; once more for every five words, as all have 64 loads.
    at_end: Register<Bit>,
    ending: Vec<KeptRegister<Bit>>,
    free: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    // There will be a state in the chain.
    rest: Signal<Local, Bit>,
    _stages: usize,
    _last: usize,
}

impl Rounds {
    /// A chain of so many stages, a divisor of 24.
    pub fn new(stages: usize) -> Self {
        assert!(ROUNDS.is_multiple_of(stages), "every stage does as many rounds as all others");
        let rounds = ROUNDS / stages;
        let words = |number| (0..number * stages).map(|_| Signal::default()).collect();
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_tag: Signal::default(),
            x: Default::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            out_tag: Signal::default(),
            y: Default::default(),
            word: (0..25 * stages).map(|_| EnabledRegister::default()).collect(),
            tag: (0..stages).map(|_| EnabledRegister::default()).collect(),
            valid: (0..stages).map(|_| EnabledRegister::default()).collect(),
            constant: CONSTANTS.chunks(rounds).map(Iota::new).collect(),
            column: words(5),
            change: words(5),
            mixed: words(25),
            turned: words(25),
            result: words(25),
            phase: Register::default(),
            final_phase: Constant::new((rounds as u64 - 1).to_bits()),
            at_end: Register::default(),
            ending: (0..5 * stages).map(|_| KeptRegister::default()).collect(),
            free: Signal::default(),
            advance: Signal::default(),
            rest: Signal::default(),
            _stages: stages,
            _last: stages - 1,
        }
    }
}

impl Logic for Rounds {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase, at_end);
        // Theta, rho and pi, chi, iota.
        for s in 0..self._stages {
            for x in 0..5 {
                self.column[5 * s + x].next = self.word[25 * s + x].q.val()
                    ^ self.word[25 * s + x + 5].q.val()
                    ^ self.word[25 * s + x + 10].q.val()
                    ^ self.word[25 * s + x + 15].q.val()
                    ^ self.word[25 * s + x + 20].q.val();
            }
            for x in 0..5 {
                self.change[5 * s + x].next = self.column[5 * s + (x + 4) % 5].val()
                    ^ ((self.column[5 * s + (x + 1) % 5].val() << 1) | (self.column[5 * s + (x + 1) % 5].val() >> 63));
            }
            for i in 0..25 {
                self.mixed[25 * s + i].next = self.word[25 * s + i].q.val() ^ self.change[5 * s + i % 5].val();
            }
            self.turned[25 * s].next = self.mixed[25 * s].val();
            self.turned[25 * s + 1].next = (self.mixed[25 * s + 6].val() << 44) | (self.mixed[25 * s + 6].val() >> 20);
            self.turned[25 * s + 2].next =
                (self.mixed[25 * s + 12].val() << 43) | (self.mixed[25 * s + 12].val() >> 21);
            self.turned[25 * s + 3].next =
                (self.mixed[25 * s + 18].val() << 21) | (self.mixed[25 * s + 18].val() >> 43);
            self.turned[25 * s + 4].next =
                (self.mixed[25 * s + 24].val() << 14) | (self.mixed[25 * s + 24].val() >> 50);
            self.turned[25 * s + 5].next = (self.mixed[25 * s + 3].val() << 28) | (self.mixed[25 * s + 3].val() >> 36);
            self.turned[25 * s + 6].next = (self.mixed[25 * s + 9].val() << 20) | (self.mixed[25 * s + 9].val() >> 44);
            self.turned[25 * s + 7].next = (self.mixed[25 * s + 10].val() << 3) | (self.mixed[25 * s + 10].val() >> 61);
            self.turned[25 * s + 8].next =
                (self.mixed[25 * s + 16].val() << 45) | (self.mixed[25 * s + 16].val() >> 19);
            self.turned[25 * s + 9].next = (self.mixed[25 * s + 22].val() << 61) | (self.mixed[25 * s + 22].val() >> 3);
            self.turned[25 * s + 10].next = (self.mixed[25 * s + 1].val() << 1) | (self.mixed[25 * s + 1].val() >> 63);
            self.turned[25 * s + 11].next = (self.mixed[25 * s + 7].val() << 6) | (self.mixed[25 * s + 7].val() >> 58);
            self.turned[25 * s + 12].next =
                (self.mixed[25 * s + 13].val() << 25) | (self.mixed[25 * s + 13].val() >> 39);
            self.turned[25 * s + 13].next =
                (self.mixed[25 * s + 19].val() << 8) | (self.mixed[25 * s + 19].val() >> 56);
            self.turned[25 * s + 14].next =
                (self.mixed[25 * s + 20].val() << 18) | (self.mixed[25 * s + 20].val() >> 46);
            self.turned[25 * s + 15].next = (self.mixed[25 * s + 4].val() << 27) | (self.mixed[25 * s + 4].val() >> 37);
            self.turned[25 * s + 16].next = (self.mixed[25 * s + 5].val() << 36) | (self.mixed[25 * s + 5].val() >> 28);
            self.turned[25 * s + 17].next =
                (self.mixed[25 * s + 11].val() << 10) | (self.mixed[25 * s + 11].val() >> 54);
            self.turned[25 * s + 18].next =
                (self.mixed[25 * s + 17].val() << 15) | (self.mixed[25 * s + 17].val() >> 49);
            self.turned[25 * s + 19].next =
                (self.mixed[25 * s + 23].val() << 56) | (self.mixed[25 * s + 23].val() >> 8);
            self.turned[25 * s + 20].next = (self.mixed[25 * s + 2].val() << 62) | (self.mixed[25 * s + 2].val() >> 2);
            self.turned[25 * s + 21].next = (self.mixed[25 * s + 8].val() << 55) | (self.mixed[25 * s + 8].val() >> 9);
            self.turned[25 * s + 22].next =
                (self.mixed[25 * s + 14].val() << 39) | (self.mixed[25 * s + 14].val() >> 25);
            self.turned[25 * s + 23].next =
                (self.mixed[25 * s + 15].val() << 41) | (self.mixed[25 * s + 15].val() >> 23);
            self.turned[25 * s + 24].next =
                (self.mixed[25 * s + 21].val() << 2) | (self.mixed[25 * s + 21].val() >> 62);
            for y in 0..5 {
                for x in 0..5 {
                    self.result[25 * s + 5 * y + x].next = self.turned[25 * s + 5 * y + x].val()
                        ^ ((!self.turned[25 * s + 5 * y + (x + 1) % 5].val())
                            & self.turned[25 * s + 5 * y + (x + 2) % 5].val());
                }
            }
            self.result[25 * s].next = (self.turned[25 * s].val()
                ^ ((!self.turned[25 * s + 1].val()) & self.turned[25 * s + 2].val()))
                ^ self.constant[s].word.val();
        }

        // At the end of its rounds, every state moves on, or all wait for the last one.
        self.rest.next = self.in_valid.val();
        for s in 1..self._stages {
            if self.valid[s - 1].q.val() {
                self.rest.next = true;
            }
        }
        self.out_valid.next = false;
        self.free.next = false;
        for s in self._last..self._stages {
            self.out_valid.next = self.at_end.q.val() && self.valid[s].q.val();
            self.out_tag.next = self.tag[s].q.val();
            self.free.next = self.out_ready.val() || !self.valid[s].q.val();
            for i in 0..25 {
                self.y[i].next = self.result[25 * s + i].val();
            }
        }
        self.advance.next = self.at_end.q.val() && self.free.val();
        self.in_ready.next = self.advance.val();
        if !self.at_end.q.val() {
            self.phase.d.next = self.phase.q.val() + 1;
        } else if self.advance.val() && self.rest.val() {
            self.phase.d.next = 0.into();
        }
        for s in 0..self._stages {
            self.valid[s].clock.next = self.clock.val();
            self.valid[s].enable.next = self.advance.val() || self.reset.val();
            self.tag[s].clock.next = self.clock.val();
            self.tag[s].enable.next = self.advance.val();
        }
        self.valid[0].d.next = self.in_valid.val() && !self.reset.val();
        self.tag[0].d.next = self.in_tag.val();
        for s in 1..self._stages {
            self.valid[s].d.next = self.valid[s - 1].q.val() && !self.reset.val();
            self.tag[s].d.next = self.tag[s - 1].q.val();
        }
        for s in 0..self._stages {
            for i in 0..25 {
                self.word[25 * s + i].clock.next = self.clock.val();
                self.word[25 * s + i].enable.next = !self.ending[5 * s + i / 5].q.val() || self.free.val();
                self.word[25 * s + i].d.next = self.result[25 * s + i].val();
            }
        }
        for i in 0..25 {
            if self.ending[i / 5].q.val() {
                self.word[i].d.next = self.x[i].val();
            }
        }
        for s in 1..self._stages {
            for i in 0..25 {
                if self.ending[5 * s + i / 5].q.val() {
                    self.word[25 * s + i].d.next = self.result[25 * (s - 1) + i].val();
                }
            }
        }
        if self.reset.val() {
            self.phase.d.next = self.final_phase.val();
        }
        self.at_end.d.next = self.phase.d.val() == self.final_phase.val();
        for i in 0..5 {
            for s in 0..self._stages {
                self.ending[5 * s + i].clock.next = self.clock.val();
                self.ending[5 * s + i].d.next = self.at_end.d.val();
            }
        }
        for s in 0..self._stages {
            self.constant[s].clock.next = self.clock.val();
            self.constant[s].phase.next = self.phase.d.val();
        }
    }
}
