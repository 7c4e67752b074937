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
    /// Position after the next step.
    pub following: Signal<Out, Bits<16>>,
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
    narrow: Register<Bit>,
    words: Register<Bits<27>>,
    // At most 8 words are left of the row.
    end_of_row: Register<Bit>,
    // Rows behind the group; the group is the last one.
    rows_after: Register<Bits<32>>,
    last_group: Register<Bit>,
    full_group: Register<Bits<16>>,
    group: Register<Bits<16>>,
    row: Register<Bits<16>>,
    // The row is the last of its group.
    last_row: Register<Bit>,
    base: Register<Bits<16>>,
    at: Register<Bits<16>>,
    new_group: Signal<Local, Bits<16>>,
    next_row: Signal<Local, Bits<16>>,
    row_after_next: Signal<Local, Bits<16>>,
    end_of_group: Signal<Local, Bit>,
    end_of_walk: Signal<Local, Bit>,
}

impl Logic for RowWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, row_words, narrow, words, end_of_row, rows_after, last_group, full_group);
        dff_setup!(self, clock, group, row, last_row, base, at);
        self.next_row.next = self.row.q.val() + 1;
        self.row_after_next.next = self.row.q.val() + 2;
        self.end_of_group.next = self.end_of_row.q.val() && self.last_row.q.val();
        self.end_of_walk.next = self.end_of_group.val() && self.last_group.q.val();

        self.walking.next = self.active.q.val();
        self.position.next = self.at.q.val();
        self.following.next = self.at.q.val() + self.group.q.val();
        if self.end_of_row.q.val() {
            self.following.next = self.base.q.val() + self.next_row.val();
        }
        if self.end_of_group.val() {
            // The last beat of the last tile.
            self.following.next = self.at.q.val() + 1;
        }
        self.count.next = 8.into();
        if self.end_of_row.q.val() {
            self.count.next = self.words.q.val().get_bits::<4>(0);
        }
        self.complete.next = self.end_of_group.val() || (self.group.q.val() == 1);
        self.last.next = self.end_of_walk.val();

        self.new_group.next = bits::<16>(1) << self.log_group.val();
        if self.load.val() {
            self.active.d.next = true;
            self.row_words.d.next = self.width.val();
            self.narrow.d.next = self.width.val() <= 8;
            self.words.d.next = self.width.val();
            self.end_of_row.d.next = self.width.val() <= 8;
            self.rows_after.d.next = self.rows.val() - bit_cast::<32, 16>(self.new_group.val());
            self.last_group.d.next = false;
            self.full_group.d.next = self.new_group.val();
            self.group.d.next = self.new_group.val();
            if self.rows.val() <= bit_cast::<32, 16>(self.new_group.val()) {
                self.last_group.d.next = true;
                self.group.d.next = self.rows.val().get_bits::<16>(0);
            }
            self.row.d.next = 0.into();
            self.last_row.d.next = (self.log_group.val() == 0) || (self.rows.val() == 1);
            self.base.d.next = self.at.q.val();
        }
        if self.step.val() {
            self.at.d.next = self.following.val();
            if self.end_of_row.q.val() {
                self.words.d.next = self.row_words.q.val();
                self.end_of_row.d.next = self.narrow.q.val();
                self.row.d.next = self.next_row.val();
                self.last_row.d.next = self.row_after_next.val() == self.group.q.val();
            } else {
                self.words.d.next = self.words.q.val() - 8;
                self.end_of_row.d.next = self.words.q.val() <= 16;
            }
            if self.end_of_group.val() {
                self.base.d.next = self.at.q.val() + 1;
                self.row.d.next = 0.into();
                self.last_row.d.next = (self.full_group.q.val() == 1) || (self.rows_after.q.val() == 1);
                self.rows_after.d.next = self.rows_after.q.val() - bit_cast::<32, 16>(self.full_group.q.val());
                self.group.d.next = self.full_group.q.val();
                if self.rows_after.q.val() <= bit_cast::<32, 16>(self.full_group.q.val()) {
                    self.last_group.d.next = true;
                    self.group.d.next = self.rows_after.q.val().get_bits::<16>(0);
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
    /// At least those of the next one.
    pub next_len: Signal<Out, Bits<16>>,
    /// It is the last of the walk.
    pub last: Signal<Out, Bit>,
    /// Goes on to the next burst.
    pub step: Signal<In, Bit>,
    active: Register<Bit>,
    words: Register<Bits<27>>,
    // At most 8 words are left of the row: the tile is the last of the group.
    end_of_group: Register<Bit>,
    // Rows behind the group; the group is the last one.
    rows_after: Register<Bits<32>>,
    last_group: Register<Bit>,
    group: Register<Bits<16>>,
    row_at: Register<Bits<32>>,
    at: Register<Bits<32>>,
    full_group: Signal<Local, Bits<16>>,
    next_row_at: Signal<Local, Bits<32>>,
    end_of_walk: Signal<Local, Bit>,
}

impl Logic for TileWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, words, end_of_group, rows_after, last_group, group, row_at, at);
        self.full_group.next = bits::<16>(1) << self.log_group.val();
        self.next_row_at.next = self.row_at.q.val() + bit_cast::<32, 16>(self.group.q.val());
        self.end_of_walk.next = self.end_of_group.q.val() && self.last_group.q.val();

        self.walking.next = self.active.q.val();
        self.addr.next = self.at.q.val();
        self.len.next = self.group.q.val();
        self.next_len.next = self.full_group.val();
        self.last.next = self.end_of_walk.val();

        if self.load.val() {
            self.active.d.next = true;
            self.words.d.next = self.width.val();
            self.end_of_group.d.next = self.width.val() <= 8;
            self.rows_after.d.next = self.rows.val() - bit_cast::<32, 16>(self.full_group.val());
            self.last_group.d.next = false;
            self.row_at.d.next = self.card.val();
            self.at.d.next = self.card.val();
            self.group.d.next = self.full_group.val();
            if self.rows.val() <= bit_cast::<32, 16>(self.full_group.val()) {
                self.last_group.d.next = true;
                self.group.d.next = self.rows.val().get_bits::<16>(0);
            }
        }
        if self.step.val() {
            if self.end_of_group.q.val() {
                self.words.d.next = self.width.val();
                self.end_of_group.d.next = self.width.val() <= 8;
                self.row_at.d.next = self.next_row_at.val();
                self.at.d.next = self.next_row_at.val();
                self.rows_after.d.next = self.rows_after.q.val() - bit_cast::<32, 16>(self.full_group.val());
                self.group.d.next = self.full_group.val();
                if self.rows_after.q.val() <= bit_cast::<32, 16>(self.full_group.val()) {
                    self.last_group.d.next = true;
                    self.group.d.next = self.rows_after.q.val().get_bits::<16>(0);
                }
            } else {
                self.words.d.next = self.words.q.val() - 8;
                self.end_of_group.d.next = self.words.q.val() <= 16;
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
