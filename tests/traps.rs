//! What the format allows and writers do, though it is easily read wrongly: pages without bytes, padded and cut runs,
//! dictionaries of one entry and of none, encodings that change within a chunk, odd compression frames, text that is
//! not text, decimals of any length. The files are made byte by byte.

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

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use pqpush::{ErrorKind, RowSelection, ScanOptions, SelectionPolicy, StringType};

use support::compare::whole_columns;
use support::handmade::*;
use support::host::{By, Feed, scan_with};

/// The only column of a file, all rows, the same whether pushed whole or by page; in batches of all and of three rows.
fn column(file: &Bytes) -> Result<ArrayRef, pqpush::Error> {
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (batch_rows, feed) in [(1000, Feed::Whole), (3, Feed::Asked), (1000, Feed::Shuffled(4))] {
        let options = ScanOptions { batch_rows, ..ScanOptions::default() };
        let scan = scan_with(file, options, feed, By::Push)?;
        let parts: Vec<&dyn Array> = scan.batches.iter().map(|batch| batch.rows.column(0).as_ref()).collect();
        arrays.push(arrow_select::concat::concat(&parts).expect("parts of one type"));
    }
    assert!(arrays.iter().all(|array| array == &arrays[0]), "batches of three rows differ");
    Ok(arrays.swap_remove(0))
}

fn numbers(file: &Bytes) -> Vec<Option<i32>> {
    column(file).expect("a readable file").as_primitive::<Int32Type>().iter().collect()
}

fn refused(file: &Bytes) -> ErrorKind {
    let error = column(file).expect_err("a file that cannot be read");
    assert_eq!((error.row_group(), error.column()), (Some(0), Some(0)), "{error:?}");
    assert!(error.file_offset().is_some(), "{error:?}");
    error.kind()
}

/// A file of one INT32 column.
fn ints(rows: i64, codec: i32, optional: bool, pages: Vec<Page>) -> Bytes {
    let column = Column::new("n", INT32, pages).codec(codec).chunk(|chunk| chunk.value_count = Some(rows));
    file(rows, vec![if optional { column.optional() } else { column }])
}

fn plain(values: &[i32]) -> Page {
    data_v1(values.len() as i32, PLAIN, plain_i32(values))
}

fn all(values: &[i32]) -> Vec<Option<i32>> {
    values.iter().copied().map(Some).collect()
}

fn five_six() -> Page {
    dictionary(2, PLAIN, plain_i32(&[5, 6]))
}

#[test]
fn trap03_a_compressed_page_of_nulls_has_no_value_bytes() {
    let nulls = rle_run(4, 0, 1);
    for is_compressed in [Some(true), None, Some(false)] {
        let header = V2 { nulls: 4, is_compressed, ..V2::new(4, 4, PLAIN, nulls.len()) };
        for codec in [SNAPPY, GZIP, BROTLI, ZSTD, LZ4, LZ4_RAW] {
            let file = ints(8, codec, true, vec![data_v2(header, nulls.clone()), data_v2(header, nulls.clone())]);
            assert_eq!(numbers(&file), vec![None; 8], "codec {codec}, {is_compressed:?}");
        }
    }
}

#[test]
fn trap04_a_v2_page_is_compressed_unless_it_says_no() {
    let packed = |values: &[i32]| snap::raw::Encoder::new().compress_vec(&plain_i32(values)).expect("Snappy data");
    let page = |is_compressed, body: Vec<u8>| {
        data_v2(V2 { is_compressed, uncompressed: Some(8), ..V2::new(2, 0, PLAIN, 0) }, body)
    };
    let pages =
        vec![page(Some(true), packed(&[1, 2])), page(None, packed(&[3, 4])), page(Some(false), plain_i32(&[5, 6]))];
    assert_eq!(numbers(&ints(6, SNAPPY, false, pages)), all(&[1, 2, 3, 4, 5, 6]));
}

