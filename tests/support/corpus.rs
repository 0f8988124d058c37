//! The corpus of files written by others, beside the checkout: `../shared/corpus`. Tests that need it print "skipped:
//! no corpus" where it is absent.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;

/// The corpus, where it is there.
pub fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let found = path.is_dir().then_some(path);
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

/// The Parquet files of the corpus of at most `most_bytes`, by path, those that no reader takes among them.
pub fn small_files(corpus: &Path, most_bytes: u64) -> Vec<(String, Bytes)> {
    let mut folders = vec![corpus.join("parquet-testing"), corpus.join("wild")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the corpus") {
            let path = entry.expect("an entry of the corpus").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet")
                && path.metadata().expect("a file of the corpus").len() <= most_bytes
            {
                let bytes = Bytes::from(std::fs::read(&path).expect("a file of the corpus"));
                files.push((path.file_name().expect("a name").to_string_lossy().into_owned(), bytes));
            }
        }
    }
    files.sort();
    files
}

/// Where the corpus's generator writes its hostile mutants; generated anew, which takes a second.
pub fn mutants(corpus: &Path) -> PathBuf {
    let directory = Path::new(option_env!("CARGO_TARGET_TMPDIR").expect("a test, not a fuzz target"))
        .join(format!("mutants-{}", std::process::id()));
    let mut generator = Command::new("python3");
    generator.env("PYTHONDONTWRITEBYTECODE", "1").arg(corpus.join("mutate.py")).arg("gen").arg(&directory);
    let output = generator.output().expect("python3, which the generator of mutants needs");
    assert!(output.status.success(), "the generator of mutants failed: {}", String::from_utf8_lossy(&output.stderr));
    directory
}
