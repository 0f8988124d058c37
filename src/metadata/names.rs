//! The names that the format gives to what it numbers.

use std::ffi::CStr;

const CODECS: [&CStr; 8] = [c"UNCOMPRESSED", c"SNAPPY", c"GZIP", c"LZO", c"BROTLI", c"LZ4", c"ZSTD", c"LZ4_RAW"];

const ENCODINGS: [&CStr; 10] = [
    c"PLAIN",
    c"UNKNOWN", // GROUP_VAR_INT, which no file ever had
    c"PLAIN_DICTIONARY",
    c"RLE",
    c"BIT_PACKED",
    c"DELTA_BINARY_PACKED",
    c"DELTA_LENGTH_BYTE_ARRAY",
    c"DELTA_BYTE_ARRAY",
    c"RLE_DICTIONARY",
    c"BYTE_STREAM_SPLIT",
];

/// The name of a compression codec, "UNKNOWN" for a number without one.
pub(crate) fn codec_name(number: i32) -> &'static CStr {
    name(&CODECS, number)
}

/// The name of an encoding, "UNKNOWN" for a number without one.
pub(crate) fn encoding_name(number: i32) -> &'static CStr {
    name(&ENCODINGS, number)
}

fn name(names: &[&'static CStr], number: i32) -> &'static CStr {
    let known = usize::try_from(number).ok().and_then(|index| names.get(index));
    known.copied().unwrap_or(c"UNKNOWN")
}
