//! What can go wrong while a simulated card is made.

use std::path::PathBuf;

/// Why there is no simulated card. Each says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such configuration.
    #[error("there is no configuration `{name}` of the card; there are: {known}")]
    UnknownConfig {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The hardware could not be emitted, which is a defect of Karat.
    #[error("the hardware could not be turned into Verilog: {0}")]
    Emit(#[from] karat_hdl::Error),
    /// The model could not be built or lacks a port.
    #[error(transparent)]
    Verilator(#[from] karat_verilator::Error),
    /// The firmware did not compile.
    #[error("the firmware did not compile (`{command}`):\n{output}")]
    Firmware {
        /// What was run.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// There is no Rust library for the card's processor, and it could not be installed.
    #[error(
        "there is no Rust library for {target}: `rustup target add {target}` failed ({rustup}). \
         On Debian, run as root: {command}",
        target = crate::toolchain::TARGET
    )]
    NoTarget {
        /// Why rustup failed.
        rustup: String,
        /// What installs Debian's compiler and library source.
        command: String,
    },
    /// A program could not be started.
    #[error("could not run `{program}`: {source}")]
    Run {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The compiled firmware is not an image.
    #[error("the compiled firmware is not an image: {0}")]
    Image(#[from] karat_driver::image::ImageError),
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
