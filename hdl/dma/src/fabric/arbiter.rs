//! Whose turn it is.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Round robin downwards among N clients, at most 16: the highest below the last one taken, else the highest.
#[derive(LogicBlock, Default)]
pub struct Arbiter<const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The highest is next.
    pub reset: Signal<In, Bit>,
    /// Who may be chosen, a bit each.
    pub eligible: Signal<In, Bits<16>>,
    /// The choice, one bit; none if nobody is eligible.
    pub chosen: Signal<Out, Bits<16>>,
    /// Somebody is eligible.
    pub any: Signal<Out, Bit>,
    /// Takes the choice.
    pub take: Signal<In, Bit>,
    // Those below the last one taken.
    below: Register<Bits<16>>,
    first: Signal<Local, Bits<16>>,
}

impl<const N: usize> Logic for Arbiter<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, below);
        self.first.next = self.eligible.val() & self.below.q.val();
        self.chosen.next = 0.into();
        for i in 0..N {
            if self.eligible.val().get_bit(i) {
                self.chosen.next = bits::<16>(1) << i.to_bits::<4>();
            }
        }
        for i in 0..N {
            if self.first.val().get_bit(i) {
                self.chosen.next = bits::<16>(1) << i.to_bits::<4>();
            }
        }
        self.any.next = self.eligible.val().any();
        if self.take.val() {
            self.below.d.next = self.chosen.val() - 1;
        }
        if self.reset.val() {
            self.below.d.next = 0.into();
        }
    }
}
