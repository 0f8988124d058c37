//! The Arrow schema that a Parquet schema decodes to.
//!
//! Types of leaves come from the logical type where it fits how the values are stored, else from the physical type
//! alone: an annotation that cannot be right is no reason not to read the values. Lists and maps follow the format's
//! backward-compatibility rules. A group annotated as a list or map that does not have the shape of one is a struct.
//!
//! The tree is walked from its last node to its first, children before their parents, so no depth of nesting costs
//! stack here. What comes out is recursive all the same, so nesting is limited to what its users can bear.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit as ArrowTimeUnit};

use crate::error::{Error, Result};
use crate::schema::{Leaf, LogicalType, Node, PhysicalType, Repetition, Schema, StringType, TimeUnit};

/// The metadata key of Arrow fields for the field id of Parquet, as Arrow implementations have agreed.
const FIELD_ID_KEY: &str = "PARQUET:field_id";

/// Elements of the Parquet schema tree below each other. Arrow types are dropped, compared and exported recursively.
const LARGEST_DEPTH: usize = 1000;

/// The Arrow schema of all columns, one field for each child of the root that has leaves.
///
/// Fails with `Limit` where the tree is too deep.
pub(crate) fn arrow_schema(schema: &Schema, string_type: StringType) -> Result<arrow_schema::Schema> {
    check_depth(schema)?;
    let mut types = Types { schema, of_nodes: vec![None; schema.nodes.len()] };
    for (index, node) in schema.nodes.iter().enumerate().skip(1).rev() {
        let of_node = match node.leaf {
            Some(leaf) => schema.leaves.get(leaf).map(|leaf| leaf_data_type(leaf, string_type)),
            None => types.of_group(node),
        };
        if let Some(slot) = types.of_nodes.get_mut(index) {
            *slot = of_node;
        }
    }
    let root = schema.nodes.first().map_or(&[][..], |root| &root.children);
    Ok(arrow_schema::Schema::new(root.iter().filter_map(|&child| types.field(child)).collect::<Vec<_>>()))
}

impl Schema {
    /// The Arrow schema that the columns decode to, one field for each child of the root that has leaves.
    ///
    /// The `ARROW:schema` hint of the key-value metadata is not applied. Fails with `Limit` where the tree is nested
    /// deeper than 1000 levels.
    pub fn to_arrow(&self, string_type: StringType) -> Result<arrow_schema::Schema> {
        arrow_schema(self, string_type)
    }
}

/// The Arrow type of the values of one leaf, apart from any list that it is in.
pub(crate) fn leaf_data_type(leaf: &Leaf, string_type: StringType) -> DataType {
    if leaf.logical == Some(LogicalType::Null) {
        return DataType::Null;
    }
    leaf.logical
        .as_ref()
        .and_then(|logical| annotated(leaf.physical, logical, string_type))
        .unwrap_or_else(|| physical(leaf.physical, string_type))
}

/// The type of values that mean nothing more than what they are stored as.
fn physical(physical: PhysicalType, string_type: StringType) -> DataType {
    match physical {
        PhysicalType::Boolean => DataType::Boolean,
        PhysicalType::Int32 => DataType::Int32,
        PhysicalType::Int64 => DataType::Int64,
        PhysicalType::Int96 => DataType::Timestamp(ArrowTimeUnit::Nanosecond, None),
        PhysicalType::Float => DataType::Float32,
        PhysicalType::Double => DataType::Float64,
        PhysicalType::ByteArray => match string_type {
            StringType::Utf8 => DataType::Binary,
            StringType::LargeUtf8 => DataType::LargeBinary,
            StringType::Utf8View => DataType::BinaryView,
        },
        PhysicalType::FixedLenByteArray(length) => DataType::FixedSizeBinary(i32::try_from(length).unwrap_or(i32::MAX)),
    }
}

/// The type that the annotation gives; none where it says no more than the physical type, or does not fit it.
fn annotated(physical: PhysicalType, logical: &LogicalType, string_type: StringType) -> Option<DataType> {
    use PhysicalType::{ByteArray, FixedLenByteArray, Int32, Int64};
    Some(match (physical, logical) {
        (Int32, LogicalType::Integer { bits: 8, signed: true }) => DataType::Int8,
        (Int32, LogicalType::Integer { bits: 16, signed: true }) => DataType::Int16,
        (Int32, LogicalType::Integer { bits: 8, signed: false }) => DataType::UInt8,
        (Int32, LogicalType::Integer { bits: 16, signed: false }) => DataType::UInt16,
        (Int32, LogicalType::Integer { bits: 32, signed: false }) => DataType::UInt32,
        (Int64, LogicalType::Integer { bits: 64, signed: false }) => DataType::UInt64,
        (Int32 | Int64 | ByteArray | FixedLenByteArray(_), LogicalType::Decimal { precision, scale }) => {
            decimal(*precision, *scale)?
        }
        (Int32, LogicalType::Date) => DataType::Date32,
        (Int32, LogicalType::Time { unit: TimeUnit::Millis, .. }) => DataType::Time32(ArrowTimeUnit::Millisecond),
        (Int64, LogicalType::Time { unit: TimeUnit::Micros, .. }) => DataType::Time64(ArrowTimeUnit::Microsecond),
        (Int64, LogicalType::Time { unit: TimeUnit::Nanos, .. }) => DataType::Time64(ArrowTimeUnit::Nanosecond),
        (Int64, LogicalType::Timestamp { unit, utc }) => {
            let unit = match unit {
                TimeUnit::Millis => ArrowTimeUnit::Millisecond,
                TimeUnit::Micros => ArrowTimeUnit::Microsecond,
                TimeUnit::Nanos => ArrowTimeUnit::Nanosecond,
            };
            DataType::Timestamp(unit, utc.then(|| "UTC".into()))
        }
        (ByteArray, LogicalType::String | LogicalType::Json) => match string_type {
            StringType::Utf8 => DataType::Utf8,
            StringType::LargeUtf8 => DataType::LargeUtf8,
            StringType::Utf8View => DataType::Utf8View,
        },
        (FixedLenByteArray(2), LogicalType::Float16) => DataType::Float16,
        (FixedLenByteArray(12), LogicalType::Interval) => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => return None,
    })
}

