//! From the outputs of lanes to beats of card memory.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Gathers 8, 4 or 2 words of every row of the lanes and sends them as beats, in order of rows: with 8 words a beat is a row.
///
/// Takes an output of each lane a cycle, and never stops: whoever starts the rows sees that there is place for their beats.
#[derive(LogicBlock)]
pub struct Collector<const LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Nothing is gathered.
    pub reset: Signal<In, Bit>,
    /// log2 of the words of a row; constant while there are any.
    pub log_words: Signal<In, Bits<2>>,
    /// An output of each lane.
    pub data: [Signal<In, Bits<64>>; LANES],
    /// There is one of each.
    pub valid: Signal<In, Bit>,
    /// Beat.
    pub beat: [Signal<Out, Bits<64>>; 8],
    /// There is one.
    pub beat_valid: Signal<Out, Bit>,
    /// Words are on their way.
    pub busy: Signal<Out, Bit>,
    // The last eight words of each lane, the last on top: word i of lane l at 8 l + i.
    gathered: Vec<Register<Bits<64>>>,
    count: Register<Bits<4>>,
    full: Register<Bit>,
    // Beats to send, the next at the bottom: word i of beat b at 8 b + i.
    sending: Vec<Register<Bits<64>>>,
    left: Register<Bits<4>>,
    words: Signal<Local, Bits<4>>,
    beats: Signal<Local, Bits<4>>,
    _lanes: usize,
    _rows_but_one: usize,
    _pairs: usize,
    _fours: usize,
    log_beats_less: Constant<Bits<2>>,
}

impl<const LANES: usize> Default for Collector<LANES> {
    fn default() -> Self {
        const { assert!(LANES == 4 || LANES == 8) };
        Self {
            clock: Default::default(),
            reset: Default::default(),
            log_words: Default::default(),
            data: std::array::from_fn(|_| Default::default()),
            valid: Default::default(),
            beat: Default::default(),
            beat_valid: Default::default(),
            busy: Default::default(),
            gathered: (0..8 * LANES).map(|_| Register::default()).collect(),
            count: Default::default(),
            full: Default::default(),
            sending: (0..8 * LANES).map(|_| Register::default()).collect(),
            left: Default::default(),
            words: Default::default(),
            beats: Default::default(),
            _lanes: LANES,
            _rows_but_one: LANES - 1,
            _pairs: LANES / 2,
            _fours: LANES / 4,
            log_beats_less: Constant::new((3 - u64::from(LANES.ilog2())).to_bits()),
        }
    }
}

impl<const LANES: usize> Logic for Collector<LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count, full, left);
        self.words.next = bits::<4>(1) << self.log_words.val();
        self.beats.next = self.words.val() >> self.log_beats_less.val();
        for l in 0..self._lanes {
            for i in 0..8 {
                self.gathered[8 * l + i].clock.next = self.clock.val();
                self.gathered[8 * l + i].d.next = self.gathered[8 * l + i].q.val();
                self.sending[8 * l + i].clock.next = self.clock.val();
                self.sending[8 * l + i].d.next = self.sending[8 * l + i].q.val();
            }
        }
        self.full.d.next = false;
        if self.valid.val() {
            for l in 0..self._lanes {
                for i in 0..7 {
                    self.gathered[8 * l + i].d.next = self.gathered[8 * l + i + 1].q.val();
                }
                self.gathered[8 * l + 7].d.next = self.data[l].val();
            }
            self.count.d.next = self.count.q.val() + 1;
            if self.count.q.val() + 1 == self.words.val() {
                self.count.d.next = 0.into();
                self.full.d.next = true;
            }
        }
        if self.left.q.val().any() {
            self.left.d.next = self.left.q.val() - 1;
            for b in 0..self._rows_but_one {
                for i in 0..8 {
                    self.sending[8 * b + i].d.next = self.sending[8 * b + i + 8].q.val();
                }
            }
        }
        if self.full.q.val() {
            self.left.d.next = self.beats.val();
            for l in 0..self._lanes {
                for i in 0..8 {
                    self.sending[8 * l + i].d.next = self.gathered[8 * l + i].q.val();
                }
            }
            if self.log_words.val() == 2 {
                for b in 0..self._pairs {
                    for i in 0..4 {
                        self.sending[8 * b + i].d.next = self.gathered[16 * b + i + 4].q.val();
                        self.sending[8 * b + i + 4].d.next = self.gathered[16 * b + i + 12].q.val();
                    }
                }
            }
            if self.log_words.val() == 1 {
                for b in 0..self._fours {
                    for i in 0..2 {
                        self.sending[8 * b + i].d.next = self.gathered[32 * b + i + 6].q.val();
                        self.sending[8 * b + i + 2].d.next = self.gathered[32 * b + i + 14].q.val();
                        self.sending[8 * b + i + 4].d.next = self.gathered[32 * b + i + 22].q.val();
                        self.sending[8 * b + i + 6].d.next = self.gathered[32 * b + i + 30].q.val();
                    }
                }
            }
        }
        self.beat_valid.next = self.left.q.val().any();
        for i in 0..8 {
            self.beat[i].next = self.sending[i].q.val();
        }
        self.busy.next = self.count.q.val().any() || self.full.q.val() || self.left.q.val().any();
        if self.reset.val() {
            self.count.d.next = 0.into();
            self.full.d.next = false;
            self.left.d.next = 0.into();
        }
    }
}
