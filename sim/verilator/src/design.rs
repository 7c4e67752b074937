//! What decides a model, and building it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::compiler::{Compiler, Job};
use crate::packages::{self, VerilatorHome};
use crate::progress::Progress;
use crate::store::{self, Key};
use crate::verilate::{self, Verilated};
use crate::{Config, Error, Model, shim};

/// A file of Verilog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name without folders, ending in `.v` or `.sv`; messages show it.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A source of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// A source read from a file, under the file's name.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::io("reading Verilog", path))?;
        Ok(Self::new(
            path.file_name().unwrap_or_default().to_string_lossy(),
            text,
        ))
    }
}

/// Everything that decides a model, apart from the tools.
#[derive(Clone, Debug)]
pub struct Design {
    /// The top module.
    pub top: String,
    /// Its Verilog, in the order Verilator is to read it.
    pub sources: Vec<Source>,
    /// Whether instances can write FST waveforms (about six times slower even when they do not).
    pub trace: bool,
    /// The one-bit input that [`crate::Instance::cycle`] drives.
    pub clock: String,
    /// The compiler's `-O` level for code that runs in every cycle, 0 to 3: 3 simulates fastest, 1 compiles fastest.
    pub optimize: u8,
    /// More arguments for Verilator, such as `-Wno-WIDTH` or `-DNAME=1`.
    pub args: Vec<String>,
}

/// About this many bytes of C++ become one compilation: enough that reading the headers does not dominate, little
/// enough to keep all processors busy on a large model.
const UNIT_BYTES: u64 = 300_000;

/// Flags of every compilation. Symbols stay inside the library, so that models do not see one another.
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

impl Design {
    /// A design with the clock `clock`, optimised fully, without waveforms.
    pub fn new(top: impl Into<String>, sources: impl IntoIterator<Item = Source>) -> Self {
        Self {
            top: top.into(),
            sources: sources.into_iter().collect(),
            trace: false,
            clock: "clock".into(),
            optimize: 3,
            args: Vec::new(),
        }
    }

    /// Loads the model, after building it if the cache does not have it.
    pub fn build(&self) -> Result<Model, Error> {
        self.build_with(&Config::from_env())
    }

    /// [`Design::build`] with another configuration.
    pub fn build_with(&self, config: &Config) -> Result<Model, Error> {
        self.check_names()?;
        let compiler = Compiler::find(config)?;
        let name = format!(
            "models/{}-{}",
            self.file_name(),
            self.key(config, &compiler)?
        );
        let (folder, built) = store::entry(&config.cache, &name, |place| {
            self.make(config, &compiler, place)
        })?;
        Model::load(&folder.join("model.so"), &self.top, built)
    }

    /// Verilator's checks, without building: an error or a warning (one not switched off by `-Wno-` in `args`) fails.
    pub fn lint(&self) -> Result<(), Error> {
        self.lint_with(&Config::from_env())
    }

    /// [`Design::lint`] with another configuration.
    pub fn lint_with(&self, config: &Config) -> Result<(), Error> {
        self.check_names()?;
        let identity = packages::identity(config)?;
        let key = self.sources_key(Key::new("lint").field(identity)).finish();
        // The entry is empty: that it exists says that the check passed.
        store::entry(
            &config.cache,
            &format!("lint/{}-{key}", self.file_name()),
            |place| {
                let home = packages::verilator_with(config)?;
                verilate::write_sources(self, place)?;
                verilate::lint(self, &home, place)?;
                for source in &self.sources {
                    let path = place.join(&source.name);
                    fs::remove_file(&path).map_err(Error::io("removing", &path))?;
                }
                Ok(())
            },
        )
        .map(|_| ())
    }

    fn check_names(&self) -> Result<(), Error> {
        for (at, Source { name, .. }) in self.sources.iter().enumerate() {
            let plain = name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._$-".contains(&b));
            let reason = if !plain
                || !(name.ends_with(".v") || name.ends_with(".sv"))
                || name.starts_with(['-', '.'])
            {
                "needs a plain file name ending in .v or .sv"
            } else if self.sources[..at].iter().any(|other| other.name == *name) {
                "has the name of another source"
            } else {
                continue;
            };
            return Err(Error::BadSource {
                top: self.top.clone(),
                name: name.clone(),
                reason,
            });
        }
        Ok(())
    }

    /// The top's name as far as it is fit for a file name; the key beside it tells designs apart.
    fn file_name(&self) -> String {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.top.chars().filter(|c| fit(*c)).take(60).collect()
    }

    fn sources_key(&self, mut key: Key) -> Key {
        key = key
            .field(&self.top)
            .field(self.args.join("\n"))
            .field(verilate::OPTIONS.join("\n"));
        for source in &self.sources {
            key = key.field(&source.name).field(&source.text);
        }
        key
    }

    fn key(&self, config: &Config, compiler: &Compiler) -> Result<String, Error> {
        let key = Key::new("model 1")
            .field(packages::identity(config)?)
            .field(&compiler.identity)
            .field(self.flags().join(" "))
            .field(UNIT_BYTES.to_string())
            .field(shim::text(&[], &self.clock))
            .field(shim::PRELUDE)
            .field(&self.clock)
            .field([self.optimize]);
        Ok(self.sources_key(key).finish())
    }

