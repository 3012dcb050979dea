//! Gives the sources a name, a hash: code that others lowered is not this build's, whatever its version says.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file).expect("a source can be read").hash(&mut hasher);
    }
    println!("cargo::rustc-env=PIRN_DECODE_SOURCES={:016x}", hasher.finish());
}

/// All files in a directory and those in it.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
