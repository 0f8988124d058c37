//! A case of nested data: rows, how they are written, how they are read; its check against the `parquet` crate, and how it
//! gets smaller while it fails.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, GenericListArray, MapArray, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, FieldRef, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, Encoding, Type as Physical, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{CdcOptions, EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::SchemaDescriptor;
use pqpush::{RowSelection, ScanOptions, StringType};

use super::compare::{assert_batches, plain_strings, reference, whole_columns, with_string_type};
use super::host::{By, Feed, quick_feeds, scan_with};
use super::nested::random_rows;
use super::random::{Random, mix};

/// How often a smaller case is tried.
const MOST_TRIES: usize = 400;

/// How rows are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Writing {
    pub v2: bool,
    pub page_index: bool,
    pub page_rows: usize,
    pub page_bytes: usize,
    pub write_rows: usize,
    pub row_group_rows: usize,
    /// The largest size of a dictionary, where there are dictionaries.
    pub dictionary_bytes: Option<usize>,
    pub codec: Compression,
    /// Values are PLAIN where it is 0, else in encodings chosen by it.
    pub encodings: u64,
    /// Pages cut by their contents, which gives pages without values.
    pub cut_by_content: bool,
    /// The types that were written are kept in `ARROW:schema`.
    pub hint: bool,
    /// Statistics of row groups where there is no page index.
    pub chunk_statistics: bool,
    /// Columns with their bit set have neither statistics nor a column index.
    pub bare_columns: u64,
    /// Bounds of strings are cut off at so many bytes.
    pub bound_bytes: usize,
    pub bloom_filters: bool,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            v2: false,
            page_index: false,
            page_rows: 20_000,
            page_bytes: 1 << 20,
            write_rows: 1024,
            row_group_rows: 1 << 20,
            dictionary_bytes: None,
            codec: Compression::UNCOMPRESSED,
            encodings: 0,
            cut_by_content: false,
            hint: false,
            chunk_statistics: false,
            bare_columns: 0,
            bound_bytes: 64,
            bloom_filters: false,
        }
    }
}

