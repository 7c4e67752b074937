//! Running Verilator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::head;
use crate::packages::VerilatorHome;
use crate::shim::PREFIX;
use crate::{Design, Error};

/// Options of every model. Modules that occur often stay classes (`--inline-mult`), which makes less C++; the C++ is cut
/// into files and functions that compilers take quickly; what Verilog leaves undefined is random.
pub(crate) const OPTIONS: &[&str] = &[
    "--cc",
    "--quiet",
    "--no-timing",
    "-O3",
    "--x-assign",
    "unique",
    "--x-initial",
    "unique",
    "--inline-mult",
    "1",
    "--output-split",
    "20000",
    "--output-split-cfuncs",
    "2000",
    "-Wno-fatal",
];

/// What Verilator wrote.
pub(crate) struct Verilated {
    /// Names of the model's C++ files that are run all the time, and of those that are run at start.
    pub(crate) fast: Vec<String>,
    pub(crate) slow: Vec<String>,
    /// Files of Verilator's runtime that the model needs.
    pub(crate) runtime: Vec<String>,
    /// Text of the model's header.
    pub(crate) header: String,
}

/// Writes the design's sources into `folder`.
pub(crate) fn write_sources(design: &Design, folder: &Path) -> Result<(), Error> {
    for source in &design.sources {
        let path = folder.join(&source.name);
        fs::write(&path, &source.text).map_err(Error::io("writing", &path))?;
    }
    Ok(())
}

/// Runs Verilator on the sources in `folder`; what it writes goes there too.
pub(crate) fn verilate(design: &Design, home: &VerilatorHome, folder: &Path) -> Result<Verilated, Error> {
    let mut args: Vec<&str> = OPTIONS.to_vec();
    args.extend(["--prefix", PREFIX, "--Mdir", "."]);
    if design.trace {
        args.extend(["--trace-fst", "--trace-structs"]);
    }
    let warnings = run(design, home, folder, &args)?;
    if !warnings.is_empty() {
        tracing::debug!(top = design.top, "Verilator warns:\n{warnings}");
    }
    let read = |name: &str| -> Result<String, Error> {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(Error::io("reading", path))
    };
    let lists = read(&format!("{PREFIX}_classes.mk"))?;
    let list = |names: &[&str]| names.iter().flat_map(|name| make_list(&lists, name)).collect();
    Ok(Verilated {
        fast: list(&["VM_CLASSES_FAST", "VM_SUPPORT_FAST"]),
        slow: list(&["VM_CLASSES_SLOW", "VM_SUPPORT_SLOW"]),
        runtime: list(&["VM_GLOBAL_FAST", "VM_GLOBAL_SLOW"]),
        header: read(&format!("{PREFIX}.h"))?,
    })
}

/// Runs Verilator's checks alone. Any warning that the design does not allow is an error.
pub(crate) fn lint(design: &Design, home: &VerilatorHome, folder: &Path) -> Result<(), Error> {
    let output = run(design, home, folder, &["--lint-only", "--quiet", "--no-timing", "-Wno-fatal"])?;
    if output.is_empty() {
        return Ok(());
    }
    Err(Error::Verilator { top: design.top.clone(), output: head(output.as_bytes(), 40) })
}

/// Returns the warnings.
fn run(design: &Design, home: &VerilatorHome, folder: &Path, args: &[&str]) -> Result<String, Error> {
    let mut command = Command::new(&home.bin);
    command.args(args).args(["--top-module", &design.top]).args(&design.args);
    command.args(design.sources.iter().map(|s| s.name.as_str()));
    command.current_dir(folder).env("VERILATOR_ROOT", &home.root);
    tracing::debug!(?command, "running");
    let output = command.output().map_err(Error::io("running", PathBuf::from(&home.bin)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said = if output.stderr.is_empty() { output.status.to_string().into_bytes() } else { output.stderr };
    Err(Error::Verilator { top: design.top.clone(), output: head(&said, 40) })
}

/// Words of a make variable written as `NAME += \` and one word a line.
fn make_list(text: &str, name: &str) -> Vec<String> {
    let start = format!("{name} += \\");
    let lines = text.lines().skip_while(|line| *line != start).skip(1);
    let words = lines.map(|line| line.trim_end_matches('\\').trim()).take_while(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}
