//! Schemas for tests, written as trees.

use super::{Leaf, LogicalType, Node, Path, PhysicalType, Repetition, Schema, Text};

/// A node with all below it.
pub(crate) struct Tree {
    name: Text,
    repetition: Repetition,
    physical: Option<PhysicalType>,
    logical: Option<LogicalType>,
    children: Vec<Tree>,
}

pub(crate) fn leaf(name: &str, repetition: Repetition, physical: PhysicalType, logical: Option<LogicalType>) -> Tree {
    Tree { name: name.into(), repetition, physical: Some(physical), logical, children: Vec::new() }
}

pub(crate) fn group(name: &str, repetition: Repetition, logical: Option<LogicalType>, children: Vec<Tree>) -> Tree {
    Tree { name: name.into(), repetition, physical: None, logical, children }
}

/// The schema whose root has these children.
pub(crate) fn schema(children: Vec<Tree>) -> Schema {
    let mut schema = Schema { nodes: Vec::new(), leaves: Vec::new() };
    add(&mut schema, group("root", Repetition::Required, None, children), &[], 0, 0);
    schema
}

fn add(schema: &mut Schema, tree: Tree, above: &[Text], definition_level: u16, repetition_level: u16) -> usize {
    let index = schema.nodes.len();
    let path = [above, std::slice::from_ref(&tree.name)].concat();
    let max_definition_level = definition_level + u16::from(tree.repetition != Repetition::Required);
    let max_repetition_level = repetition_level + u16::from(tree.repetition == Repetition::Repeated);
    let leaf = tree.physical.map(|physical| {
        let logical = tree.logical.clone();
        let path = Path::new(&above.iter().skip(1).collect::<Vec<_>>(), &tree.name);
        schema.leaves.push(Leaf { path, node: index, physical, logical, max_definition_level, max_repetition_level });
        schema.leaves.len() - 1
    });
    let Tree { name, repetition, logical, children, .. } = tree;
    schema.nodes.push(Node { name, repetition, children: Vec::new(), leaf, logical, field_id: None });
    for child in children {
        let child = add(schema, child, &path, max_definition_level, max_repetition_level);
        schema.nodes[index].children.push(child);
    }
    index
}
