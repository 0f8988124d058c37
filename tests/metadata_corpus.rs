//! The metadata of every file of the corpus: what the `parquet` crate makes of it, and however its bytes are pushed.
//!
//! The corpus lies beside the checkout, in ../shared/corpus, with a manifest that says which files have to be read.
//! Where it is absent the tests say so and pass.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::string_slice
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::{DataType, Field, IntervalUnit};
use bytes::Bytes;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy as TheirPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use pqpush::metadata::{ColumnChunk, Metadata};
use pqpush::schema::PhysicalType;
use pqpush::{ByteRange, MetadataDecoder, MetadataOptions, MetadataStep, StringType};

/// One file of the corpus.
struct Sample {
    name: String,
    verdict: String,
    bytes: Bytes,
}

/// All files of both manifests.
fn corpus() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let mut samples = Vec::new();
    for folder in ["parquet-testing", "wild"] {
        let Ok(manifest) = fs::read_to_string(root.join(folder).join("manifest.jsonl")) else { continue };
        let paths = paths_by_name(&root.join(folder));
        for line in manifest.lines() {
            let (name, verdict) = (text_after(line, "\"name\": \""), text_after(line, "\"verdict\": \""));
            let path = root.join(folder).join(&name);
            let path = if path.is_file() { Some(&path) } else { paths.get(&name) };
            let path = path.unwrap_or_else(|| panic!("{name} is in the manifest but not there"));
            samples.push(Sample { name, verdict, bytes: fs::read(path).unwrap().into() });
        }
    }
    if samples.is_empty() {
        println!("skipped: no corpus");
    }
    samples
}

fn paths_by_name(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut paths = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), path);
            }
        }
    }
    paths
}

/// What stands between `start` and the next quote.
fn text_after(line: &str, start: &str) -> String {
    let from = line.find(start).unwrap_or_else(|| panic!("{start} is not in the manifest")) + start.len();
    line[from..].split('"').next().unwrap().to_owned()
}

/// Decodes with all bytes pushed at once.
fn decode_whole(bytes: &Bytes) -> pqpush::Result<Arc<Metadata>> {
    let mut decoder = MetadataDecoder::new(bytes.len() as u64, MetadataOptions::default())?;
    decoder.push(0, bytes.clone())?;
    match decoder.try_decode()? {
        MetadataStep::Finished(metadata) => Ok(metadata),
        MetadataStep::NeedsData(ranges) => panic!("asked for {ranges:?} although it has everything"),
    }
}

/// Decodes by answering exactly what is asked for, in pieces of `piece_bytes`; gives the bytes asked for as well.
fn decode_asked(bytes: &Bytes, footer_size_hint: u64, piece_bytes: usize) -> (pqpush::Result<Arc<Metadata>>, u64) {
    let options = MetadataOptions { footer_size_hint, ..MetadataOptions::default() };
    let mut asked = 0;
    let mut decoder = match MetadataDecoder::new(bytes.len() as u64, options) {
        Ok(decoder) => decoder,
        Err(error) => return (Err(error), 0),
    };
    loop {
        let ranges = match decoder.try_decode() {
            Ok(MetadataStep::NeedsData(ranges)) => ranges,
            Ok(MetadataStep::Finished(metadata)) => return (Ok(metadata), asked),
            Err(error) => return (Err(error), asked),
        };
        check_ranges(&ranges, bytes.len() as u64);
        for range in ranges {
            asked += range.length;
            let (start, end) = (range.offset as usize, range.end() as usize);
            for from in (start..end).step_by(piece_bytes) {
                decoder.push(from as u64, bytes.slice(from..end.min(from.saturating_add(piece_bytes)))).unwrap();
            }
        }
    }
}

fn check_ranges(ranges: &[ByteRange], file_length: u64) {
    assert!(!ranges.is_empty());
    assert!(ranges.iter().all(|range| range.length > 0 && range.end() <= file_length), "{ranges:?}");
    assert!(ranges.windows(2).all(|pair| pair[0].end() < pair[1].offset), "{ranges:?}");
}

#[test]
fn what_has_to_be_read_agrees_with_the_oracle() {
    for sample in corpus() {
        let ours = decode_whole(&sample.bytes);
        let reader = ParquetMetaDataReader::new().with_page_index_policy(TheirPolicy::Optional);
        let theirs = reader.parse_and_finish(&sample.bytes);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => compare(&sample.name, &ours, &theirs),
            (Ok(_), Err(_)) => {}
            (Err(error), theirs) => {
                let must = matches!(sample.verdict.as_str(), "certain" | "likely" | "conflict");
                assert!(!must, "{} ({}): {error}; theirs: {:?}", sample.name, sample.verdict, theirs.map(drop));
            }
        }
    }
}

