//! What can go wrong, and what to do about it.

use std::path::PathBuf;

/// An error of this crate. Each message says what was being done, to what, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Python to fetch a package with.
    #[error(
        "fetching {package} needs Python 3, and `{python}` could not be run: {source}; install Python 3 with pip (Debian: \
         `apt-get install python3 python3-pip`), or name it in PYTHON{otherwise}"
    )]
    NoPython {
        /// The package that was to be fetched.
        package: String,
        /// The command tried.
        python: String,
        /// What would do without it.
        otherwise: &'static str,
        /// Why it did not start.
        source: std::io::Error,
    },
    /// Python has no pip.
    #[error(
        "fetching {package} needs pip, and `{python} -m pip` is not there; install it (Debian: `apt-get install \
         python3-pip`), or name another Python in PYTHON"
    )]
    NoPip {
        /// The package that was to be fetched.
        package: String,
        /// The Python tried.
        python: String,
    },
    /// A package could not be fetched: no network, or a file whose digest differs.
    #[error(
        "{client} could not fetch {package}; without a network, set KARAT_CACHE to a copy of a filled cache, or (pip only) \
         put its file into a folder named by PIP_FIND_LINKS{otherwise}; {client} said:\n{output}"
    )]
    Fetch {
        /// The registry's client.
        client: &'static str,
        /// The package, with its version.
        package: String,
        /// What would do without it.
        otherwise: &'static str,
        /// The end of the client's output.
        output: String,
    },
    /// Node.js does not start.
    #[error("`{command}` could not be run: {source}; name a Node.js in NODE, or unset it to have one found or fetched")]
    NoNode {
        /// The command tried.
        command: String,
        /// Why it did not start.
        source: std::io::Error,
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
    pub fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }
}
