//! What values mean: the union `LogicalType` and the older enum `ConvertedType`, read into one type.
//!
//! A logical type that this library does not know, or that lacks a part, is none: the values are still readable.

use crate::metadata::thrift::{Kind, Read, Reader};
use crate::schema::{LogicalType, TimeUnit};

/// A `LogicalType`: which member of the union it is, and all that any member may have.
#[derive(Debug, Default)]
pub(super) struct RawLogical {
    pub(super) member: i16,
    /// Fields 1 and 2 of the member, where they are integers.
    pub(super) integers: [Option<i32>; 2],
    /// Fields 1 and 2 of the member, where they are booleans.
    booleans: [Option<bool>; 2],
    /// Field 1, where it is a string.
    crs: Option<String>,
    /// Which member the union in field 2 is.
    unit: Option<i16>,
}

impl RawLogical {
    /// The union's member that is set, none for an empty union.
    pub(super) fn read(reader: &mut Reader<'_>) -> Read<Option<Self>> {
        let mut found = None;
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match field.kind {
                Kind::Struct => found = Some(Self::read_member(reader, field.id)?),
                other => reader.skip(other)?,
            }
        }
        Ok(found)
    }

    fn read_member(reader: &mut Reader<'_>, member: i16) -> Read<Self> {
        let mut raw = Self { member, ..Self::default() };
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            let [first_integer, second_integer] = &mut raw.integers;
            let [first_boolean, second_boolean] = &mut raw.booleans;
            match (field.id, field.kind) {
                (1, Kind::I32) => *first_integer = Some(reader.i32()?),
                (2, Kind::I32) => *second_integer = Some(reader.i32()?),
                (1, Kind::Byte) => *first_integer = Some(i32::from(reader.byte()?)),
                (1, Kind::True | Kind::False) => *first_boolean = Some(field.kind == Kind::True),
                (2, Kind::True | Kind::False) => *second_boolean = Some(field.kind == Kind::True),
                (1, Kind::Binary) => raw.crs = Some(reader.string()?),
                (2, Kind::Struct) => raw.unit = Self::read(reader)?.map(|unit| unit.member),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }

    /// The logical type, where this library knows it and nothing in it is missing. Decimals are made elsewhere.
    pub(super) fn known(&self) -> Option<LogicalType> {
        let [utc, signed] = self.booleans;
        let [integer, algorithm] = self.integers;
        let unit = self.unit.and_then(|member| match member {
            1 => Some(TimeUnit::Millis),
            2 => Some(TimeUnit::Micros),
            3 => Some(TimeUnit::Nanos),
            _ => None,
        });
        Some(match self.member {
            1 => LogicalType::String,
            2 => LogicalType::Map,
            3 => LogicalType::List,
            4 => LogicalType::Enum,
            6 => LogicalType::Date,
            7 => LogicalType::Time { unit: unit?, utc: utc? },
            8 => LogicalType::Timestamp { unit: unit?, utc: utc? },
            10 => LogicalType::Integer { bits: u8::try_from(integer?).ok()?, signed: signed? },
            11 => LogicalType::Null,
            12 => LogicalType::Json,
            13 => LogicalType::Bson,
            14 => LogicalType::Uuid,
            15 => LogicalType::Float16,
            16 => LogicalType::Variant,
            17 => LogicalType::Geometry { crs: self.crs.clone() },
            18 => LogicalType::Geography { crs: self.crs.clone(), algorithm },
            _ => return None,
        })
    }
}

/// What a `ConvertedType` other than DECIMAL means.
pub(super) fn converted(number: i32) -> Option<LogicalType> {
    let time = |unit| LogicalType::Time { unit, utc: true };
    let timestamp = |unit| LogicalType::Timestamp { unit, utc: true };
    let integer = |bits, signed| LogicalType::Integer { bits, signed };
    Some(match number {
        0 => LogicalType::String,
        // MAP_KEY_VALUE stands for MAP where old writers put it on the outer group.
        1 | 2 => LogicalType::Map,
        3 => LogicalType::List,
        4 => LogicalType::Enum,
        6 => LogicalType::Date,
        7 => time(TimeUnit::Millis),
        8 => time(TimeUnit::Micros),
        9 => timestamp(TimeUnit::Millis),
        10 => timestamp(TimeUnit::Micros),
        11 => integer(8, false),
        12 => integer(16, false),
        13 => integer(32, false),
        14 => integer(64, false),
        15 => integer(8, true),
        16 => integer(16, true),
        17 => integer(32, true),
        18 => integer(64, true),
        19 => LogicalType::Json,
        20 => LogicalType::Bson,
        21 => LogicalType::Interval,
        24 => LogicalType::Null,
        _ => return None,
    })
}
