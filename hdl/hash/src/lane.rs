//! One S-box and the states that pass through it.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::pick::Pick;
use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

use crate::intake::{Intake, Source};
use crate::linear::{self, Linear};
use crate::sbox::{self, Sbox};

/// Cycles from an early address to the late one of the same state, whose words meet the S-box output.
pub const LATE: usize = 2 + sbox::LATENCY;
/// Cycles from an early address to the write of the result.
pub const WRITE: usize = LATE + 3 + linear::LATENCY;

/// A lane: 2^A states in eight RAMs of a word each, the beats that they absorb (two halves of 2^A, so B = A + 1), one
/// S-box and one linear layer.
///
/// All control comes from the [`crate::sequencer::Sequencer`], the same for all lanes. A *token* is one word of an external
/// round or one state of an internal round or of an absorption. Cycle 0: its address comes; cycle 1: it is at the state RAM;
/// cycle 2: its word is chosen; cycle 3: S-box; cycle [`LATE`]: the address of the words that did not go through the S-box comes;
/// cycle `LATE + 1`: the S-box output moves into the collector; cycle `LATE + 2`: the state is complete; cycle [`WRITE`]: the
/// result is written.
///
/// A lane takes control a cycle before it acts, into registers of its own: it has many loads for it, and far apart.
#[derive(LogicBlock, Default)]
pub struct Lane<const A: usize, const B: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Clears the states on the way.
    pub reset: Signal<In, Bit>,
    /// State whose word 0 is read.
    pub first_address: Signal<In, Bits<A>>,
    /// State whose other words are read.
    pub other_address: Signal<In, Bits<A>>,
    /// Word that goes to the S-box, with its address.
    pub select: Signal<In, Bits<3>>,
    /// The S-box output of the next cycle is a word of an external round.
    pub shift: Signal<In, Bit>,
    /// Beat to absorb, in the cycle before the late address.
    pub beat_address: Signal<In, Bits<B>>,
    /// A state is complete in the next cycle; at `LATE + 1`.
    pub load: Signal<In, Bit>,
    /// It is one of an internal round: word 0 from the S-box, the others from the RAM.
    pub internal: Signal<In, Bit>,
    /// It comes from the RAM and absorbs words of the beat.
    pub gather: Signal<In, Bit>,
    /// It is written back without a linear layer.
    pub keep: Signal<In, Bit>,
    /// Absorption: the state was zero before.
    pub fresh: Signal<In, Bit>,
    /// Absorption: the whole beat is the state.
    pub compress: Signal<In, Bit>,
    /// Absorption: words of the rate that are overwritten.
    pub mask: Signal<In, Bits<4>>,
    /// Absorption: word of the beat that is over word 0 of the state, from a cycle before its beat on.
    pub rotation: Signal<In, Bits<3>>,
    /// Constants of the next round, at `LATE + 5`.
    pub constant0: Signal<In, Bits<64>>,
    /// Of word 1.
    pub constant1: Signal<In, Bits<64>>,
    /// Of word 2.
    pub constant2: Signal<In, Bits<64>>,
    /// Of word 3.
    pub constant3: Signal<In, Bits<64>>,
    /// Of word 4.
    pub constant4: Signal<In, Bits<64>>,
    /// Of word 5.
    pub constant5: Signal<In, Bits<64>>,
    /// Of word 6.
    pub constant6: Signal<In, Bits<64>>,
    /// Of word 7.
    pub constant7: Signal<In, Bits<64>>,
    /// State that is written in the next cycle if a token comes to its end.
    pub write_address: Signal<In, Bits<A>>,
    /// Keeps words 0 to 3 of what is written in the next cycle as the digest.
    pub capture: Signal<In, Bit>,
    /// The digest is words 4 to 7 instead; stays for a descriptor.
    pub upper: Signal<In, Bit>,
    /// Word 0 of the digest.
    pub digest0: Signal<Out, Bits<64>>,
    /// Word 1.
    pub digest1: Signal<Out, Bits<64>>,
    /// Word 2.
    pub digest2: Signal<Out, Bits<64>>,
    /// Word 3.
    pub digest3: Signal<Out, Bits<64>>,
    /// A beat to absorb later.
    pub beat_write: Signal<In, Bit>,
    /// Its place.
    pub beat_write_address: Signal<In, Bits<B>>,
    /// Word 0 of the beat, a cycle later.
    pub beat0: Signal<In, Bits<64>>,
    /// Word 1.
    pub beat1: Signal<In, Bits<64>>,
    /// Word 2.
    pub beat2: Signal<In, Bits<64>>,
    /// Word 3.
    pub beat3: Signal<In, Bits<64>>,
    /// Word 4.
    pub beat4: Signal<In, Bits<64>>,
    /// Word 5.
    pub beat5: Signal<In, Bits<64>>,
    /// Word 6.
    pub beat6: Signal<In, Bits<64>>,
    /// Word 7.
    pub beat7: Signal<In, Bits<64>>,
    state: [Ram<64, A>; 8],
    beat: [Ram<64, B>; 8],
    first: KeptRegister<Bits<A>>,
    others: [KeptRegister<Bits<A>>; 2],
    read: KeptRegister<Bits<B>>,
    write: KeptRegister<Bits<A>>,
    beat_written: KeptRegister<Bit>,
    beat_place: KeptRegister<Bits<B>>,
    pick: Pick,
    chosen: Register<Bits<64>>,
    sbox: Sbox,
    select1: Register<Bits<3>>,
    selected: KeptRegister<Bits<3>>,
    shifted: KeptRegister<Bit>,
    collector: [Register<Bits<64>>; 8],
    intake: [Intake; 8],
    source: Signal<Local, Source>,
    load1: KeptRegister<Bit>,
    internal1: KeptRegister<Bit>,
    keep1: KeptRegister<Bit>,
    load2: KeptRegister<Bit>,
    internal2: KeptRegister<Bit>,
    keep2: KeptRegister<Bit>,
    linear: Linear,
    rotate0: Pick,
    rotate1: Pick,
    rotate2: Pick,
    rotate3: Pick,
    rotated: [KeptRegister<Bits<3>>; 4],
    // Words of a beat where the state has them: behind RAM and rotation little is left of a cycle.
    turned: [Register<Bits<64>>; 8],
    captured: KeptRegister<Bit>,
    upper1: KeptRegister<Bit>,
    digest: [Register<Bits<64>>; 4],
}

