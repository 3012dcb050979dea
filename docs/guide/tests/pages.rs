//! Every page is in the table of contents, and its code is compiled.

use std::fs;
use std::path::Path;

#[test]
fn every_page_is_listed_and_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let summary = fs::read_to_string(root.join("src/SUMMARY.md")).unwrap();
    let compiled = fs::read_to_string(root.join("lib.rs")).unwrap();
    let mut pages = 0;
    for file in fs::read_dir(root.join("src")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name == "SUMMARY.md" {
            continue;
        }
        assert_eq!(summary.matches(&format!("]({name})")).count(), 1, "{name} in SUMMARY.md");
        assert_eq!(compiled.matches(&format!("\"{name}\"")).count(), 1, "{name} in lib.rs");
        pages += 1;
    }
    assert_eq!(summary.matches(".md)").count(), pages, "SUMMARY.md names pages that do not exist");
}

/// Links between pages lead to pages, and links out of the book to files of the repository.
#[test]
fn links_lead_somewhere() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let repository = "https://github.com/pirn-rs/pirn/blob/main/";
    let mut links = 0;
    for file in fs::read_dir(&src).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap();
            let found = match target.strip_prefix(repository) {
                Some(in_repository) => src.join("../../..").join(in_repository),
                None if target.starts_with("https://") || target.is_empty() => continue,
                None => src.join(target),
            };
            assert!(found.exists(), "{}: {target}", path.display());
            links += 1;
        }
    }
    assert!(links > 12, "{links} links");
}
