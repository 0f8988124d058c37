//! Writes `include/pqpush.h`: the preamble, then one section a subject in the order in which a reader meets them. Each
//! section is what cbindgen makes of its source files, because cbindgen puts all types of a run before all functions.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Section {
    title: &'static str,
    sources: &'static [&'static str],
    /// Types that no function of the section names; cbindgen would leave them out.
    types: &'static [&'static str],
}

const SECTIONS: [Section; 14] = [
    Section { title: "Version", sources: &["version"], types: &[] },
    Section { title: "Status", sources: &["status"], types: &["pqpush_status", "pqpush_status_code"] },
    Section { title: "Errors", sources: &["error"], types: &[] },
    Section { title: "Bytes and strings", sources: &["slice"], types: &["pqpush_range", "pqpush_str"] },
    Section { title: "Events", sources: &["event"], types: &["pqpush_event_kind", "pqpush_event"] },
    Section {
        title: "Metadata",
        sources: &["encryption", "metadata_decoder", "metadata"],
        types: &["pqpush_metadata_flags", "pqpush_column_key"],
    },
    Section { title: "What the metadata says", sources: &["facts", "names"], types: &["pqpush_column_chunk_flags"] },
    Section { title: "Statistics", sources: &["statistics"], types: &["pqpush_sorting_flags"] },
    Section { title: "Bloom filters", sources: &["bloom_filter"], types: &["pqpush_bloom_verdict"] },
    Section {
        title: "Predicates",
        sources: &["predicate", "callback"],
        types: &["pqpush_comparison", "pqpush_column_bounds"],
    },
    Section { title: "Scan options", sources: &["row_selection", "options"], types: &["pqpush_scan_flags"] },
    Section { title: "Decoder", sources: &["decoder", "course", "metrics"], types: &[] },
    Section { title: "Plans: one scan on several threads", sources: &["plan"], types: &[] },
    Section { title: "Streams", sources: &["stream"], types: &[] },
];

/// Writes the header where it differs from what is there, so that an unchanged one does not look new to cargo.
pub fn write(abi_version: u32) -> Outcome<()> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&root);
    for path in ["build", "cbindgen.toml", "src/ffi", "include/pqpush.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let mut header = preamble(root, abi_version)?;
    for section in &SECTIONS {
        header.push_str(&format!("\n/* ---- {:-<107} */\n\n", format!("{} ", section.title)));
        header.push_str(declarations(root, section)?.trim());
        header.push('\n');
    }
    header.push_str("\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* PQPUSH_H */\n");
    let path = root.join("include/pqpush.h");
    if fs::read_to_string(&path).ok().as_deref() != Some(header.as_str()) {
        fs::create_dir_all(root.join("include"))?;
        fs::write(&path, header)?;
    }
    Ok(())
}

fn preamble(root: &Path, abi_version: u32) -> Outcome<String> {
    let mut text = fs::read_to_string(root.join("build/preamble.h"))?;
    let names = [("@MAJOR@", "_MAJOR"), ("@MINOR@", "_MINOR"), ("@PATCH@", "_PATCH"), ("@VERSION@", "")];
    for (placeholder, variable) in names {
        let value = env::var(format!("CARGO_PKG_VERSION{variable}"))?;
        text = text.replace(placeholder, &value);
    }
    Ok(text.replace("@ABI@", &abi_version.to_string()))
}

fn declarations(root: &Path, section: &Section) -> Outcome<String> {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    config.export.include = section.types.iter().map(ToString::to_string).collect();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in section.sources {
        builder = builder.with_src(root.join(format!("src/ffi/{source}.rs")));
    }
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    Ok(tidy(&String::from_utf8(text)?))
}

/// Comments of one line on one line, and types by the names that their typedefs give them.
fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let by_name =
            if line.starts_with("typedef") { line.to_owned() } else { line.replace("struct pqpush_", "pqpush_") };
        match lines.as_mut_slice() {
            [.., begin, only] if line.trim() == "*/" && begin.trim() == "/**" => {
                *begin = format!("{begin} {} */", only.trim().trim_start_matches("* "));
                lines.pop();
            }
            _ => lines.push(by_name),
        }
    }
    lines.join("\n")
}
