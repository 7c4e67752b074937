//! Addresses of one side of a descriptor: its bursts as commands of at most 32 beats.

use karat_hdl_base::register::Register;
use karat_hdl_base::reverse::Reverse;
use karat_hdl_base::skid::Skid;
use rust_hdl::prelude::*;

/// Walks tiles, blocks, bursts and chunks of bursts, in this order from the outside; one command a cycle.
///
/// The address is `base + tile * tile_stride + block * block_stride + perm(o) * stride + offset`, o the index of the
/// burst, perm the identity or the reversal of its bits. All ports but the handshake are constant while it runs.
#[derive(LogicBlock)]
pub struct Walker {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Stops.
    pub reset: Signal<In, Bit>,
    /// Starts.
    pub start: Signal<In, Bit>,
    /// First beat.
    pub base: Signal<In, Bits<32>>,
    /// Beats between bursts.
    pub stride: Signal<In, Bits<32>>,
    /// Beats between tiles.
    pub tile_stride: Signal<In, Bits<32>>,
    /// Beats between blocks.
    pub block_stride: Signal<In, Bits<32>>,
    /// log2 of the beats of a frame.
    pub log_frame: Signal<In, Bits<5>>,
    /// log2 of the beats of a burst.
    pub log_burst: Signal<In, Bits<5>>,
    /// The index of the burst is bit-reversed.
    pub reversed: Signal<In, Bit>,
    /// Tiles, not zero.
    pub tiles: Signal<In, Bits<32>>,
    /// Blocks of a tile, not zero.
    pub blocks: Signal<In, Bits<4>>,
    /// Address of a command.
    pub address: Signal<Out, Bits<32>>,
    /// Beats of every command.
    pub length: Signal<Out, Bits<16>>,
    /// There is a command.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    /// Commands are to come.
    pub busy: Signal<Out, Bit>,
    running: Register<Bit>,
    tile_base: Register<Bits<32>>,
    block_base: Register<Bits<32>>,
    tiles_left: Register<Bits<32>>,
    block: Register<Bits<4>>,
    outer: Register<Bits<16>>,
    offset: Register<Bits<20>>,
    valid1: Register<Bit>,
    base1: Register<Bits<32>>,
    permuted1: Register<Bits<16>>,
    valid2: Register<Bit>,
    base2: Register<Bits<32>>,
    low2: Register<Bits<32>>,
    high2: Register<Bits<16>>,
    valid3: Register<Bit>,
    address3: Register<Bits<32>>,
    // Commands that wait: whether one is taken is known late in a cycle.
    commands: Skid<32>,
    // Whether each count is at its last, known a step ahead: compared here, all of them would be one path.
    last_offset: Register<Bit>,
    last_outer: Register<Bit>,
    last_block: Register<Bit>,
    last_tile: Register<Bit>,
    last: Signal<Local, Bit>,
    // What follows from the ports, and is there when the walk begins: the stride beside the multipliers, the shift of a reversed
    // index, the beats of a command, and the last but one of each count.
    stride1: Register<Bits<32>>,
    unused: Register<Bits<5>>,
    step: Register<Bits<20>>,
    offset_before: Register<Bits<20>>,
    outer_before: Register<Bits<20>>,
    block_before: Register<Bits<4>>,
    one_chunk: Signal<Local, Bit>,
    one_burst: Signal<Local, Bit>,
    one_block: Signal<Local, Bit>,
    log_outer: Signal<Local, Bits<5>>,
    log_step: Signal<Local, Bits<5>>,
    step_now: Signal<Local, Bits<20>>,
    tile_after: Signal<Local, Bits<32>>,
    move_on: Signal<Local, Bit>,
    product: Signal<Local, Bits<32>>,
    reverse: Reverse<16>,
    one: Constant<Bits<20>>,
}

impl Default for Walker {
    fn default() -> Self {
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
            address: Default::default(),
            length: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            busy: Default::default(),
            running: Default::default(),
            tile_base: Default::default(),
            block_base: Default::default(),
            tiles_left: Default::default(),
            block: Default::default(),
            outer: Default::default(),
            offset: Default::default(),
            valid1: Default::default(),
            base1: Default::default(),
            permuted1: Default::default(),
            valid2: Default::default(),
            base2: Default::default(),
            low2: Default::default(),
            high2: Default::default(),
            valid3: Default::default(),
            address3: Default::default(),
            commands: Default::default(),
            last_offset: Default::default(),
            last_outer: Default::default(),
            last_block: Default::default(),
            last_tile: Default::default(),
            last: Default::default(),
            stride1: Default::default(),
            unused: Default::default(),
            step: Default::default(),
            offset_before: Default::default(),
            outer_before: Default::default(),
            block_before: Default::default(),
            one_chunk: Default::default(),
            one_burst: Default::default(),
            one_block: Default::default(),
            log_outer: Default::default(),
            log_step: Default::default(),
            step_now: Default::default(),
            tile_after: Default::default(),
            move_on: Default::default(),
            product: Default::default(),
            reverse: Default::default(),
            one: Constant::new(1_u64.to_bits()),
        }
    }
}

