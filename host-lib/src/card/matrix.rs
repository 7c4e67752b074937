//! Handles to what stands in card memory.

use std::sync::Arc;

use karat_driver::{CardMemory, Layout};

use super::flight::Ticket;
use super::session::{Inner, Session};
use super::vector::View;

/// Columns that one upload brings and one extension takes, so that they overlap: a multiple of a tile's eight.
pub(crate) const PANEL_COLUMNS: u32 = 32;

/// A matrix in card memory, tile-major, freed when dropped.
pub struct CardMatrix {
    pub(super) memory: Arc<CardMemory>,
    pub(super) layout: Layout,
    /// What fills each panel of `PANEL_COLUMNS` columns.
    pub(super) panels: Vec<Ticket>,
    pub(super) _session: Arc<Inner>,
}

/// A panel of a matrix: columns `first .. first + width`.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    pub first: u32,
    pub width: u32,
}

impl CardMatrix {
    /// A matrix of one panel, which command `filled_by` fills.
    pub(crate) fn new(session: &Session, memory: Arc<CardMemory>, layout: Layout, filled_by: Ticket) -> Self {
        Self { memory, layout, panels: vec![filled_by], _session: session.0.clone() }
    }

    /// A matrix that nothing has filled.
    pub(crate) fn empty(session: &Session, memory: Arc<CardMemory>, layout: Layout) -> Self {
        Self { memory, layout, panels: Vec::new(), _session: session.0.clone() }
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> &Arc<CardMemory> {
        &self.memory
    }

    /// The matrix from row `row` on, for a program.
    pub(crate) fn view(&self, row: u32) -> View {
        View::tiles(self.layout.first + row, self.layout.tile_stride, Layout::tiles(self.layout.width))
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.layout.rows as usize
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.layout.width as usize
    }
}

/// The panels of a matrix of this width.
pub(super) fn panels(width: u32) -> impl Iterator<Item = Panel> {
    let step = PANEL_COLUMNS as usize;
    (0..width).step_by(step).map(move |first| Panel { first, width: PANEL_COLUMNS.min(width - first) })
}

/// The part of a layout that a panel covers.
pub(super) fn part(layout: &Layout, panel: Panel) -> Layout {
    Layout { first: layout.first + panel.first / 8 * layout.tile_stride, width: panel.width, ..*layout }
}

/// A Merkle tree in card memory, freed when dropped: a heap of 32-byte nodes, two a beat.
pub struct CardTree {
    pub(super) memory: Arc<CardMemory>,
    /// Nodes of the lowest level.
    pub(super) leaves: u32,
    pub(super) _session: Arc<Inner>,
}
