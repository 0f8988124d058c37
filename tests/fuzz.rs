//! The bodies of the fuzz targets (fuzz/), run over the corpus, over generated files and over mutations of both, without a
//! fuzzer: a fixed number of them as a test, or for as many seconds a target as `PQPUSH_FUZZ_SECONDS` says, from
//! `PQPUSH_SEED` on (scripts/fuzz-smoke). docs/fuzzing.md says more.
//!
//! An input that fails is written to tests/regressions/fuzz, named by its target, and every later run begins with it.

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

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pqpush::schema::PhysicalType;
use support::corpus::{corpus, small_files};
use support::fuzz::{Body, TARGETS};
use support::nested_case::Case;
use support::random::{Random, mix};

/// Larger files of the corpus are no seeds.
const LARGEST_SEED: u64 = 6000;

fn regressions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions/fuzz")
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number in the environment"))
}

/// Runs one input, and says whether it was read; one that fails is kept.
fn run(target: (&str, Body), input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target.1(input))).unwrap_or_else(|panic| {
        let name = input.iter().fold(0, |hash, byte| mix(hash ^ *byte as u64));
        let path = regressions().join(format!("{}-{name:016x}", target.0));
        std::fs::write(&path, input).expect("a file in tests/regressions/fuzz");
        println!("kept as {}", path.display());
        resume_unwind(panic)
    })
}

/// What the mutations of a target begin with.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "encodings" => return page_seeds(),
        "snappy" => return snappy_seeds(),
        _ => {}
    }
    let nested = (0..60).map(|seed| Case::random(seed).write().to_vec());
    let corpus = corpus().map(|corpus| small_files(&corpus, LARGEST_SEED)).unwrap_or_default();
    let files = nested.chain(corpus.into_iter().map(|(_, file)| file.to_vec()));
    match target {
        // Its first byte is no part of the file.
        "splits" => files.enumerate().map(|(number, file)| [vec![number as u8], file].concat()).collect(),
        "predicates" => files.flat_map(with_conditions).collect(),
        _ => files.collect(),
    }
}

/// Blocks of bytes as columns have them, and one with every kind of element. Their first byte is the room behind.
fn snappy_seeds() -> Vec<Vec<u8>> {
    let mut random = Random::new(0);
    let elements = b"\x1c\x08abc\x05\x03\x0e\x02\x00\x13\x03\x00\x00\x00\xf0\x08zyxwvutsr";
    let mut seeds = vec![[&[64], &elements[..]].concat()];
    for length in [1, 40, 100, 300, 1000, 3000, 20_000] {
        for kind in 0..5 {
            let bytes: Vec<u8> = (0..length)
                .map(|at: usize| match kind {
                    0 => random.bits() as u8,
                    1 => (at / 8 * 3).to_le_bytes()[at % 8],
                    2 => (at / 100) as u8,
                    3 => b"the quick brown fox"[(at + random.below(2)) % 19],
                    _ => random.below(2) as u8 * (at % 7) as u8,
                })
                .collect();
            let block = snap::raw::Encoder::new().compress_vec(&bytes).expect("bytes that are not too many");
            seeds.push([vec![[0, 64, 200][length % 3]], block].concat());
        }
    }
    seeds
}

/// A file with conditions on its first flat columns before it.
fn with_conditions(file: Vec<u8>) -> Vec<Vec<u8>> {
    let bytes = bytes::Bytes::from(file.clone());
    let Ok(metadata) = support::host::metadata(&bytes) else { return Vec::new() };
    let flat = metadata.schema.leaves.iter().filter(|leaf| leaf.max_repetition_level == 0).take(3);
    let conditions = flat.enumerate().map(|(number, leaf)| {
        let name =
            leaf.path.names().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(".");
        match (leaf.physical, number % 2) {
            (PhysicalType::Boolean, _) => format!("{name} OR {name} IS NULL"),
            (PhysicalType::ByteArray, 0) if leaf.logical.is_some() => format!("{name} LIKE '%a%' OR NOT {name} < 'm'"),
            (PhysicalType::ByteArray, _) if leaf.logical.is_some() => format!("{name} BETWEEN 'a' AND 'zz'"),
            (PhysicalType::Int32 | PhysicalType::Int64 | PhysicalType::Double | PhysicalType::Float, 0) => {
                format!("{name} > 3")
            }
            (PhysicalType::Int32 | PhysicalType::Int64 | PhysicalType::Double | PhysicalType::Float, _) => {
                format!("NOT {name} IN (1, 2, 5, NULL) AND {name} <> 7")
            }
            _ => format!("{name} IS NOT NULL"),
        }
    });
    let short = conditions.filter(|condition| condition.len() < 256);
    short.map(|condition| [&[condition.len() as u8], condition.as_bytes(), &file].concat()).collect()
}

