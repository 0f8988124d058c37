//! The Arrow types that the values of Parquet columns decode to.
//!
//! Types of leaves come from the logical type where it fits how the values are stored, else from the physical type
//! alone: an annotation that cannot be right is no reason not to read the values. A group annotated as a list or map that
//! does not have the shape of one is a struct: see [`super::output`].

use arrow_schema::{DataType, IntervalUnit, TimeUnit as ArrowTimeUnit};

use super::output::OutputTree;
use super::wish::TypeWishes;
use crate::error::{Error, Result};
use crate::schema::{Leaf, LogicalType, PhysicalType, Schema, StringType, TimeUnit};

/// Elements of the Parquet schema tree below each other. Arrow types are dropped, compared and exported recursively.
const LARGEST_DEPTH: usize = 1000;

/// The Arrow schema of all columns, one field for each child of the root that has leaves.
///
/// Fails with `Limit` where the tree is too deep.
pub(crate) fn arrow_schema(schema: &Schema, string_type: StringType) -> Result<arrow_schema::Schema> {
    let wishes = TypeWishes { string_type, ..TypeWishes::default() };
    Ok(arrow_schema::Schema::new(OutputTree::new(schema, &wishes, |_| true)?.fields()))
}

impl Schema {
    /// The Arrow schema that the columns decode to, one field for each child of the root that has leaves.
    ///
    /// The `ARROW:schema` hint of the key-value metadata is not applied: see [`crate::Metadata::arrow_schema`]. Fails with `Limit` where the tree is nested
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

pub(crate) fn check_depth(schema: &Schema) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::Field;

    use super::*;
    use crate::error::ErrorKind;
    use crate::schema::Repetition;
    use crate::schema::testing::{Tree, group, leaf, schema};
    use crate::schema::{LogicalType as Logical, PhysicalType as Physical};
    use Repetition::{Optional, Repeated, Required};

    fn field_of(tree: Tree) -> Field {
        arrow_schema(&schema(vec![tree]), StringType::Utf8).unwrap().field(0).clone()
    }

    fn type_of(physical: Physical, logical: Option<Logical>, string_type: StringType) -> DataType {
        let schema = schema(vec![leaf("a", Required, physical, logical)]);
        leaf_data_type(&schema.leaves[0], string_type)
    }

    fn int32(name: &str, repetition: Repetition) -> Tree {
        leaf(name, repetition, Physical::Int32, None)
    }

    fn list_of(element: Field) -> DataType {
        DataType::List(Arc::new(element))
    }

    #[test]
    fn annotations_that_fit_decide() {
        use ArrowTimeUnit::{Microsecond, Millisecond, Nanosecond};
        let integer = |bits, signed| Logical::Integer { bits, signed };
        let decimal = |precision, scale| Logical::Decimal { precision, scale };
        let time = |unit| Logical::Time { unit, utc: true };
        let timestamp = |unit, utc| Logical::Timestamp { unit, utc };
        for (physical, logical, expected) in [
            (Physical::Int32, integer(8, true), DataType::Int8),
            (Physical::Int32, integer(16, true), DataType::Int16),
            (Physical::Int32, integer(32, true), DataType::Int32),
            (Physical::Int32, integer(8, false), DataType::UInt8),
            (Physical::Int32, integer(16, false), DataType::UInt16),
            (Physical::Int32, integer(32, false), DataType::UInt32),
            (Physical::Int64, integer(64, true), DataType::Int64),
            (Physical::Int64, integer(64, false), DataType::UInt64),
            (Physical::Int32, decimal(9, 2), DataType::Decimal128(9, 2)),
            (Physical::Int64, decimal(18, 18), DataType::Decimal128(18, 18)),
            (Physical::FixedLenByteArray(20), decimal(38, 0), DataType::Decimal128(38, 0)),
            (Physical::FixedLenByteArray(4), decimal(39, 4), DataType::Decimal256(39, 4)),
            (Physical::ByteArray, decimal(76, 76), DataType::Decimal256(76, 76)),
            (Physical::Int32, Logical::Date, DataType::Date32),
            (Physical::Int32, time(TimeUnit::Millis), DataType::Time32(Millisecond)),
            (Physical::Int64, time(TimeUnit::Micros), DataType::Time64(Microsecond)),
            (Physical::Int64, time(TimeUnit::Nanos), DataType::Time64(Nanosecond)),
            (Physical::Int64, timestamp(TimeUnit::Millis, true), DataType::Timestamp(Millisecond, Some("UTC".into()))),
            (Physical::Int64, timestamp(TimeUnit::Nanos, false), DataType::Timestamp(Nanosecond, None)),
            (Physical::ByteArray, Logical::String, DataType::Utf8),
            (Physical::ByteArray, Logical::Json, DataType::Utf8),
            (Physical::ByteArray, Logical::Enum, DataType::Binary),
            (Physical::ByteArray, Logical::Bson, DataType::Binary),
            (Physical::FixedLenByteArray(16), Logical::Uuid, DataType::FixedSizeBinary(16)),
            (Physical::FixedLenByteArray(2), Logical::Float16, DataType::Float16),
            (Physical::FixedLenByteArray(12), Logical::Interval, DataType::Interval(IntervalUnit::MonthDayNano)),
            (Physical::Double, Logical::Null, DataType::Null),
        ] {
            let found = type_of(physical, Some(logical.clone()), StringType::Utf8);
            assert_eq!(found, expected, "{physical:?} {logical:?}");
        }
    }