fn compare(name: &str, ours: &Metadata, theirs: &ParquetMetaData) {
    let file = theirs.file_metadata();
    assert_eq!(ours.version, file.version(), "{name}");
    assert_eq!(ours.created_by.as_deref(), file.created_by(), "{name}");
    let pairs = file.key_value_metadata().map_or(&[][..], |pairs| pairs);
    assert!(
        ours.key_value
            .iter()
            .map(|pair| (&pair.key, &pair.value))
            .eq(pairs.iter().map(|pair| (&pair.key, &pair.value)))
    );
    compare_leaves(name, ours, theirs);
    compare_arrow(name, ours, theirs);
    assert_eq!(ours.row_groups.len(), theirs.num_row_groups(), "{name}");
    for (ordinal, group) in theirs.row_groups().iter().enumerate() {
        assert_eq!(ours.row_groups[ordinal].row_count, group.num_rows() as u64, "{name}");
        assert_eq!(ours.row_groups[ordinal].total_byte_size, group.total_byte_size() as u64, "{name}");
        assert_eq!(ours.chunks(ordinal).count(), group.num_columns(), "{name}");
        for (column, (ours, chunk)) in ours.chunks(ordinal).zip(group.columns()).enumerate() {
            let ours = ours.unwrap();
            compare_chunk(name, ours, chunk);
            let place = format!("{name}, row group {ordinal}, column {column}");
            let indexes = theirs.page_index_for_row_group(ordinal);
            compare_page_index(&place, ours, indexes.offset_index(column), indexes.column_index(column));
        }
    }
}

/// The name of an enum's member, however it is written.
fn plain_name(member: impl std::fmt::Debug) -> String {
    format!("{member:?}").replace('_', "").to_lowercase()
}

fn compare_leaves(name: &str, ours: &Metadata, theirs: &ParquetMetaData) {
    let descriptor = theirs.file_metadata().schema_descr();
    assert_eq!(ours.schema.leaves.len(), descriptor.num_columns(), "{name}");
    for (ordinal, (leaf, column)) in ours.schema.leaves.iter().zip(descriptor.columns()).enumerate() {
        let place = format!("{name}, column {ordinal}");
        assert!(leaf.path.names().eq(column.path().parts()), "{place}");
        assert_eq!(leaf.max_definition_level, column.max_def_level() as u16, "{place}");
        assert_eq!(leaf.max_repetition_level, column.max_rep_level() as u16, "{place}");
        match leaf.physical {
            PhysicalType::FixedLenByteArray(length) => {
                assert_eq!(plain_name(column.physical_type()), "fixedlenbytearray", "{place}");
                assert_eq!(length, column.type_length() as u32, "{place}");
            }
            other => assert_eq!(plain_name(other), plain_name(column.physical_type()), "{place}"),
        }
        assert!(ours.schema.leaves_of(leaf.dotted_path()).contains(&ordinal), "{place}");
    }
}

fn compare_arrow(name: &str, ours: &Metadata, theirs: &ParquetMetaData) {
    let ours = ours.schema.to_arrow(StringType::Utf8).unwrap();
    let Ok(theirs) = parquet_to_arrow_schema(theirs.file_metadata().schema_descr(), None) else { return };
    assert_eq!(ours.fields().len(), theirs.fields().len(), "{name}");
    for (ours, theirs) in ours.fields().iter().zip(theirs.fields()) {
        compare_field(&format!("{name}, field {}", theirs.name()), ours, theirs);
    }
}