#[test]
fn trap11_runs_may_be_padded_cut_and_followed_by_anything() {
    let with = |body: Vec<u8>| ints(10, UNCOMPRESSED, false, vec![five_six(), data_v1(10, RLE_DICTIONARY, body)]);
    let expected = all(&[6, 5, 6, 6, 5, 5, 6, 5, 6, 6]);
    let packed = bit_packed_run(&[1, 0, 1, 1, 0, 0, 1, 0, 1, 1], 4);
    // Two groups of eight are announced; the bytes of the last six values are not needed.
    let cut = packed[..1 + 5].to_vec();
    let followed = [packed.clone(), vec![0xff; 9]].concat();
    for body in [packed, cut, followed] {
        assert_eq!(numbers(&with([vec![4], body].concat())), expected);
    }
    let padding_out_of_range = bit_packed_run(&[1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 9, 9, 9, 9, 9, 9], 4);
    assert_eq!(numbers(&with([vec![4], padding_out_of_range].concat())), expected);
    let long_run = rle_run(1_000_000, 1, 4);
    assert_eq!(numbers(&with([vec![4], long_run].concat())), all(&[6; 10]));
    let too_short = [vec![4], rle_run(9, 1, 4)].concat();
    assert_eq!(refused(&with(too_short)), ErrorKind::Corrupt);
}

#[test]
fn trap10_dictionaries_of_one_entry_take_no_bits() {
    let one = || dictionary(1, PLAIN, plain_i32(&[7]));
    let body = [vec![0], rle_run(8, 0, 0)].concat();
    let file = ints(8, UNCOMPRESSED, false, vec![one(), data_v1(8, RLE_DICTIONARY, body)]);
    assert_eq!(numbers(&file), all(&[7; 8]));
}

#[test]
fn trap10_dictionary_indexes_stay_inside_the_dictionary() {
    let bodies = [
        [vec![2], rle_run(8, 2, 2)].concat(),
        indexes(&[0, 1, 0, 1, 0, 1, 0, 2], 2),
        [vec![32], rle_run(8, u32::MAX as u64, 32)].concat(),
        [vec![33], rle_run(8, 0, 33)].concat(),
        [vec![255], rle_run(8, 0, 8)].concat(),
        vec![],
        vec![1],
    ];
    for body in bodies {
        let file = ints(8, UNCOMPRESSED, false, vec![five_six(), data_v1(8, RLE_DICTIONARY, body.clone())]);
        assert_eq!(refused(&file), ErrorKind::Corrupt, "{body:?}");
    }
}

#[test]
fn trap10_an_empty_dictionary_serves_nulls_only() {
    let empty = || dictionary(0, PLAIN, Vec::new());
    let page = |present: u64, indexes: Vec<u8>| {
        data_v1(8, RLE_DICTIONARY, [prefixed(rle_run(8, present, 1)), indexes].concat())
    };
    for body in [vec![], vec![0]] {
        let file = ints(8, UNCOMPRESSED, true, vec![empty(), page(0, body)]);
        assert_eq!(numbers(&file), vec![None; 8]);
    }
    let indexed = ints(8, UNCOMPRESSED, true, vec![empty(), page(1, indexes(&[0; 8], 1))]);
    assert_eq!(refused(&indexed), ErrorKind::Corrupt);
}

#[test]
fn trap12_encodings_may_change_within_a_chunk() {
    for (pages_say, dictionary_says) in [(RLE_DICTIONARY, PLAIN), (PLAIN_DICTIONARY, PLAIN_DICTIONARY)] {
        let coded = |values: &[u32]| data_v1(values.len() as i32, pages_say, indexes(values, 1));
        let entries = dictionary(2, dictionary_says, plain_i32(&[5, 6]));
        let pages = vec![entries, coded(&[1, 0]), plain(&[1, 2, 3]), coded(&[0, 0, 1]), plain(&[4])];
        assert_eq!(numbers(&ints(9, UNCOMPRESSED, false, pages)), all(&[6, 5, 1, 2, 3, 5, 5, 6, 4]));
    }
}

