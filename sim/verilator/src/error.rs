//! What can go wrong, and what to do about it.

use std::path::PathBuf;

/// An error of this crate. Each message says what was being done, to what, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A package could not be fetched, or the cache not be used.
    #[error(transparent)]
    Packages(#[from] karat_packages::Error),
    /// The package has no such processor.
    #[error("the VexRiscv package has no variant `{variant}`; it has: {known}")]
    UnknownVariant {
        /// The variant asked for.
        variant: String,
        /// The variants there are.
        known: String,
    },
    /// The Verilator named by the environment does not work.
    #[error("VERILATOR={} is not usable: {reason}; name a verilator_bin there (and its include folder's parent in VERILATOR_ROOT), or unset both to fetch one", path.display())]
    BadVerilator {
        /// The path given.
        path: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// No C++ compiler.
    #[error("no C++ compiler: tried {tried}; install one (Debian: `apt-get install g++`), or name one in CXX")]
    NoCompiler {
        /// The commands tried.
        tried: String,
    },
    /// A header needed for waveforms is missing.
    #[error(
        "writing FST waveforms needs <{header}>; install it (Debian: `apt-get install {package}`), or build without trace"
    )]
    NoTraceHeader {
        /// The header.
        header: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A source's name is unusable.
    #[error("source `{name}` of design `{top}` {reason}")]
    BadSource {
        /// The design.
        top: String,
        /// The source's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Verilator refused the design.
    #[error("Verilator refused design `{top}`:\n{output}")]
    Verilator {
        /// The design's top module.
        top: String,
        /// The first lines of Verilator's output.
        output: String,
    },
    /// The compiler refused what Verilator wrote.
    #[error("the C++ compiler refused the model of `{what}`; its command and first lines:\n{output}")]
    Compile {
        /// The model or runtime file.
        what: String,
        /// The command and the first lines of output.
        output: String,
    },
    /// A model could not be loaded.
    #[error("could not load the model {}: {source}", path.display())]
    Load {
        /// The shared library.
        path: PathBuf,
        /// The loader's reason.
        source: libloading::Error,
    },
    /// A design has no such port.
    #[error("design `{top}` has no port `{name}`; near names: {near}")]
    PortNotFound {
        /// The design.
        top: String,
        /// The name asked for.
        name: String,
        /// Ports with similar names.
        near: String,
    },
    /// A port is too wide for the accessor.
    #[error("port `{name}` of `{top}` is {width} bits wide; use wide_port for ports over 64 bits, and port for others")]
    PortWidth {
        /// The design.
        top: String,
        /// The port.
        name: String,
        /// Its width in bits.
        width: u32,
    },
    /// The simulated design stopped: `$finish`, `$stop`, `$fatal`, or logic that does not settle.
    #[error("design `{top}` stopped at time {time}: {reason}")]
    Stopped {
        /// The design.
        top: String,
        /// Simulation time, in evaluations.
        time: u64,
        /// What the model said.
        reason: String,
    },
    /// A waveform was asked of a model built without.
    #[error("design `{top}` was built without waveforms; set `trace` in its Design")]
    NoTrace {
        /// The design.
        top: String,
    },
    /// A file or process operation failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: says what was being done to which path.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }
}

/// The first `lines` lines of a tool's output, which is where tools say what is wrong.
pub(crate) fn head(output: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(output);
    let mut kept: Vec<&str> = text.lines().take(lines).collect();
    if text.lines().nth(lines).is_some() {
        kept.push("...");
    }
    kept.join("\n")
}
