//! Puts the arrays of leaves together to structs, lists and maps.
//!
//! Whether a value is there, and where a list begins and ends, follows from the levels of any leaf below it; the first
//! one is asked (Dremel, section 4; the format's "Nested Encoding"):
//!
//! ```text
//! for each entry (repetition r, definition d) of the leaf:
//!   a slot of the node begins    if r <= node.slot.repetition and d >= node.slot.definition
//!     its value is there         if d >= node.definition
//!   an element of a list begins  if r <= element.repetition   and d >= element.definition
//! ```
//!
//! The tree is walked from its last node to its first, children before parents, so no depth of nesting costs stack.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, UInt16Array, make_array};
use arrow_buffer::NullBuffer;
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field};

use super::leaf_batch::LeafBatch;
use super::levels::{LevelRows, push_selected};
use super::strings::Offset;
use crate::error::{Error, Result};
use crate::memory::{Pool, Validity, Values, array_with_children, count_ones};
use crate::schema::output::{OutputKind, OutputNode, OutputTree, Slot};
use crate::simd::{self, WORD_LEVELS};

/// The top-level arrays of a batch from its leaves, in the order of the tree's.
pub(crate) fn assemble(tree: &OutputTree, leaves: Vec<LeafBatch>, pool: &Arc<Pool>) -> Result<Vec<ArrayRef>> {
    let mut built: Vec<Option<ArrayRef>> = vec![None; tree.nodes.len()];
    for (index, node) in tree.nodes.iter().enumerate().rev() {
        let leaf = leaves.get(node.first_leaf).ok_or_else(|| Error::internal("a leaf is missing"))?;
        let children = node.children.iter().map(|child| take(&mut built, *child)).collect::<Result<Vec<_>>>()?;
        let array = match node.kind {
            OutputKind::Leaf => leaf_array(node, Arc::clone(&leaf.array)),
            OutputKind::Struct => {
                check_same_slots(tree, node, &leaves)?;
                struct_array(node, &leaf.levels, &children, pool)?
            }
            OutputKind::List { element } => list_array(node, element, &leaf.levels, &children, pool)?,
        };
        if node.is_key {
            check_keys(node, &leaf.levels, pool)?;
        }
        if let Some(slot) = built.get_mut(index) {
            *slot = Some(array);
        }
    }
    tree.roots.iter().map(|root| take(&mut built, *root)).collect()
}

fn take(built: &mut [Option<ArrayRef>], index: usize) -> Result<ArrayRef> {
    built.get_mut(index).and_then(Option::take).ok_or_else(|| Error::internal("a child is missing"))
}

/// The values of a leaf. Those that must be there have no nulls of their own: what is null is a group around them, and
/// consumers of Arrow refuse fields that are null against their schema. A key of a dictionary may have no value to stand
/// for, so dictionaries keep their nulls.
pub(crate) fn leaf_array(node: &OutputNode, array: ArrayRef) -> ArrayRef {
    match node.field.is_nullable() || array.nulls().is_none() {
        true => array,
        false => make_array(without_nulls(&node.field, &array.to_data())),
    }
}

/// The data of a field without the nulls of what must be there, in the field itself and in those that have a slot of
/// their own in each of its slots. Only the elements that fill up lists of one length need the latter.
fn without_nulls(field: &Field, data: &ArrayData) -> ArrayData {
    let inner = match field.data_type() {
        DataType::Struct(fields) => fields.as_ref(),
        DataType::FixedSizeList(element, _) => std::slice::from_ref(element),
        _ => &[],
    };
    let children = match inner {
        [] => data.child_data().to_vec(),
        inner => inner.iter().zip(data.child_data()).map(|(field, child)| without_nulls(field, child)).collect(),
    };
    let may_be_null = field.is_nullable() || matches!(data.data_type(), DataType::Dictionary(..));
    let nulls = data.nulls().filter(|_| may_be_null).cloned();
    array_with_children(data.data_type().clone(), data.len(), nulls, data.buffers().to_vec(), children)
}

/// The keys of maps must be there, be they optional by the schema.
fn check_keys(node: &OutputNode, levels: &LevelRows, pool: &Arc<Pool>) -> Result<()> {
    let is_optional = node.definition > node.slot.definition;
    match is_optional && validity(node, levels, pool)?.is_some() {
        true => Err(Error::corrupt(format!("a key \"{}\" of a map is null", node.field.name()))),
        false => Ok(()),
    }
}

