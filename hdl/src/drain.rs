//! Bringing an AXI4 master to rest in the middle of its work.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Stands between a memory fabric and its AXI4 port, and lets the fabric be reset at any time without a bus seeing it.
///
/// While `stop` is low it connects through. When `stop` rises, each channel closes as soon as nothing waits to be taken on
/// it (a `valid` that is out must stay until then). Then `stopped` rises and the fabric may be reset, while this block
/// finishes for it: missing beats of the write burst that has begun go out with no byte enabled, and data and responses that
/// still come are taken and dropped. `draining` is high until all that is done.
///
/// It relies on what the fabric of `karat-hdl-dma` keeps: a burst's first beat comes not before its address is shown, and no
/// address but the next one is shown before its last beat. The handshakes pass here; addresses and data go around.
#[derive(LogicBlock, Default)]
pub struct Drain {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything. The bus is in reset too.
    pub reset: Signal<In, Bit>,
    /// Come to rest, and stay until it falls.
    pub stop: Signal<In, Bit>,
    /// The fabric may be reset; high until `stop` falls.
    pub stopped: Signal<Out, Bit>,
    /// Stopping or stopped, and not yet at rest.
    pub draining: Signal<Out, Bit>,

    /// From the fabric.
    pub fabric_awvalid: Signal<In, Bit>,
    /// From the fabric: beats - 1.
    pub fabric_awlen: Signal<In, Bits<8>>,
    /// To the fabric.
    pub fabric_awready: Signal<Out, Bit>,
    /// From the fabric.
    pub fabric_wvalid: Signal<In, Bit>,
    /// From the fabric.
    pub fabric_wstrb: Signal<In, Bits<64>>,
    /// From the fabric.
    pub fabric_wlast: Signal<In, Bit>,
    /// To the fabric.
    pub fabric_wready: Signal<Out, Bit>,
    /// To the fabric, which is always ready.
    pub fabric_bvalid: Signal<Out, Bit>,
    /// From the fabric.
    pub fabric_arvalid: Signal<In, Bit>,
    /// To the fabric.
    pub fabric_arready: Signal<Out, Bit>,
    /// To the fabric.
    pub fabric_rvalid: Signal<Out, Bit>,
    /// From the fabric.
    pub fabric_rready: Signal<In, Bit>,

    /// To the bus.
    pub awvalid: Signal<Out, Bit>,
    /// From the bus.
    pub awready: Signal<In, Bit>,
    /// To the bus.
    pub wvalid: Signal<Out, Bit>,
    /// To the bus.
    pub wstrb: Signal<Out, Bits<64>>,
    /// To the bus.
    pub wlast: Signal<Out, Bit>,
    /// From the bus.
    pub wready: Signal<In, Bit>,
    /// From the bus.
    pub bvalid: Signal<In, Bit>,
    /// To the bus: always ready.
    pub bready: Signal<Out, Bit>,
    /// To the bus.
    pub arvalid: Signal<Out, Bit>,
    /// From the bus.
    pub arready: Signal<In, Bit>,
    /// From the bus.
    pub rvalid: Signal<In, Bit>,
    /// From the bus.
    pub rlast: Signal<In, Bit>,
    /// To the bus.
    pub rready: Signal<Out, Bit>,

    aw_open: Register<Bit>,
    w_open: Register<Bit>,
    ar_open: Register<Bit>,
    // An address has been shown and not yet been taken.
    aw_shown: Register<Bit>,
    // Beats not taken yet of the burst on W, and of the one whose address was shown ahead.
    left: Register<Bits<9>>,
    ahead: Register<Bits<9>>,
    left_now: Signal<Local, Bits<9>>,
    ahead_now: Signal<Local, Bits<9>>,
    writes: Register<Bits<10>>,
    reads: Register<Bits<10>>,
    aw_out: Signal<Local, Bit>,
    w_out: Signal<Local, Bit>,
    ar_out: Signal<Local, Bit>,
    closed: Signal<Local, Bit>,
    read_end: Signal<Local, Bit>,
}

