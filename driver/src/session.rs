//! A session: a range of card memory and the commands that work on it.

use std::sync::Arc;
use std::time::Duration;

use karat_abi::{
    Completion, GrindArguments, LdeArguments, MatrixArguments, MerkleArguments, Opcode, Stage, Submission,
    TILE_COLUMNS, VectorArguments, VectorPass, queue,
};

use crate::buffer::contiguous;
use crate::dual::{Twin, Writes};
use crate::memory::Arena;
use crate::payload::Payload;
use crate::{CardMemory, Device, DmaMemory, Error, HostBuffer, Pending, Queue, Transport};

/// How long a submission may wait for room in its ring.
const ROOM_TIMEOUT: Duration = Duration::from_secs(600);

/// A range of card memory and a queue for the commands on it. The last handle of a session ends it: the card takes no new
/// command for it then, and gives the range to nobody else before the last one under way has ended. After a reset of the
/// card every use of a session from before fails with [`Error::CardReset`].
pub struct Session {
    claim: Arc<Claim>,
    queue: Queue,
    /// The same on the card that the device is compared with.
    twin: Option<Twin>,
}

/// The card's promise of a range.
struct Claim {
    device: Arc<Device>,
    number: u16,
    /// Resets of the device before it.
    generation: u64,
    arena: Arena,
}

/// Where a matrix stands in card memory: tile-major, 8 columns a tile, `tile_stride` beats from tile to tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// First beat.
    pub first: u32,
    /// Beats between two tiles.
    pub tile_stride: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub rows: u32,
}

impl Layout {
    /// Tiles of a matrix of this width.
    pub fn tiles(width: u32) -> u32 {
        width.div_ceil(TILE_COLUMNS)
    }
}

/// When a command may start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum After {
    /// At once.
    #[default]
    Nothing,
    /// When the command with this id, of the same queue, has ended.
    Command(u16),
    /// When all earlier commands of the queue have ended.
    All,
}

impl Session {
    pub(crate) fn new(device: Arc<Device>, number: u16, generation: u64, arena: Arena, twin: Option<Twin>) -> Self {
        let queue = device.queue().clone();
        Self { claim: Arc::new(Claim { device, number, generation, arena }), queue, twin }
    }

    /// The same session with its commands on another queue.
    pub fn on(&self, queue: &Queue) -> Self {
        Self { claim: self.claim.clone(), queue: queue.clone(), twin: self.twin.clone() }
    }

    /// The card.
    pub fn device(&self) -> &Arc<Device> {
        &self.claim.device
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &**self.claim.device.transport()
    }

    /// Takes at least `beats` beats of the session's memory. Keep them until the last command on them has ended: who
    /// takes them next is not made to wait for it.
    pub fn allocate(&self, beats: u32) -> Result<CardMemory, Error> {
        self.claim.device.expect_generation(self.claim.generation)?;
        let memory = self.claim.arena.allocate(beats)?;
        if let Some(twin) = &self.twin {
            twin.prepare(self, &memory)?;
        }
        Ok(memory)
    }

    /// The session's memory.
    pub fn arena(&self) -> &Arena {
        &self.claim.arena
    }

    /// Pinned memory of `words` words.
    pub fn buffer(&self, words: usize) -> Result<HostBuffer, Error> {
        HostBuffer::new(self.transport(), words)
    }

    /// Pinned memory with a copy of `values`.
    pub fn buffer_from(&self, values: &[u64]) -> Result<HostBuffer, Error> {
        HostBuffer::from_words(self.transport(), values)
    }

    /// A command that waits for nothing.
    pub(crate) fn blank(stage: Stage) -> Submission {
        Submission { stage: stage as u32, after: queue::NO_COMMAND, ..Default::default() }
    }

    fn submission(stage: Stage, after: After) -> Submission {
        let blank = Self::blank(stage);
        match after {
            After::Nothing => blank,
            After::Command(id) => Submission { after: id, ..blank },
            After::All => Submission { flags: queue::flags::FENCE, ..blank },
        }
    }

    pub(crate) fn with_matrix(submission: Submission, layout: &Layout) -> Submission {
        let Layout { first, tile_stride, width, rows } = *layout;
        Submission { card: first, tile_stride, width, rows, ..submission }
    }

