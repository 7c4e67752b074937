//! What all columns of a radix-2 stage share: addresses, activity and the twiddle factor behind the butterfly.

use karat_hdl_base::field::{Multiply, rotation};
use karat_hdl_base::memory::Rom;
use karat_hdl_base::register::{KeptRegister, Register};
use karat_hdl_base::reverse::Reverse;
use rust_hdl::prelude::*;

use crate::butterfly;
use crate::cell::ROTATOR_LATENCY;
use crate::delay::WordDelay;
use crate::plan::{Geometry, Twiddle};
use crate::power::RootPower;

/// Control of one stage. In: the word of the element that enters; out: the word of the element that leaves.
///
/// Cycles are counted from that of `word`. A stage works on bit `d` of the position. It is active if that bit is one of
/// the transform's; otherwise elements pass with the same latency and without delay in slots.
#[derive(LogicBlock)]
pub struct StageControl {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// No element is under way.
    pub reset: Signal<In, Bit>,
    /// Control word of the element that enters, see [`crate::word`].
    pub word: Signal<In, Bits<32>>,
    /// Slots of a frame less one.
    pub frame_mask: Signal<In, Bits<20>>,
    /// Bits of a slot that index points of a transform (not those of the interleave and the group).
    pub point_mask: Signal<In, Bits<20>>,
    /// The stage is active; from a register.
    pub active: Signal<Out, Bit>,
    /// Slot of the element that enters, cycle 0.
    pub slot: Signal<Out, Bits<20>>,
    /// There is one, cycle 0.
    pub advance: Signal<Out, Bit>,
    /// It is the second operand of a butterfly, cycle 1.
    pub subtract: Signal<Out, Bit>,
    /// It is that, or the stage is not active, cycle 1.
    pub pass: Signal<Out, Bit>,
    /// An active butterfly gives a difference, cycle `butterfly::LATENCY - 1`.
    pub difference: Signal<Out, Bit>,
    /// Address at which the delay line is written, cycle `butterfly::LATENCY`.
    pub write_address: Signal<Out, Bits<20>>,
    /// It is written, cycle `butterfly::LATENCY`.
    pub write_enable: Signal<Out, Bit>,
    /// Amount (see `Rotate`) of the factor behind the butterfly, cycle `butterfly::LATENCY`; zero if the stage has none.
    pub amount: Signal<Out, Bits<8>>,
    /// General factor, cycle `butterfly::LATENCY + WAIT`; zero if the stage has none.
    pub factor: Signal<Out, Bits<64>>,
    /// Control word of the element that leaves, cycle `latency()`.
    pub out_word: Signal<Out, Bits<32>>,
    previous: Register<Bits<4>>,
    word1: Register<Bits<32>>,
    word2: Register<Bits<32>>,
    word3: Register<Bits<32>>,
    word4: Register<Bits<32>>,
    subtract1: Register<Bit>,
    pass1: Register<Bit>,
    // What the descriptor says is known long before an element comes: each stage has its own copy.
    activity: Register<Bit>,
    frame_copy: KeptRegister<Bits<20>>,
    point_copy: KeptRegister<Bits<20>>,
    frame: Signal<Local, Bits<20>>,
    indices: Signal<Local, Bits<20>>,
    is_active: Signal<Local, Bit>,
    entering: Signal<Local, Bits<32>>,
    early: Signal<Local, Bit>,
    in_slot: Signal<Local, Bits<20>>,
    tag: Signal<Local, Bits<4>>,
    next_slot: Signal<Local, Bits<20>>,
    next_tag: Signal<Local, Bits<4>>,
    points: Signal<Local, Bits<20>>,
    slots: Constant<Bits<20>>,
    depth: Constant<Bits<20>>,
    above: Constant<Bits<20>>,
    tail: Vec<WordDelay>,
    rotation: Vec<Rotation>,
    root: Vec<BlockFactor>,
    _tail: usize,
    _rotation: usize,
    _root: usize,
}

/// Cycles for which an element waits behind the butterfly until its general factor is there.
pub const WAIT: usize = 1 + RootPower::LATENCY - butterfly::LATENCY;

