//! The event loop: doorbells, entries, jobs, completions.

use karat_abi::engine::Engine;
use karat_abi::registers::{bells, control, status};
use karat_abi::{ABI_HASH, Submission};

use crate::card::Card;
use crate::command::{Commands, slots};
use crate::counters::Counters;
use crate::download::Download;
use crate::grind::Grind;
use crate::hardware::{Engines, Hardware};
use crate::lane::Lane;
use crate::log;
use crate::mailbox::{self, BEAT_WORDS, Direction, List, Purpose};
use crate::queue::Queues;
use crate::session::Sessions;
use crate::transform::Transform;
use crate::tree::Hash;
use crate::upload::Upload;
use crate::vector::Vector;

mod dispatch;
mod entries;

/// The firmware of a card: poll it for ever.
pub struct Firmware<H> {
    card: Card<H>,
    queues: Queues,
    sessions: Sessions,
    commands: Commands,
    /// Queues that may want a fetch and could not start it, a bit a queue; likewise those with entries in the mailbox.
    ringing: u32,
    fetched: u32,
    upload: Lane<Upload>,
    download: Lane<Download>,
    transform: Lane<Transform>,
    hash: Lane<Hash>,
    vector: Lane<Vector>,
    grind: Lane<Grind>,
    counters: Lane<Counters>,
}

impl<H: Hardware> Firmware<H> {
    /// Takes over a card whose engines are idle, and publishes what firmware this is.
    ///
    /// Not inlined: what it makes the state from would stay on the stack beside it for ever.
    #[inline(never)]
    pub fn new(mut hardware: H) -> Self {
        hardware.set_control(control::STATUS, status::BOOTING);
        hardware.set_control(control::FIRMWARE_HASH_LO, ABI_HASH as u32);
        hardware.set_control(control::FIRMWARE_HASH_HI, (ABI_HASH >> 32) as u32);
        hardware.set_control(control::DOORBELLS, !0);
        Self {
            card: Card::new(hardware),
            queues: Queues::new(),
            sessions: Sessions::new(),
            commands: Commands::new(),
            ringing: 0,
            fetched: 0,
            upload: Lane::new(),
            download: Lane::new(),
            transform: Lane::new(),
            hash: Lane::new(),
            vector: Lane::new(),
            grind: Lane::new(),
            counters: Lane::new(),
        }
    }

    /// Tells the host that the admin queue is served.
    pub fn announce(&mut self) {
        log::line(&mut self.card.hardware, "ready, card memory in beats", self.card.capabilities.card_beats);
        self.card.hardware.set_control(control::STATUS, status::READY);
    }

    /// The card's registers.
    pub fn hardware(&self) -> &H {
        &self.card.hardware
    }

    /// The card's registers.
    pub fn hardware_mut(&mut self) -> &mut H {
        &mut self.card.hardware
    }

    /// Gives the card back, as it is.
    pub fn into_hardware(self) -> H {
        self.card.hardware
    }

    /// Does everything that can be done now, without waiting for anything.
    ///
    /// An entry goes from its doorbell to its first descriptor without a detour: a doorbell starts the fetch, the end of the
    /// fetch starts the command, and its lane comes first. What can't go on at once is looked at again here.
    #[inline]
    pub fn poll(&mut self) {
        let bells = self.card.hardware.control(control::DOORBELLS);
        // Looked at before anything is started: what was started is done if the engine is idle.
        let idle = bells & MAILBOX_BUSY == 0;
        if self.card.mailbox.may_be_done(idle) {
            self.collect(idle);
        }
        if bells & bells::BELLS != 0 {
            self.answer(bells);
        }
        if self.commands.active | self.ringing | self.fetched != 0 {
            self.work();
            if self.ringing | self.fetched != 0 {
                self.go_on();
            }
        }
    }

    /// Starts fetches and takes entries that had to wait.
    #[inline(never)]
    fn go_on(&mut self) {
        for number in slots(self.ringing) {
            self.fetch(number);
        }
        for number in slots(self.fetched) {
            self.reserve(number);
            let queue = self.queues.get(number);
            if let Some(slot) = queue.reserved.take() {
                let next = queue.next;
                self.accept(number, slot, next);
            }
        }
    }

    /// Takes note of the mailbox transfers that are done.
    #[inline]
    fn collect(&mut self, idle: bool) {
        let Card { mailbox, hardware, engines, .. } = &mut self.card;
        // One at a time: what it leads to may start another transfer.
        if let Some(purpose) = mailbox.take_done(hardware, engines, idle) {
            match purpose {
                Purpose::Fetch { queue, entries } => self.entries_arrived(queue, entries),
                // The completion is in host memory: now the host may be told.
                Purpose::Post { queue } => self.card.hardware.set_control(control::INTERRUPT, queue.into()),
                Purpose::List(list) => self.arrived(list),
                Purpose::Counters => (),
            }
        }
    }

