//! Rotation of the words of a beat.

use rust_hdl::prelude::*;

/// Word `i` goes to word `(i + amount) mod 8`. No registers.
#[derive(LogicBlock, Default)]
pub struct Rotate {
    /// Beat.
    pub data: [Signal<In, Bits<64>>; 8],
    /// Places, a copy for each word; all the same.
    pub amount: [Signal<In, Bits<3>>; 8],
    /// Rotated beat.
    pub out: [Signal<Out, Bits<64>>; 8],
    one: [Signal<Local, Bits<64>>; 8],
    two: [Signal<Local, Bits<64>>; 8],
}

impl Logic for Rotate {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..8 {
            self.one[i].next = self.data[i].val();
            if self.amount[i].val().get_bit(0) {
                self.one[i].next = self.data[(i + 7) % 8].val();
            }
        }
        for i in 0..8 {
            self.two[i].next = self.one[i].val();
            if self.amount[i].val().get_bit(1) {
                self.two[i].next = self.one[(i + 6) % 8].val();
            }
        }
        for i in 0..8 {
            self.out[i].next = self.two[i].val();
            if self.amount[i].val().get_bit(2) {
                self.out[i].next = self.two[(i + 4) % 8].val();
            }
        }
    }
}