/// Pages of every type and encoding that may be right: streams of runs and of deltas, lengths and bytes.
fn page_seeds() -> Vec<Vec<u8>> {
    use support::handmade::*;
    let numbers: Vec<i64> = (0..200).map(|row| row * 37 % 11).collect();
    let runs = [bit_packed_run(&[1, 0, 1, 1, 0, 1, 0, 1], 1), rle_run(92, 1, 1)].concat();
    let lengths = delta_binary_packed(&numbers[..100], 32, 4);
    let zeros = delta_binary_packed(&[0; 100], 32, 4);
    let text = vec![b'x'; 1200];
    let bodies = [
        vec![0; 1600],
        text.clone(),
        [prefixed(runs.clone()), vec![0; 9]].concat(),
        [vec![1], runs].concat(),
        indexes(&(0..100).collect::<Vec<_>>(), 9),
        delta_binary_packed(&numbers[..100], 32, 4),
        delta_binary_packed(&numbers[..100], 128, 2),
        [lengths.clone(), text.clone()].concat(),
        [zeros.clone(), lengths, text.clone()].concat(),
        [zeros, delta_binary_packed(&[5; 100], 32, 4), text].concat(),
        plain_bytes(&[b"a", b"", b"bcd"]).repeat(34),
    ];
    let mut seeds = Vec::new();
    for choice in 0..40 {
        for levels in 0..4 {
            for body in &bodies {
                let count = if levels & 1 == 0 { 100 } else { 150 };
                seeds.push([&[choice, count, levels][..], body].concat());
            }
        }
    }
    seeds
}

/// A few bytes changed, doubled, cut out, overwritten with numbers at the edge, or taken from another seed.
fn mutated(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    // Half of them leave the end alone, where the footer is, which bears little.
    let part = random.pick(&[1, 2]);
    for _ in 0..random.pick(&[1, 1, 2, 4]) {
        let at = random.below(bytes.len().div_ceil(part).max(1));
        let end = bytes.len().min(at + 1 + random.below(1 + random.clone().pick(&[4, 16, 100])));
        match random.below(10) {
            0 => drop(bytes.drain(at.min(end)..end)),
            1 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), piece);
            }
            2 if !other.is_empty() => {
                let start = random.below(other.len());
                let piece = other[start..other.len().min(start + 1 + random.below(64))].to_vec();
                let end = bytes.len().min(at + piece.len());
                bytes.splice(at.min(end)..end, piece);
            }
            3 => bytes[at.min(end)..end].fill(random.pick(&[0, 0xff, 0x80, 0x7f])),
            4 => {
                let wide = random.pick(&[[0xff; 5], [0x80, 0x80, 0x80, 0x80, 0x08], [0xff, 0xff, 0xff, 0xff, 0x0f]]);
                bytes.splice(at.min(end)..end.min(at + 5).max(at.min(end)), wide);
            }
            _ if at < bytes.len() => {
                let byte = bytes[at];
                let choices =
                    [0, 1, 2, 0x7f, 0x80, 0xff, byte ^ 1 << random.below(8), byte.wrapping_add(1), random.bits() as u8];
                bytes[at] = random.pick(&choices);
            }
            _ => bytes.push(random.bits() as u8),
        }
    }
    bytes
}

/// What earlier runs, and fuzzers, found.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(regressions()).expect("the directory of regressions");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(target)));
    paths.iter().map(|path| std::fs::read(path).expect("an input")).collect()
}

/// The seeds as a fuzzer takes them (scripts/fuzz).
fn write_corpus(directory: &Path, seeds: &[Vec<u8>]) {
    std::fs::create_dir_all(directory).expect("a directory for the seeds");
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(directory.join(format!("seed-{number}")), seed).expect("a seed");
    }
}

/// Runs a target over what is kept, its seeds, and so many mutations, where the environment gives no time.
fn fuzz(target: (&str, Body), mutations: u64) {
    kept(target.0).iter().for_each(|input| _ = target.1(input));
    let seeds = seeds(target.0);
    if let Ok(directory) = std::env::var("PQPUSH_FUZZ_CORPUS") {
        write_corpus(&Path::new(&directory).join(target.0), &seeds);
    }
    let seeds_read = seeds.iter().filter(|seed| run(target, seed)).count();
    let (first, seconds) = (from_environment("PQPUSH_SEED").unwrap_or(0), from_environment("PQPUSH_FUZZ_SECONDS"));
    let (started, mut random, mut runs, mut read) = (Instant::now(), Random::new(first), 0, 0);
    let goes_on = |runs| match seconds {
        Some(seconds) => started.elapsed() < Duration::from_secs(seconds),
        None => runs < mutations,
    };
    while goes_on(runs) {
        let (seed, other) = (random.below(seeds.len()), random.below(seeds.len()));
        read += u64::from(run(target, &mutated(&seeds[seed], &seeds[other], &mut random)));
        runs += 1;
    }
    println!(
        "{}: PQPUSH_SEED={first}, {seeds_read} of {} seeds and {read} of {runs} mutations read",
        target.0,
        seeds.len()
    );
}

#[test]
fn metadata() {
    fuzz(TARGETS[0], 25_000);
}

#[test]
fn file() {
    fuzz(TARGETS[1], 40_000);
}

#[test]
fn encodings() {
    fuzz(TARGETS[2], 100_000);
}

#[test]
fn splits() {
    fuzz(TARGETS[3], 20_000);
}

#[test]
fn predicates() {
    fuzz(TARGETS[4], 20_000);
}

#[test]
fn snappy() {
    fuzz(TARGETS[5], 200_000);
}
