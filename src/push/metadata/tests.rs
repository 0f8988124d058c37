//! Opening files: what the decoder of metadata asks for, and what it makes of good and bad footers.

use super::*;
use crate::error::ErrorKind;
use crate::metadata::testing::{Record, chunk, file, footer, leaf, root, row_group};

/// A file of one column and one row group, with `body` between magic and footer.
fn sample(body: &[u8], chunk: Record) -> Vec<u8> {
    file(body, &footer(vec![root(1), leaf("a", 1)], vec![row_group(10, vec![chunk])]))
}

fn decoder(bytes: &[u8], options: MetadataOptions) -> MetadataDecoder {
    let mut decoder = MetadataDecoder::new(bytes.len() as u64, options).unwrap();
    decoder.push(0, Bytes::copy_from_slice(bytes)).unwrap();
    decoder
}

fn metadata(bytes: &[u8], options: MetadataOptions) -> Result<Arc<Metadata>> {
    match decoder(bytes, options).try_decode()? {
        MetadataStep::Finished(metadata) => Ok(metadata),
        MetadataStep::NeedsData(ranges) => panic!("asked for {ranges:?}"),
    }
}

fn error(bytes: &[u8], options: MetadataOptions) -> Error {
    metadata(bytes, options).map(drop).unwrap_err()
}

fn needs(decoder: &mut MetadataDecoder) -> Vec<ByteRange> {
    match decoder.try_decode().unwrap() {
        MetadataStep::NeedsData(ranges) => ranges,
        MetadataStep::Finished(_) => panic!("finished"),
    }
}

/// Two offset-index pages, then the index of ten rows at offset 24.
fn with_offset_index() -> (Vec<u8>, u64) {
    let page = |offset, row| Record::new().i64(1, offset).i32(2, 10).i64(3, row);
    let index = Record::new().records(1, vec![page(4, 0), page(14, 5)]).finish();
    let mut body = vec![7; 20];
    body.extend_from_slice(&index);
    let length = index.len() as i32;
    (sample(&body, chunk(4, 20).i64(4, 24).i32(5, length)), index.len() as u64)
}

#[test]
fn each_part_is_asked_for_exactly() {
    let (bytes, index_length) = with_offset_index();
    let length = bytes.len() as u64;
    let options = MetadataOptions { footer_size_hint: 0, ..MetadataOptions::default() };
    let mut decoder = MetadataDecoder::new(length, options).unwrap();
    let mut asked = Vec::new();
    while let MetadataStep::NeedsData(ranges) = decoder.try_decode().unwrap() {
        for range in ranges {
            decoder.push(range.offset, bytes[range.offset as usize..range.end() as usize].to_vec().into()).unwrap();
            asked.push(range);
        }
    }
    let footer_start = 24 + index_length;
    assert_eq!(
        asked,
        [
            ByteRange::between(length - 8, length),
            ByteRange::between(footer_start, length - 8),
            ByteRange::between(24, footer_start)
        ]
    );
}

#[test]
fn what_was_pushed_is_not_asked_for() {
    let (bytes, index_length) = with_offset_index();
    let length = bytes.len() as u64;
    let mut decoder = MetadataDecoder::new(length, MetadataOptions::default()).unwrap();
    assert_eq!(needs(&mut decoder), [ByteRange::between(0, length)]);
    decoder.push(length - 20, bytes[bytes.len() - 20..].to_vec().into()).unwrap();
    assert_eq!(needs(&mut decoder), [ByteRange::between(24 + index_length, length - 20)]);
    decoder.push(26, bytes[26..bytes.len() - 20].to_vec().into()).unwrap();
    assert_eq!(needs(&mut decoder), [ByteRange::between(24, 26)]);
    assert_eq!(needs(&mut decoder), [ByteRange::between(24, 26)]);
    decoder.push(24, bytes[24..26].to_vec().into()).unwrap();
    assert!(matches!(decoder.try_decode(), Ok(MetadataStep::Finished(_))));
}

#[test]
fn the_page_index_is_read_as_the_policy_says() {
    let (bytes, _) = with_offset_index();
    let with = |page_index| metadata(&bytes, MetadataOptions { page_index, ..MetadataOptions::default() }).unwrap();
    let index = |metadata: &Metadata| metadata.chunk(0, 0).unwrap().offset_index().cloned();
    let was_read = |metadata: &Metadata| {
        metadata.chunk(0, 0).unwrap().page_index.as_ref().is_some_and(|index| index.offsets.get().is_some())
    };
    let lazily = with(PageIndexPolicy::IfPresent);
    assert!(!was_read(&lazily) && index(&lazily).is_some() && was_read(&lazily));
    assert!(was_read(&with(PageIndexPolicy::Required)));
    assert_eq!(index(&with(PageIndexPolicy::Never)), None);
    assert_eq!(index(&with(PageIndexPolicy::IfPresent)).unwrap().pages[1].first_row, 5);
    assert_eq!(index(&with(PageIndexPolicy::Required)), index(&with(PageIndexPolicy::IfPresent)));
}

#[test]
fn a_required_page_index_that_is_absent_or_wrong_is_an_error_with_its_column() {
    let body = [7; 30];
    let cases = [
        (chunk(4, 20), "no offset index"),
        (chunk(4, 20).i64(4, 24).i32(5, 2), "offset index does not end"),
        (chunk(4, 20).i64(4, 24).i32(5, 4000), "does not lie in the file"),
        (chunk(4, 20).i64(4, 24).i32(5, 4).i64(6, 26).i32(7, 4), "overlap"),
    ];
    for (chunk, message) in cases {
        let bytes = sample(&body, chunk);
        let options = MetadataOptions { page_index: PageIndexPolicy::Required, ..MetadataOptions::default() };
        let error = error(&bytes, options);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(message == "overlap" || (error.column(), error.row_group()) == (Some(0), Some(0)), "{error}");
        let lenient = metadata(&bytes, MetadataOptions::default()).unwrap();
        assert_eq!(lenient.chunk(0, 0).unwrap().offset_index(), None);
    }
}

