//! The encrypted files of the corpus, written by parquet-cpp and parquet-mr, with their published keys: the rows are those
//! that the `parquet` crate reads; where it cannot (AES_GCM_CTR_V1), those of the same table encrypted otherwise.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type};
use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::encryption::decrypt::FileDecryptionProperties;
use pqpush::metadata::{BloomFilter, Probe};
use pqpush::{
    BloomFilterDecoder, BloomFilterStep, DecryptionProperties, ErrorKind, Key, Metadata, MetadataOptions,
    PageIndexPolicy, Result, ScanOptions,
};

use support::compare::{assert_batches, assert_values, whole_columns};
use support::corpus::corpus;
use support::host::{By, Feed, metadata_options, metadata_with, scan_metadata};

const PARQUET_TESTING: &str = "parquet-testing/data";
const WILD: &str =
    "wild/encrypted/apache-pinot__pinot-plugins__pinot-input-format__pinot-parquet__src__test__resources__test-data2__";

/// A set of published keys: of the footer, and of the columns.
struct KeySet {
    footer: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

const AES_128: KeySet = KeySet {
    footer: "0123456789012345",
    columns: &[("double_field", "1234567890123450"), ("float_field", "1234567890123451")],
};

const AES_256: KeySet = KeySet {
    footer: "01234567890123456789012345678901",
    columns: &[
        ("double_field", "12345678901234567890123456789012"),
        ("float_field", "12345678901234567890123456789013"),
        ("boolean_field", "12345678901234567890123456789014"),
        ("int32_field", "12345678901234567890123456789015"),
        ("ba_field", "12345678901234567890123456789016"),
        ("flba_field", "12345678901234567890123456789017"),
        ("int64_field.list.element", "12345678901234567890123456789018"),
        ("int96_field", "12345678901234567890123456789019"),
    ],
};

/// The columns that are read of all files: all but `int96_field`, whose values lie outside what nanoseconds can say, and,
/// of the files from Pinot, `int64_field`, whose first repetition level is not 0. Both are refused on purpose.
const READABLE: [&str; 7] =
    ["boolean_field", "int32_field", "int64_field", "float_field", "double_field", "ba_field", "flba_field"];

/// Whether the file takes an AAD prefix that it does not store.
fn prefix(name: &str) -> Option<&'static str> {
    name.contains("disable_aad_storage").then_some("tester")
}

impl KeySet {
    fn ours(&self, name: &str) -> DecryptionProperties {
        let key = |text: &str| Key::new(text.as_bytes()).unwrap();
        let keys = DecryptionProperties::default().with_footer_key(key(self.footer));
        let keys = self.columns.iter().fold(keys, |keys, (path, text)| keys.with_column_key(*path, key(text)));
        match prefix(name) {
            Some(prefix) => keys.with_aad_prefix(prefix),
            None => keys,
        }
    }

    fn theirs(&self, name: &str) -> Arc<FileDecryptionProperties> {
        let mut builder = FileDecryptionProperties::builder(self.footer.into());
        // The crate takes no keys for columns of a file that has none.
        for (path, text) in self.columns.iter().filter(|_| !name.contains("uniform")) {
            builder = builder.with_column_key(path, (*text).into());
        }
        if let Some(prefix) = prefix(name) {
            builder = builder.with_aad_prefix(prefix.into());
        }
        builder.build().unwrap()
    }
}

/// Columns of `file` by the `parquet` crate.
fn reference(file: &Bytes, keys: Arc<FileDecryptionProperties>, names: &[&str]) -> Vec<ArrayRef> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_file_decryption_properties(keys);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options).expect("keys that fit");
    let all = builder.parquet_schema().root_schema().get_fields().iter();
    let chosen: Vec<usize> =
        all.enumerate().filter(|(_, field)| names.contains(&field.name())).map(|(i, _)| i).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), chosen);
    let builder = builder.with_projection(mask);
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(|batch| batch.unwrap()).collect();
    let schema = batches[0].schema();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap().columns().to_vec()
}

fn columns(names: &[&str]) -> ScanOptions {
    ScanOptions { columns: Some(names.iter().map(|name| (*name).to_owned()).collect()), ..ScanOptions::default() }
}

fn open(file: &Bytes, keys: DecryptionProperties, feed: Feed) -> Result<Arc<Metadata>> {
    metadata_with(file, MetadataOptions { decryption: Some(keys), ..metadata_options() }, feed)
}

fn assert_columns(found: &[ArrayRef], expected: &[ArrayRef], context: &str) {
    assert_eq!(found.len(), expected.len(), "{context}");
    found.iter().zip(expected).for_each(|(ours, theirs)| assert_values(ours, theirs, context));
}

/// Reads the file in several ways, and asserts that the columns are as expected.
fn assert_reads(file: &Bytes, keys: &DecryptionProperties, names: &[&str], expected: &[ArrayRef], name: &str) {
    for feed in [Feed::Whole, Feed::Asked, Feed::Shuffled(5), Feed::ByteByByte] {
        let context = format!("{name} {feed:?}");
        let metadata = open(file, keys.clone(), feed).expect(&context);
        let options = ScanOptions { batch_rows: 17, ..columns(names) };
        let scan = scan_metadata(file, metadata, options, feed, By::Push).expect(&context);
        assert_batches(&scan, 17, &context);
        assert_columns(&whole_columns(&scan), expected, &context);
    }
}

