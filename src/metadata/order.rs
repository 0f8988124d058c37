//! In which order values were compared for their bounds, and which bounds can be relied on.
//!
//! A bound is relied on only where the order in which its writer compared values is known and is the one in which the
//! Arrow values compare: numbers by value, bytes and strings by unsigned bytes. So
//!
//! - `min_value`, `max_value` and the page index count where the file names an order for the column that its type has;
//! - the deprecated `min` and `max`, which were compared as signed numbers, count where that is the order of the type;
//! - bounds that are NaN, or no value of the type, do not count;
//! - in the type's own order of floating-point numbers a bound of zero may stand for either zero, and is widened.

use crate::metadata::thrift::{Kind, Read, Reader};
use crate::metadata::{Metadata, Statistics};
use crate::schema::{Leaf, LogicalType, PhysicalType, TimeUnit};

/// The order that the footer names for the bounds of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnOrder {
    /// The one of its type: TYPE_ORDER.
    Type,
    /// Total order of floating-point numbers: IEEE_754_TOTAL_ORDER. NaNs are bounds only where all values are NaN.
    Ieee754Total,
    /// INT96 as timestamps: INT96_TIMESTAMP_ORDER.
    Int96Timestamp,
    /// One that this library does not know.
    Unknown,
}

/// What rows of a row group are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortingColumn {
    /// Leaf column ordinal.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
    /// Nulls before all values.
    pub nulls_first: bool,
}

/// Bounds that can be relied on, where there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedBounds<'a> {
    /// No value that is neither null nor NaN is less.
    pub min: Option<Bound<'a>>,
    /// No value that is neither null nor NaN is greater.
    pub max: Option<Bound<'a>>,
}

/// One bound that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The bound, PLAIN without length prefix. Of FIXED_LEN_BYTE_ARRAY that is no number it may be too short.
    pub bytes: &'a [u8],
    /// Whether it is equal to a value of the column, where that is known.
    pub is_exact: Option<bool>,
}

/// How values compare of which bounds can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueOrder {
    /// As Arrow compares them: one order, in which each two values that differ are ordered.
    Total,
    /// Floating-point numbers by value: NaN has no place, and zeros of either sign are equal.
    FloatByValue,
}

impl Metadata {
    /// The bounds of a chunk that can be relied on, as its statistics have them; none where there is no such chunk.
    ///
    /// Each is a value of the column's type that bounds all values but nulls and NaNs, in the order in which Arrow values
    /// of the column compare.
    pub fn trusted_bounds<'a>(&self, column: usize, statistics: &Statistics<'a>) -> TrustedBounds<'a> {
        let Some(leaf) = self.schema.leaves.get(column) else { return TrustedBounds::default() };
        let exact = |said: Option<bool>| said.or((!may_be_cut_off(leaf)).then_some(true));
        let (order, min, max) = match self.value_order(column) {
            Some(order) if statistics.min.is_some() || statistics.max.is_some() => {
                (Some(order), statistics.min, statistics.max)
            }
            _ => (deprecated_order(leaf), statistics.deprecated_min, statistics.deprecated_max),
        };
        let Some(order) = order else { return TrustedBounds::default() };
        let bound = |bytes: Option<&'a [u8]>, is_min, is_exact| {
            let bytes = order.trusted(leaf, bytes?, is_min)?;
            Some(Bound { bytes, is_exact })
        };
        TrustedBounds {
            min: bound(min, true, exact(statistics.is_min_exact)),
            max: bound(max, false, exact(statistics.is_max_exact)),
        }
    }

    /// The order of `min_value`, `max_value` and the bounds of the page index, where they can be used.
    pub(crate) fn value_order(&self, column: usize) -> Option<ValueOrder> {
        let leaf = self.schema.leaves.get(column)?;
        match (self.column_orders.get(column)?, order_of_type(leaf)) {
            (ColumnOrder::Type, order) => order,
            (ColumnOrder::Ieee754Total, Some(ValueOrder::FloatByValue)) => Some(ValueOrder::Total),
            (ColumnOrder::Int96Timestamp, _) if leaf.physical == PhysicalType::Int96 => Some(ValueOrder::Total),
            _ => None,
        }
    }
}

impl ValueOrder {
    /// The lower or upper bound that `bytes` stand for, where it can be relied on.
    pub(crate) fn trusted<'a>(self, leaf: &Leaf, bytes: &'a [u8], is_min: bool) -> Option<&'a [u8]> {
        if !is_value_of(leaf, bytes) {
            return None;
        }
        if !is_float(leaf) {
            return Some(bytes);
        }
        match self {
            _ if is_nan(bytes) => None,
            Self::FloatByValue if is_zero(bytes) => zero(bytes.len(), is_min),
            _ => Some(bytes),
        }
    }
}

