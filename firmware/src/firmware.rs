//! The event loop: doorbells, entries, jobs, completions.

use karat_abi::engine::Engine;
use karat_abi::registers::{QUEUES, control, status};
use karat_abi::{ABI_HASH, Checksum, Opcode, Status, Submission, queue::NO_COMMAND, queue::flags};

use crate::card::Card;
use crate::command::{Command, Commands, Failure, slots};
use crate::counters::Counters;
use crate::download::Download;
use crate::hardware::{Engines, Hardware};
use crate::lane::Lane;
use crate::log;
use crate::mailbox::{self, BEAT_WORDS, List, Purpose};
use crate::queue::{ENTRY_WORDS, Queue, Queues, State};
use crate::session::Sessions;
use crate::transform::Transform;
use crate::tree::Hash;
use crate::upload::Upload;
use crate::validate::validate;

/// The firmware of a card: poll it for ever.
pub struct Firmware<H> {
    card: Card<H>,
    queues: Queues,
    sessions: Sessions,
    commands: Commands,
    /// Queues that may want a fetch, a bit a queue; likewise those with entries in the mailbox.
    ringing: u32,
    fetched: u32,
    upload: Lane<Upload>,
    download: Lane<Download>,
    transform: Lane<Transform>,
    hash: Lane<Hash>,
    counters: Lane<Counters>,
}

impl<H: Hardware> Firmware<H> {
    /// Takes over a card whose engines are idle, and publishes what firmware this is.
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
    #[inline]
    pub fn poll(&mut self) {
        let bells = self.card.hardware.control(control::DOORBELLS);
        if bells != 0 {
            self.answer(bells);
        }
        if self.ringing != 0 {
            self.fetch();
        }
        if !self.card.mailbox.is_idle() {
            self.collect();
        }
        if self.fetched != 0 {
            self.accept();
        }
        if self.commands.active != 0 {
            self.work();
        }
    }

    /// Looks at the queues whose doorbells were rung.
    fn answer(&mut self, bells: u32) {
        // Cleared before the positions are read: a doorbell rung in between is seen again.
        self.card.hardware.set_control(control::DOORBELLS, bells);
        for number in slots(bells & ((1 << QUEUES) - 1)) {
            let queue = self.queues.get(number);
            if number == 0 && queue.state == State::Absent {
                open_admin_queue(&mut self.card.hardware, queue);
            }
            if queue.state != State::Live {
                continue;
            }
            let tail = self.card.hardware.sq_tail(number.into());
            let head = self.card.hardware.cq_head(number.into());
            if queue.ring(tail, head) {
                self.ringing |= 1 << number;
            } else {
                queue.state = State::Frozen;
                queue.waiting = 0;
                self.ringing &= !(1 << number);
                self.fetched &= !(1 << number);
                log::line(&mut self.card.hardware, "doorbell out of bounds, frozen queue", number.into());
            }
        }
    }

    /// Starts to fetch entries.
    fn fetch(&mut self) {
        for number in slots(self.ringing) {
            let queue = self.queues.get(number);
            if !queue.wants_fetch() {
                self.ringing &= !(1 << number);
                continue;
            }
            if !self.card.mailbox.room() {
                return;
            }
            let fetch = queue.fetch();
            let purpose = Purpose::Fetch { queue: number, entries: fetch.entries as u8 };
            self.card.fetch(
                fetch.host,
                mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES,
                fetch.entries,
                purpose,
            );
            self.ringing &= !(1 << number);
        }
    }

    /// Takes note of the mailbox transfers that are done.
    fn collect(&mut self) {
        let Card { mailbox, hardware, engines, .. } = &mut self.card;
        while let Some(purpose) = mailbox.take_done(hardware, engines) {
            match purpose {
                Purpose::Fetch { queue: number, entries } => {
                    let queue = self.queues.get(number);
                    queue.fetching = false;
                    if queue.state == State::Live {
                        queue.waiting = entries.into();
                        queue.next = 0;
                        self.fetched |= 1 << number;
                    }
                }
                // The completion is in host memory: now the host may be told.
                Purpose::Post { queue } => hardware.set_control(control::INTERRUPT, queue.into()),
                Purpose::List(list) => {
                    let failed = Engines::faulted(hardware, Engine::Mailbox);
                    match list {
                        List::Upload => self.upload.arrived(list, failed),
                        List::Download | List::Indices => self.download.arrived(list, failed),
                        List::Lde => self.transform.arrived(list, failed),
                        List::Hash => self.hash.arrived(list, failed),
                    }
                }
                Purpose::Counters => (),
            }
        }
    }

