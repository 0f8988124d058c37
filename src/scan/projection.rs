//! Which columns a scan reads, and the Arrow schema of its batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, SchemaRef};

use super::ScanOptions;
use crate::error::{Error, Result};
use crate::schema::{Leaf, Schema, arrow};

/// One output column.
#[derive(Debug, Clone)]
pub(crate) struct ProjectedColumn {
    /// Leaf column ordinal.
    pub leaf: usize,
    /// The Arrow type of its values.
    pub data_type: DataType,
}

/// The output columns of a scan in schema order.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// One for each field of the schema.
    pub columns: Vec<ProjectedColumn>,
    /// The schema of the batches.
    pub schema: SchemaRef,
}

impl Projection {
    /// The columns that the options name.
    pub(crate) fn new(schema: &Schema, options: &ScanOptions) -> Result<Self> {
        let chosen = chosen_leaves(schema, options)?;
        let all_fields = arrow::arrow_schema(schema, options.string_type)?;
        let roots = schema.nodes.first().map_or(&[][..], |root| &root.children);
        // Groups without a leaf have no field.
        let with_leaves = roots.iter().filter(|node| !schema.leaves_below(**node).is_empty());
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        for (node, field) in with_leaves.zip(&all_fields.fields) {
            for leaf in schema.leaves_below(*node) {
                if !chosen.contains(&leaf) {
                    continue;
                }
                refuse_nested(schema, leaf)?;
                columns.push(ProjectedColumn { leaf, data_type: field.data_type().clone() });
                fields.push(Arc::clone(field));
            }
        }
        Ok(Self { columns, schema: Arc::new(arrow_schema::Schema::new(fields)) })
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

fn refuse_nested(schema: &Schema, ordinal: usize) -> Result<()> {
    let is_flat = |leaf: &&Leaf| leaf.path.len() == 1 && leaf.max_repetition_level == 0;
    match schema.leaves.get(ordinal) {
        Some(leaf) if !is_flat(&leaf) => {
            let path = leaf.dotted_path();
            Err(Error::unsupported(format!("column \"{path}\" is nested, which is not supported yet"))
                .in_column(ordinal, &path))
        }
        _ => Ok(()),
    }
}
