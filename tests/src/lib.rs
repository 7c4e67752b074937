//! What the tests of the whole path share: opening a simulated card.

use std::sync::Arc;
use std::time::Duration;

use karat_driver::Device;
use karat_sim::{Options, SimTransport};

/// A bound on every wait of a test: far above what anything takes.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// A `tiny` card, booted, and its simulation.
pub fn open(options: &Options) -> (Arc<Device>, Arc<SimTransport>) {
    let image = karat_sim::firmware::image(karat_sim::firmware::Build::Normal).expect("the firmware compiles");
    let transport = Arc::new(SimTransport::open(options).expect("the model builds"));
    let device = Device::open(transport.clone(), &image).expect("the card boots");
    (Arc::new(device), transport)
}
