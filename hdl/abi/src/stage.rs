//! Stages of a proof: the same names in the host library, the counters, the spans and the timelines.

/// What a command is done for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Nothing of a proof: administration and tests.
    None = 0,
    /// Host rows to tiles.
    Upload = 1,
    /// Low-degree extension.
    Lde = 2,
    /// Leaf hashes and trees.
    Commit = 3,
    /// Quotient values.
    Quotient = 4,
    /// Out-of-domain evaluations and their reduction.
    Open = 5,
    /// Folded layers.
    Fri = 6,
    /// Rows and paths for the queries.
    Query = 7,
    /// Tiles back to host rows.
    Download = 8,
    /// Proofs of work.
    Grind = 9,
}

/// How many stages there are.
pub const STAGES: usize = 10;

impl Stage {
    /// Every stage, in order of value.
    pub const ALL: [Stage; STAGES] = [
        Stage::None,
        Stage::Upload,
        Stage::Lde,
        Stage::Commit,
        Stage::Quotient,
        Stage::Open,
        Stage::Fri,
        Stage::Query,
        Stage::Download,
        Stage::Grind,
    ];

    /// The name on every layer.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::None => "none",
            Stage::Upload => "upload",
            Stage::Lde => "lde",
            Stage::Commit => "commit",
            Stage::Quotient => "quotient",
            Stage::Open => "open",
            Stage::Fri => "fri",
            Stage::Query => "query",
            Stage::Download => "download",
            Stage::Grind => "grind",
        }
    }
}
