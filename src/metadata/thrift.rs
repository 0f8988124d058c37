//! A reader of the thrift compact protocol over bytes at hand, without allocation.
//!
//! It reads what the Parquet metadata needs and skips the rest. The bytes are not trusted: no length or count is
//! believed that the bytes at hand cannot justify, and nesting is skipped to a fixed depth. Bytes that end too early
//! ([`Failure::Ends`]) are told apart from wrong ones, for page headers arrive piecemeal.
//!
//! Callers match a field's id and [`Kind`] together and [skip](Reader::skip) what they do not expect, so a field id
//! that a writer reused for a type of its own does no harm.

use crate::error::Error;

/// Nesting that [`Reader::skip`] follows; deeper is corrupt. The format itself nests less than ten levels.
const LARGEST_SKIP_DEPTH: usize = 64;

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The bytes end inside it.
    Ends,
    /// No bytes that follow could make it right.
    Corrupt(&'static str),
}

impl Failure {
    /// The error for `what`, of which all bytes are at hand.
    #[cold]
    pub(crate) fn into_error(self, what: &str) -> Error {
        match self {
            Self::Ends => Error::corrupt(format!("{what} does not end where its bytes end")),
            Self::Corrupt(why) => Error::corrupt(format!("{what}: {why}")),
        }
    }
}

/// What reading gives.
pub(crate) type Read<T> = std::result::Result<T, Failure>;

/// The types on the wire. A boolean field has its value in its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    True,
    False,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List,
    Set,
    Map,
    Struct,
    Uuid,
}

/// The header of a field. Its value follows in the reader, except for booleans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: i16,
    pub(crate) kind: Kind,
}

/// The header of a list or set. `count` is at most the number of bytes that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) element: Kind,
    pub(crate) count: usize,
}

