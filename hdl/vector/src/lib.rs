//! The vector engine: programs of `karat_abi::vector` over rows of card memory.

mod bank;
mod collector;
mod feeder;
mod fetch;
mod intake;
mod issue;
mod lane;
mod lanes;
mod loader;
mod reader;
mod replay;
mod timing;
mod writer;

pub use collector::Collector;
pub use fetch::Fetch;
pub use intake::Intake;
pub use issue::Issue;
pub use lane::Lane;
pub use lanes::Lanes;
pub use loader::Loader;
pub use reader::{Reader, SOURCES};
pub use replay::Replay;
pub use timing::Timing;
pub use writer::Writer;
