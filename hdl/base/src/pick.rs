//! One word of eight.

use rust_hdl::prelude::*;

/// `out = word[at]`.
#[derive(LogicBlock, Default)]
pub struct Pick {
    /// Which.
    pub at: Signal<In, Bits<3>>,
    /// Words.
    pub word: [Signal<In, Bits<64>>; 8],
    /// The word.
    pub out: Signal<Out, Bits<64>>,
    pair: [Signal<Local, Bits<64>>; 4],
    quad: [Signal<Local, Bits<64>>; 2],
}

impl Logic for Pick {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..4 {
            self.pair[i].next = self.word[2 * i].val();
            if self.at.val().get_bit(0) {
                self.pair[i].next = self.word[2 * i + 1].val();
            }
        }
        for i in 0..2 {
            self.quad[i].next = self.pair[2 * i].val();
            if self.at.val().get_bit(1) {
                self.quad[i].next = self.pair[2 * i + 1].val();
            }
        }
        self.out.next = self.quad[0].val();
        if self.at.val().get_bit(2) {
            self.out.next = self.quad[1].val();
        }
    }
}
