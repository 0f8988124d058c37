//! Parquet files put together byte by byte: for pages, counts and offsets that no sane writer gives.
//!
//! The bytes are what the description says; nothing is checked. Columns are flat, unless the schema elements are given.

use bytes::Bytes;

use super::thrift::{Struct, varint};

/// Physical types, by their numbers in the format.
pub const BOOLEAN: i32 = 0;
pub const INT32: i32 = 1;
pub const INT64: i32 = 2;
pub const INT96: i32 = 3;
pub const FLOAT: i32 = 4;
pub const DOUBLE: i32 = 5;
pub const BYTE_ARRAY: i32 = 6;
pub const FIXED: i32 = 7;

/// Encodings, by their numbers in the format.
pub const PLAIN: i32 = 0;
pub const PLAIN_DICTIONARY: i32 = 2;
pub const RLE: i32 = 3;
pub const BIT_PACKED: i32 = 4;
pub const DELTA_BINARY_PACKED: i32 = 5;
pub const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
pub const DELTA_BYTE_ARRAY: i32 = 7;
pub const RLE_DICTIONARY: i32 = 8;
pub const BYTE_STREAM_SPLIT: i32 = 9;

/// Codecs, by their numbers in the format.
pub const UNCOMPRESSED: i32 = 0;
pub const SNAPPY: i32 = 1;
pub const GZIP: i32 = 2;
pub const LZO: i32 = 3;
pub const BROTLI: i32 = 4;
pub const LZ4: i32 = 5;
pub const ZSTD: i32 = 6;
pub const LZ4_RAW: i32 = 7;

/// ConvertedType numbers.
pub const UTF8: i32 = 0;
pub const LIST: i32 = 3;
pub const DECIMAL: i32 = 5;

/// One page: header and body as they stand in the file.
#[derive(Debug, Clone)]
pub struct Page {
    pub header: Vec<u8>,
    pub body: Vec<u8>,
    pub dictionary: bool,
}

/// A data page of version 1 whose body is stored as it is.
pub fn data_v1(value_count: i32, encoding: i32, body: Vec<u8>) -> Page {
    data_v1_packed(value_count, encoding, body.len(), body)
}

/// A data page of version 1 with a compressed body.
pub fn data_v1_packed(value_count: i32, encoding: i32, uncompressed: usize, body: Vec<u8>) -> Page {
    data_v1_with_levels(value_count, encoding, RLE, uncompressed, body)
}

/// The same with the encoding of the definition levels named.
pub fn data_v1_with_levels(count: i32, encoding: i32, levels: i32, uncompressed: usize, body: Vec<u8>) -> Page {
    let inner = Struct::new().i32(1, count).i32(2, encoding).i32(3, levels).i32(4, RLE);
    page(0, uncompressed as i32, body, |header| header.nested(5, inner))
}

/// What the header of a version 2 page says.
#[derive(Debug, Clone, Copy)]
pub struct V2 {
    pub values: i32,
    pub nulls: i32,
    pub rows: i32,
    pub encoding: i32,
    pub level_bytes: i32,
    pub repetition_bytes: i32,
    pub is_compressed: Option<bool>,
    pub uncompressed: Option<i32>,
}

impl V2 {
    /// A page of so many values, one a row, with so many bytes of definition levels.
    pub fn new(values: i32, nulls: i32, encoding: i32, level_bytes: usize) -> Self {
        let level_bytes = level_bytes as i32;
        let (repetition_bytes, is_compressed, uncompressed) = (0, Some(false), None);
        Self { values, nulls, rows: values, encoding, level_bytes, repetition_bytes, is_compressed, uncompressed }
    }
}

/// A data page of version 2; `body` is levels and values.
pub fn data_v2(v2: V2, body: Vec<u8>) -> Page {
    let mut inner = Struct::new().i32(1, v2.values).i32(2, v2.nulls).i32(3, v2.rows).i32(4, v2.encoding);
    inner = inner.i32(5, v2.level_bytes).i32(6, v2.repetition_bytes);
    if let Some(is_compressed) = v2.is_compressed {
        inner = inner.bool(7, is_compressed);
    }
    page(3, v2.uncompressed.unwrap_or(body.len() as i32), body, |header| header.nested(8, inner))
}

