//! The instruction in which every operation starts.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use karat_abi::TILE_COLUMNS;
use karat_abi::vector::{PRODUCT_LATENCY, ProductOp, SUM_LATENCY, SUMMAND_DELAY, SumOp};

use super::lower::Operations;
use super::operation::{Constant, Index, Kind, Operation, Source};

/// Partial sums of each coefficient: one after the other they would wait for the product unit.
const CHAINS: usize = 4;

/// What starts in an instruction.
#[derive(Clone, Copy, Default)]
pub(super) struct Slot {
    pub product: Option<Index>,
    pub sum: Option<Index>,
}

/// A schedule.
pub(super) struct Schedule {
    /// With those that sum up. Accumulations have become products, and sums that the product unit had time for.
    pub operations: Vec<Operation>,
    /// Instructions.
    pub slots: Vec<Slot>,
    /// Instruction in which an operation starts.
    pub starts: Vec<usize>,
    // Results that have left the engine, in their order.
    outputs: usize,
    // By operation, those that must have started: the readers of the state that it writes.
    behind: Vec<Vec<Index>>,
}

impl Schedule {
    /// Starts those operations first on which the longest chain of others waits, of the first `window` in their order that have not
    /// started: more keep the units busier and more values alive.
    pub fn new(operations: &[Operation], window: usize) -> Self {
        let mut schedule = Self::empty(operations);
        schedule.run(0, window, &mut []);
        schedule.pad();
        schedule
    }

    /// The same for constraints, with the sums of all in each of `degree` coefficients as a row of a tile.
    pub fn of_constraints(operations: &Operations, degree: usize, window: usize) -> Self {
        let mut schedule = Self::empty(&operations.list);
        let mut chains = vec![[None; CHAINS]; degree];
        schedule.run(0, window, &mut chains);
        let first = schedule.operations.len();
        for (coefficient, chains) in chains.iter().enumerate() {
            let offset = (!operations.constant_constraints.is_empty()).then_some(Constant::Offset { coefficient });
            schedule.finish(coefficient, chains, offset);
        }
        let zero = Source::Constant(Constant::ZERO);
        for word in degree..TILE_COLUMNS as usize {
            schedule.operations.push(Operation::new(Kind::Output(word), zero, zero));
        }
        schedule.run(first, window, &mut chains);
        schedule.pad();
        schedule
    }

    fn empty(operations: &[Operation]) -> Self {
        Self { operations: operations.to_vec(), slots: Vec::new(), starts: Vec::new(), outputs: 0, behind: Vec::new() }
    }

    /// Appends what makes one output of partial sums.
    fn finish(&mut self, coefficient: usize, chains: &[Option<Index>], offset: Option<Constant>) {
        let mut push = |kind, a, b| {
            self.operations.push(Operation::new(kind, a, b));
            Source::Result(self.operations.len() - 1)
        };
        let mut parts: Vec<Source> = chains.iter().flatten().map(|&chain| Source::Result(chain)).collect();
        while parts.len() > 1 {
            parts = parts
                .chunks(2)
                .map(|pair| if let [a, b] = *pair { push(Kind::Sum(SumOp::Add), a, b) } else { pair[0] })
                .collect();
        }
        let mut sum = parts.pop().unwrap_or(Source::Constant(Constant::ZERO));
        if let Some(offset) = offset {
            sum = push(Kind::Sum(SumOp::Add), sum, Source::Constant(offset));
        }
        let scaled = push(Kind::Product(ProductOp::Multiply), sum, Source::Constant(Constant::SCALE));
        push(Kind::Output(coefficient), scaled, Source::Constant(Constant::ZERO));
    }

    /// Waits at the end until the next run can begin: for the states that it reads, and for summands whose registers it may write.
    fn pad(&mut self) {
        let mut length = self.slots.len();
        for (index, operation) in self.operations.iter().enumerate() {
            let start = self.starts[index];
            if operation.c.is_some() {
                length = length.max(start + SUMMAND_DELAY + 2 - SUM_LATENCY);
            }
            let Some(state) = operation.state else { continue };
            for (reader, operation) in self.operations.iter().enumerate() {
                let reads = |source| source == Source::State(state);
                let delay = match operation.c {
                    _ if reads(operation.a) || reads(operation.b) => 0,
                    Some(c) if reads(c) => SUMMAND_DELAY,
                    _ => continue,
                };
                length = length.max((start + PRODUCT_LATENCY).saturating_sub(self.starts[reader] + delay));
            }
        }
        self.slots.resize(length, Slot::default());
    }

