//! The order of expressions, in runs of one form each, and the slots of memory that values are kept in until they are last
//! read.

use std::collections::HashMap;

use karat_constraints::Id;

use crate::cut::{Cut, Expression};

/// Most expressions of a run: their number is a byte.
pub(crate) const LONGEST: usize = 255;

/// What an operand is, once values have their slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Leaf(Id),
    Slot(usize),
}

/// An expression with its operands, and the slot that its value is kept in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    pub operands: Vec<Source>,
    pub result: Option<usize>,
}

/// Expressions of one form, one after another.
pub(crate) struct Run {
    pub form: usize,
    pub steps: Vec<Step>,
}

/// All expressions of a graph.
pub(crate) struct Schedule {
    pub runs: Vec<Run>,
    /// How many slots there are.
    pub slots: usize,
}

impl Schedule {
    /// Constraints keep their order. Before those of a run comes everything that they need and that was not needed before,
    /// as early as its own operands allow: neighbours are alike, so that makes long runs.
    pub fn new(cut: &Cut) -> Self {
        let mut writer = Writer { cut, reads: reads(cut), slots: HashMap::new(), free: Vec::new(), used: 0 };
        let mut runs = Vec::new();
        for alike in cut.folded.chunk_by(|a, b| a.form == b.form) {
            for group in alike.chunks(LONGEST) {
                let needed = writer.needed(group);
                for run in needed.chunk_by(|a, b| (a.0, a.1.form) == (b.0, b.1.form)) {
                    let expressions: Vec<&Expression> = run.iter().map(|&(_, expression)| expression).collect();
                    runs.extend(expressions.chunks(LONGEST).map(|run| writer.run(run, true)));
                }
                runs.push(writer.run(&group.iter().collect::<Vec<_>>(), false));
            }
        }
        Self { runs, slots: writer.used }
    }
}

/// How many expressions read a kept value.
fn reads(cut: &Cut) -> HashMap<Id, usize> {
    let mut reads = HashMap::new();
    for expression in cut.folded.iter().chain(cut.kept.values()) {
        for &operand in &expression.operands {
            *reads.entry(operand).or_default() += 1;
        }
    }
    reads
}

struct Writer<'a> {
    cut: &'a Cut,
    /// How often values are still to be read.
    reads: HashMap<Id, usize>,
    /// Where values are; those that are not read any more stay here, so that they are not computed again.
    slots: HashMap<Id, usize>,
    free: Vec<usize>,
    used: usize,
}

impl<'a> Writer<'a> {
    /// What has to be computed before a group, with its level: one more than the highest of its operands.
    fn needed(&self, group: &[Expression]) -> Vec<(usize, &'a Expression)> {
        let mut levels = HashMap::new();
        let mut stack: Vec<Id> = group.iter().flat_map(|expression| expression.operands.iter().copied()).collect();
        while let Some(id) = stack.pop() {
            let missing = self.cut.kept.get(&id).filter(|_| !self.slots.contains_key(&id) && !levels.contains_key(&id));
            if let Some(expression) = missing {
                levels.insert(id, 0);
                stack.extend(&expression.operands);
            }
        }
        let mut ids: Vec<Id> = levels.keys().copied().collect();
        // Operands have smaller numbers.
        ids.sort_unstable();
        for id in &ids {
            let below = self.cut.kept[id].operands.iter().filter_map(|operand| levels.get(operand));
            let level = below.max().map_or(0, |level| level + 1);
            levels.insert(*id, level);
        }
        ids.sort_by_key(|id| (levels[id], self.cut.kept[id].form, *id));
        ids.iter().map(|id| (levels[id], &self.cut.kept[id])).collect()
    }

    fn run(&mut self, expressions: &[&Expression], keeps: bool) -> Run {
        let steps = expressions.iter().map(|expression| self.step(expression, keeps)).collect();
        Run { form: expressions[0].form, steps }
    }

