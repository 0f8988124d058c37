//! The corpus of files written by others, beside the checkout: `../shared/corpus`. Tests that need it print "skipped:
//! no corpus" where it is absent.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The corpus, where it is there.
pub fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let found = path.is_dir().then_some(path);
    if found.is_none() {
        println!("skipped: no corpus");
    }
    found
}

/// Where the corpus's generator writes its hostile mutants; generated anew, which takes a second.
pub fn mutants(corpus: &Path) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutants-{}", std::process::id()));
    let mut generator = Command::new("python3");
    generator.env("PYTHONDONTWRITEBYTECODE", "1").arg(corpus.join("mutate.py")).arg("gen").arg(&directory);
    let output = generator.output().expect("python3, which the generator of mutants needs");
    assert!(output.status.success(), "the generator of mutants failed: {}", String::from_utf8_lossy(&output.stderr));
    directory
}
