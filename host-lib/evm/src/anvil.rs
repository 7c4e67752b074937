//! Foundry's `anvil`: a chain of one node on this machine, for as long as it is wanted.

use std::env::consts::{ARCH, OS};
use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use karat_packages::Error as PackageError;
use karat_packages::node::{self, Package};

use crate::{Error, NodeError};

/// The package with the program for this machine.
fn package() -> Option<Package> {
    let (name, sha256) = match (OS, ARCH) {
        ("linux", "x86_64") => {
            ("@foundry-rs/anvil-linux-amd64", "5727dd8f08f3bf6dde4ec1d9832e87c43f9315ef824bff1ab18486bf51bc7af3")
        }
        ("linux", "aarch64") => {
            ("@foundry-rs/anvil-linux-arm64", "51c5290104d51295acb4733dbe32f104d600f2e170c4f00f173e8808a37168c4")
        }
        _ => return None,
    };
    let otherwise = ", or name a node that is there";
    Some(Package { name, version: "1.7.1", sha256, files: &["bin/anvil"], otherwise })
}

/// What `anvil` says once it takes requests, before its address.
const LISTENING: &str = "Listening on ";

/// A chain under the Osaka rules, with unlocked accounts, that mines every transaction at once. It ends when dropped.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    url: String,
    /// Reads what it goes on to say, so that it never waits for a reader.
    reader: Option<JoinHandle<()>>,
}

impl Anvil {
    /// Starts a chain on a free port of this machine. The program is fetched on first use.
    ///
    /// # Errors
    /// Without a network, if it is not in the cache; on machines that it was not made for; and when it does not start.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&[])
    }

    /// As [`Anvil::start`], with more arguments of the program's command line.
    ///
    /// # Errors
    /// As [`Anvil::start`], and for arguments that it does not take.
    pub fn start_with(arguments: &[&str]) -> Result<Self, Error> {
        let package = package().ok_or_else(|| NodeError::Platform(format!("{OS} on {ARCH}")))?;
        let program = node::node()?.package(&package)?.join("bin/anvil");
        let failed = || PackageError::io("starting", &program);
        let (output, input) = io::pipe().map_err(failed())?;
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--port", "0", "--hardfork", "osaka", "--color", "never"]);
        command.args(arguments).stdin(Stdio::null()).stdout(input.try_clone().map_err(failed())?).stderr(input);
        let child = command.spawn().map_err(failed())?;
        // With the command go this process's ends of the pipe: it closes when the child ends.
        drop(command);
        // From here on the child ends with this, whatever happens.
        let mut anvil = Self { child, url: String::new(), reader: None };
        let mut output = BufReader::new(output);
        let address = listening(&mut output)?;
        anvil.url = format!("http://{address}");
        anvil.reader = Some(std::thread::spawn(move || drop(io::copy(&mut output, &mut io::sink()))));
        Ok(anvil)
    }

    /// The address of its JSON-RPC.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Each fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The address that it says it listens on.
fn listening(output: &mut BufReader<PipeReader>) -> Result<String, NodeError> {
    let mut said = String::new();
    for line in output.lines() {
        let line = line.map_err(|error| NodeError::Anvil(error.to_string()))?;
        if let Some(address) = line.strip_prefix(LISTENING) {
            return Ok(address.to_owned());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(NodeError::Anvil(said))
}