impl Writing {
    /// Any way that suits so few rows; statistics and bloom filters stay as they are by default.
    pub fn random(random: &mut Random, rows: usize) -> Self {
        let codecs = [
            Compression::UNCOMPRESSED,
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::default()),
        ];
        Self {
            v2: random.percent(50),
            page_index: random.percent(50),
            page_rows: 1 + random.below(random.clone().pick(&[3, 20, 1000])),
            page_bytes: random.pick(&[1, 64, 1 << 20]),
            write_rows: random.pick(&[1, 3, 64, 1024]),
            row_group_rows: 1 + random.below(rows * 2),
            dictionary_bytes: random.pick(&[None, Some(40), Some(1 << 20)]),
            codec: random.pick(&codecs),
            encodings: if random.percent(50) { random.bits() } else { 0 },
            cut_by_content: random.percent(10),
            hint: random.percent(40),
            ..Self::default()
        }
    }

    /// Writes rows; `note` comes among the key-value metadata.
    pub fn write(&self, rows: &RecordBatch, note: &str) -> Bytes {
        let schema = rows.schema();
        let parquet_schema = ArrowSchemaConverter::new().convert(&schema).expect("a schema that the writer takes");
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties(&parquet_schema, note))
            .with_skip_arrow_metadata(!self.hint);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).expect("a writer");
        writer.write(rows).expect("rows that the writer takes");
        Bytes::from(writer.into_inner().expect("a whole file"))
    }

    /// The same nearer to the default, one thing at a time; row groups stay as they are.
    pub fn plainer(&self) -> Vec<Self> {
        let (plain, now) = (Self::default(), self);
        let candidates = vec![
            Self { row_group_rows: now.row_group_rows, ..plain.clone() },
            Self { v2: false, ..now.clone() },
            Self { page_index: false, ..now.clone() },
            Self { page_rows: plain.page_rows, page_bytes: plain.page_bytes, ..now.clone() },
            Self { write_rows: plain.write_rows, ..now.clone() },
            Self { dictionary_bytes: None, ..now.clone() },
            Self { codec: plain.codec, ..now.clone() },
            Self { encodings: 0, ..now.clone() },
            Self { cut_by_content: false, ..now.clone() },
            Self { hint: false, ..now.clone() },
            Self { chunk_statistics: false, ..now.clone() },
            Self { bare_columns: 0, ..now.clone() },
            Self { bound_bytes: plain.bound_bytes, ..now.clone() },
            Self { bloom_filters: false, ..now.clone() },
        ];
        candidates.into_iter().filter(|writing| writing != now).collect()
    }

    fn properties(&self, schema: &SchemaDescriptor, note: &str) -> WriterProperties {
        let version = if self.v2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let statistics = match (self.page_index, self.chunk_statistics) {
            (true, _) => EnabledStatistics::Page,
            (false, true) => EnabledStatistics::Chunk,
            (false, false) => EnabledStatistics::None,
        };
        let chunking = CdcOptions { min_chunk_size: 64, max_chunk_size: 512, ..CdcOptions::default() };
        let mut builder = WriterProperties::builder()
            .set_writer_version(version)
            .set_statistics_enabled(statistics)
            .set_offset_index_disabled(!self.page_index)
            .set_statistics_truncate_length(Some(self.bound_bytes))
            .set_column_index_truncate_length(Some(self.bound_bytes))
            .set_bloom_filter_enabled(self.bloom_filters)
            .set_data_page_row_count_limit(self.page_rows)
            .set_data_page_size_limit(self.page_bytes)
            .set_write_batch_size(self.write_rows)
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .set_dictionary_enabled(self.dictionary_bytes.is_some())
            .set_dictionary_page_size_limit(self.dictionary_bytes.unwrap_or(1))
            .set_compression(self.codec)
            .set_encoding(Encoding::PLAIN)
            .set_content_defined_chunking(self.cut_by_content.then_some(chunking))
            .set_key_value_metadata(Some(vec![KeyValue::new("case".to_owned(), note.to_owned())]));
        for (index, column) in schema.columns().iter().enumerate() {
            if self.bare_columns >> (index % 64) & 1 == 1 {
                builder = builder.set_column_statistics_enabled(column.path().clone(), EnabledStatistics::None);
            }
            if self.encodings == 0 {
                continue;
            }
            let encodings = encodings(column.physical_type());
            let encoding = encodings[(mix(self.encodings ^ index as u64) % encodings.len() as u64) as usize];
            builder = builder.set_column_encoding(column.path().clone(), encoding);
        }
        builder.build()
    }
}

fn encodings(physical: Physical) -> &'static [Encoding] {
    match physical {
        // The writer panics over RLE in a page without values.
        Physical::BOOLEAN => &[Encoding::PLAIN],
        Physical::INT32 | Physical::INT64 => &[Encoding::DELTA_BINARY_PACKED, Encoding::BYTE_STREAM_SPLIT],
        Physical::FLOAT | Physical::DOUBLE => &[Encoding::BYTE_STREAM_SPLIT, Encoding::PLAIN],
        Physical::BYTE_ARRAY => &[Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY],
        Physical::FIXED_LEN_BYTE_ARRAY => &[Encoding::DELTA_BYTE_ARRAY, Encoding::BYTE_STREAM_SPLIT],
        Physical::INT96 => &[Encoding::PLAIN],
    }
}

/// Rows, how they are written, and how they are read.
#[derive(Debug, Clone)]
pub struct Case {
    pub rows: RecordBatch,
    pub writing: Writing,
    pub options: ScanOptions,
    pub feed: Feed,
}

impl Case {
    /// The case of that seed.
    pub fn random(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let most = random.pick(&[1, 10, 60, 60, 300]);
        let (depth, count) = (random.below(7), 1 + random.below(most));
        let rows = random_rows(&mut random, depth, count);
        let mut writing = Writing::random(&mut random, count);
        // Which dictionaries are kept is another question than the types.
        writing.hint &= !rows.schema().to_string().contains("Dictionary");
        let options = random_options(&mut random, &rows, writing.row_group_rows);
        let feed = random.pick(&quick_feeds(seed));
        Self { rows, writing, options, feed }
    }

    /// The file, with the case's options among its key-value metadata.
    pub fn write(&self) -> Bytes {
        self.writing.write(&self.rows, &format!("{:?} {:?} {:?}", self.writing, self.options, self.feed))
    }

