//! Fixed delays that cost little in simulation: a ring in RAM for words, one shifted word for flags.

use karat_hdl_base::memory::Ram;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// A word of W <= 64 bits, some cycles later. Its contents start random: pair it with a [`FlagDelay`].
#[derive(LogicBlock)]
pub struct WordDelay<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Word.
    pub in_data: Signal<In, Bits<W>>,
    /// The word of `latency` cycles ago.
    pub out_data: Signal<Out, Bits<W>>,
    ring: Ram<W, 6>,
    // Never reset: only its difference to itself matters.
    place: Register<Bits<6>>,
    back: Constant<Bits<6>>,
}

impl<const W: usize> WordDelay<W> {
    /// A delay of 2 to 63 cycles.
    ///
    /// # Panics
    /// If `latency` is another number.
    pub fn new(latency: usize) -> Self {
        assert!((2..64).contains(&latency), "a word delay of {latency} cycles");
        Self {
            clock: Signal::default(),
            in_data: Signal::default(),
            out_data: Signal::default(),
            ring: Ram::default(),
            place: Register::default(),
            back: Constant::new((latency as u64 - 1).to_bits()),
        }
    }
}

impl<const W: usize> Logic for WordDelay<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.place.clock.next = self.clock.val();
        self.place.d.next = self.place.q.val() + 1;
        self.ring.clock.next = self.clock.val();
        self.ring.write_enable.next = true;
        self.ring.write_address.next = self.place.q.val();
        self.ring.write_data.next = self.in_data.val();
        self.ring.read_address.next = self.place.q.val() - self.back.val();
        self.out_data.next = self.ring.read_data.val();
    }
}

/// A flag, some cycles later; reset clears those on the way.
#[derive(LogicBlock)]
pub struct FlagDelay {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Clears all flags.
    pub reset: Signal<In, Bit>,
    /// Flag.
    pub in_data: Signal<In, Bit>,
    /// The flag of `latency` cycles ago.
    pub out_data: Signal<Out, Bit>,
    flags: Register<Bits<64>>,
    tapped: Signal<Local, Bits<64>>,
    tap: Constant<Bits<6>>,
}

impl FlagDelay {
    /// A delay of 1 to 64 cycles.
    ///
    /// # Panics
    /// If `latency` is another number.
    pub fn new(latency: usize) -> Self {
        assert!((1..=64).contains(&latency), "a flag delay of {latency} cycles");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            in_data: Signal::default(),
            out_data: Signal::default(),
            flags: Register::default(),
            tapped: Signal::default(),
            tap: Constant::new((latency as u64 - 1).to_bits()),
        }
    }
}

impl Logic for FlagDelay {
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
