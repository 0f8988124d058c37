//! Which columns a scan reads, and the Arrow schema of its batches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_schema::{DataType, FieldRef, Fields, SchemaRef};

use super::ScanOptions;
use super::appended::Appended;
use crate::error::{Error, Result};
use crate::metadata::{Encoding, KeyValue, Metadata};
use crate::predicate::Predicate;
use crate::schema::arrow::leaf_data_type;
use crate::schema::fit::is_text_or_bytes;
use crate::schema::output::{OutputKind, OutputNode, OutputTree};
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
    /// The top-level column that it is part of has lists in it.
    pub beside_lists: bool,
    /// It is a top-level column.
    pub is_top_level: bool,
}

/// One top-level output column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProjectedRoot {
    /// Which one of the leaf columns is its first.
    pub first_leaf: usize,
    /// It is a list or has lists in it.
    pub has_lists: bool,
    /// It is a leaf column.
    pub is_leaf: bool,
}

/// The output columns of a scan: those of the file in schema order, then the appended ones.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    /// The leaf columns, ascending.
    pub columns: Vec<ProjectedColumn>,
    /// The top-level columns that they are put together to.
    pub roots: Vec<ProjectedRoot>,
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
        let wishes = wishes(metadata, options, hint.fields);
        let tree = OutputTree::new(schema, &wishes, |leaf| chosen.get(leaf) == Some(&true))?;
        let leaves = tree.nodes.iter().filter(|node| node.kind == OutputKind::Leaf);
        let columns = tree.leaves.iter().zip(leaves).map(|(leaf, node)| ProjectedColumn {
            leaf: *leaf,
            data_type: node.field.data_type().clone(),
            slot_definition: node.slot.definition,
            beside_lists: false,
            is_top_level: false,
        });
        let mut columns: Vec<ProjectedColumn> = columns.collect();
        let roots = roots(&tree);
        for (root, next) in roots.iter().zip(roots.iter().skip(1).map(Some).chain([None])) {
            let end = next.map_or(columns.len(), |next| next.first_leaf);
            let own = columns.get_mut(root.first_leaf..end).unwrap_or_default();
            for column in own {
                column.beside_lists = root.has_lists;
                column.is_top_level = root.is_leaf;
            }
        }
        let appended = Appended::new(options);
        let fields = tree.fields().iter().cloned().chain(appended.fields(&tree)?).collect::<Vec<FieldRef>>();
        let metadata = match &options.schema {
            Some(asked) => asked.metadata.clone(),
            None => hint.metadata,
        };
        let schema = Arc::new(arrow_schema::Schema::new_with_metadata(fields, metadata));
        Ok(Self { columns, roots, tree, appended, schema })
    }
}

fn wishes(metadata: &Metadata, options: &ScanOptions, hint: Fields) -> TypeWishes {
    TypeWishes {
        string_type: options.string_type,
        asked: options.schema.as_ref().map(|asked| asked.fields.clone()).unwrap_or_default(),
        dictionaries: if options.dictionary { encoded_by_dictionary(metadata) } else { BTreeSet::new() },
        hint,
    }
}

/// The types that the options and the file's hint give the values of the leaf columns that predicates name.
pub(super) fn predicate_types(metadata: &Metadata, options: &ScanOptions) -> Result<BTreeMap<usize, DataType>> {
    let paths = options.predicates.iter().flat_map(Predicate::columns);
    let leaves: BTreeSet<usize> = paths.flat_map(|path| metadata.schema.leaves_of(path)).collect();
    if leaves.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wishes = wishes(metadata, options, hint(metadata, options).fields);
    let tree = OutputTree::new(&metadata.schema, &wishes, |leaf| leaves.contains(&leaf))?;
    let nodes = tree.nodes.iter().filter(|node| node.kind == OutputKind::Leaf);
    let types = nodes.map(|node| match node.field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        data_type => data_type.clone(),
    });
    Ok(tree.leaves.iter().copied().zip(types).collect())
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

/// The top-level columns; the nodes of each stand behind it, before the next one.
fn roots(tree: &OutputTree) -> Vec<ProjectedRoot> {
    let ends = tree.roots.iter().skip(1).copied().chain([tree.nodes.len()]);
    let nodes = tree.roots.iter().zip(ends).map(|(root, end)| tree.nodes.get(*root..end).unwrap_or_default());
    let is_list = |node: &OutputNode| matches!(node.kind, OutputKind::List { .. });
    let root = |nodes: &[OutputNode]| ProjectedRoot {
        first_leaf: nodes.first().map_or(0, |root| root.first_leaf),
        has_lists: nodes.iter().any(is_list),
        is_leaf: nodes.first().is_some_and(|root| root.kind == OutputKind::Leaf),
    };
    nodes.map(root).collect()
}

/// Of each leaf column, whether it is read.
fn chosen_leaves(schema: &Schema, options: &ScanOptions) -> Result<Vec<bool>> {
    let Some(paths) = &options.columns else { return Ok(vec![true; schema.leaves.len()]) };
    let mut chosen = vec![false; schema.leaves.len()];
    for (path, leaves) in paths.iter().zip(schema.leaves_of_all(paths)) {
        if leaves.is_empty() {
            return Err(Error::invalid_argument(format!("no column \"{path}\"")));
        }
        for leaf in leaves {
            chosen.get_mut(leaf).into_iter().for_each(|chosen| *chosen = true);
        }
    }
    Ok(chosen)
}

/// The leaf columns of strings of which some chunk has a dictionary.
fn encoded_by_dictionary(metadata: &Metadata) -> BTreeSet<usize> {
    let leaves = metadata.schema.leaves.iter().enumerate();
    let strings = leaves.filter(|(_, leaf)| leaf.physical == PhysicalType::ByteArray);
    let is_encoded = |column: usize| {
        let mut chunks = (0..metadata.row_groups.len()).filter_map(|group| metadata.chunk(group, column).ok());
        chunks.any(|chunk| {
            let by_codes = |encoding: Encoding| matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary);
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
