//! The floor of a scan: every page of the columns that are read is decompressed once into a buffer that is used again, and
//! as many bytes as the Arrow output has are copied, from and to memory that is used again. With conditions: the pages of
//! their columns that statistics do not rule out, and the pages of output columns that hold a row of the result.

// The library's own, which it does not show; parts of both are for others.
#[allow(dead_code)]
#[path = "../../../src/simd/cpu.rs"]
mod cpu;
#[allow(dead_code)]
#[path = "../../../src/simd/snappy/mod.rs"]
mod snappy;

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::basic::Compression;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use crate::page_headers::{Page, pages};
use crate::scan::{mask, metadata, reader_metadata};
use crate::{Job, filtered, pruning};

/// Bytes copied at a time: they stay in the cache.
const PIECE: usize = 1 << 18;

struct Decoders {
    zstd: zstd_safe::DCtx<'static>,
    gzip: libdeflater::Decompressor,
}

pub struct Floor<'a> {
    job: &'a Job,
    /// Where in the file each page to decompress is, and its codec.
    pages: Vec<(usize, Page, Compression)>,
    output_bytes: usize,
    rows: usize,
    decoders: Decoders,
    page: Vec<u8>,
    source: Vec<u8>,
    target: Vec<u8>,
}

impl<'a> Floor<'a> {
    pub fn new(job: &'a Job) -> Self {
        let footer = metadata(&job.file, PageIndexPolicy::Optional);
        let (rows, output_bytes) = output(job);
        let pages = if job.conditions.is_empty() {
            let mask = mask(footer.file_metadata().schema_descr(), &job.columns);
            all_pages(job, &footer, &mask)
        } else {
            pages_with_rows(job, &footer)
        };
        let largest = pages.iter().map(|(_, page, _)| page.size).max().unwrap_or(0);
        Self {
            job,
            pages,
            output_bytes,
            rows,
            decoders: Decoders { zstd: zstd_safe::DCtx::create(), gzip: libdeflater::Decompressor::new() },
            page: vec![0; largest + snappy::ROOM],
            source: vec![1; PIECE],
            target: vec![0; PIECE],
        }
    }

    pub fn run(&mut self) -> usize {
        for (start, page, codec) in &self.pages {
            let body = &self.job.file[start + page.body.start..start + page.body.end];
            if page.is_compressed {
                decompress(&mut self.decoders, *codec, body, page.size, &mut self.page);
            }
        }
        let mut left = self.output_bytes;
        while left > 0 {
            let piece = left.min(PIECE);
            self.target[..piece].copy_from_slice(std::hint::black_box(&self.source[..piece]));
            std::hint::black_box(&mut self.target);
            left -= piece;
        }
        self.rows
    }
}

/// Uncompressed pages cost nothing: their bytes are read by what makes the output. Snappy is given room behind the page, as
/// by the library.
fn decompress(decoders: &mut Decoders, codec: Compression, from: &[u8], size: usize, room: &mut [u8]) {
    if codec == Compression::SNAPPY {
        return snappy::decompress(from, size, room).expect("a page");
    }
    let to = &mut room[..size];
    let written = match codec {
        Compression::UNCOMPRESSED => return,
        Compression::ZSTD(_) => decoders.zstd.decompress(to, from).expect("a page"),
        Compression::LZ4_RAW => lz4_flex::block::decompress_into(from, to).expect("a page"),
        Compression::GZIP(_) => decoders.gzip.gzip_decompress(from, to).expect("a page"),
        other => panic!("no floor for {other}"),
    };
    assert_eq!(written, to.len(), "bytes of a page");
}

/// Rows and bytes of the Arrow output. The strings of views stay where the pages were decompressed to.
fn output(job: &Job) -> (usize, usize) {
    let (mut rows, mut bytes) = (0, 0);
    let mut take = |batch: arrow_array::RecordBatch| {
        rows += batch.num_rows();
        bytes += batch.columns().iter().map(bytes_of).sum::<usize>();
    };
    if job.conditions.is_empty() {
        crate::scan::push(job, &mut take);
    } else {
        filtered::afterwards(job, &mut take);
    }
    (rows, bytes)
}

fn bytes_of(values: &ArrayRef) -> usize {
    let validity = if values.null_count() > 0 { values.len().div_ceil(8) } else { 0 };
    match values.data_type() {
        DataType::Utf8View | DataType::BinaryView => values.len() * 16 + validity,
        _ => values.to_data().get_slice_memory_size().expect("a size"),
    }
}