    fn flags(&self) -> Vec<String> {
        let trace = u8::from(self.trace);
        let traced = [
            format!("-DVM_TRACE={trace}"),
            format!("-DVM_TRACE_FST={trace}"),
        ];
        FLAGS.iter().map(|f| f.to_string()).chain(traced).collect()
    }

    fn make(&self, config: &Config, compiler: &Compiler, place: &Path) -> Result<(), Error> {
        if self.trace {
            for (header, package) in [("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")] {
                if !compiler.has_header(header, place)? {
                    return Err(Error::NoTraceHeader { header, package });
                }
            }
        }
        let home = packages::verilator_with(config)?;
        let work = place.join("work");
        fs::create_dir(&work).map_err(Error::io("creating", &work))?;
        verilate::write_sources(self, &work)?;
        let progress = Progress::new();
        progress.step(format!("verilating {}", self.top));
        let verilated = verilate::verilate(self, &home, &work)?;
        let jobs = self.units(&home, &work, &verilated)?;
        compiler.compile(config, &self.top, &jobs, &progress)?;
        let mut objects: Vec<PathBuf> = jobs.into_iter().map(|job| job.object).collect();
        objects.extend(self.runtime(config, compiler, &home, &verilated.runtime, &progress)?);
        progress.update(format!("linking {}", self.top));
        let libraries: &[&str] = if self.trace { &["-llz4", "-lz"] } else { &[] };
        compiler.link(&self.top, &objects, libraries, &place.join("model.so"))?;
        fs::remove_dir_all(&work).map_err(Error::io("removing", &work))
    }

    fn compile_flags(&self, home: &VerilatorHome, optimize: u8) -> Vec<OsString> {
        let mut flags: Vec<OsString> = self.flags().into_iter().map(OsString::from).collect();
        flags.push(format!("-O{optimize}").into());
        for folder in ["include", "include/vltstd"] {
            flags.extend(["-isystem".into(), home.root.join(folder).into_os_string()]);
        }
        flags.push("-I.".into());
        flags
    }

    /// Gathers the model's files into compilations; the shim goes with the first, whose `eval` it calls.
    fn units(
        &self,
        home: &VerilatorHome,
        work: &Path,
        verilated: &Verilated,
    ) -> Result<Vec<Job>, Error> {
        let ports = shim::parse_ports(&verilated.header);
        let shim_path = work.join("karat_shim.cpp");
        fs::write(&shim_path, shim::text(&ports, &self.clock))
            .map_err(Error::io("writing", &shim_path))?;
        let mut jobs = Vec::new();
        for (kind, files, optimize) in [
            ("fast", &verilated.fast, self.optimize),
            ("slow", &verilated.slow, 0),
        ] {
            let mut units: Vec<(u64, String)> = vec![(0, shim::PRELUDE.to_owned())];
            if kind == "fast" {
                units[0].1 += "#include \"karat_shim.cpp\"\n";
            }
            for file in files {
                let path = work.join(format!("{file}.cpp"));
                let size = fs::metadata(&path)
                    .map_err(Error::io("reading", &path))?
                    .len();
                if units
                    .last()
                    .is_some_and(|(bytes, _)| *bytes > 0 && bytes + size > UNIT_BYTES)
                {
                    units.push((0, shim::PRELUDE.to_owned()));
                }
                if let Some((bytes, text)) = units.last_mut() {
                    *bytes += size;
                    *text += &format!("#include \"{file}.cpp\"\n");
                }
            }
            for (number, (_, text)) in units.iter().enumerate() {
                let source = work.join(format!("karat_{kind}_{number}.cpp"));
                fs::write(&source, text).map_err(Error::io("writing", &source))?;
                let object = source.with_extension("o");
                jobs.push(Job {
                    source,
                    object,
                    flags: self.compile_flags(home, optimize),
                });
            }
        }
        Ok(jobs)
    }

    /// Objects of Verilator's runtime: compiled once for a compiler and kind of tracing, shared by all models.
    fn runtime(
        &self,
        config: &Config,
        compiler: &Compiler,
        home: &VerilatorHome,
        files: &[String],
        progress: &Progress,
    ) -> Result<Vec<PathBuf>, Error> {
        let key = Key::new("runtime 1")
            .field(packages::identity(config)?)
            .field(&compiler.identity)
            .field(self.flags().join(" "))
            .field(files.join(" "))
            .finish();
        let object = |place: &Path, file: &String| place.join(format!("{file}.o"));
        let (place, _) = store::entry(&config.cache, &format!("runtime/{key}"), |place| {
            let job = |file| Job {
                source: home.root.join("include").join(format!("{file}.cpp")),
                object: object(place, file),
                flags: self.compile_flags(home, 2),
            };
            let jobs: Vec<Job> = files.iter().map(job).collect();
            compiler.compile(config, "Verilator's runtime", &jobs, progress)
        })?;
        Ok(files.iter().map(|file| object(&place, file)).collect())
    }
}
