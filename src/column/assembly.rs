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

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer};

use super::levels::LevelRows;
use crate::error::{Error, Result};
use crate::memory::array_with_children;
use crate::schema::output::{OutputKind, OutputNode, OutputTree, Slot};

/// What one leaf column has of a batch.
pub(crate) struct LeafBatch {
    /// Its values, one for each slot.
    pub array: ArrayRef,
    /// Its levels.
    pub levels: LevelRows,
}

/// The top-level arrays of a batch of `rows` rows from the arrays of its leaves, in the order of the tree's leaves. A
/// top-level leaf may be left out; so is its array then.
pub(crate) fn assemble(tree: &OutputTree, leaves: &[Option<LeafBatch>], rows: usize) -> Result<Vec<Option<ArrayRef>>> {
    let mut built: Vec<Option<ArrayRef>> = vec![None; tree.nodes.len()];
    for (index, node) in tree.nodes.iter().enumerate().rev() {
        let Some(leaf) = leaves.get(node.first_leaf).and_then(Option::as_ref) else { continue };
        let children = node.children.iter().map(|child| take(&mut built, *child)).collect::<Result<Vec<_>>>()?;
        let array = match node.kind {
            OutputKind::Leaf => leaf.array.clone(),
            OutputKind::Struct => struct_array(node, &leaf.levels, &children)?,
            OutputKind::List { element } => list_array(node, element, &leaf.levels, &children)?,
        };
        if let Some(slot) = built.get_mut(index) {
            *slot = Some(array);
        }
    }
    let roots: Vec<_> = tree.roots.iter().map(|root| built.get_mut(*root).and_then(Option::take)).collect();
    match roots.iter().flatten().find(|array| array.len() != rows) {
        Some(array) => Err(Error::corrupt(format!("a column of {} rows in a batch of {rows}", array.len()))),
        None => Ok(roots),
    }
}

fn take(built: &mut [Option<ArrayRef>], index: usize) -> Result<ArrayRef> {
    built.get_mut(index).and_then(Option::take).ok_or_else(|| Error::internal("a child is missing"))
}

fn struct_array(node: &OutputNode, levels: &LevelRows, children: &[ArrayRef]) -> Result<ArrayRef> {
    let length = children.first().map_or(0, |child| child.len());
    let nulls = if node.field.is_nullable() { validity(node, levels)? } else { None };
    let agree = children.iter().all(|child| child.len() == length);
    if !agree || nulls.as_ref().is_some_and(|nulls| nulls.len() != length) {
        let name = node.field.name();
        return Err(Error::corrupt(format!("the columns of \"{name}\" disagree on how many values it has")));
    }
    let data = children.iter().map(|child| child.to_data()).collect();
    Ok(make_array(array_with_children(node.field.data_type().clone(), length, nulls, Vec::new(), data)))
}

/// Which slots of the node hold a value; `None` where all do.
fn validity(node: &OutputNode, levels: &LevelRows) -> Result<Option<NullBuffer>> {
    let Some(definition) = &levels.definition else {
        // Not nested by its levels: the one optional element on the path is this node.
        return Ok(levels.nulls.clone());
    };
    let mut bits = BooleanBufferBuilder::new(definition.len());
    for (repetition, definition) in entries(levels) {
        if repetition <= node.slot.repetition && definition >= node.slot.definition {
            bits.append(definition >= node.definition);
        }
    }
    let nulls = NullBuffer::new(bits.finish());
    Ok(Some(nulls).filter(|nulls| nulls.null_count() > 0))
}

fn list_array(node: &OutputNode, element: Slot, levels: &LevelRows, children: &[ArrayRef]) -> Result<ArrayRef> {
    let [child] = children else { return Err(Error::internal("a list has one child")) };
    let mut offsets: Vec<i32> = Vec::new();
    let mut bits = BooleanBufferBuilder::new(0);
    let mut elements = 0i32;
    for (repetition, definition) in entries(levels) {
        if repetition <= node.slot.repetition && definition >= node.slot.definition {
            offsets.push(elements);
            bits.append(definition >= node.definition);
        }
        if repetition <= element.repetition && definition >= element.definition {
            elements = elements.checked_add(1).ok_or_else(|| too_many_elements(node))?;
        }
    }
    offsets.push(elements);
    if usize::try_from(elements) != Ok(child.len()) {
        let (name, there) = (node.field.name(), child.len());
        return Err(Error::corrupt(format!("the lists \"{name}\" have {elements} elements, their values {there}")));
    }
    let nulls = NullBuffer::new(bits.finish());
    let nulls = Some(nulls).filter(|nulls| node.field.is_nullable() && nulls.null_count() > 0);
    let length = offsets.len().saturating_sub(1);
    let (data_type, offsets) = (node.field.data_type().clone(), vec![Buffer::from_vec(offsets)]);
    Ok(make_array(array_with_children(data_type, length, nulls, offsets, vec![child.to_data()])))
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
    let definition = levels.definition.as_ref().map_or(&[][..], |levels| levels.as_slice());
    let repetition = levels.repetition.as_ref().map(|levels| levels.as_slice());
    let repetition = repetition.unwrap_or(&[]).iter().copied().chain(std::iter::repeat(0));
    repetition.zip(definition.iter().copied())
}
