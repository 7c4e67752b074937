//! From the graph to operations of the engine's two units.

use karat_abi::TILE_COLUMNS;
use karat_abi::vector::{ProductOp, Row, SumOp};
use karat_constraints::{Dag, Id, Node};

use super::ConstantNode;
use super::operation::{Constant, Kind, Operation, Source, Tile};

/// All of them, in an order in which operands come first and values are used soon.
#[derive(Default)]
pub(super) struct Operations {
    pub list: Vec<Operation>,
    /// Expressions of constants and public values only.
    pub constants: Vec<ConstantNode>,
    /// Constraints that are such: they have no operation.
    pub constant_constraints: Vec<(usize, Constant)>,
    sources: Vec<Option<Source>>,
}

impl Operations {
    /// The operations that sum the constraints of `dag`, times a power of the challenge each, in `degree` coefficients.
    pub fn new(dag: &Dag, degree: usize) -> Self {
        let uses = dag.uses(super::USES_BY_CONSTRAINT);
        let fused = fused(dag, &uses);
        let mut operations = Self { sources: vec![None; dag.nodes.len()], ..Self::default() };
        let mut next = 0;
        for (constraint, &root) in dag.constraints.iter().enumerate() {
            while next <= root {
                if uses[next] > 0 && fused[next] != Fused::IntoSum {
                    operations.sources[next] = Some(operations.lower(dag, &fused, next));
                }
                next += 1;
            }
            match operations.source(root) {
                Source::Constant(constant) => operations.constant_constraints.push((constraint, constant)),
                a => {
                    for coefficient in 0..degree {
                        let b = Source::Constant(Constant::Power { constraint, coefficient });
                        operations.push(Kind::Accumulate(coefficient), a, b, None);
                    }
                }
            }
        }
        operations
    }

    fn source(&self, id: Id) -> Source {
        self.sources[id].expect("operands come first")
    }

    fn push(&mut self, kind: Kind, a: Source, b: Source, c: Option<Source>) -> Source {
        self.list.push(Operation { c, ..Operation::new(kind, a, b) });
        Source::Result(self.list.len() - 1)
    }

    fn lower(&mut self, dag: &Dag, fused: &[Fused], id: Id) -> Source {
        let node = dag.nodes[id];
        let (x, y) = match node {
            Node::Column { matrix, column, next } => {
                let row = if next { Row::Next } else { Row::Own };
                let tile = Tile { matrix: matrix as u8, tile: column as u32 / TILE_COLUMNS, row, group: 0 };
                return Source::Tile(tile, (column as u32 % TILE_COLUMNS) as u8);
            }
            Node::Constant(0) => return Source::Constant(Constant::ZERO),
            Node::Constant(value) => return Source::Constant(Constant::Value(value)),
            Node::Public(index) => return Source::Constant(Constant::Public(index)),
            Node::Sum(x, y) | Node::Difference(x, y) | Node::Product(x, y) => (x, y),
        };
        let factors = |product: Id| match dag.nodes[product] {
            Node::Product(a, b) => (self.source(a), self.source(b)),
            _ => unreachable!("only products are fused"),
        };
        match (fused[id], node) {
            (Fused::Left, _) => {
                let (a, b) = factors(x);
                let c = self.source(y);
                let op = if matches!(node, Node::Sum(..)) { ProductOp::Add } else { ProductOp::Subtract };
                return self.push(Kind::Product(op), a, b, Some(c));
            }
            (Fused::Right, _) => {
                let (a, b) = factors(y);
                let c = self.source(x);
                let op = if matches!(node, Node::Sum(..)) { ProductOp::Add } else { ProductOp::SubtractFrom };
                return self.push(Kind::Product(op), a, b, Some(c));
            }
            _ => {}
        }
        let (a, b) = (self.source(x), self.source(y));
        if let (Source::Constant(a), Source::Constant(b)) = (a, b) {
            self.constants.push(match node {
                Node::Sum(..) => ConstantNode::Sum(a, b),
                Node::Difference(..) => ConstantNode::Difference(a, b),
                _ => ConstantNode::Product(a, b),
            });
            return Source::Constant(Constant::Expression(self.constants.len() - 1));
        }
        let kind = match node {
            Node::Sum(..) => Kind::Sum(SumOp::Add),
            Node::Difference(..) => Kind::Sum(SumOp::Subtract),
            _ => Kind::Product(ProductOp::Multiply),
        };
        self.push(kind, a, b, None)
    }
}

/// What becomes of a node when a product and the sum that alone reads it are one operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fused {
    No,
    /// A product: its sum does it.
    IntoSum,
    /// A sum that does its left operand.
    Left,
    /// A sum that does its right operand.
    Right,
}

fn fused(dag: &Dag, uses: &[usize]) -> Vec<Fused> {
    let mut fused = vec![Fused::No; dag.nodes.len()];
    let is_constant = constants(dag);
    // A summand comes from a register, so it must be a result.
    let is_result = |id: Id| !is_constant[id] && dag.nodes[id].operands().is_some();
    let is_product = |id: Id| matches!(dag.nodes[id], Node::Product(..)) && uses[id] == 1 && !is_constant[id];
    for (id, node) in dag.nodes.iter().enumerate() {
        if uses[id] == 0 {
            continue;
        }
        if let Node::Sum(x, y) | Node::Difference(x, y) = *node {
            if is_product(y) && is_result(x) {
                (fused[id], fused[y]) = (Fused::Right, Fused::IntoSum);
            } else if is_product(x) && is_result(y) {
                (fused[id], fused[x]) = (Fused::Left, Fused::IntoSum);
            }
        }
    }
    fused
}

/// Whether a node depends on no column.
fn constants(dag: &Dag) -> Vec<bool> {
    let mut constant = Vec::with_capacity(dag.nodes.len());
    for node in &dag.nodes {
        constant.push(node.operands().map_or(node.is_constant(), |(x, y)| constant[x] && constant[y]));
    }
    constant
}
