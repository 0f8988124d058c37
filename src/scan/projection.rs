//! Which columns a scan reads, and the Arrow schema of its batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, FieldRef, SchemaRef};

use super::ScanOptions;
use super::appended::Appended;
use crate::error::{Error, Result};
use crate::metadata::{Encoding, KeyValue, Metadata};
use crate::schema::arrow::leaf_data_type;
use crate::schema::fit::is_text_or_bytes;
use crate::schema::output::{OutputKind, OutputTree};
use crate::schema::wish::TypeWishes;
use crate::schema::{Leaf, PhysicalType, Schema, StringType, hint};

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

/// The output columns of a scan: those of the file in schema order, then the appended ones.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// The leaf columns, ascending.
    pub columns: Vec<ProjectedColumn>,
    /// How they are put together.
    pub tree: OutputTree,
    /// What is appended to them.
    pub appended: Appended,
    /// The schema of the batches.
    pub schema: SchemaRef,
}

impl Projection {
    /// The columns that the options name, of the types that they and the file's hint ask for.
    pub(crate) fn new(metadata: &Metadata, options: &ScanOptions) -> Result<Self> {
        let schema = &metadata.schema;
        let chosen = chosen_leaves(schema, options)?;
        let hint = self::hint(metadata, options);
        let wishes = TypeWishes {
            string_type: options.string_type,
            asked: options.schema.as_ref().map(|asked| asked.fields.clone()).unwrap_or_default(),
            dictionaries: if options.dictionary { encoded_by_dictionary(metadata) } else { BTreeSet::new() },
            hint: hint.fields,
        };
        let tree = OutputTree::new(schema, &wishes, |leaf| chosen.contains(&leaf))?;
        let leaves = tree.nodes.iter().filter(|node| node.kind == OutputKind::Leaf);
        let columns = tree.leaves.iter().zip(leaves).map(|(leaf, node)| ProjectedColumn {
            leaf: *leaf,
            data_type: node.field.data_type().clone(),
            slot_definition: node.slot.definition,
        });
        let columns = columns.collect();
        let appended = Appended::new(options);
        let fields = tree.fields().iter().cloned().chain(appended.fields(&tree)?).collect::<Vec<FieldRef>>();
        let metadata = match &options.schema {
            Some(asked) => asked.metadata.clone(),
            None => hint.metadata,
        };
        let schema = Arc::new(arrow_schema::Schema::new_with_metadata(fields, metadata));
        Ok(Self { columns, tree, appended, schema })
    }
}

impl Metadata {
    /// The Arrow schema of all columns: that of a scan with default options.
    ///
    /// Fails with `Limit` where the schema is nested too deeply.
    pub fn arrow_schema(&self) -> Result<SchemaRef> {
        Projection::new(self, &ScanOptions::default()).map(|projection| projection.schema)
    }

    /// The Arrow type of the values of leaf column `ordinal`, which is `leaf`, in [`Self::arrow_schema`]; of strings
    /// and binaries as `string_type` says, where that is not the default.
    pub(crate) fn leaf_type(&self, ordinal: usize, leaf: &Leaf, string_type: StringType) -> DataType {
        let own = leaf_data_type(leaf, string_type);
        if string_type != StringType::default() && is_text_or_bytes(&own) {
            return own;
        }
        // All at once: the hint is one piece. Where the columns cannot be put together, leaves have their own types.
        let types = self.hinted_types.get_or_init(|| {
            let projection = Projection::new(self, &ScanOptions::default());
            projection.map(|all| all.columns.into_iter().map(|column| column.data_type).collect()).unwrap_or_default()
        });
        types.get(ordinal).cloned().unwrap_or(own)
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

/// The leaf columns of strings of which some chunk has a dictionary.
fn encoded_by_dictionary(metadata: &Metadata) -> BTreeSet<usize> {
    let leaves = metadata.schema.leaves.iter().enumerate();
    let strings = leaves.filter(|(_, leaf)| leaf.physical == PhysicalType::ByteArray);
    let is_encoded = |column: usize| {
        let mut chunks = metadata.row_groups.iter().filter_map(|group| group.columns.get(column));
        chunks.any(|chunk| {
            let by_codes =
                |encoding: &Encoding| matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary);
            chunk.dictionary_page_offset.is_some() || chunk.encodings.iter().any(by_codes)
        })
    };
    strings.map(|(ordinal, _)| ordinal).filter(|ordinal| is_encoded(*ordinal)).collect()
}

/// What the writer of a file left about its Arrow schema; nothing where it is broken.
fn hint(metadata: &Metadata, options: &ScanOptions) -> arrow_schema::Schema {
    let is_hint = |pair: &&KeyValue| pair.key == hint::KEY;
    let value = metadata.key_value.iter().find(is_hint).and_then(|pair| pair.value.as_deref());
    let hint = value.filter(|_| !options.ignore_arrow_schema).and_then(hint::decode);
    let hint = hint.unwrap_or_else(arrow_schema::Schema::empty);
    // What the file says to whoever reads it; of several values the last one.
    let pairs = metadata.key_value.iter().filter(|pair| !is_hint(pair));
    let pairs = pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default()));
    let all: arrow_schema::Metadata = pairs.chain(hint.metadata).collect();
    arrow_schema::Schema::new_with_metadata(hint.fields, all)
}
