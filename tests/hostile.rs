//! Files that are cut off, and files that claim or unfold to far more than they hold. Each gives a typed error, or its
//! rows where it has them, in memory that its size justifies. (Mutants and damaged files: tests/mutants.rs.)

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

use arrow_array::Array;
use arrow_array::cast::AsArray;
use bytes::Bytes;
use pqpush::{Decoder, Error, ErrorKind, ScanOptions, Step, StringType};

use support::corpus::{corpus, small_files};
use support::handmade::*;
use support::host::{Feed, metadata};
use support::hostile::{outcome, some_batches};
use support::memory;
use support::thrift::{Struct, varint};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Files of the corpus below this size are cut off at every byte.
const CUT_AT_EVERY_BYTE: u64 = 64 << 10;

/// A footer has at most so many cuts, evenly spread.
const CUTS_OF_A_FOOTER: usize = 1000;

/// Nonce and tag behind a plain-text footer.
const SIGNATURE_BYTES: usize = 28;

/// A file has at most so many holes, evenly spread.
const HOLES_OF_A_FILE: usize = 40;

/// The error of a file and the memory it took.
fn refused(file: &Bytes, options: ScanOptions) -> (Error, usize) {
    let base = memory::start();
    let error = some_batches(file, Feed::Whole, options).expect_err("a file that cannot be read");
    (error, memory::peak_over(base))
}

fn is_of_the_file(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(error.kind(), NotParquet | Corrupt | Truncated | Unsupported | Limit | Key)
}

fn footer_length(file: &[u8]) -> Option<usize> {
    let tail: [u8; 8] = file.last_chunk::<8>().copied()?;
    let length = u32::from_le_bytes(tail[..4].try_into().expect("four bytes")) as usize;
    (tail[4..] == *b"PAR1" && length + 8 <= file.len()).then_some(length)
}

/// Each file of the corpus, each of its beginnings: no magic at the end, so nothing can be read, and that is quickly told.
#[test]
fn every_beginning_of_a_file_is_refused() {
    let _alone = memory::alone();
    let Some(corpus) = corpus() else { return };
    let files = small_files(&corpus, CUT_AT_EVERY_BYTE);
    assert!(files.len() > 400, "{} files", files.len());
    for (name, file) in files {
        for end in 0..file.len() {
            match metadata(&file.slice(..end)) {
                Err(error) => assert!(is_of_the_file(&error), "{name} cut off at {end}: {error:?}"),
                // A file of which a beginning is a file again.
                Ok(_) => assert!(file[..end].ends_with(b"PAR1"), "{name} cut off at {end} is read"),
            }
        }
    }
}

/// Each footer of the corpus cut off, with the tail of a file behind what is left of it.
#[test]
fn every_beginning_of_a_footer_is_refused() {
    let _alone = memory::alone();
    let Some(corpus) = corpus() else { return };
    let mut cuts = 0;
    for (name, file) in small_files(&corpus, CUT_AT_EVERY_BYTE) {
        let Some(length) = footer_length(&file).filter(|_| metadata(&file).is_ok()) else { continue };
        let start = file.len() - 8 - length;
        for kept in (0..length).step_by(length.div_ceil(CUTS_OF_A_FOOTER)) {
            let cut = end_file(file[..start].to_vec(), &file[start..start + kept]);
            cuts += 1;
            match metadata(&cut) {
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}, {kept} of {length} bytes: {error:?}")
                }
                // A plain-text footer may have a signature behind it, which without a key nobody misses.
                Ok(_) => assert!(kept + SIGNATURE_BYTES >= length, "{name}, {kept} of {length} bytes are read"),
            }
        }
    }
    assert!(cuts > 100_000, "{cuts} cuts");
}

