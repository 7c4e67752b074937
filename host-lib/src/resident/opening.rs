//! Opened values and their reduction to one codeword.

use std::sync::Arc;

use karat_abi::command::lde;
use karat_abi::{LdeArguments, Stage};
use karat_driver::{CardMemory, Layout};
use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField, dot_product};

use super::selectors::pairs_of;
use super::{ChallengeField, Committed, Shape, context};
use crate::BackendError;
use crate::card::Session;
use crate::card::vector::{Block, Pass, View};
use crate::config::Val;
use crate::vector::{
    Domain, PACK_UNROLL, Part, Reciprocals, Reduce, Shape as Program, element_words, most_sums, sum_groups, sum_rows,
};

/// Columns that are opened together: those of a trace, or of all the quotient's chunks.
pub(super) struct Opened<'a> {
    /// Their matrices: one, or the chunks.
    pub committed: &'a Committed,
    /// They are opened at the next point too.
    pub next: bool,
}

impl Opened<'_> {
    fn columns(&self) -> u32 {
        self.committed.matrices.iter().map(|matrix| matrix.width() as u32).sum()
    }

    /// Columns of a tile: all chunks are in tiles of their own.
    fn of_tile(&self) -> u32 {
        if self.committed.matrices.len() == 1 { 8 } else { self.committed.matrices[0].width() as u32 }
    }

    /// The first rows, which determine it.
    fn view(&self) -> View {
        let first = self.committed.matrices[0].view(0);
        View { tiles: self.columns().div_ceil(self.of_tile()), ..first }
    }

    pub(super) fn part(&self) -> Part {
        Part { columns: self.columns(), of_tile: self.of_tile(), next: self.next }
    }
}

/// `1/(z - x)` on the first coset, flat, in tile 0; in tile 1, if something is opened at the next point, at every row that of the row
/// before.
pub(super) struct Weights {
    memory: Arc<CardMemory>,
    shape: Shape,
    points: u32,
}

impl Weights {
    fn tile(&self, tile: u32) -> View {
        let beats = self.shape.flat_beats(self.shape.log_rows);
        View::flat(self.memory.first() + tile * beats, element_words(self.shape.degree))
    }

    fn tiles(&self) -> View {
        View { stride: self.shape.flat_beats(self.shape.log_rows), tiles: self.points, ..self.tile(0) }
    }
}

/// Inverts on the card, for one point or two.
pub(super) fn weights<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    z: E,
    points: u32,
) -> Result<Weights, BackendError> {
    let stage = Stage::Open;
    let chains = Reciprocals::new(shape.log_rows, shape.log_lanes);
    let groups = chains.domain.unroll();
    let root = Val::two_adic_generator(shape.log_rows);
    let (polynomial, numerators) = Reciprocals::of_point(z);
    let code = |program| session.shape::<E>(&program, stage);
    let start = code(Program::ChainStart { groups })?;
    let forward = code(Program::ChainForward { groups, degree: shape.degree })?;
    let invert = code(Program::ChainInvert { groups })?;
    let elements = code(Program::Elements { groups })?;
    let shift = if points > 1 { Some(code(Program::Shift)?) } else { None };
    let make = || {
        let beats = shape.flat_beats(shape.log_rows);
        let weights = Weights { memory: session.passing(points * beats)?, shape, points };
        let links = session.passing(shape.rows() / 2)?;
        let mut block = Block::default();
        let seeds = block.push_values(&pairs_of(&chains.domain.seeds(Val::GENERATOR, root)));
        let table = block.push_values(&chains.table(&polynomial, root));
        let numerators = block.push_values(&numerators);
        let stream = block.push_values(&forward.code().stream(&chains.words(root)));
        let data = session.place(&block, stage)?;
        let once = Domain::one_group(shape.log_lanes);
        let none = View::default();
        let pass = |code, domain, table| Pass::new(code, domain, &data, table);
        let words = element_words(shape.degree);
        let passes = [
            Pass { matrices: [none, none, data.flat(seeds, 2).fixed(), none], ..pass(&start, once, table) },
            Pass { stream: Some(stream), output: Some((links.first(), 4)), ..pass(&forward, chains.domain, table) },
            pass(&invert, chains.inversion(), numerators),
            Pass {
                matrices: [View::flat(links.first(), 4), none, none, none],
                output: Some((weights.tile(0).first, words)),
                descending: true,
                ..pass(&elements, chains.domain, numerators)
            },
        ];
        session.run(&passes, &[&links, &weights.memory], stage)?;
        if let Some(shift) = &shift {
            let shifted = Pass {
                matrices: [weights.tile(0), none, none, none],
                output: Some((weights.tile(1).first, words)),
                ..pass(shift, Domain { most_unroll: 0, ..chains.domain }, table)
            };
            session.run(&[shifted], &[&weights.memory], stage)?;
        }
        Ok(weights)
    };
    context(make(), "inverting the distances to the out-of-domain point")
}

