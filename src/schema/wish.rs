//! What is wished of the types of output columns: by the file's hint, which is followed where it fits, and by the host,
//! who is refused where its wish cannot be met.
//!
//! Fields of a struct, and columns, are matched by name and in order; what has no field is as if nothing had been
//! wished of it. Elements of lists and the parts of maps are matched by their place, and take the wished name.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::arrow::leaf_data_type;
use super::fit::{hinted, is_text_or_bytes, obstacle};
use super::{Leaf, Node, Schema, StringType, extension};
use crate::error::{Error, Result};

/// What is wished of all columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeWishes {
    /// The layout of strings and binaries of which nothing else is wished.
    pub string_type: StringType,
    /// The columns as the file's hint has them.
    pub hint: Fields,
    /// Columns as the host asks for them.
    pub asked: Fields,
    /// Leaf columns whose strings stay encoded by dictionaries.
    pub dictionaries: BTreeSet<usize>,
}

/// What is wished of one column, or of a part of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish<'a> {
    hint: Option<&'a Field>,
    asked: Option<&'a Field>,
}

impl TypeWishes {
    /// The wishes of the children of the schema's root.
    pub(super) fn of_columns(&self, schema: &Schema, children: &[usize]) -> Result<Vec<Wish<'_>>> {
        matched(schema, children, &self.hint, &self.asked, "the file has no column")
    }

    /// The type of the values of leaf column `ordinal`.
    pub(super) fn leaf_type(&self, ordinal: usize, leaf: &Leaf, wish: Wish<'_>) -> Result<DataType> {
        let own = leaf_data_type(leaf, self.string_type);
        if let Some(asked) = wish.asked {
            return match obstacle(leaf, &own, asked.data_type()) {
                None => Ok(asked.data_type().clone()),
                Some(obstacle) => {
                    let path = leaf.dotted_path();
                    let asked = asked.data_type();
                    let message = format!("column \"{path}\" of {own} cannot be read as {asked}: {obstacle}");
                    Err(Error::invalid_argument(message).in_column(ordinal, path))
                }
            };
        }
        let hinted = wish.hint.and_then(|hint| hinted(leaf, &own, hint.data_type()));
        let data_type = hinted.unwrap_or(own);
        Ok(if self.dictionaries.contains(&ordinal) && is_text_or_bytes(&data_type) {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(data_type))
        } else {
            data_type
        })
    }
}

impl<'a> Wish<'a> {
    /// The field of `node`, whose values are `data_type` as far as that is known, and null where `nullable`. It has the
    /// node's field id where `has_id`.
    pub(super) fn field(self, node: &Node, data_type: DataType, nullable: bool, has_id: bool) -> Result<Field> {
        if let Some(asked) = self.asked {
            if nullable && !asked.is_nullable() {
                return Err(Error::invalid_argument(format!(
                    "\"{}\" is asked for without nulls, which the file does not rule out",
                    node.name
                )));
            }
            let field = Field::new(asked.name(), data_type, asked.is_nullable());
            return Ok(field.with_metadata(asked.metadata().clone()));
        }
        let name = self.hint.map_or(node.name.as_str(), |hint| hint.name());
        let mut metadata = self.hint.map(|hint| hint.metadata().clone()).unwrap_or_default();
        if self.hint.is_some_and(|hint| node.leaf.is_some() && !is_same_storage(hint.data_type(), &data_type)) {
            extension::remove(&mut metadata);
        }
        if let Some(logical) = &node.logical {
            extension::add(&mut metadata, logical, &data_type);
        }
        if let Some(id) = node.field_id.filter(|_| has_id) {
            metadata.insert(FIELD_ID_KEY.to_owned(), id.to_string());
        }
        Ok(Field::new(name, data_type, nullable).with_metadata(metadata))
    }

