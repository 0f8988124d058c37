//! Where the pages of a generated file lie, so that tests can speak of ranges by name: `0.a.dict` is the dictionary
//! page of column `a` in row group 0, `0.a.2` its third data page, `0.a.bloom` its bloom filter.

use bytes::Bytes;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use pqpush::ByteRange;

use super::fixture::FileSpec;

/// One page with its header.
#[derive(Debug, Clone)]
pub struct PagePlace {
    pub name: String,
    pub row_group: usize,
    pub column: usize,
    /// `None` for a dictionary page and a bloom filter.
    pub first_row: Option<u64>,
    pub range: ByteRange,
}

/// The pages of a file, in file order.
#[derive(Debug, Clone)]
pub struct Layout {
    pub pages: Vec<PagePlace>,
}

impl Layout {
    /// The layout of the file that `spec` describes. Where the file itself has no page index, that of its twin with
    /// one is taken: the pages are the same bytes.
    pub fn of(spec: &FileSpec, file: &Bytes) -> Self {
        let mut indexed = spec.clone();
        indexed.page_index = true;
        Self::by_twin(&indexed.write().bytes, file)
    }

    /// The layout of a file whose twin has a page index.
    pub fn by_twin(twin: &Bytes, file: &Bytes) -> Self {
        let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
        reader.try_parse(twin).expect("metadata of the twin");
        let mut layout = Self { pages: pages(&reader.finish().expect("metadata of the twin")) };
        layout.pages.sort_by_key(|page| page.range.offset);
        let end = layout.pages.last().map_or(4, |page| page.range.end()) as usize;
        assert_eq!(file[..end], twin[..end], "the page index changes the pages");
        layout
    }

    /// The pages of one chunk, its dictionary page first.
    pub fn chunk(&self, row_group: usize, column: usize) -> impl Iterator<Item = &PagePlace> {
        self.pages.iter().filter(move |page| page.row_group == row_group && page.column == column)
    }

    /// The page of that name.
    pub fn page(&self, name: &str) -> ByteRange {
        self.pages.iter().find(|page| page.name == name).expect("a page of that name").range
    }

    /// Bytes of the largest page.
    pub fn largest_page(&self) -> u64 {
        self.pages.iter().map(|page| page.range.length).max().unwrap_or(0)
    }

    /// Names for ranges that begin with pages: `0.a.dict-0.b.1`, the name of the only page, or `0.a.0-part of 0.a.1`.
    pub fn names(&self, ranges: &[ByteRange]) -> Vec<String> {
        ranges.iter().map(|range| self.name(*range)).collect()
    }

    fn name(&self, range: ByteRange) -> String {
        let first = self.pages.iter().find(|page| page.range.offset == range.offset);
        let last = self.pages.iter().rev().find(|page| page.range.offset < range.end());
        match (first, last) {
            (Some(first), Some(last)) if range.end() > last.range.end() => format!("{}-{range:?}", first.name),
            (Some(first), Some(last)) if range.end() < last.range.end() => {
                format!("{}-part of {}", first.name, last.name)
            }
            (Some(first), Some(last)) if first.name == last.name => first.name.clone(),
            (Some(first), Some(last)) => format!("{}-{}", first.name, last.name),
            _ => format!("{range:?}"),
        }
    }
}

fn pages(metadata: &ParquetMetaData) -> Vec<PagePlace> {
    let mut pages = Vec::new();
    for (row_group, group) in metadata.row_groups().iter().enumerate() {
        let index = metadata.page_index_for_row_group(row_group);
        for (column, chunk) in group.columns().iter().enumerate() {
            let mut add = |what: String, first_row, range| {
                let name = format!("{row_group}.{}.{what}", chunk.column_path().string());
                pages.push(PagePlace { name, row_group, column, first_row, range });
            };
            let locations = index.page_locations(column).expect("an offset index");
            if chunk.dictionary_page_offset().is_some() {
                let (start, _) = chunk.byte_range();
                add("dict".to_owned(), None, ByteRange::between(start, locations[0].offset as u64));
            }
            for (number, page) in locations.iter().enumerate() {
                let range = ByteRange { offset: page.offset as u64, length: page.compressed_page_size as u64 };
                add(number.to_string(), Some(page.first_row_index as u64), range);
            }
            if let (Some(offset), Some(length)) = (chunk.bloom_filter_offset(), chunk.bloom_filter_length()) {
                add("bloom".to_owned(), None, ByteRange { offset: offset as u64, length: length as u64 });
            }
        }
    }
    pages
}
