//! What decides a model, and building it.

use std::fs;
use std::path::Path;

use karat_packages::store::{self, Key};

use crate::compiler::Compiler;
use crate::make::{self, Maker};
use crate::{Config, Error, Model, packages, shim, verilate};

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
        Self { name: name.into(), text: text.into() }
    }

    /// A source read from a file, under the file's name.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::io("reading Verilog", path))?;
        Ok(Self::new(path.file_name().unwrap_or_default().to_string_lossy(), text))
    }
}

/// Everything that decides a model, apart from the tools.
#[derive(Clone, Debug)]
pub struct Design {
    /// The top module.
    pub top: String,
    /// Its Verilog, in the order Verilator is to read it.
    pub sources: Vec<Source>,
    /// Whether instances can write FST waveforms (simulates slower).
    pub trace: bool,
    /// The one-bit input that [`crate::Instance::cycle`] drives.
    pub clock: String,
    /// The compiler's `-O` level for code that runs in every cycle, 0 to 3: 3 simulates fastest.
    pub optimize: u8,
    /// More arguments for Verilator, such as `-Wno-WIDTH` or `-DNAME=1`; not the names of files, whose content the cache
    /// would not see.
    pub args: Vec<String>,
}

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
        let name = format!("models/{}-{}", self.file_name(), self.key(config, &compiler)?);
        let (folder, built) =
            store::entry(&config.cache, &name, |place| Maker::new(self, config, &compiler)?.make(place))?;
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
        store::entry(&config.cache, &format!("lint/{}-{key}", self.file_name()), |place| {
            let home = packages::verilator_with(config)?;
            verilate::write_sources(self, place)?;
            verilate::lint(self, &home, place)?;
            for source in &self.sources {
                let path = place.join(&source.name);
                fs::remove_file(&path).map_err(Error::io("removing", &path))?;
            }
            Ok(())
        })
        .map(|_| ())
    }

    fn check_names(&self) -> Result<(), Error> {
        for (at, Source { name, .. }) in self.sources.iter().enumerate() {
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._$-".contains(&b));
            let reason = if !plain || !(name.ends_with(".v") || name.ends_with(".sv")) || name.starts_with(['-', '.']) {
                "needs a plain file name ending in .v or .sv"
            } else if self.sources[..at].iter().any(|other| other.name == *name) {
                "has the name of another source"
            } else {
                continue;
            };
            return Err(Error::BadSource { top: self.top.clone(), name: name.clone(), reason });
        }
        Ok(())
    }

    /// The top's name as far as it is fit for a file name; the key beside it tells designs apart.
    fn file_name(&self) -> String {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.top.chars().filter(|c| fit(*c)).take(60).collect()
    }

    fn sources_key(&self, mut key: Key) -> Key {
        key = key.field(&self.top).field(self.args.join("\n")).field(verilate::OPTIONS.join("\n"));
        for source in &self.sources {
            key = key.field(&source.name).field(&source.text);
        }
        key
    }

    fn key(&self, config: &Config, compiler: &Compiler) -> Result<String, Error> {
        let key = Key::new("model 1")
            .field(packages::identity(config)?)
            .field(&compiler.identity)
            .field(make::flags(self.trace).join("\n"))
            .field(shim::text(&[], &self.clock))
            .field(shim::PRELUDE)
            .field(&self.clock)
            .field([self.optimize, make::SLOW_OPTIMIZE, make::RUNTIME_OPTIMIZE]);
        Ok(self.sources_key(key).finish())
    }
}