/// The order of the type, where the type has one and it is that of the Arrow values.
///
/// An annotation that does not fit the physical type, or that this library does not know, has none: Arrow values are then
/// those of the physical type, and what the writer compared is anybody's guess.
fn order_of_type(leaf: &Leaf) -> Option<ValueOrder> {
    use PhysicalType::{Boolean, ByteArray, Double, FixedLenByteArray, Float, Int32, Int64};
    let Some(logical) = &leaf.logical else {
        return match leaf.physical {
            Float | Double => Some(ValueOrder::FloatByValue),
            PhysicalType::Int96 => None,
            Boolean | Int32 | Int64 | ByteArray | FixedLenByteArray(_) => Some(ValueOrder::Total),
        };
    };
    let fits = match (leaf.physical, logical) {
        (FixedLenByteArray(2), LogicalType::Float16) => return Some(ValueOrder::FloatByValue),
        (Int32, LogicalType::Integer { bits, .. }) => matches!(bits, 8 | 16 | 32),
        (Int64, LogicalType::Integer { bits, .. }) => *bits == 64,
        (Int32 | Int64 | ByteArray | FixedLenByteArray(_), LogicalType::Decimal { precision, scale }) => {
            (1..=76).contains(precision) && scale <= precision
        }
        (Int32, LogicalType::Date | LogicalType::Time { unit: TimeUnit::Millis, .. }) => true,
        (Int64, LogicalType::Time { unit: TimeUnit::Micros | TimeUnit::Nanos, .. }) => true,
        (Int64, LogicalType::Timestamp { .. }) => true,
        (ByteArray, LogicalType::String | LogicalType::Enum | LogicalType::Json | LogicalType::Bson) => true,
        (FixedLenByteArray(16), LogicalType::Uuid) => true,
        _ => false,
    };
    fits.then_some(ValueOrder::Total)
}

/// The order of the deprecated bounds: signed comparison of the physical type, where that is the order of the type.
fn deprecated_order(leaf: &Leaf) -> Option<ValueOrder> {
    use PhysicalType::{Boolean, Double, Float, Int32, Int64};
    let unsigned = matches!(leaf.logical, Some(LogicalType::Integer { signed: false, .. }));
    let is_number = matches!(leaf.physical, Boolean | Int32 | Int64 | Float | Double);
    order_of_type(leaf).filter(|_| is_number && !unsigned)
}

/// True where writers may give the beginning of a value as its bound.
fn may_be_cut_off(leaf: &Leaf) -> bool {
    let numeric = matches!(leaf.logical, Some(LogicalType::Decimal { .. } | LogicalType::Float16));
    matches!(leaf.physical, PhysicalType::ByteArray | PhysicalType::FixedLenByteArray(_)) && !numeric
}

/// True where `bytes` have the form of a value, or of its beginning where that may stand for it.
fn is_value_of(leaf: &Leaf, bytes: &[u8]) -> bool {
    let width = match leaf.physical {
        PhysicalType::Boolean => return matches!(bytes, [0 | 1]),
        PhysicalType::ByteArray => return may_be_cut_off(leaf) || !bytes.is_empty(),
        PhysicalType::FixedLenByteArray(width) if may_be_cut_off(leaf) => {
            return bytes.len() as u64 <= u64::from(width);
        }
        PhysicalType::FixedLenByteArray(width) => width as usize,
        PhysicalType::Int96 => 12,
        PhysicalType::Int64 | PhysicalType::Double => 8,
        PhysicalType::Int32 | PhysicalType::Float => 4,
    };
    bytes.len() == width && fits_narrow_integer(leaf, bytes)
}

/// False where an 8-bit or 16-bit integer could not hold the number, and so perhaps not the values that it bounds.
fn fits_narrow_integer(leaf: &Leaf, bytes: &[u8]) -> bool {
    let (Some(LogicalType::Integer { bits, signed }), Ok(bytes)) = (&leaf.logical, bytes.try_into()) else {
        return true;
    };
    let number = i32::from_le_bytes(bytes);
    match (bits, signed) {
        (8, true) => i8::try_from(number).is_ok(),
        (8, false) => u8::try_from(number).is_ok(),
        (16, true) => i16::try_from(number).is_ok(),
        (16, false) => u16::try_from(number).is_ok(),
        _ => true,
    }
}

