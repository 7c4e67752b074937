//! A buffer of beats that is written and read at positions.
//!
//! Positions count beats from reset on, modulo 2^16; the ring keeps the last 2^A of them, 2^A at most 2^14. Its users keep the
//! pointers: a position may be written once [`Ring::room`] said so, in this cycle or before, and read once it is known to be
//! written.

use karat_hdl_base::memory::EnabledRam;
use rust_hdl::prelude::*;

/// 2^A beats.
#[derive(LogicBlock)]
pub struct Ring<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Everything before this position has been read and may be overwritten.
    pub freed: Signal<In, Bits<16>>,
    /// Everything before this position is wanted for writing.
    pub claim: Signal<In, Bits<16>>,
    /// `freed` and `claim` are at most 2^A apart.
    pub room: Signal<Out, Bit>,
    /// What `claim` is to be next.
    pub next_claim: Signal<In, Bits<16>>,
    /// There is room for that too.
    pub next_room: Signal<Out, Bit>,
    /// Writes a beat.
    pub write: Signal<In, Bit>,
    /// Where.
    pub write_position: Signal<In, Bits<16>>,
    /// The beat.
    pub write_data: [Signal<In, Bits<64>>; 8],
    /// Reads a beat, which was written in an earlier cycle.
    pub fetch: Signal<In, Bit>,
    /// Where.
    pub fetch_position: Signal<In, Bits<16>>,
    /// The beat fetched last, from the cycle after on, as long as its position is not freed.
    pub data: [Signal<Out, Bits<64>>; 8],
    store: [EnabledRam<64, A>; 8],
    distance: Signal<Local, Bits<16>>,
    next_distance: Signal<Local, Bits<16>>,
    size: Constant<Bits<16>>,
}

impl<const A: usize> Default for Ring<A> {
    fn default() -> Self {
        assert!((1..=14).contains(&A), "a ring has 2 to 2^14 beats");
        Self {
            clock: Signal::default(),
            freed: Signal::default(),
            claim: Signal::default(),
            room: Signal::default(),
            next_claim: Signal::default(),
            next_room: Signal::default(),
            write: Signal::default(),
            write_position: Signal::default(),
            write_data: Default::default(),
            fetch: Signal::default(),
            fetch_position: Signal::default(),
            data: Default::default(),
            store: Default::default(),
            distance: Signal::default(),
            next_distance: Signal::default(),
            size: Constant::new((1_u64 << A).to_bits()),
        }
    }
}

impl<const A: usize> Logic for Ring<A> {
    #[hdl_gen]
    fn update(&mut self) {
        self.distance.next = self.claim.val() - self.freed.val();
        self.room.next = self.distance.val() <= self.size.val();
        self.next_distance.next = self.next_claim.val() - self.freed.val();
        self.next_room.next = self.next_distance.val() <= self.size.val();
        for i in 0..8 {
            self.store[i].clock.next = self.clock.val();
            self.store[i].write_enable.next = self.write.val();
            self.store[i].write_address.next = self.write_position.val().get_bits::<A>(0);
            self.store[i].write_data.next = self.write_data[i].val();
            self.store[i].read_enable.next = self.fetch.val();
            self.store[i].read_address.next = self.fetch_position.val().get_bits::<A>(0);
            self.data[i].next = self.store[i].read_data.val();
        }
    }
}
