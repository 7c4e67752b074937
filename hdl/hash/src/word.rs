//! One word of the linear layers, in two limbs.

use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

/// Word i of both layers: x a cycle later, then `y_i` (external) or `d_i x_i` (internal), then the sum of all.
///
/// It delays its control itself: one register for all words has thousands of loads.
#[derive(LogicBlock)]
pub(crate) struct Word {
    pub(crate) clock: Signal<In, Clock>,
    pub(crate) valid: Signal<In, Bit>,
    pub(crate) internal: Signal<In, Bit>,
    pub(crate) keep: Signal<In, Bit>,
    pub(crate) x: Signal<In, Bits<64>>,
    pub(crate) x1: Signal<Out, Bits<64>>,
    pub(crate) neighbour: Signal<In, Bits<64>>,
    pub(crate) four_low: Signal<In, Bits<34>>,
    pub(crate) four_high: Signal<In, Bits<34>>,
    pub(crate) eight_low: Signal<In, Bits<35>>,
    pub(crate) eight_high: Signal<In, Bits<35>>,
    pub(crate) y_low: Signal<Out, Bits<36>>,
    pub(crate) y_high: Signal<Out, Bits<36>>,
    pub(crate) opposite_low: Signal<In, Bits<36>>,
    pub(crate) opposite_high: Signal<In, Bits<36>>,
    pub(crate) constant: Signal<In, Bits<64>>,
    pub(crate) low: Signal<Out, Bits<37>>,
    pub(crate) high: Signal<Out, Bits<37>>,
    pub(crate) out_valid: Signal<Out, Bit>,
    valid1: KeptRegister<Bit>,
    valid2: KeptRegister<Bit>,
    valid3: KeptRegister<Bit>,
    internal1: KeptRegister<Bit>,
    internal2: KeptRegister<Bit>,
    keep1: KeptRegister<Bit>,
    keep2: KeptRegister<Bit>,
    word: Register<Bits<64>>,
    halved: Signal<Local, Bits<64>>,
    limb: [Limb; 2],
}

impl Word {
    /// Word i.
    pub(crate) fn new(i: usize) -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            internal: Signal::default(),
            keep: Signal::default(),
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
            out_valid: Signal::default(),
            valid1: KeptRegister::default(),
            valid2: KeptRegister::default(),
            valid3: KeptRegister::default(),
            internal1: KeptRegister::default(),
            internal2: KeptRegister::default(),
            keep1: KeptRegister::default(),
            keep2: KeptRegister::default(),
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
        dff_setup!(self, clock, word, valid1, valid2, valid3, internal1, internal2, keep1, keep2);
        self.valid1.d.next = self.valid.val();
        self.valid2.d.next = self.valid1.q.val();
        self.valid3.d.next = self.valid2.q.val();
        self.out_valid.next = self.valid3.q.val();
        self.internal1.d.next = self.internal.val();
        self.internal2.d.next = self.internal1.q.val();
        self.keep1.d.next = self.keep.val();
        self.keep2.d.next = self.keep1.q.val();
        if self.valid.val() {
            self.word.d.next = self.x.val();
        }
        self.x1.next = self.word.q.val();
        self.halved.next = self.word.q.val() >> 1;
        for h in 0..2 {
            self.limb[h].clock.next = self.clock.val();
            self.limb[h].valid1.next = self.valid1.q.val();
            self.limb[h].valid2.next = self.valid2.q.val();
            self.limb[h].internal1.next = self.internal1.q.val();
            self.limb[h].internal2.next = self.internal2.q.val();
            self.limb[h].keep1.next = self.keep1.q.val();
            self.limb[h].keep2.next = self.keep2.q.val();
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
