//! Parameters that go together, by name.

use std::fmt;

use crate::{Degree, HashName, Parameters, Scheme};

/// A named set of parameters, for proofs that a contract checks: few queries, much blowup, wide folds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Preset {
    /// 98 bits conjectured at 2^16 rows: Keccak, degree 2, blowup 16, 21 queries, 16 bits of proof of work.
    #[value(name = "fast-98")]
    Fast98,
    /// 98 bits conjectured for thousands of columns in 2^9 rows: Keccak, degree 2, blowup 256, 10 queries, 20 bits of proof of work before
    /// the queries and 4 before the openings are batched. A query costs a contract a row of every column.
    #[value(name = "wide-98")]
    Wide98,
    /// At least 100 bits proven at 2^16 rows: Keccak, degree 3, blowup 16, 42 queries, 20 bits of proof of work before the queries and as
    /// many before the openings are batched.
    #[value(name = "proven-100")]
    Proven100,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Fast98, Self::Wide98, Self::Proven100];

    /// Hash and field of challenges.
    pub const fn scheme(self) -> Scheme {
        let degree = match self {
            Self::Fast98 | Self::Wide98 => Degree::Two,
            Self::Proven100 => Degree::Three,
        };
        Scheme { hash: HashName::Keccak, degree }
    }

    /// The rest.
    pub fn parameters(self) -> Parameters {
        // A cap would cost more bytes than it saves, because openings are pruned.
        let common = Parameters {
            log_blowup: 4,
            log_final_poly_len: 5,
            max_log_arity: 3,
            cap_height: 0,
            ..Parameters::default()
        };
        match self {
            Self::Fast98 => Parameters { num_queries: 21, query_pow_bits: 16, ..common },
            Self::Wide98 => {
                Parameters { log_blowup: 8, num_queries: 10, query_pow_bits: 20, batch_pow_bits: 4, ..common }
            }
            Self::Proven100 => Parameters { num_queries: 42, query_pow_bits: 20, batch_pow_bits: 20, ..common },
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast98 => "fast-98",
            Self::Wide98 => "wide-98",
            Self::Proven100 => "proven-100",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Preset;
    use crate::airs::AirSpec;
    use crate::config::{Challenge, CubicChallenge};
    use crate::{Keccak, Security};

    #[test]
    fn presets_have_the_security_that_they_are_named_for() {
        let air = AirSpec::Fib.build(16).expect("an AIR");
        let fast = Preset::Fast98.parameters().with_constants::<Keccak>(());
        let fast = Security::of::<Challenge, _, _>(&air, &fast, 16);
        let proven = Preset::Proven100.parameters().with_constants::<Keccak>(());
        let proven = Security::of::<CubicChallenge, _, _>(&air, &proven, 16);
        let keccak = AirSpec::Keccak { blocks: 21 }.build(9).expect("an AIR");
        let wide = Preset::Wide98.parameters().with_constants::<Keccak>(());
        let wide = Security::of::<Challenge, _, _>(&keccak, &wide, 9);
        println!("fast-98: {fast}; wide-98: {wide}; proven-100: {proven}");
        assert!(fast.conjectured_bits >= 98);
        assert!(wide.conjectured_bits >= 98);
        assert!(proven.proven_bits >= 100);
    }
}
