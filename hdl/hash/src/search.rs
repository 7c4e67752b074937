//! Which candidate of a search will do.

use karat_abi::registers::engine as map;
use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Looks at the digests of candidates in ascending order and keeps the first candidate whose word has the zeros that are wanted.
#[derive(LogicBlock)]
pub struct Search {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the digests on the way and what was found.
    pub reset: Signal<In, Bit>,
    /// A search begins: what the one before it found is forgotten.
    pub start: Signal<In, Bit>,
    /// Its first candidate.
    pub first: Signal<In, Bits<64>>,
    /// Ones for the bits that must be zero; stays for the search.
    pub mask: Signal<In, Bits<32>>,
    /// Word of the digest that is looked at; stays for the search.
    pub sampled: Signal<In, Bits<2>>,
    /// That word is looked at with its bytes exchanged; stays for the search.
    pub swapped: Signal<In, Bit>,
    /// The digest of the next candidate comes.
    pub digest_valid: Signal<In, Bit>,
    /// Its words.
    pub digest: [Signal<In, Bits<64>>; 4],
    /// A candidate was found.
    pub found: Signal<Out, Bit>,
    /// No digest is on the way.
    pub idle: Signal<Out, Bit>,
    /// The candidate that was found, or all ones.
    pub result: Signal<Out, Bits<64>>,
    // The low bytes of a word whose bytes are exchanged.
    exchanged: [Signal<Local, Bits<64>>; 4],
    low: [Register<Bits<32>>; 4],
    picked: Signal<Local, Bits<32>>,
    tested: Register<Bits<32>>,
    hit: Register<Bit>,
    valid1: Register<Bit>,
    valid2: Register<Bit>,
    valid3: Register<Bit>,
    // The candidate whose digest comes next, or the one that was found.
    witness: Register<Bits<64>>,
    is_found: Register<Bit>,
    ones: Constant<Bits<64>>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            start: Signal::default(),
            first: Signal::default(),
            mask: Signal::default(),
            sampled: Signal::default(),
            swapped: Signal::default(),
            digest_valid: Signal::default(),
            digest: Default::default(),
            found: Signal::default(),
            idle: Signal::default(),
            result: Signal::default(),
            exchanged: Default::default(),
            low: Default::default(),
            picked: Signal::default(),
            tested: Register::default(),
            hit: Register::default(),
            valid1: Register::default(),
            valid2: Register::default(),
            valid3: Register::default(),
            witness: Register::default(),
            is_found: Register::default(),
            ones: Constant::new(u64::MAX.to_bits()),
        }
    }
}

impl Logic for Search {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, tested, hit, valid1, valid2, valid3, witness, is_found);
        // A cycle each for the way from the lanes, for the choice and for the comparison.
        for i in 0..4 {
            self.low[i].clock.next = self.clock.val();
            self.exchanged[i].next = ((self.digest[i].val() >> 56) & 0xff_u64.to_bits::<64>())
                | ((self.digest[i].val() >> 40) & 0xff00_u64.to_bits::<64>())
                | ((self.digest[i].val() >> 24) & 0xff_0000_u64.to_bits::<64>())
                | ((self.digest[i].val() >> 8) & 0xff00_0000_u64.to_bits::<64>());
            self.low[i].d.next = self.digest[i].val().get_bits::<32>(0);
            if self.swapped.val() {
                self.low[i].d.next = self.exchanged[i].val().get_bits::<32>(0);
            }
        }
        self.valid1.d.next = self.digest_valid.val();
        self.picked.next = self.low[0].q.val();
        if self.sampled.val() == 1 {
            self.picked.next = self.low[1].q.val();
        }
        if self.sampled.val() == 2 {
            self.picked.next = self.low[2].q.val();
        }
        if self.sampled.val() == 3 {
            self.picked.next = self.low[3].q.val();
        }
        self.tested.d.next = self.picked.val() & self.mask.val();
        self.valid2.d.next = self.valid1.q.val();
        self.hit.d.next = !self.tested.q.val().any();
        self.valid3.d.next = self.valid2.q.val();
        if self.valid3.q.val() && !self.is_found.q.val() {
            if self.hit.q.val() {
                self.is_found.d.next = true;
            } else {
                self.witness.d.next = self.witness.q.val() + 1;
            }
        }
        if self.start.val() {
            self.witness.d.next = self.first.val();
            self.is_found.d.next = false;
        }
        self.found.next = self.is_found.q.val();
        self.idle.next = !(self.valid1.q.val() || self.valid2.q.val() || self.valid3.q.val());

        self.result.next = self.ones.val();
        if self.is_found.q.val() {
            self.result.next = self.witness.q.val();
        }
        if self.reset.val() {
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.is_found.d.next = false;
        }
    }
}

/// Shows the result of a search to the firmware.
#[derive(LogicBlock)]
pub struct Readout {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// [`Search::result`].
    pub result: Signal<In, Bits<64>>,
    /// Register to read, as index of its word.
    pub reg_addr: Signal<In, Bits<6>>,
    /// `RESULT_LO` or `RESULT_HI`, a cycle later; zero for all others.
    pub reg_rdata: Signal<Out, Bits<32>>,
    rdata: Register<Bits<32>>,
    low_at: Constant<Bits<6>>,
    high_at: Constant<Bits<6>>,
}

impl Default for Readout {
    fn default() -> Self {
        let at = |offset: u32| Constant::new((u64::from(offset) / 4).to_bits());
        Self {
            clock: Signal::default(),
            result: Signal::default(),
            reg_addr: Signal::default(),
            reg_rdata: Signal::default(),
            rdata: Register::default(),
            low_at: at(map::RESULT_LO),
            high_at: at(map::RESULT_HI),
        }
    }
}

impl Logic for Readout {
    #[hdl_gen]
    fn update(&mut self) {
        self.rdata.clock.next = self.clock.val();
        self.rdata.d.next = 0.into();
        if self.reg_addr.val() == self.low_at.val() {
            self.rdata.d.next = self.result.val().get_bits::<32>(0);
        }
        if self.reg_addr.val() == self.high_at.val() {
            self.rdata.d.next = self.result.val().get_bits::<32>(32);
        }
        self.reg_rdata.next = self.rdata.q.val();
    }
}
