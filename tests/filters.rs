//! Scans with predicates against decoding everything and filtering afterwards, row by row with three-valued logic: random
//! files, predicate trees, projections, selections, offsets and limits, options and ways of pushing. `PQPUSH_SEED` and
//! `PQPUSH_CASES` run others, or more.

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

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{Metrics, ScanOptions};

use support::compare::whole_columns;
use support::filter_case::FilterCase;
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::host::{By, Feed, scan, scan_with};
use support::kinds::Kind;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number in the environment"))
}

/// Runs a share of the cases; the first that fails is made smaller, shown, and its file written below target.
fn random_cases(part: u64) {
    let (base, count) = (from_environment("PQPUSH_SEED", 0), from_environment("PQPUSH_CASES", 2000));
    println!("PQPUSH_SEED={base}: {count} cases of part {part}");
    let first = base.wrapping_mul(1_000_003).wrapping_add(part << 32);
    let mut seen = Metrics::default();
    for seed in (0..count).map(|number| first.wrapping_add(number)) {
        let Some(case) = FilterCase::random(seed) else { continue };
        match case.check() {
            Ok(metrics) => add(&mut seen, metrics),
            Err(complaint) => fail(seed, case, &complaint),
        }
    }
    println!("{seen:?}");
    assert!(count < 1000 || is_all_there(seen), "some way of leaving out rows never came up: {seen:?}");
}

fn fail(seed: u64, case: FilterCase, first_complaint: &str) {
    let case = case.shrunk();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("filter-{seed:x}.parquet"));
    std::fs::write(&path, case.write()).expect("a file below target");
    let complaint = case.check().expect_err("a case that fails");
    panic!("seed {seed}: {first_complaint}\nsmaller: {complaint}\n{case:?}\nwritten to {}", path.display());
}

fn add(seen: &mut Metrics, more: Metrics) {
    seen.rows_pruned_by_stats += more.rows_pruned_by_stats;
    seen.rows_pruned_by_pages += more.rows_pruned_by_pages;
    seen.rows_pruned_by_bloom += more.rows_pruned_by_bloom;
    seen.rows_pruned_by_dictionary += more.rows_pruned_by_dictionary;
    seen.rows_filtered += more.rows_filtered;
    seen.rows_out += more.rows_out;
    seen.pages_skipped += more.pages_skipped;
    seen.cache_hits += more.cache_hits;
}

fn is_all_there(seen: Metrics) -> bool {
    let pruned = seen.rows_pruned_by_stats.min(seen.rows_pruned_by_pages);
    let pruned = pruned.min(seen.rows_pruned_by_bloom).min(seen.rows_pruned_by_dictionary);
    pruned.min(seen.rows_filtered).min(seen.rows_out).min(seen.pages_skipped).min(seen.cache_hits) > 0
}

#[test]
fn random_filters_first_part() {
    random_cases(1);
}

#[test]
fn random_filters_second_part() {
    random_cases(2);
}

/// Pages of the output without a row that the predicate keeps are not asked for.
#[test]
fn only_surviving_pages_are_asked_for() {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let spec = FileSpec::new(vec![column("key", Kind::Int64), column("payload", Kind::Utf8)], 10_000, 100);
    let file = spec.write().bytes;
    let everything = scan(&file, ScanOptions::default()).expect("a readable file");
    let keys = whole_columns(&everything)[0].clone();
    let literal: ArrayRef = keys.slice(4321, 1);
    let predicate = Predicate::compare("key", Comparison::Equal, literal).expect("one literal");
    let options = ScanOptions { predicates: vec![predicate], ..ScanOptions::default() };
    let found = scan_with(&file, options, Feed::Asked, By::Push).expect("a readable file");
    assert_eq!(
        found.row_count(),
        keys.as_primitive::<Int64Type>()
            .iter()
            .filter(|key| *key == Some(keys.as_primitive::<Int64Type>().value(4321)))
            .count()
    );
    let payload_bytes: u64 = found.asked.last().expect("a demand").iter().map(|range| range.length).sum();
    assert!(payload_bytes < everything.metrics.bytes_requested / 20, "{payload_bytes} bytes");
    assert_eq!(found.metrics.rows_filtered + found.metrics.rows_out + found.metrics.rows_pruned_by_pages, 10_000);
}