/// Reads one value after the other.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len() }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.length.saturating_sub(self.rest.len())
    }

    /// What is still to be read.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Bytes that are still to be read.
    pub(crate) fn rest_bytes(&self) -> usize {
        self.rest.len()
    }

    /// The next field header of a struct, or none at its end. `last_id` is the id of the field before it, 0 at first.
    #[inline]
    pub(crate) fn field(&mut self, last_id: &mut i16) -> Read<Option<Field>> {
        let header = self.byte()?;
        if header == 0 {
            return Ok(None);
        }
        let kind = kind(header & 0x0f)?;
        let delta = i16::from(header >> 4);
        let id = if delta == 0 { self.i16()? } else { last_id.wrapping_add(delta) };
        *last_id = id;
        Ok(Some(Field { id, kind }))
    }

    /// The header of a list or set.
    #[inline]
    pub(crate) fn list(&mut self) -> Read<List> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.count()?,
            short => usize::from(short),
        };
        if count > self.rest.len() {
            return Err(Failure::Ends);
        }
        // Some writers give an empty list no element type.
        let element = if header & 0x0f == 0 && count == 0 { Kind::Byte } else { kind(header & 0x0f)? };
        Ok(List { element, count })
    }

    /// The header of a list whose elements are structs: how many.
    pub(crate) fn list_of_structs(&mut self) -> Read<usize> {
        match self.list()? {
            List { count: 0, .. } => Ok(0),
            List { element: Kind::Struct, count } => Ok(count),
            List { .. } => Err(Failure::Corrupt("a list of structs has elements of another type")),
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Read<u8> {
        let (&byte, rest) = self.rest.split_first().ok_or(Failure::Ends)?;
        self.rest = rest;
        Ok(byte)
    }

    /// A boolean in a list: 1 is true, and 2 or 0 is false, for writers differ.
    pub(crate) fn element_bool(&mut self) -> Read<bool> {
        match self.byte()? {
            0 | 2 => Ok(false),
            1 => Ok(true),
            _ => Err(Failure::Corrupt("a boolean is neither 0, 1 nor 2")),
        }
    }

    pub(crate) fn i16(&mut self) -> Read<i16> {
        i16::try_from(self.i32()?).map_err(|_| Failure::Corrupt("a field id has more than 16 bits"))
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Read<i32> {
        i32::try_from(self.i64()?).map_err(|_| Failure::Corrupt("a 32-bit integer has more than 32 bits"))
    }

    #[inline]
    pub(crate) fn i64(&mut self) -> Read<i64> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg())
    }

    /// A string or binary as it lies in the bytes.
    #[inline]
    pub(crate) fn binary(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        let (binary, rest) = self.rest.split_at_checked(length).ok_or(Failure::Ends)?;
        self.rest = rest;
        Ok(binary)
    }

    /// A string; bytes that are not UTF-8 become replacement characters.
    pub(crate) fn string(&mut self) -> Read<String> {
        Ok(String::from_utf8_lossy(self.binary()?).into_owned())
    }

    /// Passes over the value of a field of `kind`.
    #[inline]
    pub(crate) fn skip(&mut self, kind: Kind) -> Read<()> {
        match kind {
            Kind::True | Kind::False => Ok(()),
            other => self.skip_value(other, 0),
        }
    }

    /// The same within lists and maps, where a boolean is a byte. `depth` bounds the recursion.
    fn skip_value(&mut self, kind: Kind, depth: usize) -> Read<()> {
        match kind {
            Kind::True | Kind::False | Kind::Byte => self.byte().map(drop),
            Kind::I16 | Kind::I32 | Kind::I64 => self.varint().map(drop),
            Kind::Double => self.advance(8),
            Kind::Uuid => self.advance(16),
            Kind::Binary => self.binary().map(drop),
            _ if depth >= LARGEST_SKIP_DEPTH => Err(Failure::Corrupt("values are nested more than 64 levels deep")),
            Kind::List | Kind::Set => {
                let list = self.list()?;
                self.skip_list(list, depth.saturating_add(1))
            }
            Kind::Map => self.skip_map(depth.saturating_add(1)),
            Kind::Struct => self.skip_struct(depth.saturating_add(1)),
        }
    }

    /// Passes over the elements of a list whose header was read.
    pub(crate) fn skip_elements(&mut self, list: List) -> Read<()> {
        self.skip_list(list, 0)
    }

    /// Counts in a list of integers, none where one of them is negative or the list is of something else.
    pub(crate) fn counts(&mut self) -> Read<Option<Vec<u64>>> {
        let list = self.list()?;
        if list.element != Kind::I64 {
            self.skip_elements(list)?;
            return Ok(None);
        }
        let mut counts = Vec::with_capacity(list.count);
        for _ in 0..list.count {
            counts.extend(u64::try_from(self.i64()?));
        }
        Ok((counts.len() == list.count).then_some(counts))
    }

    fn skip_list(&mut self, list: List, depth: usize) -> Read<()> {
        (0..list.count).try_for_each(|_| self.skip_value(list.element, depth))
    }

    /// Most of what is skipped are statistics: structs of a few plain fields.
    fn skip_struct(&mut self, depth: usize) -> Read<()> {
        let mut last_id = 0;
        while let Some(field) = self.field(&mut last_id)? {
            match field.kind {
                Kind::True | Kind::False => {}
                Kind::I32 | Kind::I64 => self.varint().map(drop)?,
                Kind::Binary => self.binary().map(drop)?,
                other => self.skip_value(other, depth)?,
            }
        }
        Ok(())
    }

    fn skip_map(&mut self, depth: usize) -> Read<()> {
        let count = self.count()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        let (key, value) = (kind(kinds >> 4)?, kind(kinds & 0x0f)?);
        for _ in 0..count {
            self.skip_value(key, depth)?;
            self.skip_value(value, depth)?;
        }
        Ok(())
    }

    /// Passes over so many bytes.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) -> Read<()> {
        self.rest = self.rest.get(count..).ok_or(Failure::Ends)?;
        Ok(())
    }

    /// The length of a binary or the count of a list, which the format has as a 32-bit integer.
    #[inline]
    fn count(&mut self) -> Read<usize> {
        let count = u32::try_from(self.varint()?).ok().and_then(|count| usize::try_from(count).ok());
        count.filter(|&count| count <= i32::MAX as usize).ok_or(Failure::Corrupt("a length has more than 31 bits"))
    }

    #[inline]
    fn varint(&mut self) -> Read<u64> {
        match self.byte()? {
            byte @ 0..=0x7f => Ok(u64::from(byte)),
            first => self.long_varint(first),
        }
    }

    /// The varint whose first byte is `first`: seven bits a byte, the lowest first, ten bytes at most.
    #[inline]
    fn long_varint(&mut self, first: u8) -> Read<u64> {
        if let Some(chunk) = self.rest.first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            // The highest bits of bytes that end a varint; those up to and with the first such byte are the varint's.
            let ends = !word & 0x8080_8080_8080_8080;
            if ends != 0 {
                let own = word & (ends ^ ends.wrapping_sub(1));
                let length = (ends.trailing_zeros() / 8).saturating_add(1) as usize;
                let value = joined_sevens(own);
                // The first byte's seven bits are below these: what they push out is no 64-bit number.
                if value >> 57 == 0 {
                    self.rest = self.rest.get(length..).unwrap_or_default();
                    return Ok(value << 7 | u64::from(first & 0x7f));
                }
            }
        }
        self.varint_by_bytes(first)
    }

    fn varint_by_bytes(&mut self, first: u8) -> Read<u64> {
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Failure::Corrupt("an integer has more than 64 bits"))
    }
}

