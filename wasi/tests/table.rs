//! Every function of the interface, its success and the errors it can give: what `tests/table/*.txt` says, and
//! `tests/compare.py` compares with wasmtime.
//!
//! The files have cases. Each begins with `case NAME`, has lines that make files in its directory (`file NAME TEXT`,
//! `dir NAME`, `link NAME TARGET`, `fifo NAME`), and calls: the function's name, its arguments, `=`, the name of an `errno`. An
//! argument is a number, flags joined by `|`, `"text"` (pointer and length), `write"text"` and `read:N` (a table of one buffer),
//! `out` (where results are), `data` (where buffers are), or `$name`, a result that an earlier call kept by `-> name`.
//! After the errno may stand what has to be at `out` (`u32:N`, `u64:N`) or in the buffer (`"text"`); and `wasmtime:ERRNO` where
//! wasmtime answers otherwise, for a reason that the crate's documentation gives. `holds NAME TEXT` says what a file holds.

mod support;

use pirn_wasi::{DirPerms, Errno, FilePerms, MemoryInputPipe, MemoryOutputPipe, WasiCtxBuilder};
use std::collections::HashMap;
use std::fs;
use support::{Arg, DATA, OUT, Scratch, TestGuest};

/// Names of numbers.
fn constant(name: &str) -> Option<u64> {
    Some(match name {
        "none" | "set" | "realtime" => 0,
        "follow" | "creat" | "append" | "atim" | "cur" | "monotonic" => 1,
        "directory" | "dsync" | "atim_now" | "read" | "end" => 2,
        "excl" | "nonblock" | "mtim" => 4,
        "trunc" | "rsync" | "mtim_now" => 8,
        "sync" => 16,
        "write" => 1 << 6,
        "all" => (1 << 30) - 1,
        "out" => OUT.into(),
        "data" => DATA.into(),
        _ => return None,
    })
}

/// Splits a line into words and texts, which keep their quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            c => word.push(c),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// A text, with escapes of bytes: `\xff`.
fn text(quoted: &str) -> Vec<u8> {
    let mut parts = quoted.trim_matches('"').split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    bytes
}

fn argument(word: &str, kept: &HashMap<String, u32>) -> Arg {
    if let Some(name) = word.strip_prefix('$') {
        return kept[name].into();
    }
    if let Some(bytes) = word.strip_prefix("write\"") {
        return Arg::Write(text(bytes));
    }
    if word.starts_with('"') {
        return Arg::Text(text(word));
    }
    if let Some(len) = word.strip_prefix("read:") {
        return Arg::Read(len.parse().unwrap());
    }
    if let Ok(number) = word.parse::<i64>() {
        return number.into();
    }
    let flags = word.split('|').map(|flag| constant(flag).unwrap_or_else(|| panic!("what is {flag}?")));
    flags.fold(0, |all, flag| all | flag).into()
}

/// One case: its name and lines.
fn run(file: &str, name: &str, lines: &[&str], perms: (DirPerms, FilePerms)) -> usize {
    let scratch = Scratch::new(&format!("table-{file}-{}", name.replace([' ', '/'], "-")));
    fs::create_dir(scratch.path("d")).unwrap();
    let root = scratch.path("d");
    let mut guest: Option<TestGuest> = None;
    let (mut kept, mut calls) = (HashMap::new(), 0);
    for line in lines {
        let words = words(line);
        let at = |index: usize| String::from_utf8(text(&words[index])).unwrap();
        match &*words[0] {
            "file" => fs::write(root.join(at(1)), at(2)).unwrap(),
            "dir" => fs::create_dir(root.join(at(1))).unwrap(),
            "link" => std::os::unix::fs::symlink(at(2), root.join(at(1))).unwrap(),
            "fifo" => support::named_pipe(root.join(at(1))),
            "holds" => assert_eq!(fs::read_to_string(root.join(at(1))).unwrap(), at(2), "{file}: {name}: {line}"),
            function => {
                let guest = guest.get_or_insert_with(|| {
                    let mut builder = WasiCtxBuilder::new();
                    builder.args(&["program", "an argument"]).env("NAME", "value");
                    builder.stdin(MemoryInputPipe::new("some input")).stdout(MemoryOutputPipe::new(100));
                    builder.preopened_dir(&root, "/d", perms.0, perms.1).unwrap();
                    TestGuest::new(builder.build_p1())
                });
                let equals = words.iter().position(|word| word == "=").unwrap_or_else(|| panic!("no `=`: {line}"));
                let args: Vec<_> = words[1..equals].iter().map(|word| argument(word, &kept)).collect();
                let errno = guest.call(function, &args);
                assert_eq!(errno.name(), words[equals + 1], "{file}: {name}: {line}");
                calls += 1;
                let mut rest = words[equals + 2..].iter();
                while let Some(word) = rest.next() {
                    if word == "->" {
                        kept.insert(rest.next().unwrap().clone(), guest.u32(OUT));
                    } else if let Some(number) = word.strip_prefix("u32:") {
                        assert_eq!(guest.u32(OUT).to_string(), number, "{file}: {name}: {line}");
                    } else if let Some(number) = word.strip_prefix("u64:") {
                        assert_eq!(guest.u64(OUT).to_string(), number, "{file}: {name}: {line}");
                    } else if word.starts_with('"') {
                        let wanted = text(word);
                        let found = guest.bytes(DATA, wanted.len() as u32);
                        assert_eq!(String::from_utf8_lossy(found), String::from_utf8_lossy(&wanted), "{name}: {line}");
                    } else {
                        assert!(word.starts_with("wasmtime:"), "{name}: {line}");
                    }
                }
            }
        }
    }
    calls
}

fn run_file(file: &str, all: &str, perms: (DirPerms, FilePerms)) {
    let lines: Vec<_> = all.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut calls = 0;
    let cases = lines.split(|line| line.starts_with("case ")).skip(1);
    for (name, case) in lines.iter().filter_map(|line| line.strip_prefix("case ")).zip(cases) {
        calls += run(file, name, case, perms);
    }
    assert!(calls > 0, "{file} has no cases");
}

const ALL: (DirPerms, FilePerms) = (DirPerms::all(), FilePerms::all());

#[test]
fn descriptors() {
    run_file("fd", include_str!("table/fd.txt"), ALL);
}

#[test]
fn paths() {
    run_file("path", include_str!("table/path.txt"), ALL);
}

#[test]
fn processes() {
    run_file("process", include_str!("table/process.txt"), ALL);
}

#[test]
fn read_only() {
    run_file("read_only", include_str!("table/read_only.txt"), (DirPerms::READ, FilePerms::READ));
}

/// The table names every function, each with a success or the only answer it has.
#[test]
fn every_function_is_there() {
    let all =
        [include_str!("table/fd.txt"), include_str!("table/path.txt"), include_str!("table/process.txt")].concat();
    for name in pirn_wasi::functions::NAMES {
        let lines = all.lines().filter(|line| line.split(' ').next() == Some(name));
        let answers: std::collections::BTreeSet<_> =
            lines.filter_map(|line| line.split(" = ").nth(1)?.split(' ').next()).collect();
        let only = ["proc_raise", "sock_accept", "sock_recv", "sock_send", "sock_shutdown", "fd_fdstat_set_rights"];
        assert!(only.contains(name) || answers.contains(Errno::SUCCESS.name()), "{name}: {answers:?}");
        assert!(!answers.is_empty(), "{name}");
        assert!(*name == "sched_yield" || answers.iter().any(|answer| *answer != "success"), "{name}: no error");
    }
}
