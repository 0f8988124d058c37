//! The output columns of a projection: the Arrow type tree over the chosen leaves, and what levels mean in it.
//!
//! Each [`OutputNode`] is one Arrow field. Lists and maps follow the format's backward-compatibility rules, which look at the
//! whole schema, so a projection never changes what a group is taken for, with one exception: a map of which only keys
//! or only values are chosen is a list of entries, since Arrow has no map without both.
//!
//! Both ways through the tree are loops: down from the root to expand groups, and up to put types together.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::arrow::check_depth;
use super::extension;
use super::wish::{TypeWishes, Wish};
use super::{LogicalType, Node, Repetition, Schema};
use crate::error::{Error, Result};

/// The output columns; parents stand before their children.
#[derive(Debug, Clone)]
pub(crate) struct OutputTree {
    /// All nodes.
    pub nodes: Vec<OutputNode>,
    /// Indexes of the top-level fields.
    pub roots: Vec<usize>,
    /// The chosen leaf column ordinals, ascending.
    pub leaves: Vec<usize>,
}

/// One Arrow field and where its values stand among the levels of the leaves below it.
#[derive(Debug, Clone)]
pub(crate) struct OutputNode {
    /// The field.
    pub field: FieldRef,
    /// What kind of value it has.
    pub kind: OutputKind,
    /// Indexes of the children.
    pub children: Vec<usize>,
    /// A value is there where the definition level is at least this.
    pub definition: u16,
    /// Where there is a slot for a value, be it null.
    pub slot: Slot,
    /// Index into [`OutputTree::leaves`] of the first leaf at or below this node.
    pub first_leaf: usize,
    /// It is the key of a map.
    pub is_key: bool,
}

/// A slot begins at every entry with at most this repetition level and at least this definition level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Slot {
    /// Number of lists around the value.
    pub repetition: u16,
    /// Definition level from which the innermost of them has an element.
    pub definition: u16,
}

/// What kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputKind {
    /// The values of one leaf column.
    Leaf,
    /// Fields side by side.
    Struct,
    /// A list or map: its only child has these slots.
    List { element: Slot },
}

/// Where a schema node is to be expanded.
#[derive(Debug, Clone, Copy)]
struct Task<'a> {
    node: usize,
    wish: Wish<'a>,
    place: Place,
    parent: Option<usize>,
    /// Definition level of the value around.
    definition: u16,
    slot: Slot,
}

/// How a schema node's own repetition counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// As it says.
    Field,
    /// Not at all: the list around it took it.
    Element,
    /// Not at all: the list that it makes took it, and the field id too.
    Repeated,
    /// The key of a map is always there, whatever it says.
    Key,
}

/// What a group is, by annotation and shape.
enum Role {
    Struct,
    /// A list whose element is this schema node.
    List {
        element: usize,
        place: Place,
    },
    /// A map of these entries.
    Map {
        entries: usize,
        key: usize,
        value: usize,
    },
}

impl OutputTree {
    /// True where every column is one of values: none has others below it.
    pub(crate) fn is_flat(&self) -> bool {
        self.nodes.iter().all(|node| node.kind == OutputKind::Leaf)
    }

    /// The output columns over the leaves for which `is_chosen` says so, of the types that are wished.
    ///
    /// Fails with `InvalidArgument` where the host asks for what the file cannot give.
    pub(crate) fn new(schema: &Schema, wishes: &TypeWishes, is_chosen: impl Fn(usize) -> bool) -> Result<Self> {
        check_depth(schema)?;
        let mut builder = Builder {
            schema,
            wishes,
            has_chosen: vec![false; schema.nodes.len()],
            tree: Self { nodes: Vec::new(), roots: Vec::new(), leaves: Vec::new() },
            tasks: Vec::new(),
        };
        builder.find_chosen(is_chosen);
        let root = schema.nodes.first().map_or(&[][..], |root| &root.children);
        let slot = Slot::default();
        let task = Task { node: 0, wish: Wish::default(), place: Place::Field, parent: None, definition: 0, slot };
        builder.push(root, &wishes.of_columns(schema, root)?, task);
        while let Some(task) = builder.tasks.pop() {
            builder.expand(task)?;
        }
        let mut tree = builder.tree;
        tree.put_types_together();
        Ok(tree)
    }

    /// The fields at the top.
    pub(crate) fn fields(&self) -> Fields {
        self.roots.iter().filter_map(|root| self.nodes.get(*root)).map(|node| Arc::clone(&node.field)).collect()
    }

