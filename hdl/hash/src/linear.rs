//! The linear layers of Poseidon2 on a whole state, in limbs: a word is `low + 2^32 * high`, sums of limbs never wrap, and
//! one [`Reduce`] a word at the end makes it canonical again.
//!
//! External layer: circ(2, 3, 1, 1) on both halves, `y_i = sum of four + x_i + 2 x_{i+1}`, then `2 y_i + y_{i+4}`.
//! Internal layer: `sum + d_i x_i`, d = (-2, 1, 2, 1/2, 3, -1/2, -3, -4). Poseidon2, section 5 (eprint 2023/323); the
//! diagonal is p3-goldilocks'.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::reduce::Reduce;

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
    internal2: Register<Bit>,
    keep1: Register<Bit>,
    keep2: Register<Bit>,
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
            internal2: Register::default(),
            keep1: Register::default(),
            keep2: Register::default(),
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
        dff_setup!(self, clock, valid1, valid2, valid3, valid4, valid5, valid6, internal1, internal2, keep1, keep2);
        self.valid1.d.next = self.valid.val();
        self.valid2.d.next = self.valid1.q.val();
        self.valid3.d.next = self.valid2.q.val();
        self.valid4.d.next = self.valid3.q.val();
        self.valid5.d.next = self.valid4.q.val();
        self.valid6.d.next = self.valid5.q.val();
        self.out_valid.next = self.valid6.q.val();
        self.internal1.d.next = self.internal.val();
        self.internal2.d.next = self.internal1.q.val();
        self.keep1.d.next = self.keep.val();
        self.keep2.d.next = self.keep1.q.val();
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
            self.word[i].valid0.next = self.valid.val();
            self.word[i].valid1.next = self.valid1.q.val();
            self.word[i].valid2.next = self.valid2.q.val();
            self.word[i].internal1.next = self.internal1.q.val();
            self.word[i].internal2.next = self.internal2.q.val();
            self.word[i].keep1.next = self.keep1.q.val();
            self.word[i].keep2.next = self.keep2.q.val();
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
            self.reduce[i].valid.next = self.valid3.q.val();
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

/// Word i of both layers: x a cycle later, then `y_i` (external) or `d_i x_i` (internal), then the sum of all.
#[derive(LogicBlock)]
struct Word {
    clock: Signal<In, Clock>,
    valid0: Signal<In, Bit>,
    valid1: Signal<In, Bit>,
    valid2: Signal<In, Bit>,
    internal1: Signal<In, Bit>,
    internal2: Signal<In, Bit>,
    keep1: Signal<In, Bit>,
    keep2: Signal<In, Bit>,
    x: Signal<In, Bits<64>>,
    x1: Signal<Out, Bits<64>>,
    neighbour: Signal<In, Bits<64>>,
    four_low: Signal<In, Bits<34>>,
    four_high: Signal<In, Bits<34>>,
    eight_low: Signal<In, Bits<35>>,
    eight_high: Signal<In, Bits<35>>,
    y_low: Signal<Out, Bits<36>>,
    y_high: Signal<Out, Bits<36>>,
    opposite_low: Signal<In, Bits<36>>,
    opposite_high: Signal<In, Bits<36>>,
    constant: Signal<In, Bits<64>>,
    low: Signal<Out, Bits<37>>,
    high: Signal<Out, Bits<37>>,
    word: Register<Bits<64>>,
    halved: Signal<Local, Bits<64>>,
    limb: [Limb; 2],
}

impl Word {
    fn new(i: usize) -> Self {
        Self {
            clock: Signal::default(),
            valid0: Signal::default(),
            valid1: Signal::default(),
            valid2: Signal::default(),
            internal1: Signal::default(),
            internal2: Signal::default(),
            keep1: Signal::default(),
            keep2: Signal::default(),
            x: Signal::default(),
            x1: Signal::default(),
            neighbour: Signal::default(),
            four_low: Signal::default(),
            four_high: Signal::default(),
            eight_low: Signal::default(),
            eight_high: Signal::default(),
            y_low: Signal::default(),
            y_high: Signal::default(),
            opposite_low: Signal::default(),
            opposite_high: Signal::default(),
            constant: Signal::default(),
            low: Signal::default(),
            high: Signal::default(),
            word: Register::default(),
            halved: Signal::default(),
            // The limbs of 8p keep differences positive; those of (p + 1) / 2 belong to an odd x that is halved.
            limb: [Limb::new(i, 0x8_0000_0008, 0x8000_0001), Limb::new(i, 0x7_ffff_fff0, 0x7fff_ffff)],
        }
    }
}

