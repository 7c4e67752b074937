//! The control system: processor, boot RAM, BAR0 registers, mailbox.
