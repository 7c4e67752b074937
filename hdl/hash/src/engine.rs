//! The engine: registers, front end, cores, writer, search.

use karat_abi::engine::hash;
use karat_hdl_base::engine_registers::EngineRegisters;
use karat_hdl_base::gate::ClockGate;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

use crate::arrange::Arrange;
use crate::candidates::Candidates;
use crate::cores::Cores;
use crate::front::Front;
use crate::search::{Readout, Search};
use crate::writer::Writer;

// `MODE`, `PLACES` and `TABLE_INDEX` are taken apart below by these numbers.
const _: () = {
    assert!(hash::SAMPLED == 8 && hash::STATE == 0b110_0000 && hash::CONSTANTS <= hash::STATE);
    assert!(hash::KECCAK == 1 << 7);
};

/// The hash engine of `karat_abi::engine::hash` with Poseidon2: `LANES` S-boxes (a power of two up to 8) of four multipliers
/// each, batches of 2^D = `LANES` * 2^A rows, B = A + 1. A permutation takes 88 / `LANES` cycles in a full batch, of 86 /
/// `LANES` possible.
#[derive(LogicBlock)]
pub struct HashEngine<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> {
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
    registers: EngineRegisters<{ hash::WORDS }>,
    front: Front<D>,
    candidates: Candidates,
    arrange: Arrange,
    cores: Cores<LANES, A, B, D, ROUNDS>,
    writer: Writer<D>,
    search: Search,
    readout: Readout,
    grind: Signal<Local, Bit>,
    is_keccak: Signal<Local, Bit>,
    is_state: Signal<Local, Bit>,
    first_candidate: Signal<Local, Bits<64>>,
    gate: ClockGate,
    running: Register<Bit>,
    finished: Register<Bit>,
}

impl<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> Default
    for HashEngine<LANES, A, B, D, ROUNDS>
{
    fn default() -> Self {
        const { assert!(LANES << A == 1 << D) };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            reg_write: Signal::default(),
            reg_addr: Signal::default(),
            reg_wdata: Signal::default(),
            reg_rdata: Signal::default(),
            bus_error: Signal::default(),
            busy: Signal::default(),
            rd_addr: Signal::default(),
            rd_len: Signal::default(),
            rd_cmd_valid: Signal::default(),
            rd_cmd_ready: Signal::default(),
            rd_data: Default::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            wr_addr: Signal::default(),
            wr_len: Signal::default(),
            wr_cmd_valid: Signal::default(),
            wr_cmd_ready: Signal::default(),
            wr_data: Default::default(),
            wr_strb: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            wr_done: Signal::default(),
            registers: EngineRegisters::default(),
            front: Front::default(),
            candidates: Candidates::default(),
            arrange: Arrange::default(),
            cores: Cores::default(),
            writer: Writer::default(),
            search: Search::default(),
            readout: Readout::default(),
            grind: Signal::default(),
            is_keccak: Signal::default(),
            is_state: Signal::default(),
            first_candidate: Signal::default(),
            gate: ClockGate::default(),
            running: Register::default(),
            finished: Register::default(),
        }
    }
}

