//! The engine: registers, and the path memory, pre-multiplier, pipeline, memory or transform buffer.

use karat_abi::engine::ntt;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::field::Multiply;
use karat_hdl_base::gate::ClockGate;
use karat_hdl_base::register::{KeptRegister, Register};
use rust_hdl::prelude::*;

use crate::buffer::Buffer;
use crate::delay::WordDelay;
use crate::pipeline::Pipeline;
use crate::plan::Geometry;
use crate::reader::Reader;
use crate::sequencer::Sequencer;
use crate::twiddle::{Filler, TwiddleSource};
use crate::writer::Writer;

/// The transform engine, with FIFOs of 2^A beats (A from 6 to 9) towards memory on both sides.
///
/// Registers are those of `karat_abi::registers::engine`, descriptors those of `karat_abi::engine::ntt`; shapes outside of
/// what stands there are not checked. Elements in memory are canonical.
#[derive(LogicBlock)]
pub struct NttEngine<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops everything; held for a cycle at least.
    pub reset: Signal<In, Bit>,
    /// Register port.
    pub reg_write: Signal<In, Bit>,
    /// Register port.
    pub reg_addr: Signal<In, Bits<6>>,
    /// Register port.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// Register port.
    pub reg_rdata: Signal<Out, Bits<32>>,
    /// A bus answered with an error.
    pub bus_error: Signal<In, Bit>,
    /// A descriptor is active or pending.
    pub busy: Signal<Out, Bit>,
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

    registers: EngineRegisters<{ ntt::WORDS }>,
    gate: ClockGate,
    // Of everything but the registers.
    running_clock: Signal<Local, Clock>,
    filler: Filler,
    reader: Reader<A>,
    sequencer: Sequencer,
    twiddles: TwiddleSource,
    // What is taken in this cycle: whether it leaves the input FIFO, and for each lane from which group, or the buffer.
    takes: Register<Bit>,
    from_group: Vec<KeptRegister<Bits<3>>>,
    from_buffer: Vec<KeptRegister<Bit>>,
    operand: Vec<Register<Bits<64>>>,
    scale: Vec<Multiply>,
    to_pipeline: WordDelay,
    pipeline: Pipeline,
    buffer: Buffer,
    writer: Writer<A>,

    // The descriptor, decoded.
    start: Register<Bit>,
    log_frame: Register<Bits<5>>,
    log_source: Register<Bits<5>>,
    log_destination: Register<Bits<5>>,
    log_interleave: Register<Bits<5>>,
    frame_mask: Register<Bits<20>>,
    point_mask: Register<Bits<20>>,
    interleave_mask: Register<Bits<16>>,
    extend: Register<Bit>,
    // Copies for the sequencer, for the factors, and for buffer and writer.
    transposes: [KeptRegister<Bit>; 3],
    blocks: Register<Bits<4>>,
    shape: Signal<Local, Bits<32>>,
    mode: Signal<Local, Bits<32>>,
    // A reset lasts a cycle longer inside, until the registers below have passed it on.
    resetting: Register<Bit>,
    clear: Signal<Local, Bit>,
    // Copies of `start` and, with resets, of it for what an operation leaves behind.
    starts: [KeptRegister<Bit>; 3],
    clears: [KeptRegister<Bit>; 3],

    // Places for results that frames in the pipeline or beats in the writer use.
    used: Register<Bits<16>>,
    // The account of places has registers on all sides.
    credit: Register<Bit>,
    spend: Register<Bit>,
    spend_again: Register<Bit>,
    give: Register<Bit>,
    give_again: Register<Bit>,
    spent: Signal<Local, Bits<16>>,
    spent_again: Signal<Local, Bits<16>>,
    given: Signal<Local, Bits<16>>,
    given_again: Signal<Local, Bits<16>>,
    working: Register<Bit>,
    finished: Register<Bit>,
    idle: Signal<Local, Bit>,

    take_word: Signal<Local, Bits<32>>,
    group: Signal<Local, Bits<3>>,
    result: Signal<Local, Bits<32>>,
    last_group: Signal<Local, Bit>,
    one: Constant<Bits<20>>,
    slots: Constant<Bits<20>>,
    groups: Constant<Bits<5>>,
    group_mask: Constant<Bits<20>>,
    group_mask3: Constant<Bits<3>>,
    limit: Constant<Bits<16>>,
    _lanes: usize,
    _more: usize,
    _groups: usize,
}