/// A large dictionary is given up when values follow its codes; codes may come again all the same, and again.
#[test]
fn trap12_codes_may_follow_values() {
    const LAST: u32 = 19_999;
    let text = |number: u32| format!("entry number {number:06}").into_bytes();
    let order = [0, LAST, 7, 1, 2, 5, 6, 3, LAST, 4, 8];
    let pages = |encoded: &dyn Fn(&[u32]) -> Vec<u8>| {
        let coded = |codes: &[u32]| data_v1(codes.len() as i32, RLE_DICTIONARY, indexes(codes, 15));
        let plain = |numbers: &[u32]| data_v1(numbers.len() as i32, PLAIN, encoded(numbers));
        let entries = dictionary(LAST as i32 + 1, PLAIN, encoded(&(0..=LAST).collect::<Vec<_>>()));
        let pages = [coded(&order[..3]), plain(&order[3..5]), coded(&order[5..7])];
        let more = [plain(&order[7..8]), coded(&order[8..9]), plain(&order[9..10]), coded(&order[10..])];
        [vec![entries], pages.to_vec(), more.to_vec()].concat()
    };
    let of_numbers = pages(&|numbers| plain_i32(&numbers.iter().map(|number| *number as i32).collect::<Vec<_>>()));
    let numbers_there = order.map(|number| number as i32);
    assert_eq!(numbers(&ints(11, UNCOMPRESSED, false, of_numbers)), all(&numbers_there));
    let of_bytes = |numbers: &[u32]| numbers.iter().flat_map(|number| text(*number)).collect::<Vec<_>>();
    let fixed = Column::new("f", FIXED, pages(&of_bytes)).fixed(19).chunk(|chunk| chunk.value_count = Some(11));
    let found = column(&file(11, vec![fixed])).expect("a readable file");
    assert!(found.as_fixed_size_binary().iter().eq(order.map(text).iter().map(|text| Some(&text[..]))));
    let of_texts = |numbers: &[u32]| {
        let texts: Vec<_> = numbers.iter().map(|number| text(*number)).collect();
        plain_bytes(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let file = texts(Some(UTF8), pages(&of_texts), 11);
    assert!(
        column(&file).expect("a readable file").as_string::<i32>().iter().flatten().map(Vec::from).eq(order.map(text))
    );
    for (dictionary, batch_rows) in [(false, 1000), (false, 2), (true, 1000), (true, 2)] {
        let options =
            ScanOptions { string_type: StringType::Utf8View, dictionary, batch_rows, ..ScanOptions::default() };
        let scan = scan_with(&file, options, Feed::Asked, By::Push).expect("a readable file");
        let found = scan.batches.iter().flat_map(|batch| {
            let column = batch.rows.column(0);
            let plain = arrow_cast::cast(column, &DataType::Utf8).expect("texts");
            plain.as_string::<i32>().iter().flatten().map(Vec::from).collect::<Vec<_>>()
        });
        assert!(found.eq(order.map(text)), "{dictionary} {batch_rows}");
    }
}

/// Numbers of an uncompressed dictionary stay in the bytes that were pushed, which lie wherever the host has them; what is
/// handed out is aligned all the same.
#[test]
fn numbers_of_a_dictionary_are_aligned_wherever_the_file_lies() {
    let codes = data_v1(4, RLE_DICTIONARY, indexes(&[1, 0, 1, 1], 1));
    let there = ints(4, UNCOMPRESSED, false, vec![five_six(), codes]);
    let keyed = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Int32));
    let schema = Arc::new(Schema::new(vec![Field::new("n", keyed, false)]));
    for shift in 0..8 {
        let moved = Bytes::from([&vec![0; shift], &there[..]].concat()).slice(shift..);
        assert_eq!(numbers(&moved), all(&[6, 5, 6, 6]), "{shift}");
        let options = ScanOptions { schema: Some(Arc::clone(&schema)), ..ScanOptions::default() };
        let scan = scan_with(&moved, options, Feed::Whole, By::Push).expect("a readable file");
        let found = scan.batches[0].rows.column(0).as_any_dictionary();
        let entries = found.values().as_primitive::<Int32Type>();
        assert_eq!((entries.values().as_ptr().align_offset(4), &entries.values()[..]), (0, &[5, 6][..]), "{shift}");
        assert_eq!(found.keys().as_primitive::<Int32Type>().values(), &[1, 0, 1, 1], "{shift}");
    }
}

