//! What a proof took, for people and for machines.

use std::fmt;

use serde::Serialize;

use crate::Scheme;
use crate::security::Security;

/// What a card has done so far, in card cycles. The model counts none: all its cycles are zero.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Usage {
    /// Cycles since reset.
    pub cycles: u64,
    /// Of these, cycles in which no engine was busy.
    pub idle_cycles: u64,
    /// Of these, cycles in which the card had no command: the host was at work on the transcript, or on the next command.
    pub host_cycles: u64,
    /// Seconds in which the session had no command on the card, between commands.
    pub host_seconds: f64,
    /// Commands completed.
    pub commands: u64,
    /// Bytes that the card read from host memory as data.
    pub bytes_to_card: u64,
    /// Bytes that the card wrote to host memory as data.
    pub bytes_from_card: u64,
    /// By engine.
    pub engines: Vec<EngineUsage>,
    /// By stage.
    pub stages: Vec<StageUsage>,
}

/// What an engine has done so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct EngineUsage {
    /// The engine.
    pub name: String,
    /// Cycles with a descriptor active.
    pub busy_cycles: u64,
    /// Busy cycles in which the datapath waited for input.
    pub starved_cycles: u64,
    /// Busy cycles in which the datapath waited for its output to be taken.
    pub stalled_cycles: u64,
}

/// What was done for a stage so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct StageUsage {
    /// The stage, by its name in the contract.
    pub name: String,
    /// Cycles in which a command of it was under way.
    pub cycles: u64,
    /// Commands.
    pub commands: u64,
}

impl Usage {
    /// What was done after `earlier` was read.
    pub fn since(&self, earlier: &Self) -> Self {
        let engine = |now: &EngineUsage| {
            let then = earlier.engines.iter().find(|e| e.name == now.name);
            let less = |field: fn(&EngineUsage) -> u64| field(now).saturating_sub(then.map_or(0, field));
            EngineUsage {
                name: now.name.clone(),
                busy_cycles: less(|e| e.busy_cycles),
                starved_cycles: less(|e| e.starved_cycles),
                stalled_cycles: less(|e| e.stalled_cycles),
            }
        };
        let stage = |now: &StageUsage| {
            let then = earlier.stages.iter().find(|s| s.name == now.name);
            let less = |field: fn(&StageUsage) -> u64| field(now).saturating_sub(then.map_or(0, field));
            StageUsage { name: now.name.clone(), cycles: less(|s| s.cycles), commands: less(|s| s.commands) }
        };
        Self {
            cycles: self.cycles.saturating_sub(earlier.cycles),
            idle_cycles: self.idle_cycles.saturating_sub(earlier.idle_cycles),
            host_cycles: self.host_cycles.saturating_sub(earlier.host_cycles),
            host_seconds: self.host_seconds - earlier.host_seconds,
            commands: self.commands.saturating_sub(earlier.commands),
            bytes_to_card: self.bytes_to_card.saturating_sub(earlier.bytes_to_card),
            bytes_from_card: self.bytes_from_card.saturating_sub(earlier.bytes_from_card),
            engines: self.engines.iter().map(engine).collect(),
            stages: self.stages.iter().map(stage).collect(),
        }
    }
}

/// A proof made on a card, checked, and compared with the CPU's. Serializes to the JSON of `karat prove --json`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The AIR's name.
    pub air: String,
    /// Rows of the trace.
    pub rows: usize,
    /// Columns of the trace.
    pub columns: usize,
    /// log2 of the blowup.
    pub log_blowup: usize,
    /// log2 of the largest folding arity.
    pub log_arity: usize,
    /// Queries.
    pub queries: usize,
    /// Bits of the proof of work before the queries.
    pub pow_bits: usize,
    /// log2 of the nodes of a commitment.
    pub cap_height: usize,
    /// Hash and field of challenges.
    pub scheme: Scheme,
    /// Keccak-256 of the input, in hexadecimal, if that is what is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// What was opened as a card.
    pub card: String,
    /// SHA-256 of the firmware image, in hexadecimal.
    pub firmware_sha256: String,
    /// Plonky3's verifier accepted the proof.
    pub verified: bool,
    /// The bytes are those of Plonky3's prover on the CPU.
    pub identical_to_cpu: bool,
    /// Length of the proof's postcard.
    pub proof_bytes: usize,
    /// SHA-256 of the proof's postcard, in hexadecimal.
    pub proof_sha256: String,
    /// Security in bits.
    pub security: Security,
    /// Time of the CPU's proof.
    pub cpu_seconds: f64,
    /// Time of the card's proof, as the host saw it.
    pub wall_seconds: f64,
    /// Card cycles by wall time: the speed of the simulator, if it is one. 0 for the model.
    pub sim_cycles_per_second: f64,
    /// What the card did for this proof.
    #[serde(flatten)]
    pub usage: Usage,
}

