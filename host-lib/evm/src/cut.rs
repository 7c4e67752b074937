//! The graph of constraints, cut into small expressions of few different forms: one form is one kernel of code, which the
//! tape applies to many operands.

use std::collections::HashMap;

use karat_constraints::{Dag, Id, Node};

/// Constants below this are part of a form; others are operands of it. So are all of them where operations are cut apart: of
/// these there are few forms, whatever the graph.
const LITERALS: u64 = 256;

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Operand {
    /// A place in memory with an element of the extension.
    Extension,
    /// A place in memory with an element of Goldilocks.
    Base,
    /// The tape itself.
    Constant,
}

/// A part of a form. Parts that it refers to come before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Part {
    Operand(usize),
    Literal(u64),
    Sum(usize, usize),
    Difference(usize, usize),
    Product(usize, usize),
}

/// The form of an expression.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Form {
    /// The last one is its value.
    pub parts: Vec<Part>,
    pub operands: Vec<Operand>,
    /// Whether the value is a constraint's. Others are kept.
    pub folds: bool,
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    /// Index of its form.
    pub form: usize,
    /// What it is made of.
    pub operands: Vec<Id>,
    /// The node whose value it is.
    pub root: Id,
}

/// A graph that has been cut.
pub(crate) struct Cut {
    pub forms: Vec<Form>,
    /// One for every constraint.
    pub folded: Vec<Expression>,
    /// Those whose values others are made of, by node.
    pub kept: HashMap<Id, Expression>,
}

impl Cut {
    /// Cuts a graph so that no expression has more than `limit` operations.
    pub fn new(dag: &Dag, limit: usize) -> Self {
        let constraints = dag.constraints.len();
        // Owners of nodes: expressions of constraints by their index, the others behind them by that of their root.
        let mut owners: Vec<Vec<usize>> = vec![Vec::new(); dag.nodes.len()];
        let mut sizes: HashMap<usize, usize> = HashMap::new();
        for (i, &root) in dag.constraints.iter().enumerate() {
            owners[root].push(i);
        }
        for id in (0..dag.nodes.len()).rev() {
            let Some((x, y)) = dag.nodes[id].operands().filter(|_| !owners[id].is_empty()) else { continue };
            // A node belongs to the only expression that reads it, if there is room.
            let owner = match owners[id][..] {
                [owner] if sizes.get(&owner).is_none_or(|&size| size < limit) => owner,
                _ => constraints + id,
            };
            *sizes.entry(owner).or_default() += 1;
            owners[id] = vec![owner];
            for operand in [x, y] {
                if !owners[operand].contains(&owner) {
                    owners[operand].push(owner);
                }
            }
        }
        let base = bases(dag);
        let literals = if limit > 1 { LITERALS } else { 0 };
        let mut forms = Forms::default();
        let mut expression = |owner: usize, root: Id| {
            let (parts, operands) = (HashMap::new(), Vec::new());
            let mut walk = Walk { dag, base: &base, owners: &owners, owner, literals, parts, operands };
            let mut form = Form { parts: Vec::new(), operands: Vec::new(), folds: owner < constraints };
            walk.part(root, &mut form);
            Expression { form: forms.index(form), operands: walk.operands, root }
        };
        let folded = dag.constraints.iter().enumerate().map(|(i, &root)| expression(i, root)).collect();
        let roots = (0..dag.nodes.len()).filter(|&id| dag.nodes[id].operands().is_some());
        let kept = roots.filter(|&id| owners[id] == [constraints + id]);
        let kept = kept.map(|id| (id, expression(constraints + id, id))).collect();
        Self { forms: forms.list, folded, kept }
    }
}

/// Which nodes are elements of Goldilocks.
fn bases(dag: &Dag) -> Vec<bool> {
    let mut base: Vec<bool> = Vec::with_capacity(dag.nodes.len());
    for node in &dag.nodes {
        base.push(node.operands().map_or(node.is_constant(), |(x, y)| base[x] && base[y]));
    }
    base
}

#[derive(Default)]
struct Forms {
    list: Vec<Form>,
    indices: HashMap<Form, usize>,
}

impl Forms {
    fn index(&mut self, form: Form) -> usize {
        let next = self.list.len();
        let index = *self.indices.entry(form.clone()).or_insert(next);
        if index == next {
            self.list.push(form);
        }
        index
    }
}

/// The walk over the nodes of one expression.
struct Walk<'a> {
    dag: &'a Dag,
    base: &'a [bool],
    owners: &'a [Vec<usize>],
    owner: usize,
    /// Constants below this are part of the form.
    literals: u64,
    parts: HashMap<Id, usize>,
    operands: Vec<Id>,
}

impl Walk<'_> {
    /// The part that a node is.
    fn part(&mut self, id: Id, form: &mut Form) -> usize {
        if let Some(&part) = self.parts.get(&id) {
            return part;
        }
        let node = self.dag.nodes[id];
        let part = match node {
            Node::Constant(value) if value < self.literals => Part::Literal(value),
            _ if !self.inside(id) => {
                self.operands.push(id);
                form.operands.push(match node {
                    Node::Constant(_) => Operand::Constant,
                    _ if self.base[id] => Operand::Base,
                    _ => Operand::Extension,
                });
                Part::Operand(self.operands.len() - 1)
            }
            // Expressions that differ in the order of operands only are of one form.
            Node::Sum(x, y) | Node::Product(x, y) => {
                let (x, y) = if self.inside(x) && !self.inside(y) { (y, x) } else { (x, y) };
                let (x, y) = (self.part(x, form), self.part(y, form));
                if matches!(node, Node::Sum(..)) { Part::Sum(x, y) } else { Part::Product(x, y) }
            }
            Node::Difference(x, y) => {
                let x = self.part(x, form);
                Part::Difference(x, self.part(y, form))
            }
            _ => unreachable!("leaves are not inside"),
        };
        form.parts.push(part);
        self.parts.insert(id, form.parts.len() - 1);
        form.parts.len() - 1
    }

    /// Whether a node is an operation of this expression.
    fn inside(&self, id: Id) -> bool {
        self.dag.nodes[id].operands().is_some() && self.owners[id] == [self.owner]
    }
}