/// Columns of a part whose sums at a point are made together.
pub(super) struct Group {
    /// The part.
    index: usize,
    /// 0 for z, 1 for the next point.
    point: usize,
    /// First tile, columns, and columns of a tile.
    first: u32,
    columns: u32,
    of_tile: u32,
    /// Sums.
    count: usize,
    /// What holds them.
    domain: Domain,
    /// Beats of the results before it, by lane.
    at: u32,
}

impl Group {
    /// The rows of the second program.
    pub fn rows(&self, shape: Shape) -> Domain {
        sum_rows(shape.log_rows, shape.log_lanes, self.count)
    }

    /// The three programs that make the sums.
    pub fn programs(&self, shape: Shape) -> [Program; 3] {
        let Self { columns, of_tile, domain, .. } = *self;
        // Groups that differ little have their first and last program in common.
        let count = 8 << domain.log_groups();
        let sums = Program::Sums { columns, of_tile, groups: self.rows(shape).unroll() };
        let finish = Program::SumsFinish { count, groups: domain.unroll(), log_lanes: domain.log_lanes };
        [Program::SumsStart { count }, sums, finish]
    }
}

/// All columns by group, and the beats of the results by lane.
pub(super) fn groups(shape: Shape, parts: &[Part]) -> (Vec<Group>, u32) {
    let mut groups = Vec::new();
    let mut at = 0;
    for (index, part) in parts.iter().enumerate() {
        let of_tile = part.of_tile;
        let most = (most_sums(shape.log_lanes) / (of_tile as usize * shape.degree)) as u32 * of_tile;
        for point in 0..=usize::from(part.next) {
            for first in (0..part.columns).step_by(most as usize) {
                let columns = most.min(part.columns - first);
                let count = columns as usize * shape.degree;
                let domain = sum_groups(count, shape.log_lanes);
                groups.push(Group { index, point, first: first / of_tile, columns, of_tile, count, domain, at });
                at += 1 << domain.log_groups();
            }
        }
    }
    (groups, at)
}

/// Values of all columns at z, and at the next point of those that are opened there: by part, by point.
pub(super) fn evaluate<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    weights: &Weights,
    z: E,
    opened: &[Opened<'_>],
) -> Result<Vec<[Vec<E>; 2]>, BackendError> {
    let lanes = 1_u32 << shape.log_lanes;
    let parts: Vec<Part> = opened.iter().map(Opened::part).collect();
    let (sums, groups) = groups(shape, &parts);
    let evaluating = |error| BackendError::new("evaluating columns", error);
    let results = session.passing(groups * lanes).map_err(evaluating)?;
    let mut block = Block::default();
    let table = block.push_values(&crate::vector::table_of(&[z.inverse()]));
    let data = session.place(&block, Stage::Open).map_err(evaluating)?;
    let once = Domain::one_group(shape.log_lanes);
    for group in &sums {
        let &Group { index, point, first, columns, of_tile, domain, at, .. } = group;
        let [start, sums, finish] = group.programs(shape).map(|program| session.shape::<E>(&program, Stage::Open));
        let (start, sums, finish) = (start?, sums?, finish?);
        let view = opened[index].view();
        let view = View { first: view.first + first * view.stride, tiles: columns.div_ceil(of_tile), ..view };
        let none = View::default();
        let passes = [
            Pass::new(&start, once, &data, table),
            Pass {
                matrices: [view, weights.tile(point as u32), none, none],
                ..Pass::new(&sums, group.rows(shape), &data, table)
            },
            Pass { output: Some((results.first() + at * lanes, 8)), ..Pass::new(&finish, domain, &data, table) },
        ];
        let memory = [&results, &weights.memory, opened[index].committed.matrices[0].memory()];
        session.run(&passes, &memory, Stage::Open).map_err(evaluating)?;
    }
    // Every lane has the sums: the first row of each group is enough.
    let rows: Vec<usize> = (0..groups as usize).map(|group| group << shape.log_lanes).collect();
    let layout = Layout { first: results.first(), tile_stride: groups * lanes, width: 8, rows: groups * lanes };
    let words = context(session.gather_rows(&layout, &rows, Stage::Open), "reading opened values")?;
    let words: Vec<Val> = words.into_iter().map(Val::new).collect();

    let generator = E::from(Val::GENERATOR.exp_power_of_2(shape.log_rows));
    let count = E::from(Val::from_u64(1 << shape.log_rows));
    let scale = z * (z.exp_power_of_2(shape.log_rows) - generator) * (count * generator).inverse();
    let mut values: Vec<[Vec<E>; 2]> = opened.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for &Group { index, point, count, at, .. } in &sums {
        let sums = words[at as usize * 8..][..count].chunks_exact(shape.degree);
        let element = |sum: &[Val]| E::from_basis_coefficients_slice(sum).expect("as many as it has") * scale;
        values[index][point].extend(sums.map(element));
    }
    Ok(values)
}