fn struct_array(node: &OutputNode, levels: &LevelRows, children: &[ArrayRef], pool: &Arc<Pool>) -> Result<ArrayRef> {
    let length = children.first().map_or(0, |child| child.len());
    let nulls = if node.field.is_nullable() { validity(node, levels, pool)? } else { None };
    let agree = children.iter().all(|child| child.len() == length);
    if !agree || nulls.as_ref().is_some_and(|nulls| nulls.len() != length) {
        let name = node.field.name();
        return Err(Error::corrupt(format!("the columns of \"{name}\" disagree on how many values it has")));
    }
    let data = children.iter().map(|child| child.to_data()).collect();
    Ok(make_array(array_with_children(node.field.data_type().clone(), length, nulls, Vec::new(), data)))
}

/// The leaves below a group in a list must have its slots in the same rows and lists. One leaf stands for each child: what
/// is below a child is compared there.
fn check_same_slots(tree: &OutputTree, node: &OutputNode, leaves: &[LeafBatch]) -> Result<()> {
    if node.slot.repetition == 0 {
        return Ok(());
    }
    let levels = |leaf: usize| leaves.get(leaf).map(|leaf| &leaf.levels);
    let Some(first) = levels(node.first_leaf) else { return Ok(()) };
    let others = node.children.iter().skip(1).filter_map(|child| levels(tree.nodes.get(*child)?.first_leaf));
    for other in others {
        if !same_slots(node.slot, first, other) {
            let name = node.field.name();
            return Err(Error::corrupt(format!(
                "the columns of \"{name}\" have its values in different rows or lists"
            )));
        }
    }
    Ok(())
}

/// True where both leaves say the same of everything down to `slot`.
fn same_slots(slot: Slot, one: &LevelRows, other: &LevelRows) -> bool {
    let (repetition, definition, other_definition) =
        (slice(&one.repetition), slice(&one.definition), slice(&other.definition));
    if repetition == slice(&other.repetition) && definition.len() == other_definition.len() {
        let entries = repetition.iter().zip(definition).zip(other_definition);
        // Without a branch, so that it is done by whole vectors.
        let differing = entries.fold(0, |differing, ((repetition, one), other)| {
            let differs = one.min(&slot.definition) ^ other.min(&slot.definition);
            differing | if *repetition <= slot.repetition { differs } else { 0 }
        });
        return differing == 0;
    }
    down_to(slot, one).eq(down_to(slot, other))
}

/// The entries that begin something down to `slot`.
fn down_to(slot: Slot, levels: &LevelRows) -> impl Iterator<Item = (u16, u16)> {
    let begins = entries(levels).filter(move |(repetition, _)| *repetition <= slot.repetition);
    begins.map(move |(repetition, definition)| (repetition, definition.min(slot.definition)))
}

/// Which slots of the node hold a value; `None` where all do.
fn validity(node: &OutputNode, levels: &LevelRows, pool: &Arc<Pool>) -> Result<Option<NullBuffer>> {
    let Some(definition) = &levels.definition else {
        // Not nested by its levels: the one optional element on the path is this node, or the leaf.
        return Ok(levels.nulls.clone().filter(|_| node.definition > 0));
    };
    let mut validity = Validity::new(pool);
    let (begins, there) = (beginning(levels, node.slot), at_least(definition.values(), node.definition));
    push_selected(&mut validity, &there, &begins)?;
    validity.take()
}

/// Which of the entries begin something in `slot`, 64 in each word.
fn beginning(levels: &LevelRows, slot: Slot) -> Vec<u64> {
    let mut begins = at_least(slice(&levels.definition), slot.definition);
    let goes_on = at_least(slice(&levels.repetition), slot.repetition.saturating_add(1));
    begins.iter_mut().zip(&goes_on).for_each(|(begins, goes_on)| *begins &= !goes_on);
    begins
}

/// Which of `levels` are `least` or more, 64 in each word.
fn at_least(levels: &[u16], least: u16) -> Vec<u64> {
    let mut words = vec![0; levels.len().div_ceil(WORD_LEVELS)];
    simd::at_least(levels, least, &mut words);
    words
}

fn list_array(
    node: &OutputNode,
    element: Slot,
    levels: &LevelRows,
    children: &[ArrayRef],
    pool: &Arc<Pool>,
) -> Result<ArrayRef> {
    let [child] = children else { return Err(Error::internal("a list has one child")) };
    match node.field.data_type() {
        DataType::LargeList(_) => {
            let lists = lists::<i64>(node, element, levels, child, pool)?;
            Ok(list_of(node, lists, child))
        }
        DataType::FixedSizeList(_, length) => {
            let lists = lists::<i64>(node, element, levels, child, pool)?;
            fixed_size_list(node, usize::try_from(*length).unwrap_or_default(), lists, child)
        }
        _ => {
            let lists = lists::<i32>(node, element, levels, child, pool)?;
            Ok(list_of(node, lists, child))
        }
    }
}

