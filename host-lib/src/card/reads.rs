//! Rows and nodes that come to the host: many reads are under way at once, none waits for the host to ask for the next.

use std::collections::VecDeque;
use std::ops::Range;

use karat_abi::Stage;
use karat_driver::{After, Error, HostBuffer, Layout, finish};

use super::{CardMatrix, CardTree, Session};
use crate::backend::Node;

/// Indices of one command: its list must be in one piece of pinned memory.
const GATHER: usize = 1024;
/// Commands under way at most: fewer than a queue holds.
const LIMIT: usize = 32;

/// Rows of something in card memory.
pub(crate) struct Read {
    pub layout: Layout,
    /// In the order in which they come.
    pub rows: Vec<usize>,
}

impl CardMatrix {
    /// A read of rows.
    pub(crate) fn read(&self, rows: &[usize]) -> Read {
        Read { layout: self.layout, rows: rows.to_vec() }
    }
}

impl CardTree {
    /// A read of nodes, by heap number: of every beat that has one of them.
    pub(crate) fn read(&self, nodes: &[usize]) -> Read {
        let mut beats: Vec<usize> = nodes.iter().map(|node| node / 2).collect();
        beats.sort_unstable();
        beats.dedup();
        Read { layout: self.beats(), rows: beats }
    }

    fn beats(&self) -> Layout {
        let rows = self.leaves;
        Layout { first: self.memory.first(), tile_stride: rows, width: 8, rows }
    }
}

impl Read {
    /// The nodes that a tree was read for, from the words that came.
    pub(crate) fn nodes(&self, words: &[u64], nodes: &[usize]) -> Vec<Node> {
        let node = |node: &usize| {
            let beat = self.rows.binary_search(&(node / 2)).expect("every node's beat was read");
            node_of(&words[8 * beat + node % 2 * 4..][..4])
        };
        nodes.iter().map(node).collect()
    }
}

impl Session {
    /// The words of each read, row by row, after everything that was submitted before.
    ///
    /// When this returns, whether with an error or not, none of it is under way.
    pub(crate) fn read_all(&self, reads: &[Read], stage: Stage) -> Result<Vec<Vec<u64>>, Error> {
        let limit = {
            let mut flight = self.0.flight.lock();
            flight.begins();
            flight.limit
        };
        let mut words: Vec<Vec<u64>> =
            reads.iter().map(|read| Vec::with_capacity(read.layout.width as usize * read.rows.len())).collect();
        let mut pieces = reads
            .iter()
            .enumerate()
            .flat_map(|(number, read)| read.rows.chunks(GATHER).map(move |rows| (number, &read.layout, rows)));
        let mut pending = VecDeque::new();
        let mut result = Ok(());
        loop {
            while pending.len() < LIMIT
                && result.is_ok()
                && let Some((number, layout, rows)) = pieces.next()
            {
                match self.gather(layout, rows, stage) {
                    Ok(gather) => pending.push_back((number, gather)),
                    Err(error) => result = Err(error),
                }
            }
            let Some((number, gather)) = pending.pop_front() else { break };
            // What was submitted before is waited for once.
            result = result.and(self.settle());
            match finish(gather, limit) {
                Ok(((buffer, _), _)) => words[number].extend(buffer.to_vec()),
                Err(error) => result = result.and(Err(error)),
            }
            // What was cancelled meanwhile is not waited for to its end as if nothing had happened.
            result = result.and_then(|()| self.commands().map(|_| ()));
        }
        self.0.flight.lock().ends();
        result.map(|()| words)
    }

    fn gather(
        &self,
        layout: &Layout,
        rows: &[usize],
        stage: Stage,
    ) -> Result<karat_driver::Pending<(HostBuffer, karat_driver::DmaMemory)>, Error> {
        let indices: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
        let buffer = self.commands()?.buffer(layout.width as usize * indices.len())?;
        self.commands()?.gather(buffer, layout, &indices, stage, After::All)
    }

    /// Rows at `indices`.
    pub(crate) fn gather_rows(&self, layout: &Layout, indices: &[usize], stage: Stage) -> Result<Vec<u64>, Error> {
        let read = Read { layout: *layout, rows: indices.to_vec() };
        Ok(self.read_all(&[read], stage)?.pop().expect("one for each read"))
    }

    /// A range of rows.
    pub(crate) fn download_rows(&self, layout: &Layout, rows: Range<usize>, stage: Stage) -> Result<Vec<u64>, Error> {
        let buffer = self.commands()?.buffer(layout.width as usize * rows.len())?;
        let part = Layout { rows: rows.len() as u32, ..*layout };
        let pending = self.commands()?.download(buffer, &part, rows.start as u32, stage, After::All)?;
        Ok(self.collect(pending)?.0.to_vec())
    }

    /// A range of nodes of a tree.
    pub(crate) fn read_nodes(&self, tree: &CardTree, nodes: Range<usize>, stage: Stage) -> Result<Vec<Node>, Error> {
        let words = self.download_rows(&tree.beats(), nodes.start / 2..nodes.end.div_ceil(2), stage)?;
        let skip = nodes.start % 2;
        Ok(words.chunks_exact(4).skip(skip).take(nodes.len()).map(node_of).collect())
    }
}

fn node_of(words: &[u64]) -> Node {
    words.try_into().expect("a node has four words")
}