    /// What is wrong with how the rows are read.
    pub fn check(&self) -> Result<(), String> {
        let file = self.write();
        let check = || {
            assert_same(&file, &self.options, self.feed, "");
            if self.writing.hint {
                self.assert_as_written(&file);
            }
        };
        catch_unwind(AssertUnwindSafe(check)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or(panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default()
        })
    }

    /// By the hint the rows have the types that were written; so no reference is needed.
    fn assert_as_written(&self, file: &Bytes) {
        let count = self.rows.num_rows();
        let offset = count.min(self.options.offset as usize);
        let rows = self.options.limit.map_or(count, |limit| limit as usize).min(count - offset);
        let (batch_rows, max_buffered_bytes) = (self.options.batch_rows, self.options.max_buffered_bytes);
        let (offset, limit) = (self.options.offset, self.options.limit);
        let options = ScanOptions { batch_rows, max_buffered_bytes, offset, limit, ..ScanOptions::default() };
        let scan = scan_with(file, options, self.feed, By::Push).unwrap_or_else(|error| panic!("{error:?}"));
        assert_batches(&scan, batch_rows, "with the hint");
        let written = self.rows.slice(count.min(offset as usize), rows);
        for (ours, (field, expected)) in
            whole_columns(&scan).iter().zip(written.schema().fields().iter().zip(written.columns()))
        {
            assert_eq!(ours.data_type(), field.data_type(), "type of {} with the hint", field.name());
            assert!(ours == expected, "{} with the hint: ours {ours:?}, expected {expected:?}", field.name());
        }
    }

    /// A smaller case that fails too.
    pub fn shrunk(self) -> Self {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let (mut smallest, mut tries) = (self, 0);
        let mut fails = |case: &Self| {
            tries += 1;
            tries < MOST_TRIES && case.check().is_err()
        };
        while let Some(smaller) = smallest.smaller().into_iter().find(&mut fails) {
            smallest = smaller;
        }
        std::panic::set_hook(hook);
        smallest
    }

    fn smaller(&self) -> Vec<Self> {
        let mut cases = Vec::new();
        let columns = self.rows.num_columns();
        for column in (0..columns).filter(|_| columns > 1) {
            let kept: Vec<usize> = (0..columns).filter(|other| *other != column).collect();
            cases.push(self.with_rows(self.rows.project(&kept).expect("columns of the rows")));
        }
        cases.extend((0..columns).flat_map(|column| self.without_one_level(column)));
        let count = self.rows.num_rows();
        for piece in [count / 2, count / 4, 1] {
            for start in (0..count).step_by(piece.max(1)).filter(|_| piece > 0 && piece < count).take(64) {
                let end = count.min(start + piece);
                let parts = [self.rows.slice(0, start), self.rows.slice(end, count - end)];
                let left = arrow_select::concat::concat_batches(&self.rows.schema(), &parts);
                cases.push(self.with_rows(left.expect("parts of one schema")));
            }
        }
        cases.extend(self.with_plainer_options());
        cases.extend(self.with_plainer_writing());
        cases
    }

    fn with_rows(&self, rows: RecordBatch) -> Self {
        let mut case = Self { rows, ..self.clone() };
        let schema = case.rows.schema();
        let is_there = |name: &String| schema.field_with_name(name.split('.').next().unwrap_or_default()).is_ok();
        case.options.columns = case.options.columns.map(|names| names.into_iter().filter(is_there).collect());
        if case.rows.num_rows() != self.rows.num_rows() {
            (case.options.row_selection, case.options.row_groups) = (None, None);
        }
        case
    }