    /// Submits a command; to both of two cards, and waits for it. `writes` says what it writes, if it succeeds.
    fn submit<T: Payload>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
        writes: impl FnOnce() -> Writes,
    ) -> Result<Pending<T>, Error> {
        match &self.twin {
            None => self.submit_alone(opcode, payload.address(submission), payload),
            Some(twin) => twin.run(self, opcode, submission, payload, writes),
        }
    }

    /// Submits a command with its addresses to this card.
    pub(crate) fn submit_alone<T: Send + 'static>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
    ) -> Result<Pending<T>, Error> {
        let submission = Submission { session: self.claim.number, ..submission };
        self.queue.submit_in(self.claim.generation, opcode, submission, payload, ROOM_TIMEOUT)
    }

    /// Completes with `value`.
    pub fn nop(&self, value: u32, after: After) -> Result<Pending<()>, Error> {
        let submission = Submission { param: value, ..Self::submission(Stage::None, after) };
        self.submit(Opcode::Nop, submission, (), || Writes::Nothing)
    }

    /// Host rows (row-major, `width * rows` words of any value) to tiles.
    pub fn upload(
        &self,
        buffer: HostBuffer,
        layout: &Layout,
        stage: Stage,
        after: After,
    ) -> Result<Pending<HostBuffer>, Error> {
        let submission = Self::with_matrix(Self::submission(stage, after), layout);
        self.submit(Opcode::Upload, submission, buffer, || Writes::upload(layout))
    }

    /// Rows `first_row ..` of tiles to host rows.
    pub fn download(
        &self,
        buffer: HostBuffer,
        layout: &Layout,
        first_row: u32,
        stage: Stage,
        after: After,
    ) -> Result<Pending<HostBuffer>, Error> {
        let submission = Self::with_matrix(Self::submission(stage, after), layout);
        let submission = Submission { param: first_row, ..submission };
        let rows = || (first_row..first_row + layout.rows).collect();
        self.submit(Opcode::Download, submission, buffer, || Writes::Host { width: layout.width, rows: rows() })
    }

    /// The rows with these indices to host rows, in this order. `layout.rows` is the height of the matrix.
    pub fn gather(
        &self,
        buffer: HostBuffer,
        layout: &Layout,
        indices: &[u32],
        stage: Stage,
        after: After,
    ) -> Result<Pending<(HostBuffer, DmaMemory)>, Error> {
        let list = contiguous(self.transport(), bytemuck::cast_slice(indices))?;
        let submission = Submission {
            list_len: size_of_val(indices) as u32,
            rows: indices.len() as u32,
            param: layout.rows,
            ..Self::with_matrix(Self::submission(stage, after), layout)
        };
        let writes = || Writes::Host { width: layout.width, rows: indices.to_vec() };
        self.submit(Opcode::Gather, submission, (buffer, list), writes)
    }

    /// A low-degree extension or a plain transform.
    pub fn lde(&self, arguments: &LdeArguments, stage: Stage, after: After) -> Result<Pending<DmaMemory>, Error> {
        self.with_arguments(Opcode::Lde, bytemuck::bytes_of(arguments), stage, after, || Writes::lde(arguments))
    }

    /// A Merkle tree over matrices, tallest first.
    pub fn merkle(
        &self,
        arguments: &MerkleArguments,
        matrices: &[MatrixArguments],
        stage: Stage,
        after: After,
    ) -> Result<Pending<DmaMemory>, Error> {
        let mut bytes = bytemuck::bytes_of(arguments).to_vec();
        bytes.extend_from_slice(bytemuck::cast_slice(matrices));
        self.with_arguments(Opcode::Merkle, &bytes, stage, after, || Writes::merkle(arguments, matrices))
    }

    /// Descriptors of the vector engine, 1 to [`MAX_PASSES`](karat_abi::command::MAX_PASSES), one after the other.
    pub fn vector(&self, passes: &[VectorPass], stage: Stage, after: After) -> Result<Pending<DmaMemory>, Error> {
        let arguments = VectorArguments { passes: passes.len() as u32, ..Default::default() };
        let mut bytes = bytemuck::bytes_of(&arguments).to_vec();
        bytes.extend_from_slice(bytemuck::cast_slice(passes));
        let lanes = self.claim.device.info().vector_lanes;
        self.with_arguments(Opcode::Vector, &bytes, stage, after, || Writes::vector(passes, lanes))
    }

    /// A search for a proof of work; the result of its completion is the smallest witness.
    pub fn grind(&self, arguments: &GrindArguments, stage: Stage, after: After) -> Result<Pending<DmaMemory>, Error> {
        self.with_arguments(Opcode::Grind, bytemuck::bytes_of(arguments), stage, after, || Writes::Nothing)
    }

    fn with_arguments(
        &self,
        opcode: Opcode,
        bytes: &[u8],
        stage: Stage,
        after: After,
        writes: impl FnOnce() -> Writes,
    ) -> Result<Pending<DmaMemory>, Error> {
        let list = contiguous(self.transport(), bytes)?;
        let submission = Submission { list_len: bytes.len() as u32, ..Self::submission(stage, after) };
        self.submit(opcode, submission, list, writes)
    }

    /// Any submission, for tests of the card's own checks: only what [`Queue::submit`] fills in, and the session, are filled in. Of two
    /// cards it goes to the first alone.
    pub fn raw<T: Send + 'static>(
        &self,
        opcode: Opcode,
        submission: Submission,
        payload: T,
    ) -> Result<Pending<T>, Error> {
        self.submit_alone(opcode, submission, payload)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match self.device.end_session(self.number, self.generation) {
            // A reset has ended it before.
            Ok(()) | Err(Error::CardReset { .. }) => {}
            Err(error) => tracing::warn!("a session could not be ended: {error}"),
        }
    }
}

/// Waits for a command and insists on its success.
pub fn finish<T: Send + 'static>(pending: Pending<T>, timeout: Duration) -> Result<(T, Completion), Error> {
    let (payload, completion) = pending.wait(timeout)?;
    Ok((payload, completion?))
}