    fn put_types_together(&mut self) {
        for index in (0..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get(index) else { continue };
            let children: Fields = node
                .children
                .iter()
                .filter_map(|child| self.nodes.get(*child))
                .map(|child| Arc::clone(&child.field))
                .collect();
            let data_type = match (node.kind, node.field.data_type(), &children[..]) {
                (OutputKind::Leaf, ..) => continue,
                (OutputKind::Struct, ..) => DataType::Struct(children),
                (OutputKind::List { .. }, DataType::Map(_, sorted), [entries]) => {
                    DataType::Map(Arc::clone(entries), *sorted)
                }
                (OutputKind::List { .. }, DataType::LargeList(_), [element]) => {
                    DataType::LargeList(Arc::clone(element))
                }
                (OutputKind::List { .. }, DataType::FixedSizeList(_, length), [element]) => {
                    DataType::FixedSizeList(Arc::clone(element), *length)
                }
                (OutputKind::List { .. }, _, [element]) => DataType::List(Arc::clone(element)),
                (OutputKind::List { .. }, ..) => continue,
            };
            let field = Arc::new(node.field.as_ref().clone().with_data_type(data_type));
            if let Some(node) = self.nodes.get_mut(index) {
                node.field = field;
            }
        }
    }
}

struct Builder<'a> {
    schema: &'a Schema,
    wishes: &'a TypeWishes,
    /// For each schema node, whether a chosen leaf is at or below it.
    has_chosen: Vec<bool>,
    tree: OutputTree,
    tasks: Vec<Task<'a>>,
}

impl<'a> Builder<'a> {
    fn find_chosen(&mut self, is_chosen: impl Fn(usize) -> bool) {
        for (index, node) in self.schema.nodes.iter().enumerate().rev() {
            let chosen = node.leaf.is_some_and(&is_chosen) || node.children.iter().any(|child| self.is_chosen(*child));
            if let Some(slot) = self.has_chosen.get_mut(index) {
                *slot = chosen;
            }
        }
    }

    fn is_chosen(&self, node: usize) -> bool {
        self.has_chosen.get(node).copied().unwrap_or(false)
    }

