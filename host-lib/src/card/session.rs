//! Sessions: each owns a range of card memory and a queue, and sees only its own.

use std::collections::HashMap;
use std::sync::Arc;

use karat_driver::{CardMemory, Device, Queue};
use parking_lot::Mutex;

use super::flight::Flight;
use super::vector::CardCode;
use super::{Card, OpenError};
use crate::vector::Shape;

/// Entries of a session's queue.
const ENTRIES: usize = 64;

/// A range of a card's memory and the commands on it. Clones are the same session; the last one frees its memory. Sessions of one card can
/// be used side by side, from several threads.
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Inner>);

/// In the order in which they go: commands under way are given up, then the card forgets the session, and then others may have the
/// memory.
pub(crate) struct Inner {
    pub(super) flight: Mutex<Flight>,
    /// Programs that the card has, by degree of the challenge field.
    pub(super) codes: Mutex<HashMap<(usize, Shape), Arc<CardCode>>>,
    _queue: OwnQueue,
    pub(super) session: karat_driver::Session,
    _range: CardMemory,
    pub(super) card: Card,
}

/// A queue that is deleted with its session.
struct OwnQueue {
    device: Arc<Device>,
    queue: Queue,
}

impl Drop for OwnQueue {
    fn drop(&mut self) {
        if let Err(error) = self.device.delete_queue(&self.queue) {
            tracing::warn!("the queue of a session could not be deleted: {error}");
        }
    }
}

impl Session {
    pub(super) fn new(card: &Card, beats: u32) -> Result<Self, OpenError> {
        let device = card.device();
        let range = card.0.memory.allocate(beats)?;
        let queue = OwnQueue { device: Arc::clone(device), queue: device.create_queue(ENTRIES)? };
        let session = device.session(range.first(), range.beats())?.on(&queue.queue);
        card.0.constants.lock().sessions += 1;
        Ok(Self(Arc::new(Inner {
            flight: Mutex::default(),
            codes: Mutex::default(),
            _queue: queue,
            session,
            _range: range,
            card: card.clone(),
        })))
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.0.card
    }

    /// The driver's view of it.
    pub fn driver(&self) -> &karat_driver::Session {
        &self.0.session
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.card.0.constants.lock().sessions -= 1;
    }
}