/// Each file of the corpus with everything but the footer zeroed from some byte on: as a download that broke off.
#[test]
fn files_with_holes_are_rows_or_errors() {
    let Some(corpus) = corpus() else { return };
    let mut complaints = Vec::new();
    for (name, file) in small_files(&corpus, CUT_AT_EVERY_BYTE) {
        let Some(length) = footer_length(&file).filter(|_| is_of_usual_size(&file)) else { continue };
        let end = file.len() - 8 - length;
        for start in (4..end).step_by(end.div_ceil(HOLES_OF_A_FILE)) {
            let mut holed = file.to_vec();
            holed[start..end].fill(0);
            if let Err(what) = outcome(Bytes::from(holed)) {
                complaints.push(format!("{name}, zeros from {start} to {end}: {what}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{} files:\n{}", complaints.len(), complaints.join("\n"));
}

/// What the footer says of a chunk is read when it is asked for. Where it cannot be, that is the error of whoever asks.
#[test]
fn a_chunk_that_cannot_be_spoils_no_other() {
    let column = |name| Column::new(name, INT32, vec![data_v1(3, PLAIN, plain_i32(&[1, 2, 3]))]);
    for offset_index in [None, Some(vec![0])] {
        let damaged = column("b").chunk(|chunk| chunk.compressed_bytes = Some(-1));
        let indexed = column("c").chunk(|chunk| chunk.offset_index = offset_index);
        let file = file(3, vec![column("a"), damaged, indexed]);
        let metadata = metadata(&file).unwrap();
        let place = |error: &Error| (error.kind(), error.row_group(), error.column());
        let expected = (ErrorKind::Corrupt, Some(0), Some(1));
        let error = metadata.chunk(0, 1).unwrap_err();
        assert_eq!((place(&error), error.message()), (expected, "the compressed size of a column chunk is -1"));
        assert!(error.file_offset().is_some_and(|offset| offset < file.len() as u64));
        assert_eq!(place(&metadata.column_statistics(1, StringType::Utf8).unwrap_err()), expected);
        assert_eq!(place(&metadata.page_statistics(1, StringType::Utf8).unwrap_err()), expected);
        let asking = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            ScanOptions { columns: Some(names), ..ScanOptions::default() }
        };
        let others = some_batches(&file, Feed::Asked, asking(&["a", "c"])).unwrap();
        assert_eq!(others.iter().map(|batch| batch.num_rows()).sum::<usize>(), 3);
        for names in [&["b"][..], &["a", "b"]] {
            assert_eq!(place(&some_batches(&file, Feed::Asked, asking(names)).unwrap_err()), expected);
            assert_eq!(place(&Decoder::new(metadata.clone(), asking(names)).map(drop).unwrap_err()), expected);
        }
        assert_eq!(metadata.chunk(1, 0).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(metadata.chunk(0, 3).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

/// True where what is left of the file cannot be very large either: two small files of the corpus unfold to 256 MiB and
/// to gigabytes, which is what they are for.
fn is_of_usual_size(file: &Bytes) -> bool {
    let Ok(metadata) = metadata(file) else { return false };
    let chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group));
    chunks.flatten().map(|chunk| chunk.uncompressed_bytes).sum::<u64>() < 32 << 20
}

fn footer_of(schema: Vec<Struct>) -> Bytes {
    let footer = Struct::new().i32(1, 1).structs(2, schema).i64(3, 0).structs(4, Vec::new()).end();
    end_file(b"PAR1".to_vec(), &footer)
}

/// A root that claims two thousand million columns, and a schema that claims as many elements.
#[test]
fn bomb_of_columns() {
    let _alone = memory::alone();
    let leaf = || Struct::new().i32(1, INT32).i32(3, 0).binary(4, b"a");
    for children in [2, 1_000_000, i32::MAX, -1] {
        let (error, peak) =
            refused(&footer_of(vec![group("schema", 0, children, None), leaf()]), ScanOptions::default());
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{children} columns: {error:?}");
        assert!(peak < 1 << 20, "{children} columns: {peak} bytes");
    }
    for elements in [1 << 20, 1 << 31, u64::MAX >> 1] {
        let body = [group("schema", 0, i32::MAX, None).end(), leaf().end()].concat();
        let footer = Struct::new().i32(1, 1).list_claiming(2, 12, elements, body).end();
        let (error, peak) = refused(&end_file(b"PAR1".to_vec(), &footer), ScanOptions::default());
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{elements} elements: {error:?}");
        assert!(peak < 1 << 20, "{elements} elements: {peak} bytes");
    }
}

/// A footer of 300 000 real columns, in nine bytes each, is read in memory that is in proportion.
#[test]
fn very_many_columns() {
    let _alone = memory::alone();
    let leaf = |index: i32| Struct::new().i32(1, INT32).i32(3, 0).binary(4, index.to_string().as_bytes());
    let elements = (0..300_000).map(leaf);
    let file = footer_of([group("schema", 0, 300_000, None)].into_iter().chain(elements).collect());
    let base = memory::start();
    let schema = Decoder::new(metadata(&file).expect("metadata"), ScanOptions::default()).expect("options").schema();
    let peak = memory::peak_over(base);
    assert_eq!(schema.fields().len(), 300_000);
    assert!(peak < file.len() * 300, "{peak} bytes for a file of {}", file.len());
}

/// Groups in each other without end: a limit, found without recursion; also where they repeat, or are lists.
#[test]
fn bomb_of_depth() {
    let _alone = memory::alone();
    let shapes: [fn() -> Struct; 3] =
        [|| group("g", 0, 1, None), || group("g", 2, 1, None), || group("g", 1, 1, Some(LIST))];
    for (number, shape) in shapes.into_iter().enumerate() {
        for depth in [2_000, 70_000, 300_000] {
            let leaf = Struct::new().i32(1, INT32).i32(3, 0).binary(4, b"a");
            let groups = std::iter::repeat_with(shape).take(depth);
            let schema = [group("schema", 0, 1, None)].into_iter().chain(groups).chain([leaf]).collect();
            let file = footer_of(schema);
            let (error, peak) = refused(&file, ScanOptions::default());
            let is_limit = matches!(error.kind(), ErrorKind::Limit | ErrorKind::Unsupported);
            assert!(is_limit, "shape {number}, depth {depth}: {error:?}");
            assert!(
                peak < 1 << 20 | file.len() * 400,
                "shape {number}, depth {depth}: {peak} bytes for {}",
                file.len()
            );
        }
    }
}

/// Structs in structs inside what readers skip: unknown fields of footer and page header, as deep as there are bytes.
#[test]
fn bomb_of_unknown_fields() {
    let _alone = memory::alone();
    let deep = |levels: usize| [vec![0x1c; levels], vec![0; levels]].concat();
    for levels in [10, 1_000, 1_000_000] {
        // Field 15 of the footer, a struct.
        let known = Struct::new().i32(1, 1).structs(2, vec![group("schema", 0, 0, None)]).i64(3, 0).structs(4, vec![]);
        let mut footer = known.end();
        footer.pop();
        footer.extend([&[0xbc][..], &deep(levels), &[0, 0]].concat());
        match metadata(&end_file(b"PAR1".to_vec(), &footer)) {
            Ok(_) => assert!(levels == 10, "{levels} levels are skipped"),
            Err(error) => assert!(is_of_the_file(&error) && levels > 10, "{levels} levels: {error:?}"),
        }
    }
}

fn one_page(physical: i32, codec: i32, rows: i64, page: Page) -> Bytes {
    let column = Column::new("c", physical, vec![page]).codec(codec).optional();
    file(rows, vec![column.chunk(|chunk| chunk.value_count = Some(rows))])
}

/// Definition levels of `rows` rows that are all there, then `values`.
fn all_there(rows: u64, values: Vec<u8>) -> Vec<u8> {
    [prefixed(rle_run(rows, 1, 1)), values].concat()
}

/// A page that unfolds to very much more than its compressed bytes is read, in memory that its contents justify; one that
/// claims more than that is refused.
#[test]
fn bomb_of_compression() {
    let _alone = memory::alone();
    const VALUE: usize = 24 << 20;
    let body = all_there(1, plain_bytes(&[&vec![b'a'; VALUE]]));
    for (codec, packed) in [(ZSTD, zstd_of(&body)), (GZIP, gzip_of(&body))] {
        assert!(body.len() > packed.len() * 1000, "codec {codec}: {} bytes", packed.len());
        let page = data_v1_packed(1, PLAIN, body.len(), packed.clone());
        let base = memory::start();
        let batches = some_batches(&one_page(BYTE_ARRAY, codec, 1, page), Feed::Whole, ScanOptions::default());
        let length = batches.expect("a readable file")[0].column(0).to_data().buffers()[1].len();
        let peak = memory::peak_over(base);
        assert_eq!(length, VALUE);
        assert!(peak < 5 * VALUE, "codec {codec}: {peak} bytes for a value of {VALUE}");
        for claim in [body.len() - 1, body.len() + 1, 1 << 30] {
            let file = one_page(BYTE_ARRAY, codec, 1, data_v1_packed(1, PLAIN, claim, packed.clone()));
            let base = memory::start();
            let error = some_batches(&file, Feed::Whole, ScanOptions::default()).expect_err("a size that is not so");
            let peak = memory::peak_over(base);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "codec {codec}, {claim} bytes claimed: {error:?}");
            assert!(peak <= claim + (2 * VALUE), "codec {codec}, {claim} bytes claimed: {peak} bytes");
        }
    }
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 1 << 20];
    let length = zstd_safe::compress(&mut out[..], bytes, 3).expect("ZSTD data");
    out.truncate(length);
    out
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("GZIP data");
    encoder.finish().expect("GZIP data")
}

/// Two thousand million rows in a page of a few bytes: all null, or all one dictionary entry. The batches come one by one,
/// in the memory of one.
#[test]
fn bomb_of_rows() {
    let _alone = memory::alone();
    const ROWS: i32 = i32::MAX;
    let nulls = data_v1(ROWS, PLAIN, prefixed(rle_run(ROWS as u64, 0, 1)));
    let coded = data_v1(ROWS, RLE_DICTIONARY, all_there(ROWS as u64, [vec![1], rle_run(ROWS as u64, 1, 1)].concat()));
    let numbers = dictionary(2, PLAIN, plain_i32(&[5, 6]));
    let words = dictionary(2, PLAIN, plain_bytes(&[b"five", b"a word that no view holds"]));
    for (physical, pages) in [
        (INT32, vec![nulls.clone()]),
        (BYTE_ARRAY, vec![nulls]),
        (INT32, vec![numbers, coded.clone()]),
        (BYTE_ARRAY, vec![words, coded]),
    ] {
        let column = Column::new("c", physical, pages).optional();
        let file = file(ROWS as i64, vec![column.chunk(|chunk| chunk.value_count = Some(ROWS as i64))]);
        for string_type in [StringType::Utf8, StringType::Utf8View] {
            let options = ScanOptions { string_type, ..ScanOptions::default() };
            let base = memory::start();
            let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("options");
            decoder.push(0, file.clone()).expect("bytes of the file");
            for _ in 0..100 {
                let step = decoder.try_decode().expect("a readable file");
                assert!(matches!(step, Step::Batch(batch) if batch.rows.num_rows() == 8192));
            }
            let peak = memory::peak_over(base);
            assert!(peak < 8 << 20, "physical type {physical}, {string_type:?}: {peak} bytes");
        }
    }
}

/// A dictionary of two thousand million entries, stored as what needs no bytes: lengths that are all zero.
#[test]
fn bomb_of_dictionary_entries() {
    let _alone = memory::alone();
    for (physical, body) in
        [(BYTE_ARRAY, vec![0; 64]), (INT32, vec![0; 64]), (BOOLEAN, vec![0; 64]), (FIXED, vec![0; 64])]
    {
        for entries in [1 << 20, i32::MAX, -1, i32::MIN] {
            let pages = vec![
                dictionary(entries, PLAIN, body.clone()),
                data_v1(8, RLE_DICTIONARY, all_there(8, indexes(&[0; 8], 1))),
            ];
            let column = Column::new("c", physical, pages).optional().fixed(0);
            let file = file(8, vec![column.chunk(|chunk| chunk.value_count = Some(8))]);
            let base = memory::start();
            let outcome = some_batches(&file, Feed::Whole, ScanOptions::default());
            let peak = memory::peak_over(base);
            assert!(peak < 4 << 20, "physical type {physical}, {entries} entries: {peak} bytes");
            let error = outcome.expect_err("too many entries");
            assert!(is_of_the_file(&error), "physical type {physical}, {entries} entries: {error:?}");
        }
    }
}

/// Delta streams whose headers claim blocks, miniblocks, counts and widths that cannot be.
#[test]
fn bomb_of_delta_headers() {
    let _alone = memory::alone();
    let numbers = [0, 1, 2, 31, 32, 127, 128, 1 << 20, u32::MAX as u64, 1 << 62, u64::MAX];
    for block in numbers {
        for miniblocks in numbers {
            for count in [8, 9, u32::MAX as u64, u64::MAX] {
                let header = [varint(block), varint(miniblocks), varint(count), varint(0)].concat();
                let stream = [header, vec![0], vec![255; 40]].concat();
                for (physical, encoding) in [
                    (INT64, DELTA_BINARY_PACKED),
                    (BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY),
                    (BYTE_ARRAY, DELTA_BYTE_ARRAY),
                ] {
                    let file = one_page(physical, UNCOMPRESSED, 8, data_v1(8, encoding, all_there(8, stream.clone())));
                    let (error, peak) = refused(&file, ScanOptions::default());
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "{block} {miniblocks} {count}: {error:?}");
                    assert!(peak < 1 << 20, "{block} {miniblocks} {count}: {peak} bytes");
                }
            }
        }
    }
}

/// A row of very many elements in a page of a few bytes, all null: it takes the memory of those elements and no more.
#[test]
fn bomb_of_elements() {
    let _alone = memory::alone();
    for entries in [1_u32 << 16, 1 << 20, 1 << 24] {
        let repetition = [rle_run(1, 0, 1), rle_run(entries as u64 - 1, 1, 1)].concat();
        let body = [prefixed(repetition), prefixed(rle_run(entries as u64, 2, 2))].concat();
        let column = Column::new("l.list.element", INT32, vec![data_v1(entries as i32, PLAIN, body)]).optional();
        let column = column.chunk(|chunk| chunk.value_count = Some(entries as i64));
        let groups = vec![group("schema", 0, 1, None), group("l", 1, 1, Some(LIST)), group("list", 2, 1, None)];
        let file = file_of_schema([groups, vec![column.schema_element()]].concat(), &[1], vec![column]);
        let base = memory::start();
        let batches = some_batches(&file, Feed::Whole, ScanOptions::default()).expect("a readable file");
        let peak = memory::peak_over(base);
        assert_eq!(batches[0].column(0).as_list::<i32>().value(0).len(), entries as usize);
        assert!(peak < entries as usize * 16 + (1 << 20), "{peak} bytes for {entries} elements");
    }
}
