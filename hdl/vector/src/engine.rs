//! The engine: registers, what is read, lanes, what is written.

use karat_abi::engine::vector;
use karat_abi::vector::PRODUCT_LATENCY;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::gate::ClockGate;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::collector::Collector;
use crate::intake::Intake;
use crate::issue::Issue;
use crate::lanes::Lanes;
use crate::loader::Loader;
use crate::reader::Reader;
use crate::sequence::Sequence;
use crate::writer::Writer;

/// log2 of the beats of a program that are kept, of a run's constants, and of its loads.
const LOG_PROGRAM: usize = 8;
const LOG_CONSTANTS: usize = 7;
const LOG_LOADS: usize = 5;
/// log2 of the beats of tiles that may be under way: at a beat a cycle, this latency of the memory.
const LOG_INTAKE: usize = 7;
/// log2 of the beats of outputs: two runs of the largest size.
const LOG_OUTPUTS: usize = 8;

/// The vector engine of `karat_abi::engine::vector`, with 4 or 8 lanes of a multiplier each.
#[derive(LogicBlock)]
pub struct VectorEngine<const LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Drops descriptors; clears counters.
    pub reset: Signal<In, Bit>,
    /// Register port, see `hdl/README.md`.
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
    /// Read port, see `hdl/README.md`.
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
    /// Write port, see `hdl/README.md`.
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
    registers: EngineRegisters<{ vector::WORDS }>,
    gate: ClockGate,
    // Of everything but the registers.
    running_clock: Signal<Local, Clock>,
    // The reset, a cycle later.
    resetting: Register<Bit>,
    reader: Reader,
    instructions: Sequence<LOG_PROGRAM>,
    constants: Sequence<LOG_CONSTANTS>,
    loads: Sequence<LOG_LOADS>,
    loader: Loader,
    intake: Intake<LANES, LOG_INTAKE>,
    issue: Issue,
    lanes: Lanes<LANES>,
    collector: Collector<LANES>,
    writer: Writer<LOG_OUTPUTS>,
    running: Register<Bit>,
    finished: Register<Bit>,
    // The table is to be asked for.
    asks_table: Register<Bit>,
    // Cycles until the results of the last instruction are in their registers.
    drain: Register<Bits<5>>,
    start: Signal<Local, Bit>,
    runs: Signal<Local, Bits<24>>,
    shape: Signal<Local, Bits<32>>,
    matrix_shapes: Signal<Local, Bits<32>>,
    log_unroll: Signal<Local, Bits<3>>,
    log_words: Signal<Local, Bits<2>>,
    descending: Signal<Local, Bit>,
    // All instructions have started.
    ends: Signal<Local, Bit>,
    // Nothing more is to be read.
    stop: Signal<Local, Bit>,
    works: Signal<Local, Bit>,
    drain_cycles: Constant<Bits<5>>,
    // log2 of the lanes, less three.
    log_less: Constant<Bits<3>>,
}

// `update` takes the words of a descriptor by their index, and fields of these.
const _: () = {
    use vector::shape::{DESCENDING, INITIAL_LOADS, LOG_GROUPS, LOG_UNROLL, LOG_WORDS, WRITES};
    assert!(vector::PROGRAM == 0 && vector::INSTRUCTIONS == 1 && vector::CONSTANTS == 2);
    assert!(vector::CONSTANT_COUNT == 3 && vector::LOADS == 4 && vector::LOAD_COUNT == 5 && vector::TABLE == 6);
    assert!(vector::RUNS == 7 && vector::SHAPE == 8 && vector::OUTPUT == 9 && vector::MATRIX_SHAPES == 10);
    assert!(vector::MATRIX == 11 && LOG_GROUPS == 0 && LOG_UNROLL == 8 && LOG_WORDS == 12 && INITIAL_LOADS == 16);
    assert!(DESCENDING == 1 << 24 && WRITES == 1 << 25);
};

