//! The programs that proofs of an AIR take besides that of its constraints.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use karat_abi::Stage;

use super::folding::folds;
use super::memory::Demand;
use super::opening::{groups, pack_domain};
use super::{ChallengeField, Shape};
use crate::BackendError;
use crate::card::Session;
use crate::card::vector::CardCode;
use crate::program::{Code, ProgramError};
use crate::vector::{Reciprocals, Reduce, Shape as Program};

/// Programs by what they do: those that a session's card has, and those that are compiled and wait for it.
pub(super) struct Programs<'a> {
    session: Option<&'a Session>,
    compiled: HashMap<Program, Code>,
}

impl<'a> Programs<'a> {
    /// Of a session, or of none.
    pub fn new(session: Option<&'a Session>) -> Self {
        Self { session, compiled: HashMap::new() }
    }

    /// Compiles what proofs take and the card has not; the beats of card memory of all that, if there is any.
    pub fn compile<E: ChallengeField>(&mut self, demand: &Demand) -> Result<Option<u64>, (Stage, ProgramError)> {
        let missing = self.missing::<E>(demand);
        let compile = |(program, stage): (Program, Stage)| {
            let code = match self.compiled.entry(program) {
                Entry::Occupied(code) => code.into_mut(),
                Entry::Vacant(place) => {
                    let code = place.key().compile::<E>().map_err(|error| (stage, error))?;
                    place.insert(code)
                }
            };
            Ok(CardCode::beats_of(code))
        };
        missing.into_iter().map(compile).try_fold(None, |sum, beats| Ok(Some(sum.unwrap_or(0) + beats?)))
    }

    /// Words of the stream of constants of a program that proofs take.
    pub fn words<E: ChallengeField>(&self, program: &Program) -> usize {
        let words = |code: &Code| code.statistics().constants;
        match self.session.and_then(|session| session.known::<E>(program)) {
            Some(known) => words(known.code()),
            None => words(self.compiled.get(program).expect("all programs of a proof were compiled")),
        }
    }

    /// What proofs take and the card has not, each once.
    fn missing<E: ChallengeField>(&self, demand: &Demand) -> Vec<(Program, Stage)> {
        let mut missing: Vec<(Program, Stage)> = Vec::new();
        for (program, stage) in of_proofs(demand) {
            let known = self.session.is_some_and(|session| session.known::<E>(&program).is_some());
            if !known && missing.iter().all(|(other, _)| *other != program) {
                missing.push((program, stage));
            }
        }
        missing
    }

    /// Gives a session's card what was compiled for proofs.
    pub fn place<E: ChallengeField>(mut self, session: &Session, demand: &Demand) -> Result<(), BackendError> {
        let missing = self.missing::<E>(demand);
        let take = |(program, _)| {
            let code = self.compiled.remove(&program).expect("all programs of a proof were compiled");
            (program, code)
        };
        let programs: Vec<(Program, Code)> = missing.into_iter().map(take).collect();
        if !programs.is_empty() {
            session.teach::<E>(programs, Stage::Upload)?;
        }
        Ok(())
    }
}

/// What makes the first product of a chain's polynomial of this degree.
pub(super) fn chain(shape: Shape, degree: usize) -> Program {
    Program::ChainForward { groups: Reciprocals::new(shape.log_rows, shape.log_lanes).domain.unroll(), degree }
}

/// What reduces the openings.
pub(super) fn reduce(demand: &Demand) -> Program {
    let shape = demand.shape();
    let reduce = Reduce { parts: demand.parts() };
    let groups = reduce.domain(shape.log_rows, shape.log_lanes, shape.degree).unroll();
    Program::Reduce { reduce, groups }
}

fn of_proofs(demand: &Demand) -> Vec<(Program, Stage)> {
    let shape = demand.shape();
    let groups_of_chains = Reciprocals::new(shape.log_rows, shape.log_lanes).domain.unroll();
    let mut programs = Vec::new();
    let mut add =
        |stage, of_stage: &[Program]| programs.extend(of_stage.iter().map(|program| (program.clone(), stage)));
    let (start, invert) =
        (Program::ChainStart { groups: groups_of_chains }, Program::ChainInvert { groups: groups_of_chains });
    if demand.selectors() {
        let first = Program::SelectorsFirst { groups: groups_of_chains };
        add(Stage::Quotient, &[start.clone(), chain(shape, 1), invert.clone(), first, Program::SelectorsFinish]);
    }
    let elements = Program::Elements { groups: groups_of_chains };
    add(Stage::Open, &[start, chain(shape, shape.degree), invert, elements]);
    if demand.points() > 1 {
        add(Stage::Open, &[Program::Shift]);
    }
    for group in groups(shape, &demand.parts()).0 {
        add(Stage::Open, &group.programs(shape));
    }
    add(Stage::Open, &[reduce(demand), Program::Pack { groups: pack_domain(shape).unroll() }]);
    let mut log_height = shape.log_rows + shape.log_blowup;
    for log_arity in demand.log_arities() {
        let folds = folds(shape, log_height, log_arity);
        folds.iter().for_each(|fold| add(Stage::Fri, &Program::of_fold(fold)));
        log_height -= log_arity;
    }
    programs
}
