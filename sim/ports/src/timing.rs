//! Timing of a memory behind an AXI port.

/// How a memory answers. All times are in cycles of the port's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// From the acceptance of a read burst to its first beat, at least.
    pub read_latency: u64,
    /// From the last beat of a write burst to its response, at least.
    pub write_latency: u64,
    /// Beats that each direction can carry in 64 cycles, 1 to 64.
    pub beats_per_64: u64,
    /// Read bursts accepted and not answered, at most.
    pub reads: usize,
    /// Write bursts accepted and not answered, at most.
    pub writes: usize,
    /// Extra cycles when a burst opens another row of its bank (rows of 2 KiB, 16 banks); 0 for none.
    pub row_open: u64,
    /// Most extra cycles of a burst, drawn evenly from the seed; 0 for none.
    pub jitter: u64,
    /// Of 256 cycles, how many have each ready signal low, drawn from the seed; 0 for none.
    pub back_pressure: u32,
}

impl Timing {
    /// Host memory behind PCIe: 200 cycles of read latency and 60 bytes a cycle, which at 200 MHz is the 12 GB/s that a
    /// Gen3 x16 link carries.
    pub const HOST: Timing = Timing {
        read_latency: 200,
        write_latency: 100,
        beats_per_64: 60,
        reads: 32,
        writes: 32,
        row_open: 0,
        jitter: 0,
        back_pressure: 0,
    };

    /// One channel of card memory: 40 cycles of read latency, a beat a cycle, 10 cycles more for another row.
    pub const CARD: Timing = Timing {
        read_latency: 40,
        write_latency: 20,
        beats_per_64: 64,
        reads: 32,
        writes: 32,
        row_open: 10,
        jitter: 0,
        back_pressure: 0,
    };
}