    #[test]
    fn annotations_that_do_not_fit_are_ignored() {
        let decimal = |precision, scale| Logical::Decimal { precision, scale };
        for (physical, logical, expected) in [
            (Physical::Int64, Logical::Integer { bits: 32, signed: false }, DataType::Int64),
            (Physical::Int32, Logical::Integer { bits: 64, signed: false }, DataType::Int32),
            (Physical::Int32, Logical::Integer { bits: 7, signed: false }, DataType::Int32),
            (Physical::Int64, Logical::Date, DataType::Int64),
            (Physical::Int64, Logical::Time { unit: TimeUnit::Millis, utc: true }, DataType::Int64),
            (Physical::Int32, Logical::Timestamp { unit: TimeUnit::Millis, utc: true }, DataType::Int32),
            (Physical::Double, decimal(9, 2), DataType::Float64),
            (Physical::ByteArray, decimal(77, 2), DataType::Binary),
            (Physical::ByteArray, decimal(300, 2), DataType::Binary),
            (Physical::Int32, decimal(5, 6), DataType::Int32),
            (Physical::FixedLenByteArray(5), Logical::String, DataType::FixedSizeBinary(5)),
            (Physical::FixedLenByteArray(3), Logical::Float16, DataType::FixedSizeBinary(3)),
            (Physical::FixedLenByteArray(8), Logical::Interval, DataType::FixedSizeBinary(8)),
            (Physical::Boolean, Logical::String, DataType::Boolean),
            (Physical::Float, Logical::List, DataType::Float32),
        ] {
            let found = type_of(physical, Some(logical.clone()), StringType::Utf8);
            assert_eq!(found, expected, "{physical:?} {logical:?}");
        }
    }

    #[test]
    fn the_host_chooses_the_type_of_strings() {
        for (string_type, string, binary) in [
            (StringType::Utf8, DataType::Utf8, DataType::Binary),
            (StringType::LargeUtf8, DataType::LargeUtf8, DataType::LargeBinary),
            (StringType::Utf8View, DataType::Utf8View, DataType::BinaryView),
        ] {
            assert_eq!(type_of(Physical::ByteArray, Some(Logical::String), string_type), string);
            assert_eq!(type_of(Physical::ByteArray, None, string_type), binary);
            assert_eq!(type_of(Physical::ByteArray, Some(Logical::Enum), string_type), binary);
        }
        let int96 = type_of(Physical::Int96, None, StringType::Utf8);
        assert_eq!(int96, DataType::Timestamp(ArrowTimeUnit::Nanosecond, None));
    }

    #[test]
    fn a_list_of_three_levels_has_its_element_inside() {
        let list = |repetition, inner: &str, element| {
            group("l", repetition, Some(Logical::List), vec![group(inner, Repeated, None, vec![element])])
        };
        let element = Field::new("element", DataType::Int32, true);
        for inner in ["list", "bag", "l", "tuple", "anything"] {
            let field = field_of(list(Optional, inner, int32("element", Optional)));
            assert_eq!(field, Field::new("l", list_of(element.clone()), true), "{inner}");
        }
        let field = field_of(list(Required, "list", int32("element", Required)));
        assert_eq!(field, Field::new("l", list_of(Field::new("element", DataType::Int32, false)), false));
    }

    #[test]
    fn a_list_of_two_levels_repeats_its_element() {
        let list = |repeated| group("l", Optional, Some(Logical::List), vec![repeated]);
        let int = |name, nullable| Field::new(name, DataType::Int32, nullable);
        let structure = |name, fields: Vec<Field>| Field::new(name, DataType::Struct(fields.into()), false);
        let primitive = field_of(list(int32("element", Repeated)));
        assert_eq!(*primitive.data_type(), list_of(int("element", false)));
        for name in ["array", "l_tuple"] {
            let named = field_of(list(group(name, Repeated, None, vec![int32("a", Optional)])));
            assert_eq!(*named.data_type(), list_of(structure(name, vec![int("a", true)])));
        }
        let two = field_of(list(group("list", Repeated, None, vec![int32("a", Optional), int32("b", Required)])));
        assert_eq!(*two.data_type(), list_of(structure("list", vec![int("a", true), int("b", false)])));
        let of_repeated = field_of(list(group("list", Repeated, None, vec![int32("a", Repeated)])));
        let inner = Field::new("a", list_of(int("a", false)), false);
        assert_eq!(*of_repeated.data_type(), list_of(structure("list", vec![inner])));
        let of_lists = field_of(list(group("array", Repeated, Some(Logical::List), vec![int32("a", Repeated)])));
        assert_eq!(*of_lists.data_type(), list_of(Field::new("array", list_of(int("a", false)), false)));
    }

