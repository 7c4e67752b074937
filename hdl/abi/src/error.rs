//! How a command ended. Codes are never used again for something else.

macro_rules! statuses {
    ($($(#[doc = $doc:literal])* $name:ident = $value:literal,)*) => {
        /// How a command ended; bits 1-15 of a completion's status word.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Status { $($(#[doc = $doc])* $name = $value,)* }

        impl Status {
            /// Every status.
            pub const ALL: &'static [Status] = &[$(Status::$name,)*];

            /// The status of a code, if there is one.
            pub const fn from_u16(value: u16) -> Option<Self> {
                match value { $($value => Some(Status::$name),)* _ => None }
            }

            /// One line for people.
            pub const fn text(self) -> &'static str {
                match self { $(Status::$name => concat!($($doc),*),)* }
            }
        }
    };
}

statuses! {
    /// success
    Success = 0,
    /// the opcode is unknown, or not for this queue
    UnknownOpcode = 1,
    /// the entry's checksum does not match: it was corrupted or torn
    CorruptEntry = 2,
    /// the id is already outstanding on this queue
    DuplicateId = 3,
    /// the session does not exist
    UnknownSession = 4,
    /// an address range in card memory is outside the session's; the result is its first beat
    CardRange = 5,
    /// a host address or length is not aligned, or lengths do not agree; the result is the offending value
    HostRange = 6,
    /// the segment list loops, is too long, has an entry of unknown kind, or its lengths do not add up
    SegmentList = 7,
    /// the number of rows is zero, not a power of two, or too large; the result is that number
    Rows = 8,
    /// the width is zero or does not fit; the result is that width
    Width = 9,
    /// an argument is out of range; the result is its index in the argument block
    Argument = 10,
    /// an index of a gather list is out of range; the result is that index
    Index = 11,
    /// queue number or size out of range, or the queue exists already; the result is the queue
    Queue = 12,
    /// no free session, or the range overlaps another session's
    NoSession = 13,
    /// the command was given up because its queue was deleted
    Aborted = 14,
    /// a bus answered an engine with an error; the result is the engine's index
    BusError = 15,
    /// the command needs round constants that were never loaded
    NoConstants = 16,
    /// the work area is too small; the result is what it takes, in beats
    ScratchTooSmall = 17,
    /// the card does not have this hash; the result is its number
    NoHash = 18,
}
