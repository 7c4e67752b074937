//! The event loop: doorbells, entries, jobs, completions.

use core::mem::offset_of;

use karat_abi::engine::Engine;
use karat_abi::registers::{QUEUES, bells, control, status};
use karat_abi::{ABI_HASH, Opcode, Status, Submission, queue::NO_COMMAND, queue::flags};

use crate::card::Card;
use crate::command::{Command, Commands, Failure, slots};
use crate::counters::Counters;
use crate::download::Download;
use crate::hardware::{Engines, Hardware};
use crate::lane::Lane;
use crate::log;
use crate::mailbox::{self, BEAT_WORDS, Direction, List, Purpose};
use crate::queue::{Fetch, Queue, Queues, State};
use crate::session::Sessions;
use crate::transform::Transform;
use crate::tree::Hash;
use crate::upload::Upload;
use crate::validate::{self, validate};

/// The firmware of a card: poll it for ever.
pub struct Firmware<H> {
    card: Card<H>,
    queues: Queues,
    sessions: Sessions,
    commands: Commands,
    /// Queues that may want a fetch and could not start it, a bit a queue; likewise those with entries in the mailbox.
    ringing: u32,
    fetched: u32,
    /// Commands that started and were not entered into the account of stages yet, a bit a slot.
    begun: u32,
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
            begun: 0,
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

    /// Looks at the first of the queues whose doorbells were rung.
    #[inline]
    fn answer(&mut self, bells: u32) {
        // One queue at a time, the others at the next poll. Cleared before the positions are read: a doorbell rung in between is
        // seen again.
        let number = (bells >> bells::LOWEST_SHIFT) as u8 % QUEUES as u8;
        self.card.hardware.set_control(control::DOORBELLS, 1 << number);
        if self.queues.get(number).state != State::Live && !self.open(number) {
            return;
        }
        let queue = self.queues.get(number);
        let tail = self.card.hardware.sq_tail(number.into());
        // A single entry is on its way before the doorbells are looked at more closely: it is in the ring in any case, and
        // forgotten if they turn out to be wrong.
        if tail == queue.next_to_fetch() && queue.may_fetch() && self.card.mailbox.room() {
            let fetch = queue.fetch_one();
            self.read_entries(number, fetch);
        }
        let queue = self.queues.get(number);
        let head = self.card.hardware.cq_head(number.into());
        let more = queue.has_more(tail);
        if queue.ring(tail, head) {
            if more && queue.fetching {
                self.reserve(number);
            } else if more {
                self.fetch(number);
            }
        } else {
            queue.state = State::Frozen;
            queue.waiting = 0;
            if let Some(slot) = queue.reserved.take() {
                self.commands.give_back(slot);
            }
            self.ringing &= !(1 << number);
            self.fetched &= !(1 << number);
            log::line(&mut self.card.hardware, "doorbell out of bounds, frozen queue", number.into());
        }
    }

    /// Makes the admin queue if it is the one whose doorbell was rung while it was not there.
    #[cold]
    fn open(&mut self, number: u8) -> bool {
        let queue = self.queues.get(number);
        if number == 0 && queue.state == State::Absent {
            open_admin_queue(&mut self.card.hardware, queue);
        }
        queue.state == State::Live
    }

    /// Starts to fetch entries of a queue, or takes note that it wants to.
    #[inline]
    fn fetch(&mut self, number: u8) {
        let queue = self.queues.get(number);
        let wanted = queue.wants_fetch();
        if wanted && !self.card.mailbox.room() {
            self.ringing |= 1 << number;
            return;
        }
        self.ringing &= !(1 << number);
        if wanted {
            let fetch = queue.fetch();
            self.read_entries(number, fetch);
        }
    }

    /// Starts to read entries into a queue's part of the mailbox. The mailbox engine must have room.
    #[inline(always)]
    fn read_entries(&mut self, number: u8, Fetch { host, entries }: Fetch) {
        let purpose = Purpose::Fetch { queue: number, entries: entries as u8 };
        let beat = mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES;
        self.card.transfer(host, beat, entries, Direction::ReadEntries, purpose);
    }

    /// Takes note of the mailbox transfers that are done.
    #[inline]
    fn collect(&mut self, idle: bool) {
        let Card { mailbox, hardware, engines, .. } = &mut self.card;
        // One at a time: what it leads to may start another transfer.
        if let Some(purpose) = mailbox.take_done(hardware, engines, idle) {
            match purpose {
                Purpose::Fetch { queue: number, entries } => {
                    let queue = self.queues.get(number);
                    queue.fetching = false;
                    if queue.state == State::Live {
                        queue.waiting = entries.into();
                        queue.next = 0;
                        self.fetched |= 1 << number;
                        if let Some(slot) = queue.reserved.take() {
                            self.accept(number, slot, 0);
                        }
                    }
                }
                // The completion is in host memory: now the host may be told.
                Purpose::Post { queue } => self.card.hardware.set_control(control::INTERRUPT, queue.into()),
                Purpose::List(list) => self.arrived(list),
                Purpose::Counters => (),
            }
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
        }
    }

    /// Looks for room for the next entry of a queue, while the entry is on its way.
    #[inline]
    fn reserve(&mut self, number: u8) {
        let queue = self.queues.get(number);
        if queue.reserved.is_none() && queue.has_credit() {
            queue.reserved = self.commands.take_slot(number);
        }
    }