impl StageControl {
    /// Control of the stage on bit `bit` of the position.
    pub fn new(geometry: &Geometry, bit: usize) -> Self {
        let depth = 1_u64 << (bit + geometry.log_groups());
        let twiddle = geometry.twiddle(bit);
        let tail = match twiddle {
            Twiddle::None => 0,
            Twiddle::Shift { .. } => ROTATOR_LATENCY,
            Twiddle::General { .. } => WAIT + Multiply::LATENCY,
        };
        let rotation = match twiddle {
            Twiddle::Shift { low, bits } => vec![Rotation::new(geometry, low, bits, bit)],
            _ => vec![],
        };
        let root = match twiddle {
            Twiddle::General { top } => vec![BlockFactor::new(geometry, top, bit)],
            _ => vec![],
        };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            word: Signal::default(),
            frame_mask: Signal::default(),
            point_mask: Signal::default(),
            active: Signal::default(),
            slot: Signal::default(),
            advance: Signal::default(),
            subtract: Signal::default(),
            pass: Signal::default(),
            difference: Signal::default(),
            write_address: Signal::default(),
            write_enable: Signal::default(),
            amount: Signal::default(),
            factor: Signal::default(),
            out_word: Signal::default(),
            previous: Register::default(),
            word1: Register::default(),
            word2: Register::default(),
            word3: Register::default(),
            word4: Register::default(),
            subtract1: Register::default(),
            pass1: Register::default(),
            activity: Register::default(),
            frame_copy: KeptRegister::default(),
            point_copy: KeptRegister::default(),
            frame: Signal::default(),
            indices: Signal::default(),
            is_active: Signal::default(),
            entering: Signal::default(),
            early: Signal::default(),
            in_slot: Signal::default(),
            tag: Signal::default(),
            next_slot: Signal::default(),
            next_tag: Signal::default(),
            points: Signal::default(),
            slots: Constant::new(geometry.slot_mask().to_bits()),
            depth: Constant::new(depth.to_bits()),
            above: Constant::new((((1_u64 << 20) - 1) & !(depth - 1)).to_bits()),
            tail: (0..(tail > 0) as usize).map(|_| WordDelay::new(tail)).collect(),
            _rotation: rotation.len(),
            _root: root.len(),
            _tail: (tail > 0) as usize,
            rotation,
            root,
        }
    }
}

impl Logic for StageControl {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, previous, word1, word2, word3, word4, activity, subtract1, pass1);
        dff_setup!(self, clock, frame_copy, point_copy);
        self.frame_copy.d.next = self.frame_mask.val();
        self.point_copy.d.next = self.point_mask.val();
        // Synthesis is told which bits of a slot are never set.
        self.frame.next = self.frame_copy.q.val() & self.slots.val();
        self.indices.next = self.point_copy.q.val() & self.slots.val();
        self.in_slot.next = self.word.val().get_bits::<20>(0);
        self.tag.next = self.word.val().get_bits::<4>(20);
        self.advance.next = self.word.val().get_bit(24);
        self.slot.next = self.in_slot.val();
        self.activity.d.next =
            ((self.frame.val() & self.depth.val()) != 0) && ((self.indices.val() & self.depth.val()) != 0);
        self.is_active.next = self.activity.q.val();
        self.active.next = self.is_active.val();

        // What leaves came `depth` slots ago: from the frame before if this one is not yet that old.
        self.early.next = (self.in_slot.val() & self.above.val()) == 0;
        self.next_slot.next = self.in_slot.val();
        self.next_tag.next = self.tag.val();
        if self.is_active.val() {
            self.next_slot.next = (self.in_slot.val() - self.depth.val()) & self.frame.val();
            if self.early.val() {
                self.next_tag.next = self.previous.q.val();
            }
            if self.word.val().get_bit(24) && !self.early.val() {
                self.previous.d.next = self.tag.val();
            }
        }
        self.entering.next = bit_cast::<32, 20>(self.next_slot.val())
            | (bit_cast::<32, 4>(self.next_tag.val()) << 20)
            | (self.word.val() & 0x0100_0000);
        self.word1.d.next = self.entering.val();
        self.word2.d.next = self.word1.q.val();
        self.word3.d.next = self.word2.q.val();
        self.word4.d.next = self.word3.q.val();

        self.subtract1.d.next = self.is_active.val() && ((self.in_slot.val() & self.depth.val()) != 0);
        self.pass1.d.next = !self.is_active.val() || ((self.in_slot.val() & self.depth.val()) != 0);
        self.subtract.next = self.subtract1.q.val();
        self.pass.next = self.pass1.q.val();
        // The length of the line divides the delay, so that the slot that leaves has the address of the one that entered.
        self.write_address.next = self.word4.q.val().get_bits::<20>(0);
        self.write_enable.next = self.word4.q.val().get_bit(24) && self.is_active.val();
        self.difference.next = self.is_active.val() && ((self.word3.q.val().get_bits::<20>(0) & self.depth.val()) != 0);

        self.points.next = 0.into();
        self.amount.next = 0.into();
        for i in 0..self._rotation {
            self.rotation[i].clock.next = self.clock.val();
            self.points.next = self.word3.q.val().get_bits::<20>(0) & self.indices.val();
            self.rotation[i].points.next = self.points.val();
            self.rotation[i].inverse.next = self.word3.q.val().get_bit(20);
            self.amount.next = self.rotation[i].amount.val();
        }
        self.factor.next = 0.into();
        for i in 0..self._root {
            self.root[i].clock.next = self.clock.val();
            self.points.next = self.word1.q.val().get_bits::<20>(0) & self.indices.val();
            self.root[i].points.next = self.points.val();
            self.root[i].inverse.next = self.word1.q.val().get_bit(20);
            self.factor.next = self.root[i].factor.val();
        }
        self.out_word.next = self.word4.q.val();
        for i in 0..self._tail {
            self.tail[i].clock.next = self.clock.val();
            self.tail[i].reset.next = self.reset.val();
            self.tail[i].x.next = self.word4.q.val();
            self.out_word.next = self.tail[i].y.val();
        }
        if self.reset.val() {
            self.previous.d.next = 0.into();
            self.word1.d.next = self.entering.val() & 0x00ff_ffff;
            self.word2.d.next = self.word1.q.val() & 0x00ff_ffff;
            self.word3.d.next = self.word2.q.val() & 0x00ff_ffff;
            self.word4.d.next = self.word3.q.val() & 0x00ff_ffff;
        }
    }
}

