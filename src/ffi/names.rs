//! Names of what the format numbers: codecs, encodings, physical types; and logical types in words.

use std::ffi::{CStr, c_char};

use crate::metadata;
use crate::schema::{LogicalType, TimeUnit};

/// The name that the Parquet format gives a compression codec, such as "ZSTD".
///
/// Parameters: `codec`: its number in the format, as in pqpush_column_chunk_info.codec.
/// Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_codec_name(codec: i32) -> *const c_char {
    metadata::codec_name(codec).as_ptr()
}

/// The name that the Parquet format gives an encoding, such as "RLE_DICTIONARY".
///
/// Parameters: `encoding`: its number in the format: the position of a bit of pqpush_column_chunk_info.encodings.
/// Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_encoding_name(encoding: i32) -> *const c_char {
    metadata::encoding_name(encoding).as_ptr()
}

/// The name that the Parquet format gives a physical type, such as "BYTE_ARRAY".
///
/// Parameters: `physical_type`: its number in the format, as in pqpush_column_info.physical_type.
/// Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_physical_type_name(physical_type: i32) -> *const c_char {
    const NAMES: [&CStr; 8] =
        [c"BOOLEAN", c"INT32", c"INT64", c"INT96", c"FLOAT", c"DOUBLE", c"BYTE_ARRAY", c"FIXED_LEN_BYTE_ARRAY"];
    let known = usize::try_from(physical_type).ok().and_then(|index| NAMES.get(index));
    known.copied().unwrap_or(c"UNKNOWN").as_ptr()
}

/// A logical type with its parameters, such as "DECIMAL(15,2)" or "TIMESTAMP(MICROS,UTC)".
pub(super) fn logical_type_name(logical: &LogicalType) -> String {
    let plain = match logical {
        LogicalType::Decimal { precision, scale } => return format!("DECIMAL({precision},{scale})"),
        LogicalType::Time { unit, utc } => return format!("TIME({}{})", unit_name(*unit), utc_suffix(*utc)),
        LogicalType::Timestamp { unit, utc } => return format!("TIMESTAMP({}{})", unit_name(*unit), utc_suffix(*utc)),
        LogicalType::Integer { bits, signed } => {
            return format!("INTEGER({bits},{})", if *signed { "signed" } else { "unsigned" });
        }
        LogicalType::String => "STRING",
        LogicalType::Map => "MAP",
        LogicalType::List => "LIST",
        LogicalType::Enum => "ENUM",
        LogicalType::Date => "DATE",
        LogicalType::Null => "UNKNOWN",
        LogicalType::Json => "JSON",
        LogicalType::Bson => "BSON",
        LogicalType::Uuid => "UUID",
        LogicalType::Float16 => "FLOAT16",
        LogicalType::Variant => "VARIANT",
        LogicalType::Geometry { .. } => "GEOMETRY",
        LogicalType::Geography { .. } => "GEOGRAPHY",
        LogicalType::Interval => "INTERVAL",
        LogicalType::Other => "OTHER",
    };
    plain.to_owned()
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Millis => "MILLIS",
        TimeUnit::Micros => "MICROS",
        TimeUnit::Nanos => "NANOS",
    }
}

fn utc_suffix(utc: bool) -> &'static str {
    if utc { ",UTC" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_types_carry_their_parameters() {
        let cases = [
            (LogicalType::Decimal { precision: 15, scale: 2 }, "DECIMAL(15,2)"),
            (LogicalType::Timestamp { unit: TimeUnit::Micros, utc: true }, "TIMESTAMP(MICROS,UTC)"),
            (LogicalType::Time { unit: TimeUnit::Nanos, utc: false }, "TIME(NANOS)"),
            (LogicalType::Integer { bits: 8, signed: false }, "INTEGER(8,unsigned)"),
            (LogicalType::String, "STRING"),
        ];
        for (logical, expected) in cases {
            assert_eq!(logical_type_name(&logical), expected);
        }
    }
}
