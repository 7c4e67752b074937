//! Points in bit-reversed order: `base * root^rev(j)` at row j.

use p3_field::PrimeCharacteristicRing;

use crate::config::Val;

/// The rows of a program's runs, and a power of a root for each.
///
/// `root` to the reversed index of row j. A group's lanes are the low bits of the index, its groups of a run the next, so that the power
/// is a product: of one of the lane's ([`Domain::seeds`]), one of the group in its run ([`Domain::groups`]), and one of the run, which
/// each run takes to the next by one of few turns ([`Domain::turns`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Domain {
    /// log2 of the rows.
    pub log_rows: usize,
    /// log2 of the lanes.
    pub log_lanes: usize,
    /// log2 of the most groups of a run.
    pub most_unroll: usize,
}

impl Domain {
    /// As many rows as lanes.
    pub fn one_group(log_lanes: usize) -> Self {
        Self { log_rows: log_lanes, log_lanes, most_unroll: 0 }
    }

    /// log2 of the groups of all rows: fewer rows than lanes make one group.
    pub fn log_groups(self) -> usize {
        self.log_rows.saturating_sub(self.log_lanes)
    }

    /// log2 of the groups of a run.
    pub fn log_unroll(self) -> usize {
        self.most_unroll.min(self.log_groups())
    }

    /// Groups of a run.
    pub fn unroll(self) -> usize {
        1 << self.log_unroll()
    }

    /// log2 of the runs.
    pub fn log_runs(self) -> usize {
        self.log_groups() - self.log_unroll()
    }

    /// Runs.
    pub fn runs(self) -> u32 {
        1 << self.log_runs()
    }

    /// `base * root^rev(t)` for lane t. Lanes past the last row have `base`.
    pub fn seeds(self, base: Val, root: Val) -> Vec<Val> {
        let rows = 1_usize << self.log_rows;
        (0..1_usize << self.log_lanes)
            .map(|lane| if lane < rows { base * root.exp_u64(reverse(lane, self.log_rows) as u64) } else { base })
            .collect()
    }

    /// `root^(rev(u L) )` for group u of a run, L the lanes.
    pub fn groups(self, root: Val) -> Vec<Val> {
        let first_bit = self.log_runs();
        let exponent = |group: usize| (reverse(group, self.log_unroll()) << first_bit) as u64;
        (0..self.unroll()).map(|group| root.exp_u64(exponent(group))).collect()
    }

    /// What takes the power from a run with k trailing ones in its index to the next, by k; from the last it is one.
    pub fn turns(self, root: Val) -> Vec<Val> {
        use p3_field::Field;
        let bits = self.log_runs();
        let turn = |ones: usize| {
            let down = (1_u64 << bits) - (1_u64 << (bits - ones));
            root.exp_u64(1_u64 << (bits - 1 - ones)) * root.exp_u64(down).inverse()
        };
        (0..bits).map(turn).chain([Val::ONE]).collect()
    }
}

/// The lowest `bits` bits, the other way round.
fn reverse(index: usize, bits: usize) -> usize {
    p3_util::reverse_bits_len(index, bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_field::TwoAdicField;

    /// Seeds, groups and turns of every shape against the definition.
    #[test]
    fn factors_make_the_powers_of_every_row() {
        for log_rows in 0..9 {
            for (log_lanes, most_unroll) in [(3, 0), (3, 2), (2, 6), (3, 6)] {
                let domain = Domain { log_rows, log_lanes, most_unroll };
                let (root, base) = (Val::two_adic_generator(log_rows + 2), Val::from_u64(7));
                let (seeds, groups, turns) = (domain.seeds(base, root), domain.groups(root), domain.turns(root));
                let mut power = Val::ONE;
                for run in 0..domain.runs() as usize {
                    for (u, group) in groups.iter().enumerate() {
                        for (lane, seed) in seeds.iter().enumerate() {
                            let row = ((run << domain.log_unroll() | u) << log_lanes) + lane;
                            if row < 1 << log_rows {
                                let expected = base * root.exp_u64(reverse(row, log_rows) as u64);
                                assert_eq!(power * *group * *seed, expected, "{domain:?}, row {row}");
                            }
                        }
                    }
                    power *= turns[run.trailing_ones() as usize];
                }
            }
        }
    }
}