impl<const A: usize, const B: usize> Logic for Lane<A, B> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            first,
            select1,
            read,
            write,
            beat_written,
            beat_place,
            chosen,
            selected,
            shifted,
            load1,
            internal1,
            keep1,
            load2,
            internal2,
            keep2
        );
        self.captured.clock.next = self.clock.val();
        self.captured.d.next = self.capture.val();
        self.upper1.clock.next = self.clock.val();
        self.upper1.d.next = self.upper.val();
        self.read.d.next = self.beat_address.val();
        self.write.d.next = self.write_address.val();
        self.beat_written.d.next = self.beat_write.val();
        self.beat_place.d.next = self.beat_write_address.val();
        for i in 0..8 {
            self.collector[i].clock.next = self.clock.val();
            self.collector[i].d.next = self.collector[i].q.val();
            self.state[i].clock.next = self.clock.val();
            self.state[i].read_address.next = self.others[i / 4].q.val();
            self.state[i].write_address.next = self.write.q.val();
            self.state[i].write_enable.next = self.linear.out_valid.val();
            self.state[i].write_data.next = self.linear.out[i].val();
            self.beat[i].clock.next = self.clock.val();
            self.beat[i].read_address.next = self.read.q.val();
            self.beat[i].write_address.next = self.beat_place.q.val();
            self.beat[i].write_enable.next = self.beat_written.q.val();
        }
        self.first.d.next = self.first_address.val();
        for i in 0..2 {
            self.others[i].clock.next = self.clock.val();
            self.others[i].d.next = self.other_address.val();
        }
        self.state[0].read_address.next = self.first.q.val();
        self.beat[0].write_data.next = self.beat0.val();
        self.beat[1].write_data.next = self.beat1.val();
        self.beat[2].write_data.next = self.beat2.val();
        self.beat[3].write_data.next = self.beat3.val();
        self.beat[4].write_data.next = self.beat4.val();
        self.beat[5].write_data.next = self.beat5.val();
        self.beat[6].write_data.next = self.beat6.val();
        self.beat[7].write_data.next = self.beat7.val();

        // Cycle 2.
        self.select1.d.next = self.select.val();
        self.selected.d.next = self.select1.q.val();
        self.pick.at.next = self.selected.q.val();
        for i in 0..8 {
            self.pick.word[i].next = self.state[i].read_data.val();
        }
        self.chosen.d.next = self.pick.out.val();
        self.sbox.clock.next = self.clock.val();
        self.sbox.x.next = self.chosen.q.val();

        // Cycle LATE + 1: a state of an external round comes word by word. Of an internal round only word 7 of the collector
        // is used, as word 0.
        self.shifted.d.next = self.shift.val();
        self.collector[7].d.next = self.sbox.y.val();
        if self.shifted.q.val() {
            for i in 0..7 {
                self.collector[i].d.next = self.collector[i + 1].q.val();
            }
        }

        for i in 0..4 {
            self.rotated[i].clock.next = self.clock.val();
            self.rotated[i].d.next = self.rotation.val();
        }
        self.rotate0.at.next = self.rotated[0].q.val();
        self.rotate1.at.next = self.rotated[1].q.val();
        self.rotate2.at.next = self.rotated[2].q.val();
        self.rotate3.at.next = self.rotated[3].q.val();
        for i in 0..8 {
            self.rotate0.word[i].next = self.beat[i].read_data.val();
            self.rotate1.word[i].next = self.beat[(i + 1) % 8].read_data.val();
            self.rotate2.word[i].next = self.beat[(i + 2) % 8].read_data.val();
            self.rotate3.word[i].next = self.beat[(i + 3) % 8].read_data.val();
        }
        for i in 0..8 {
            self.turned[i].clock.next = self.clock.val();
            self.turned[i].d.next = self.beat[i].read_data.val();
        }
        self.turned[0].d.next = self.rotate0.out.val();
        self.turned[1].d.next = self.rotate1.out.val();
        self.turned[2].d.next = self.rotate2.out.val();
        self.turned[3].d.next = self.rotate3.out.val();

        // Cycle LATE + 2.
        self.source.next = Source::Collector;
        if self.gather.val() {
            self.source.next = Source::State;
            if self.fresh.val() {
                self.source.next = Source::Zero;
            }
        }
        for i in 0..8 {
            self.intake[i].clock.next = self.clock.val();
            self.intake[i].load.next = self.load.val();
            self.intake[i].source.next = self.source.val();
            if self.gather.val() && self.compress.val() {
                self.intake[i].source.next = Source::Beat;
            }
            self.intake[i].collector.next = self.collector[i].q.val();
            self.intake[i].state.next = self.state[i].read_data.val();
            self.intake[i].beat.next = self.turned[i].q.val();
        }
        for i in 0..4 {
            if self.gather.val() && self.mask.val().get_bit(i) {
                self.intake[i].source.next = Source::Beat;
            }
        }
        if self.internal1.q.val() {
            self.intake[0].collector.next = self.collector[7].q.val();
        }
        for i in 1..8 {
            if self.internal.val() {
                self.intake[i].source.next = Source::State;
            }
        }
        self.load1.d.next = self.load.val();
        self.internal1.d.next = self.internal.val();
        self.keep1.d.next = self.keep.val();
        self.load2.d.next = self.load1.q.val();
        self.internal2.d.next = self.internal1.q.val();
        self.keep2.d.next = self.keep1.q.val();

        // Cycle LATE + 3 to WRITE.
        self.linear.clock.next = self.clock.val();
        self.linear.reset.next = self.reset.val();
        self.linear.valid.next = self.load2.q.val();
        self.linear.internal.next = self.internal2.q.val();
        self.linear.keep.next = self.keep2.q.val();
        for i in 0..8 {
            self.linear.x[i].next = self.intake[i].word.val();
        }
        self.linear.constant[0].next = self.constant0.val();
        self.linear.constant[1].next = self.constant1.val();
        self.linear.constant[2].next = self.constant2.val();
        self.linear.constant[3].next = self.constant3.val();
        self.linear.constant[4].next = self.constant4.val();
        self.linear.constant[5].next = self.constant5.val();
        self.linear.constant[6].next = self.constant6.val();
        self.linear.constant[7].next = self.constant7.val();
        for i in 0..4 {
            self.digest[i].clock.next = self.clock.val();
            self.digest[i].d.next = self.digest[i].q.val();
            if self.captured.q.val() {
                self.digest[i].d.next = self.linear.out[i].val();
                if self.upper1.q.val() {
                    self.digest[i].d.next = self.linear.out[i + 4].val();
                }
            }
        }
        self.digest0.next = self.digest[0].q.val();
        self.digest1.next = self.digest[1].q.val();
        self.digest2.next = self.digest[2].q.val();
        self.digest3.next = self.digest[3].q.val();
        if self.reset.val() {
            self.load1.d.next = false;
            self.load2.d.next = false;
        }
    }
}
