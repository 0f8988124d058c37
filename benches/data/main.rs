//! Writes the files that `scripts/bench` measures: `bench_data DIRECTORY full|quick NAME...`.
//!
//! A file is `DIRECTORY/NAME.parquet`. One that is there is left alone, and a file has its name only when it is complete.
//! The same name and size give the same bytes everywhere. Names are those of `tables`, `lab`, `filters` and `wide`.

// A generator may stop where something is not as it expects.
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

mod filters;
mod lab;
mod lab_nested;
mod random;
mod tables;
mod web;
mod wide;
mod writing;

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

/// How large the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Full,
    Quick,
}

impl Size {
    /// So many rows, or a tenth of them.
    fn rows(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Quick => full / 10,
        }
    }
}

fn write(name: &str, size: Size, file: File) {
    if name.starts_with("m_") {
        lab::write(name, size, file);
    } else if name.starts_with("wide-") {
        wide::write(name, file);
    } else if name.starts_with("sensor") || name.starts_with("lineitem-sorted") {
        filters::write(name, size, file);
    } else {
        tables::write(name, size, file);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, size, names @ ..] = arguments.as_slice() else {
        panic!("usage: bench_data DIRECTORY full|quick NAME...");
    };
    let size = match size.as_str() {
        "full" => Size::Full,
        "quick" => Size::Quick,
        other => panic!("the size is full or quick, not {other}"),
    };
    fs::create_dir_all(directory).expect("a directory for the files");
    for name in names {
        let path = Path::new(directory).join(format!("{name}.parquet"));
        if path.exists() {
            continue;
        }
        let started = Instant::now();
        let unfinished = path.with_extension("unfinished");
        write(name, size, File::create(&unfinished).expect("a new file"));
        fs::rename(&unfinished, &path).expect("the finished file in place");
        let bytes = fs::metadata(&path).expect("the finished file").len();
        println!("{name}: {:.1} MB in {:.1} s", bytes as f64 / 1e6, started.elapsed().as_secs_f64());
    }
}
