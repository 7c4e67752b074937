//! The C++ compiler: which one, for which processor, and running it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use karat_packages::Progress;

use crate::error::head;
use crate::{Config, Error};

/// A compiler that runs.
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    pub(crate) command: OsString,
    /// Version and what `-march=native` means here.
    pub(crate) identity: String,
}

/// One source file, compiled to the object of the same name.
pub(crate) struct Job {
    pub(crate) source: PathBuf,
    pub(crate) object: PathBuf,
    pub(crate) flags: Vec<OsString>,
}

impl Compiler {
    /// The first of the configuration's compilers that runs. The answer is kept for the life of the process.
    pub(crate) fn find(config: &Config) -> Result<Self, Error> {
        static KNOWN: LazyLock<Mutex<HashMap<OsString, String>>> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        for command in &config.compilers {
            if let Some(identity) = known.get(command) {
                return Ok(Self { command: command.clone(), identity: identity.clone() });
            }
            // `-###` prints the command that would run, with -march=native spelt out. The folder and the language are
            // fixed since they show in it.
            let ask = |args: &[&str]| Command::new(command).args(args).current_dir("/").env("LC_ALL", "C").output();
            let (Ok(version), Ok(native)) =
                (ask(&["--version"]), ask(&["-march=native", "-###", "-E", "-x", "c++", "/dev/null"]))
            else {
                continue;
            };
            if version.status.success() && native.status.success() {
                let text = [version.stdout, native.stderr].concat();
                let identity = String::from_utf8_lossy(&text).into_owned();
                known.insert(command.clone(), identity.clone());
                return Ok(Self { command: command.clone(), identity });
            }
        }
        let tried: Vec<_> = config.compilers.iter().map(|c| c.to_string_lossy()).collect();
        Err(Error::NoCompiler { tried: tried.join(", ") })
    }

    /// Whether `#include <header>` works.
    pub(crate) fn has_header(&self, header: &str, folder: &Path) -> Result<bool, Error> {
        let probe = folder.join("probe.cpp");
        std::fs::write(&probe, format!("#include <{header}>\n")).map_err(Error::io("writing", &probe))?;
        let output = self.run(&[OsStr::new("-E"), probe.as_os_str()], folder)?;
        std::fs::remove_file(&probe).map_err(Error::io("removing", &probe))?;
        Ok(output.status.success())
    }

    /// Compiles all jobs, `config.jobs` at once.
    pub(crate) fn compile(&self, config: &Config, what: &str, jobs: &[Job], progress: &Progress) -> Result<(), Error> {
        progress.step(format!("compiling {what} ({} file{})", jobs.len(), if jobs.len() == 1 { "" } else { "s" }));
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let worker = || -> Result<(), Error> {
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut args: Vec<&OsStr> = job.flags.iter().map(OsString::as_os_str).collect();
                args.extend([OsStr::new("-c"), job.source.as_os_str(), OsStr::new("-o"), job.object.as_os_str()]);
                let folder = job.object.parent().unwrap_or(Path::new("/"));
                if let Err(error) = self.checked(what, &args, folder) {
                    next.store(jobs.len(), Ordering::Relaxed);
                    return Err(error);
                }
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress.update(format!("compiling {what} {count}/{}", jobs.len()));
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..config.jobs.min(jobs.len())).map(|_| scope.spawn(worker)).collect();
            let mut result = worker();
            for other in others {
                // A worker does not panic; if one did, its panic is passed on.
                let theirs = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(theirs);
            }
            result
        })
    }

    /// Links objects into the shared library `library`.
    pub(crate) fn link(
        &self,
        what: &str,
        objects: &[PathBuf],
        libraries: &[&str],
        library: &Path,
    ) -> Result<(), Error> {
        let mut args: Vec<&OsStr> = ["-shared", "-pthread", "-Wl,--no-undefined", "-o"].map(OsStr::new).to_vec();
        args.push(library.as_os_str());
        args.extend(objects.iter().map(|o| o.as_os_str()));
        args.extend(libraries.iter().map(OsStr::new));
        self.checked(what, &args, library.parent().unwrap_or(Path::new("/")))
    }

    fn checked(&self, what: &str, args: &[&OsStr], folder: &Path) -> Result<(), Error> {
        let output = self.run(args, folder)?;
        if output.status.success() {
            return Ok(());
        }
        let said = head(&output.stderr, 20);
        let output =
            format!("{} {}\n{said}", self.command.to_string_lossy(), args.join(OsStr::new(" ")).to_string_lossy());
        Err(Error::Compile { what: what.to_owned(), output })
    }

    fn run(&self, args: &[&OsStr], folder: &Path) -> Result<Output, Error> {
        tracing::debug!(compiler = ?self.command, ?args, "running");
        let output = Command::new(&self.command).args(args).current_dir(folder).env("LC_ALL", "C").output();
        output.map_err(Error::io("running", PathBuf::from(&self.command)))
    }
}
