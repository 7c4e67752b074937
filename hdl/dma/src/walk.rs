//! The two orders in which an engine visits the beats of rows `0..ROWS`: row by row as the stream has them, and tile by tile
//! as memory has them. Rows are taken in groups of 2^LOG_GROUP, the last group may be shorter. Both walks number the beats of
//! a group by their place in tile order, so that a ring written in one order can be read in the other.

use karat_hdl_base::register::Register;
use rust_hdl::prelude::*;

/// Visits the beats of a group row by row: beat of tile `t` of row `r` at position `base + t * rows + r`.
#[derive(LogicBlock, Default)]
pub struct RowWalk {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Ends the walk; the next one starts at position 0.
    pub reset: Signal<In, Bit>,
    /// Starts a walk at the position where the last one ended; only while not `walking`.
    pub load: Signal<In, Bit>,
    /// Words of a row.
    pub width: Signal<In, Bits<27>>,
    /// Rows.
    pub rows: Signal<In, Bits<32>>,
    /// log2 of the rows of a group, at most 14.
    pub log_group: Signal<In, Bits<5>>,
    /// There is a beat.
    pub walking: Signal<Out, Bit>,
    /// Its position.
    pub position: Signal<Out, Bits<16>>,
    /// Its words, 1 to 8.
    pub count: Signal<Out, Bits<4>>,
    /// All beats before its position + 1 have been visited.
    pub complete: Signal<Out, Bit>,
    /// It is the last of the walk.
    pub last: Signal<Out, Bit>,
    /// Goes on to the next beat.
    pub step: Signal<In, Bit>,
    active: Register<Bit>,
    row_words: Register<Bits<27>>,
    words: Register<Bits<27>>,
    rows_left: Register<Bits<32>>,
    full_group: Register<Bits<16>>,
    group: Register<Bits<16>>,
    row: Register<Bits<16>>,
    base: Register<Bits<16>>,
    at: Register<Bits<16>>,
    new_group: Signal<Local, Bits<16>>,
    rows_after: Signal<Local, Bits<32>>,
    next_row: Signal<Local, Bits<16>>,
    end_of_row: Signal<Local, Bit>,
    end_of_group: Signal<Local, Bit>,
    end_of_walk: Signal<Local, Bit>,
}

impl Logic for RowWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, row_words, words, rows_left, full_group, group, row, base, at);
        self.next_row.next = self.row.q.val() + 1;
        self.rows_after.next = self.rows_left.q.val() - bit_cast::<32, 16>(self.group.q.val());
        self.end_of_row.next = self.words.q.val() <= 8;
        self.end_of_group.next = self.end_of_row.val() && (self.next_row.val() == self.group.q.val());
        self.end_of_walk.next = self.end_of_group.val() && (self.rows_after.val() == 0);

        self.walking.next = self.active.q.val();
        self.position.next = self.at.q.val();
        self.count.next = 8.into();
        if self.end_of_row.val() {
            self.count.next = self.words.q.val().get_bits::<4>(0);
        }
        self.complete.next = self.end_of_group.val() || (self.group.q.val() == 1);
        self.last.next = self.end_of_walk.val();

        self.new_group.next = bits::<16>(1) << self.log_group.val();
        if self.load.val() {
            self.active.d.next = true;
            self.row_words.d.next = self.width.val();
            self.words.d.next = self.width.val();
            self.rows_left.d.next = self.rows.val();
            self.full_group.d.next = self.new_group.val();
            self.group.d.next = self.new_group.val();
            if self.rows.val() < bit_cast::<32, 16>(self.new_group.val()) {
                self.group.d.next = self.rows.val().get_bits::<16>(0);
            }
            self.row.d.next = 0.into();
            self.base.d.next = self.at.q.val();
        }
        if self.step.val() {
            if self.end_of_row.val() {
                self.words.d.next = self.row_words.q.val();
                self.row.d.next = self.next_row.val();
                self.at.d.next = self.base.q.val() + self.next_row.val();
            } else {
                self.words.d.next = self.words.q.val() - 8;
                self.at.d.next = self.at.q.val() + self.group.q.val();
            }
            if self.end_of_group.val() {
                // The last beat of the last tile.
                self.at.d.next = self.at.q.val() + 1;
                self.base.d.next = self.at.q.val() + 1;
                self.row.d.next = 0.into();
                self.rows_left.d.next = self.rows_after.val();
                self.group.d.next = self.full_group.q.val();
                if self.rows_after.val() < bit_cast::<32, 16>(self.full_group.q.val()) {
                    self.group.d.next = self.rows_after.val().get_bits::<16>(0);
                }
            }
            if self.end_of_walk.val() {
                self.active.d.next = false;
            }
        }
        if self.reset.val() {
            self.active.d.next = false;
            self.at.d.next = 0.into();
        }
    }
}

