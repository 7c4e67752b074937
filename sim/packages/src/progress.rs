//! What a build is doing, on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A spinner on a terminal, otherwise one line a step.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Nothing is being done yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Progress(std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]");
            let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        }))
    }

    /// A new step begins.
    pub fn step(&self, message: String) {
        match &self.0 {
            Some(bar) => bar.set_message(message),
            None => eprintln!("{message}"),
        }
    }

    /// The step goes on; shown on a terminal only.
    pub fn update(&self, message: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(message);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
