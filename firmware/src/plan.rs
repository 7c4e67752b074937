//! The passes of a transform: which table fills and descriptors make a low-degree extension or a plain transform of any size.
//!
//! The derivation stands in `hdl/ntt/README.md`; names are its: K = log2 of the transform buffer, h = ceil(K / 2), q = h,
//! levels of `a = K - h` bits, `m(l)` = log2 of a row of level l. A *pass* is a sequence of *settings*, each a few table fills
//! and the descriptors that use them; settings alternate between the two banks of twiddle sets.

use bytemuck::Zeroable;
use karat_abi::LdeArguments;
use karat_abi::command::lde;
use karat_abi::engine::ntt;

use crate::goldilocks::{inverse_of_two_to_the, mul, power, power_of_two_power, root, root_inverse};

const BLOCKS: usize = ntt::MAX_BLOCKS as usize;

/// What to do next.
pub(crate) enum Action {
    Fill(Fill),
    /// A descriptor to push, and whether it uses its bank of tables.
    Run([u32; ntt::WORDS], bool),
}

/// A geometric table fill.
pub(crate) struct Fill {
    pub(crate) index: u32,
    pub(crate) start: u64,
    pub(crate) ratio: u64,
    pub(crate) count: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// A(l): transforms across the rows of level l, before the last ones.
    Split(u32),
    /// B, for the blocks from this one on; or the last pass of a plain transform.
    Last(u32),
    /// C(l): forward transforms across the rows of level l.
    Join(u32),
    Done,
}

/// A geometric sequence `start * ratio^i`, with the power of the ratio that the HI table steps by.
#[derive(Clone, Copy)]
struct Sequence {
    start: u64,
    ratio: u64,
    high: u64,
}

const ONES: Sequence = Sequence { start: 1, ratio: 1, high: 1 };

/// A matrix of `2^n`-row blocks in card memory.
#[derive(Clone, Copy)]
struct Area {
    first: u32,
    tile: u32,
}

/// The plan of one command, as an iterator over its actions.
pub(crate) struct Plan {
    arguments: LdeArguments,
    k: u32,
    h: u32,
    a: u32,
    /// Levels before the last: f - 1.
    levels: u32,
    /// Bank of the current setting.
    bank: u32,
    /// First tile of the batch, and its tiles.
    tile: u32,
    batch: u32,
    pass: Pass,
    setting: u32,
    settings: u32,
    fill: u32,
    descriptor: u32,
    descriptors: u32,
    /// The load twiddles of this setting.
    load: Sequence,
    /// What `load` is multiplied by when the row digit advances; `start` of it when the group does.
    step: Sequence,
    /// `step.start` to the row digit.
    group: u64,
    /// Settings since the load's HI and ratio changed; the same for the blocks' HI tables.
    load_age: u32,
    blocks_age: u32,
    blocks: [Sequence; BLOCKS],
    /// What the start of a block's sequence is multiplied by for the next row.
    shifts: [u64; BLOCKS],
    block_count: u32,
}

fn reverse(value: u32, bits: u32) -> u32 {
    if bits == 0 { 0 } else { value.reverse_bits() >> (32 - bits) }
}

fn extends(arguments: &LdeArguments) -> bool {
    arguments.mode & !lde::REVERSED == lde::EXTEND
}

impl Plan {
    /// Nothing to do.
    pub(crate) fn empty() -> Self {
        Self {
            arguments: LdeArguments::zeroed(),
            k: 0,
            h: 0,
            a: 0,
            levels: 0,
            bank: 0,
            tile: 0,
            batch: 0,
            pass: Pass::Done,
            setting: 0,
            settings: 0,
            fill: 0,
            descriptor: 0,
            descriptors: 0,
            load: ONES,
            step: ONES,
            group: 1,
            load_age: 0,
            blocks_age: 0,
            blocks: [ONES; BLOCKS],
            shifts: [1; BLOCKS],
            block_count: 0,
        }
    }

    /// Plans for arguments that were validated, with a work area that suffices, on an engine with a buffer of `2^k` beats;
    /// `bank` is the bank of tables to begin with.
    pub(crate) fn begin(&mut self, arguments: &LdeArguments, k: u32, bank: u32) {
        self.arguments = *arguments;
        self.k = k;
        self.h = k.div_ceil(2);
        self.a = k - self.h;
        self.levels = 0;
        while arguments.log_rows > k + self.levels * self.a {
            self.levels += 1;
        }
        self.bank = bank;
        self.tile = 0;
        self.begin_batch();
    }

