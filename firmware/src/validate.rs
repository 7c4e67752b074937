//! What can be said against a submission entry before anything is fetched for it.

use karat_abi::command::{Counters, MAX_MATRICES, MAX_PASSES};
use karat_abi::queue::segment;
use karat_abi::registers::QUEUES;
use karat_abi::{
    GrindArguments, LdeArguments, MatrixArguments, MerkleArguments, Opcode, Status, Submission, TILE_COLUMNS,
    VectorArguments, VectorPass,
};

use crate::command::Failure;
use crate::session::{Range, Sessions};
use crate::tree;

/// Most columns of a matrix.
pub(crate) const MAX_WIDTH: u32 = 1 << 16;

/// The opcode of an entry, if the entry can be served on its queue.
pub(crate) fn validate(submission: &Submission, queue: u8, sessions: &Sessions) -> Result<Opcode, Failure> {
    let unknown = Failure::new(Status::UnknownOpcode, submission.opcode);
    let opcode = Opcode::from_u8(submission.opcode).ok_or(unknown)?;
    // By a Nop every queue tells that it is served.
    if opcode != Opcode::Nop && (queue == 0) != (submission.opcode < Opcode::Nop as u8) {
        return Err(unknown);
    }
    match opcode {
        Opcode::Upload | Opcode::Download | Opcode::Gather => moves(submission, opcode, sessions)?,
        Opcode::Lde => {
            sessions.open(submission.session)?;
            list(submission, size_of::<LdeArguments>() as u32)?;
        }
        Opcode::Merkle => {
            sessions.open(submission.session)?;
            counted_list::<MerkleArguments, MatrixArguments>(submission, MAX_MATRICES)?;
        }
        Opcode::Vector => {
            sessions.open(submission.session)?;
            counted_list::<VectorArguments, VectorPass>(submission, MAX_PASSES)?;
        }
        Opcode::Grind => {
            sessions.open(submission.session)?;
            list(submission, size_of::<GrindArguments>() as u32)?;
        }
        Opcode::LoadConstants => list(submission, tree::CONSTANTS_BYTES)?,
        Opcode::Counters => {
            if submission.host & 63 != 0 || submission.host.checked_add(size_of::<Counters>() as u64).is_none() {
                return Err(Failure::new(Status::HostRange, submission.host));
            }
        }
        Opcode::CreateQueue | Opcode::DeleteQueue => {
            if submission.param == 0 || submission.param >= QUEUES {
                return Err(Failure::new(Status::Queue, submission.param));
            }
        }
        // Not served yet.
        Opcode::CreateSession | Opcode::DeleteSession | Opcode::Nop => (),
    }
    Ok(opcode)
}

/// A contiguous list of a length.
fn list(submission: &Submission, bytes: u32) -> Result<(), Failure> {
    if submission.list_len != bytes {
        return Err(Failure::new(Status::HostRange, submission.list_len));
    }
    // The list is fetched in whole beats.
    let end = submission.list.checked_add(u64::from(bytes) + 63);
    if submission.list & 63 != 0 || end.is_none() {
        return Err(Failure::new(Status::HostRange, submission.list));
    }
    Ok(())
}

/// A contiguous list of a header and 1 to `most` entries.
fn counted_list<Header, Entry>(submission: &Submission, most: u32) -> Result<(), Failure> {
    let (header, entry) = (size_of::<Header>() as u32, size_of::<Entry>() as u32);
    let entries = submission.list_len.wrapping_sub(header) / entry;
    let bytes = header + entries.clamp(1, most) * entry;
    list(submission, bytes)
}

/// Commands that move rows between host and card.
#[inline(always)]
pub(crate) fn moves(submission: &Submission, opcode: Opcode, sessions: &Sessions) -> Result<(), Failure> {
    let Submission { host, host_len, segments, card, tile_stride, width, rows, param, .. } = *submission;
    let session = sessions.open(submission.session)?;
    if rows == 0 {
        return Err(Failure::new(Status::Rows, rows));
    }
    if width == 0 || width > MAX_WIDTH {
        return Err(Failure::new(Status::Width, width));
    }
    if u64::from(width) * u64::from(rows) * 8 != u64::from(host_len) {
        return Err(Failure::new(Status::HostRange, host_len));
    }
    let (alignment, reach) = if segments == 0 { (7, host_len) } else { (63, segments.saturating_mul(16)) };
    if host & alignment != 0 || host.checked_add(reach.into()).is_none() {
        return Err(Failure::new(Status::HostRange, host));
    }
    if segments > segment::MAX {
        return Err(Failure::new(Status::SegmentList, segments));
    }
    let end_row = match opcode {
        Opcode::Download => u64::from(param) + u64::from(rows),
        Opcode::Gather => {
            if rows > u32::MAX / 4 {
                return Err(Failure::new(Status::Rows, rows));
            }
            list(submission, rows * 4)?;
            u64::from(param)
        }
        _ => rows.into(),
    };
    let tiles = width.div_ceil(TILE_COLUMNS);
    if tiles > 1 && u64::from(tile_stride) < end_row {
        // Tiles would run into each other.
        return Err(Failure::new(Status::CardRange, card));
    }
    session.check(Range::of_matrix(card, tiles, tile_stride, end_row))
}
