//! The linear layers of Poseidon2 on a whole state, in limbs: a word is `low + 2^32 * high`, sums of limbs never wrap, and
//! one [`Reduce`] a word at the end makes it canonical again.
//!
//! External layer: circ(2, 3, 1, 1) on both halves, `y_i = sum of four + x_i + 2 x_{i+1}`, then `2 y_i + y_{i+4}`.
//! Internal layer: `sum + d_i x_i`, d = (-2, 1, 2, 1/2, 3, -1/2, -3, -4). Poseidon2, section 5 (eprint 2023/323); the
//! diagonal is p3-goldilocks'.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::reduce::Reduce;
use crate::word::Word;

/// Cycles from `x` to `out`.
pub const LATENCY: usize = 6;

/// One state a cycle through the external or the internal layer, plus constants; or unchanged.
#[derive(LogicBlock)]
pub struct Linear {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Clears the states on the way.
    pub reset: Signal<In, Bit>,
    /// A state is there.
    pub valid: Signal<In, Bit>,
    /// It goes through the internal layer.
    pub internal: Signal<In, Bit>,
    /// It stays as it is, and no constants are added.
    pub keep: Signal<In, Bit>,
    /// Words, canonical.
    pub x: [Signal<In, Bits<64>>; 8],
    /// Added to the words; those of the state whose `valid` was two cycles ago.
    pub constant: [Signal<In, Bits<64>>; 8],
    /// A result is there.
    pub out_valid: Signal<Out, Bit>,
    /// Words, canonical.
    pub out: [Signal<Out, Bits<64>>; 8],
    valid1: Register<Bit>,
    valid2: Register<Bit>,
    valid3: Register<Bit>,
    valid4: Register<Bit>,
    valid5: Register<Bit>,
    valid6: Register<Bit>,
    internal1: Register<Bit>,
    four: [SumOfFour; 2],
    eight: SumOfEight,
    word: [Word; 8],
    reduce: [Reduce; 8],
}

impl Default for Linear {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            valid: Signal::default(),
            internal: Signal::default(),
            keep: Signal::default(),
            x: Default::default(),
            constant: Default::default(),
            out_valid: Signal::default(),
            out: Default::default(),
            valid1: Register::default(),
            valid2: Register::default(),
            valid3: Register::default(),
            valid4: Register::default(),
            valid5: Register::default(),
            valid6: Register::default(),
            internal1: Register::default(),
            four: Default::default(),
            eight: SumOfEight::default(),
            word: std::array::from_fn(Word::new),
            reduce: Default::default(),
        }
    }
}

impl Logic for Linear {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid1, valid2, valid3, valid4, valid5, valid6, internal1);
        self.valid1.d.next = self.valid.val();
        self.valid2.d.next = self.valid1.q.val();
        self.valid3.d.next = self.valid2.q.val();
        self.valid4.d.next = self.valid3.q.val();
        self.valid5.d.next = self.valid4.q.val();
        self.valid6.d.next = self.valid5.q.val();
        self.out_valid.next = self.valid6.q.val();
        self.internal1.d.next = self.internal.val();
        for h in 0..2 {
            self.four[h].clock.next = self.clock.val();
            self.four[h].valid.next = self.valid.val();
            self.four[h].a.next = self.x[4 * h].val();
            self.four[h].b.next = self.x[4 * h + 1].val();
            self.four[h].c.next = self.x[4 * h + 2].val();
            self.four[h].d.next = self.x[4 * h + 3].val();
        }
        self.eight.clock.next = self.clock.val();
        self.eight.valid.next = self.valid1.q.val() && self.internal1.q.val();
        self.eight.low0.next = self.four[0].low.val();
        self.eight.high0.next = self.four[0].high.val();
        self.eight.low1.next = self.four[1].low.val();
        self.eight.high1.next = self.four[1].high.val();
        for i in 0..8 {
            self.word[i].clock.next = self.clock.val();
            self.word[i].valid.next = self.valid.val();
            self.word[i].internal.next = self.internal.val();
            self.word[i].keep.next = self.keep.val();
            self.word[i].x.next = self.x[i].val();
            self.word[i].neighbour.next = self.word[4 * (i / 4) + (i + 1) % 4].x1.val();
            self.word[i].four_low.next = self.four[i / 4].low.val();
            self.word[i].four_high.next = self.four[i / 4].high.val();
            self.word[i].eight_low.next = self.eight.low.val();
            self.word[i].eight_high.next = self.eight.high.val();
            self.word[i].opposite_low.next = self.word[(i + 4) % 8].y_low.val();
            self.word[i].opposite_high.next = self.word[(i + 4) % 8].y_high.val();
            self.word[i].constant.next = self.constant[i].val();
            self.reduce[i].clock.next = self.clock.val();
            self.reduce[i].valid.next = self.word[i].out_valid.val();
            self.reduce[i].low.next = self.word[i].low.val();
            self.reduce[i].high.next = self.word[i].high.val();
            self.out[i].next = self.reduce[i].out.val();
        }
        if self.reset.val() {
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.valid4.d.next = false;
            self.valid5.d.next = false;
            self.valid6.d.next = false;
        }
    }
}

/// The sum of half a state, a cycle later.
#[derive(LogicBlock, Default)]
struct SumOfFour {
    clock: Signal<In, Clock>,
    valid: Signal<In, Bit>,
    a: Signal<In, Bits<64>>,
    b: Signal<In, Bits<64>>,
    c: Signal<In, Bits<64>>,
    d: Signal<In, Bits<64>>,
    low: Signal<Out, Bits<34>>,
    high: Signal<Out, Bits<34>>,
    lows: Register<Bits<34>>,
    highs: Register<Bits<34>>,
}

impl Logic for SumOfFour {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, lows, highs);
        if self.valid.val() {
            self.lows.d.next = bit_cast::<34, 32>(self.a.val().get_bits::<32>(0))
                + bit_cast::<34, 32>(self.b.val().get_bits::<32>(0))
                + bit_cast::<34, 32>(self.c.val().get_bits::<32>(0))
                + bit_cast::<34, 32>(self.d.val().get_bits::<32>(0));
            self.highs.d.next = bit_cast::<34, 32>(self.a.val().get_bits::<32>(32))
                + bit_cast::<34, 32>(self.b.val().get_bits::<32>(32))
                + bit_cast::<34, 32>(self.c.val().get_bits::<32>(32))
                + bit_cast::<34, 32>(self.d.val().get_bits::<32>(32));
        }
        self.low.next = self.lows.q.val();
        self.high.next = self.highs.q.val();
    }
}

/// The sum of the halves, a cycle later.
#[derive(LogicBlock, Default)]
struct SumOfEight {
    clock: Signal<In, Clock>,
    valid: Signal<In, Bit>,
    low0: Signal<In, Bits<34>>,
    high0: Signal<In, Bits<34>>,
    low1: Signal<In, Bits<34>>,
    high1: Signal<In, Bits<34>>,
    low: Signal<Out, Bits<35>>,
    high: Signal<Out, Bits<35>>,
    lows: Register<Bits<35>>,
    highs: Register<Bits<35>>,
}

impl Logic for SumOfEight {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, lows, highs);
        if self.valid.val() {
            self.lows.d.next = bit_cast::<35, 34>(self.low0.val()) + bit_cast::<35, 34>(self.low1.val());
            self.highs.d.next = bit_cast::<35, 34>(self.high0.val()) + bit_cast::<35, 34>(self.high1.val());
        }
        self.low.next = self.lows.q.val();
        self.high.next = self.highs.q.val();
    }
}