/// The lowest seven bits of each byte, next to each other.
#[inline]
fn joined_sevens(word: u64) -> u64 {
    let sevens = word & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = sevens & 0x007f_007f_007f_007f | (sevens & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    fours & 0x0000_0000_0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4
}

#[inline]
fn kind(nibble: u8) -> Read<Kind> {
    Ok(match nibble {
        1 => Kind::True,
        2 => Kind::False,
        3 => Kind::Byte,
        4 => Kind::I16,
        5 => Kind::I32,
        6 => Kind::I64,
        7 => Kind::Double,
        8 => Kind::Binary,
        9 => Kind::List,
        10 => Kind::Set,
        11 => Kind::Map,
        12 => Kind::Struct,
        13 => Kind::Uuid,
        _ => return Err(Failure::Corrupt("a value has a type that thrift does not define")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_the_same_whatever_follows_them() {
        let mut state = 9u64;
        for round in 0..2000u32 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = state >> (round % 64);
            let (mut bytes, mut rest) = (Vec::new(), number);
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            let length = bytes.len();
            for padding in [0, 1, 20] {
                let padded = [&bytes[..], &vec![0xff; padding]].concat();
                let mut reader = Reader::new(&padded);
                assert_eq!((reader.varint(), reader.position()), (Ok(number), length), "{number:x} {padding}");
            }
            let cut = Reader::new(&bytes[..length - 1]).varint();
            assert_eq!(cut, Err(Failure::Ends));
        }
    }

    /// A struct with a field of every type.
    const EVERYTHING: &[u8] = &[
        0x11, // 1: true
        0x12, // 2: false
        0x13, 0x7f, // 3: byte
        0x14, 0x03, // 4: i16 -2
        0x15, 0xac, 0x02, // 5: i32 150
        0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, // 6: i64 minimum
        0x17, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 7: double
        0x18, 0x02, b'h', b'i', // 8: binary
        0x19, 0x31, 1, 2, 0, // 9: list of three booleans
        0x1a, 0x15, 0x02, // 10: set of one i32
        0x1b, 0x01, 0x81, 0x01, b'k', 0x01, // 11: map of binary to boolean
        0x1c, 0x15, 0x02, 0x00, // 12: struct { 1: i32 1 }
        0x1d, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, // 13: uuid
        0x05, 0xd0, 0x0f, 0x02, // 1000, absolute: i32 1
        0x19, 0xf3, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, // 1001: list of 16 bytes
        0x00,
    ];

    #[test]
    fn varints_are_zigzag_of_ten_bytes_at_most() {
        for (bytes, value) in [
            (&[0x00][..], 0_i64),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0xac, 0x02], 150),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MAX),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MIN),
            (&[0x82, 0x80, 0x00], 1),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.i64(), Ok(value));
            assert_eq!(reader.position(), bytes.len());
        }
        let too_long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(matches!(Reader::new(&too_long).i64(), Err(Failure::Corrupt(_))));
        assert!(matches!(Reader::new(&[0x80; 11]).i64(), Err(Failure::Corrupt(_))));
        assert_eq!(Reader::new(&[0x80; 9]).i64(), Err(Failure::Ends));
    }

    #[test]
    fn integers_out_of_their_range_are_corrupt() {
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).i32(), Ok(i32::MIN));
        assert!(matches!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x10]).i32(), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn field_ids_are_deltas_or_absolute() {
        let mut reader = Reader::new(&[0x15, 0x02, 0x25, 0x04, 0x05, 0x14, 0x06, 0x11, 0x00]);
        let mut last_id = 0;
        let mut seen = Vec::new();
        while let Some(field) = reader.field(&mut last_id).unwrap() {
            let value = if field.kind == Kind::I32 { reader.i32().unwrap() } else { -1 };
            seen.push((field.id, field.kind, value));
        }
        assert_eq!(seen, [(1, Kind::I32, 1), (3, Kind::I32, 2), (10, Kind::I32, 3), (11, Kind::True, -1)]);
    }

    #[test]
    fn a_list_longer_than_the_bytes_is_not_believed() {
        assert_eq!(Reader::new(&[0xf5, 0xff, 0xff, 0xff, 0xff, 0x07]).list(), Err(Failure::Ends));
        assert!(matches!(Reader::new(&[0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f]).list(), Err(Failure::Corrupt(_))));
        assert_eq!(Reader::new(&[0x25, 0, 0]).list(), Ok(List { element: Kind::I32, count: 2 }));
        assert_eq!(Reader::new(&[0x00]).list(), Ok(List { element: Kind::Byte, count: 0 }));
        assert!(matches!(Reader::new(&[0x10, 0]).list(), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn booleans_of_lists_have_two_encodings() {
        let mut reader = Reader::new(&[0, 1, 2, 3]);
        assert_eq!(
            [reader.element_bool(), reader.element_bool(), reader.element_bool()],
            [Ok(false), Ok(true), Ok(false)]
        );
        assert!(matches!(reader.element_bool(), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn strings_are_slices_and_wrong_utf8_is_replaced() {
        assert_eq!(Reader::new(&[0x02, b'h', b'i', b'x']).binary(), Ok(&b"hi"[..]));
        assert_eq!(Reader::new(&[0x02, b'h', 0xff]).string().unwrap(), "h\u{fffd}");
        assert_eq!(Reader::new(&[0x03, b'h', b'i']).binary(), Err(Failure::Ends));
    }

    #[test]
    fn everything_can_be_skipped() {
        let mut reader = Reader::new(EVERYTHING);
        assert_eq!(reader.skip(Kind::Struct), Ok(()));
        assert_eq!(reader.position(), EVERYTHING.len());
    }

    #[test]
    fn a_good_struct_cut_anywhere_ends() {
        for length in 0..EVERYTHING.len() {
            assert_eq!(Reader::new(&EVERYTHING[..length]).skip(Kind::Struct), Err(Failure::Ends), "{length} bytes");
        }
    }

    #[test]
    fn deep_nesting_is_corrupt() {
        let lists = [0x19; 10_000];
        assert!(matches!(Reader::new(&lists).skip(Kind::List), Err(Failure::Corrupt(_))));
        let structs = [0x1c; 10_000];
        assert!(matches!(Reader::new(&structs).skip(Kind::Struct), Err(Failure::Corrupt(_))));
    }

    #[test]
    fn types_that_thrift_does_not_have_are_corrupt() {
        for header in [0x10, 0x1e, 0x1f] {
            assert!(matches!(Reader::new(&[header]).skip(Kind::Struct), Err(Failure::Corrupt(_))));
        }
    }
}
