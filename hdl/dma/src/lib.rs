//! The DMA engines and the memory fabric.

pub mod card_read;
pub mod card_write;
pub mod descriptors;
pub mod fabric;
pub mod host_read;
pub mod host_write;
pub mod mailbox;
pub mod packer;
pub mod ring;
pub mod rotate;
pub mod stage;
pub mod system;
pub mod unpacker;
pub mod walk;
