//! The destination side: beats of results, and the commands that write them.

use karat_hdl_base::register::{KeptRegister, Register};
use karat_hdl_base::write_fifo::WriteFifo;
use rust_hdl::prelude::*;

use crate::walker::Walker;

/// Collects the groups of columns of a beat, keeps beats in a FIFO of 2^A and writes them.
#[derive(LogicBlock)]
pub struct Writer<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Starts on a descriptor.
    pub start: Signal<In, Bit>,
    /// Word `DST`.
    pub base: Signal<In, Bits<32>>,
    /// Word `DST_STRIDE`.
    pub stride: Signal<In, Bits<32>>,
    /// Word `DST_TILE`.
    pub tile_stride: Signal<In, Bits<32>>,
    /// Word `DST_BLOCK`.
    pub block_stride: Signal<In, Bits<32>>,
    /// log2 of the beats of a frame.
    pub log_frame: Signal<In, Bits<5>>,
    /// log2 of the beats of a burst.
    pub log_burst: Signal<In, Bits<5>>,
    /// Flag `DST_REVERSE`.
    pub reversed: Signal<In, Bit>,
    /// Word `TILES`.
    pub tiles: Signal<In, Bits<32>>,
    /// Blocks of a tile.
    pub blocks: Signal<In, Bits<4>>,
    /// Elements, one a lane.
    pub x: Vec<Signal<In, Bits<64>>>,
    /// There are some; the groups of a beat follow each other, from the first.
    pub valid: Signal<In, Bit>,
    /// They are the last group of their beat.
    pub last: Signal<In, Bit>,
    /// A beat has left the FIFO.
    pub freed: Signal<Out, Bit>,
    /// Commands are to come, or not acknowledged.
    pub busy: Signal<Out, Bit>,
    /// Write port.
    pub wr_addr: Signal<Out, Bits<32>>,
    /// Write port.
    pub wr_len: Signal<Out, Bits<16>>,
    /// Write port.
    pub wr_cmd_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_cmd_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_data: [Signal<Out, Bits<64>>; 8],
    /// Write port.
    pub wr_strb: Signal<Out, Bits<8>>,
    /// Write port.
    pub wr_valid: Signal<Out, Bit>,
    /// Write port.
    pub wr_ready: Signal<In, Bit>,
    /// Write port.
    pub wr_done: Signal<In, Bit>,
    walker: Walker,
    fifo: WriteFifo<A>,
    held: Vec<Register<Bits<64>>>,
    // For each of them: a group comes.
    moves: Vec<KeptRegister<Bit>>,
    freed1: Register<Bit>,
    // A group as it comes: two streams are joined before this, with what little is left of a cycle.
    x1: Vec<Register<Bits<64>>>,
    valid1: Register<Bit>,
    last1: Register<Bit>,
    _lanes: usize,
    _held: usize,
    _shifted: usize,
    _more: usize,
    _past_held: usize,
    _past_shifted: usize,
}

impl<const A: usize> Writer<A> {
    /// The writer of an engine with that many lanes.
    pub fn new(lanes: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            base: Default::default(),
            stride: Default::default(),
            tile_stride: Default::default(),
            block_stride: Default::default(),
            log_frame: Default::default(),
            log_burst: Default::default(),
            reversed: Default::default(),
            tiles: Default::default(),
            blocks: Default::default(),
            x: (0..lanes).map(|_| Signal::default()).collect(),
            valid: Default::default(),
            last: Default::default(),
            freed: Default::default(),
            busy: Default::default(),
            wr_addr: Default::default(),
            wr_len: Default::default(),
            wr_cmd_valid: Default::default(),
            wr_cmd_ready: Default::default(),
            wr_data: Default::default(),
            wr_strb: Default::default(),
            wr_valid: Default::default(),
            wr_ready: Default::default(),
            wr_done: Default::default(),
            walker: Default::default(),
            fifo: Default::default(),
            held: (0..8 - lanes).map(|_| Register::default()).collect(),
            moves: (0..8 - lanes).map(|_| KeptRegister::default()).collect(),
            freed1: Default::default(),
            x1: (0..lanes).map(|_| Register::default()).collect(),
            valid1: Default::default(),
            last1: Default::default(),
            _lanes: lanes,
            _held: 8 - lanes,
            _shifted: (8 - lanes).saturating_sub(lanes),
            _more: lanes + 1,
            _past_held: 8 - lanes + 1,
            _past_shifted: (8 - lanes).saturating_sub(lanes) + 1,
        }
    }
}