/// The old name of the encoding of data pages and of dictionaries, for every type that may have a dictionary, in both
/// versions.
#[test]
fn trap12_plain_dictionary_is_the_same_for_every_type() {
    let entry = |physical, byte: u8| match physical {
        INT32 | FLOAT => vec![byte; 4],
        INT64 | DOUBLE => vec![byte; 8],
        INT96 => [vec![byte; 6], vec![0; 2], 2_440_588_u32.to_le_bytes().to_vec()].concat(),
        BYTE_ARRAY => plain_bytes(&[&[byte; 3]]),
        _ => vec![byte; 5],
    };
    for physical in [INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED] {
        let entries = [entry(physical, 1), entry(physical, 2)].concat();
        let codes = || indexes(&[0, 1, 1, 0, 0, 0, 1, 0], 1);
        let read = |dictionary_says, pages_say, v2| {
            let page = match v2 {
                false => data_v1(8, pages_say, codes()),
                true => data_v2(V2::new(8, 0, pages_say, 0), codes()),
            };
            let pages = vec![dictionary(2, dictionary_says, entries.clone()), page];
            let column_of = Column::new("c", physical, pages).fixed(5).chunk(|chunk| chunk.value_count = Some(8));
            column(&file(8, vec![column_of])).expect("a readable file")
        };
        let plain = Column::new("c", physical, vec![data_v1(2, PLAIN, entries.clone())]).fixed(5);
        let plain = column(&file(2, vec![plain.chunk(|chunk| chunk.value_count = Some(2))])).expect("a readable file");
        for v2 in [false, true] {
            for (dictionary_says, pages_say) in [(PLAIN_DICTIONARY, PLAIN_DICTIONARY), (PLAIN, RLE_DICTIONARY)] {
                let found = read(dictionary_says, pages_say, v2);
                for (row, code) in [0, 1, 1, 0, 0, 0, 1, 0].into_iter().enumerate() {
                    assert_eq!(found.slice(row, 1).as_ref(), plain.slice(code, 1).as_ref(), "{physical}, row {row}");
                }
            }
        }
    }
}

#[test]
fn trap14_rle_booleans_carry_their_length_in_both_versions() {
    let body = prefixed([rle_run(5, 1, 1), bit_packed_run(&[0, 1, 0], 1)].concat());
    for page in [data_v1(8, RLE, body.clone()), data_v2(V2::new(8, 0, RLE, 0), body)] {
        let column_of = Column::new("b", BOOLEAN, vec![page]).chunk(|chunk| chunk.value_count = Some(8));
        let array = column(&file(8, vec![column_of])).expect("a readable file");
        let found: Vec<Option<bool>> = array.as_boolean().iter().collect();
        assert_eq!(found, [true, true, true, true, true, false, true, false].map(Some));
    }
    let cut = Column::new("b", BOOLEAN, vec![data_v1(9, PLAIN, vec![0xff])]);
    assert_eq!(refused(&file(9, vec![cut.chunk(|chunk| chunk.value_count = Some(9))])), ErrorKind::Corrupt);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("GZIP data");
    encoder.finish().expect("GZIP data")
}

/// One frame of Hadoop's LZ4: sizes in big-endian, then a block.
fn hadoop_frame(bytes: &[u8]) -> Vec<u8> {
    let block = lz4_flex::block::compress(bytes);
    [&(bytes.len() as u32).to_be_bytes(), &(block.len() as u32).to_be_bytes(), block.as_slice()].concat()
}

fn lz4_frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).expect("an LZ4 frame");
    encoder.finish().expect("an LZ4 frame")
}

/// A frame that does not say how large its content is.
fn zstd_without_size(bytes: &[u8]) -> Vec<u8> {
    let mut context = zstd_safe::CCtx::create();
    context.set_parameter(zstd_safe::CParameter::ContentSizeFlag(false)).expect("a known parameter");
    let mut frame = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    context.compress2(&mut frame, bytes).expect("a ZSTD frame");
    assert!(matches!(zstd_safe::get_frame_content_size(&frame), Ok(None)));
    frame
}

