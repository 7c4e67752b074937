//! A cache of its own for a test, with the packages and the runtime of the ordinary one.

use karat_verilator::{Config, Design, Source};
use tempfile::TempDir;

pub const COUNTER: &str = "module counter(input clock, input [7:0] step, output reg [7:0] count);
  always @(posedge clock) count <= count + step;
endmodule
";

pub fn counter() -> Design {
    Design::new("counter", [Source::new("counter.v", COUNTER)])
}

/// A configuration whose cache has no models.
pub fn fresh_cache() -> (Config, TempDir) {
    let mut config = Config::from_env();
    // Makes sure that packages and runtime are there; what is shared below is then only read.
    counter().build_with(&config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for shared in ["packages", "runtime"] {
        if config.cache.join(shared).exists() {
            std::os::unix::fs::symlink(config.cache.join(shared), folder.path().join(shared)).unwrap();
        }
    }
    config.cache = folder.path().to_owned();
    (config, folder)
}