    /// The same with a child of a struct in its place, or the values of a list as the only rows.
    fn without_one_level(&self, column: usize) -> Vec<Self> {
        let array = self.rows.column(column);
        let with = |field: &FieldRef, child: &ArrayRef, alone: bool| {
            let mut fields: Vec<FieldRef> = self.rows.schema().fields().to_vec();
            let mut arrays = self.rows.columns().to_vec();
            (fields[column], arrays[column]) = (field.clone(), child.clone());
            if alone {
                (fields, arrays) = (vec![field.clone()], vec![child.clone()]);
            }
            let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).ok()?;
            let mut case = self.with_rows(rows);
            case.options.columns = None;
            Some(case)
        };
        match array.data_type() {
            DataType::Struct(fields) => {
                let children = array.as_struct().columns();
                fields.iter().zip(children).filter_map(|(field, child)| with(field, child, false)).collect()
            }
            DataType::List(field) => with(field, array.as_list::<i32>().values(), true).into_iter().collect(),
            DataType::LargeList(field) => with(field, array.as_list::<i64>().values(), true).into_iter().collect(),
            DataType::FixedSizeList(field, _) => {
                with(field, array.as_fixed_size_list().values(), true).into_iter().collect()
            }
            DataType::Map(field, _) => {
                let entries: ArrayRef = Arc::new(array.as_map().entries().clone());
                with(field, &entries, true).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn with_plainer_options(&self) -> Vec<Self> {
        let plain = ScanOptions::default();
        let candidates = [
            plain.clone(),
            ScanOptions { columns: None, ..self.options.clone() },
            ScanOptions { row_groups: None, row_selection: None, ..self.options.clone() },
            ScanOptions { row_selection: None, ..self.options.clone() },
            ScanOptions { offset: 0, ..self.options.clone() },
            ScanOptions { limit: None, ..self.options.clone() },
            ScanOptions { max_buffered_bytes: None, ..self.options.clone() },
            ScanOptions { coalesce_gap: 0, ..self.options.clone() },
            ScanOptions { batch_rows: plain.batch_rows, ..self.options.clone() },
            ScanOptions { string_type: StringType::Utf8, ..self.options.clone() },
        ];
        let plainer = candidates.into_iter().filter(|options| *options != self.options);
        let mut cases: Vec<Self> = plainer.map(|options| Self { options, ..self.clone() }).collect();
        if self.feed != Feed::Asked {
            cases.push(Self { feed: Feed::Asked, ..self.clone() });
        }
        cases
    }

    fn with_plainer_writing(&self) -> Vec<Self> {
        let mut candidates = self.writing.plainer();
        if self.options.row_groups.is_none() && self.writing.row_group_rows < Writing::default().row_group_rows {
            let row_group_rows = Writing::default().row_group_rows;
            candidates.push(Writing { row_group_rows, ..self.writing.clone() });
        }
        candidates.into_iter().map(|writing| Self { writing, ..self.clone() }).collect()
    }
}

/// Asserts that a file is read as the reference reads it, both without the hint of `ARROW:schema`.
pub fn assert_same(file: &Bytes, options: &ScanOptions, feed: Feed, context: &str) {
    let without_hint = ScanOptions { ignore_arrow_schema: true, ..options.clone() };
    let scan = scan_with(file, without_hint, feed, By::Push).unwrap_or_else(|error| panic!("{error:?}: {context}"));
    let expected = reference(file, options);
    assert_batches(&scan, options.batch_rows, context);
    assert_eq!(scan.row_count(), expected.rows, "rows: {context}");
    assert_eq!(scan.schema.fields().len(), expected.columns.len(), "columns: {context}");
    for ((ours, field), (expected, wanted)) in
        whole_columns(&scan).iter().zip(scan.schema.fields()).zip(expected.columns.iter().zip(expected.schema.fields()))
    {
        let wanted = with_strings(wanted, options.string_type);
        assert_eq!(field, &wanted, "field: {context}");
        let ours = with_plain_strings(ours);
        assert_eq!(ours.len(), expected.len(), "rows of {}: {context}", field.name());
        if ours.as_ref() != expected.as_ref() {
            let differs = |row: &usize| ours.slice(*row, 1).as_ref() != expected.slice(*row, 1).as_ref();
            let row = (0..ours.len()).find(differs).expect("arrays that differ differ in a row");
            let (ours, expected) = (ours.slice(row, 1), expected.slice(row, 1));
            panic!("{} row {row}: ours {ours:?}, expected {expected:?}: {context}", field.name());
        }
    }
}

/// The field with strings of that type, at any depth.
fn with_strings(field: &FieldRef, string_type: StringType) -> FieldRef {
    let inner = |child: &FieldRef| with_strings(child, string_type);
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(child) => DataType::List(inner(child)),
        DataType::Map(child, sorted) => DataType::Map(inner(child), *sorted),
        leaf => with_string_type(leaf, string_type),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The same values, strings as Utf8 and Binary at any depth.
fn with_plain_strings(array: &ArrayRef) -> ArrayRef {
    let element = |field: &FieldRef, values: &ArrayRef| Field::clone(field).with_data_type(values.data_type().clone());
    match array.data_type() {
        DataType::Struct(fields) => {
            let children: Vec<ArrayRef> = array.as_struct().columns().iter().map(with_plain_strings).collect();
            let fields = fields.iter().zip(&children).map(|(field, child)| element(field, child)).collect();
            let nulls = array.nulls().cloned();
            Arc::new(StructArray::try_new_with_length(fields, children, nulls, array.len()).expect("a struct"))
        }
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let (values, offsets, nulls) =
                (with_plain_strings(list.values()), list.offsets().clone(), list.nulls().cloned());
            let field = Arc::new(element(field, &values));
            Arc::new(GenericListArray::<i32>::try_new(field, offsets, values, nulls).expect("a list"))
        }
        DataType::Map(field, sorted) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = with_plain_strings(&entries);
            let field = Arc::new(element(field, &entries));
            let (offsets, entries, nulls) = (map.offsets().clone(), entries.as_struct().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, *sorted).expect("a map"))
        }
        _ => plain_strings(array),
    }
}