    /// Gives the rest up.
    pub(crate) fn abort(&mut self) {
        self.pass = Pass::Done;
    }

    /// The bank that the next plan should begin with.
    pub(crate) fn bank(&self) -> u32 {
        self.bank
    }

    /// Beats of work area that an extension takes for one tile; 0 if it is done in one pass.
    pub(crate) fn scratch_per_tile(arguments: &LdeArguments, k: u32) -> u64 {
        if extends(arguments) && arguments.log_rows > k { 1 << (arguments.log_rows + arguments.log_blowup) } else { 0 }
    }

    /// The next action, if there is one.
    pub(crate) fn next(&mut self) -> Option<Action> {
        loop {
            if self.pass == Pass::Done {
                return None;
            }
            while self.fill < self.fills() {
                let fill = self.fill;
                self.fill += 1;
                if let Some(fill) = self.table(fill) {
                    return Some(Action::Fill(fill));
                }
            }
            if self.descriptor < self.descriptors {
                let words = self.words(self.descriptor);
                self.descriptor += 1;
                return Some(Action::Run(words, self.fills() > 0));
            }
            self.advance();
        }
    }

    fn extends(&self) -> bool {
        extends(&self.arguments)
    }

    /// The source stands in bit-reversed order.
    fn reversed(&self) -> bool {
        self.arguments.mode & lde::REVERSED != 0
    }

    /// log2 of the rows of a row of level `l`.
    fn m(&self, l: u32) -> u32 {
        self.arguments.log_rows - l * self.a
    }

    /// The root of unity of order 2^`log` for the transforms that come first.
    fn unit(&self, log: u32) -> u64 {
        if self.arguments.mode == lde::FORWARD { root(log) } else { root_inverse(log) }
    }

    /// The input of a plain transform is scaled in its first pass.
    fn scales(&self) -> bool {
        self.arguments.mode == lde::FORWARD && self.arguments.shift != 1
    }

    fn begin_batch(&mut self) {
        let left = self.arguments.tiles - self.tile;
        let per_tile = Self::scratch_per_tile(&self.arguments, self.k);
        let dense = u64::from(self.arguments.destination_stride) == per_tile;
        self.batch = left.min(if per_tile == 0 {
            left
        } else if dense {
            // A shift, since per_tile is a power of two.
            self.arguments.scratch_beats >> per_tile.trailing_zeros()
        } else {
            1
        });
        if self.batch == 0 {
            self.pass = Pass::Done;
        } else {
            self.begin_pass(if self.levels == 0 { Pass::Last(0) } else { Pass::Split(1) });
        }
    }

    fn begin_pass(&mut self, pass: Pass) {
        self.pass = pass;
        self.setting = 0;
        self.descriptors = 1;
        self.load = ONES;
        self.step = ONES;
        self.group = 1;
        self.load_age = 0;
        self.blocks_age = 0;
        let (a, h) = (self.a, self.h);
        match pass {
            Pass::Split(1) if !self.scales() => {
                self.settings = 1;
                self.descriptors = if self.reversed() { 1 << (self.m(1) - h) } else { self.batch };
            }
            Pass::Split(1) => {
                let shift = self.arguments.shift;
                self.settings = 1 << (self.m(1) - h);
                self.load = Sequence { start: 1, ratio: shift, high: power_of_two_power(shift, self.m(1)) };
                self.group = power_of_two_power(shift, h);
            }
            Pass::Split(l) => {
                self.settings = 1 << (a + self.m(l) - h);
                self.descriptors = self.batch;
                let log = self.m(l - 2);
                self.step =
                    Sequence { start: self.unit(log - h), ratio: self.unit(log), high: self.unit(log - self.m(l)) };
            }
            Pass::Last(block) if self.extends() => {
                self.settings = 1 << (self.levels * a);
                self.begin_load();
                self.begin_blocks(block);
            }
            Pass::Last(_) => {
                if self.levels > 0 {
                    self.settings = 1 << a;
                    self.descriptors = self.batch;
                    self.begin_load();
                } else {
                    self.settings = 1;
                    let shift = if self.scales() { self.arguments.shift } else { 1 };
                    self.load = Sequence { start: 1, ratio: shift, high: power_of_two_power(shift, h) };
                }
                if self.arguments.mode == lde::INVERSE {
                    self.load.start = inverse_of_two_to_the(self.arguments.log_rows);
                }
            }
            Pass::Join(l) => {
                self.settings = 1 << (self.m(l) - h);
                self.step.high = root(self.m(l - 1));
            }
            Pass::Done => self.settings = 0,
        }
        self.fill = 0;
        self.descriptor = 0;
    }