impl<const A: usize> NttEngine<A> {
    /// An engine of `lanes` columns a cycle with a transform buffer of 2^`log_buffer` beats.
    ///
    /// # Panics
    /// If `lanes` is not 1, 2, 4 or 8 or `log_buffer` not from 2 to 16.
    pub fn new(lanes: usize, log_buffer: usize) -> Self {
        let geometry = Geometry::new(lanes, log_buffer);
        assert!((6..=9).contains(&A), "a FIFO holds two commands at least, and a block RAM at most");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            reg_write: Default::default(),
            reg_addr: Default::default(),
            reg_wdata: Default::default(),
            reg_rdata: Default::default(),
            bus_error: Default::default(),
            busy: Default::default(),
            rd_addr: Default::default(),
            rd_len: Default::default(),
            rd_cmd_valid: Default::default(),
            rd_cmd_ready: Default::default(),
            rd_data: Default::default(),
            rd_valid: Default::default(),
            rd_ready: Default::default(),
            wr_addr: Default::default(),
            wr_len: Default::default(),
            wr_cmd_valid: Default::default(),
            wr_cmd_ready: Default::default(),
            wr_data: Default::default(),
            wr_strb: Default::default(),
            wr_valid: Default::default(),
            wr_ready: Default::default(),
            wr_done: Default::default(),
            registers: Default::default(),
            gate: Default::default(),
            running_clock: Default::default(),
            filler: Default::default(),
            reader: Default::default(),
            sequencer: Sequencer::new(&geometry),
            twiddles: TwiddleSource::new(&geometry),
            takes: Default::default(),
            from_group: (0..lanes).map(|_| KeptRegister::default()).collect(),
            from_buffer: (0..lanes).map(|_| KeptRegister::default()).collect(),
            operand: (0..lanes).map(|_| Register::default()).collect(),
            scale: (0..lanes).map(|_| Multiply::default()).collect(),
            to_pipeline: WordDelay::new(Multiply::LATENCY),
            pipeline: Pipeline::new(&geometry),
            buffer: Buffer::new(&geometry),
            writer: Writer::new(lanes),
            start: Default::default(),
            log_frame: Default::default(),
            log_source: Default::default(),
            log_destination: Default::default(),
            log_interleave: Default::default(),
            frame_mask: Default::default(),
            point_mask: Default::default(),
            interleave_mask: Default::default(),
            extend: Default::default(),
            transposes: Default::default(),
            blocks: Default::default(),
            shape: Default::default(),
            mode: Default::default(),
            resetting: Default::default(),
            clear: Default::default(),
            starts: Default::default(),
            clears: Default::default(),
            used: Default::default(),
            credit: Default::default(),
            spend: Default::default(),
            spend_again: Default::default(),
            give: Default::default(),
            give_again: Default::default(),
            spent: Default::default(),
            spent_again: Default::default(),
            given: Default::default(),
            given_again: Default::default(),
            working: Default::default(),
            finished: Default::default(),
            idle: Default::default(),
            take_word: Default::default(),
            group: Default::default(),
            result: Default::default(),
            last_group: Default::default(),
            one: Constant::new(1_u64.to_bits()),
            slots: Constant::new(geometry.slot_mask().to_bits()),
            groups: Constant::new(geometry.log_groups().to_bits()),
            group_mask: Constant::new((geometry.groups() as u64 - 1).to_bits()),
            group_mask3: Constant::new((geometry.groups() as u64 - 1).to_bits()),
            // Two may be taken in a cycle, and the account sees it three cycles later.
            limit: Constant::new(((1_u64 << A) - 5).to_bits()),
            _lanes: lanes,
            _more: lanes + 1,
            _groups: geometry.groups(),
        }
    }
}