fn is_float(leaf: &Leaf) -> bool {
    order_of_type(leaf) == Some(ValueOrder::FloatByValue)
}

fn is_nan(bytes: &[u8]) -> bool {
    match *bytes {
        [low, high] => u16::from_le_bytes([low, high]) & 0x7fff > 0x7c00,
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]).is_nan(),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]).is_nan(),
        _ => false,
    }
}

/// True for a floating-point zero of either sign.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.split_last().is_some_and(|(last, rest)| last & 0x7f == 0 && rest.iter().all(|byte| *byte == 0))
}

/// The least (negative) or greatest zero of so many bytes.
fn zero(width: usize, least: bool) -> Option<&'static [u8]> {
    const LEAST: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0x80];
    const GREATEST: &[u8] = &[0; 8];
    let zero = if least { LEAST } else { GREATEST };
    zero.get(zero.len().checked_sub(width)?..)
}

impl ColumnOrder {
    /// Reads the list of the footer: one a leaf column.
    pub(super) fn read_list(reader: &mut Reader<'_>) -> Read<Vec<Self>> {
        let mut orders = Vec::new();
        for _ in 0..reader.list_of_structs()? {
            let mut order = Self::Unknown;
            let mut last_id = 0;
            while let Some(field) = reader.field(&mut last_id)? {
                order = match (field.id, field.kind) {
                    (1, Kind::Struct) => Self::Type,
                    (2, Kind::Struct) => Self::Ieee754Total,
                    (3, Kind::Struct) => Self::Int96Timestamp,
                    _ => Self::Unknown,
                };
                reader.skip(field.kind)?;
            }
            orders.push(order);
        }
        Ok(orders)
    }
}

impl SortingColumn {
    /// Reads the list of a row group. What follows a column that cannot be says nothing: rows are sorted by it only
    /// where that column is equal.
    pub(super) fn read_list(reader: &mut Reader<'_>) -> Read<Vec<Self>> {
        let mut sorted_by = Vec::new();
        let mut known = true;
        for _ in 0..reader.list_of_structs()? {
            let column = Self::read(reader)?;
            known &= column.is_some();
            sorted_by.extend(column.filter(|_| known));
        }
        Ok(sorted_by)
    }