    #[test]
    fn what_repeats_without_annotation_is_a_list() {
        let field = field_of(int32("a", Repeated));
        assert_eq!(field, Field::new("a", list_of(Field::new("a", DataType::Int32, false)), false));
        let field = field_of(group("g", Repeated, None, vec![int32("a", Optional)]));
        let fields = vec![Field::new("a", DataType::Int32, true)];
        assert_eq!(*field.data_type(), list_of(Field::new("g", DataType::Struct(fields.into()), false)));
    }

    #[test]
    fn maps_have_keys_that_must_be_there() {
        let map = |children| {
            group("m", Optional, Some(Logical::Map), vec![group("key_value", Repeated, Some(Logical::Map), children)])
        };
        let field = field_of(map(vec![int32("key", Optional), int32("value", Optional)]));
        let fields = vec![Field::new("key", DataType::Int32, false), Field::new("value", DataType::Int32, true)];
        let entries = Field::new("key_value", DataType::Struct(fields.into()), false);
        assert_eq!(field, Field::new("m", DataType::Map(Arc::new(entries), false), true));
        let keys_only = field_of(map(vec![int32("key", Required)]));
        assert_eq!(*keys_only.data_type(), list_of(Field::new("key", DataType::Int32, false)));
    }

    #[test]
    fn groups_without_the_shape_of_their_annotation_are_structs() {
        for logical in [Logical::List, Logical::Map] {
            for children in [
                vec![int32("a", Optional)],
                vec![int32("a", Repeated), int32("b", Repeated)],
                vec![group("kv", Optional, None, vec![int32("key", Required), int32("value", Required)])],
            ] {
                let field = field_of(group("g", Optional, Some(logical.clone()), children));
                assert!(matches!(field.data_type(), DataType::Struct(_)), "{field:?}");
            }
        }
        let entry = vec![int32("key", Repeated), int32("value", Optional)];
        let field = field_of(group("m", Optional, Some(Logical::Map), vec![group("kv", Repeated, None, entry)]));
        assert!(matches!(field.data_type(), DataType::Struct(_)), "{field:?}");
    }

    #[test]
    fn groups_without_leaves_are_left_out() {
        let empty = || group("e", Optional, None, vec![group("e", Repeated, Some(Logical::List), vec![])]);
        let schema = schema(vec![empty(), int32("a", Required), group("g", Optional, None, vec![empty()])]);
        let arrow = arrow_schema(&schema, StringType::Utf8).unwrap();
        assert_eq!(arrow.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn field_ids_are_kept() {
        let mut schema = schema(vec![int32("a", Repeated), group("g", Optional, None, vec![int32("b", Optional)])]);
        for (id, node) in schema.nodes.iter_mut().enumerate() {
            node.field_id = Some(id as i32 - 10);
        }
        let arrow = arrow_schema(&schema, StringType::Utf8).unwrap();
        let id = |field: &Field| field.metadata().get("PARQUET:field_id").cloned();
        assert_eq!(id(arrow.field(0)).as_deref(), Some("-9"));
        let DataType::List(element) = arrow.field(0).data_type() else { panic!() };
        assert_eq!(id(element), None, "the list has it");
        let DataType::Struct(fields) = arrow.field(1).data_type() else { panic!() };
        assert_eq!((id(arrow.field(1)).as_deref(), id(&fields[0]).as_deref()), (Some("-8"), Some("-7")));
    }

    #[test]
    fn nesting_is_limited_to_what_small_stacks_bear() {
        let nested = |groups: usize| {
            let innermost = int32("a", Optional);
            let tree = (0..groups).fold(innermost, |tree, _| group("g", Repeated, None, vec![tree]));
            schema(vec![tree])
        };
        let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
        let deep_enough = small_stack.spawn(move || {
            let schema = nested(LARGEST_DEPTH - 1);
            let arrow = arrow_schema(&schema, StringType::Utf8).unwrap();
            assert_eq!(arrow, arrow.clone());
        });
        deep_enough.unwrap().join().unwrap();
        let error = arrow_schema(&nested(LARGEST_DEPTH + 1), StringType::Utf8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
