//! Making a model: Verilator, the compiler, the linker.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use karat_packages::{
    Progress,
    store::{self, Key},
};

use crate::compiler::{Compiler, Job};
use crate::packages::{self, VerilatorHome};
use crate::verilate::{self, Verilated};
use crate::{Config, Design, Error, shim};

/// About this many bytes of C++ become one compilation: enough that reading the headers does not dominate, little
/// enough to keep all processors busy on a large model.
const UNIT_BYTES: u64 = 300_000;

/// `-O` level of the model's code that runs at start only.
pub(crate) const SLOW_OPTIMIZE: u8 = 0;

/// `-O` level of Verilator's runtime, little of which runs in a cycle.
pub(crate) const RUNTIME_OPTIMIZE: u8 = 1;

/// Flags of every compilation. Symbols stay inside the library, so that models do not see one another.
pub(crate) fn flags(trace: bool) -> Vec<String> {
    const FLAGS: &[&str] = &[
        "-fPIC",
        "-fvisibility=hidden",
        "-fvisibility-inlines-hidden",
        "-march=native",
        "-w",
        "-DVERILATOR=1",
        "-DVM_COVERAGE=0",
        "-DVM_SC=0",
        "-DVM_TIMING=0",
        "-DVM_TRACE_VCD=0",
        "-DVM_TRACE_SAIF=0",
        "-DVL_USER_FINISH",
        "-DVL_USER_STOP",
        "-DVL_USER_FATAL",
    ];
    let trace = u8::from(trace);
    let traced = [format!("-DVM_TRACE={trace}"), format!("-DVM_TRACE_FST={trace}")];
    FLAGS.iter().map(|flag| flag.to_string()).chain(traced).collect()
}

/// What making one model takes.
pub(crate) struct Maker<'a> {
    design: &'a Design,
    config: &'a Config,
    compiler: &'a Compiler,
    home: VerilatorHome,
    progress: Progress,
}

impl<'a> Maker<'a> {
    /// Fetches Verilator if need be.
    pub(crate) fn new(design: &'a Design, config: &'a Config, compiler: &'a Compiler) -> Result<Self, Error> {
        let home = packages::verilator_with(config)?;
        Ok(Self { design, config, compiler, home, progress: Progress::new() })
    }

    /// Leaves `model.so` in the folder `place`.
    pub(crate) fn make(&self, place: &Path) -> Result<(), Error> {
        let top = &self.design.top;
        if self.design.trace {
            for (header, package) in [("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")] {
                if !self.compiler.has_header(header, place)? {
                    return Err(Error::NoTraceHeader { header, package });
                }
            }
        }
        let work = place.join("work");
        fs::create_dir(&work).map_err(Error::io("creating", &work))?;
        verilate::write_sources(self.design, &work)?;
        self.progress.step(format!("verilating {top}"));
        let verilated = verilate::verilate(self.design, &self.home, &work)?;
        let jobs = self.units(&work, &verilated)?;
        // On first use the runtime takes longer than a small model.
        let (runtime, compiled) = std::thread::scope(|scope| {
            let runtime = scope.spawn(|| self.runtime(&verilated.runtime));
            let compiled = self.compiler.compile(self.config, top, &jobs, &self.progress);
            (runtime.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), compiled)
        });
        compiled?;
        let mut objects = runtime?;
        objects.extend(jobs.into_iter().map(|job| job.object));
        self.progress.update(format!("linking {top}"));
        let libraries: &[&str] = if self.design.trace { &["-llz4", "-lz"] } else { &[] };
        self.compiler.link(top, &objects, libraries, &place.join("model.so"))?;
        fs::remove_dir_all(&work).map_err(Error::io("removing", &work))
    }

    fn flags(&self, optimize: u8) -> Vec<OsString> {
        let mut all: Vec<OsString> = flags(self.design.trace).into_iter().map(OsString::from).collect();
        all.push(format!("-O{optimize}").into());
        for folder in ["include", "include/vltstd"] {
            all.extend(["-isystem".into(), self.home.root.join(folder).into_os_string()]);
        }
        all
    }

    /// Gathers the model's files into compilations; the shim goes with the first, whose `eval` it calls.
    fn units(&self, work: &Path, verilated: &Verilated) -> Result<Vec<Job>, Error> {
        let write = |name: String, text: &str| -> Result<PathBuf, Error> {
            let path = work.join(name);
            fs::write(&path, text).map_err(Error::io("writing", &path))?;
            Ok(path)
        };
        let ports = shim::parse_ports(&verilated.header);
        let shim = "karat_shim.cpp";
        write(shim.into(), &shim::text(&ports, &self.design.clock))?;
        let kinds = [
            ("fast", &verilated.fast, self.design.optimize, format!("#include \"{shim}\"\n")),
            ("slow", &verilated.slow, SLOW_OPTIMIZE, String::new()),
        ];
        let mut jobs = Vec::new();
        for (kind, files, optimize, first) in kinds {
            let mut units = vec![(0, format!("{}{first}", shim::PRELUDE))];
            for file in files {
                let path = work.join(format!("{file}.cpp"));
                let size = fs::metadata(&path).map_err(Error::io("reading", &path))?.len();
                let include = format!("#include \"{file}.cpp\"\n");
                match units.last_mut() {
                    Some((bytes, text)) if *bytes == 0 || *bytes + size <= UNIT_BYTES => {
                        *bytes += size;
                        *text += &include;
                    }
                    _ => units.push((size, format!("{}{include}", shim::PRELUDE))),
                }
            }
            for (number, (_, text)) in units.iter().enumerate() {
                let source = write(format!("karat_{kind}_{number}.cpp"), text)?;
                let object = source.with_extension("o");
                jobs.push(Job { source, object, flags: self.flags(optimize) });
            }
        }
        Ok(jobs)
    }

    /// Objects of Verilator's runtime, made side by side.
    fn runtime(&self, files: &[String]) -> Result<Vec<PathBuf>, Error> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = files.iter().map(|file| scope.spawn(|| self.runtime_object(file))).collect();
            let results = threads.into_iter().map(|thread| thread.join());
            results.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    /// One object of the runtime: compiled once for a compiler and kind of tracing, shared by all models.
    fn runtime_object(&self, file: &str) -> Result<PathBuf, Error> {
        let key = Key::new("runtime 1")
            .field(packages::identity(self.config)?)
            .field(&self.compiler.identity)
            .field(flags(self.design.trace).join("\n"))
            .field([RUNTIME_OPTIMIZE])
            .finish();
        let (place, _) = store::entry(&self.config.cache, &format!("runtime/{file}-{key}"), |place| {
            let source = self.home.root.join("include").join(format!("{file}.cpp"));
            let job = Job { source, object: place.join("object.o"), flags: self.flags(RUNTIME_OPTIMIZE) };
            self.compiler.compile(self.config, &format!("{file}, once"), &[job], &self.progress)
        })?;
        Ok(place.join("object.o"))
    }
}