impl<const A: usize> Logic for NttEngine<A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.gate.clock.next = self.clock.val();
        self.resetting.clock.next = self.clock.val();
        self.resetting.d.next = self.reset.val();
        self.clear.next = self.reset.val() || self.resetting.q.val();
        self.gate.enable.next =
            self.clear.val() || self.registers.busy.val() || self.registers.table_fill.val() || self.filler.busy.val();
        self.running_clock.next = self.gate.gated.val();
        dff_setup!(
            self,
            running_clock,
            start,
            log_frame,
            log_source,
            log_destination,
            log_interleave,
            frame_mask,
            point_mask
        );
        dff_setup!(self, running_clock, interleave_mask, extend, blocks, used, working, finished);
        dff_setup!(self, running_clock, credit, spend, spend_again, give, give_again);

        self.registers.clock.next = self.clock.val();
        self.registers.reset.next = self.reset.val();
        self.registers.reg_write.next = self.reg_write.val();
        self.registers.reg_addr.next = self.reg_addr.val();
        self.registers.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.registers.reg_rdata.val();
        self.registers.bus_error.next = self.bus_error.val();
        self.busy.next = self.registers.busy.val();

        self.filler.clock.next = self.running_clock.val();
        self.filler.reset.next = self.clear.val();
        self.filler.start.next = self.registers.table_fill.val();
        self.filler.index.next = self.registers.table_index.val();
        self.filler.first.next = self.registers.table_start.val();
        self.filler.ratio.next = self.registers.table_ratio.val();
        self.filler.count.next = self.registers.table_count.val();
        self.registers.filling.next = self.filler.busy.val();

        self.start.d.next = self.registers.start.val();
        self.shape.next = self.registers.words[7].val();
        self.mode.next = self.registers.words[10].val();
        self.log_frame.d.next = self.shape.val().get_bits::<5>(0);
        self.log_source.d.next = self.shape.val().get_bits::<5>(8);
        self.log_destination.d.next = self.shape.val().get_bits::<5>(16);
        self.log_interleave.d.next = self.shape.val().get_bits::<5>(24);
        self.extend.d.next = self.mode.val().get_bits::<2>(0) == 1;
        for i in 0..3 {
            self.transposes[i].clock.next = self.running_clock.val();
            self.transposes[i].d.next = self.mode.val().get_bits::<2>(0) == 2;
        }
        self.blocks.d.next = 1.into();
        if self.mode.val().get_bits::<2>(0) == 1 {
            self.blocks.d.next = self.registers.words[9].val().get_bits::<4>(0);
        }
        // The bits above the largest frame are never set: synthesis does not see that of a shift.
        self.frame_mask.d.next =
            (((self.one.val() << self.shape.val().get_bits::<5>(0)) << self.groups.val()) - 1) & self.slots.val();
        self.point_mask.d.next =
            !(((self.one.val() << self.shape.val().get_bits::<5>(24)) << self.groups.val()) - 1) & self.slots.val();
        self.interleave_mask.d.next = bit_cast::<16, 20>((self.one.val() << self.shape.val().get_bits::<5>(24)) - 1);
        for i in 0..3 {
            self.starts[i].clock.next = self.running_clock.val();
            self.starts[i].d.next = self.registers.start.val() && !self.clear.val();
        }
        for i in 0..3 {
            self.clears[i].clock.next = self.running_clock.val();
            self.clears[i].d.next = self.registers.start.val() || self.clear.val();
        }

        self.credit.d.next = self.used.q.val() < self.limit.val();

        self.reader.clock.next = self.running_clock.val();
        self.reader.reset.next = self.clear.val();
        self.reader.start.next = self.starts[0].q.val();
        self.reader.base.next = self.registers.words[0].val();
        self.reader.stride.next = self.registers.words[1].val();
        self.reader.tile_stride.next = self.registers.words[2].val();
        self.reader.log_frame.next = self.log_frame.q.val();
        self.reader.log_burst.next = self.log_source.q.val();
        self.reader.reversed.next = self.mode.val().get_bit(3);
        self.reader.tiles.next = self.registers.words[8].val();
        self.rd_addr.next = self.reader.rd_addr.val();
        self.rd_len.next = self.reader.rd_len.val();
        self.rd_cmd_valid.next = self.reader.rd_cmd_valid.val();
        self.reader.rd_cmd_ready.next = self.rd_cmd_ready.val();
        self.reader.rd_valid.next = self.rd_valid.val();
        self.rd_ready.next = self.reader.rd_ready.val();
        for i in 0..8 {
            self.reader.rd_data[i].next = self.rd_data[i].val();
        }

        self.sequencer.clock.next = self.running_clock.val();
        self.sequencer.reset.next = self.clear.val();
        self.sequencer.start.next = self.starts[1].q.val();
        self.sequencer.extend.next = self.extend.q.val();
        self.sequencer.transpose.next = self.transposes[0].q.val();
        self.sequencer.inverse.next = self.mode.val().get_bit(2);
        self.sequencer.load_twiddle.next = self.mode.val().get_bit(5);
        self.sequencer.tiles.next = self.registers.words[8].val();
        self.sequencer.blocks.next = self.blocks.q.val();
        self.sequencer.frame_mask.next = self.frame_mask.q.val();
        self.sequencer.point_mask.next = self.point_mask.q.val();
        self.sequencer.available.next = self.reader.available.val();
        self.sequencer.credit.next = self.credit.q.val();
        self.sequencer.loaded.next = self.buffer.loaded.val();
        self.sequencer.drained.next = self.buffer.drained.val();
        self.reader.promise.next = self.sequencer.promise.val();
        self.registers.starved.next = self.sequencer.starved.val();
        self.registers.stalled.next = self.sequencer.stalled.val();
        self.registers.work.next = 0.into();
        if self.sequencer.work.val() {
            self.registers.work.next = 1.into();
        }

        self.twiddles.clock.next = self.running_clock.val();
        self.twiddles.reset.next = self.clears[0].q.val();
        self.twiddles.word.next = self.sequencer.word.val();
        self.twiddles.transpose.next = self.transposes[1].q.val();
        self.twiddles.bank.next = self.mode.val().get_bit(6);
        self.twiddles.log_frame.next = self.log_frame.q.val();
        self.twiddles.log_interleave.next = self.log_interleave.q.val();
        self.twiddles.interleave_mask.next = self.interleave_mask.q.val();
        self.twiddles.fill_index.next = self.filler.write_index.val();
        self.twiddles.fill_value.next = self.filler.write_value.val();
        self.twiddles.fill_write.next = self.filler.write.val();

        // The element of a word is taken in the cycle before its factor is there.
        self.take_word.next = self.twiddles.take_word.val();
        self.group.next = self.take_word.val().get_bits::<3>(0) & self.group_mask3.val();
        self.takes.clock.next = self.running_clock.val();
        self.takes.d.next = self.take_word.val().get_bit(25) && (self.group.val() == self.group_mask3.val());
        if self.clears[1].q.val() {
            self.takes.d.next = false;
        }
        self.reader.take.next = self.takes.q.val();
        for j in 0..self._lanes {
            self.from_group[j].clock.next = self.running_clock.val();
            self.from_group[j].d.next = self.group.val();
            self.from_buffer[j].clock.next = self.running_clock.val();
            self.from_buffer[j].d.next = self.take_word.val().get_bit(26);
            self.operand[j].clock.next = self.running_clock.val();
            self.operand[j].d.next = self.reader.beat[j].val();
        }
        // An index may hold loop variables and numbers only, so that `n` stands for the number of lanes.
        for n in self._lanes..self._more {
            for k in 1..self._groups {
                for j in 0..self._lanes {
                    if self.from_group[j].q.val() == k.to_bits() {
                        self.operand[j].d.next = self.reader.beat[k * n + j].val();
                    }
                }
            }
        }
        for j in 0..self._lanes {
            if self.from_buffer[j].q.val() {
                self.operand[j].d.next = self.buffer.y[j].val();
            }
        }
        self.to_pipeline.clock.next = self.running_clock.val();
        self.to_pipeline.reset.next = self.clears[1].q.val();
        self.to_pipeline.x.next = self.twiddles.out_word.val();
        self.pipeline.clock.next = self.running_clock.val();
        self.pipeline.reset.next = self.registers.start.val() || self.clear.val();
        self.pipeline.word.next = self.to_pipeline.y.val();
        self.pipeline.frame_mask.next = self.frame_mask.q.val();
        self.pipeline.point_mask.next = self.point_mask.q.val();
        for j in 0..self._lanes {
            self.scale[j].clock.next = self.running_clock.val();
            self.scale[j].a.next = self.operand[j].q.val();
            self.scale[j].b.next = self.twiddles.factor.val();
            self.pipeline.x[j].next = self.scale[j].product.val();
        }

        self.result.next = self.pipeline.out_word.val();
        self.last_group.next = (self.result.val().get_bits::<20>(0) & self.group_mask.val()) == self.group_mask.val();
        self.buffer.clock.next = self.running_clock.val();
        self.buffer.reset.next = self.clears[2].q.val();
        self.buffer.transpose.next = self.transposes[2].q.val();
        self.buffer.log_frame.next = self.log_frame.q.val();
        self.buffer.log_interleave.next = self.log_interleave.q.val();
        self.buffer.frame_mask.next = self.frame_mask.q.val();
        self.buffer.word.next = self.result.val();
        self.buffer.ask.next = self.twiddles.ask_word.val();
        self.buffer.credit.next = self.credit.q.val();

        self.writer.clock.next = self.running_clock.val();
        self.writer.reset.next = self.clear.val();
        self.writer.start.next = self.starts[2].q.val();
        self.writer.base.next = self.registers.words[3].val();
        self.writer.stride.next = self.registers.words[4].val();
        self.writer.tile_stride.next = self.registers.words[5].val();
        self.writer.block_stride.next = self.registers.words[6].val();
        self.writer.log_frame.next = self.log_frame.q.val();
        self.writer.log_burst.next = self.log_destination.q.val();
        self.writer.reversed.next = self.mode.val().get_bit(4);
        self.writer.tiles.next = self.registers.words[8].val();
        self.writer.blocks.next = self.blocks.q.val();
        self.writer.valid.next = self.result.val().get_bit(24) && self.result.val().get_bit(21);
        self.writer.last.next = self.last_group.val();
        for j in 0..self._lanes {
            self.buffer.x[j].next = self.pipeline.y[j].val();
            self.writer.x[j].next = self.pipeline.y[j].val();
        }
        if self.transposes[2].q.val() {
            self.writer.valid.next = self.buffer.valid.val();
            self.writer.last.next = self.buffer.last.val();
            for j in 0..self._lanes {
                self.writer.x[j].next = self.buffer.y[j].val();
            }
        }
        self.wr_addr.next = self.writer.wr_addr.val();
        self.wr_len.next = self.writer.wr_len.val();
        self.wr_cmd_valid.next = self.writer.wr_cmd_valid.val();
        self.writer.wr_cmd_ready.next = self.wr_cmd_ready.val();
        self.wr_strb.next = self.writer.wr_strb.val();
        self.wr_valid.next = self.writer.wr_valid.val();
        self.writer.wr_ready.next = self.wr_ready.val();
        self.writer.wr_done.next = self.wr_done.val();
        for i in 0..8 {
            self.wr_data[i].next = self.writer.wr_data[i].val();
        }

        // A place is taken when a beat enters the pipeline, for any frame: what enters pushes a beat out. It is free again
        // when that beat is not for memory, or has left the writer.
        self.spend.d.next = self.sequencer.spend.val();
        self.spend_again.d.next = self.buffer.spend.val();
        self.give.d.next = self.writer.freed.val();
        self.give_again.d.next =
            self.result.val().get_bit(24) && !self.result.val().get_bit(21) && self.last_group.val();
        self.spent.next = 0.into();
        if self.spend.q.val() {
            self.spent.next = 1.into();
        }
        self.spent_again.next = 0.into();
        if self.spend_again.q.val() {
            self.spent_again.next = 1.into();
        }
        self.given.next = 0.into();
        if self.give.q.val() {
            self.given.next = 1.into();
        }
        self.given_again.next = 0.into();
        if self.give_again.q.val() {
            self.given_again.next = 1.into();
        }
        self.used.d.next =
            self.used.q.val() + self.spent.val() + self.spent_again.val() - self.given.val() - self.given_again.val();

        // Nothing is under way, and every write is acknowledged.
        self.idle.next = !self.sequencer.busy.val()
            && !self.buffer.busy.val()
            && !self.writer.busy.val()
            && !self.spend.q.val()
            && !self.spend_again.q.val()
            && (self.used.q.val() == 0);
        self.finished.d.next = self.working.q.val() && self.idle.val();
        self.registers.done.next = self.finished.q.val();
        if self.working.q.val() && self.idle.val() {
            self.working.d.next = false;
        }
        if self.start.q.val() {
            self.working.d.next = true;
        }
        if self.clear.val() {
            self.start.d.next = false;
            self.working.d.next = false;
            self.finished.d.next = false;
            self.used.d.next = 0.into();
            self.credit.d.next = false;
            self.spend.d.next = false;
            self.spend_again.d.next = false;
            self.give.d.next = false;
            self.give_again.d.next = false;
        }
    }
}