impl Logic for Walker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, running, tile_base, block_base, tiles_left, block, outer, offset, valid1, base1, permuted1,
            valid2, base2, low2, high2, valid3, address3
        );
        dff_setup!(self, clock, last_offset, last_outer, last_block, last_tile);
        dff_setup!(self, clock, stride1, unused, step, offset_before, outer_before, block_before);
        self.log_outer.next = self.log_frame.val() - self.log_burst.val();
        self.log_step.next = self.log_burst.val();
        if self.log_burst.val() > 5 {
            self.log_step.next = 5.into();
        }
        self.step_now.next = self.one.val() << self.log_step.val();
        self.stride1.d.next = self.stride.val();
        self.unused.d.next = bits::<5>(16) - self.log_outer.val();
        self.step.d.next = self.step_now.val();
        self.offset_before.d.next =
            (self.one.val() << self.log_burst.val()) - self.step_now.val() - self.step_now.val();
        self.outer_before.d.next = (self.one.val() << self.log_outer.val()) - 2;
        self.block_before.d.next = self.blocks.val() - 2;
        self.one_chunk.next = self.log_burst.val() <= 5;
        self.one_burst.next = self.log_outer.val() == 0;
        self.one_block.next = self.blocks.val() == 1;
        self.tile_after.next = self.tile_base.q.val() + self.tile_stride.val();

        self.commands.clock.next = self.clock.val();
        self.commands.reset.next = self.reset.val();
        self.commands.in_valid.next = self.valid3.q.val();
        self.commands.in_data.next = self.address3.q.val();
        self.commands.out_ready.next = self.ready.val();
        self.move_on.next = self.commands.in_ready.val();
        self.reverse.x.next = self.outer.q.val();
        self.product.next = self.permuted1.q.val() * self.stride1.q.val().get_bits::<16>(16);
        if self.move_on.val() {
            self.valid1.d.next = self.running.q.val();
            self.base1.d.next = self.block_base.q.val() + bit_cast::<32, 20>(self.offset.q.val());
            self.permuted1.d.next = self.outer.q.val();
            if self.reversed.val() {
                self.permuted1.d.next = self.reverse.y.val() >> self.unused.q.val();
            }
            self.valid2.d.next = self.valid1.q.val();
            self.base2.d.next = self.base1.q.val();
            self.low2.d.next = self.permuted1.q.val() * self.stride1.q.val().get_bits::<16>(0);
            self.high2.d.next = self.product.val().get_bits::<16>(0);
            self.valid3.d.next = self.valid2.q.val();
            self.address3.d.next =
                self.base2.q.val() + self.low2.q.val() + (bit_cast::<32, 16>(self.high2.q.val()) << 16);
        }
        if self.move_on.val() && self.running.q.val() {
            self.offset.d.next = self.offset.q.val() + self.step.q.val();
            self.last_offset.d.next = self.offset.q.val() == self.offset_before.q.val();
            if self.last_offset.q.val() {
                self.offset.d.next = 0.into();
                self.last_offset.d.next = self.one_chunk.val();
                self.outer.d.next = self.outer.q.val() + 1;
                self.last_outer.d.next = self.outer.q.val() == self.outer_before.q.val().get_bits::<16>(0);
                if self.last_outer.q.val() {
                    self.outer.d.next = 0.into();
                    self.last_outer.d.next = self.one_burst.val();
                    self.block.d.next = self.block.q.val() + 1;
                    self.last_block.d.next = self.block.q.val() == self.block_before.q.val();
                    self.block_base.d.next = self.block_base.q.val() + self.block_stride.val();
                    if self.last_block.q.val() {
                        self.block.d.next = 0.into();
                        self.last_block.d.next = self.one_block.val();
                        self.block_base.d.next = self.tile_after.val();
                        self.tile_base.d.next = self.tile_after.val();
                        self.tiles_left.d.next = self.tiles_left.q.val() - 1;
                        self.last_tile.d.next = self.tiles_left.q.val() == 2;
                    }
                }
            }
        }
        self.last.next =
            self.last_offset.q.val() && self.last_outer.q.val() && self.last_block.q.val() && self.last_tile.q.val();
        self.running.d.next = self.start.val() || (self.running.q.val() && !(self.move_on.val() && self.last.val()));
        if self.start.val() {
            self.tile_base.d.next = self.base.val();
            self.block_base.d.next = self.base.val();
            self.tiles_left.d.next = self.tiles.val();
            self.block.d.next = 0.into();
            self.outer.d.next = 0.into();
            self.offset.d.next = 0.into();
            self.last_offset.d.next = self.one_chunk.val();
            self.last_outer.d.next = self.one_burst.val();
            self.last_block.d.next = self.one_block.val();
            self.last_tile.d.next = self.tiles.val() == 1;
        }
        self.address.next = self.commands.out_data.val();
        self.length.next = self.step.q.val().get_bits::<16>(0);
        self.valid.next = self.commands.out_valid.val();
        self.busy.next = self.running.q.val()
            || self.valid1.q.val()
            || self.valid2.q.val()
            || self.valid3.q.val()
            || self.commands.out_valid.val();
        if self.reset.val() {
            self.running.d.next = false;
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
        }
    }
}
