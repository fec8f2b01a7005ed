//! House rules that a program can check.
//!
//! - `arrows`: which crate may use which.
//! - `links`: of documents, which must lead somewhere, and the endpoints that texts name.
//! - `shipping`: what containers, services and charts say of the program.
//! - `texts`: what no file may say, and what every crate must.
//! - `twins`: what stands in two places.
//! - `words`: one word, one thing, in the names that others see.

mod arrows;
mod links;
mod shipping;
mod texts;
mod twins;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// What is made by tools or at run time, and is none of ours to judge.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "__pycache__", "baton-data", "demo-data"];
const TEXTS: &[&str] = &["rs", "toml", "md", "sql", "sh", "yml", "yaml", "json", "ts", "tsx", "css"];

struct SourceFile {
    /// From the workspace's folder on.
    path: String,
    text: String,
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

fn files_ending(extensions: &[&str]) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    walk(workspace(), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension)));
    paths.sort();
    assert!(!paths.is_empty(), "no file ends with {extensions:?}: the walk is broken");
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> SourceFile {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(workspace()).expect("it was found there").to_string_lossy().into_owned();
    SourceFile { path, text }
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder was found").flatten() {
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), paths),
            Ok(kind) if kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

#[track_caller]
fn none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}