impl<const LANES: usize> Default for VectorEngine<LANES> {
    fn default() -> Self {
        const { assert!(LANES == 4 || LANES == 8) };
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
            resetting: Default::default(),
            reader: Default::default(),
            intake: Default::default(),
            issue: Default::default(),
            lanes: Default::default(),
            collector: Default::default(),
            writer: Default::default(),
            running: Default::default(),
            finished: Default::default(),
            asks_table: Default::default(),
            drain: Default::default(),
            start: Default::default(),
            runs: Default::default(),
            shape: Default::default(),
            matrix_shapes: Default::default(),
            log_unroll: Default::default(),
            log_words: Default::default(),
            descending: Default::default(),
            ends: Default::default(),
            stop: Default::default(),
            works: Default::default(),
            instructions: Sequence::new(2),
            constants: Sequence::new(1),
            loads: Sequence::new(1),
            loader: Loader::new(LANES),
            // From the cycle behind the last instruction to the one before `finished`, in which its product is written.
            drain_cycles: Constant::new((PRODUCT_LATENCY as u64 - 3).to_bits()),
            log_less: Constant::new((3 - u64::from(LANES.ilog2())).to_bits()),
        }
    }
}

impl<const LANES: usize> Logic for VectorEngine<LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        // Between descriptors nothing behind the registers changes.
        self.gate.clock.next = self.clock.val();
        self.gate.enable.next = self.registers.busy.val() || self.reset.val() || self.resetting.q.val();
        self.running_clock.next = self.gate.gated.val();
        dff_setup!(self, running_clock, resetting, running, finished, asks_table, drain);
        self.resetting.d.next = self.reset.val();
        self.registers.clock.next = self.clock.val();
        self.registers.reset.next = self.reset.val() || self.resetting.q.val();
        self.registers.reg_write.next = self.reg_write.val();
        self.registers.reg_addr.next = self.reg_addr.val();
        self.registers.reg_wdata.next = self.reg_wdata.val();
        self.reg_rdata.next = self.registers.reg_rdata.val();
        self.registers.bus_error.next = self.bus_error.val();
        self.busy.next = self.registers.busy.val();
        self.registers.filling.next = false;

        // The words of a descriptor are stable from `start` on.
        self.start.next = self.registers.start.val();
        self.runs.next = self.registers.words[7].val().get_bits::<24>(0);
        self.shape.next = self.registers.words[8].val();
        self.matrix_shapes.next = self.registers.words[10].val();
        self.log_unroll.next = self.shape.val().get_bits::<3>(8);
        self.log_words.next = self.shape.val().get_bits::<2>(12);
        self.descending.next = self.shape.val().get_bit(24);

        // When all instructions have started, loads that none of them needs do not begin any more; what was asked for still comes.
        self.ends.next = self.running.q.val() && !self.issue.busy.val();
        self.stop.next = self.ends.val() || self.resetting.q.val();
        if self.issue.busy.val() {
            self.drain.d.next = self.drain_cycles.val();
        } else if self.drain.q.val().any() {
            self.drain.d.next = self.drain.q.val() - 1;
        }
        self.finished.d.next = self.ends.val()
            && !self.drain.q.val().any()
            && !self.reader.busy.val()
            && !self.intake.busy.val()
            && !self.writer.busy.val()
            && !self.finished.q.val();
        self.registers.done.next = self.finished.q.val();
        if self.finished.q.val() {
            self.running.d.next = false;
        }
        if self.start.val() {
            self.running.d.next = true;
        }
        self.works.next = self.issue.product.val().get_bits::<3>(41).any();
        self.registers.work.next = bit_cast::<8, 1>(self.works.val().into());
        self.registers.starved.next = self.issue.starved.val();
        // Behind the last instruction only memory is waited for.
        self.registers.stalled.next = self.issue.stalled.val() || self.ends.val();

        // What is read; the loads first, as tiles wait for them.
        self.reader.clock.next = self.running_clock.val();
        self.reader.reset.next = self.resetting.q.val();
        self.reader.start.next = self.start.val();
        self.reader.address[1].next = self.registers.words[6].val();
        self.reader.length[1].next = 8.into();
        self.reader.valid[1].next = self.asks_table.q.val();
        if self.reader.ready[1].val() {
            self.asks_table.d.next = false;
        }
        if self.start.val() {
            self.asks_table.d.next = true;
        }
        self.instructions.clock.next = self.running_clock.val();
        self.instructions.reset.next = self.stop.val();
        self.instructions.start.next = self.start.val();
        self.instructions.base.next = self.registers.words[0].val();
        self.instructions.units.next = self.registers.words[1].val().get_bits::<20>(0);
        self.instructions.passes.next = self.runs.val();
        self.reader.address[2].next = self.instructions.address.val();
        self.reader.length[2].next = self.instructions.length.val();
        self.reader.valid[2].next = self.instructions.command_valid.val();
        self.instructions.command_ready.next = self.reader.ready[2].val();
        self.instructions.came.next = self.reader.came[2].val();
        self.constants.clock.next = self.running_clock.val();
        self.constants.reset.next = self.stop.val();
        self.constants.start.next = self.start.val();
        self.constants.base.next = self.registers.words[2].val();
        self.constants.units.next = self.registers.words[3].val().get_bits::<20>(0);
        self.constants.passes.next = self.runs.val();
        self.reader.address[3].next = self.constants.address.val();
        self.reader.length[3].next = self.constants.length.val();
        self.reader.valid[3].next = self.constants.command_valid.val();
        self.constants.command_ready.next = self.reader.ready[3].val();
        self.constants.came.next = self.reader.came[3].val();
        self.loads.clock.next = self.running_clock.val();
        self.loads.reset.next = self.stop.val();
        self.loads.start.next = self.start.val();
        self.loads.base.next = self.registers.words[4].val();
        self.loads.units.next = self.registers.words[5].val().get_bits::<20>(0);
        self.loads.passes.next = self.runs.val();
        self.reader.address[0].next = self.loads.address.val();
        self.reader.length[0].next = self.loads.length.val();
        self.reader.valid[0].next = self.loads.command_valid.val();
        self.loads.command_ready.next = self.reader.ready[0].val();
        self.loads.came.next = self.reader.came[0].val();

        // Tiles.
        self.loader.clock.next = self.running_clock.val();
        self.loader.reset.next = self.stop.val();
        self.loader.start.next = self.start.val();
        self.loader.runs.next = self.runs.val();
        self.loader.log_unroll.next = self.log_unroll.val();
        self.loader.log_groups.next = self.shape.val().get_bits::<5>(0);
        self.loader.descending.next = self.descending.val();
        self.loader.free.next = bit_cast::<16, 7>(self.shape.val().get_bits::<7>(16));
        for m in 0..4 {
            self.loader.base[m].next = self.registers.words[3 * m + 11].val();
            self.loader.stride[m].next = self.registers.words[3 * m + 12].val();
            self.loader.tiles[m].next = self.registers.words[3 * m + 13].val();
            self.loader.shape[m].next = self.matrix_shapes.val().get_bits::<3>(4 * m);
        }
        self.loader.load.next = self.loads.first.val();
        self.loader.load_valid.next = self.loads.valid.val();
        self.loader.load_is_last.next = self.loads.is_last.val();
        self.loads.take.next = self.loader.load_take.val();
        self.loader.freed.next = self.issue.freed.val();
        self.reader.address[4].next = self.loader.address.val();
        self.reader.length[4].next = self.loader.length.val();
        self.reader.valid[4].next = self.loader.valid.val() && self.intake.room.val();
        self.loader.ready.next = self.reader.ready[4].val();
        self.reader.slot.next = self.loader.slot.val();
        self.reader.words.next = self.loader.words.val();
        self.reader.rotated.next = self.loader.rotated.val();
        self.intake.clock.next = self.running_clock.val();
        self.intake.reset.next = self.resetting.q.val();
        self.intake.sent.next = self.reader.ready[4].val();
        self.intake.length.next = self.loader.length.val();
        self.intake.beat_valid.next = self.reader.came[4].val();
        self.intake.position.next = self.reader.position.val();
        self.intake.is_last.next = self.reader.is_last.val();
        self.intake.slot.next = self.reader.beat_slot.val();
        self.intake.words.next = self.reader.beat_words.val();
        self.intake.rotated.next = self.reader.beat_rotated.val();
        self.rd_addr.next = self.reader.rd_addr.val();
        self.rd_len.next = self.reader.rd_len.val();
        self.rd_cmd_valid.next = self.reader.rd_cmd_valid.val();
        self.reader.rd_cmd_ready.next = self.rd_cmd_ready.val();
        self.reader.rd_valid.next = self.rd_valid.val();
        self.rd_ready.next = self.reader.rd_ready.val();
        for i in 0..8 {
            self.reader.rd_data[i].next = self.rd_data[i].val();
            self.instructions.beat[i].next = self.reader.beat[i].val();
            self.constants.beat[i].next = self.reader.beat[i].val();
            self.loads.beat[i].next = self.reader.beat[i].val();
            self.intake.beat[i].next = self.reader.beat[i].val();
            self.issue.table_data[i].next = self.reader.beat[i].val();
        }

        // Instructions.
        self.issue.clock.next = self.running_clock.val();
        self.issue.reset.next = self.resetting.q.val();
        self.issue.start.next = self.start.val();
        self.issue.runs.next = self.runs.val();
        self.issue.descending.next = self.descending.val();
        self.issue.program[0].next = self.instructions.first.val();
        self.issue.program[1].next = self.instructions.second.val();
        self.issue.program_valid.next = self.instructions.valid.val();
        self.instructions.take.next = self.issue.program_take.val();
        self.issue.next_constant.next = self.constants.first.val();
        self.issue.constant_valid.next = self.constants.valid.val();
        self.constants.take.next = self.issue.constant_take.val();
        self.issue.table_write.next = self.reader.came[1].val();
        self.issue.table_address.next = self.reader.position.val();
        self.issue.loaded.next = self.intake.loaded.val();
        self.issue.room.next = self.writer.room.val();
        self.lanes.clock.next = self.running_clock.val();
        self.lanes.reset.next = self.resetting.q.val();
        self.lanes.product.next = self.issue.product.val();
        self.lanes.sum.next = self.issue.sum.val();
        self.lanes.constant.next = self.issue.constant.val();

        // Outputs.
        self.collector.clock.next = self.running_clock.val();
        self.collector.reset.next = self.resetting.q.val() || self.start.val();
        self.collector.log_words.next = self.log_words.val();
        self.collector.valid.next = self.lanes.out_valid.val();
        for l in 0..LANES {
            self.lanes.tile_write[l].next = self.intake.tile_write[l].val();
            self.lanes.tile_address[l].next = self.intake.tile_address[l].val();
            self.lanes.tile_data[l].next = self.intake.tile_data[l].val();
            self.collector.data[l].next = self.lanes.out_data[l].val();
        }
        self.writer.clock.next = self.running_clock.val();
        self.writer.reset.next = self.resetting.q.val();
        self.writer.start.next = self.start.val();
        self.writer.base.next = self.registers.words[9].val();
        self.writer.log_beats.next =
            self.log_unroll.val() + bit_cast::<3, 2>(self.log_words.val()) - self.log_less.val();
        self.writer.writes.next = self.shape.val().get_bit(25);
        self.writer.runs.next = self.runs.val();
        self.writer.descending.next = self.descending.val();
        self.writer.begins.next = self.issue.begins.val();
        self.writer.beat_valid.next = self.collector.beat_valid.val();
        self.wr_addr.next = self.writer.wr_addr.val();
        self.wr_len.next = self.writer.wr_len.val();
        self.wr_cmd_valid.next = self.writer.wr_cmd_valid.val();
        self.writer.wr_cmd_ready.next = self.wr_cmd_ready.val();
        self.wr_strb.next = 0xff.into();
        self.wr_valid.next = self.writer.wr_valid.val();
        self.writer.wr_ready.next = self.wr_ready.val();
        self.writer.wr_done.next = self.wr_done.val();
        for i in 0..8 {
            self.writer.beat[i].next = self.collector.beat[i].val();
            self.wr_data[i].next = self.writer.wr_data[i].val();
        }
        if self.resetting.q.val() {
            self.running.d.next = false;
            self.finished.d.next = false;
            self.asks_table.d.next = false;
            self.drain.d.next = 0.into();
        }
    }
}
