//! The board around the card: its lights.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;

/// How long both lights are on at the start.
const LAMP_TEST_NS: u32 = 2_000;

/// Two lights: one for a card that serves its queues, one for a card that has stopped.
pub struct Board<Pin> {
    ready: Pin,
    fault: Pin,
}

impl<Pin: OutputPin> Board<Pin> {
    /// A board with these two lights.
    pub fn new(ready: Pin, fault: Pin) -> Self {
        Self { ready, fault }
    }

    /// Lights both for a moment, so that a dead light is not taken for a dead card.
    pub fn lamp_test(&mut self, delay: &mut impl DelayNs) -> Result<(), Pin::Error> {
        self.ready.set_high()?;
        self.fault.set_high()?;
        delay.delay_ns(LAMP_TEST_NS);
        self.ready.set_low()?;
        self.fault.set_low()
    }

    /// Shows that the queues are served.
    pub fn show_ready(&mut self) -> Result<(), Pin::Error> {
        self.ready.set_high()
    }

    /// Shows that the firmware has stopped.
    pub fn show_fault(&mut self) -> Result<(), Pin::Error> {
        self.ready.set_low()?;
        self.fault.set_high()
    }
}
