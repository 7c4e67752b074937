//! A trace on its way to the card, column by column.

use karat_abi::{Stage, TILE_COLUMNS};
use karat_driver::Layout;
use p3_matrix::Matrix as _;
use p3_matrix::dense::RowMajorMatrix;

use crate::card::{CardMatrix, PANEL_COLUMNS, Session};
use crate::config::Val;
use crate::{BackendError, Error};

/// A trace in card memory, as far as its columns have been pushed. The card reads what was pushed while the next columns are made; the
/// host's copy can be given up at once.
pub struct Trace {
    session: Session,
    matrix: CardMatrix,
    columns: u32,
}

impl Trace {
    /// A trace of `rows` rows, a power of two, and `columns` columns, none of which is there yet.
    ///
    /// # Errors
    /// When it has no rows or columns, or does not fit in card memory.
    pub fn new(session: &Session, rows: usize, columns: usize) -> Result<Self, Error> {
        if !rows.is_power_of_two() || columns == 0 {
            return Err(Error::Statement(format!("a trace of {rows} rows and {columns} columns")));
        }
        let session = session.begun();
        let beats = rows as u64 * (columns as u64).div_ceil(TILE_COLUMNS.into());
        let operation = || format!("making room for {rows} rows of {columns} columns");
        let memory = session.passing(u32::try_from(beats).unwrap_or(u32::MAX)).map_err(|error| Error::Card {
            phase: "trace commitment",
            source: BackendError::new(operation(), error),
        })?;
        let layout =
            Layout { first: memory.first(), tile_stride: rows as u32, width: columns as u32, rows: rows as u32 };
        let matrix = CardMatrix::empty(&session, memory, layout);
        Ok(Self { session, matrix, columns: 0 })
    }

    /// A trace with all of its columns.
    ///
    /// # Errors
    /// As [`Trace::new`], and when the card fails.
    pub fn upload(session: &Session, values: &RowMajorMatrix<Val>) -> Result<Self, Error> {
        let mut trace = Self::new(session, values.height(), values.width())?;
        trace.push(values)?;
        Ok(trace)
    }

    /// Columns that a push must be a multiple of, but for the last.
    pub const COLUMNS: usize = PANEL_COLUMNS as usize;

    /// The next columns, rows in natural order; values need not be canonical. Their upload begins.
    ///
    /// # Errors
    /// When there are too many, too few in a push that is not the last, or of another height; and when the card fails.
    pub fn push(&mut self, values: &RowMajorMatrix<Val>) -> Result<(), Error> {
        let (columns, total) = (self.columns as usize + values.width(), self.matrix.width());
        if values.height() != self.matrix.height() || columns > total {
            return Err(Error::Statement(format!(
                "{} rows of {} columns do not fit behind {} columns of a trace of {} rows of {total}",
                values.height(),
                values.width(),
                self.columns,
                self.matrix.height()
            )));
        }
        if columns < total && !values.width().is_multiple_of(Self::COLUMNS) {
            return Err(Error::Statement(format!(
                "{} columns that are not the last: they are to be a multiple of {}",
                values.width(),
                Self::COLUMNS
            )));
        }
        let from = self.columns;
        let pushed = self.session.upload_columns(&mut self.matrix, from, values, Stage::Upload);
        pushed.map_err(|error| match self.session.is_cancelled() {
            true => Error::Cancelled,
            false => Error::Card {
                phase: "trace commitment",
                source: BackendError::new(format!("uploading columns from {from} on"), error),
            },
        })?;
        self.columns = columns as u32;
        Ok(())
    }

    /// The matrix, if all columns are there.
    pub(super) fn finish(self) -> Result<CardMatrix, Error> {
        if self.session.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if self.columns as usize != self.matrix.width() {
            return Err(Error::Statement(format!(
                "{} of the trace's {} columns are missing",
                self.matrix.width() - self.columns as usize,
                self.matrix.width()
            )));
        }
        Ok(self.matrix)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.matrix.height()
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.matrix.width()
    }

    pub(super) fn belongs_to(&self, session: &Session) -> bool {
        self.session.is(session)
    }
}