fn all_pages(job: &Job, footer: &ParquetMetaData, columns: &ProjectionMask) -> Vec<(usize, Page, Compression)> {
    let mut all = Vec::new();
    for group in footer.row_groups() {
        for (index, chunk) in group.columns().iter().enumerate() {
            if columns.leaf_included(index) {
                let (start, length) = chunk.byte_range();
                let bytes = &job.file[start as usize..(start + length) as usize];
                all.extend(pages(bytes).into_iter().map(|page| (start as usize, page, chunk.compression())));
            }
        }
    }
    all
}

/// Which rows of the file the conditions keep.
fn kept_rows(job: &Job) -> Vec<bool> {
    let columns: Vec<String> = job.conditions.iter().map(|condition| condition.column.clone()).collect();
    let mut kept = Vec::new();
    crate::scan::push_columns(job, &columns, &mut |batch| {
        kept.extend(filtered::evaluate(&batch, &job.conditions).values().iter());
    });
    kept
}

/// For each row whether statistics leave it to be looked at.
fn unpruned_rows(job: &Job, footer: &ParquetMetaData) -> Vec<bool> {
    let metadata = reader_metadata(job, PageIndexPolicy::Optional);
    let groups = pruning::row_groups(&metadata, &job.conditions);
    let selection = pruning::rows(&metadata, &groups, &job.conditions);
    let mut chosen = Vec::new();
    match selection {
        Some(selection) => {
            for run in selection.iter() {
                chosen.extend(std::iter::repeat_n(!run.skip, run.row_count));
            }
        }
        None => chosen.resize(groups.iter().map(|group| footer.row_group(*group).num_rows() as usize).sum(), true),
    }
    let mut chosen = chosen.into_iter();
    let mut rows = Vec::new();
    for (index, group) in footer.row_groups().iter().enumerate() {
        let is_read = groups.contains(&index);
        rows.extend((0..group.num_rows()).map(|_| is_read && chosen.next().unwrap_or(false)));
    }
    rows
}

fn pages_with_rows(job: &Job, footer: &ParquetMetaData) -> Vec<(usize, Page, Compression)> {
    let schema = footer.file_metadata().schema_descr();
    let (kept, unpruned) = (kept_rows(job), unpruned_rows(job, footer));
    let output = mask(schema, &job.columns);
    let conditions: Vec<String> = job.conditions.iter().map(|condition| condition.column.clone()).collect();
    let conditions = mask(schema, &conditions);
    let (mut found, mut first_row) = (Vec::new(), 0);
    for (ordinal, group) in footer.row_groups().iter().enumerate() {
        let group_rows = group.num_rows() as usize;
        for (index, chunk) in group.columns().iter().enumerate() {
            let is_wanted = |rows: std::ops::Range<usize>| {
                (output.leaf_included(index) && kept[rows.clone()].contains(&true))
                    || (conditions.leaf_included(index) && unpruned[rows].contains(&true))
            };
            if !is_wanted(first_row..first_row + group_rows) {
                continue;
            }
            let (start, length) = chunk.byte_range();
            let bytes = &job.file[start as usize..(start + length) as usize];
            let starts = page_starts(footer, ordinal, index, group_rows);
            let mut ordinal_of_page = 0;
            for page in pages(bytes) {
                let rows = starts.get(ordinal_of_page).cloned().unwrap_or(0..group_rows);
                let is_needed = page.is_dictionary || is_wanted(first_row + rows.start..first_row + rows.end);
                ordinal_of_page += usize::from(!page.is_dictionary);
                if is_needed {
                    found.push((start as usize, page, chunk.compression()));
                }
            }
        }
        first_row += group_rows;
    }
    found
}

/// The rows of each data page, counted in the row group; none without offset index.
fn page_starts(footer: &ParquetMetaData, group: usize, column: usize, rows: usize) -> Vec<std::ops::Range<usize>> {
    let index = footer.page_index_for_row_group(group);
    let Some(pages) = index.page_locations(column) else { return Vec::new() };
    let starts: Vec<usize> = pages.iter().map(|page| page.first_row_index as usize).collect();
    let ends = starts.iter().skip(1).copied().chain([rows]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
