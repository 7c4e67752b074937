//! From operations to instructions, loads and a list of constants.

use std::fmt;

use karat_abi::vector::{Instruction, Load, Operand, Product, Sum, SumOp};

use super::ProgramError;
use super::operation::{Constant, Kind, Source, Tile};
use super::registers::{Registers, state_register};
use super::schedule::Schedule;
use super::tiles::Tiles;

/// What a program is for the engine, but for the values of its constants.
#[derive(Clone, Debug)]
pub struct Code {
    /// Instructions, of a run.
    pub instructions: Vec<Instruction>,
    /// Loads of a run, in the order in which they begin.
    pub loads: Vec<Load>,
    /// Loads that may begin before the first instruction.
    pub initial_loads: usize,
    /// The stream of constants of a run.
    pub(super) constants: Vec<Constant>,
    statistics: Statistics,
}

/// What a program takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// Operations of the product unit.
    pub products: usize,
    /// Operations of the sum unit.
    pub sums: usize,
    /// Instructions of a run.
    pub instructions: usize,
    /// Most registers alive, of the product unit and of the sum unit.
    pub registers: [usize; 2],
    /// Loads of a run.
    pub loads: usize,
    /// Words of the stream of constants of a run.
    pub constants: usize,
}

impl Statistics {
    /// Share of the instructions that start a product.
    pub fn product_use(&self) -> f64 {
        self.products as f64 / self.instructions.max(1) as f64
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { products, sums, instructions, registers: [product, sum], loads, constants } = self;
        writeln!(f, "products           {products}")?;
        writeln!(f, "sums               {sums}")?;
        writeln!(f, "instructions       {instructions}, the estimate of cycles for as many rows as lanes")?;
        writeln!(f, "multipliers busy   {:.1} %", 100.0 * self.product_use())?;
        writeln!(f, "registers          {product} of products, {sum} of sums")?;
        writeln!(f, "loads              {loads}")?;
        write!(f, "constants          {constants}")
    }
}

/// Operations that are looked at together: as many as possible, but values must not outnumber registers.
const WINDOWS: [usize; 6] = [8192, 2048, 1024, 512, 256, 128];

impl Code {
    /// The quickest of the schedules that `schedule` makes, by window, whose values fit the registers beside `states` states.
    pub(super) fn new(states: u16, schedule: impl Fn(usize) -> Schedule) -> Result<Self, ProgramError> {
        let mut best: Option<(usize, Schedule, Registers, Tiles)> = None;
        let mut refused = None;
        for window in WINDOWS {
            let schedule = schedule(window);
            let places = Registers::new(&schedule, states)
                .and_then(|registers| Ok((registers, Tiles::new(&reads(&schedule), schedule.slots.len())?)));
            match places {
                Err(error) => refused = Some(error),
                Ok((registers, tiles)) => {
                    let cycles = tiles.cycles();
                    if best.as_ref().is_none_or(|(least, ..)| cycles < *least) {
                        best = Some((cycles, schedule, registers, tiles));
                    }
                }
            }
        }
        let (_, schedule, registers, tiles) = best.ok_or_else(|| refused.expect("every window was refused"))?;
        Ok(Self::encode(&schedule, &registers, tiles))
    }

    fn encode(schedule: &Schedule, registers: &Registers, tiles: Tiles) -> Self {
        let mut slots = tiles.slots.iter();
        let (mut instructions, mut constants) = (Vec::new(), Vec::new());
        for (at, slot) in schedule.slots.iter().enumerate() {
            let mut operand = |source| match source {
                Source::Result(index) => {
                    let register = registers.of[index];
                    if schedule.operations[index].kind.is_sum() {
                        Operand::Sum(register)
                    } else {
                        Operand::Product(register)
                    }
                }
                Source::State(state) => Operand::Product(state_register(state)),
                Source::Tile(_, word) => Operand::Tile(*slots.next().expect("a slot for every read"), word),
                Source::Constant(Constant::Table(word)) => Operand::Table(word),
                Source::Constant(Constant::Turn) => Operand::Turn,
                Source::Constant(_) => Operand::Next,
            };
            let product = slot.product.map(|index| {
                let operation = &schedule.operations[index];
                let Kind::Product(op) = operation.kind else { unreachable!("accumulations have become products") };
                let (a, b) = (operand(operation.a), operand(operation.b));
                let c = operation.c.map_or(Operand::Product(0), &mut operand);
                Product { op, a, b, c, to: registers.of[index] }
            });
            let sum = slot.sum.map(|index| {
                let operation = &schedule.operations[index];
                let (op, output) = match operation.kind {
                    Kind::Sum(op) => (op, false),
                    _ => (SumOp::Add, true),
                };
                let (a, b) = (operand(operation.a), operand(operation.b));
                Sum { op, a, b, to: registers.of[index], exchange: operation.exchange, output }
            });
            let own = [slot.product, slot.sum].into_iter().flatten();
            constants.extend(
                own.filter_map(|index| schedule.operations[index].constant()).find(|constant| !constant.is_in_table()),
            );
            let last = at + 1 == schedule.slots.len();
            let (need, release) = (tiles.need[at], tiles.release[at]);
            instructions.push(Instruction { product, sum, need, release, last });
        }
        let statistics = Statistics {
            products: instructions.iter().filter(|instruction| instruction.product.is_some()).count(),
            sums: instructions.iter().filter(|instruction| instruction.sum.is_some()).count(),
            instructions: instructions.len(),
            registers: registers.used,
            loads: tiles.loads.len(),
            constants: constants.len(),
        };
        Self { instructions, loads: tiles.loads, initial_loads: tiles.initial, constants, statistics }
    }

    /// What it takes.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }
}

/// Tiles by instruction that reads them.
fn reads(schedule: &Schedule) -> Vec<(usize, Tile)> {
    let mut reads = Vec::new();
    for (at, slot) in schedule.slots.iter().enumerate() {
        for index in [slot.product, slot.sum].into_iter().flatten() {
            let operation = &schedule.operations[index];
            reads.extend([operation.a, operation.b].into_iter().filter_map(tile).map(|tile| (at, tile)));
        }
    }
    reads
}

fn tile(source: Source) -> Option<Tile> {
    match source {
        Source::Tile(tile, _) => Some(tile),
        _ => None,
    }
}