#[test]
fn trap20_compressed_pages_of_several_frames() {
    let values: Vec<i32> = (0..50).collect();
    let bytes = plain_i32(&values);
    let (first, second) = bytes.split_at(60);
    let bodies = [
        ("GZIP, two members", GZIP, [gzip(first), gzip(second)].concat()),
        ("LZ4, two Hadoop frames", LZ4, [hadoop_frame(first), hadoop_frame(second)].concat()),
        ("LZ4, a frame", LZ4, lz4_frame(&bytes)),
        ("LZ4, a bare block", LZ4, lz4_flex::block::compress(&bytes)),
        ("ZSTD, size unknown", ZSTD, zstd_without_size(&bytes)),
        ("ZSTD, two frames", ZSTD, [zstd_without_size(first), zstd_without_size(second)].concat()),
        ("LZ4_RAW", LZ4_RAW, lz4_flex::block::compress(&bytes)),
    ];
    for (what, codec, body) in bodies {
        let page = |size: usize| data_v1_packed(50, PLAIN, size, body.clone());
        assert_eq!(numbers(&ints(50, codec, false, vec![page(200)])), all(&values), "{what}");
        for wrong in [199, 201, 4] {
            let file = ints(50, codec, false, vec![page(wrong)]);
            assert_eq!(refused(&file), ErrorKind::Corrupt, "{what}, {wrong} bytes claimed");
        }
    }
}

#[test]
fn codecs_that_are_not_there_are_refused() {
    for codec in [LZO, 8, 100, -1] {
        let error = column(&ints(4, codec, false, vec![plain(&[1, 2, 3, 4])])).expect_err("no such codec");
        assert_eq!((error.kind(), error.column()), (ErrorKind::Unsupported, Some(0)), "{error:?}");
    }
}

fn texts(converted: Option<i32>, pages: Vec<Page>, rows: i64) -> Bytes {
    let mut column = Column::new("s", BYTE_ARRAY, pages).chunk(|chunk| chunk.value_count = Some(rows));
    column.converted = converted;
    file(rows, vec![column])
}

/// Every value of a text column is text by itself, in pages and in dictionaries, whatever the Arrow type.
#[test]
fn trap21_text_is_checked_value_by_value() {
    let broken: [&[&[u8]]; 4] =
        [&[b"good", b"\xff"], &[b"\xc3", b"\xa9"], &[b"", b"\xe2\x82"], &[b"long enough for a view \xf5"]];
    for values in broken {
        let count = values.len() as i32;
        let plain = vec![data_v1(count, PLAIN, plain_bytes(values))];
        let all: Vec<u32> = (0..values.len() as u32).collect();
        let coded =
            vec![dictionary(count, PLAIN, plain_bytes(values)), data_v1(count, RLE_DICTIONARY, indexes(&all, 2))];
        for pages in [plain, coded] {
            let file = texts(Some(UTF8), pages.clone(), count as i64);
            assert_eq!(refused(&file), ErrorKind::Corrupt, "{values:?}");
            for string_type in [StringType::LargeUtf8, StringType::Utf8View] {
                let options = ScanOptions { string_type, ..ScanOptions::default() };
                let error = scan_with(&file, options, Feed::Whole, By::Push).expect_err("broken text");
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{values:?} as {string_type:?}");
            }
            let binary = column(&texts(None, pages, count as i64)).expect("bytes need not be text");
            assert_eq!(binary.as_binary::<i32>().iter().flatten().collect::<Vec<_>>(), values);
        }
    }
}