    /// Load twiddles of the last pass: powers of the root of the level above.
    fn begin_load(&mut self) {
        if self.levels > 0 {
            let log = self.m(self.levels - 1);
            self.step = Sequence { start: 1, ratio: self.unit(log), high: self.unit(log - self.h) };
        }
    }

    /// The coset factors of the blocks from `first` on, for the row with prefix 0.
    fn begin_blocks(&mut self, first: u32) {
        let LdeArguments { log_rows, log_blowup, shift, .. } = self.arguments;
        let generator = root(log_rows + log_blowup);
        let scale = inverse_of_two_to_the(log_rows);
        self.block_count = ((1 << log_blowup) - first).min(ntt::MAX_BLOCKS);
        let blocks = self.blocks.iter_mut().zip(&mut self.shifts).take(self.block_count as usize);
        for (i, (block, next)) in blocks.enumerate() {
            let position = reverse(first + i as u32, log_blowup);
            let sigma = mul(shift, power(generator, position.into()));
            let ratio = power_of_two_power(sigma, self.levels * self.a);
            *block = Sequence { start: scale, ratio, high: power_of_two_power(ratio, self.h) };
            *next = sigma;
        }
    }

    /// Goes to the next setting, pass or batch.
    fn advance(&mut self) {
        if self.fills() > 0 {
            self.bank ^= 1;
        }
        self.setting += 1;
        if self.setting == self.settings {
            return self.next_pass();
        }
        self.fill = 0;
        self.descriptor = 0;
        self.load_age += 1;
        self.blocks_age += 1;
        let next_digit = match self.pass {
            Pass::Split(l) => {
                // Settings are (row digit, group), the group running fastest.
                let groups = 1u32 << (self.m(l) - self.h);
                self.load.start = mul(self.load.start, self.group);
                self.setting & (groups - 1) == 0
            }
            Pass::Last(_) if self.extends() => {
                let count = self.block_count as usize;
                for (block, shift) in self.blocks.iter_mut().zip(&self.shifts).take(count) {
                    block.start = mul(block.start, *shift);
                }
                // Settings are prefixes; the digit of the level above is their highest.
                let below = 1u32 << (self.levels.saturating_sub(1) * self.a);
                self.setting & (below - 1) == 0
            }
            Pass::Last(_) | Pass::Join(_) => true,
            Pass::Done => false,
        };
        if next_digit {
            self.load_age = 0;
            self.load.ratio = mul(self.load.ratio, self.step.ratio);
            self.load.high = mul(self.load.high, self.step.high);
            if let Pass::Split(_) = self.pass {
                self.load.start = 1;
                self.group = mul(self.group, self.step.start);
            }
        }
    }

    fn next_pass(&mut self) {
        let next = match self.pass {
            Pass::Split(l) if l < self.levels => Pass::Split(l + 1),
            Pass::Split(_) => Pass::Last(0),
            Pass::Last(block) if self.extends() && block + self.block_count < 1 << self.arguments.log_blowup => {
                Pass::Last(block + self.block_count)
            }
            Pass::Last(_) if self.extends() && self.levels > 0 => Pass::Join(self.levels),
            Pass::Join(l) if l > 1 => Pass::Join(l - 1),
            _ => Pass::Done,
        };
        if next == Pass::Done {
            self.tile += self.batch;
            self.begin_batch();
        } else {
            self.begin_pass(next);
        }
    }

    /// Whether loads are scaled in this pass.
    fn loads(&self) -> bool {
        match self.pass {
            Pass::Split(l) => l > 1 || self.scales(),
            Pass::Last(_) => self.levels > 0 || self.scales() || self.arguments.mode == lde::INVERSE,
            Pass::Join(_) | Pass::Done => false,
        }
    }

