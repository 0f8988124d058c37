//! Hostile files: the mutants that the corpus's generator makes of real files, 1,170 of them, and damaged generated files
//! of every type, encoding and codec. Each gives its rows or a typed error: no panic, no hang, no memory that the file
//! cannot justify, whatever way the bytes arrive.

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

use std::path::Path;

use bytes::Bytes;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};

use support::corpus::{corpus, mutants};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::hostile::{damaged, read_or_refused};
use support::kinds::ALL;
use support::memory;
use support::random::Random;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn files(directory: &Path) -> Vec<(String, Bytes)> {
    let entries = std::fs::read_dir(directory).expect("the generated mutants");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a mutant").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, Bytes::from(std::fs::read(path).expect("a readable mutant")))
    };
    paths.iter().map(read).collect()
}

#[test]
fn mutants_give_rows_or_typed_errors() {
    let Some(corpus) = corpus() else { return };
    let directory = mutants(&corpus);
    let files = files(&directory);
    std::fs::remove_dir_all(&directory).expect("the mutants removed");
    assert_eq!(files.len(), 1170);
    let read = read_or_refused(files);
    // Mutations often hit what no reader looks at; if hardly a mutant were read, the rest would prove little.
    assert!(read > 250, "only {read} of 1170 mutants are read");
}

fn codecs() -> [Compression; 8] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::UNCOMPRESSED,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
    ]
}

/// The description of a small file of one column, every type, encoding and page version in turn.
fn small_files() -> Vec<FileSpec> {
    let mut specs = Vec::new();
    for kind in ALL {
        let dictionaries: &[Coding] = match kind.takes_dictionary() {
            true => &[Coding::Dictionary, Coding::DictionaryFallback],
            false => &[],
        };
        let others = kind.encodings().iter().map(|encoding| Coding::As(*encoding));
        for coding in [Coding::Plain].into_iter().chain(dictionaries.iter().copied()).chain(others) {
            for v2 in [false, true] {
                let seed = specs.len();
                let nulls = [Nulls::Required, Nulls::Random(30)][seed / 2 % 2];
                let column = ColumnSpec::new("c", *kind, nulls, coding).with_codec(codecs()[seed / 3 % 8]);
                let mut spec = FileSpec::new(vec![column], 120, 50);
                (spec.v2, spec.seed, spec.page_index) = (v2, seed as u64, seed % 5 != 0);
                specs.push(spec);
            }
        }
    }
    specs
}

#[test]
fn damaged_files_give_rows_or_typed_errors() {
    let mut random = Random::new(1);
    let mut files = Vec::new();
    for (number, spec) in small_files().iter().enumerate() {
        let file = spec.write().bytes;
        for damage in 0..60 {
            files.push((format!("damage {damage} of file {number}, {spec:?}"), damaged(&file, &mut random)));
        }
    }
    let count = files.len();
    let read = read_or_refused(files);
    assert!(read > count / 5, "only {read} of {count} damaged files are read");
}