    fn read(reader: &mut Reader<'_>) -> Read<Option<Self>> {
        let (mut column, mut descending, mut nulls_first) = (None, None, None);
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => column = usize::try_from(reader.i32()?).ok(),
                (2, kind @ (Kind::True | Kind::False)) => descending = Some(kind == Kind::True),
                (3, kind @ (Kind::True | Kind::False)) => nulls_first = Some(kind == Kind::True),
                (_, kind) => reader.skip(kind)?,
            }
        }
        let (Some(column), Some(descending), Some(nulls_first)) = (column, descending, nulls_first) else {
            return Ok(None);
        };
        Ok(Some(Self { column, descending, nulls_first }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::footer;
    use crate::metadata::testing::{Record, chunk, leaf, open_footer, root, row_group};
    use crate::schema::Repetition::Required;
    use crate::schema::testing;
    use ColumnOrder::{Ieee754Total, Int96Timestamp, Type, Unknown};

    /// The metadata of a file without rows of one column.
    fn file_of(physical: PhysicalType, logical: Option<LogicalType>, orders: &[ColumnOrder]) -> Metadata {
        Metadata {
            file_length: 100,
            version: 2,
            created_by: None,
            key_value: vec![],
            schema: testing::schema(vec![testing::leaf("a", Required, physical, logical)]),
            column_orders: orders.to_vec(),
            row_groups: vec![],
            thrift: Default::default(),
            footer_offset: 4,
            hinted_types: std::sync::OnceLock::new(),
        }
    }

    /// What is relied on of these bounds, new and deprecated.
    fn trusted<'a>(file: &Metadata, new: [&'a [u8]; 2], deprecated: [&'a [u8]; 2]) -> [Option<&'a [u8]>; 2] {
        let given = |bytes: &'a [u8]| (bytes != b"none").then_some(bytes);
        let statistics = Statistics {
            min: given(new[0]),
            max: given(new[1]),
            deprecated_min: given(deprecated[0]),
            deprecated_max: given(deprecated[1]),
            ..Statistics::default()
        };
        let bounds = file.trusted_bounds(0, &statistics);
        [bounds.min, bounds.max].map(|bound| bound.map(|bound| bound.bytes))
    }

    const NONE: [&[u8]; 2] = [b"none", b"none"];

    #[test]
    fn new_bounds_need_an_order_that_is_known() {
        use PhysicalType::{Boolean, ByteArray, Double, FixedLenByteArray, Int32, Int64, Int96};
        let integer = |bits, signed| Some(LogicalType::Integer { bits, signed });
        let decimal = |precision| Some(LogicalType::Decimal { precision, scale: 1 });
        let (one, eight, twelve, sixteen) = ([1; 1], [1; 8], [1; 12], [1; 16]);
        for (physical, logical, order, bound, relied_on) in [
            (Int64, None, Type, &eight[..], true),
            (Int64, None, Unknown, &eight, false),
            (Int64, None, Ieee754Total, &eight, false),
            (Int64, integer(64, false), Type, &eight, true),
            (Int64, integer(32, false), Type, &eight, false),
            (Int64, Some(LogicalType::Other), Type, &eight, false),
            (Int64, Some(LogicalType::Null), Type, &eight, false),
            (Double, None, Type, &eight, true),
            (Double, None, Ieee754Total, &eight, true),
            (Double, None, Int96Timestamp, &eight, false),
            (Int96, None, Type, &twelve, false),
            (Int96, None, Int96Timestamp, &twelve, true),
            (Int32, None, Int96Timestamp, &[0; 4], false),
            (Boolean, None, Type, &one, true),
            (ByteArray, None, Type, b"", true),
            (ByteArray, Some(LogicalType::String), Type, b"a", true),
            (ByteArray, decimal(30), Type, b"a", true),
            (ByteArray, decimal(30), Type, b"", false),
            (ByteArray, decimal(77), Type, b"a", false),
            (FixedLenByteArray(16), Some(LogicalType::Uuid), Type, &sixteen, true),
            (FixedLenByteArray(16), None, Type, b"cut off", true),
            (FixedLenByteArray(16), decimal(30), Type, b"cut off", false),
            (FixedLenByteArray(12), Some(LogicalType::Interval), Type, &twelve, false),
            (ByteArray, Some(LogicalType::Geometry { crs: None }), Type, b"a", false),
            (ByteArray, Some(LogicalType::Variant), Type, b"a", false),
        ] {
            let file = file_of(physical, logical.clone(), &[order]);
            let expected = relied_on.then_some(bound);
            assert_eq!(trusted(&file, [bound; 2], NONE), [expected; 2], "{physical:?} {logical:?} {order:?}");
            let without_orders = file_of(physical, logical, &[]);
            assert_eq!(trusted(&without_orders, [bound; 2], NONE), [None; 2]);
        }
    }

    #[test]
    fn deprecated_bounds_are_those_of_signed_numbers() {
        use PhysicalType::{ByteArray, FixedLenByteArray, Int32, Int96};
        let integer = |signed| Some(LogicalType::Integer { bits: 32, signed });
        let decimal = || Some(LogicalType::Decimal { precision: 9, scale: 0 });
        for (physical, logical, bound, relied_on) in [
            (Int32, None, &[1; 4][..], true),
            (Int32, Some(LogicalType::Date), &[1; 4], true),
            (Int32, decimal(), &[1; 4], true),
            (Int32, integer(true), &[1; 4], true),
            (Int32, integer(false), &[1; 4], false),
            (Int96, None, &[1; 12], false),
            (ByteArray, Some(LogicalType::String), b"a", false),
            (FixedLenByteArray(4), decimal(), &[1; 4], false),
        ] {
            for orders in [&[][..], &[Type], &[Unknown]] {
                let file = file_of(physical, logical.clone(), orders);
                assert_eq!(
                    trusted(&file, NONE, [bound; 2]),
                    [relied_on.then_some(bound); 2],
                    "{physical:?} {logical:?}"
                );
            }
        }
        let (new, old) = ([&[1; 4][..]; 2], [&[2; 4][..]; 2]);
        assert_eq!(trusted(&file_of(Int32, None, &[Type]), new, old), new.map(Some));
        assert_eq!(trusted(&file_of(Int32, None, &[]), new, old), old.map(Some));
        let half = [&[1; 4][..], b"none"];
        assert_eq!(trusted(&file_of(Int32, None, &[Type]), half, old), [Some(&[1; 4][..]), None]);
    }

    #[test]
    fn bounds_that_are_no_value_of_the_type_do_not_count() {
        use PhysicalType::{Boolean, FixedLenByteArray, Int32, Int64};
        let integer = |bits, signed| Some(LogicalType::Integer { bits, signed });
        for (physical, logical, good, bad) in [
            (Int32, None, [1; 4].to_vec(), [1; 5].to_vec()),
            (Int64, None, [1; 8].to_vec(), [1; 4].to_vec()),
            (Boolean, None, vec![0], vec![2]),
            (Int32, integer(8, true), (-128_i32).to_le_bytes().to_vec(), 128_i32.to_le_bytes().to_vec()),
            (Int32, integer(8, false), 255_i32.to_le_bytes().to_vec(), (-1_i32).to_le_bytes().to_vec()),
            (Int32, integer(16, true), 32_767_i32.to_le_bytes().to_vec(), 40_000_i32.to_le_bytes().to_vec()),
            (Int32, integer(16, false), 40_000_i32.to_le_bytes().to_vec(), 70_000_i32.to_le_bytes().to_vec()),
            (FixedLenByteArray(3), None, vec![1; 3], vec![1; 4]),
        ] {
            let file = file_of(physical, logical, &[Type]);
            assert_eq!(trusted(&file, [&bad, &good], NONE), [None, Some(&good[..])], "{physical:?}");
        }
    }

    #[test]
    fn floats_have_neither_nan_bounds_nor_one_zero_only() {
        let half = (PhysicalType::FixedLenByteArray(2), Some(LogicalType::Float16));
        let zeros = |width: usize, sign| [vec![0; width - 1], vec![sign]].concat();
        for ((physical, logical), width, nan) in [
            ((PhysicalType::Float, None), 4, f32::NAN.to_le_bytes().to_vec()),
            ((PhysicalType::Double, None), 8, (-f64::NAN).to_le_bytes().to_vec()),
            (half, 2, vec![1, 0x7c]),
        ] {
            let (plus, minus, one) = (zeros(width, 0), zeros(width, 0x80), zeros(width, 0x3c));
            for order in [Type, Ieee754Total] {
                let file = file_of(physical, logical.clone(), &[order]);
                assert_eq!(trusted(&file, [&nan, &one], NONE), [None, Some(&one[..])], "{physical:?}");
                assert_eq!(trusted(&file, [&one, &nan], NONE), [Some(&one[..]), None]);
            }
            let by_value = file_of(physical, logical.clone(), &[Type]);
            assert_eq!(trusted(&by_value, [&plus, &minus], NONE), [Some(&minus[..]), Some(&plus[..])]);
            let total = file_of(physical, logical, &[Ieee754Total]);
            assert_eq!(trusted(&total, [&plus, &minus], NONE), [Some(&plus[..]), Some(&minus[..])]);
        }
    }

    #[test]
    fn exactness_is_what_the_file_says_or_the_type_makes_sure() {
        let text = file_of(PhysicalType::ByteArray, Some(LogicalType::String), &[Type]);
        let number = file_of(PhysicalType::Int32, None, &[Type]);
        for (file, bound, said, told) in [
            (&text, &b"a"[..], None, None),
            (&text, b"a", Some(true), Some(true)),
            (&number, &[1; 4], None, Some(true)),
            (&number, &[1; 4], Some(false), Some(false)),
        ] {
            let statistics = Statistics { min: Some(bound), is_min_exact: said, ..Statistics::default() };
            assert_eq!(file.trusted_bounds(0, &statistics).min, Some(Bound { bytes: bound, is_exact: told }));
        }
    }

    #[test]
    fn orders_and_sorting_are_read() {
        let order = |member| Record::new().record(member, Record::new());
        let sorted = |column| Record::new().i32(1, column).boolean(2, true).boolean(3, false);
        let by = |columns: Vec<Record>| row_group(10, vec![chunk(4, 10)]).records(4, columns);
        let groups = vec![by(vec![sorted(0), sorted(3)]), by(vec![sorted(-1), sorted(0)]), by(vec![])];
        let bytes = open_footer(vec![root(1), leaf("a", 0)], groups)
            .records(7, vec![order(1), order(2), order(3), order(4), Record::new()])
            .finish();
        let metadata = footer::parse(&bytes.into(), 100, 1000).unwrap().metadata;
        assert_eq!(metadata.column_orders, [Type, Ieee754Total, Int96Timestamp, Unknown, Unknown]);
        let sorted = |column| SortingColumn { column, descending: true, nulls_first: false };
        let found: Vec<_> = metadata.row_groups.iter().map(|group| group.sorting_columns.clone()).collect();
        assert_eq!(found, [vec![sorted(0), sorted(3)], vec![], vec![]]);
    }
}