    /// Fills that a setting may need: LO and HI of the load, then of each block.
    fn fills(&self) -> u32 {
        match self.pass {
            Pass::Last(_) if self.extends() => 2 + 2 * self.block_count,
            Pass::Join(_) => 2,
            _ if self.loads() => 2,
            _ => 0,
        }
    }

    /// The fill of a number, unless its table holds that already from two settings ago.
    fn table(&self, fill: u32) -> Option<Fill> {
        let (set, hi) = (fill / 2, fill & 1 == 1);
        let (sequence, fresh) = match set.checked_sub(1) {
            Some(block) => (*self.blocks.get(block as usize)?, !hi || self.blocks_age < 2),
            None => (self.load, true),
        };
        let frame = match self.pass {
            Pass::Last(_) => self.m(self.levels),
            _ => self.k,
        };
        let needed = match self.pass {
            Pass::Join(_) => hi,
            // In the last pass the load is the same for all rows with the same digit.
            Pass::Last(_) if set == 0 => self.loads() && self.load_age < 2,
            Pass::Split(_) => !hi || self.load_age < 2,
            _ => fresh,
        };
        let log_count = if hi { frame.saturating_sub(self.h) } else { frame.min(self.h) };
        needed.then_some(Fill {
            index: ntt::table_index(self.bank, set, hi),
            start: if hi { 1 } else { sequence.start },
            ratio: if hi { sequence.high } else { sequence.ratio },
            count: 1 << log_count,
        })
    }

    /// The source, the destination and the work area, at the first tile of the batch.
    fn area(&self, first: u32, tile: u32) -> Area {
        Area { first: first.wrapping_add(self.tile.wrapping_mul(tile)), tile }
    }

    /// What this pass reads and writes.
    fn areas(&self) -> (Area, Area) {
        let arguments = &self.arguments;
        let source = self.area(arguments.source, arguments.source_stride);
        let destination = self.area(arguments.destination, arguments.destination_stride);
        if !self.extends() {
            let first = self.levels == 0 || self.pass == Pass::Split(1);
            return (if first { source } else { destination }, destination);
        }
        // The work area is reused by every batch.
        let scratch = Area { first: arguments.scratch, tile: 1 << (arguments.log_rows + arguments.log_blowup) };
        // The last of the `levels` joins writes the destination, and each swaps the two.
        let swap = |odd: u32| if odd & 1 == 1 { (destination, scratch) } else { (scratch, destination) };
        let (x, y) = swap(self.levels);
        match self.pass {
            Pass::Split(1) => (source, x),
            Pass::Split(_) => (x, x),
            Pass::Last(_) if self.levels == 0 => (source, destination),
            Pass::Last(_) => (x, y),
            Pass::Join(l) => swap(l + 1),
            Pass::Done => (source, destination),
        }
    }

