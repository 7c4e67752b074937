//! Many processes that want one model at once build it once. Run without the test harness, because it starts itself.

use std::process::{Command, ExitCode, Stdio};

use karat_verilator::{Config, Design, Error, Source};

const CHILD: &str = "child";
const PROCESSES: usize = 5;

fn design() -> Design {
    let text = "module triple(input [15:0] a, output [15:0] b); assign b = a + a + a; endmodule";
    Design::new("triple", [Source::new("triple.v", text)])
}

/// Prints whether this process built the model, and what it computes.
fn child() -> Result<(), Error> {
    let model = design().build()?;
    let mut dut = model.instance(1);
    dut.set(dut.port("a")?, 14);
    dut.eval();
    println!("{} {}", model.was_built(), dut.get(dut.port("b")?));
    Ok(())
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| argument == CHILD) {
        return match child() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    // Packages from the ordinary cache, models in an empty one.
    karat_verilator::packages::verilator().expect("Verilator");
    let cache = tempfile::tempdir().expect("temporary folder");
    let packages = Config::from_env().cache.join("packages");
    if packages.exists() {
        std::os::unix::fs::symlink(packages, cache.path().join("packages")).expect("link to packages");
    }
    let myself = std::env::current_exe().expect("own path");
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = Command::new(&myself);
            command.arg(CHILD).env("KARAT_CACHE", cache.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("child process")
        })
        .collect();
    let mut said = Vec::new();
    for child in children {
        let output = child.wait_with_output().expect("child's output");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said.push(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    said.sort();
    let mut expected = vec!["false 42\n"; PROCESSES - 1];
    expected.push("true 42\n");
    assert_eq!(said, expected);
    println!("{PROCESSES} processes, one build: ok");
    ExitCode::SUCCESS
}
