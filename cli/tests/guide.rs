//! What the guide says that the command line prints.
//!
//! A page has files (a block of `wat` behind a text that ends in "`NAME`:") and transcripts (blocks of `console`: lines behind `$ ` are
//! commands, the others what they print). All pages share one directory, as a reader does.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::Scratch;

/// The blocks of a page: the line before each, its language, and what is in it.
fn blocks(page: &str) -> Vec<(&str, &str, String)> {
    let (mut blocks, mut lines, mut before) = (Vec::new(), page.lines(), "");
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            blocks.push((before, language, text));
        } else if !line.is_empty() {
            before = line;
        }
    }
    blocks
}

#[test]
fn transcripts_print_what_the_guide_says() {
    let scratch = Scratch::new("guide");
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src");
    let programs = Path::new(env!("CARGO_BIN_EXE_pirn")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut files: Vec<_> = fs::read_dir(&pages).unwrap().map(|file| file.unwrap().path()).collect();
    // In the order of the book, for a page may use the files of one before.
    let summary = fs::read_to_string(pages.join("SUMMARY.md")).unwrap();
    files.sort_by_key(|file| summary.find(file.file_name().unwrap().to_str().unwrap()));
    let mut transcripts = 0;
    for file in files {
        let page = fs::read_to_string(&file).unwrap();
        for (before, language, text) in blocks(&page) {
            match language {
                "wat" => {
                    let name = before.strip_suffix("`:").and_then(|text| text.rsplit('`').next());
                    fs::write(scratch.0.join(name.expect("the text before names the file")), text).unwrap();
                }
                "console" => {
                    let (commands, printed): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("$ "));
                    let script: String = commands.iter().map(|line| format!("{}\n", &line[2..])).collect();
                    let mut shell = Command::new("sh");
                    shell.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(&scratch.0).env("PATH", &path);
                    let output = shell.output().unwrap();
                    let output = String::from_utf8(output.stdout).unwrap();
                    assert_eq!(output.lines().collect::<Vec<_>>(), printed, "{}:\n{script}", file.display());
                    transcripts += 1;
                }
                _ => {}
            }
        }
    }
    assert!(transcripts > 3, "{transcripts} transcripts");
}
