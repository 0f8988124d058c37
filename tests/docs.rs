//! The tests that docs/format-support.md names exist.

// Tests may stop where something is not as they expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

/// Asserts that what stands between backticks and looks like a test or a script is there.
#[test]
fn tests_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = read("docs/format-support.md");
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let mut found = 0;
    for name in named {
        let is_file = ["tests/", "src/", "c_tests/", "scripts/"].iter().any(|folder| name.starts_with(folder));
        if !is_file {
            continue;
        }
        found += 1;
        let (path, function) = name.split_once("::").unwrap_or((name, ""));
        let source = read(path);
        let declared = match path.rsplit_once('.') {
            _ if function.is_empty() => String::new(),
            Some((_, "rs")) => format!("#[test]\n{}fn {function}() {{", indentation(&source, function)),
            _ => format!("def {function}("),
        };
        assert!(source.contains(&declared), "there is no test {name}");
    }
    assert!(found > 100, "{found} tests are named");
}

/// What stands in front of the function in its line.
fn indentation<'a>(source: &'a str, function: &str) -> &'a str {
    let declared = format!("fn {function}() {{");
    let line = source.lines().find(|line| line.ends_with(&declared)).unwrap_or_default();
    line.strip_suffix(&declared).unwrap_or_default()
}
