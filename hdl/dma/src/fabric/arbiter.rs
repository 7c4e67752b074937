//! Whose turn it is.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Round robin downwards among N clients, at most 16: the highest below the last one chosen, else the highest. The choice is a
/// register: it hangs on nothing of its cycle.
#[derive(LogicBlock, Default)]
pub struct Arbiter<const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the choice.
    pub reset: Signal<In, Bit>,
    /// Who may be chosen for the next cycle, a bit each; who is chosen now may only if it will have more than that.
    pub eligible: Signal<In, Bits<16>>,
    /// The choice, a bit each; it stays until it is taken.
    pub chosen: Signal<Out, Bits<16>>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub take: Signal<In, Bit>,
    choice: Register<Bits<16>>,
    some: Register<Bit>,
    // Those below the last one chosen.
    below: Register<Bits<16>>,
    first: Signal<Local, Bits<16>>,
    best: Signal<Local, Bits<16>>,
}

impl<const N: usize> Logic for Arbiter<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, choice, some, below);
        self.first.next = self.eligible.val() & self.below.q.val();
        self.best.next = 0.into();
        for i in 0..N {
            if self.eligible.val().get_bit(i) {
                self.best.next = bits::<16>(1) << i.to_bits::<4>();
            }
        }
        for i in 0..N {
            if self.first.val().get_bit(i) {
                self.best.next = bits::<16>(1) << i.to_bits::<4>();
            }
        }
        if self.take.val() || !self.some.q.val() {
            self.choice.d.next = self.best.val();
            self.some.d.next = self.eligible.val().any();
            if self.eligible.val().any() {
                self.below.d.next = self.best.val() - 1;
            }
        }
        self.chosen.next = self.choice.q.val();
        self.valid.next = self.some.q.val();
        if self.reset.val() {
            self.choice.d.next = 0.into();
            self.some.d.next = false;
            self.below.d.next = 0.into();
        }
    }
}
