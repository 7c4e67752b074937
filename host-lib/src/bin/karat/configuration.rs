//! Hash, field of challenges and parameters, as they are said at the command line.

use karat::{Degree, HashName, Parameters, Preset, Scheme};

/// What can be said; the preset, or the default, decides the rest.
#[derive(clap::Args)]
pub struct Configuration {
    /// The hash of commitments and transcript [default: poseidon2, of a contract keccak, or the preset's].
    #[arg(long)]
    hash: Option<HashName>,
    /// The degree of the field of challenges [default: 2, or the preset's].
    #[arg(long)]
    degree: Option<Degree>,
    /// Parameters that go together, for what is not said otherwise.
    #[arg(long)]
    preset: Option<Preset>,
    /// log2 of the blowup [default: 1, or the preset's].
    #[arg(long, value_name = "N")]
    log_blowup: Option<usize>,
    /// Queries [default: 100, or the preset's].
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// Bits of the proof of work before the queries [default: 16, or the preset's].
    #[arg(long, value_name = "N")]
    pow_bits: Option<usize>,
    /// log2 of the largest folding arity [default: 1, or the preset's].
    #[arg(long, value_name = "N")]
    log_arity: Option<usize>,
    /// log2 of the coefficients at which folding stops [default: 0, or the preset's].
    #[arg(long, value_name = "N")]
    log_final: Option<usize>,
    /// log2 of the nodes of a commitment [default: 0, or the preset's].
    #[arg(long, value_name = "N")]
    cap_height: Option<usize>,
}

impl Configuration {
    /// What was said, and the preset's or the default for the rest.
    pub fn resolve(&self, default: Scheme) -> (Scheme, Parameters) {
        let (scheme, preset) = match self.preset {
            Some(preset) => (preset.scheme(), preset.parameters()),
            None => (default, Parameters::default()),
        };
        let scheme = Scheme { hash: self.hash.unwrap_or(scheme.hash), degree: self.degree.unwrap_or(scheme.degree) };
        let parameters = Parameters {
            log_blowup: self.log_blowup.unwrap_or(preset.log_blowup),
            log_final_poly_len: self.log_final.unwrap_or(preset.log_final_poly_len),
            max_log_arity: self.log_arity.unwrap_or(preset.max_log_arity),
            num_queries: self.queries.unwrap_or(preset.num_queries),
            query_pow_bits: self.pow_bits.unwrap_or(preset.query_pow_bits),
            cap_height: self.cap_height.unwrap_or(preset.cap_height),
            ..preset
        };
        (scheme, parameters)
    }
}
