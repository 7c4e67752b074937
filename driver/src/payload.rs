//! What commands take with them: pinned memory, whose addresses differ from card to card.

use karat_abi::Submission;

use crate::buffer::whole;
use crate::{DmaMemory, Error, HostBuffer, Transport};

/// What a command takes with it.
pub(crate) trait Payload: Send + Sized + 'static {
    /// The submission with its addresses.
    fn address(&self, submission: Submission) -> Submission;

    /// A copy that another card reaches.
    fn copy(&self, transport: &dyn Transport) -> Result<Self, Error>;

    /// The words of its data, if it has data.
    fn words(&self) -> Vec<u64> {
        Vec::new()
    }
}

impl Payload for () {
    fn address(&self, submission: Submission) -> Submission {
        submission
    }

    fn copy(&self, _: &dyn Transport) -> Result<Self, Error> {
        Ok(())
    }
}

/// Data.
impl Payload for HostBuffer {
    fn address(&self, submission: Submission) -> Submission {
        let (host, host_len, segments) = self.describe();
        Submission { host, host_len, segments, ..submission }
    }

    fn copy(&self, transport: &dyn Transport) -> Result<Self, Error> {
        Self::from_words(transport, &self.to_vec())
    }

    fn words(&self) -> Vec<u64> {
        self.to_vec()
    }
}

/// Arguments or a list of indices. Their length is the command's affair: the memory is of whole beats.
impl Payload for DmaMemory {
    fn address(&self, submission: Submission) -> Submission {
        Submission { list: DmaMemory::address(self), ..submission }
    }

    fn copy(&self, transport: &dyn Transport) -> Result<Self, Error> {
        let mut words = vec![0; self.bytes() / 8];
        self.read(0, &mut words);
        let copy = whole(transport, self.bytes())?;
        copy.write(0, &words);
        Ok(copy)
    }
}

impl Payload for (HostBuffer, DmaMemory) {
    fn address(&self, submission: Submission) -> Submission {
        Payload::address(&self.1, self.0.address(submission))
    }

    fn copy(&self, transport: &dyn Transport) -> Result<Self, Error> {
        Ok((self.0.copy(transport)?, Payload::copy(&self.1, transport)?))
    }

    fn words(&self) -> Vec<u64> {
        self.0.to_vec()
    }
}
