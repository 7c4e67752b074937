//! What a configuration fixes, as signals: rust-hdl cannot name a const generic in `update`.

use rust_hdl::prelude::*;

/// The number 2^LOG, less than 2^W.
#[derive(LogicBlock)]
pub struct Power<const W: usize, const LOG: usize> {
    /// Always 2^LOG.
    pub out: Signal<Out, Bits<W>>,
    value: Constant<Bits<W>>,
}

impl<const W: usize, const LOG: usize> Default for Power<W, LOG> {
    fn default() -> Self {
        const { assert!(LOG < W && W <= 64) };
        Self { out: Signal::default(), value: Constant::new((1_u64 << LOG).to_bits()) }
    }
}

impl<const W: usize, const LOG: usize> Logic for Power<W, LOG> {
    #[hdl_gen]
    fn update(&mut self) {
        self.out.next = self.value.val();
    }
}

/// Where a row of a batch is: state `row / LANES` of lane `row mod LANES`, for a power of two up to 8.
#[derive(LogicBlock)]
pub struct Place<const LANES: usize> {
    /// Row.
    pub row: Signal<In, Bits<16>>,
    /// Its state.
    pub state: Signal<Out, Bits<16>>,
    /// Its lane.
    pub lane: Signal<Out, Bits<3>>,
    /// The last lane.
    pub last: Signal<Out, Bits<3>>,
    masked: Signal<Local, Bits<16>>,
    mask: Constant<Bits<16>>,
    top: Constant<Bits<3>>,
    shift: Constant<Bits<4>>,
}

impl<const LANES: usize> Default for Place<LANES> {
    fn default() -> Self {
        const { assert!(LANES.is_power_of_two() && LANES <= 8) };
        Self {
            row: Signal::default(),
            state: Signal::default(),
            lane: Signal::default(),
            last: Signal::default(),
            masked: Signal::default(),
            mask: Constant::new((LANES as u64 - 1).to_bits()),
            top: Constant::new((LANES as u64 - 1).to_bits()),
            shift: Constant::new(u64::from(LANES.trailing_zeros()).to_bits()),
        }
    }
}

impl<const LANES: usize> Logic for Place<LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        self.masked.next = self.row.val() & self.mask.val();
        self.state.next = self.row.val() >> self.shift.val();
        self.last.next = self.top.val();
        self.lane.next = self.masked.val().get_bits::<3>(0);
    }
}
