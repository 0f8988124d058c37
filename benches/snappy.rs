//! Snappy alone: the pages of files, decompressed by each kernel of the library's decoder that the CPU can run, by `snap`, and
//! by Google's library in C++ where `libsnappy.so.1` is installed.
//!
//! `cargo bench --bench snappy -- [FILE.parquet...]`; without a file it is lineitem, generated once in `target/bench-data`. The
//! decoders take turns, page by page as they lie in the file; times are those of the processor, and of many rounds the
//! lower quartile counts. Prints GB/s of decompressed bytes, and how many times as fast as `snap` that is.

// A benchmark may stop where something is not as it expects.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

#[path = "../src/simd/cpu.rs"]
mod cpu;
#[path = "peers/arrow_rs/page_headers.rs"]
mod page_headers;
#[path = "../src/simd/snappy/mod.rs"]
mod snappy;
mod support;

use std::ffi::c_void;
use std::fs;

use bytes::Bytes;
use cpu_time::ThreadTime;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaDataReader;

/// Rounds of all decoders over all pages.
const ROUNDS: usize = 15;

/// Bytes of pages that are taken of a file: more only takes longer.
const MOST_BYTES: usize = 400 << 20;

/// Decompresses a page to the front of a target with room behind it.
type Decode<'a> = Box<dyn FnMut(&[u8], usize, &mut [u8]) + 'a>;

/// Compressed bodies, and what they become.
fn pages(file: &Bytes) -> Vec<(Bytes, usize)> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file).expect("a footer");
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let (mut pages, mut bytes) = (Vec::new(), 0);
    for chunk in chunks.filter(|chunk| chunk.compression() == Compression::SNAPPY) {
        let (start, length) = chunk.byte_range();
        let chunk = file.slice(start as usize..(start + length) as usize);
        for page in page_headers::pages(&chunk) {
            if page.is_compressed && page.size > 0 && bytes < MOST_BYTES {
                bytes += page.size;
                pages.push((chunk.slice(page.body), page.size));
            }
        }
    }
    pages
}

/// `snappy_uncompress` of Google's library, where it is installed.
fn google() -> Option<Decode<'static>> {
    type Uncompress = unsafe extern "C" fn(*const u8, usize, *mut u8, *mut usize) -> i32;
    // SAFETY: both names end with a zero, and the function, which stays loaded, has this type.
    let uncompress = unsafe {
        let library = libc::dlopen(c"libsnappy.so.1".as_ptr(), libc::RTLD_NOW);
        let symbol = if library.is_null() { library } else { libc::dlsym(library, c"snappy_uncompress".as_ptr()) };
        if symbol.is_null() {
            return None;
        }
        std::mem::transmute::<*mut c_void, Uncompress>(symbol)
    };
    Some(Box::new(move |source, size, target| {
        let mut length = size;
        // SAFETY: it reads the source, and writes at most `length` bytes.
        let status = unsafe { uncompress(source.as_ptr(), source.len(), target.as_mut_ptr(), &mut length) };
        assert_eq!((status, length), (0, size));
    }))
}

fn decoders() -> Vec<(String, Decode<'static>)> {
    let mut snap = snap::raw::Decoder::new();
    let mut decoders: Vec<(_, Decode)> = vec![(
        "snap".to_owned(),
        Box::new(move |source, size, target| {
            assert_eq!(snap.decompress(source, &mut target[..size]), Ok(size));
        }),
    )];
    for kernel in snappy::Kernel::available() {
        let decode: Decode = Box::new(|source, size, target| {
            assert_eq!(snappy::decompress_by(*kernel, source, size, target), Ok(()));
        });
        decoders.push((format!("pqpush {kernel:?}"), decode));
    }
    decoders.extend(google().map(|google| ("C++".to_owned(), google)));
    decoders
}

fn measure(name: &str, file: &Bytes) {
    let pages = pages(file);
    let sizes = || pages.iter().map(|(_, size)| *size);
    let room = sizes().max().unwrap_or(0) + snappy::ROOM;
    let (mut target, mut expected) = (vec![0; room], vec![0; room]);
    let mut decoders = decoders();
    for (source, size) in &pages {
        decoders[0].1(source, *size, &mut expected);
        for (name, decode) in &mut decoders[1..] {
            decode(source, *size, &mut target);
            assert!(target[..*size] == expected[..*size], "{name} differs");
        }
    }
    let mut seconds = vec![Vec::new(); decoders.len()];
    for _ in 0..ROUNDS {
        for ((_, decode), seconds) in decoders.iter_mut().zip(&mut seconds) {
            let start = ThreadTime::now();
            for (source, size) in &pages {
                decode(source, *size, &mut target);
            }
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let quartile = |seconds: &mut Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[ROUNDS / 4]
    };
    let seconds: Vec<f64> = seconds.iter_mut().map(quartile).collect();
    let (gigabytes, megabytes) = (sizes().sum::<usize>() as f64 / 1e9, sizes().sum::<usize>() / 1_000_000);
    print!("{name}: {} pages, {megabytes} MB", pages.len());
    for ((name, _), own) in decoders.iter().zip(&seconds) {
        print!(" | {name} {:.2} GB/s ({:.2})", gigabytes / own, seconds[0] / own);
    }
    println!();
}

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if named.is_empty() {
        return measure("lineitem", &support::lineitem("snappy", Compression::SNAPPY));
    }
    for path in named {
        measure(&path, &fs::read(&path).expect("a file").into());
    }
}