    /// By operation from `first` on that writes a state, the readers of that state.
    fn find_behind(&mut self, first: Index) {
        let mut readers: HashMap<u16, Vec<Index>> = HashMap::new();
        for (index, operation) in self.operations.iter().enumerate().skip(first) {
            for source in [Some(operation.a), Some(operation.b), operation.c] {
                if let Some(Source::State(state)) = source {
                    readers.entry(state).or_default().push(index);
                }
            }
        }
        self.behind.resize(self.operations.len(), Vec::new());
        for (index, operation) in self.operations.iter().enumerate().skip(first) {
            let readers = operation.state.and_then(|state| readers.get(&state));
            self.behind[index] = readers.into_iter().flatten().copied().filter(|&reader| reader != index).collect();
        }
    }

    /// Starts the operations from `first` on.
    fn run(&mut self, first: Index, window: usize, chains: &mut [[Option<Index>; CHAINS]]) {
        let count = self.operations.len();
        self.starts.resize(count, usize::MAX);
        self.find_behind(first);
        let readers = self.readers(first);
        let heights = self.heights(first, &readers);
        let mut missing: Vec<usize> =
            (first..count).map(|index| self.operands(index).filter(|&(read, _)| read >= first).count()).collect();
        let mut oldest = first;
        // Operations whose operands have all started, by what they wait for next: the window, the operands' results, a unit.
        let mut outside = BinaryHeap::new();
        let mut coming = BinaryHeap::new();
        let mut ready = Ready::default();
        let arrive = |index: Index, schedule: &Self, outside: &mut BinaryHeap<Reverse<Index>>| {
            debug_assert!(schedule.operands(index).all(|(read, _)| schedule.starts[read] != usize::MAX));
            outside.push(Reverse(index));
        };
        for index in first..count {
            if missing[index - first] == 0 {
                arrive(index, self, &mut outside);
            }
        }
        while oldest < count {
            let now = self.slots.len();
            while let Some(&Reverse(index)) = outside.peek() {
                if index >= oldest + window {
                    break;
                }
                outside.pop();
                let at = self.operands(index).map(|(read, delay)| self.ready_at(read) - delay).max().unwrap_or(0);
                coming.push(Reverse((at, index)));
            }
            while let Some(&Reverse((at, index))) = coming.peek() {
                if at > now {
                    break;
                }
                coming.pop();
                ready.push(&self.operations[index], heights[index - first], index);
            }
            let slot = self.choose(&mut ready, now, chains);
            self.slots.push(slot);
            for index in [slot.product, slot.sum].into_iter().flatten() {
                self.starts[index] = now;
                for &(reader, _) in &readers[index - first] {
                    missing[reader - first] -= 1;
                    if missing[reader - first] == 0 {
                        arrive(reader, self, &mut outside);
                    }
                }
            }
            while oldest < count && self.starts[oldest] != usize::MAX {
                oldest += 1;
            }
        }
    }

    /// The best that both units can start now.
    fn choose(&mut self, ready: &mut Ready, now: usize, chains: &mut [[Option<Index>; CHAINS]]) -> Slot {
        let mut slot = Slot::default();
        let mut constant = None;
        let mut later = Vec::new();
        while let Some((height, Reverse(index))) = ready.products.pop() {
            if self.accumulate(index, now, chains) {
                constant = self.operations[index].constant();
                slot.product = Some(index);
                break;
            }
            later.push((height, Reverse(index)));
        }
        ready.products.extend(later.drain(..));
        while let Some((height, Reverse(index))) = ready.sums.pop() {
            let own = self.operations[index].constant();
            if fits(constant, own) && self.is_next_output(index) {
                constant = constant.or(own);
                slot.sum = Some(index);
                break;
            }
            later.push((height, Reverse(index)));
        }
        if slot.product.is_none() {
            // The product unit does a sum as well: one operand times one, and the other.
            let mut passed = Vec::new();
            while let Some((height, Reverse(index))) = ready.sums.pop() {
                if let Some(product) = as_product(&self.operations[index])
                    && fits(constant, product.constant())
                {
                    self.operations[index] = product;
                    slot.product = Some(index);
                    break;
                }
                passed.push((height, Reverse(index)));
                if passed.len() == LOOK {
                    break;
                }
            }
            later.extend(passed);
        }
        ready.sums.extend(later);
        slot
    }

