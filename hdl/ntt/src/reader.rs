//! The source side: read commands ahead of need, and the FIFO that their beats come into.

use karat_hdl_base::fifo::BeatFifo;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::walker::Walker;

/// Reads the beats of a descriptor into a FIFO of 2^A beats. A command is issued only when all of its beats have a place
/// there, so that the engine never keeps the read port waiting.
#[derive(LogicBlock)]
pub struct Reader<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Starts on a descriptor.
    pub start: Signal<In, Bit>,
    /// Word `SRC`.
    pub base: Signal<In, Bits<32>>,
    /// Word `SRC_STRIDE`.
    pub stride: Signal<In, Bits<32>>,
    /// Word `SRC_TILE`.
    pub tile_stride: Signal<In, Bits<32>>,
    /// log2 of the beats of a frame.
    pub log_frame: Signal<In, Bits<5>>,
    /// log2 of the beats of a burst.
    pub log_burst: Signal<In, Bits<5>>,
    /// Flag `SRC_REVERSE`.
    pub reversed: Signal<In, Bit>,
    /// Word `TILES`.
    pub tiles: Signal<In, Bits<32>>,
    /// Read port.
    pub rd_addr: Signal<Out, Bits<32>>,
    /// Read port.
    pub rd_len: Signal<Out, Bits<16>>,
    /// Read port.
    pub rd_cmd_valid: Signal<Out, Bit>,
    /// Read port.
    pub rd_cmd_ready: Signal<In, Bit>,
    /// Read port.
    pub rd_data: [Signal<In, Bits<64>>; 8],
    /// Read port.
    pub rd_valid: Signal<In, Bit>,
    /// Read port.
    pub rd_ready: Signal<Out, Bit>,
    /// There is a beat that is not promised yet.
    pub available: Signal<Out, Bit>,
    /// It is promised to the pipeline, which takes it at least two cycles later.
    pub promise: Signal<In, Bit>,
    /// Oldest beat.
    pub beat: [Signal<Out, Bits<64>>; 8],
    /// It is taken.
    pub take: Signal<In, Bit>,
    walker: Walker,
    fifo: BeatFifo<A>,
    free: Register<Bits<16>>,
    // Beats that came and were not promised, without the promises of the last two cycles: several are enough for those and one
    // more, of fewer one is promised when there were none.
    unpromised: Register<Bits<16>>,
    came: Register<Bit>,
    promised: Register<Bit>,
    is_available: Register<Bit>,
    some: Signal<Local, Bit>,
    several: Signal<Local, Bit>,
    taken: Register<Bit>,
    accepted: Signal<Local, Bit>,
    fits: Signal<Local, Bit>,
    places: Constant<Bits<16>>,
}

impl<const A: usize> Default for Reader<A> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            start: Default::default(),
            base: Default::default(),
            stride: Default::default(),
            tile_stride: Default::default(),
            log_frame: Default::default(),
            log_burst: Default::default(),
            reversed: Default::default(),
            tiles: Default::default(),
            rd_addr: Default::default(),
            rd_len: Default::default(),
            rd_cmd_valid: Default::default(),
            rd_cmd_ready: Default::default(),
            rd_data: Default::default(),
            rd_valid: Default::default(),
            rd_ready: Default::default(),
            available: Default::default(),
            promise: Default::default(),
            beat: Default::default(),
            take: Default::default(),
            walker: Default::default(),
            fifo: Default::default(),
            free: Default::default(),
            unpromised: Default::default(),
            came: Default::default(),
            promised: Default::default(),
            is_available: Default::default(),
            some: Default::default(),
            several: Default::default(),
            taken: Default::default(),
            accepted: Default::default(),
            fits: Default::default(),
            places: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Reader<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, free, unpromised, came, promised, is_available, taken);
        self.walker.clock.next = self.clock.val();
        self.walker.reset.next = self.reset.val();
        self.walker.start.next = self.start.val();
        self.walker.base.next = self.base.val();
        self.walker.stride.next = self.stride.val();
        self.walker.tile_stride.next = self.tile_stride.val();
        self.walker.block_stride.next = 0.into();
        self.walker.log_frame.next = self.log_frame.val();
        self.walker.log_burst.next = self.log_burst.val();
        self.walker.reversed.next = self.reversed.val();
        self.walker.tiles.next = self.tiles.val();
        self.walker.blocks.next = 1.into();

        // Places only become free while a command waits, so that `valid` does not fall.
        self.fits.next = self.walker.valid.val() && (self.free.q.val() >= self.walker.length.val());
        self.rd_addr.next = self.walker.address.val();
        self.rd_len.next = self.walker.length.val();
        self.rd_cmd_valid.next = self.fits.val();
        self.accepted.next = self.fits.val() && self.rd_cmd_ready.val();
        self.walker.ready.next = self.accepted.val();
        // A cycle late, for a shorter path.
        self.taken.d.next = self.take.val();
        if self.accepted.val() && self.taken.q.val() {
            self.free.d.next = self.free.q.val() - self.walker.length.val() + 1;
        } else if self.accepted.val() {
            self.free.d.next = self.free.q.val() - self.walker.length.val();
        } else if self.taken.q.val() {
            self.free.d.next = self.free.q.val() + 1;
        }

        self.fifo.clock.next = self.clock.val();
        self.fifo.reset.next = self.reset.val();
        self.fifo.in_valid.next = self.rd_valid.val();
        self.rd_ready.next = self.fifo.in_ready.val();
        self.fifo.out_ready.next = self.take.val();
        for i in 0..8 {
            self.fifo.in_data[i].next = self.rd_data[i].val();
            self.beat[i].next = self.fifo.out_data[i].val();
        }
        self.came.d.next = self.rd_valid.val();
        self.promised.d.next = self.promise.val();
        if self.came.q.val() && !self.promised.q.val() {
            self.unpromised.d.next = self.unpromised.q.val() + 1;
        } else if !self.came.q.val() && self.promised.q.val() {
            self.unpromised.d.next = self.unpromised.q.val() - 1;
        }
        self.some.next = self.unpromised.q.val() != 0;
        self.several.next = self.unpromised.q.val() > 2;
        self.is_available.d.next =
            self.several.val() || (self.some.val() && !self.promise.val() && !self.promised.q.val());
        self.available.next = self.is_available.q.val();
        if self.reset.val() {
            self.free.d.next = self.places.val();
            self.unpromised.d.next = 0.into();
            self.came.d.next = false;
            self.promised.d.next = false;
            self.is_available.d.next = false;
            self.taken.d.next = false;
        }
    }
}
