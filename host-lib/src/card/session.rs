//! Sessions: each owns a range of card memory and a queue, and sees only its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use karat_abi::Completion;
use karat_driver::{Arena, CardMemory, Device, Error, Pending, Queue, finish};
use parking_lot::Mutex;

use super::flight::Flight;
use super::vector::CardCode;
use super::{Card, OpenError};
use crate::BackendError;
use crate::vector::Shape;

/// Entries of a session's queue.
const ENTRIES: usize = 64;

/// A range of a card's memory and the commands on it. Clones are the same session; the last one frees its memory. Sessions of one card can
/// be used side by side, from several threads; a session makes one proof at a time.
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Inner>, Scope);

/// What a handle of a session works within.
#[derive(Clone)]
struct Scope {
    /// Where its card memory comes from: all of the session's, or a part that is set aside.
    arena: Arena,
    /// Cancellations before the work that the handle is for began.
    began: Option<u64>,
}

/// In the order in which they go: commands under way are given up, then the card forgets the session, and then others may have the
/// memory.
pub(crate) struct Inner {
    pub(super) flight: Mutex<Flight>,
    pub(super) codes: Mutex<Codes>,
    queue: OwnQueue,
    session: karat_driver::Session,
    _range: CardMemory,
    /// How often everything under way was cancelled.
    cancellations: AtomicU64,
    /// Held while it is.
    cancelling: Mutex<()>,
    pub(super) card: Card,
}

/// Programs that the card has, by degree of the challenge field.
#[derive(Default)]
pub(super) struct Codes {
    there: HashMap<(usize, Shape), Arc<CardCode>>,
    /// On their way, which may still fail.
    coming: HashMap<(usize, Shape), Arc<CardCode>>,
}

impl Codes {
    pub fn get(&self, key: &(usize, Shape)) -> Option<Arc<CardCode>> {
        self.there.get(key).or_else(|| self.coming.get(key)).map(Arc::clone)
    }

    pub fn insert(&mut self, key: (usize, Shape), code: Arc<CardCode>) {
        self.coming.insert(key, code);
    }
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
        let scope = Scope { arena: session.arena().clone(), began: None };
        let inner = Inner {
            flight: Mutex::new(Flight::new(*card.0.time_limit.lock())),
            codes: Mutex::default(),
            queue,
            session,
            _range: range,
            cancellations: AtomicU64::new(0),
            cancelling: Mutex::default(),
            card: card.clone(),
        };
        Ok(Self(Arc::new(inner), scope))
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.0.card
    }

    /// The driver's view of it.
    pub fn driver(&self) -> &karat_driver::Session {
        &self.0.session
    }

    /// Whether two handles are of the same session.
    pub(crate) fn is(&self, other: &Session) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Beats of card memory that a piece can have.
    pub fn free_beats(&self) -> u32 {
        self.0.session.arena().largest()
    }

    /// Ends everything under way in the session: what other threads set up or prove in it ends with [`crate::Error::Cancelled`] as soon
    /// as the card has stopped, and then leaves nothing in card memory. A trace that was on its way cannot be used any more. The
    /// session can.
    ///
    /// # Errors
    /// When the card fails.
    pub fn cancel(&self) -> Result<(), BackendError> {
        let _cancelling = self.0.cancelling.lock();
        // First, so that whoever is woken knows why.
        self.0.cancellations.fetch_add(1, Ordering::SeqCst);
        let ended = self.card().device().restart_queue(&self.0.queue.queue);
        self.give_up();
        ended.map_err(|error| BackendError::new("ending the commands of a session", error))
    }

    /// A handle for a piece of work that begins now, unless it is part of one already.
    pub(crate) fn begun(&self) -> Self {
        let mut handle = self.clone();
        handle.1.began.get_or_insert_with(|| {
            // After the cancellation of what was before.
            let _cancelling = self.0.cancelling.lock();
            self.0.cancellations.load(Ordering::SeqCst)
        });
        handle
    }

    /// Whether the handle's work was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.1.began.is_some_and(|began| began != self.0.cancellations.load(Ordering::SeqCst))
    }

    /// A handle whose memory is a piece of so many beats, which nothing else gets.
    pub(crate) fn reserve(&self, beats: u32) -> Result<Self, Error> {
        let whole = match self.0.session.allocate(beats) {
            // Commands under way may be all that still keeps it.
            Err(Error::CardMemory { .. }) => {
                self.settle()?;
                self.0.session.allocate(beats)?
            }
            other => other?,
        };
        Ok(Self(Arc::clone(&self.0), Scope { arena: Arena::within(whole), ..self.1 }))
    }

    /// Card memory for what stays.
    pub(crate) fn lasting(&self, beats: u32) -> Result<Arc<CardMemory>, Error> {
        self.1.arena.allocate(beats).map(Arc::new)
    }

    /// Card memory for what goes when the commands on it have ended.
    pub(crate) fn passing(&self, beats: u32) -> Result<Arc<CardMemory>, Error> {
        self.1.arena.allocate_high(beats).map(Arc::new)
    }

    /// Where commands are submitted, unless the handle's work was cancelled.
    pub(super) fn commands(&self) -> Result<&karat_driver::Session, Error> {
        if self.is_cancelled() {
            let name = self.card().device().transport().name().to_owned();
            let queue = self.0.queue.queue.number();
            return Err(Error::QueueGone { name, queue, why: "what was under way on it was cancelled" });
        }
        Ok(&self.0.session)
    }

    /// Waits for everything under way, so that its results are there and its failures known.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        self.0.flight.lock().finish()?;
        let Codes { there, coming } = &mut *self.0.codes.lock();
        there.extend(coming.drain());
        Ok(())
    }

    /// What a command gives back, after everything that was submitted before it.
    pub(super) fn collect<T: Send + 'static>(&self, pending: Pending<T>) -> Result<(T, Completion), Error> {
        let limit = {
            let mut flight = self.0.flight.lock();
            flight.begins();
            flight.limit
        };
        self.settle()?;
        let outcome = finish(pending, limit);
        self.0.flight.lock().ends();
        outcome
    }

    /// Waits for everything under way, which nobody wants any more.
    pub(crate) fn give_up(&self) {
        self.0.codes.lock().coming.clear();
        if let Err(error) = self.settle() {
            tracing::debug!("given up: {error}");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.card.0.constants.lock().sessions -= 1;
    }
}
