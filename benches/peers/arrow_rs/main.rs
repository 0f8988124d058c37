//! The `parquet` crate as a peer of the benchmarks, and what needs its pages: the floor of a scan. Reads orders from
//! standard input, one a line, fields KEY=VALUE with tabs between; answers each with a line of JSON. `scripts/bench`
//! starts it.
//!
//! Variants: `sync` and `push`, without predicates; `rowfilter` and `post`, with predicates in the decoder or evaluated
//! after it; `pqpush-rust`, pqpush through its Rust API; `floor`, the pages decompressed and the output written. The task
//! `abi` scans by pqpush through its C ABI and through its Rust API in turn.

// A benchmark may stop where something is not as it expects.
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

mod c_abi;
mod conditions;
mod digest;
mod filtered;
mod floor;
mod measure;
mod opening;
mod page_headers;
mod pruning;
mod rust_api;
mod scan;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, Write};

use arrow_array::RecordBatch;
use bytes::Bytes;

use crate::conditions::Condition;

/// Rows of a batch.
pub const BATCH_ROWS: usize = 8192;

/// One order of the runner, with its file in memory.
#[derive(Clone)]
pub struct Job {
    pub file: Bytes,
    pub variant: String,
    /// No names: all columns.
    pub columns: Vec<String>,
    pub conditions: Vec<Condition>,
    pub views: bool,
}

impl Job {
    fn new(fields: &HashMap<&str, &str>, file: Bytes) -> Self {
        let list = |name: &str, separator: char| -> Vec<String> {
            fields.get(name).map(|list| list.split(separator).map(str::to_owned).collect()).unwrap_or_default()
        };
        Self {
            file,
            variant: fields.get("variant").copied().unwrap_or("sync").to_owned(),
            columns: list("columns", ','),
            conditions: list("conditions", ';').iter().map(|condition| Condition::parse(condition)).collect(),
            views: fields.get("strings") == Some(&"view"),
        }
    }

    /// Runs the scan; every batch goes to `take`.
    pub fn scan(&self, take: &mut dyn FnMut(RecordBatch)) {
        match self.variant.as_str() {
            "sync" => scan::sync(self, take),
            "push" => scan::push(self, take),
            "rowfilter" => filtered::row_filter(self, take),
            "post" => filtered::afterwards(self, take),
            "pqpush-rust" => rust_api::scan(self, take),
            other => panic!("there is no variant {other}"),
        }
    }
}

fn answer(fields: &HashMap<&str, &str>, job: &Job) -> String {
    match (fields.get("task").copied().unwrap_or("scan"), job.variant.as_str()) {
        ("digest", _) => digest::of(job),
        ("abi", _) => c_abi::beside_rust(fields, job),
        ("open", _) => measure::measure(fields, || opening::open(job)),
        ("scan", "floor") => {
            let mut floor = floor::Floor::new(job);
            measure::measure(fields, || floor.run())
        }
        ("scan", _) => measure::measure(fields, || {
            let mut rows = 0;
            job.scan(&mut |batch| rows += batch.num_rows());
            rows
        }),
        (other, _) => panic!("there is no task {other}"),
    }
}

fn main() {
    let mut loaded = (String::new(), Bytes::new());
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("an order");
        let fields: HashMap<&str, &str> = line.split('\t').filter_map(|field| field.split_once('=')).collect();
        let path = fields.get("file").copied().unwrap_or_default();
        if loaded.0 != path {
            // The file before goes first.
            drop(std::mem::take(&mut loaded));
            loaded = (path.to_owned(), fs::read(path).expect("the file").into());
        }
        println!("{}", answer(&fields, &Job::new(&fields, loaded.1.clone())));
        std::io::stdout().flush().expect("a reader of the answers");
    }
}
