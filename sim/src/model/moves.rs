//! The streams between host and card: rows of words to beats of tiles, and back.
//!
//! Nothing is copied before both ends of a stream are there: a stream holds what was announced by one end, and the other end moves the
//! words between host memory and tiles in one step.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_abi::engine::{card, host};
use karat_firmware::software::Words;
use p3_maybe_rayon::prelude::*;

use super::row::{Beat, canonical};
use crate::host::{HostMemory, HostWords};

/// Rows that a thread moves at a time.
const SHARE: usize = 256;

/// What was announced and not moved yet.
#[derive(Default)]
pub(super) struct Streams {
    upload: VecDeque<HostWords>,
    download: VecDeque<Rows>,
}

/// Rows of a matrix in tiles, and the words of them that are left.
#[derive(Clone)]
struct Rows {
    /// Beat of row 0 in tile 0.
    first: usize,
    /// Beats between two tiles.
    stride: usize,
    width: usize,
    left: Range<usize>,
}

impl Rows {
    fn new(words: &Words) -> Self {
        let [first, stride, width, rows] =
            [card::CARD, card::TILE_STRIDE, card::WIDTH, card::ROWS].map(|word| words[word] as usize);
        Self { first, stride, width, left: 0..rows * width }
    }

    fn beats(&self) -> u64 {
        (self.width.div_ceil(8) * (self.left.len() / self.width)) as u64
    }
}

fn address(words: &Words) -> u64 {
    u64::from(words[host::ADDRESS_LO]) | u64::from(words[host::ADDRESS_HI]) << 32
}

/// Beats of the host's bus that a descriptor of a piece touches.
pub(super) fn host_beats(words: &Words) -> u64 {
    let start = address(words);
    (start + u64::from(words[host::BYTES])).div_ceil(64) - start / 64
}

fn piece(memory: &HostMemory, words: &Words) -> Vec<HostWords> {
    memory.words(address(words), words[host::BYTES] as usize / 8)
}

impl Streams {
    /// Announces a piece of host memory. False if some of it is not mapped.
    pub(super) fn host_read(&mut self, memory: &HostMemory, words: &Words) -> bool {
        let piece = piece(memory, words);
        let good = piece.iter().all(HostWords::is_mapped);
        self.upload.extend(piece);
        good
    }

    /// Takes rows from the stream, if all are announced; beats written.
    pub(super) fn card_write(&mut self, memory: &mut [Beat], words: &Words) -> Option<u64> {
        let rows = Rows::new(words);
        let needed = rows.left.len();
        if self.upload.iter().map(HostWords::len).sum::<usize>() < needed {
            return None;
        }
        let whole = self.upload.front_mut().filter(|front| front.is_mapped() && front.len() >= needed);
        if let Some(front) = whole {
            to_tiles(memory, &rows, &front.take(needed).slice().expect("it is mapped"));
        } else {
            let mut gathered = Vec::with_capacity(needed);
            while gathered.len() < needed {
                let front = self.upload.front_mut().expect("enough was announced");
                front.take(needed - gathered.len()).read(&mut gathered);
                if front.len() == 0 {
                    self.upload.pop_front();
                }
            }
            to_tiles(memory, &rows, &gathered.as_slice());
        }
        while self.upload.front().is_some_and(|front| front.len() == 0) {
            self.upload.pop_front();
        }
        Some(rows.beats())
    }

    /// Announces rows to the stream; beats that they are.
    pub(super) fn card_read(&mut self, words: &Words) -> u64 {
        let rows = Rows::new(words);
        let beats = rows.beats();
        self.download.push_back(rows);
        beats
    }

    /// Takes words from the stream to host memory, if all are announced; false if some of that is not mapped.
    pub(super) fn host_write(&mut self, host: &HostMemory, memory: &[Beat], words: &Words) -> Option<bool> {
        let needed = words[host::BYTES] as usize / 8;
        if self.download.iter().map(|rows| rows.left.len()).sum::<usize>() < needed {
            return None;
        }
        let mut good = true;
        for mut target in piece(host, words) {
            good &= target.is_mapped();
            while target.len() > 0 {
                let rows = self.download.front_mut().expect("enough was announced");
                let count = rows.left.len().min(target.len());
                let part = Rows { left: rows.left.start..rows.left.start + count, ..rows.clone() };
                rows.left.start += count;
                if rows.left.is_empty() {
                    self.download.pop_front();
                }
                if let Some(target) = target.take(count).slice() {
                    from_tiles(memory, &part, target);
                }
            }
        }
        Some(good)
    }
}

/// Words in host memory or out of it.
trait Source: Sync {
    fn word(&self, index: usize) -> u64;
}

impl Source for &[AtomicU64] {
    #[inline(always)]
    fn word(&self, index: usize) -> u64 {
        self[index].load(Ordering::Relaxed)
    }
}

impl Source for &[u64] {
    #[inline(always)]
    fn word(&self, index: usize) -> u64 {
        self[index]
    }
}

/// Writes rows as tiles, canonical. Absent columns of the last tile become zero.
fn to_tiles(memory: &mut [Beat], rows: &Rows, source: &impl Source) {
    // What the host stored before it rang is seen by the loads below.
    std::sync::atomic::fence(Ordering::Acquire);
    let (width, count) = (rows.width, rows.left.len() / rows.width);
    let tiles = width.div_ceil(8);
    let stride = if tiles == 1 { count } else { rows.stride };
    let windows = memory[rows.first..].par_chunks_mut(stride).take(tiles).enumerate();
    windows.for_each(|(tile, window)| {
        let columns = (width - 8 * tile).min(8);
        window[..count].par_chunks_mut(SHARE).enumerate().for_each(|(share, beats)| {
            for (row, beat) in (share * SHARE..).zip(beats) {
                let first = row * width + 8 * tile;
                *beat = if columns == 8 {
                    std::array::from_fn(|column| canonical(source.word(first + column)))
                } else {
                    let word = |column| if column < columns { source.word(first + column) } else { 0 };
                    std::array::from_fn(|column| canonical(word(column)))
                };
            }
        });
    });
}

/// Stores words of rows, which need not begin or end with a row.
fn from_tiles(memory: &[Beat], rows: &Rows, target: &[AtomicU64]) {
    let width = rows.width;
    let (row, column) = (rows.left.start / width, rows.left.start % width);
    let (head, rest) = target.split_at(if column == 0 { 0 } else { target.len().min(width - column) });
    copy_row(memory, rows, row, column, head);
    let row = row + usize::from(column > 0);
    rest.par_chunks(SHARE * width).enumerate().for_each(|(share, part)| {
        for (i, target) in part.chunks(width).enumerate() {
            copy_row(memory, rows, row + share * SHARE + i, 0, target);
        }
    });
}

/// Stores words of a row from a column on.
#[inline(always)]
fn copy_row(memory: &[Beat], rows: &Rows, row: usize, column: usize, target: &[AtomicU64]) {
    let beat = |tile: usize| &memory[rows.first + tile * rows.stride + row];
    if column == 0 {
        for (tile, target) in target.chunks(8).enumerate() {
            target.iter().zip(beat(tile)).for_each(|(target, word)| target.store(*word, Ordering::Relaxed));
        }
    } else {
        for (column, target) in (column..).zip(target) {
            target.store(beat(column / 8)[column % 8], Ordering::Relaxed);
        }
    }
}