impl<const LANES: usize, const A: usize, const B: usize, const D: usize, const ROUNDS: usize> Logic
    for HashEngine<LANES, A, B, D, ROUNDS>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, running, finished);
        // In the order of karat_abi::engine::hash.
        self.is_keccak.next = self.registers.words[5].val().get_bit(7);
        // The words of a descriptor are stable from `start` on; it is done when the last write is acknowledged.
        self.finished.d.next = self.running.q.val()
            && self.front.idle.val()
            && self.cores.idle.val()
            && self.writer.idle.val()
            && self.search.idle.val()
            && !self.finished.q.val();
        self.registers.clock.next = self.clock.val();
        self.registers.reset.next = self.reset.val();
        self.registers.reg_write.next = self.reg_write.val();
        self.registers.reg_addr.next = self.reg_addr.val();
        self.registers.reg_wdata.next = self.reg_wdata.val();
        self.readout.clock.next = self.clock.val();
        self.readout.result.next = self.search.result.val();
        self.readout.reg_addr.next = self.reg_addr.val();
        // Each is zero where the other is not asked.
        self.reg_rdata.next = self.registers.reg_rdata.val() | self.readout.reg_rdata.val();
        self.registers.bus_error.next = self.bus_error.val();
        self.busy.next = self.registers.busy.val();
        self.registers.done.next = self.finished.q.val();
        self.registers.work.next = bit_cast::<8, 1>(self.cores.permuted.val().into());
        self.registers.filling.next = false;
        // While the front end still reads, an idle core waits for input; behind it, for the memory.
        self.registers.starved.next = self.cores.starved.val() && !self.front.idle.val();
        self.registers.stalled.next = self.cores.stalled.val() || (self.cores.idle.val() && self.front.idle.val());

        if self.finished.q.val() {
            self.running.d.next = false;
        }
        if self.registers.start.val() {
            self.running.d.next = true;
        }
        // Between descriptors nothing behind the registers changes.
        self.gate.clock.next = self.clock.val();
        self.gate.enable.next = self.registers.active.val() || self.registers.table_fill.val() || self.reset.val();
        self.front.clock.next = self.gate.gated.val();
        self.front.reset.next = self.reset.val();
        self.front.start.next = self.registers.start.val();
        self.front.source.next = self.registers.words[0].val();
        self.front.tile_stride.next = self.registers.words[1].val();
        self.front.width.next = self.registers.words[2].val();
        self.front.rows.next = self.registers.words[3].val();
        self.front.node.next = self.registers.words[4].val();
        self.front.mode.next = self.registers.words[5].val();
        self.rd_addr.next = self.front.rd_addr.val();
        self.rd_len.next = self.front.rd_len.val();
        self.rd_cmd_valid.next = self.front.rd_cmd_valid.val();
        self.front.rd_cmd_ready.next = self.rd_cmd_ready.val();
        self.front.rd_valid.next = self.rd_valid.val();
        self.rd_ready.next = self.front.rd_ready.val();

        // Descriptor words of a search.
        self.grind.next = self.front.search.val();
        self.first_candidate.next = (bit_cast::<64, 32>(self.registers.words[1].val()) << 32)
            | bit_cast::<64, 32>(self.registers.words[0].val());
        self.is_state.next = self.registers.table_index.val().get_bit(5) && self.registers.table_index.val().get_bit(6);
        self.candidates.clock.next = self.gate.gated.val();
        self.candidates.write.next = self.registers.table_fill.val() && self.is_state.val();
        self.candidates.index.next = self.registers.table_index.val().get_bits::<5>(0);
        self.candidates.written.next = self.registers.table_start.val();
        self.candidates.start.next = self.registers.start.val() && self.grind.val();
        self.candidates.first.next = self.first_candidate.val();
        self.candidates.position.next = self.registers.words[4].val().get_bits::<3>(0);
        self.candidates.long.next = self.is_keccak.val();
        if self.is_keccak.val() {
            // The first word of the beat, of which the core knows the place.
            self.candidates.position.next = 0.into();
        }
        self.candidates.advance.next = self.front.beat_write.val();
        self.front.candidate_ready.next = self.candidates.ready.val();
        self.front.stop.next = self.grind.val() && self.search.found.val();
        self.search.clock.next = self.gate.gated.val();
        self.search.reset.next = self.reset.val();
        self.search.start.next = self.registers.start.val() && self.grind.val();
        self.search.first.next = self.first_candidate.val();
        self.search.mask.next = self.registers.words[2].val();
        self.search.sampled.next = self.registers.words[4].val().get_bits::<2>(8);
        self.search.swapped.next = self.is_keccak.val();
        self.search.digest_valid.next = self.cores.digest_valid.val() && self.grind.val();

        self.arrange.clock.next = self.gate.gated.val();
        self.arrange.skip.next = self.front.skip.val();
        self.arrange.upper.next = self.front.upper.val();
        self.arrange.search.next = self.grind.val();
        self.arrange.value.next = self.candidates.value.val();
        self.arrange.select.next = self.candidates.select.val();

        self.cores.clock.next = self.clock.val();
        self.cores.reset.next = self.reset.val();
        self.cores.active.next = self.registers.active.val();
        self.cores.is_keccak.next = self.is_keccak.val();
        self.cores.constant_write.next = self.registers.table_fill.val() && !self.is_state.val();
        self.cores.constant_index.next = self.registers.table_index.val().get_bits::<7>(0);
        self.cores.constant_value.next = self.registers.table_start.val();
        self.cores.beat_write.next = self.front.beat_write.val();
        self.cores.beat_half.next = self.front.half.val();
        self.cores.beat_row.next = self.front.beat_row.val();
        self.cores.step_valid.next = self.front.step_valid.val();
        self.front.step_ready.next = self.cores.step_ready.val();
        self.cores.step_rows.next = self.front.step_rows.val();
        self.cores.step_words.next = self.front.step_words.val();
        self.cores.step_half.next = self.front.half.val();
        self.cores.step_fresh.next = self.front.step_fresh.val();
        self.cores.step_finish.next = self.front.step_finish.val();
        self.cores.step_compress.next = self.front.step_compress.val();
        self.cores.search.next = self.grind.val();
        self.cores.candidate_place.next = self.registers.words[4].val().get_bits::<5>(0);
        self.cores.upper.next = self.grind.val() && self.registers.words[4].val().get_bit(10);
        self.cores.base_start.next = self.candidates.start.val();
        self.cores.base_write.next = self.candidates.of_state.val() && self.grind.val();
        self.cores.base.next = self.candidates.value.val();
        self.cores.digests_drained.next = self.writer.drained.val();

        self.writer.clock.next = self.gate.gated.val();
        self.writer.reset.next = self.reset.val();
        self.writer.job_valid.next = self.front.job_valid.val();
        self.front.job_ready.next = self.writer.job_ready.val();
        self.writer.job_node.next = self.front.job_node.val();
        self.writer.job_rows.next = self.front.step_rows.val();
        self.writer.job_spread.next = self.front.job_spread.val();
        self.writer.digest_valid.next = self.cores.digest_valid.val() && !self.grind.val();
        self.wr_addr.next = self.writer.wr_addr.val();
        self.wr_len.next = self.writer.wr_len.val();
        self.wr_cmd_valid.next = self.writer.wr_cmd_valid.val();
        self.writer.wr_cmd_ready.next = self.wr_cmd_ready.val();
        self.wr_strb.next = self.writer.wr_strb.val();
        self.wr_valid.next = self.writer.wr_valid.val();
        self.writer.wr_ready.next = self.wr_ready.val();
        self.writer.wr_done.next = self.wr_done.val();
        for i in 0..4 {
            self.writer.digest[i].next = self.cores.digest[i].val();
            self.search.digest[i].next = self.cores.digest[i].val();
        }
        for i in 0..8 {
            self.arrange.beat[i].next = self.rd_data[i].val();
            self.cores.beat[i].next = self.arrange.word[i].val();
            self.wr_data[i].next = self.writer.wr_data[i].val();
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.finished.d.next = false;
        }
    }
}