    /// Takes note of what jobs read, if it has come.
    #[inline(never)]
    fn collect_lists(&mut self) {
        let Card { mailbox, hardware, engines, .. } = &mut self.card;
        if mailbox.next_is_list()
            && let Some(Purpose::List(list)) = mailbox.take_done(hardware, engines, false)
        {
            self.arrived(list);
        }
    }

    /// Something that a job reads is in the mailbox.
    #[inline(never)]
    fn arrived(&mut self, list: List) {
        let failed = Engines::faulted(&mut self.card.hardware, Engine::Mailbox);
        match list {
            List::Upload => self.upload.arrived(list, failed),
            List::Download | List::Indices => self.download.arrived(list, failed),
            List::Lde => self.transform.arrived(list, failed),
            List::Hash => self.hash.arrived(list, failed),
            List::Vector => self.vector.arrived(list, failed),
            List::Grind => self.grind.arrived(list, failed),
        }
    }

    /// Lets every lane go on, then posts completions.
    #[inline]
    fn work(&mut self) {
        // What often waits for another comes after it, so that it starts in the same round.
        if !self.upload.rests(&self.commands) {
            self.upload.poll(&mut self.card, &mut self.commands, &self.sessions);
        }
        // Functions of their own: inlined here, they would put their branches out of each other's reach.
        if !self.transform.rests(&self.commands) {
            self.poll_transform();
        }
        if !self.vector.rests(&self.commands) {
            self.poll_vector();
            // That may have taken long, and what others wait for may be there.
            if self.card.mailbox.next_is_list() {
                self.collect_lists();
            }
        }
        if !self.hash.rests(&self.commands) {
            self.poll_hash();
        }
        if !self.grind.rests(&self.commands) {
            self.poll_grind();
        }
        if !self.download.rests(&self.commands) {
            self.poll_download();
        }
        if !self.counters.rests(&self.commands) {
            self.poll_counters();
        }
        if self.commands.begun != 0 {
            self.enter();
        }
        while !self.commands.finished.is_empty() && self.card.mailbox.room() {
            self.post();
        }
    }

    #[inline(never)]
    fn poll_download(&mut self) {
        self.download.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    #[inline(never)]
    fn poll_transform(&mut self) {
        self.transform.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    #[inline(never)]
    fn poll_hash(&mut self) {
        self.hash.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    #[inline(never)]
    fn poll_vector(&mut self) {
        self.vector.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    #[inline(never)]
    fn poll_grind(&mut self) {
        self.grind.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    #[inline(never)]
    fn poll_counters(&mut self) {
        self.counters.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    /// Enters commands that started into the account of stages, when their engines are at work already.
    #[inline(never)]
    fn enter(&mut self) {
        for slot in slots(core::mem::take(&mut self.commands.begun)) {
            let Submission { stage, id, .. } = self.commands.get(slot).submission;
            self.card.stages.begin(&mut self.card.hardware, stage);
            self.card.hardware.set_control(control::MARKER, stage & 0xff | u32::from(id) << 8);
        }
    }

    /// Posts the oldest completion, together with those that follow it in the same beat of the same ring.
    #[inline(never)]
    fn post(&mut self) {
        let Some(first) = self.commands.finished.first() else { return };
        let number = self.commands.get(first).queue;
        let (host, mut quarter) = self.queues.get(number).post_position();
        let beat = mailbox::COMPLETIONS + 2 * u32::from(number) + self.queues.get(number).post_half();
        let mut strobe = 0;
        let mut released = 0;
        while let Some(slot) = self.commands.finished.first() {
            let command = self.commands.get(slot);
            let queue = self.queues.get(number);
            if command.queue != number || (strobe != 0 && queue.post_position() != (host, quarter)) {
                break;
            }
            if !queue.is_silent() {
                let place = beat * BEAT_WORDS + quarter * 4;
                for (word, place) in queue.completion(number, command).into_iter().zip(place..) {
                    self.card.hardware.set_mailbox(place, word);
                }
                strobe |= 3 << (2 * quarter);
                quarter += 1;
                self.card.completed += 1;
            }
            if command.started {
                self.card.stages.end(&mut self.card.hardware, command.submission.stage);
            }
            queue.release(slot);
            self.commands.finished.pop();
            released |= 1 << slot;
        }
        if strobe != 0 {
            self.card.transfer(host, beat, 1, Direction::Write { strobe }, Purpose::Post { queue: number });
        }
        for slot in slots(released) {
            for ready in slots(self.commands.release(slot)) {
                self.unblock(ready);
            }
        }
        if self.commands.active == 0 {
            self.card.stages.wait(&mut self.card.hardware);
        }
        // A slot or a completion entry may be what a fetched entry waits for; `accept` looks again at the next poll.
    }
}

/// The mailbox engine's activity in DOORBELLS.
const MAILBOX_BUSY: u32 = 1 << (bells::BUSY_SHIFT + Engine::Mailbox as u32);
