//! What can go wrong between a program and its card.

use std::time::Duration;

use karat_abi::{Opcode, Status};

use crate::image::ImageError;
use crate::{Difference, TransportError};

/// Why the card did not do what it was asked. Each says what was being done, to what, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Pinning memory or waiting failed below the driver.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The card does not answer any more.
    #[error("card {name} is lost: {loss}")]
    CardLost {
        /// The transport's name.
        name: String,
        /// How that is known.
        loss: Loss,
    },
    /// What answers is not a Karat card.
    #[error("{name} is not a Karat card: its first register reads {magic:#010x}")]
    NotACard {
        /// The transport's name.
        name: String,
        /// What was read.
        magic: u32,
    },
    /// Two of hardware, firmware and driver were built from different contracts.
    #[error(
        "the {part} of card {name} was built with contract {version}.{hash:016x}, this driver with \
         {our_version}.{our_hash:016x}; {remedy}"
    )]
    Contract {
        /// The transport's name.
        name: String,
        /// `hardware`, `boot image` or `running firmware`.
        part: &'static str,
        /// Its contract version.
        version: u32,
        /// Its contract hash.
        hash: u64,
        /// The driver's contract version.
        our_version: u32,
        /// The driver's contract hash.
        our_hash: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// The boot image is not one.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A word of the boot image came back different from boot RAM.
    #[error(
        "boot RAM of card {name} holds {seen:#010x} at {address:#x} where {written:#010x} was written; \
         power the card off and on, and if this persists it is defective"
    )]
    BootMemory {
        /// The transport's name.
        name: String,
        /// Byte address in boot RAM.
        address: u32,
        /// What was written.
        written: u32,
        /// What was read back.
        seen: u32,
    },
    /// The firmware stopped.
    #[error("the firmware of card {name} stopped: {cause} at {address:#x}; its log ends with: {log}")]
    Fatal {
        /// The transport's name.
        name: String,
        /// In words.
        cause: &'static str,
        /// Program counter or line number.
        address: u32,
        /// The end of its log.
        log: String,
    },
    /// A wait was over before what it waited for came, with a card that answers otherwise.
    #[error("card {name}: waited {waited:?} for {what}, saw {seen}; reset the card if this persists")]
    Timeout {
        /// The transport's name.
        name: String,
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// The state instead.
        seen: String,
    },
    /// The card refused a command. It goes on with the next one.
    #[error("the card refused {opcode:?}: {}; value {result:#x}", status.text().trim_start())]
    Command {
        /// The command.
        opcode: Opcode,
        /// Why.
        status: Status,
        /// The offending value.
        result: u64,
    },
    /// The card ended a command with a code that this driver does not know.
    #[error("the card ended {opcode:?} with the unknown status {status}; use firmware and driver of one release")]
    UnknownStatus {
        /// The command.
        opcode: Opcode,
        /// Its code.
        status: u16,
    },
    /// The card was reset since, or is being reset.
    #[error("card {name} was reset: its sessions and what they held in card memory are gone; open a new session")]
    CardReset {
        /// The transport's name.
        name: String,
    },
    /// The queue takes no commands any more.
    #[error("queue {queue} of card {name} takes no commands: {why}; create another")]
    QueueGone {
        /// The transport's name.
        name: String,
        /// The queue's number.
        queue: u32,
        /// In words.
        why: &'static str,
    },
    /// The card completed a command that was not under way.
    #[error(
        "card {name} completed a command on queue {queue} that was not under way: completions were altered or lost on \
         their way; reset the card"
    )]
    Broken {
        /// The transport's name.
        name: String,
        /// The queue's number.
        queue: u32,
    },
    /// Card memory is used up.
    #[error(
        "card memory: {wanted} beats of 64 bytes do not fit; the largest free piece has {largest}; free some first"
    )]
    CardMemory {
        /// What was asked for.
        wanted: u32,
        /// What would fit.
        largest: u32,
    },
    /// The card has no more of a thing that it has few of.
    #[error("the card has no free {what}: it has {limit}; give one up first")]
    Exhausted {
        /// Queues or sessions.
        what: &'static str,
        /// How many there are.
        limit: u32,
    },
    /// A length does not belong to what it is used for.
    #[error("{what}: {given} where {expected} is due")]
    Length {
        /// Of what.
        what: &'static str,
        /// What was given.
        given: u64,
        /// What fits.
        expected: u64,
    },
    /// Two cards that are compared did not do the same.
    #[error(transparent)]
    Difference(#[from] Box<Difference>),
}

/// How it is known that a card does not answer any more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// It reads as all ones: it fell off the bus, lost power or its simulation stopped.
    #[error("it read as all ones while {doing}; check its power and slot, then open it again")]
    AllOnes {
        /// What was being done.
        doing: &'static str,
    },
    /// Its registers read sensibly, but its firmware leaves even the admin queue unserved.
    #[error("it answered nothing, waited {waited:?} for {what}, saw {seen}; reset it")]
    Silent {
        /// What was waited for on the admin queue.
        what: String,
        /// For how long.
        waited: Duration,
        /// The state.
        seen: String,
    },
}