    /// Whether an operation can start as far as partial sums go; it then has its own.
    fn accumulate(&mut self, index: Index, now: usize, chains: &mut [[Option<Index>; CHAINS]]) -> bool {
        let Kind::Accumulate(coefficient) = self.operations[index].kind else { return true };
        let free = |chain: &&mut Option<Index>| chain.is_none_or(|last| self.ready_at(last) - SUMMAND_DELAY <= now);
        let Some(chain) = chains[coefficient].iter_mut().find(free) else { return false };
        let op = if chain.is_some() { ProductOp::Add } else { ProductOp::Multiply };
        self.operations[index].kind = Kind::Product(op);
        self.operations[index].c = chain.map(Source::Result);
        *chain = Some(index);
        true
    }

    fn is_next_output(&mut self, index: Index) -> bool {
        let Kind::Output(coefficient) = self.operations[index].kind else { return true };
        let is_next = coefficient == self.outputs;
        self.outputs += usize::from(is_next);
        is_next
    }

    fn ready_at(&self, index: Index) -> usize {
        self.starts[index].saturating_add(self.operations[index].kind.latency())
    }

    /// Operations that an operation waits for, and how many cycles after its start their results must be there.
    fn operands(&self, index: Index) -> impl Iterator<Item = (Index, usize)> {
        let operation = &self.operations[index];
        let operands = [(Some(operation.a), 0), (Some(operation.b), 0), (operation.c, SUMMAND_DELAY)];
        let results = operands.into_iter().filter_map(|(source, delay)| match source {
            Some(Source::Result(read)) => Some((read, delay)),
            _ => None,
        });
        // Not for a result: for the start.
        let starts = self.behind[index].iter().map(|&reader| (reader, self.operations[reader].kind.latency()));
        results.chain(starts)
    }

    /// Operations from `first` on that read an operation, once for every operand, and how many cycles after their start.
    fn readers(&self, first: Index) -> Vec<Vec<(Index, usize)>> {
        let mut readers = vec![Vec::new(); self.operations.len() - first];
        for index in first..self.operations.len() {
            for (read, delay) in self.operands(index).filter(|&(read, _)| read >= first) {
                readers[read - first].push((index, delay));
            }
        }
        readers
    }

    /// Instructions from the start of an operation to the end of the longest chain behind it.
    fn heights(&self, first: Index, readers: &[Vec<(Index, usize)>]) -> Vec<usize> {
        let mut heights: Vec<usize> = vec![0; readers.len()];
        for index in (first..self.operations.len()).rev() {
            let behind = readers[index - first].iter().map(|&(reader, delay)| heights[reader - first] - delay);
            heights[index - first] = behind.max().unwrap_or(0) + self.operations[index].kind.latency();
        }
        heights
    }
}

/// Sums looked at for one that the product unit can do.
const LOOK: usize = 16;

/// Operations that can start, by unit; the highest first, then the first.
#[derive(Default)]
struct Ready {
    products: BinaryHeap<(usize, Reverse<Index>)>,
    sums: BinaryHeap<(usize, Reverse<Index>)>,
}

impl Ready {
    fn push(&mut self, operation: &Operation, height: usize, index: Index) {
        let heap = if operation.kind.is_sum() { &mut self.sums } else { &mut self.products };
        heap.push((height, Reverse(index)));
    }
}

/// Whether two operations of an instruction may have these constants. The same word of the table can be read by both; streamed
/// ones are read once.
fn fits(constant: Option<Constant>, own: Option<Constant>) -> bool {
    match (constant, own) {
        (Some(constant), Some(own)) => constant == own && own.is_in_table(),
        _ => true,
    }
}

/// A sum as an operation of the product unit, if it reads a result and no constant.
fn as_product(operation: &Operation) -> Option<Operation> {
    let Kind::Sum(op) = operation.kind else { return None };
    let (x, y) = (operation.a, operation.b);
    if operation.constant().is_some() || operation.exchange != 0 {
        return None;
    }
    let is_result = |source| matches!(source, Source::Result(_));
    let (op, a, c) = match op {
        SumOp::Add if is_result(x) => (ProductOp::Add, y, x),
        SumOp::Add if is_result(y) => (ProductOp::Add, x, y),
        SumOp::Subtract if is_result(x) => (ProductOp::SubtractFrom, y, x),
        SumOp::Subtract if is_result(y) => (ProductOp::Subtract, x, y),
        _ => return None,
    };
    Some(Operation { c: Some(c), ..Operation::new(Kind::Product(op), a, Source::Constant(Constant::ONE)) })
}