    fn step(&mut self, expression: &Expression, keeps: bool) -> Step {
        let operands = expression.operands.iter().map(|id| match self.slots.get(id) {
            Some(&slot) => Source::Slot(slot),
            None => Source::Leaf(*id),
        });
        let operands = operands.collect();
        // The result may take the place of an operand: all are read before it is written.
        for id in &expression.operands {
            let reads = self.reads.get_mut(id).expect("operands are counted");
            *reads -= 1;
            if *reads == 0 {
                self.free.extend(self.slots.get(id));
            }
        }
        let mut slot = || {
            self.free.pop().unwrap_or_else(|| {
                self.used += 1;
                self.used - 1
            })
        };
        let result = keeps.then(&mut slot);
        if let Some(slot) = result {
            self.slots.insert(expression.root, slot);
        }
        Step { operands, result }
    }
}

#[cfg(test)]
mod tests {
    use karat_constraints::{Dag, Node};
    use p3_air::symbolic::{AirLayout, get_all_symbolic_constraints};
    use p3_field::PrimeCharacteristicRing;
    use p3_keccak_air::KeccakAir;
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::config::Val;
    use crate::cut::Part;
    use crate::tape::Tape;

    fn keccak() -> Dag {
        let air = KeccakAir {};
        Dag::new(&get_all_symbolic_constraints::<Val, Val, _>(&air, AirLayout::from_air::<Val>(&air)).0)
    }

    /// Values of constraints in the order in which a schedule folds them.
    fn folded(schedule: &Schedule, cut: &Cut, leaves: &[Val]) -> Vec<Val> {
        let mut slots = vec![Val::ZERO; schedule.slots];
        let mut folded = Vec::new();
        for run in &schedule.runs {
            assert!((1..=LONGEST).contains(&run.steps.len()));
            for step in &run.steps {
                let mut values: Vec<Val> = Vec::new();
                for part in &cut.forms[run.form].parts {
                    values.push(match *part {
                        Part::Operand(operand) => match step.operands[operand] {
                            Source::Leaf(id) => leaves[id],
                            Source::Slot(slot) => slots[slot],
                        },
                        Part::Literal(value) => Val::new(value),
                        Part::Sum(x, y) => values[x] + values[y],
                        Part::Difference(x, y) => values[x] - values[y],
                        Part::Product(x, y) => values[x] * values[y],
                    });
                }
                let value = values[values.len() - 1];
                match step.result {
                    Some(slot) => slots[slot] = value,
                    None => folded.push(value),
                }
            }
        }
        folded
    }

    #[test]
    fn every_cut_of_a_graph_gives_its_constraints() {
        let dag = keccak();
        let mut rng = SmallRng::seed_from_u64(1);
        let mut values: Vec<Val> = Vec::new();
        for node in &dag.nodes {
            values.push(match *node {
                Node::Constant(value) => Val::new(value),
                Node::Sum(x, y) => values[x] + values[y],
                Node::Difference(x, y) => values[x] - values[y],
                Node::Product(x, y) => values[x] * values[y],
                _ => rng.random(),
            });
        }
        let expected: Vec<Val> = dag.constraints.iter().map(|&root| values[root]).collect();
        for limit in 1..=16 {
            let cut = Cut::new(&dag, limit);
            assert!(folded(&Schedule::new(&cut), &cut, &values) == expected, "cut at {limit} operations");
        }
    }

    #[test]
    fn keccak_takes_two_pieces() {
        let (dag, tape) = (keccak(), Tape::new(&keccak()));
        let (forms, slots) = (tape.cut.forms.len(), tape.schedule.slots);
        println!(
            "{} operations, {} constraints: {forms} forms, {} bytes, {slots} slots, about {} gas",
            dag.operations(),
            dag.constraints.len(),
            tape.size(),
            tape.gas()
        );
        assert!(!tape.is_inside() && tape.size() < 2 * crate::compiler::CODE_LIMIT && slots < 1000);
    }
}