fn compare_field(place: &str, ours: &Field, theirs: &Field) {
    assert_eq!(ours.name(), theirs.name(), "{place}");
    assert_eq!(ours.is_nullable(), theirs.is_nullable(), "{place}");
    let id = |field: &Field| field.metadata().get("PARQUET:field_id").cloned();
    assert!(id(theirs).is_none() || id(ours) == id(theirs), "{place}");
    match (ours.data_type(), theirs.data_type()) {
        (DataType::List(ours), DataType::List(theirs)) => compare_field(place, ours, theirs),
        (DataType::Map(ours, false), DataType::Map(theirs, false)) => compare_field(place, ours, theirs),
        (DataType::Struct(ours), DataType::Struct(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{place}");
            ours.iter().zip(theirs).for_each(|(ours, theirs)| compare_field(place, ours, theirs));
        }
        // Theirs has no room for months; and takes the decimal's width from the bytes, not from the precision.
        (DataType::Interval(IntervalUnit::MonthDayNano), DataType::Interval(IntervalUnit::DayTime)) => {}
        (DataType::Decimal128(precision, scale), DataType::Decimal256(their_precision, their_scale)) => {
            assert_eq!((precision, scale), (their_precision, their_scale), "{place}");
        }
        (ours, theirs) => assert_eq!(ours, theirs, "{place}"),
    }
}

fn compare_chunk(name: &str, ours: &ColumnChunk, theirs: &ColumnChunkMetaData) {
    assert_eq!(plain_name(ours.codec), plain_name(theirs.compression_codec()), "{name}");
    assert_eq!(ours.value_count, theirs.num_values() as u64, "{name}");
    assert_eq!(ours.compressed_bytes, theirs.compressed_size() as u64, "{name}");
    assert_eq!(ours.uncompressed_bytes, theirs.uncompressed_size() as u64, "{name}");
    assert_eq!(ours.data_page_offset, theirs.data_page_offset() as u64, "{name}");
    let dictionary = theirs.dictionary_page_offset().filter(|&offset| offset > 0 && offset < theirs.data_page_offset());
    assert_eq!(ours.dictionary_page_offset, dictionary.map(|offset| offset as u64), "{name}");
    let bloom_filter = theirs.bloom_filter_offset().map(|offset| offset as u64).filter(|&offset| offset > 0);
    assert_eq!(ours.bloom_filter_offset, bloom_filter, "{name}");
    let mut our_encodings: Vec<_> = ours.encodings.iter().map(plain_name).collect();
    let mut their_encodings: Vec<_> = theirs.encodings().map(plain_name).collect();
    our_encodings.sort();
    our_encodings.dedup();
    their_encodings.sort();
    assert_eq!(our_encodings, their_encodings, "{name}");
}

/// An index that ours dropped is not held against it: what it must not be is there and different.
fn compare_page_index(
    place: &str,
    ours: &ColumnChunk,
    offsets: Option<&OffsetIndexMetaData>,
    columns: Option<&ColumnIndexMetaData>,
) {
    if let (Some(ours), Some(theirs)) = (ours.offset_index(), offsets) {
        let their_pages = theirs.page_locations().iter();
        let their_pages = their_pages.map(|page| (page.offset, page.compressed_page_size, page.first_row_index));
        let our_pages = ours.pages.iter();
        let our_pages = our_pages.map(|page| (page.offset as i64, page.compressed_bytes as i32, page.first_row as i64));
        assert!(our_pages.eq(their_pages), "{place}");
    }
    if let (Some(ours), Some(theirs)) = (ours.column_index(), columns) {
        assert_eq!(ours.null_pages.len() as u64, theirs.num_pages(), "{place}");
        let null_pages = (0..ours.null_pages.len()).map(|page| theirs.is_null_page(page));
        assert!(ours.null_pages.iter().copied().eq(null_pages), "{place}");
        let counts =
            ours.null_counts.as_ref().map(|counts| counts.iter().map(|&count| count as i64).collect::<Vec<_>>());
        // Some writers put -1 for what they do not know.
        let known = theirs.null_counts().filter(|counts| counts.iter().all(|&count| count >= 0));
        assert_eq!(counts.as_ref(), known, "{place}");
        assert_eq!(Some(plain_name(ours.boundary_order)), theirs.get_boundary_order().map(plain_name), "{place}");
    }
}

/// Files (by a part of their name) whose offset indexes name rows behind the last one, row 0 for every page, or pages
/// without their headers.
const WRONG_OFFSET_INDEXES: &[&str] = &[
    "map-composite-value",
    "map-value-map",
    "pargo-prefix-nested",
    "sorting-col",
    "test-delta-binary-packed",
    "parquetjs__",
];

/// Files whose column indexes lack the null pages, or count the dictionary page as a page.
const WRONG_COLUMN_INDEXES: &[&str] = &["parquetjs__", "all-types", "int96-nil-min-max"];

#[test]
fn the_page_index_of_good_files_is_read() {
    let samples = corpus();
    for sample in samples.iter().filter(|sample| sample.verdict == "certain") {
        let wrong = |names: &[&str]| names.iter().any(|name| sample.name.contains(name));
        let metadata = decode_whole(&sample.bytes).unwrap();
        for ordinal in 0..metadata.row_groups.len() {
            for (column, chunk) in metadata.chunks(ordinal).map(Result::unwrap).enumerate() {
                let place = format!("{}, row group {ordinal}, column {column}", sample.name);
                let read = chunk.offset_index().is_some() || chunk.offset_index_range.is_none();
                assert!(read || wrong(WRONG_OFFSET_INDEXES), "{place}");
                let read = chunk.column_index().is_some() || chunk.column_index_range.is_none();
                assert!(read || wrong(WRONG_OFFSET_INDEXES) || wrong(WRONG_COLUMN_INDEXES), "{place}");
            }
        }
    }
}

/// The metadata as text, or the error.
fn outcome(result: &pqpush::Result<Arc<Metadata>>) -> String {
    match result {
        Ok(metadata) => format!("{metadata:?}"),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn however_the_bytes_come_the_metadata_are_the_same() {
    for sample in corpus() {
        let bytes = &sample.bytes;
        let whole = decode_whole(bytes);
        let (with_hint, _) = decode_asked(bytes, 64 * 1024, usize::MAX);
        assert_eq!(outcome(&with_hint), outcome(&whole), "{}", sample.name);
        let (exact, asked) = decode_asked(bytes, 0, usize::MAX);
        assert_eq!(outcome(&exact), outcome(&whole), "{}", sample.name);
        if let Ok(metadata) = &exact {
            assert_eq!(asked, metadata_bytes(bytes, metadata), "{}", sample.name);
        }
        if bytes.len() < 20_000 {
            let (single, asked_single) = decode_asked(bytes, 0, 1);
            assert_eq!(outcome(&single), outcome(&whole), "{}", sample.name);
            assert_eq!(asked_single, asked, "{}", sample.name);
        }
    }
}

/// Bytes of tail, footer and page index.
fn metadata_bytes(bytes: &Bytes, metadata: &Metadata) -> u64 {
    let length = bytes[bytes.len() - 8..].first_chunk().copied().unwrap();
    let chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).flatten();
    let indexes = chunks.flat_map(|chunk| [chunk.offset_index_range, chunk.column_index_range]);
    8 + u64::from(u32::from_le_bytes(length)) + indexes.flatten().map(|range| range.length).sum::<u64>()
}

#[test]
fn single_bytes_backwards_and_unasked_are_enough() {
    for sample in corpus() {
        if sample.bytes.len() > 5_000 {
            continue;
        }
        let whole = decode_whole(&sample.bytes);
        let Ok(mut decoder) = MetadataDecoder::new(sample.bytes.len() as u64, MetadataOptions::default()) else {
            continue;
        };
        let mut result = None;
        for offset in (0..sample.bytes.len()).rev() {
            decoder.push(offset as u64, sample.bytes.slice(offset..offset + 1)).unwrap();
            match decoder.try_decode() {
                Ok(MetadataStep::NeedsData(_)) => {}
                Ok(MetadataStep::Finished(metadata)) => {
                    result = Some(Ok(metadata));
                    break;
                }
                Err(error) => {
                    result = Some(Err(error));
                    break;
                }
            }
        }
        assert_eq!(outcome(&result.expect("all bytes are there")), outcome(&whole), "{}", sample.name);
    }
}

#[test]
fn damaged_metadata_give_an_error_or_metadata() {
    let mut decoded = 0;
    for sample in corpus().iter().filter(|sample| sample.bytes.len() < 1500) {
        let length = sample.bytes.len();
        let footer_bytes =
            sample.bytes[length.saturating_sub(8)..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let footer_start = length.saturating_sub(8).saturating_sub(footer_bytes as usize);
        for position in footer_start..length {
            for value in [0, 0xff, sample.bytes[position] ^ 0x10, sample.bytes[position].wrapping_add(1)] {
                let mut damaged = sample.bytes.to_vec();
                damaged[position] = value;
                if let Ok(metadata) = decode_whole(&damaged.into()) {
                    metadata.schema.to_arrow(StringType::Utf8View).unwrap();
                    // Arrow arrays take their time: a part of the damages has to do.
                    let columns = if position % 5 == 0 { metadata.schema.leaves.len() } else { 0 };
                    for column in 0..columns {
                        let rows = metadata.column_statistics(column, StringType::Utf8).map(|rows| rows.len());
                        let mut chunks = (0..metadata.row_groups.len()).map(|group| metadata.chunk(group, column));
                        match chunks.find_map(Result::err) {
                            None => assert_eq!(rows.unwrap(), metadata.row_groups.len()),
                            Some(error) => assert_eq!(format!("{:?}", rows.unwrap_err()), format!("{error:?}")),
                        }
                        let _ = metadata.page_statistics(column, StringType::Utf8View);
                    }
                    decoded += 1;
                }
            }
        }
        for length in 0..length {
            let cut = decode_whole(&sample.bytes.slice(..length));
            assert!(cut.is_err(), "{} cut to {length} bytes", sample.name);
        }
    }
    println!("{decoded} damaged files were still readable");
}