    /// Puts the chosen ones of `nodes` on the stack as tasks like `task`, the first on top.
    fn push(&mut self, nodes: &[usize], wishes: &[Wish<'a>], task: Task<'a>) {
        for (&node, &wish) in nodes.iter().zip(wishes).rev() {
            if self.is_chosen(node) {
                self.tasks.push(Task { node, wish, ..task });
            }
        }
    }

    fn expand(&mut self, task: Task<'a>) -> Result<()> {
        let Some(node) = self.schema.nodes.get(task.node) else { return Ok(()) };
        let is_field = task.place == Place::Field;
        if is_field && node.repetition == Repetition::Repeated {
            return self.expand_repeated(task, node);
        }
        let is_optional = node.repetition == Repetition::Optional;
        let definition = if is_optional { one_more(task.definition)? } else { task.definition };
        let field =
            |data_type| task.wish.field(node, data_type, is_optional && is_field, task.place != Place::Repeated);
        let slot = task.slot;
        if let Some(leaf) = node.leaf {
            let Some(column) = self.schema.leaves.get(leaf) else { return Ok(()) };
            let data_type = self.wishes.leaf_type(leaf, column, task.wish)?;
            self.add(task, field(data_type)?, OutputKind::Leaf, definition);
            self.tree.leaves.push(leaf);
            return Ok(());
        }
        match self.role(node) {
            Role::Struct => {
                let wishes = task.wish.of_fields(self.schema, node)?;
                let mut field = field(DataType::Null)?;
                if node.logical == Some(LogicalType::Variant)
                    && !node.children.iter().all(|child| self.is_chosen(*child))
                {
                    // Part of a variant is none.
                    extension::remove(field.metadata_mut());
                }
                let this = self.add(task, field, OutputKind::Struct, definition);
                self.push(
                    &node.children,
                    &wishes,
                    Task { place: Place::Field, parent: Some(this), definition, ..task },
                );
            }
            Role::List { element, place } => {
                let slot = inner(slot, definition)?;
                let (data_type, wish) = task.wish.of_list(node)?;
                let this = self.add(task, field(data_type)?, OutputKind::List { element: slot }, definition);
                let definition = slot.definition;
                self.push(&[element], &[wish], Task { place, parent: Some(this), definition, slot, ..task });
            }
            Role::Map { entries, key, value } => {
                let slot = inner(slot, definition)?;
                let (sorted, wish) = task.wish.of_map(node)?;
                // The entries are put in when types are put together.
                let nothing = Arc::new(Field::new("", DataType::Null, false));
                let is_map = self.is_chosen(key) && self.is_chosen(value);
                let data_type = if is_map { DataType::Map(nothing, sorted) } else { DataType::Null };
                let this = self.add(task, field(data_type)?, OutputKind::List { element: slot }, definition);
                let (place, parent, definition) = (Place::Element, Some(this), slot.definition);
                self.expand_entries(Task { node: entries, wish, place, parent, definition, slot }, key, value)?;
            }
        }
        Ok(())
    }

    /// A repeated field that no list or map annotation speaks of: a list of values that must be there.
    fn expand_repeated(&mut self, task: Task<'a>, node: &Node) -> Result<()> {
        let slot = inner(task.slot, task.definition)?;
        let (data_type, wish) = task.wish.of_list(node)?;
        let field = task.wish.field(node, data_type, false, true)?;
        let this = self.add(task, field, OutputKind::List { element: slot }, task.definition);
        let (node, definition) = (task.node, slot.definition);
        self.tasks.push(Task { node, wish, place: Place::Repeated, parent: Some(this), definition, slot });
        Ok(())
    }

    fn expand_entries(&mut self, task: Task<'a>, key: usize, value: usize) -> Result<()> {
        let Some(node) = self.schema.nodes.get(task.node) else { return Ok(()) };
        let [key_wish, value_wish] = task.wish.of_entries(node)?;
        let field = task.wish.field(node, DataType::Null, false, true)?;
        let this = self.add(task, field, OutputKind::Struct, task.definition);
        let child = |place| Task { place, parent: Some(this), ..task };
        self.push(&[value], &[value_wish], child(Place::Field));
        self.push(&[key], &[key_wish], child(Place::Key));
        Ok(())
    }

    fn add(&mut self, task: Task<'a>, field: Field, kind: OutputKind, definition: u16) -> usize {
        let this = self.tree.nodes.len();
        match task.parent.and_then(|parent| self.tree.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(this),
            None => self.tree.roots.push(this),
        }
        let first_leaf = self.tree.leaves.len();
        let (field, children, slot, is_key) = (Arc::new(field), Vec::new(), task.slot, task.place == Place::Key);
        self.tree.nodes.push(OutputNode { field, kind, children, definition, slot, first_leaf, is_key });
        this
    }

    fn role(&self, group: &Node) -> Role {
        let by_shape = match group.logical {
            Some(LogicalType::List) => self.list_role(group),
            Some(LogicalType::Map) => self.map_role(group),
            _ => None,
        };
        by_shape.unwrap_or(Role::Struct)
    }

    /// A list, by the backward-compatibility rules: the repeated child is the element itself unless it is a group of
    /// one child that is not repeated and its name is none of the two that old writers gave to elements.
    fn list_role(&self, list: &Node) -> Option<Role> {
        let (index, repeated) = self.only_repeated_child(list)?;
        let named_as_element =
            repeated.name == "array" || repeated.name.strip_suffix("_tuple") == Some(list.name.as_str());
        match repeated.children[..] {
            [child] if !named_as_element && !repeats(self.schema.nodes.get(child)?) => {
                Some(Role::List { element: child, place: Place::Field })
            }
            _ => Some(Role::List { element: index, place: Place::Element }),
        }
    }

    /// A map; one that has keys only is a list of them.
    fn map_role(&self, map: &Node) -> Option<Role> {
        let (entries, entry) = self.only_repeated_child(map)?;
        match entry.children[..] {
            [_] => self.list_role(map),
            [key, value] if !repeats(self.schema.nodes.get(key)?) => Some(Role::Map { entries, key, value }),
            _ => None,
        }
    }

    fn only_repeated_child(&self, group: &Node) -> Option<(usize, &'a Node)> {
        let [child] = group.children[..] else { return None };
        let node = self.schema.nodes.get(child).filter(|node| repeats(node))?;
        Some((child, node))
    }
}

fn repeats(node: &Node) -> bool {
    node.repetition == Repetition::Repeated
}

/// The slots of the elements of a list whose own value is at definition level `definition`.
fn inner(around: Slot, definition: u16) -> Result<Slot> {
    Ok(Slot { repetition: one_more(around.repetition)?, definition: one_more(definition)? })
}

fn one_more(level: u16) -> Result<u16> {
    level.checked_add(1).ok_or_else(|| Error::limit("the schema has more levels than 65535"))
}