impl Logic for Word {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, word);
        if self.valid0.val() {
            self.word.d.next = self.x.val();
        }
        self.x1.next = self.word.q.val();
        self.halved.next = self.word.q.val() >> 1;
        for h in 0..2 {
            self.limb[h].clock.next = self.clock.val();
            self.limb[h].valid1.next = self.valid1.val();
            self.limb[h].valid2.next = self.valid2.val();
            self.limb[h].internal1.next = self.internal1.val();
            self.limb[h].internal2.next = self.internal2.val();
            self.limb[h].keep1.next = self.keep1.val();
            self.limb[h].keep2.next = self.keep2.val();
            self.limb[h].odd.next = self.word.q.val().get_bit(0);
        }
        self.limb[0].x.next = self.word.q.val().get_bits::<32>(0);
        self.limb[1].x.next = self.word.q.val().get_bits::<32>(32);
        self.limb[0].halved.next = self.halved.val().get_bits::<32>(0);
        self.limb[1].halved.next = self.halved.val().get_bits::<32>(32);
        self.limb[0].neighbour.next = self.neighbour.val().get_bits::<32>(0);
        self.limb[1].neighbour.next = self.neighbour.val().get_bits::<32>(32);
        self.limb[0].four.next = self.four_low.val();
        self.limb[1].four.next = self.four_high.val();
        self.limb[0].eight.next = self.eight_low.val();
        self.limb[1].eight.next = self.eight_high.val();
        self.limb[0].opposite.next = self.opposite_low.val();
        self.limb[1].opposite.next = self.opposite_high.val();
        self.limb[0].constant.next = self.constant.val().get_bits::<32>(0);
        self.limb[1].constant.next = self.constant.val().get_bits::<32>(32);
        self.y_low.next = self.limb[0].y.val();
        self.y_high.next = self.limb[1].y.val();
        self.low.next = self.limb[0].out.val();
        self.high.next = self.limb[1].out.val();
    }
}

/// One limb of a word. Each of its two cycles is one sum of three numbers whose choice is before it: a sum a case, chosen
/// behind, is half as much again in hardware.
#[derive(LogicBlock)]
struct Limb {
    clock: Signal<In, Clock>,
    valid1: Signal<In, Bit>,
    valid2: Signal<In, Bit>,
    internal1: Signal<In, Bit>,
    internal2: Signal<In, Bit>,
    keep1: Signal<In, Bit>,
    keep2: Signal<In, Bit>,
    odd: Signal<In, Bit>,
    x: Signal<In, Bits<32>>,
    halved: Signal<In, Bits<32>>,
    neighbour: Signal<In, Bits<32>>,
    four: Signal<In, Bits<34>>,
    eight: Signal<In, Bits<35>>,
    opposite: Signal<In, Bits<36>>,
    constant: Signal<In, Bits<32>>,
    y: Signal<Out, Bits<36>>,
    out: Signal<Out, Bits<37>>,
    ys: Register<Bits<36>>,
    outs: Register<Bits<37>>,
    one: Signal<Local, Bits<36>>,
    two: Signal<Local, Bits<36>>,
    first: Signal<Local, Bits<36>>,
    second: Signal<Local, Bits<36>>,
    third: Signal<Local, Bits<36>>,
    scaled: Signal<Local, Bits<37>>,
    added: Signal<Local, Bits<37>>,
    round: Signal<Local, Bits<37>>,
    // What d_i needs: |d_i| = 1/2, or the sum of those of x, 2x and 4x that are set; its sign; and what is added to it for
    // even and odd x.
    half: Constant<Bit>,
    twice: Constant<Bit>,
    thrice: Constant<Bit>,
    four_times: Constant<Bit>,
    negative: Constant<Bit>,
    even_offset: Constant<Bits<36>>,
    odd_offset: Constant<Bits<36>>,
}