#[test]
fn finished_is_said_again_and_takes_no_more_bytes() {
    let bytes = sample(&[7; 20], chunk(4, 20));
    let mut decoder = decoder(&bytes, MetadataOptions::default());
    let MetadataStep::Finished(first) = decoder.try_decode().unwrap() else { panic!() };
    let MetadataStep::Finished(second) = decoder.try_decode().unwrap() else { panic!() };
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(decoder.push(0, Bytes::from_static(b"P")).unwrap_err().kind(), ErrorKind::InvalidState);
}

#[test]
fn errors_stick() {
    let bytes = file(&[], b"\x19");
    let mut decoder = decoder(&bytes, MetadataOptions::default());
    let first = decoder.try_decode().unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Corrupt);
    assert_eq!(decoder.try_decode().unwrap_err().to_string(), first.to_string());
    assert_eq!(decoder.push(0, Bytes::from_static(b"P")).unwrap_err().to_string(), first.to_string());
}

#[test]
fn a_refused_push_changes_nothing() {
    let bytes = sample(&[7; 20], chunk(4, 20));
    let mut decoder = decoder(&bytes, MetadataOptions::default());
    for (offset, data) in [(bytes.len() as u64, &b"x"[..]), (u64::MAX, b"xy"), (0, b"QAR1"), (2, &[0; 5000])] {
        let error = decoder.push(offset, Bytes::copy_from_slice(data)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    decoder.push(bytes.len() as u64, Bytes::new()).unwrap();
    assert!(matches!(decoder.try_decode(), Ok(MetadataStep::Finished(_))));
}

#[test]
fn what_is_no_parquet_file_is_said_to_be_none() {
    for length in [0, 4, 11] {
        let error = MetadataDecoder::new(length, MetadataOptions::default()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotParquet);
    }
    assert_eq!(error(&[0; 100], MetadataOptions::default()).kind(), ErrorKind::NotParquet);
    let mut cut_off = b"PAR1".to_vec();
    cut_off.resize(1000, 7);
    assert_eq!(error(&cut_off, MetadataOptions::default()).kind(), ErrorKind::Truncated);
    let mut decoder = MetadataDecoder::new(1 << 40, MetadataOptions::default()).unwrap();
    decoder.push((1 << 40) - 8, Bytes::from_static(&[7; 8])).unwrap();
    assert_eq!(needs(&mut decoder), [HEAD]);
}

#[test]
fn an_encrypted_footer_takes_a_key() {
    let mut bytes = sample(&[7; 20], chunk(4, 20));
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(MAGIC_OF_ENCRYPTED_FOOTER);
    let crypto = Record::new().record(1, Record::new().record(1, Record::new())).finish();
    bytes.truncate(end - 8);
    bytes.truncate(24);
    bytes.extend([&crypto, &(crypto.len() as u32).to_le_bytes()[..], MAGIC_OF_ENCRYPTED_FOOTER].concat());
    assert_eq!(error(&bytes, MetadataOptions::default()).kind(), ErrorKind::Key);
}

#[test]
fn a_footer_longer_than_the_file_is_corrupt_and_not_asked_for() {
    for length in [0_u32, 21, 24, u32::MAX, 0x7fff_ffff] {
        let mut bytes = file(&[], &[0; 16]);
        let end = bytes.len();
        bytes[end - 8..end - 4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(error(&bytes, MetadataOptions::default()).kind(), ErrorKind::Corrupt, "{length}");
    }
}

#[test]
fn metadata_beyond_the_limit_are_refused() {
    let (bytes, index_length) = with_offset_index();
    let all = bytes.len() as u64 - 24 - 8;
    let with = |max_metadata_bytes| MetadataOptions { max_metadata_bytes, ..MetadataOptions::default() };
    assert!(metadata(&bytes, with(all)).is_ok());
    assert_eq!(error(&bytes, with(all - 1)).kind(), ErrorKind::Limit);
    assert_eq!(error(&bytes, with(all - index_length - 1)).kind(), ErrorKind::Limit);
    let no_index = MetadataOptions { page_index: PageIndexPolicy::Never, ..with(all - index_length) };
    assert!(metadata(&bytes, no_index).is_ok());
}

#[test]
fn copies_of_what_lacks_of_the_footer_are_put_together() {
    let bytes = sample(&[7; 10], chunk(4, 10));
    let footer = &bytes[14..bytes.len() - 8];
    for (hint, cut) in [(8, 0), (20, 0), (30, 5), (9, 1)] {
        let options = MetadataOptions { footer_size_hint: hint, ..MetadataOptions::default() };
        let mut decoder = MetadataDecoder::new(bytes.len() as u64, options).unwrap();
        let metadata = loop {
            match decoder.try_decode().unwrap() {
                MetadataStep::Finished(metadata) => break metadata,
                MetadataStep::NeedsData(ranges) => {
                    // The last bytes first, so that some of them are there.
                    for range in ranges {
                        let (start, end) = (range.offset as usize, range.end() as usize);
                        let middle = end.saturating_sub(cut).max(start);
                        decoder.push_copy(middle as u64, &bytes[middle..end]).unwrap();
                        decoder.push_copy(start as u64, &bytes[start..middle]).unwrap();
                    }
                }
            }
        };
        assert_eq!(metadata.thrift, footer, "{hint} {cut}");
    }
}