    /// The wishes of the fields of a struct.
    pub(super) fn of_fields(self, schema: &Schema, node: &Node) -> Result<Vec<Wish<'a>>> {
        let hint: &[FieldRef] = match self.hint.map(Field::data_type) {
            Some(DataType::Struct(fields)) => fields,
            _ => &[],
        };
        let asked: &[FieldRef] = match self.asked.map(Field::data_type) {
            Some(DataType::Struct(fields)) => fields,
            None => &[],
            Some(other) => return Err(not_a("struct", node, other)),
        };
        matched(schema, &node.children, hint, asked, &format!("\"{}\" has no field", node.name))
    }

    /// The type of a list, its element to be put in, and the wish of that.
    pub(super) fn of_list(self, node: &Node) -> Result<(DataType, Wish<'a>)> {
        let nothing = || Arc::new(Field::new("", DataType::Null, false));
        let element = |field: Option<&'a Field>| match field.map(Field::data_type) {
            Some(DataType::List(element)) => Some((DataType::List(nothing()), element.as_ref())),
            Some(DataType::LargeList(element)) => Some((DataType::LargeList(nothing()), element.as_ref())),
            Some(DataType::FixedSizeList(element, length)) if *length >= 0 => {
                Some((DataType::FixedSizeList(nothing(), *length), element.as_ref()))
            }
            // A map of which only keys are read or there.
            Some(DataType::Map(entries, _)) => Some((DataType::List(nothing()), entries.as_ref())),
            _ => None,
        };
        let (hint, asked) = (element(self.hint), element(self.asked));
        if let (Some(field), None) = (self.asked, &asked) {
            return Err(not_a("list", node, field.data_type()));
        }
        let data_type = asked.as_ref().or(hint.as_ref()).map(|(data_type, _)| data_type.clone());
        let wish = Wish { hint: hint.map(|(_, field)| field), asked: asked.map(|(_, field)| field) };
        Ok((data_type.unwrap_or_else(|| DataType::List(nothing())), wish))
    }

    /// The wishes of the entries of a map, and whether its keys are said to be sorted.
    pub(super) fn of_map(self, node: &Node) -> Result<(bool, Wish<'a>)> {
        let entries = |field: Option<&'a Field>| match field.map(Field::data_type) {
            Some(DataType::Map(entries, sorted)) => Some((*sorted, entries.as_ref())),
            _ => None,
        };
        let (hint, asked) = (entries(self.hint), entries(self.asked));
        if let (Some(field), None) = (self.asked, &asked) {
            return Err(not_a("map", node, field.data_type()));
        }
        let sorted = asked.or(hint).is_some_and(|(sorted, _)| sorted);
        Ok((sorted, Wish { hint: hint.map(|(_, field)| field), asked: asked.map(|(_, field)| field) }))
    }

    /// The wishes of key and value, of the entries of a map.
    pub(super) fn of_entries(self, node: &Node) -> Result<[Wish<'a>; 2]> {
        let parts = |field: Option<&'a Field>| match field.map(Field::data_type) {
            Some(DataType::Struct(fields)) => match &fields[..] {
                [key, value] => Some([key.as_ref(), value.as_ref()]),
                _ => None,
            },
            _ => None,
        };
        let (hint, asked) = (parts(self.hint), parts(self.asked));
        if let (Some(field), None) = (self.asked, asked) {
            return Err(not_a("struct of key and value", node, field.data_type()));
        }
        let [key, value] = [0, 1].map(|part| Wish {
            hint: hint.and_then(|fields| fields.get(part).copied()),
            asked: asked.and_then(|fields| fields.get(part).copied()),
        });
        Ok([key, value])
    }
}

/// The metadata key of Arrow fields for the field id of Parquet, as Arrow implementations have agreed.
const FIELD_ID_KEY: &str = "PARQUET:field_id";

/// True where an extension of values of the one type is one of the other too.
fn is_same_storage(one: &DataType, other: &DataType) -> bool {
    one == other || is_text_or_bytes(one) && is_text_or_bytes(other)
}

fn not_a(kind: &str, node: &Node, asked: &DataType) -> Error {
    Error::invalid_argument(format!("\"{}\" is a {kind} and cannot be read as {asked}", node.name))
}

/// The wishes of schema nodes that are side by side: fields have their names, in their order. A field that the host asks
/// for has to be there.
fn matched<'a>(
    schema: &Schema,
    children: &[usize],
    hint: &'a [FieldRef],
    asked: &'a [FieldRef],
    none_such: &str,
) -> Result<Vec<Wish<'a>>> {
    let mut wishes = vec![Wish::default(); children.len()];
    if hint.is_empty() && asked.is_empty() {
        return Ok(wishes);
    }
    // For each name, where it stands among the children.
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, child) in children.iter().enumerate() {
        let name = schema.nodes.get(*child).map_or("", |node| node.name.as_str());
        places.entry(name).or_default().push(place);
    }
    let find = |field: &Field, from: usize| {
        let places = places.get(field.name().as_str())?;
        places.get(places.partition_point(|place| *place < from)).copied()
    };
    let mut from = 0usize;
    for field in hint {
        let Some(place) = find(field, from) else { continue };
        from = place.saturating_add(1);
        wishes.get_mut(place).into_iter().for_each(|wish| wish.hint = Some(field));
    }
    from = 0;
    for field in asked {
        let place = find(field, from).ok_or_else(|| {
            let name = field.name();
            Error::invalid_argument(match places.contains_key(name.as_str()) {
                true => format!("field \"{name}\" is asked for behind others that follow it in the file, or too often"),
                false => format!("{none_such} \"{name}\""),
            })
        })?;
        from = place.saturating_add(1);
        wishes.get_mut(place).into_iter().for_each(|wish| wish.asked = Some(field));
    }
    Ok(wishes)
}