/// Exponents of 2 of the factors inside a block of stages, by position; one cycle.
#[derive(LogicBlock)]
struct Rotation {
    pub clock: Signal<In, Clock>,
    pub points: Signal<In, Bits<20>>,
    pub inverse: Signal<In, Bit>,
    pub amount: Signal<Out, Bits<8>>,
    amounts: Rom<8, 7>,
    index: Signal<Local, Bits<7>>,
    low: Constant<Bits<5>>,
    mask: Constant<Bits<20>>,
    used: Constant<Bits<8>>,
}

impl Rotation {
    /// The factors between the stages on the bits from `bit` up and those on the bits below, out of `bits` bits of the
    /// position from bit `low` on.
    fn new(geometry: &Geometry, low: usize, bits: usize, bit: usize) -> Self {
        let amount = |index: u64| {
            let (position, inverse) = (index & 63, index >> 6 == 1);
            if position >> bits != 0 {
                return 0;
            }
            let shift = geometry.shift(position << low, bit, low) as u32 % 192;
            u64::from(rotation(if inverse { 192 - shift } else { shift }))
        };
        let amounts: Vec<u64> = (0..128).map(amount).collect();
        // What synthesis then knows: bits of the amount that are never set.
        let used = amounts.iter().fold(0, |all, amount| all | amount);
        Self {
            clock: Signal::default(),
            points: Signal::default(),
            inverse: Signal::default(),
            amount: Signal::default(),
            amounts: Rom::new(amounts),
            index: Signal::default(),
            low: Constant::new((low + geometry.log_groups()).to_bits()),
            mask: Constant::new(((1_u64 << bits) - 1).to_bits()),
            used: Constant::new(used.to_bits()),
        }
    }
}

impl Logic for Rotation {
    #[hdl_gen]
    fn update(&mut self) {
        self.amounts.clock.next = self.clock.val();
        self.index.next = bit_cast::<7, 20>((self.points.val() >> self.low.val()) & self.mask.val());
        self.amounts.address.next = self.index.val();
        if self.inverse.val() {
            self.amounts.address.next = self.index.val() | 64;
        }
        self.amount.next = self.amounts.data.val() & self.used.val();
    }
}

/// The factor at the end of a block of stages: w^(k n), k the reversed bits of the block, n the bits below.
#[derive(LogicBlock)]
struct BlockFactor {
    pub clock: Signal<In, Clock>,
    pub points: Signal<In, Bits<20>>,
    pub inverse: Signal<In, Bit>,
    pub factor: Signal<Out, Bits<64>>,
    reverse: Reverse<16>,
    power: RootPower,
    position: Signal<Local, Bits<16>>,
    groups: Constant<Bits<5>>,
    shift: Constant<Bits<5>>,
    upper_mask: Constant<Bits<16>>,
    lower_mask: Constant<Bits<16>>,
    scale: Constant<Bits<5>>,
}

impl BlockFactor {
    /// The factor between the block on the bits `top` to `bit` and the bits below.
    fn new(geometry: &Geometry, top: usize, bit: usize) -> Self {
        Self {
            clock: Signal::default(),
            points: Signal::default(),
            inverse: Signal::default(),
            factor: Signal::default(),
            reverse: Reverse::default(),
            power: RootPower::new(geometry.log_buffer),
            position: Signal::default(),
            groups: Constant::new(geometry.log_groups().to_bits()),
            shift: Constant::new((15 - top).to_bits()),
            upper_mask: Constant::new(((1_u64 << (top + 1 - bit)) - 1).to_bits()),
            lower_mask: Constant::new(((1_u64 << bit) - 1).to_bits()),
            // The root of the bits from `top` down is w^(2^scale).
            scale: Constant::new((geometry.log_buffer - 1 - top).to_bits()),
        }
    }
}

impl Logic for BlockFactor {
    #[hdl_gen]
    fn update(&mut self) {
        self.power.clock.next = self.clock.val();
        self.position.next = bit_cast::<16, 20>(self.points.val() >> self.groups.val());
        self.reverse.x.next = self.position.val();
        self.power.a.next = (self.reverse.y.val() >> self.shift.val()) & self.upper_mask.val();
        self.power.b.next = self.position.val() & self.lower_mask.val();
        self.power.scale.next = self.scale.val();
        self.power.negative.next = self.inverse.val();
        self.factor.next = self.power.power.val();
    }
}
