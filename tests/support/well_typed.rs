//! Whether every field of footer and page headers has the type that the format gives it. A field of another type is
//! passed over by readers that are generated from the definition of the format, and by this library; the `parquet` crate
//! takes it as if it had the right one, so that the two read different files.

use pqpush::Metadata;

/// What a field may be.
enum Type {
    Bool,
    Byte,
    I16,
    I32,
    /// An I32 that is not BIT_PACKED, whose bits the `parquet` crate takes from the wrong end.
    LevelEncoding,
    I64,
    Binary,
    List(&'static Type),
    Struct(&'static [(i64, Type)]),
}

use Type::*;

const BIT_PACKED: i64 = 4;

const STATISTICS: Type =
    Struct(&[(1, Binary), (2, Binary), (3, I64), (4, I64), (5, Binary), (6, Binary), (7, Bool), (8, Bool)]);

const PAGE_HEADER: Type = Struct(&[
    (1, I32),
    (2, I32),
    (3, I32),
    (4, I32),
    (5, Struct(&[(1, I32), (2, I32), (3, LevelEncoding), (4, LevelEncoding), (5, STATISTICS)])),
    (7, Struct(&[(1, I32), (2, I32), (3, Bool)])),
    (8, Struct(&[(1, I32), (2, I32), (3, I32), (4, I32), (5, I32), (6, I32), (7, Bool), (8, STATISTICS)])),
]);

const TIME: Type = Struct(&[(1, Bool), (2, Struct(&[]))]);

const SCHEMA_ELEMENT: Type = Struct(&[
    (1, I32),
    (2, I32),
    (3, I32),
    (4, Binary),
    (5, I32),
    (6, I32),
    (7, I32),
    (8, I32),
    (9, I32),
    (10, Struct(&[(5, Struct(&[(1, I32), (2, I32)])), (7, TIME), (8, TIME), (10, Struct(&[(1, Byte), (2, Bool)]))])),
]);

const COLUMN_META_DATA: Type = Struct(&[
    (1, I32),
    (2, List(&I32)),
    (3, List(&Binary)),
    (4, I32),
    (5, I64),
    (6, I64),
    (7, I64),
    (9, I64),
    (10, I64),
    (11, I64),
    (12, STATISTICS),
]);

const COLUMN_CHUNK: Type =
    Struct(&[(1, Binary), (2, I64), (3, COLUMN_META_DATA), (4, I64), (5, I32), (6, I64), (7, I32)]);

const ROW_GROUP: Type = Struct(&[(1, List(&COLUMN_CHUNK)), (2, I64), (3, I64), (5, I64), (6, I64), (7, I16)]);

const FILE_META_DATA: Type = Struct(&[
    (1, I32),
    (2, List(&SCHEMA_ELEMENT)),
    (3, I64),
    (4, List(&ROW_GROUP)),
    (5, List(&Struct(&[(1, Binary), (2, Binary)]))),
    (6, Binary),
]);

/// Says so of the footer, and of the page headers of all chunks that `metadata` knows, as far as they can be followed.
pub fn is_well_typed(file: &[u8], metadata: &Metadata) -> bool {
    let footer = file.len().checked_sub(8).and_then(|end| {
        let length = u32::from_le_bytes(file[end..end + 4].try_into().ok()?) as usize;
        file.get(end.checked_sub(length)?..end)
    });
    let chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).flatten();
    footer.is_some_and(|footer| Reader(footer).value(12, Some(&FILE_META_DATA)).is_some())
        && chunks.filter_map(|chunk| chunk.byte_range(file.len() as u64).ok()).all(|range| {
            let bytes = file.get(range.offset as usize..).unwrap_or_default();
            pages_are_well_typed(&bytes[..bytes.len().min(range.length as usize)])
        })
}

fn pages_are_well_typed(chunk: &[u8]) -> bool {
    let mut reader = Reader(chunk);
    while !reader.0.is_empty() {
        let before = reader.0;
        if reader.value(12, Some(&PAGE_HEADER)).is_none() {
            // Bytes behind the last page need not be a page.
            let mut any = Reader(before);
            return any.value(12, None).is_none();
        }
        let header = &before[..before.len() - reader.0.len()];
        let Some(size) = compressed_size(header) else { return true };
        reader.0 = reader.0.get(size..).unwrap_or_default();
    }
    true
}

/// The third field of a page header.
fn compressed_size(header: &[u8]) -> Option<usize> {
    let (mut reader, mut id) = (Reader(header), 0);
    loop {
        let kind = reader.field(&mut id)?;
        if id == 3 {
            return usize::try_from(unzigzag(reader.varint()?)).ok();
        }
        reader.value(kind, None)?;
    }
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// A cursor over the compact protocol; `None` where it ends too early, or a field has the wrong type.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= ((byte & 0x7f) as u64) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The type of the next field, 0 at the end of the struct; `id` becomes its number.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let header = self.byte()?;
        *id = match header >> 4 {
            0 if header != 0 => unzigzag(self.varint()?),
            step => *id + step as i64,
        };
        Some(header & 0x0f)
    }

    fn value(&mut self, kind: u8, expected: Option<&Type>) -> Option<()> {
        let fits = match expected {
            None => true,
            Some(Bool) => matches!(kind, 1 | 2),
            Some(Byte) => kind == 3,
            Some(I16) => kind == 4,
            Some(I32 | LevelEncoding) => kind == 5,
            Some(I64) => kind == 6,
            Some(Binary) => kind == 8,
            Some(List(_)) => kind == 9,
            Some(Struct(_)) => kind == 12,
        };
        match kind {
            _ if !fits => return None,
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => {
                let value = unzigzag(self.varint()?);
                if matches!(expected, Some(LevelEncoding)) && value == BIT_PACKED {
                    return None;
                }
            }
            7 => self.0 = self.0.get(8..)?,
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.0 = self.0.get(length..)?;
            }
            9 | 10 => self.list(if let Some(List(of)) = expected { Some(of) } else { None })?,
            12 => self.fields(if let Some(Struct(fields)) = expected { fields } else { &[] })?,
            _ => return None,
        }
        Some(())
    }

    fn list(&mut self, of: Option<&Type>) -> Option<()> {
        let header = self.byte()?;
        let count = if header >> 4 == 15 { self.varint()? } else { (header >> 4) as u64 };
        for _ in 0..count {
            match header & 0x0f {
                // Elements that are booleans take a byte each.
                1 | 2 if of.is_none() => drop(self.byte()?),
                kind => self.value(kind, of)?,
            }
        }
        Some(())
    }

    fn fields(&mut self, known: &[(i64, Type)]) -> Option<()> {
        let mut id = 0;
        loop {
            let kind = self.field(&mut id)?;
            if kind == 0 {
                return Some(());
            }
            let expected = known.iter().find(|(known, _)| *known == id).map(|(_, expected)| expected);
            self.value(kind, expected)?;
        }
    }
}