impl Logic for Drain {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, aw_open, w_open, ar_open, aw_shown, left, ahead, writes, reads);
        self.closed.next = !self.aw_open.q.val() & !self.w_open.q.val() & !self.ar_open.q.val();
        self.stopped.next = self.stop.val() & self.closed.val();

        // Write addresses.
        self.aw_out.next = self.fabric_awvalid.val() & self.aw_open.q.val();
        self.awvalid.next = self.aw_out.val();
        self.fabric_awready.next = self.awready.val() & self.aw_open.q.val();
        self.aw_shown.d.next = self.aw_out.val() & !self.awready.val();
        self.left_now.next = self.left.q.val();
        self.ahead_now.next = self.ahead.q.val();
        if self.aw_out.val() & !self.aw_shown.q.val() {
            if self.left.q.val() == 0 {
                self.left_now.next = bit_cast::<9, 8>(self.fabric_awlen.val()) + 1;
            } else {
                self.ahead_now.next = bit_cast::<9, 8>(self.fabric_awlen.val()) + 1;
            }
        }

        // Write data: the fabric's, or what it still owes.
        self.w_out.next = self.fabric_wvalid.val();
        self.wstrb.next = self.fabric_wstrb.val();
        self.wlast.next = self.fabric_wlast.val();
        if !self.w_open.q.val() {
            self.w_out.next = self.left.q.val() != 0;
            self.wstrb.next = 0.into();
            self.wlast.next = self.left.q.val() == 1;
        }
        self.wvalid.next = self.w_out.val();
        self.fabric_wready.next = self.wready.val() & self.w_open.q.val();
        self.left.d.next = self.left_now.val();
        self.ahead.d.next = self.ahead_now.val();
        if self.w_out.val() & self.wready.val() {
            self.left.d.next = self.left_now.val() - 1;
            if self.left_now.val() == 1 {
                self.left.d.next = self.ahead_now.val();
                self.ahead.d.next = 0.into();
            }
        }

        // Read addresses and data.
        self.ar_out.next = self.fabric_arvalid.val() & self.ar_open.q.val();
        self.arvalid.next = self.ar_out.val();
        self.fabric_arready.next = self.arready.val() & self.ar_open.q.val();
        self.fabric_rvalid.next = self.rvalid.val() & !self.stopped.val();
        self.rready.next = self.fabric_rready.val() | self.stopped.val();
        self.fabric_bvalid.next = self.bvalid.val() & !self.stopped.val();
        self.bready.next = true;

        // What is outstanding.
        self.read_end.next = self.rvalid.val() & self.rready.val() & self.rlast.val();
        if (self.ar_out.val() & self.arready.val()) & !self.read_end.val() {
            self.reads.d.next = self.reads.q.val() + 1;
        }
        if !(self.ar_out.val() & self.arready.val()) & self.read_end.val() {
            self.reads.d.next = self.reads.q.val() - 1;
        }
        if (self.aw_out.val() & self.awready.val()) & !self.bvalid.val() {
            self.writes.d.next = self.writes.q.val() + 1;
        }
        if !(self.aw_out.val() & self.awready.val()) & self.bvalid.val() {
            self.writes.d.next = self.writes.q.val() - 1;
        }
        self.draining.next = self.stop.val()
            & (!self.closed.val() | (self.left.q.val() != 0) | (self.reads.q.val() != 0) | (self.writes.q.val() != 0));

        // Channels close one by one, and open together.
        if self.stop.val() {
            if !self.aw_out.val() | self.awready.val() {
                self.aw_open.d.next = false;
            }
            if !self.w_out.val() | self.wready.val() {
                self.w_open.d.next = false;
            }
            if !self.ar_out.val() | self.arready.val() {
                self.ar_open.d.next = false;
            }
        } else {
            self.aw_open.d.next = true;
            self.w_open.d.next = true;
            self.ar_open.d.next = true;
        }
        if self.reset.val() {
            self.aw_open.d.next = false;
            self.w_open.d.next = false;
            self.ar_open.d.next = false;
            self.aw_shown.d.next = false;
            self.left.d.next = 0.into();
            self.ahead.d.next = 0.into();
            self.writes.d.next = 0.into();
            self.reads.d.next = 0.into();
        }
    }
}