impl<const A: usize> Logic for Writer<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, freed1, valid1, last1);
        self.valid1.d.next = self.valid.val();
        self.last1.d.next = self.last.val();
        for i in 0..self._lanes {
            self.x1[i].clock.next = self.clock.val();
            self.x1[i].d.next = self.x[i].val();
        }
        self.walker.clock.next = self.clock.val();
        self.walker.reset.next = self.reset.val();
        self.walker.start.next = self.start.val();
        self.walker.base.next = self.base.val();
        self.walker.stride.next = self.stride.val();
        self.walker.tile_stride.next = self.tile_stride.val();
        self.walker.block_stride.next = self.block_stride.val();
        self.walker.log_frame.next = self.log_frame.val();
        self.walker.log_burst.next = self.log_burst.val();
        self.walker.reversed.next = self.reversed.val();
        self.walker.tiles.next = self.tiles.val();
        self.walker.blocks.next = self.blocks.val();

        // The groups that are held are the last ones; each new group moves them down by its width.
        for i in 0..self._held {
            self.held[i].clock.next = self.clock.val();
            self.held[i].d.next = self.held[i].q.val();
            self.moves[i].clock.next = self.clock.val();
            self.moves[i].d.next = self.valid.val();
            self.fifo.beat[i].next = self.held[i].q.val();
        }
        for h in self._held..self._past_held {
            for i in 0..self._lanes {
                self.fifo.beat[h + i].next = self.x1[i].q.val();
            }
        }
        for n in self._lanes..self._more {
            for i in 0..self._shifted {
                if self.moves[i].q.val() {
                    self.held[i].d.next = self.held[i + n].q.val();
                }
            }
        }
        for h in self._shifted..self._held {
            for s in self._shifted..self._past_shifted {
                if self.moves[h].q.val() {
                    self.held[h].d.next = self.x1[h - s].q.val();
                }
            }
        }
        self.fifo.clock.next = self.clock.val();
        self.fifo.reset.next = self.reset.val();
        self.fifo.beat_valid.next = self.valid1.q.val() && self.last1.q.val();
        self.fifo.command_valid.next = self.walker.valid.val();
        self.walker.ready.next = self.fifo.command_ready.val();
        self.fifo.address.next = self.walker.address.val();
        self.fifo.length.next = self.walker.length.val();
        self.wr_addr.next = self.fifo.wr_addr.val();
        self.wr_len.next = self.fifo.wr_len.val();
        self.wr_cmd_valid.next = self.fifo.wr_cmd_valid.val();
        self.fifo.wr_cmd_ready.next = self.wr_cmd_ready.val();
        self.wr_strb.next = 0xff.into();
        self.wr_valid.next = self.fifo.wr_valid.val();
        self.fifo.wr_ready.next = self.wr_ready.val();
        self.fifo.wr_done.next = self.wr_done.val();
        for i in 0..8 {
            self.wr_data[i].next = self.fifo.wr_data[i].val();
        }
        self.freed1.d.next = self.fifo.freed.val();
        self.freed.next = self.freed1.q.val();
        self.busy.next = self.walker.busy.val() || self.fifo.busy.val();
        if self.reset.val() {
            self.freed1.d.next = false;
            self.valid1.d.next = false;
        }
    }
}