/// Visits the bursts of a group tile by tile: `len` beats from card beat `card + t * stride + row` on.
#[derive(LogicBlock, Default)]
pub struct TileWalk {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Ends the walk.
    pub reset: Signal<In, Bit>,
    /// Starts a walk; only while not `walking`. The parameters that follow may not change during the walk.
    pub load: Signal<In, Bit>,
    /// Beat of row 0 in tile 0.
    pub card: Signal<In, Bits<32>>,
    /// Beats between two tiles.
    pub stride: Signal<In, Bits<32>>,
    /// Words of a row.
    pub width: Signal<In, Bits<27>>,
    /// Rows.
    pub rows: Signal<In, Bits<32>>,
    /// log2 of the rows of a group, at most 14.
    pub log_group: Signal<In, Bits<5>>,
    /// There is a burst.
    pub walking: Signal<Out, Bit>,
    /// Its first beat.
    pub addr: Signal<Out, Bits<32>>,
    /// Its beats.
    pub len: Signal<Out, Bits<16>>,
    /// It is the last of the walk.
    pub last: Signal<Out, Bit>,
    /// Goes on to the next burst.
    pub step: Signal<In, Bit>,
    active: Register<Bit>,
    words: Register<Bits<27>>,
    rows_left: Register<Bits<32>>,
    group: Register<Bits<16>>,
    row_at: Register<Bits<32>>,
    at: Register<Bits<32>>,
    full_group: Signal<Local, Bits<16>>,
    rows_after: Signal<Local, Bits<32>>,
    next_row_at: Signal<Local, Bits<32>>,
    end_of_group: Signal<Local, Bit>,
    end_of_walk: Signal<Local, Bit>,
}

impl Logic for TileWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, words, rows_left, group, row_at, at);
        self.full_group.next = bits::<16>(1) << self.log_group.val();
        self.rows_after.next = self.rows_left.q.val() - bit_cast::<32, 16>(self.group.q.val());
        self.next_row_at.next = self.row_at.q.val() + bit_cast::<32, 16>(self.group.q.val());
        self.end_of_group.next = self.words.q.val() <= 8;
        self.end_of_walk.next = self.end_of_group.val() && (self.rows_after.val() == 0);

        self.walking.next = self.active.q.val();
        self.addr.next = self.at.q.val();
        self.len.next = self.group.q.val();
        self.last.next = self.end_of_walk.val();

        if self.load.val() {
            self.active.d.next = true;
            self.words.d.next = self.width.val();
            self.rows_left.d.next = self.rows.val();
            self.row_at.d.next = self.card.val();
            self.at.d.next = self.card.val();
            self.group.d.next = self.full_group.val();
            if self.rows.val() < bit_cast::<32, 16>(self.full_group.val()) {
                self.group.d.next = self.rows.val().get_bits::<16>(0);
            }
        }
        if self.step.val() {
            if self.end_of_group.val() {
                self.words.d.next = self.width.val();
                self.row_at.d.next = self.next_row_at.val();
                self.at.d.next = self.next_row_at.val();
                self.rows_left.d.next = self.rows_after.val();
                self.group.d.next = self.full_group.val();
                if self.rows_after.val() < bit_cast::<32, 16>(self.full_group.val()) {
                    self.group.d.next = self.rows_after.val().get_bits::<16>(0);
                }
            } else {
                self.words.d.next = self.words.q.val() - 8;
                self.at.d.next = self.at.q.val() + self.stride.val();
            }
            if self.end_of_walk.val() {
                self.active.d.next = false;
            }
        }
        if self.reset.val() {
            self.active.d.next = false;
        }
    }
}