/// Where lists end among the elements of all, a 0 in front of them, and which are there; `None` where all are. A list
/// that must be there is not where a group around it is null.
struct Lists<O> {
    ends: Values<O>,
    there: Option<NullBuffer>,
}

fn lists<O: Offset>(
    node: &OutputNode,
    element: Slot,
    levels: &LevelRows,
    child: &ArrayRef,
    pool: &Arc<Pool>,
) -> Result<Lists<O>> {
    let (begins, has_element) = (beginning(levels, node.slot), beginning(levels, element));
    let is_there = at_least(slice(&levels.definition), node.definition);
    let elements = count_ones(has_element.iter().copied());
    let last = O::from_usize(elements).ok_or_else(|| too_many_elements(node))?;
    let mut there = Validity::new(pool);
    let (lists, _) = push_selected(&mut there, &is_there, &begins)?;
    let room = lists.saturating_add(simd::ENDS_OVER);
    let mut ends = Values::<O>::with_capacity(pool, room)?;
    simd::list_ends(&begins, &has_element, ends.spare(room)?);
    ends.commit(lists);
    ends.push(last)?;
    if elements != child.len() {
        let (name, there) = (node.field.name(), child.len());
        return Err(Error::corrupt(format!("the lists \"{name}\" have {elements} elements, their values {there}")));
    }
    Ok(Lists { ends, there: there.take()? })
}

fn list_of<O: Offset>(node: &OutputNode, lists: Lists<O>, child: &ArrayRef) -> ArrayRef {
    let Lists { ends, there } = lists;
    let nulls = there.filter(|_| node.field.is_nullable());
    let length = ends.len().saturating_sub(1);
    let (data_type, offsets) = (node.field.data_type().clone(), vec![ends.into_buffer()]);
    make_array(array_with_children(data_type, length, nulls, offsets, vec![child.to_data()]))
}

/// Lists that must all have `length` elements; where the list is not there, there are elements that nobody looks at.
fn fixed_size_list(node: &OutputNode, length: usize, lists: Lists<i64>, child: &ArrayRef) -> Result<ArrayRef> {
    let Lists { ends, there } = lists;
    let is_null = |row: usize| there.as_ref().is_some_and(|there| there.is_null(row));
    let bounds = ends
        .as_slice()
        .windows(2)
        .filter_map(|pair| Some((Offset::to_usize(*pair.first()?), Offset::to_usize(*pair.last()?))));
    for (row, (start, end)) in bounds.clone().enumerate() {
        let found = end.saturating_sub(start);
        if found != length && !is_null(row) {
            let name = node.field.name();
            let message = format!("a list \"{name}\" of {found} elements where the schema says that all have {length}");
            return Err(Error::corrupt(message));
        }
    }
    let rows = ends.len().saturating_sub(1);
    let child = match &there {
        None => child.to_data(),
        Some(_) => {
            let source = child.to_data();
            let mut elements = MutableArrayData::new(vec![&source], true, rows.saturating_mul(length));
            for (row, (start, end)) in bounds.enumerate() {
                let appended =
                    if is_null(row) { elements.try_extend_nulls(length) } else { elements.try_extend(0, start, end) };
                appended.map_err(|error| Error::limit(format!("lists of one length: {error}")))?;
            }
            match node.field.data_type() {
                DataType::FixedSizeList(element, _) => without_nulls(element, &elements.freeze()),
                _ => elements.freeze(),
            }
        }
    };
    let nulls = there.filter(|_| node.field.is_nullable());
    Ok(make_array(array_with_children(node.field.data_type().clone(), rows, nulls, Vec::new(), vec![child])))
}

#[cold]
fn too_many_elements(node: &OutputNode) -> Error {
    Error::limit(format!(
        "the lists \"{}\" of one batch have more elements than fit: ask for smaller batches",
        node.field.name()
    ))
}

/// Repetition and definition level of each entry.
fn entries(levels: &LevelRows) -> impl Iterator<Item = (u16, u16)> {
    let repetition = slice(&levels.repetition).iter().copied().chain(std::iter::repeat(0));
    repetition.zip(slice(&levels.definition).iter().copied())
}

fn slice(levels: &Option<Arc<UInt16Array>>) -> &[u16] {
    levels.as_ref().map_or(&[], |levels| levels.values())
}