    /// Takes fetched entries into the table of commands, one of each queue.
    fn accept(&mut self) {
        for number in slots(self.fetched) {
            let queue = self.queues.get(number);
            if !queue.has_credit() {
                continue;
            }
            let Some(slot) = self.commands.free_slot(number) else { continue };
            let beat = mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES + queue.next;
            let position = queue.position();
            let others = queue.slots;
            queue.take(slot);
            if queue.waiting == 0 {
                self.fetched &= !(1 << number);
                self.ringing |= 1 << number;
            }
            let words: &mut [u32; ENTRY_WORDS] = bytemuck::cast_mut(&mut self.commands.get_mut(slot).submission);
            let mut sum = Checksum::new();
            let mut place = beat * BEAT_WORDS;
            let Some((checksum, body)) = words.split_last_mut() else { return };
            for word in body {
                *word = self.card.hardware.mailbox(place);
                sum.word(*word);
                place += 1;
            }
            *checksum = self.card.hardware.mailbox(place);
            let intact = *checksum == sum.value();
            self.dispatch(number, slot, others, intact.then_some(()).ok_or(position));
        }
    }

    /// Checks the entry that was read into a slot, and starts it if it waits for nothing. `others` are the slots of the queue's
    /// outstanding commands; `intact` has the entry's position if its checksum is wrong.
    #[inline]
    fn dispatch(&mut self, queue: u8, slot: u8, others: u32, intact: Result<(), u32>) {
        let Submission { id, after, flags, .. } = self.commands.get(slot).submission;
        let fence = flags & flags::FENCE != 0;
        let mut blocked_by = if fence { others } else { 0 };
        let mut twin = id == NO_COMMAND;
        for other in slots(others) {
            let other_id = self.commands.get(other).submission.id;
            twin |= other_id == id;
            if other_id == after {
                blocked_by |= 1 << other;
            }
        }
        let checked = match intact {
            Err(position) => Err(Failure::new(Status::CorruptEntry, position)),
            Ok(()) if twin => Err(Failure::new(Status::DuplicateId, id)),
            Ok(()) => validate(&self.commands.get(slot).submission, queue, &self.sessions),
        };
        let prepared = match checked {
            Ok(opcode @ (Opcode::DeleteQueue | Opcode::DeleteSession)) => self.prepare(slot, opcode).map(|others| {
                blocked_by |= others;
                opcode
            }),
            checked => checked,
        };
        match prepared {
            Err(failure) => {
                self.commands.insert(slot, queue, 0);
                self.commands.finish(slot, Err(failure));
            }
            Ok(opcode) => {
                self.commands.insert(slot, queue, blocked_by);
                if blocked_by == 0 {
                    self.start(slot, opcode);
                }
            }
        }
    }

    /// What deletions do before they wait: nothing new may come. The commands that they wait for, a bit a slot.
    #[cold]
    fn prepare(&mut self, slot: u8, opcode: Opcode) -> Result<u32, Failure> {
        let param = self.commands.get(slot).submission.param;
        match opcode {
            Opcode::DeleteSession => {
                self.sessions.close(param)?;
                let uses = |command: &Command| command.queue != 0 && u32::from(command.submission.session) == param;
                Ok(self.commands.select(self.commands.active, uses))
            }
            Opcode::DeleteQueue => {
                let number = param as u8;
                let queue = self.queues.get(number);
                if !matches!(queue.state, State::Live | State::Frozen) {
                    return Err(Failure::new(Status::Queue, param));
                }
                queue.state = State::Closing { silent: queue.is_silent() };
                queue.waiting = 0;
                let outstanding = queue.slots;
                self.ringing &= !(1 << number);
                self.fetched &= !(1 << number);
                self.abort(outstanding);
                Ok(outstanding)
            }
            _ => Ok(0),
        }
    }