/// Text that is decoded on the way to selected rows need not be text, be these few or many; what is handed out is.
#[test]
fn trap21_text_is_checked_where_it_is_selected() {
    const ROWS: usize = 400;
    let text = |row: usize| format!("{row} ä€").repeat([1, 2, 5, 30][row % 4]).into_bytes();
    // A value that is none, or one that is a half of a character, as is the next one.
    for halves in [vec![(200, &b"\xff"[..])], vec![(200, b"a longer text \xc3"), (201, b"\xa9 goes on in here")]] {
        let mut values: Vec<Vec<u8>> = (0..ROWS).map(text).collect();
        halves.iter().for_each(|(row, half)| values[*row] = half.to_vec());
        let body = plain_bytes(&values.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let file = texts(Some(UTF8), vec![data_v1(ROWS as i32, PLAIN, body)], ROWS as i64);
        for every in [2, 3, 7, 50] {
            for first in [0, 1] {
                let rows = (first..ROWS).step_by(every);
                let is_broken = rows.clone().any(|row| halves.iter().any(|(half, _)| *half == row));
                let bits = BooleanBuffer::collect_bool(ROWS, |row| row >= first && (row - first) % every == 0);
                let read = |string_type| {
                    let row_selection = Some(RowSelection::from_bitmap(bits.clone()));
                    let selection_policy = SelectionPolicy::Bitmap;
                    let options =
                        ScanOptions { string_type, row_selection, selection_policy, ..ScanOptions::default() };
                    scan_with(&file, options, Feed::Whole, By::Push)
                };
                for string_type in [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View] {
                    let context = format!("every {every}th row from {first} on, {string_type:?}");
                    match read(string_type) {
                        Ok(scan) => {
                            let found = cast(&whole_columns(&scan)[0], &DataType::Binary).expect("bytes");
                            let wanted = rows.clone().map(|row| values[row].as_slice());
                            assert!(!is_broken && found.as_binary::<i32>().iter().flatten().eq(wanted), "{context}");
                        }
                        Err(error) => assert!(is_broken && error.kind() == ErrorKind::Corrupt, "{context}: {error:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn trap21_byte_arrays_end_inside_their_page() {
    for body in [vec![1], vec![9, 0, 0, 0, b'a'], vec![0xff, 0xff, 0xff, 0xff], vec![0xff, 0xff, 0xff, 0x7f, 1, 2]] {
        assert_eq!(refused(&texts(None, vec![data_v1(1, PLAIN, body.clone())], 1)), ErrorKind::Corrupt, "{body:?}");
    }
}

/// Decimals in byte arrays have any length: as short as the value, or with needless bytes of the sign in front.
#[test]
fn trap17_decimals_of_any_length() {
    let values: [&[u8]; 6] = [&[7], &[0xff], &[0x01, 0x00], &[0xff; 20], &[0; 20], &[0x80, 0x00]];
    let page = || data_v1(values.len() as i32, PLAIN, plain_bytes(&values));
    let decimals = |precision, page| {
        let column = Column::new("d", BYTE_ARRAY, vec![page]).decimal(2, precision);
        file(6, vec![column.chunk(|chunk| chunk.value_count = Some(6))])
    };
    let array = column(&decimals(38, page())).expect("a readable file");
    assert_eq!(array.as_primitive::<Decimal128Type>().values(), &[7, -1, 256, -1, 0, -32768]);
    let too_large = data_v1(1, PLAIN, plain_bytes(&[&[0x7f; 17]]));
    let column_of = Column::new("d", BYTE_ARRAY, vec![too_large]).decimal(2, 38);
    assert_eq!(refused(&file(1, vec![column_of])), ErrorKind::Corrupt);
}

/// INT96 outside what 64-bit nanoseconds hold is an error, never a wrapped date.
#[test]
fn trap16_int96_outside_of_nanoseconds_is_refused() {
    for julian_day in [0_u32, 2_440_588 + 106_752, 2_440_588 - 106_752, u32::MAX] {
        let body = [&[0; 8][..], &julian_day.to_le_bytes()].concat();
        let column_of = Column::new("t", INT96, vec![data_v1(1, PLAIN, body)]);
        let error = column(&file(1, vec![column_of])).expect_err("a day that does not fit");
        assert_eq!((error.row_group(), error.column()), (Some(0), Some(0)), "day {julian_day}: {error:?}");
    }
}

/// Fixed-length values that are cut off, and lengths that are none.
#[test]
fn fixed_length_values_need_their_bytes() {
    let short = Column::new("f", FIXED, vec![data_v1(2, PLAIN, vec![1; 9])]).fixed(5);
    assert_eq!(refused(&file(2, vec![short.chunk(|chunk| chunk.value_count = Some(2))])), ErrorKind::Corrupt);
    for length in [0, -1] {
        let odd = Column::new("f", FIXED, vec![data_v1(2, PLAIN, Vec::new())]).fixed(length);
        let file = file(2, vec![odd.chunk(|chunk| chunk.value_count = Some(2))]);
        // FIXED_LEN_BYTE_ARRAY(0) holds empty values; a negative length is no length.
        match column(&file) {
            Ok(array) => assert_eq!((length, array.len()), (0, 2)),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported), "{error:?}"),
        }
    }
}