impl Limb {
    /// A limb of word i; `positive` and `half` are the limbs of 8p and (p + 1) / 2.
    fn new(i: usize, positive: u64, half: u64) -> Self {
        let (halves, thrice, negative) = ([3, 5].contains(&i), [4, 6].contains(&i), [0, 5, 6, 7].contains(&i));
        let odd = if halves { half } else { 0 };
        // -a is the complement of a, plus 1: for two numbers if both are subtracted.
        let (even, odd) = if negative {
            let offset = positive + 1 + u64::from(thrice);
            (offset, offset - odd)
        } else {
            (0, odd)
        };
        Self {
            clock: Signal::default(),
            valid1: Signal::default(),
            valid2: Signal::default(),
            internal1: Signal::default(),
            internal2: Signal::default(),
            keep1: Signal::default(),
            keep2: Signal::default(),
            odd: Signal::default(),
            x: Signal::default(),
            halved: Signal::default(),
            neighbour: Signal::default(),
            four: Signal::default(),
            eight: Signal::default(),
            opposite: Signal::default(),
            constant: Signal::default(),
            y: Signal::default(),
            out: Signal::default(),
            ys: Register::default(),
            outs: Register::default(),
            one: Signal::default(),
            two: Signal::default(),
            first: Signal::default(),
            second: Signal::default(),
            third: Signal::default(),
            scaled: Signal::default(),
            added: Signal::default(),
            round: Signal::default(),
            half: Constant::new(halves),
            twice: Constant::new([0, 2].contains(&i)),
            thrice: Constant::new(thrice),
            four_times: Constant::new(i == 7),
            negative: Constant::new(negative),
            even_offset: Constant::new(even.to_bits()),
            odd_offset: Constant::new(odd.to_bits()),
        }
    }
}

impl Logic for Limb {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, ys, outs);
        self.one.next = bit_cast::<36, 32>(self.x.val());
        self.two.next = 0.into();
        if self.half.val() {
            self.one.next = bit_cast::<36, 32>(self.halved.val());
        }
        if self.twice.val() {
            self.one.next = bit_cast::<36, 32>(self.x.val()) << 1;
        }
        if self.thrice.val() {
            self.two.next = bit_cast::<36, 32>(self.x.val()) << 1;
        }
        if self.four_times.val() {
            self.one.next = bit_cast::<36, 32>(self.x.val()) << 2;
        }
        self.first.next = bit_cast::<36, 32>(self.x.val());
        self.second.next = bit_cast::<36, 32>(self.neighbour.val()) << 1;
        self.third.next = bit_cast::<36, 34>(self.four.val());
        if self.keep1.val() {
            self.second.next = 0.into();
            self.third.next = 0.into();
        }
        if self.internal1.val() {
            self.first.next = self.one.val();
            self.second.next = self.two.val();
            self.third.next = self.even_offset.val();
            if self.odd.val() {
                self.third.next = self.odd_offset.val();
            }
            if self.negative.val() {
                self.first.next = !self.one.val();
                if self.thrice.val() {
                    self.second.next = !self.two.val();
                }
            }
        }
        if self.valid1.val() {
            self.ys.d.next = self.first.val() + self.second.val() + self.third.val();
        }
        self.y.next = self.ys.q.val();

        self.scaled.next = bit_cast::<37, 36>(self.ys.q.val());
        self.added.next = bit_cast::<37, 35>(self.eight.val());
        self.round.next = bit_cast::<37, 32>(self.constant.val());
        if !self.internal2.val() {
            self.scaled.next = bit_cast::<37, 36>(self.ys.q.val()) << 1;
            self.added.next = bit_cast::<37, 36>(self.opposite.val());
        }
        if self.keep2.val() {
            self.scaled.next = bit_cast::<37, 36>(self.ys.q.val());
            self.added.next = 0.into();
            self.round.next = 0.into();
        }
        if self.valid2.val() {
            self.outs.d.next = self.scaled.val() + self.added.val() + self.round.val();
        }
        self.out.next = self.outs.q.val();
    }
}
