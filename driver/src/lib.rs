//! The userspace driver: transports, queues, pinned buffers, card memory.