/// A dictionary page whose body is stored as it is.
pub fn dictionary(value_count: i32, encoding: i32, body: Vec<u8>) -> Page {
    let inner = Struct::new().i32(1, value_count).i32(2, encoding);
    let mut page = page(2, body.len() as i32, body, |header| header.nested(7, inner));
    page.dictionary = true;
    page
}

/// An INDEX_PAGE.
pub fn index_page(body: Vec<u8>) -> Page {
    page(1, body.len() as i32, body, |header| header.nested(6, Struct::new()))
}

/// A page of any type, its sizes as claimed, `rest` adding the type's own header.
pub fn page_claiming(kind: i32, sizes: (i32, i32), body: Vec<u8>, rest: impl FnOnce(Struct) -> Struct) -> Page {
    let header = rest(Struct::new().i32(1, kind).i32(2, sizes.0).i32(3, sizes.1)).end();
    Page { header, body, dictionary: kind == 2 }
}

fn page(kind: i32, uncompressed: i32, body: Vec<u8>, rest: impl FnOnce(Struct) -> Struct) -> Page {
    let compressed = body.len() as i32;
    page_claiming(kind, (uncompressed, compressed), body, rest)
}

/// One column chunk.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    pub pages: Vec<Page>,
    /// What the chunk claims instead of the truth.
    pub value_count: Option<i64>,
    pub compressed_bytes: Option<i64>,
    pub data_page_offset: Option<i64>,
    /// `None`: the truth. `Some(None)`: absent. `Some(Some(x))`: x.
    pub dictionary_page_offset: Option<Option<i64>>,
    /// The first row of each data page: an offset index is written, behind the chunk.
    pub offset_index: Option<Vec<i64>>,
    /// The file that the chunk is said to lie in.
    pub file_path: Option<&'static str>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: &'static str,
    pub physical: i32,
    pub type_length: Option<i32>,
    pub converted: Option<i32>,
    pub scale_and_precision: Option<(i32, i32)>,
    pub logical: Option<Struct>,
    pub optional: bool,
    pub repeated: bool,
    pub codec: i32,
    /// One chunk a row group.
    pub chunks: Vec<Chunk>,
}

impl Column {
    /// A required, uncompressed column with one chunk.
    pub fn new(name: &'static str, physical: i32, pages: Vec<Page>) -> Self {
        let chunks = vec![Chunk { pages, ..Chunk::default() }];
        Self {
            name,
            physical,
            type_length: None,
            converted: None,
            scale_and_precision: None,
            logical: None,
            optional: false,
            repeated: false,
            codec: UNCOMPRESSED,
            chunks,
        }
    }

    /// The same, optional.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same with a ConvertedType.
    pub fn converted(mut self, converted: i32) -> Self {
        self.converted = Some(converted);
        self
    }

    /// The same with a codec.
    pub fn codec(mut self, codec: i32) -> Self {
        self.codec = codec;
        self
    }

    /// The same as FIXED_LEN_BYTE_ARRAY of `length` bytes.
    pub fn fixed(mut self, length: i32) -> Self {
        self.type_length = Some(length);
        self
    }

    /// The same as a decimal.
    pub fn decimal(mut self, scale: i32, precision: i32) -> Self {
        self.converted = Some(DECIMAL);
        self.scale_and_precision = Some((scale, precision));
        self
    }

    /// Changes what the only chunk says.
    pub fn chunk(mut self, change: impl FnOnce(&mut Chunk)) -> Self {
        change(&mut self.chunks[0]);
        self
    }

    /// Its element of the schema, by the last part of its name.
    pub fn schema_element(&self) -> Struct {
        let name = self.name.rsplit('.').next().unwrap_or_default();
        let mut element = Struct::new().i32(1, self.physical);
        if let Some(length) = self.type_length {
            element = element.i32(2, length);
        }
        element = element.i32(3, if self.repeated { 2 } else { self.optional as i32 }).binary(4, name.as_bytes());
        if let Some(converted) = self.converted {
            element = element.i32(6, converted);
        }
        if let Some((scale, precision)) = self.scale_and_precision {
            element = element.i32(7, scale).i32(8, precision);
        }
        match &self.logical {
            Some(logical) => element.nested(10, logical.clone()),
            None => element,
        }
    }
}