    /// Gives up commands: those that wait end now, those under way as soon as the engines let them.
    #[cold]
    fn abort(&mut self, outstanding: u32) {
        let waiting = self.upload.abort(outstanding)
            | self.download.abort(outstanding)
            | self.transform.abort(outstanding)
            | self.hash.abort(outstanding)
            | self.counters.abort(outstanding);
        for slot in slots(outstanding) {
            self.commands.get_mut(slot).aborted = true;
            if waiting >> slot & 1 == 1 || self.commands.is_blocked(slot) {
                self.commands.finish(slot, Ok(0));
            }
        }
    }

    /// Starts a command that waits for nothing.
    fn start(&mut self, slot: u8, opcode: Opcode) {
        let command = self.commands.get_mut(slot);
        command.started = true;
        let submission = &command.submission;
        self.card.stages.begin(&mut self.card.hardware, submission.stage);
        let marker = submission.stage & 0xff | u32::from(submission.id) << 8;
        self.card.hardware.set_control(control::MARKER, marker);
        let outcome = match opcode {
            Opcode::Upload => return self.upload.add(slot),
            Opcode::Download | Opcode::Gather => return self.download.add(slot),
            Opcode::Lde => return self.transform.add(slot),
            Opcode::Merkle | Opcode::LoadConstants => return self.hash.add(slot),
            Opcode::Counters => return self.counters.add(slot),
            Opcode::Nop => Ok(submission.param.into()),
            Opcode::CreateSession => {
                self.sessions.create(submission.card, submission.rows, self.card.capabilities.card_beats)
            }
            Opcode::DeleteSession => {
                self.sessions.delete(submission.param);
                Ok(0)
            }
            Opcode::CreateQueue => {
                let Submission { param, host, list, rows, .. } = *submission;
                let created =
                    create_queue(&mut self.card.hardware, self.queues.get(param as u8), param, [host, list], rows);
                created.map(|()| 0)
            }
            Opcode::DeleteQueue => {
                *self.queues.get(submission.param as u8) = Queue::ABSENT;
                Ok(0)
            }
        };
        self.commands.finish(slot, outcome);
    }

    /// Lets every lane go on, then posts completions.
    fn work(&mut self) {
        let Self { card, commands, sessions, .. } = self;
        if !self.upload.is_idle() {
            self.upload.poll(card, commands, sessions);
        }
        if !self.download.is_idle() {
            self.download.poll(card, commands, sessions);
        }
        if !self.transform.is_idle() {
            self.transform.poll(card, commands, sessions);
        }
        if !self.hash.is_idle() {
            self.hash.poll(card, commands, sessions);
        }
        if !self.counters.is_idle() {
            self.counters.poll(card, commands, sessions);
        }
        while !self.commands.finished.is_empty() && self.card.mailbox.room() {
            self.post();
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
            self.card.send(host, beat, 1, strobe, Purpose::Post { queue: number });
        }
        for slot in slots(released) {
            for ready in slots(self.commands.release(slot)) {
                if let Some(opcode) = Opcode::from_u8(self.commands.get(ready).submission.opcode) {
                    self.start(ready, opcode);
                }
            }
        }
        // A slot or a completion entry may be what a fetched entry waits for; `accept` looks again at the next poll.
    }
}

/// Takes over the rings that the host has put into the registers.
#[cold]
fn open_admin_queue<H: Hardware>(hardware: &mut H, queue: &mut Queue) {
    let [sq_low, sq_high, cq_low, cq_high, entries] = [
        control::ADMIN_SQ_LO,
        control::ADMIN_SQ_HI,
        control::ADMIN_CQ_LO,
        control::ADMIN_CQ_HI,
        control::ADMIN_ENTRIES,
    ]
    .map(|register| hardware.control(register));
    let address = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    match Queue::create(0, address(sq_low, sq_high), address(cq_low, cq_high), entries) {
        Ok(created) => *queue = created,
        Err(failure) => log::line(hardware, "bad admin ring, status", failure.status as u32),
    }
}

/// Makes a queue pair. The host writes zero to both of its doorbells before, so that what they held for an earlier queue
/// of that number is not taken for this one's.
fn create_queue<H: Hardware>(
    hardware: &mut H,
    queue: &mut Queue,
    number: u32,
    [submissions, completions]: [u64; 2],
    entries: u32,
) -> Result<(), Failure> {
    if queue.state != State::Absent || hardware.sq_tail(number) != 0 || hardware.cq_head(number) != 0 {
        return Err(Failure::new(Status::Queue, number));
    }
    *queue = Queue::create(number, submissions, completions, entries)?;
    Ok(())
}