impl Report {
    /// Whether the proof is what it should be.
    pub fn is_good(&self) -> bool {
        self.verified && self.identical_to_cpu
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only strings as keys")
    }

    fn write_cycles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = &self.usage;
        let share = |cycles: u64| 100.0 * cycles as f64 / usage.cycles as f64;
        writeln!(f, "{:<12} {:>14} {:>7} {:>9}", "stage", "cycles", "share", "commands")?;
        for stage in usage.stages.iter().filter(|s| s.commands > 0) {
            writeln!(f, "{:<12} {:>14} {:>6.1}% {:>9}", stage.name, stage.cycles, share(stage.cycles), stage.commands)?;
        }
        writeln!(f, "{:<12} {:>14} {:>7} {:>9}", "total", usage.cycles, "", usage.commands)?;
        let idle = usage.idle_cycles;
        writeln!(
            f,
            "{:<12} {idle:>14} {:>6.1}%, of which {} with no command, {:.3} s of the host",
            "idle",
            share(idle),
            usage.host_cycles,
            usage.host_seconds
        )?;
        writeln!(f)?;
        writeln!(f, "{:<12} {:>14} {:>7} {:>9} {:>9}", "engine", "busy cycles", "busy", "starved", "stalled")?;
        for engine in &usage.engines {
            writeln!(
                f,
                "{:<12} {:>14} {:>6.1}% {:>8.1}% {:>8.1}%",
                engine.name,
                engine.busy_cycles,
                share(engine.busy_cycles),
                share(engine.starved_cycles),
                share(engine.stalled_cycles)
            )?;
        }
        Ok(())
    }

    fn write_commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:>14}", "stage", "commands")?;
        for stage in self.usage.stages.iter().filter(|s| s.commands > 0) {
            writeln!(f, "{:<12} {:>14}", stage.name, stage.commands)?;
        }
        writeln!(f, "{:<12} {:>14}", "total", self.usage.commands)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = &self.usage;
        writeln!(
            f,
            "{} with {} rows of {} columns, blowup {}, on {}",
            self.air,
            self.rows,
            self.columns,
            1u64 << self.log_blowup,
            self.card
        )?;
        if let Some(hash) = &self.hash {
            writeln!(f, "Keccak-256   {hash}")?;
        }
        writeln!(f, "hash {}, challenges of degree {}", self.scheme.hash, self.scheme.degree)?;
        writeln!(f)?;
        let counts_cycles = usage.cycles > 0;
        if counts_cycles {
            self.write_cycles(f)?
        } else {
            self.write_commands(f)?
        }
        writeln!(f)?;
        writeln!(f, "to card      {:>14} bytes", usage.bytes_to_card)?;
        writeln!(f, "from card    {:>14} bytes", usage.bytes_from_card)?;
        writeln!(f, "proof        {:>14} bytes, SHA-256 {}", self.proof_bytes, self.proof_sha256)?;
        writeln!(f, "security     {}", self.security)?;
        writeln!(f, "CPU          {:>14.3} s", self.cpu_seconds)?;
        write!(f, "card         {:>14.3} s", self.wall_seconds)?;
        if counts_cycles {
            write!(f, ", {:.0} cycles a second", self.sim_cycles_per_second)?;
        }
        writeln!(f)?;
        let verdict = |good, yes, no| if good { yes } else { no };
        writeln!(
            f,
            "verified     {}\nidentical    {}",
            verdict(self.verified, "yes, by Plonky3", "NO"),
            verdict(self.identical_to_cpu, "yes, to the CPU's proof", "NO")
        )
    }
}