/// A file with one row group of `rows` rows.
pub fn file(rows: i64, columns: Vec<Column>) -> Bytes {
    file_of_groups(&[rows], columns)
}

/// A file with row groups of so many rows.
pub fn file_of_groups(groups: &[i64], columns: Vec<Column>) -> Bytes {
    let root = Struct::new().binary(4, b"schema").i32(5, columns.len() as i32);
    let schema = [root].into_iter().chain(columns.iter().map(Column::schema_element)).collect();
    file_of_schema(schema, groups, columns)
}

/// A group in a schema. `repetition` is 0 where it must be there, 1 where it may be missing, 2 where it repeats.
pub fn group(name: &str, repetition: i32, children: i32, converted: Option<i32>) -> Struct {
    let group = Struct::new().i32(3, repetition).binary(4, name.as_bytes()).i32(5, children);
    match converted {
        Some(converted) => group.i32(6, converted),
        None => group,
    }
}

/// A file whose schema elements are these, for columns that are named by their dotted paths.
pub fn file_of_schema(schema: Vec<Struct>, groups: &[i64], columns: Vec<Column>) -> Bytes {
    let groups: Vec<_> = groups.iter().map(|rows| (*rows, None)).collect();
    file_of_ordinals(schema, &groups, columns)
}

/// The same, each row group with its rows and the ordinal that it claims.
pub fn file_of_ordinals(schema: Vec<Struct>, groups: &[(i64, Option<i16>)], columns: Vec<Column>) -> Bytes {
    let mut bytes = b"PAR1".to_vec();
    let mut row_groups = Vec::new();
    for (group, (rows, ordinal)) in groups.iter().enumerate() {
        let chunks = columns.iter().map(|column| write_chunk(&mut bytes, column, &column.chunks[group])).collect();
        let size = bytes.len() as i64;
        let row_group = Struct::new().structs(1, chunks).i64(2, size).i64(3, *rows);
        row_groups.push(match ordinal {
            Some(ordinal) => row_group.i16(7, *ordinal),
            None => row_group,
        });
    }
    let rows = groups.iter().map(|(rows, _)| rows).sum();
    let footer = Struct::new().i32(1, 1).structs(2, schema).i64(3, rows).structs(4, row_groups).end();
    end_file(bytes, &footer)
}

/// Puts a footer and the tail behind `bytes`.
pub fn end_file(mut bytes: Vec<u8>, footer: &[u8]) -> Bytes {
    bytes.extend_from_slice(footer);
    bytes.extend((footer.len() as u32).to_le_bytes());
    bytes.extend(b"PAR1");
    Bytes::from(bytes)
}

/// Writes the pages; offset and length of each data page.
fn write_pages(bytes: &mut Vec<u8>, pages: &[Page]) -> Vec<(i64, i32)> {
    let mut data_pages = Vec::new();
    for page in pages {
        if !page.dictionary {
            data_pages.push((bytes.len() as i64, (page.header.len() + page.body.len()) as i32));
        }
        bytes.extend_from_slice(&page.header);
        bytes.extend_from_slice(&page.body);
    }
    data_pages
}

fn write_chunk(bytes: &mut Vec<u8>, column: &Column, chunk: &Chunk) -> Struct {
    let start = bytes.len() as i64;
    let data_pages = write_pages(bytes, &chunk.pages);
    let length = bytes.len() as i64 - start;
    let has_dictionary = chunk.pages.first().is_some_and(|page| page.dictionary);
    let dictionary_offset = chunk.dictionary_page_offset.unwrap_or(has_dictionary.then_some(start));
    let first_data_page = data_pages.first().map(|(offset, _)| *offset);
    let data_offset = chunk.data_page_offset.or(first_data_page).unwrap_or(start);
    let mut metadata = Struct::new()
        .i32(1, column.physical)
        .i32s(2, &[PLAIN, RLE, RLE_DICTIONARY])
        .strings(3, &column.name.split('.').collect::<Vec<_>>())
        .i32(4, column.codec)
        .i64(5, chunk.value_count.unwrap_or(1))
        .i64(6, length)
        .i64(7, chunk.compressed_bytes.unwrap_or(length))
        .i64(9, data_offset);
    if let Some(offset) = dictionary_offset {
        metadata = metadata.i64(11, offset);
    }
    let elsewhere = chunk.file_path.map(|path| Struct::new().binary(1, path.as_bytes()));
    let described = elsewhere.unwrap_or_default().i64(2, start).nested(3, metadata);
    match &chunk.offset_index {
        None => described,
        Some(first_rows) => {
            let index = offset_index(&data_pages, first_rows);
            let offset = bytes.len() as i64;
            bytes.extend_from_slice(&index);
            described.i64(4, offset).i32(5, index.len() as i32)
        }
    }
}

