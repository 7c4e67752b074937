//! The vector engine: programs of `karat_abi::vector` over rows of card memory.

mod bank;
mod feeder;
mod lane;
mod lanes;
mod timing;

pub use feeder::Feeder;
pub use lane::Lane;
pub use lanes::Lanes;
pub use timing::Timing;
