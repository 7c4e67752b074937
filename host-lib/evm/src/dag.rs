//! Constraints as a graph in which equal expressions are one node.

use std::collections::HashMap;

use p3_air::symbolic::{BaseEntry, BaseLeaf, SymbolicExpr, SymbolicExpression};
use p3_field::PrimeField64;

use crate::config::Val;

/// Index of a node; operands have smaller ones.
pub(crate) type Id = usize;

/// An expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Node {
    /// A column of the trace, and whether it is on the next row.
    Main(usize, bool),
    /// A preprocessed column.
    Preprocessed(usize, bool),
    /// A periodic column.
    Periodic(usize),
    /// A public value.
    Public(usize),
    /// The selector of the first row, of the last, and of all but the last.
    Selector(usize),
    Constant(u64),
    Sum(Id, Id),
    Difference(Id, Id),
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

    /// Whether a value that is no result is an element of Goldilocks.
    pub fn is_base(self) -> bool {
        matches!(self, Self::Public(_) | Self::Constant(_))
    }
}

/// The graph of all constraints.
#[derive(Default)]
pub(crate) struct Dag {
    /// In an order in which operands come first.
    pub nodes: Vec<Node>,
    /// Node of every constraint, in their order.
    pub constraints: Vec<Id>,
    ids: HashMap<Node, Id>,
}

impl Dag {
    /// The graph of constraints as Plonky3 gives them.
    pub fn new(constraints: &[SymbolicExpression<Val>]) -> Self {
        let mut dag = Self::default();
        let mut seen = HashMap::new();
        dag.constraints = constraints.iter().map(|constraint| dag.walk(constraint, &mut seen)).collect();
        dag
    }

    /// The expressions of a constraint, without recursion: some are chains of thousands.
    fn walk(&mut self, root: &SymbolicExpression<Val>, seen: &mut HashMap<*const SymbolicExpression<Val>, Id>) -> Id {
        let mut stack = vec![root];
        while let Some(&top) = stack.last() {
            let key: *const _ = top;
            if seen.contains_key(&key) {
                stack.pop();
                continue;
            }
            let operands: [Option<&SymbolicExpression<Val>>; 2] = match top {
                SymbolicExpr::Leaf(_) => [None, None],
                SymbolicExpr::Neg { x, .. } => [Some(x), None],
                SymbolicExpr::Add { x, y, .. } | SymbolicExpr::Sub { x, y, .. } | SymbolicExpr::Mul { x, y, .. } => {
                    [Some(x), Some(y)]
                }
            };
            let missing = |operand: &&SymbolicExpression<Val>| !seen.contains_key(&std::ptr::from_ref(*operand));
            let before = stack.len();
            stack.extend(operands.into_iter().rev().flatten().filter(missing));
            if stack.len() > before {
                continue;
            }
            let id = |operand: &SymbolicExpression<Val>| seen[&std::ptr::from_ref(operand)];
            let node = match top {
                SymbolicExpr::Leaf(leaf) => self.leaf(leaf),
                SymbolicExpr::Neg { x, .. } => {
                    let zero = self.add(Node::Constant(0));
                    self.difference(zero, id(x))
                }
                SymbolicExpr::Add { x, y, .. } => self.sum(id(x), id(y)),
                SymbolicExpr::Sub { x, y, .. } => self.difference(id(x), id(y)),
                SymbolicExpr::Mul { x, y, .. } => self.product(id(x), id(y)),
            };
            seen.insert(key, node);
            stack.pop();
        }
        seen[&std::ptr::from_ref(root)]
    }

    fn leaf(&mut self, leaf: &BaseLeaf<Val>) -> Id {
        let node = match leaf {
            BaseLeaf::Constant(value) => Node::Constant(value.as_canonical_u64()),
            BaseLeaf::IsFirstRow => Node::Selector(0),
            BaseLeaf::IsLastRow => Node::Selector(1),
            BaseLeaf::IsTransition => Node::Selector(2),
            BaseLeaf::Variable(variable) => match variable.entry {
                BaseEntry::Main { offset } => Node::Main(variable.index, offset == 1),
                BaseEntry::Preprocessed { offset } => Node::Preprocessed(variable.index, offset == 1),
                BaseEntry::Periodic => Node::Periodic(variable.index),
                BaseEntry::Public => Node::Public(variable.index),
            },
        };
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Id {
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
    fn fold(&mut self, x: u64, y: u64, operation: impl FnOnce(Val, Val) -> Val) -> Id {
        self.add(Node::Constant(operation(Val::new(x), Val::new(y)).as_canonical_u64()))
    }

    fn sum(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a + b),
            (Some(0), None) => y,
            (None, Some(0)) => x,
            _ => self.add(Node::Sum(x.min(y), x.max(y))),
        }
    }

    fn difference(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a - b),
            (None, Some(0)) => x,
            _ if x == y => self.add(Node::Constant(0)),
            _ => self.add(Node::Difference(x, y)),
        }
    }

    fn product(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a * b),
            (Some(0), _) | (_, Some(1)) => x,
            (_, Some(0)) | (Some(1), _) => y,
            _ => self.add(Node::Product(x.min(y), x.max(y))),
        }
    }

    /// Sums, differences and products.
    pub fn operations(&self) -> usize {
        self.nodes.iter().filter(|node| node.operands().is_some()).count()
    }

    /// How often every node is read.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for &root in &self.constraints {
            uses[root] += 1;
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
