//! Sums of many terms as trees of little depth.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use karat_abi::vector::{PRODUCT_LATENCY, SUM_LATENCY};
use karat_constraints::{Dag, Id, Node};

/// The same constraints, where terms that are ready first are added first: Plonky3's AIRs add one after the other, and each
/// addition waits for the last.
pub fn balanced(dag: &Dag) -> Dag {
    let uses = dag.uses(super::USES_BY_CONSTRAINT);
    // A sum that only another sum reads is a part of that one.
    let mut is_part = vec![false; dag.nodes.len()];
    for (id, node) in dag.nodes.iter().enumerate() {
        if let Node::Sum(x, y) = *node
            && uses[id] > 0
        {
            for operand in [x, y] {
                let is_sum = matches!(dag.nodes[operand], Node::Sum(..));
                is_part[operand] |= is_sum && uses[operand] == 1;
            }
        }
    }
    let mut new = Dag::default();
    let mut depths = Vec::new();
    let mut ids: Vec<Id> = vec![0; dag.nodes.len()];
    for (id, &node) in dag.nodes.iter().enumerate() {
        if uses[id] == 0 || is_part[id] {
            continue;
        }
        ids[id] = match node {
            Node::Column { .. } | Node::Constant(_) | Node::Public(_) => new.add(node),
            Node::Difference(x, y) => new.difference(ids[x], ids[y]),
            Node::Product(x, y) => new.product(ids[x], ids[y]),
            Node::Sum(..) => {
                let mut terms: BinaryHeap<_> =
                    terms(dag, id, &is_part).map(|term| ids[term]).map(|term| Reverse((depths[term], term))).collect();
                loop {
                    let Reverse((_, x)) = terms.pop().expect("a sum has terms");
                    let Some(Reverse((_, y))) = terms.pop() else { break x };
                    let sum = new.sum(x, y);
                    extend_depths(&new, &mut depths);
                    terms.push(Reverse((depths[sum], sum)));
                }
            }
        };
        extend_depths(&new, &mut depths);
    }
    new.constraints = dag.constraints.iter().map(|&constraint| ids[constraint]).collect();
    new
}

/// The terms of a sum and of its parts.
fn terms(dag: &Dag, root: Id, is_part: &[bool]) -> impl Iterator<Item = Id> {
    let mut terms = Vec::new();
    let mut stack = vec![root];
    while let Some(id) = stack.pop() {
        match dag.nodes[id] {
            Node::Sum(x, y) if id == root || is_part[id] => stack.extend([x, y]),
            _ => terms.push(id),
        }
    }
    terms.into_iter()
}

/// Instructions from the start of a run until a node's value is there, for those that have come since.
fn extend_depths(dag: &Dag, depths: &mut Vec<usize>) {
    for node in &dag.nodes[depths.len()..] {
        let depth = |x: Id, y: Id| depths[x].max(depths[y]);
        depths.push(match *node {
            Node::Column { .. } | Node::Constant(_) | Node::Public(_) => 0,
            Node::Sum(x, y) | Node::Difference(x, y) => depth(x, y) + SUM_LATENCY,
            Node::Product(x, y) => depth(x, y) + PRODUCT_LATENCY,
        });
    }
}
