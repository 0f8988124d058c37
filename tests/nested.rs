//! Nested columns, decoded here and by the `parquet` crate: random schemas of structs, lists and maps to a depth of six,
//! every type of leaf, any projection, in small pages and batches.
//!
//! A case that fails is made smaller while it fails and written to tests/regressions, whose files are read by every later
//! run. `PQPUSH_SEED` chooses other cases, `PQPUSH_CASES` how many a test runs.

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

use std::path::{Path, PathBuf};

use bytes::Bytes;
use pqpush::{ScanOptions, StringType};

use support::compare::assert_batches;
use support::host::{By, Feed, scan_with};
use support::nested_case::{Case, assert_same};

fn regressions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions")
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number in the environment"))
}

/// Runs a share of the cases; the first that fails is written as a file, and shown.
fn random_cases(part: u64) {
    let (base, count) = (from_environment("PQPUSH_SEED", 0), from_environment("PQPUSH_CASES", 6000));
    println!("PQPUSH_SEED={base}: {count} cases of part {part}");
    let first = base.wrapping_mul(1_000_003).wrapping_add(part << 32);
    for seed in (0..count).map(|number| first.wrapping_add(number)) {
        let case = Case::random(seed);
        if let Err(first_complaint) = case.check() {
            let case = case.shrunk();
            let path = regressions().join(format!("nested-{seed:x}.parquet"));
            std::fs::write(&path, case.write()).expect("a file in tests/regressions");
            let complaint = case.check().expect_err("a case that fails");
            panic!("seed {seed}: {first_complaint}\nsmaller: {complaint}\n{case:?}\nwritten to {}", path.display());
        }
    }
}

#[test]
fn random_cases_first_part() {
    random_cases(1);
}

#[test]
fn random_cases_second_part() {
    random_cases(2);
}

/// Every file that was once read wrongly, under more options than those that it failed with.
#[test]
fn regressions_stay_fixed() {
    let entries = std::fs::read_dir(regressions()).expect("the directory of regressions");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    paths.sort();
    for path in paths {
        let file = Bytes::from(std::fs::read(&path).expect("a regression file"));
        for batch_rows in [1, 3, 8192] {
            for (offset, limit) in [(0, None), (1, Some(2)), (2, None), (5, Some(1))] {
                for (feed, bound) in [(Feed::Asked, None), (Feed::Whole, Some(1)), (Feed::PieceByPiece(7), Some(300))] {
                    let mut options = ScanOptions { batch_rows, offset, limit, ..ScanOptions::default() };
                    (options.max_buffered_bytes, options.string_type) = (bound, StringType::Utf8);
                    let context = format!("{} {options:?} {feed:?}", path.display());
                    assert_same(&file, &options, feed, &context);
                    // What the hint of the writer makes of it has no reference, yet must be sound.
                    let scan = scan_with(&file, options, feed, By::Push).expect(&context);
                    assert_batches(&scan, batch_rows, &context);
                }
            }
        }
    }
}