/// Reads the columns `names` of all files, which hold one table, written with `keys`.
fn check_files(files: &[(String, Bytes)], keys: &KeySet, names: &[&str]) {
    let twin = files.iter().find(|(name, _)| name.contains("columns_and_footer.")).expect("the plainest of them");
    for (name, file) in files {
        let (name_to_read, to_read) = if name.contains("_ctr") { (&twin.0, &twin.1) } else { (name, file) };
        let expected = reference(to_read, keys.theirs(name_to_read), names);
        assert_eq!((expected.len(), expected[0].len()), (names.len(), 50), "{name}");
        assert_reads(file, &keys.ours(name), names, &expected, name);
        let metadata = open(file, keys.ours(name), Feed::Asked).unwrap();
        let int96 =
            scan_metadata(file, metadata, columns(&["int96_field"]), Feed::Asked, By::Push).map(drop).unwrap_err();
        assert!(int96.message().starts_with("INT96 value 0"), "{name}: {int96}");
    }
}

fn files(directory: &Path, prefix: &str) -> Vec<(String, Bytes)> {
    let entries = fs::read_dir(directory).expect("a directory of the corpus").map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path));
    let encrypted = named.filter(|(name, _)| name.starts_with(prefix) && name.contains(".parquet.encrypted"));
    encrypted.map(|(name, path)| (name, fs::read(path).unwrap().into())).collect()
}

#[test]
fn parquet_testing_files_of_128_bits() {
    let Some(corpus) = corpus() else { return };
    let mut found = files(&corpus.join(PARQUET_TESTING), "");
    found.retain(|(name, _)| !name.contains("external_key_material") && !name.contains("bloom_filter"));
    assert_eq!(found.len(), 6);
    check_files(&found, &AES_128, &READABLE);
}

#[test]
fn parquet_testing_files_of_256_bits() {
    let Some(corpus) = corpus() else { return };
    let found = files(&corpus.join(PARQUET_TESTING).join("aes256"), "");
    assert_eq!(found.len(), 5);
    check_files(&found, &AES_256, &READABLE);
}

#[test]
fn pinot_files() {
    let Some(corpus) = corpus() else { return };
    let (directory, prefix) = WILD.rsplit_once('/').unwrap();
    let found = files(&corpus.join(directory), prefix);
    assert_eq!(found.len(), 6);
    let readable: Vec<&str> = READABLE.into_iter().filter(|name| *name != "int64_field").collect();
    check_files(&found, &AES_128, &readable);
}

/// Another table than in the other files.
#[test]
fn a_file_with_bloom_filters() {
    let Some(corpus) = corpus() else { return };
    let name = "encrypt_columns_and_footer_bloom_filter.parquet.encrypted";
    let file = Bytes::from(fs::read(corpus.join(PARQUET_TESTING).join(name)).unwrap());
    let names = ["double_field", "float_field", "int32_field"];
    let expected = reference(&file, AES_128.theirs(name), &names);
    assert_eq!((expected.len(), expected[0].len()), (3, 2000));
    assert_reads(&file, &AES_128.ours(name), &names, &expected, name);
}

/// The bloom filter of a column, asked for and pushed in pieces of so many bytes.
fn bloom_filter(file: &Bytes, metadata: &Arc<Metadata>, column: usize, piece: usize) -> Result<Arc<BloomFilter>> {
    let mut decoder = BloomFilterDecoder::new(Arc::clone(metadata), 0, column)?;
    loop {
        match decoder.try_decode()? {
            BloomFilterStep::Finished(filter) => return Ok(filter),
            BloomFilterStep::NeedsData(ranges) => {
                let end = ranges[0].end().min(ranges[0].offset.saturating_add(piece as u64)) as usize;
                decoder.push(ranges[0].offset, file.slice(ranges[0].offset as usize..end))?;
            }
        }
    }
}

#[test]
fn bloom_filters_are_read_where_they_are_encrypted() {
    let Some(corpus) = corpus() else { return };
    let name = "encrypt_columns_and_footer_bloom_filter.parquet.encrypted";
    let file = Bytes::from(fs::read(corpus.join(PARQUET_TESTING).join(name)).unwrap());
    let metadata = open(&file, AES_128.ours(name), Feed::Asked).unwrap();
    let options = columns(&["double_field"]);
    let rows = whole_columns(&scan_metadata(&file, Arc::clone(&metadata), options, Feed::Asked, By::Push).unwrap());
    let column = metadata.schema.leaves.iter().position(|leaf| leaf.dotted_path() == "double_field").unwrap();
    for piece in [usize::MAX, 1000, 1] {
        let filter = bloom_filter(&file, &metadata, column, piece).unwrap();
        let may_contain = |value: f64| filter.may_contain(Probe::Float(value)).unwrap();
        assert!(rows[0].as_primitive::<Float64Type>().values().iter().all(|value| may_contain(*value)));
        let absent = (0..1000).filter(|number| !may_contain(f64::from(*number) + 0.123)).count();
        assert!(absent > 900, "{absent}");
    }
    let offset = metadata.chunk(0, column).unwrap().bloom_filter_offset.unwrap();
    for at in [0, 20, 200] {
        let mut changed = file.to_vec();
        changed[offset as usize + at] ^= 1;
        let error = bloom_filter(&changed.into(), &metadata, column, usize::MAX).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.column()), (ErrorKind::Corrupt, Some(column)), "{error}");
    }
    let footer_only = DecryptionProperties::default().with_footer_key(Key::new(AES_128.footer.as_bytes()).unwrap());
    let locked = open(&file, footer_only, Feed::Asked).unwrap();
    assert_eq!(locked.chunk(0, column).unwrap().bloom_filter_offset, None, "that is encrypted too");
}

