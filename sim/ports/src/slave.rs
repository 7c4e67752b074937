//! A memory behind an AXI4 master port of the design.

use karat_verilator::{Error, Instance};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::read::ReadHalf;
use crate::write::WriteHalf;
use crate::{Beat, Memory, Timing};

/// Bus ids are taken modulo this.
pub(crate) const ID_LIMIT: u64 = 16;
/// Banks of a memory with rows.
const BANKS: usize = 16;
/// Bytes of a row.
const ROW: u64 = 2048;

/// Direction of a transfer, as the design sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The design reads.
    Read,
    /// The design writes.
    Write,
}

/// Corrupts one word on its way through a port, to show that the data really go there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Which direction.
    pub way: Way,
    /// Only beats of bursts with this id, which is the number of the design's client.
    pub id: u64,
    /// Which of those beats, from 0.
    pub beat: u64,
    /// Which word of the beat.
    pub word: usize,
    /// Bits to flip.
    pub mask: u64,
}

/// What went through a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PortCounters {
    /// Beats read.
    pub read_beats: u64,
    /// Beats written.
    pub write_beats: u64,
    /// Read bursts.
    pub read_bursts: u64,
    /// Write bursts.
    pub write_bursts: u64,
}

/// One direction of the data bus: `beats_per_64` beats in 64 cycles, evenly spread.
pub(crate) struct Link {
    rate: u64,
    /// When the next beat may go, in 64ths of a cycle times `rate`.
    next: u64,
}

impl Link {
    pub fn ready(&self, cycle: u64) -> bool {
        self.next <= cycle * self.rate
    }

    pub fn take(&mut self, cycle: u64) -> bool {
        if !self.ready(cycle) {
            return false;
        }
        // A link that stood idle does not save up beats, but keeps the fraction of the last one.
        self.next = (self.next + 64).max(cycle * self.rate + 1);
        true
    }
}

/// What both halves share.
pub(crate) struct Common {
    pub timing: Timing,
    pub cycle: u64,
    pub counters: PortCounters,
    pub violations: Vec<String>,
    pub read_link: Link,
    pub write_link: Link,
    faults: Vec<(Fault, u64)>,
    rows: [u64; BANKS],
    rng: SmallRng,
}

impl Common {
    /// Whether this cycle's back-pressure holds a ready signal low.
    pub fn held_back(&mut self) -> bool {
        self.timing.back_pressure > 0 && self.rng.random_range(0..256) < self.timing.back_pressure
    }

    /// When a burst accepted now is answered at the earliest.
    pub fn burst_ready(&mut self, address: u64, latency: u64) -> u64 {
        let mut at = self.cycle + latency;
        if self.timing.row_open > 0 {
            let row = address / ROW;
            let bank = (row ^ row >> 4 ^ row >> 8 ^ row >> 12) as usize % BANKS;
            if std::mem::replace(&mut self.rows[bank], row) != row {
                at += self.timing.row_open;
            }
        }
        if self.timing.jitter > 0 {
            at += self.rng.random_range(0..=self.timing.jitter);
        }
        at
    }

    pub fn check_fixed(&mut self, channel: &str, size: u64, burst: u64) {
        if size != 6 || burst != 1 {
            self.violations.push(format!("{channel}: size {size} and burst {burst}, where 6 and 1 (INCR) are due"));
        }
    }

    pub fn corrupt(&mut self, way: Way, id: u64, mut beat: Beat) -> Beat {
        for (fault, seen) in &mut self.faults {
            if fault.way == way && fault.id == id {
                if *seen == fault.beat {
                    beat[fault.word] ^= fault.mask;
                }
                *seen += 1;
            }
        }
        beat
    }
}

/// An AXI4 slave on the pins `PREFIX_ar*`, `PREFIX_r*`, `PREFIX_aw*`, `PREFIX_w*`, `PREFIX_b*`. Bursts are answered in order.
pub struct Slave {
    read: ReadHalf,
    write: WriteHalf,
    common: Common,
}

impl Slave {
    /// A slave on the pins with this prefix. `seed` decides jitter and back-pressure.
    pub fn new(instance: &Instance, prefix: &str, timing: Timing, seed: u64) -> Result<Self, Error> {
        assert!((1..=64).contains(&timing.beats_per_64), "1 to 64 beats in 64 cycles");
        let rate = timing.beats_per_64;
        let common = Common {
            timing,
            cycle: 0,
            counters: PortCounters::default(),
            violations: Vec::new(),
            read_link: Link { rate, next: 0 },
            write_link: Link { rate, next: 0 },
            faults: Vec::new(),
            rows: [u64::MAX; BANKS],
            rng: SmallRng::seed_from_u64(seed),
        };
        Ok(Self { read: ReadHalf::new(instance, prefix)?, write: WriteHalf::new(instance, prefix)?, common })
    }

    /// Corrupts a word that is still to come; beats are counted from here.
    pub fn inject(&mut self, fault: Fault) {
        self.common.faults.push((fault, 0));
    }

    /// Sets the design's inputs for the coming cycle. Before the evaluation with the clock low.
    pub fn drive(&mut self, instance: &mut Instance, memory: &mut dyn Memory) {
        self.read.drive(instance, memory, &mut self.common);
        self.write.drive(instance, &mut self.common);
    }

    /// Looks at the design's outputs. After the evaluation with the clock low, before the one with it high.
    pub fn sample(&mut self, instance: &Instance, memory: &mut dyn Memory) {
        self.write.sample(instance, memory, &mut self.common);
        self.read.sample(instance, &mut self.common);
        self.common.cycle += 1;
    }

    /// Forgets what is outstanding, as the design does in its reset.
    pub fn reset(&mut self, instance: &mut Instance) {
        self.read.reset(instance);
        self.write.reset(instance);
    }

    /// Nothing is outstanding.
    pub fn idle(&self) -> bool {
        self.read.idle() && self.write.idle()
    }

    /// What went through so far.
    pub fn counters(&self) -> PortCounters {
        self.common.counters
    }

    /// Breaches of the protocol seen so far.
    pub fn violations(&self) -> &[String] {
        &self.common.violations
    }
}