    fn words(&self, number: u32) -> [u32; ntt::WORDS] {
        let (from, to) = self.areas();
        let (a, h, setting) = (self.a, self.h, self.setting);
        let inverse = if self.arguments.mode == lde::FORWARD { 0 } else { ntt::INVERSE };
        let twiddle = if self.loads() { ntt::LOAD_TWIDDLE } else { 0 };
        let mut words = [0; ntt::WORDS];
        words[ntt::BLOCKS] = 1;
        // Offsets of the first burst, the distances and number of the descriptor's tiles.
        let (src, dst, tiles, src_tile, dst_tile, mode);
        let strided = |burst: u32, l: u32| (self.k | burst << 8 | burst << 16 | h << 24, 1 << self.m(l));
        match self.pass {
            Pass::Split(l) => {
                let (shape, stride) = strided(h, l);
                words[ntt::SHAPE] = shape;
                words[ntt::SRC_STRIDE] = stride;
                words[ntt::DST_STRIDE] = stride;
                let in_order = match self.extends() {
                    true if l == 1 && self.reversed() => ntt::SRC_REVERSE,
                    true => ntt::DST_REVERSE,
                    false => 0,
                };
                mode = ntt::DIRECT | inverse | in_order | twiddle;
                let groups = 1u32 << (self.m(l) - h);
                let group = (setting & (groups - 1)) << h;
                if l > 1 {
                    let row = self.place(l - 1, setting >> (self.m(l) - h)) << self.m(l - 1);
                    src = (row + group).wrapping_add(number.wrapping_mul(from.tile));
                    dst = (row + group).wrapping_add(number.wrapping_mul(to.tile));
                    tiles = 1 << (a * (l - 2));
                    src_tile = 1 << self.m(l - 2);
                    dst_tile = src_tile;
                } else if self.scales() {
                    (src, dst, tiles, src_tile, dst_tile) = (group, group, self.batch, from.tile, to.tile);
                } else if self.reversed() {
                    // Frames stand one behind the other; what they are transformed to is put in order beat by beat.
                    words[ntt::SHAPE] = self.k | h << 24;
                    words[ntt::SRC_STRIDE] = 1;
                    words[ntt::DST_STRIDE] = groups;
                    src = number << self.k;
                    dst = reverse(number, self.m(1) - h);
                    (tiles, src_tile, dst_tile) = (self.batch, from.tile, to.tile);
                } else {
                    src = number.wrapping_mul(from.tile);
                    dst = number.wrapping_mul(to.tile);
                    (tiles, src_tile, dst_tile) = (groups, 1 << h, 1 << h);
                }
            }
            Pass::Last(block) => {
                let frame = self.m(self.levels);
                words[ntt::SHAPE] = frame | frame << 8 | frame << 16;
                if self.extends() {
                    let (row_before, row) = self.rows(setting);
                    src = row_before << frame;
                    dst = (row << frame) + (block << self.arguments.log_rows);
                    (tiles, src_tile, dst_tile) = (self.batch, from.tile, to.tile);
                    words[ntt::DST_BLOCK] = 1 << self.arguments.log_rows;
                    words[ntt::BLOCKS] = self.block_count;
                    if self.levels == 0 && self.reversed() {
                        words[ntt::SHAPE] = frame | frame << 16;
                        words[ntt::SRC_STRIDE] = 1;
                        mode = ntt::EXTEND | ntt::SRC_REVERSE;
                    } else {
                        mode = ntt::EXTEND | twiddle;
                    }
                } else {
                    mode = ntt::DIRECT | inverse | twiddle;
                    if let Some(above) = self.levels.checked_sub(1) {
                        let row = self.place(self.levels, setting) << frame;
                        src = row.wrapping_add(number.wrapping_mul(from.tile));
                        dst = src;
                        tiles = 1 << (a * above);
                        src_tile = 1 << self.m(above);
                        dst_tile = src_tile;
                    } else {
                        (src, dst, tiles, src_tile, dst_tile) = (0, 0, self.batch, from.tile, to.tile);
                    }
                }
            }
            Pass::Join(l) => {
                let (_, stride) = strided(h, l);
                words[ntt::SHAPE] = self.k | h << 8 | self.k << 16 | h << 24;
                words[ntt::SRC_STRIDE] = stride;
                let group = reverse(setting, self.m(l) - h);
                src = group << h;
                dst = group << self.k;
                tiles = self.batch << (self.arguments.log_blowup + a * (l - 1));
                src_tile = 1 << self.m(l - 1);
                dst_tile = src_tile;
                mode = ntt::TRANSPOSE;
            }
            Pass::Done => (src, dst, tiles, src_tile, dst_tile, mode) = (0, 0, 1, 0, 0, 0),
        }
        words[ntt::SRC] = from.first.wrapping_add(src);
        words[ntt::DST] = to.first.wrapping_add(dst);
        words[ntt::SRC_TILE] = src_tile;
        words[ntt::DST_TILE] = dst_tile;
        words[ntt::TILES] = tiles;
        words[ntt::MODE] = mode | if self.bank & 1 == 1 { ntt::BANK } else { 0 };
        words
    }

    /// Where pass A(l) leaves the row with a digit: an extension in order, unless that pass has a bit-reversed source; a plain
    /// transform bit-reversed.
    fn place(&self, l: u32, digit: u32) -> u32 {
        let in_order = self.extends() && !(l == 1 && self.reversed());
        if in_order { digit } else { reverse(digit, self.a) }
    }

    /// The index of the row with a prefix, where passes A leave it and in order: the digits of the prefix, `a` bits each, in reverse.
    fn rows(&self, mut prefix: u32) -> (u32, u32) {
        let (mut left, mut row) = (0, 0);
        for l in 1..=self.levels {
            let digit = prefix & ((1 << self.a) - 1);
            left = left << self.a | self.place(l, digit);
            row = row << self.a | digit;
            prefix >>= self.a;
        }
        (left, row)
    }
}
