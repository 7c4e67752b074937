//! The constraints of a Plonky3 AIR over Goldilocks as a graph in which equal expressions are one node: what programs of the vector
//! engine and contracts are made from.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use p3_air::symbolic::{BaseEntry, BaseLeaf, SymbolicExpr, SymbolicExpression};
use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;

/// Index of a node; operands have smaller ones.
pub type Id = usize;

/// A matrix that constraints read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Matrix {
    /// The trace.
    Main = 0,
    /// The preprocessed columns.
    Preprocessed = 1,
    /// The periodic columns.
    Periodic = 2,
    /// The selectors: of the first row, of the last row, of transitions.
    Selectors = 3,
}

/// An expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A column of a row, or of the next one.
    Column {
        /// Of which matrix.
        matrix: Matrix,
        /// Its index.
        column: usize,
        /// Whether it is the next row's.
        next: bool,
    },
    /// A canonical number.
    Constant(u64),
    /// A public value, by index.
    Public(usize),
    /// Of two nodes.
    Sum(Id, Id),
    /// The second is subtracted.
    Difference(Id, Id),
    /// Of two nodes.
    Product(Id, Id),
}

impl Node {
    /// What an operation is of.
    pub fn operands(self) -> Option<(Id, Id)> {
        match self {
            Self::Sum(x, y) | Self::Difference(x, y) | Self::Product(x, y) => Some((x, y)),
            _ => None,
        }
    }

    /// Whether it is the same for every row: a constant or a public value.
    pub fn is_constant(self) -> bool {
        matches!(self, Self::Constant(_) | Self::Public(_))
    }
}

/// The graph of all constraints.
#[derive(Clone, Default, Debug)]
pub struct Dag {
    /// In an order in which operands come first.
    pub nodes: Vec<Node>,
    /// Node of every constraint, in their order.
    pub constraints: Vec<Id>,
    ids: HashMap<Node, Id>,
}

type Expression = SymbolicExpression<Goldilocks>;

impl Dag {
    /// The graph of constraints as Plonky3 gives them.
    pub fn new(constraints: &[Expression]) -> Self {
        let mut dag = Self::default();
        let mut seen = HashMap::new();
        dag.constraints = constraints.iter().map(|constraint| dag.walk(constraint, &mut seen)).collect();
        dag
    }

    /// The expressions of a constraint, without recursion: some are chains of thousands.
    fn walk(&mut self, root: &Expression, seen: &mut HashMap<*const Expression, Id>) -> Id {
        let mut stack = vec![root];
        while let Some(&top) = stack.last() {
            let key: *const _ = top;
            if seen.contains_key(&key) {
                stack.pop();
                continue;
            }
            let operands: [Option<&Expression>; 2] = match top {
                SymbolicExpr::Leaf(_) => [None, None],
                SymbolicExpr::Neg { x, .. } => [Some(x), None],
                SymbolicExpr::Add { x, y, .. } | SymbolicExpr::Sub { x, y, .. } | SymbolicExpr::Mul { x, y, .. } => {
                    [Some(x), Some(y)]
                }
            };
            let missing = |operand: &&Expression| !seen.contains_key(&std::ptr::from_ref(*operand));
            let before = stack.len();
            // The left one on top, so that it comes first, as it was written.
            stack.extend(operands.into_iter().rev().flatten().filter(missing));
            if stack.len() > before {
                continue;
            }
            let id = |operand: &Expression| seen[&std::ptr::from_ref(operand)];
            let node = match top {
                SymbolicExpr::Leaf(leaf) => self.leaf(leaf),
                SymbolicExpr::Neg { x, .. } => self.negative(id(x)),
                SymbolicExpr::Add { x, y, .. } => self.sum(id(x), id(y)),
                SymbolicExpr::Sub { x, y, .. } => self.difference(id(x), id(y)),
                SymbolicExpr::Mul { x, y, .. } => self.product(id(x), id(y)),
            };
            seen.insert(key, node);
            stack.pop();
        }
        seen[&std::ptr::from_ref(root)]
    }

    fn leaf(&mut self, leaf: &BaseLeaf<Goldilocks>) -> Id {
        let column = |matrix, column, next| Node::Column { matrix, column, next };
        let node = match leaf {
            BaseLeaf::Constant(value) => Node::Constant(value.as_canonical_u64()),
            BaseLeaf::IsFirstRow => column(Matrix::Selectors, 0, false),
            BaseLeaf::IsLastRow => column(Matrix::Selectors, 1, false),
            BaseLeaf::IsTransition => column(Matrix::Selectors, 2, false),
            BaseLeaf::Variable(variable) => match variable.entry {
                BaseEntry::Main { offset } => column(Matrix::Main, variable.index, offset == 1),
                BaseEntry::Preprocessed { offset } => column(Matrix::Preprocessed, variable.index, offset == 1),
                BaseEntry::Periodic => column(Matrix::Periodic, variable.index, false),
                BaseEntry::Public => Node::Public(variable.index),
            },
        };
        self.add(node)
    }

    /// The node, which may be there.
    pub fn add(&mut self, node: Node) -> Id {
        *self.ids.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    fn value(&self, id: Id) -> Option<u64> {
        match self.nodes[id] {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The constant that `operation` makes of two.
    fn fold(&mut self, x: u64, y: u64, operation: impl FnOnce(Goldilocks, Goldilocks) -> Goldilocks) -> Id {
        let value = operation(Goldilocks::new(x), Goldilocks::new(y));
        self.add(Node::Constant(value.as_canonical_u64()))
    }

    /// The sum of two nodes.
    pub fn sum(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a + b),
            (Some(0), None) => y,
            (None, Some(0)) => x,
            _ => self.add(Node::Sum(x.min(y), x.max(y))),
        }
    }

    /// The first of two nodes less the second.
    pub fn difference(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a - b),
            (None, Some(0)) => x,
            _ if x == y => self.add(Node::Constant(0)),
            _ => self.add(Node::Difference(x, y)),
        }
    }

    fn negative(&mut self, x: Id) -> Id {
        let zero = self.add(Node::Constant(0));
        self.difference(zero, x)
    }

    /// The product of two nodes.
    pub fn product(&mut self, x: Id, y: Id) -> Id {
        const MINUS_ONE: u64 = Goldilocks::ORDER_U64 - 1;
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a * b),
            (Some(0), _) | (_, Some(1)) => x,
            (_, Some(0)) | (Some(1), _) => y,
            (Some(MINUS_ONE), _) => self.negative(y),
            (_, Some(MINUS_ONE)) => self.negative(x),
            // Two times: sums cost less.
            (Some(2), _) => self.add(Node::Sum(y, y)),
            (_, Some(2)) => self.add(Node::Sum(x, x)),
            _ => self.add(Node::Product(x.min(y), x.max(y))),
        }
    }

    /// Sums, differences and products.
    pub fn operations(&self) -> usize {
        self.nodes.iter().filter(|node| node.operands().is_some()).count()
    }

    /// How often every node that a constraint depends on is read: `by_constraint` times by each constraint that it is, and as an
    /// operand.
    pub fn uses(&self, by_constraint: usize) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for &root in &self.constraints {
            uses[root] += by_constraint;
        }
        for id in (0..self.nodes.len()).rev() {
            if uses[id] == 0 {
                continue;
            }
            if let Some((x, y)) = self.nodes[id].operands() {
                uses[x] += 1;
                uses[y] += 1;
            }
        }
        uses
    }
}
