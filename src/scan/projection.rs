//! Which columns a scan reads, and the Arrow schema of its batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, SchemaRef};

use super::ScanOptions;
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::schema::output::{OutputKind, OutputTree};

/// One leaf column that is read.
#[derive(Debug, Clone)]
pub(crate) struct ProjectedColumn {
    /// Leaf column ordinal.
    pub leaf: usize,
    /// The Arrow type of its values.
    pub data_type: DataType,
    /// Definition level from which there is a slot in its array.
    pub slot_definition: u16,
}

/// The output columns of a scan in schema order.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// The leaf columns, ascending.
    pub columns: Vec<ProjectedColumn>,
    /// How they are put together.
    pub tree: OutputTree,
    /// The schema of the batches.
    pub schema: SchemaRef,
}

impl Projection {
    /// The columns that the options name.
    pub(crate) fn new(schema: &Schema, options: &ScanOptions) -> Result<Self> {
        let chosen = chosen_leaves(schema, options)?;
        let tree = OutputTree::new(schema, options.string_type, |leaf| chosen.contains(&leaf))?;
        let leaves = tree.nodes.iter().filter(|node| node.kind == OutputKind::Leaf);
        let columns = tree.leaves.iter().zip(leaves).map(|(leaf, node)| ProjectedColumn {
            leaf: *leaf,
            data_type: node.field.data_type().clone(),
            slot_definition: node.slot.definition,
        });
        let columns = columns.collect();
        let schema = Arc::new(arrow_schema::Schema::new(tree.fields()));
        Ok(Self { columns, tree, schema })
    }
}

fn chosen_leaves(schema: &Schema, options: &ScanOptions) -> Result<BTreeSet<usize>> {
    let Some(paths) = &options.columns else { return Ok((0..schema.leaves.len()).collect()) };
    let mut chosen = BTreeSet::new();
    for path in paths {
        let leaves = schema.leaves_of(path);
        if leaves.is_empty() {
            return Err(Error::invalid_argument(format!("no column \"{path}\"")));
        }
        chosen.extend(leaves);
    }
    Ok(chosen)
}