/// The narrowest decimal type of Arrow that has the precision.
fn decimal(precision: u32, scale: u32) -> Option<DataType> {
    let scale = i8::try_from(scale).ok().filter(|_| scale <= precision)?;
    match u8::try_from(precision).ok()? {
        precision @ 1..=38 => Some(DataType::Decimal128(precision, scale)),
        precision @ 39..=76 => Some(DataType::Decimal256(precision, scale)),
        _ => None,
    }
}

fn check_depth(schema: &Schema) -> Result<()> {
    let mut depths = vec![0_usize; schema.nodes.len()];
    for (index, node) in schema.nodes.iter().enumerate() {
        let depth = depths.get(index).map_or(0, |depth| depth.saturating_add(1));
        if depth > LARGEST_DEPTH && !node.children.is_empty() {
            let message = format!("the schema is nested deeper than {LARGEST_DEPTH} levels, below \"{}\"", node.name);
            return Err(Error::limit(message));
        }
        for &child in &node.children {
            if let Some(slot) = depths.get_mut(child) {
                *slot = depth;
            }
        }
    }
    Ok(())
}

/// The types of the nodes that were walked.
struct Types<'a> {
    schema: &'a Schema,
    /// The type of one value of each node, whatever its repetition; none for groups without leaves.
    of_nodes: Vec<Option<DataType>>,
}

impl<'a> Types<'a> {
    /// The field of a node whose repetition is its own, not that of a list or map around it.
    fn field(&self, index: usize) -> Option<Field> {
        let (node, of_value) = self.node(index)?;
        Some(match node.repetition {
            Repetition::Required => with_id(Field::new(&node.name, of_value, false), node),
            Repetition::Optional => with_id(Field::new(&node.name, of_value, true), node),
            Repetition::Repeated => {
                let element = Field::new(&node.name, of_value, false);
                with_id(Field::new(&node.name, DataType::List(Arc::new(element)), false), node)
            }
        })
    }

    /// The field of a node that must be there, such as an element that is itself what the list repeats.
    fn required_field(&self, index: usize) -> Option<Field> {
        let (node, of_value) = self.node(index)?;
        Some(with_id(Field::new(&node.name, of_value, false), node))
    }

    fn node(&self, index: usize) -> Option<(&'a Node, DataType)> {
        Some((self.schema.nodes.get(index)?, self.of_nodes.get(index)?.clone()?))
    }

    fn of_group(&self, group: &Node) -> Option<DataType> {
        let by_shape = match group.logical {
            Some(LogicalType::List) => self.of_list(group),
            Some(LogicalType::Map) => self.of_map(group),
            _ => None,
        };
        by_shape.or_else(|| {
            let fields: Vec<Field> = group.children.iter().filter_map(|&child| self.field(child)).collect();
            (!fields.is_empty()).then(|| DataType::Struct(fields.into()))
        })
    }

    /// A list, by the backward-compatibility rules: the repeated child is the element itself unless it is a group of
    /// one child that is not repeated and its name is none of the two that old writers gave to elements.
    fn of_list(&self, list: &Node) -> Option<DataType> {
        let (index, repeated) = self.only_repeated_child(list)?;
        let named_as_element = repeated.name == "array" || repeated.name.strip_suffix("_tuple") == Some(&list.name);
        let wrapped = match repeated.children[..] {
            [child] if !named_as_element => self.schema.nodes.get(child).filter(|child| !repeats(child)).map(|_| child),
            _ => None,
        };
        let element = match wrapped {
            Some(child) => self.field(child)?,
            None => self.required_field(index)?,
        };
        Some(DataType::List(Arc::new(element)))
    }

    /// A map; one that has keys only is a list of them.
    fn of_map(&self, map: &Node) -> Option<DataType> {
        let (_, entry) = self.only_repeated_child(map)?;
        match entry.children[..] {
            [_] => self.of_list(map),
            [key, value] if !repeats(self.schema.nodes.get(key)?) => {
                let fields = vec![self.required_field(key)?, self.field(value)?];
                let entries = Field::new(&entry.name, DataType::Struct(fields.into()), false);
                Some(DataType::Map(Arc::new(with_id(entries, entry)), false))
            }
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

fn with_id(field: Field, node: &Node) -> Field {
    match node.field_id {
        Some(id) => field.with_metadata(HashMap::from([(FIELD_ID_KEY.to_owned(), id.to_string())])),
        None => field,
    }
}