/// The rows of the whole extended domain, for moving the codeword.
pub(super) fn pack_domain(shape: Shape) -> Domain {
    Domain { log_rows: shape.log_rows + shape.log_blowup, log_lanes: shape.log_lanes, most_unroll: PACK_UNROLL }
}

/// The codeword of all openings, flat, on the whole extended domain. `offsets[part][point]` columns come before a part's at a point.
pub(super) fn reduce<E: ChallengeField>(
    session: &Session,
    shape: Shape,
    weights: &Weights,
    alpha: E,
    opened: &[Opened<'_>],
    values: &[[Vec<E>; 2]],
    offsets: &[[u64; 2]],
) -> Result<Arc<CardMemory>, BackendError> {
    let reduce = Reduce { parts: opened.iter().map(Opened::part).collect() };
    let domain = reduce.domain(shape.log_rows, shape.log_lanes, shape.degree);
    let code = session.shape::<E>(&Program::Reduce { reduce: reduce.clone(), groups: domain.unroll() }, Stage::Open)?;
    let pack_domain = pack_domain(shape);
    let pack = session.shape::<E>(&Program::Pack { groups: pack_domain.unroll() }, Stage::Open)?;
    let sum = |point: usize| {
        let part = |(values, offsets): (&[Vec<E>; 2], &[u64; 2])| {
            dot_product::<E, _, _>(alpha.powers(), values[point].iter().copied()) * alpha.exp_u64(offsets[point])
        };
        values.iter().zip(offsets).map(part).sum::<E>()
    };
    // 1/(w z - x) is w^-1 times 1/(z - x) at the point before.
    let back = E::from(Val::two_adic_generator(shape.log_rows).inverse());
    let to_next: Vec<E> = offsets.iter().map(|[own, next]| alpha.exp_u64(next - own) * back).collect();
    let own: Vec<u64> = offsets.iter().map(|[own, _]| *own).collect();
    let run = || {
        let mut block = Block::default();
        let table = block.push_values(&reduce.table([sum(0), sum(1) * back]));
        let stream = block.push_values(&code.code().stream(&reduce.words(alpha, &own, &to_next)));
        let data = session.place(&block, Stage::Open)?;
        let short = session.passing(shape.rows())?;
        let long = session.passing(shape.extended())?;
        let flat = session.lasting(shape.flat_beats(shape.log_rows + shape.log_blowup))?;
        let mut matrices = [View::default(); 4];
        for (matrix, part) in matrices.iter_mut().zip(opened) {
            *matrix = part.view();
        }
        matrices[3] = weights.tiles();
        let pass = Pass {
            stream: Some(stream),
            matrices,
            output: Some((short.first(), 8)),
            ..Pass::new(&code, domain, &data, table)
        };
        let mut memory = vec![&short, &weights.memory];
        memory.extend(opened.iter().map(|part| part.committed.matrices[0].memory()));
        session.run(&[pass], &memory, Stage::Open)?;
        let arguments = LdeArguments {
            shift: 1,
            source: short.first(),
            source_stride: shape.rows(),
            destination: long.first(),
            destination_stride: shape.extended(),
            tiles: 1,
            log_rows: shape.log_rows as u32,
            log_blowup: shape.log_blowup as u32,
            mode: lde::EXTEND | lde::REVERSED,
            ..LdeArguments::default()
        };
        session.extend_tiles(&[arguments], &[&short, &long], Stage::Open)?;
        let none = View::default();
        let pass = Pass {
            matrices: [View::tiles(long.first(), 0, 1), none, none, none],
            output: Some((flat.first(), element_words(shape.degree))),
            ..Pass::new(&pack, pack_domain, &data, table)
        };
        session.run(&[pass], &[&long, &flat], Stage::Open)?;
        Ok(flat)
    };
    context(run(), "reducing the openings")
}