fn offset_index(data_pages: &[(i64, i32)], first_rows: &[i64]) -> Vec<u8> {
    let page =
        |((offset, length), row): (&(i64, i32), &i64)| Struct::new().i64(1, *offset).i32(2, *length).i64(3, *row);
    Struct::new().structs(1, data_pages.iter().zip(first_rows).map(page).collect()).end()
}

/// PLAIN values.
pub fn plain_i32(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// PLAIN byte arrays: length, then bytes.
pub fn plain_bytes(values: &[&[u8]]) -> Vec<u8> {
    values.iter().flat_map(|value| [&(value.len() as u32).to_le_bytes(), *value].concat()).collect()
}

/// One RLE run: `count` times `value`, in as many bytes as `width` bits need.
pub fn rle_run(count: u64, value: u64, width: u32) -> Vec<u8> {
    let mut bytes = varint(count << 1);
    bytes.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
    bytes
}

/// One bit-packed run of whole groups of eight; `values` are padded with zeros.
pub fn bit_packed_run(values: &[u32], width: u32) -> Vec<u8> {
    let groups = values.len().div_ceil(8);
    let mut bytes = varint((groups as u64) << 1 | 1);
    bytes.extend(packed(values, width, groups * width as usize));
    bytes
}

/// `values` of `width` bits each, least significant bit first, in `length` bytes.
pub fn packed(values: &[u32], width: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; length];
    for (index, value) in values.iter().enumerate() {
        for bit in (0..width).filter(|bit| value >> bit & 1 == 1) {
            let place = index * width as usize + bit as usize;
            bytes[place / 8] |= 1 << (place % 8);
        }
    }
    bytes
}

/// Dictionary indexes of a data page: the bit width, then one bit-packed run.
pub fn indexes(values: &[u32], width: u32) -> Vec<u8> {
    [vec![width as u8], bit_packed_run(values, width)].concat()
}

/// Definition levels (1 where present) as a bit-packed run without length prefix, as in version 2 pages.
pub fn levels(present: &[u32]) -> Vec<u8> {
    bit_packed_run(present, 1)
}

/// The same with the four-byte length of version 1 pages.
pub fn prefixed(bytes: Vec<u8>) -> Vec<u8> {
    [(bytes.len() as u32).to_le_bytes().to_vec(), bytes].concat()
}

/// DELTA_BINARY_PACKED values in blocks of `per_block` miniblocks of `miniblock` values, each delta as wide as the widest
/// of the stream needs.
pub fn delta_binary_packed(values: &[i64], miniblock: usize, per_block: usize) -> Vec<u8> {
    let zigzag = |value: i64| varint((value << 1 ^ value >> 63) as u64);
    let mut bytes =
        [varint((miniblock * per_block) as u64), varint(per_block as u64), varint(values.len() as u64)].concat();
    bytes.extend(zigzag(values.first().copied().unwrap_or(0)));
    let deltas: Vec<i64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = deltas.iter().copied().min().unwrap_or(0);
    let width = 64 - deltas.iter().fold(0, |all, delta| all | (delta - least) as u64).leading_zeros();
    for block in deltas.chunks(miniblock * per_block) {
        bytes.extend(zigzag(least));
        bytes.extend(vec![width as u8; per_block]);
        for deltas in block.chunks(miniblock) {
            let deltas: Vec<u32> = deltas.iter().map(|delta| (delta - least) as u32).collect();
            bytes.extend(packed(&deltas, width, miniblock / 8 * width as usize));
        }
    }
    bytes
}