fn random_options(random: &mut Random, rows: &RecordBatch, row_group_rows: usize) -> ScanOptions {
    let count = rows.num_rows();
    let mut options = ScanOptions { batch_rows: random.pick(&[1, 2, 7, 30, 64, 8192]), ..ScanOptions::default() };
    options.string_type =
        random.pick(&[StringType::Utf8, StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View]);
    if random.percent(50) {
        options.columns = Some(random_projection(random, rows));
    }
    let mut chosen = count;
    if random.percent(20) {
        let mut groups: Vec<u32> = (0..count.div_ceil(row_group_rows) as u32).collect();
        random.shuffle(&mut groups);
        groups.truncate(1 + random.below(groups.len()));
        let rows_of = |group: &u32| row_group_rows.min(count - *group as usize * row_group_rows);
        chosen = groups.iter().map(rows_of).sum();
        options.row_groups = Some(groups);
    }
    if random.percent(25) {
        let mut runs = Vec::new();
        let mut left = chosen;
        while left > 0 {
            let run = left.min(1 + random.below(20));
            runs.push((run as u64, random.percent(50)));
            left -= run;
        }
        options.row_selection = Some(RowSelection::from_runs(runs).expect("as many rows as there are"));
    }
    if random.percent(25) {
        options.offset = random.below(count + 3) as u64;
    }
    if random.percent(25) {
        options.limit = Some(random.below(count + 3) as u64);
    }
    if random.percent(30) {
        options.max_buffered_bytes = Some(random.pick(&[1, 300, 100_000]));
    }
    if random.percent(20) {
        options.coalesce_gap = random.pick(&[1, 100, 10_000]);
    }
    options
}

/// Any leaves, and groups now and then; of a map both sides or none, because the reference drops maps of one side.
fn random_projection(random: &mut Random, rows: &RecordBatch) -> Vec<String> {
    let schema = ArrowSchemaConverter::new().convert(&rows.schema()).expect("a schema that the writer takes");
    let paths: Vec<Vec<String>> = schema.columns().iter().map(|column| column.path().parts().to_vec()).collect();
    let percent = random.pick(&[10, 40, 80]);
    let mut chosen: BTreeSet<usize> = (0..paths.len()).filter(|_| random.percent(percent)).collect();
    // An entry of a map is the group "entries" of this module's data.
    loop {
        let entries = |leaf: &usize| {
            let places = paths[*leaf].iter().enumerate().filter(|(_, part)| *part == "entries");
            places.map(|(place, _)| paths[*leaf][..=place].to_vec()).collect::<Vec<_>>()
        };
        let maps: BTreeSet<Vec<String>> = chosen.iter().flat_map(entries).collect();
        let one_sided = maps.iter().find(|map| {
            let side =
                |name| chosen.iter().any(|leaf| paths[*leaf].starts_with(map) && paths[*leaf][map.len()] == name);
            !(side("key") && side("value"))
        });
        let Some(map) = one_sided else { break };
        chosen.extend((0..paths.len()).filter(|leaf| paths[*leaf].starts_with(map)));
    }
    chosen.iter().map(|leaf| paths[*leaf].join(".")).collect()
}