/// The rows themselves, by the rules that they were made by.
#[test]
fn rows_of_a_ctr_file_are_what_was_written() {
    let Some(corpus) = corpus() else { return };
    let name = "encrypt_columns_and_footer_ctr.parquet.encrypted";
    let file = Bytes::from(fs::read(corpus.join(PARQUET_TESTING).join(name)).unwrap());
    let metadata = open(&file, AES_128.ours(name), Feed::Asked).unwrap();
    let options = columns(&["float_field", "double_field"]);
    let columns = whole_columns(&scan_metadata(&file, metadata, options, Feed::Asked, By::Push).unwrap());
    let floats: Vec<f32> = (0..50_u8).map(|row| f32::from(row) * 1.1).collect();
    let doubles: Vec<f64> = (0..50_u8).map(|row| f64::from(row) * 1.1111111).collect();
    assert_eq!(columns[0].as_primitive::<Float32Type>().values(), &floats);
    assert_eq!(columns[1].as_primitive::<Float64Type>().values(), &doubles);
}

/// In AES_GCM_CTR_V1 headers are authenticated, pages are not.
#[test]
fn a_ctr_file_tells_a_changed_header() {
    let Some(corpus) = corpus() else { return };
    let name = "encrypt_columns_and_footer_ctr.parquet.encrypted";
    let file = fs::read(corpus.join(PARQUET_TESTING).join(name)).unwrap();
    let metadata = open(&file.clone().into(), AES_128.ours(name), Feed::Asked).unwrap();
    let chunk = metadata.chunk(0, 5).unwrap();
    let start = chunk.dictionary_page_offset.unwrap_or(chunk.data_page_offset);
    let mut changed = file.clone();
    changed[start as usize + 20] ^= 1;
    let changed = Bytes::from(changed);
    let error =
        scan_metadata(&changed, metadata, columns(&["double_field"]), Feed::Asked, By::Push).map(drop).unwrap_err();
    assert_eq!((error.kind(), error.column(), error.file_offset()), (ErrorKind::Corrupt, Some(5), Some(start)));
}

/// Its keys are wrapped in a file beside it, by master keys that are published too; these are the keys unwrapped.
#[test]
fn external_key_material() {
    let Some(corpus) = corpus() else { return };
    let name = "external_key_material_java.parquet.encrypted";
    let file = Bytes::from(fs::read(corpus.join(PARQUET_TESTING).join(name)).unwrap());
    let keys = [
        ("footerKey", 0x5e63_ada1_593f_ab4a_bb6a_ecbc_6a82_dd1a_u128),
        ("columnKey0", 0x6864_726b_09bb_d978_fae8_7df0_ad41_55d0),
        ("columnKey1", 0x4f1b_17c6_21d6_1b19_17a3_56d2_cf1e_afcc),
    ];
    let keys = DecryptionProperties::default().with_key_retriever(move |metadata| {
        let reference = String::from_utf8_lossy(metadata);
        let found = keys.iter().find(|(name, _)| reference.contains(name));
        Ok(found.map(|(_, key)| Key::new(&key.to_be_bytes()).unwrap()))
    });
    let metadata = open(&file, keys, Feed::Asked).unwrap();
    let scan = scan_metadata(&file, metadata, ScanOptions::default(), Feed::Asked, By::Push).unwrap();
    let found = whole_columns(&scan);
    assert_eq!(found[0].as_primitive::<Int32Type>().values(), &(0..100).collect::<Vec<i32>>());
    let letters = (0..100_u8).map(|row| format!("{}{row}", char::from(b'a' + row % 10)));
    assert!(found[1].as_string::<i32>().iter().flatten().eq(letters));
}

#[test]
fn indexes_are_read_where_they_are_encrypted() {
    let Some(corpus) = corpus() else { return };
    for (name, file) in files(&corpus.join(PARQUET_TESTING).join("aes256"), "") {
        let options = MetadataOptions {
            decryption: Some(AES_256.ours(&name)),
            page_index: PageIndexPolicy::Required,
            ..metadata_options()
        };
        let metadata = metadata_with(&file, options, Feed::Asked).expect(&name);
        for chunk in (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).map(Result::unwrap) {
            assert!(chunk.offset_index().is_some(), "{name}");
        }
    }
}
