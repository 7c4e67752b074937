//! Constraints as a graph in which equal expressions are one node.

use std::collections::HashMap;

use karat_abi::P;
use karat_abi::vector::Row;
use p3_air::symbolic::{BaseEntry, BaseLeaf, SymbolicExpr, SymbolicExpression};
use p3_field::{PrimeCharacteristicRing, PrimeField64};

use super::Matrix;
use super::operation::Constant;
use crate::config::Val;

/// Index of a node; operands have smaller ones.
pub(super) type Id = u32;

/// An expression.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Node {
    /// A column of a row, or of the next one.
    Column {
        matrix: Matrix,
        column: u32,
        row: Row,
    },
    /// The same for every row.
    Constant(Constant),
    Sum(Id, Id),
    Difference(Id, Id),
    Product(Id, Id),
}

/// The graph of all constraints.
#[derive(Default)]
pub(super) struct Dag {
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
            // The left one on top, so that it comes first, as it was written.
            stack.extend(operands.into_iter().rev().flatten().filter(missing));
            if stack.len() > before {
                continue;
            }
            let id = |operand: &SymbolicExpression<Val>| seen[&std::ptr::from_ref(operand)];
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

    fn leaf(&mut self, leaf: &BaseLeaf<Val>) -> Id {
        let column = |matrix, column: usize, row| Node::Column { matrix, column: column as u32, row };
        let row = |offset| if offset == 1 { Row::Next } else { Row::Own };
        let node = match leaf {
            BaseLeaf::Constant(value) => Node::Constant(Constant::Value(value.as_canonical_u64())),
            BaseLeaf::IsFirstRow => column(Matrix::Selectors, 0, Row::Own),
            BaseLeaf::IsLastRow => column(Matrix::Selectors, 1, Row::Own),
            BaseLeaf::IsTransition => column(Matrix::Selectors, 2, Row::Own),
            BaseLeaf::Variable(variable) => match variable.entry {
                BaseEntry::Main { offset } => column(Matrix::Main, variable.index, row(offset)),
                BaseEntry::Preprocessed { offset } => column(Matrix::Preprocessed, variable.index, row(offset)),
                BaseEntry::Periodic => column(Matrix::Periodic, variable.index, Row::Own),
                BaseEntry::Public => Node::Constant(Constant::Public(variable.index)),
            },
        };
        self.add(node)
    }

    pub fn add(&mut self, node: Node) -> Id {
        *self.ids.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            (self.nodes.len() - 1) as Id
        })
    }

    fn value(&self, id: Id) -> Option<u64> {
        match self.nodes[id as usize] {
            Node::Constant(Constant::Value(value)) => Some(value),
            _ => None,
        }
    }

    fn constant(&mut self, value: Val) -> Id {
        self.add(Node::Constant(Constant::Value(value.as_canonical_u64())))
    }

    /// The constant that `operation` makes of two.
    fn fold(&mut self, x: u64, y: u64, operation: impl FnOnce(Val, Val) -> Val) -> Id {
        self.constant(operation(Val::new(x), Val::new(y)))
    }

    pub fn sum(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a + b),
            (Some(0), None) => y,
            (None, Some(0)) => x,
            _ => self.add(Node::Sum(x.min(y), x.max(y))),
        }
    }

    pub fn difference(&mut self, x: Id, y: Id) -> Id {
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a - b),
            (None, Some(0)) => x,
            _ if x == y => self.constant(Val::ZERO),
            _ => self.add(Node::Difference(x, y)),
        }
    }

    fn negative(&mut self, x: Id) -> Id {
        let zero = self.constant(Val::ZERO);
        self.difference(zero, x)
    }

    pub fn product(&mut self, x: Id, y: Id) -> Id {
        const MINUS_ONE: u64 = P - 1;
        match (self.value(x), self.value(y)) {
            (Some(a), Some(b)) => self.fold(a, b, |a, b| a * b),
            (Some(0), _) | (_, Some(1)) => x,
            (_, Some(0)) | (Some(1), _) => y,
            (Some(MINUS_ONE), _) => self.negative(y),
            (_, Some(MINUS_ONE)) => self.negative(x),
            // Two times: a sum, of which the engine does as many beside the products.
            (Some(2), _) => self.add(Node::Sum(y, y)),
            (_, Some(2)) => self.add(Node::Sum(x, x)),
            _ => self.add(Node::Product(x.min(y), x.max(y))),
        }
    }

    /// How often every node that a constraint depends on is read.
    pub fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.nodes.len()];
        for &root in &self.constraints {
            // More than once: a constraint is read for every coefficient.
            uses[root as usize] += 2;
        }
        for id in (0..self.nodes.len()).rev() {
            if uses[id] == 0 {
                continue;
            }
            if let Node::Sum(x, y) | Node::Difference(x, y) | Node::Product(x, y) = self.nodes[id] {
                uses[x as usize] += 1;
                uses[y as usize] += 1;
            }
        }
        uses
    }
}