    /// Takes the next fetched entry of a queue, entry `next` of its part of the mailbox, into a slot.
    #[inline(always)]
    fn accept(&mut self, number: u8, slot: u8, next: u32) {
        let beat = mailbox::FETCH + u32::from(number) * mailbox::FETCH_ENTRIES + next;
        let submission = &mut self.commands.get_mut(slot).submission;
        for words in UPLOAD_WORDS {
            self.card.hardware.mailbox_words(beat, words, bytemuck::cast_mut(submission));
        }
        // The mailbox engine leaves zero where the checksum was right.
        let intact = submission.checksum == 0;
        let alone = self.queues.get(number).slots == 0 && number != 0;
        let started = intact && alone && self.starts_upload(slot);
        let submission = &mut self.commands.get_mut(slot).submission;
        self.card.hardware.mailbox_words(beat, OTHER_WORDS, bytemuck::cast_mut(submission));
        if started {
            self.commands.insert(slot, number, 0);
            self.started(slot);
        } else {
            self.dispatch(number, slot, intact);
        }
        // The queue's account comes after the command's engine.
        let queue = self.queues.get(number);
        queue.take(slot);
        if queue.waiting == 0 {
            self.fetched &= !(1 << number);
            // There may be more in the ring.
            self.ringing |= 1 << number;
        }
    }

    /// The short way: starts the good upload of a queue that has nothing else under way. Nothing can be overlapped with the way to
    /// the first upload of a proof. What is not one, or not good, is left to [`Self::dispatch`].
    #[inline(always)]
    fn starts_upload(&mut self, slot: u8) -> bool {
        let submission = &self.commands.get(slot).submission;
        let upload = submission.opcode == Opcode::Upload as u8 && submission.id != NO_COMMAND;
        let good = upload && validate::moves(submission, Opcode::Upload, &self.sessions).is_ok();
        if good {
            self.upload.start(slot, &mut self.card, submission);
        }
        good
    }

    /// Checks the entry that was read into a slot, and starts it if it waits for nothing.
    #[inline(never)]
    fn dispatch(&mut self, queue: u8, slot: u8, intact: bool) {
        let others = self.queues.get(queue).slots;
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
            false => Err(Failure::new(Status::CorruptEntry, self.queues.get(queue).position())),
            true if twin => Err(Failure::new(Status::DuplicateId, id)),
            true => validate(&self.commands.get(slot).submission, queue, &self.sessions),
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
                let reserved = queue.reserved.take();
                let outstanding = queue.slots;
                self.ringing &= !(1 << number);
                self.fetched &= !(1 << number);
                if let Some(slot) = reserved {
                    self.commands.give_back(slot);
                }
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

    /// Takes note that a command has started.
    #[inline]
    fn started(&mut self, slot: u8) {
        self.commands.get_mut(slot).started = true;
        self.begun |= 1 << slot;
    }

    /// Starts a command that waits for nothing.
    #[inline]
    fn start(&mut self, slot: u8, opcode: Opcode) {
        self.started(slot);
        match opcode {
            Opcode::Upload => self.upload.add(slot),
            Opcode::Download | Opcode::Gather => self.download.add(slot),
            Opcode::Lde => self.transform.add(slot),
            Opcode::Merkle | Opcode::LoadConstants => self.hash.add(slot),
            _ => self.start_without_engine(slot, opcode),
        }
    }

    /// Starts a command that had to wait for others.
    #[inline(never)]
    fn start_later(&mut self, slot: u8) {
        if let Some(opcode) = Opcode::from_u8(self.commands.get(slot).submission.opcode) {
            self.start(slot, opcode);
        }
    }

    /// Starts a command that is done at once, or by the processor.
    #[inline(never)]
    fn start_without_engine(&mut self, slot: u8, opcode: Opcode) {
        let submission = &self.commands.get(slot).submission;
        let outcome = match opcode {
            Opcode::Upload | Opcode::Download | Opcode::Gather | Opcode::Lde => return,
            Opcode::Merkle | Opcode::LoadConstants => return,
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
    #[inline]
    fn work(&mut self) {
        if !self.upload.is_idle() {
            self.upload.poll(&mut self.card, &mut self.commands, &self.sessions);
        }
        // Functions of their own: inlined here, they would put their branches out of each other's reach.
        if !self.download.is_idle() {
            self.poll_download();
        }
        if !self.transform.is_idle() {
            self.poll_transform();
        }
        if !self.hash.is_idle() {
            self.poll_hash();
        }
        if !self.counters.is_idle() {
            self.poll_counters();
        }
        if self.begun != 0 {
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
    fn poll_counters(&mut self) {
        self.counters.poll(&mut self.card, &mut self.commands, &self.sessions);
    }

    /// Enters commands that started into the account of stages, when their engines are at work already.
    #[inline(never)]
    fn enter(&mut self) {
        for slot in slots(core::mem::take(&mut self.begun)) {
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
                self.start_later(ready);
            }
        }
        // A slot or a completion entry may be what a fetched entry waits for; `accept` looks again at the next poll.
    }
}

/// The mailbox engine's activity in DOORBELLS.
const MAILBOX_BUSY: u32 = 1 << (bells::BUSY_SHIFT + Engine::Mailbox as u32);

/// The words of an entry that say all about an upload: what to do and for whom, the host's data, the matrix, the checksum.
const UPLOAD_WORDS: [[usize; 4]; 3] = [[0, 1, 2, 3], [4, 5, 10, 11], [12, 13, 14, 15]];
/// The others: a list and the stage.
const OTHER_WORDS: [usize; 4] = [6, 7, 8, 9];
const _: () = assert!(offset_of!(Submission, list) == 4 * 6 && offset_of!(Submission, stage) == 4 * 9);

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
