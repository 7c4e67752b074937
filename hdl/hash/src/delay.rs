//! Fixed delays that cost little in simulation: a ring in RAM for words, one shifted word for flags.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// A word of W <= 64 bits, 3 to 64 cycles later, from a register. Its contents start random: pair it with a [`FlagDelay`].
#[derive(LogicBlock)]
pub struct WordDelay<const W: usize, const LATENCY: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Word.
    pub in_data: Signal<In, Bits<W>>,
    /// The word of `LATENCY` cycles ago.
    pub out_data: Signal<Out, Bits<W>>,
    ring: Ram<W, 6>,
    last: Register<Bits<W>>,
    // Never reset: only its difference to itself matters.
    place: Register<Bits<6>>,
    back: Constant<Bits<6>>,
}

impl<const W: usize, const LATENCY: usize> Default for WordDelay<W, LATENCY> {
    fn default() -> Self {
        const { assert!(LATENCY >= 3 && LATENCY <= 64) };
        Self {
            clock: Signal::default(),
            in_data: Signal::default(),
            out_data: Signal::default(),
            ring: Ram::default(),
            last: Register::default(),
            place: Register::default(),
            back: Constant::new((LATENCY as u64 - 2).to_bits()),
        }
    }
}

impl<const W: usize, const LATENCY: usize> Logic for WordDelay<W, LATENCY> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, place, last);
        self.place.d.next = self.place.q.val() + 1;
        self.ring.clock.next = self.clock.val();
        self.ring.write_enable.next = true;
        self.ring.write_address.next = self.place.q.val();
        self.ring.write_data.next = self.in_data.val();
        self.ring.read_address.next = self.place.q.val() - self.back.val();
        self.last.d.next = self.ring.read_data.val();
        self.out_data.next = self.last.q.val();
    }
}

/// A flag, 1 to 64 cycles later; reset clears those on the way.
#[derive(LogicBlock)]
pub struct FlagDelay<const LATENCY: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Clears all flags.
    pub reset: Signal<In, Bit>,
    /// Flag.
    pub in_data: Signal<In, Bit>,
    /// The flag of `LATENCY` cycles ago.
    pub out_data: Signal<Out, Bit>,
    flags: Register<Bits<64>>,
    tapped: Signal<Local, Bits<64>>,
    tap: Constant<Bits<6>>,
}

impl<const LATENCY: usize> Default for FlagDelay<LATENCY> {
    fn default() -> Self {
        const { assert!(LATENCY >= 1 && LATENCY <= 64) };
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            in_data: Signal::default(),
            out_data: Signal::default(),
            flags: Register::default(),
            tapped: Signal::default(),
            tap: Constant::new((LATENCY as u64 - 1).to_bits()),
        }
    }
}

impl<const LATENCY: usize> Logic for FlagDelay<LATENCY> {
    #[hdl_gen]
    fn update(&mut self) {
        self.flags.clock.next = self.clock.val();
        self.flags.d.next = (self.flags.q.val() << 1) | bit_cast::<64, 1>(self.in_data.val().into());
        self.tapped.next = self.flags.q.val() >> self.tap.val();
        self.out_data.next = self.tapped.val().get_bit(0);
        if self.reset.val() {
            self.flags.d.next = 0.into();
        }
    }
}
