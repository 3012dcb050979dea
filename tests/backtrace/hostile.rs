//! Modules whose names and DWARF are made to take time, memory or the stack: a backtrace shows less of them.

use pirn::{Engine, Instance, Module, Store};
use std::time::{Duration, Instant};

/// The text of the error of the export `run`, called with these parameters.
fn text(wasm: &[u8], params: &[pirn::Val]) -> String {
    let mut store = Store::new(&Engine::default(), ());
    let module = Module::from_binary(store.engine(), wasm).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let results = &mut vec![pirn::Val::I32(0); run.ty(&store).results().len()];
    let error = run.call(&mut store, params, results).unwrap_err();
    let begun = Instant::now();
    let text = format!("{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    text
}

#[cfg(feature = "addr2line")]
fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A module that traps, with these custom sections.
#[cfg(feature = "addr2line")]
fn with_sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut wasm = wat::parse_str(r#"(module (func (export "run") (unreachable)))"#).unwrap();
    for (name, data) in sections {
        let name = [&leb128(name.len()), name.as_bytes()].concat();
        wasm.push(0);
        wasm.extend(leb128(name.len() + data.len()));
        wasm.extend(name);
        wasm.extend(*data);
    }
    wasm
}

#[test]
fn a_long_name_is_cut() {
    for length in [100, 1 << 20] {
        let name = "n".repeat(length);
        let wasm = wat::parse_str(format!(r#"(module ${name} (func ${name} (export "run") (unreachable)))"#)).unwrap();
        let text = text(&wasm, &[]);
        assert!(
            text.contains(&format!("{}!{}", &name[..length.min(100)], &name[..length.min(100)])) == (length == 100)
        );
        assert!(text.len() < 3000, "{} bytes", text.len());
    }
}

#[test]
fn no_name_makes_lines_or_commands_terminals() {
    let name = r"x\1b[2J\0a   1:     0x10 - trusted!main\u{202e}niam\u{2028}\u{200b}";
    let wasm = wat::parse_str(format!(r#"(module (func $"{name}" (export "run") (unreachable)))"#)).unwrap();
    let text = text(&wasm, &[]);
    assert!(text.contains(r"x\u{1b}[2J\n   1:     0x10 - trusted!main\u{202e}niam\u{2028}\u{200b}"), "{text}");
    assert!(!text.contains('\x1b') && text.trim_end().lines().count() == 3, "{text}");
}

/// Names of a few hundred bytes that would take gigabytes, or all of the stack.
#[test]
#[cfg(feature = "demangle")]
fn demangling_is_bounded() {
    let mut fan = String::from("_Z1f1a1bIS_S_E");
    for k in 1..9 {
        fan += &format!("S0_I{}E", format!("S{k}_").repeat(16));
    }
    let deep = format!("_Z1fIX{}1xEE", "ng".repeat(90));
    for name in [fan, deep] {
        let wasm = wat::parse_str(format!(r#"(module (func $"{name}" (export "run") (unreachable)))"#)).unwrap();
        let text = text(&wasm, &[]);
        assert!(text.len() < 3000, "{} bytes", text.len());
    }
}

#[test]
#[cfg(feature = "demangle")]
fn a_name_that_stands_for_megabytes_is_cut() {
    let mut name = String::from("_Z1fPFvvE");
    for n in 0..20 {
        let last = if n == 0 { "S_".to_owned() } else { format!("S{}_", char::from_digit(n - 1, 36).unwrap()) };
        name.push_str(&format!("PFv{}E", last.to_uppercase().repeat(8)));
    }
    let wasm = wat::parse_str(format!(r#"(module (func ${name} (export "run") (unreachable)))"#)).unwrap();
    let text = text(&wasm, &[]);
    assert!(text.contains("!f(void (*)(") && text.len() < 2000, "{text}");
}

/// Abbreviations: 1 of units with a directory and lines, 2 of functions, 3 of inlined functions, 4 of functions with ranges.
#[cfg(feature = "addr2line")]
const ABBREVIATIONS: [u8; 45] = [
    1, 0x11, 1, 0x1b, 0x08, 0x11, 0x01, 0x12, 0x06, 0x10, 0x17, 0, 0, 2, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06,
    0, 0, 3, 0x1d, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0, 4, 0x2e, 0, 0x55, 0x17, 0, 0, 0, 0, 0,
];

/// A unit of DWARF 4, whose functions are `functions`.
#[cfg(feature = "addr2line")]
fn unit(directory: &str, functions: &[u8]) -> Vec<u8> {
    // The version, where its abbreviations begin, bytes of an address, and its first entry.
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1];
    unit.extend(directory.bytes().chain([0]));
    unit.extend([0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0]);
    unit.extend(functions);
    unit.push(0);
    [&(unit.len() as u32).to_le_bytes()[..], &unit].concat()
}

/// A function, or one inlined, of the code up to byte 100.
#[cfg(feature = "addr2line")]
fn function(abbreviation: u8, name: &str) -> Vec<u8> {
    [&[abbreviation], name.as_bytes(), &[0, 0, 0, 0, 0, 100, 0, 0, 0]].concat()
}

/// Lines of DWARF 4: one, of the first of so many files.
#[cfg(feature = "addr2line")]
fn lines(files: usize) -> Vec<u8> {
    let mut header = vec![1, 1, 1, 0xfb, 14, 1, 0];
    (0..files).for_each(|_| header.extend(*b"a\0\0\0\0"));
    header.push(0);
    let program = [0, 5, 2, 0, 0, 0, 0, 20, 0, 5, 2, 100, 0, 0, 0, 0, 1, 1];
    let rest = [&[4, 0][..], &(header.len() as u32).to_le_bytes(), &header, &program].concat();
    [&(rest.len() as u32).to_le_bytes()[..], &rest].concat()
}

#[test]
#[cfg(feature = "addr2line")]
fn inlined_functions_nest_as_deep_as_they_may() {
    for (depth, is_shown) in [(1, true), (100, true), (1000, false), (1_000_000, false)] {
        let mut functions = function(2, "outermost");
        functions.extend(function(3, "inlined").repeat(depth));
        // Each has children, which end.
        functions.extend(vec![0; depth + 1]);
        let info = unit("dir", &functions);
        let wasm =
            with_sections(&[(".debug_abbrev", &ABBREVIATIONS), (".debug_info", &info), (".debug_line", &lines(1))]);
        let text = text(&wasm, &[]);
        // Where an inlined function was called from is not said here, so the innermost has a place.
        assert_eq!(text.contains("dir/a:"), is_shown, "{depth}: {text}");
        assert_eq!(text.contains(" in inlined"), is_shown, "{depth}: {text}");
    }
}

#[test]
#[cfg(feature = "addr2line")]
fn names_of_files_take_no_gigabytes() {
    for (files, is_shown) in [(10, true), (1_000_000, false)] {
        let directory = "d".repeat(if is_shown { 10 } else { 1 << 20 });
        let info = unit(&directory, &function(2, "f"));
        let wasm =
            with_sections(&[(".debug_abbrev", &ABBREVIATIONS), (".debug_info", &info), (".debug_line", &lines(files))]);
        let text = text(&wasm, &[]);
        assert_eq!(text.contains("dddddddddd/a:"), is_shown, "{text}");
    }
}

/// A hundred thousand units that share abbreviations, and as many functions that share ranges.
#[test]
#[cfg(feature = "addr2line")]
fn what_is_shared_is_not_read_forever() {
    let mut abbreviations = ABBREVIATIONS[..42].to_vec();
    (5..100_000).for_each(|code| {
        abbreviations.extend(leb128(code));
        abbreviations.extend([0x2e, 0, 0, 0]);
    });
    abbreviations.push(0);
    let info = unit("", &[]).repeat(100_000);
    text(&with_sections(&[(".debug_abbrev", &abbreviations), (".debug_info", &info)]), &[]);
    let ranges: Vec<u8> = (0..200_000u32).flat_map(|at| [at, at + 1]).flat_map(u32::to_le_bytes).collect();
    let info = unit("", &[4, 0, 0, 0, 0].repeat(100_000));
    text(&with_sections(&[(".debug_abbrev", &ABBREVIATIONS), (".debug_info", &info), (".debug_ranges", &ranges)]), &[]);
}

/// Bytes of real DWARF, changed at random: nothing panics, nothing takes long.
#[test]
#[cfg(feature = "addr2line")]
fn malformed_dwarf_is_survived() {
    let wasm = include_bytes!("lines.wasm");
    let module = Module::from_binary(&Engine::default(), wasm).unwrap();
    // Sections lie in the module's own copy of the bytes, so they are found again by content.
    let places: Vec<_> = module
        .custom_sections()
        .filter(|section| section.name.starts_with(".debug") && !section.data.is_empty())
        .map(|section| {
            let at = wasm.windows(section.data.len()).position(|bytes| bytes == section.data).unwrap();
            at..at + section.data.len()
        })
        .collect();
    assert!(places.len() >= 4);
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let rounds = if cfg!(debug_assertions) { 4_000 } else { 40_000 };
    let (mut shown, begun) = (0, Instant::now());
    for _ in 0..rounds {
        let mut changed = wasm.to_vec();
        for _ in 0..1 + next(6) {
            let place = &places[next(places.len())];
            // Mostly in the first few hundred bytes, where headers and abbreviations are.
            let within = if next(2) == 0 { place.len() } else { place.len().min(300) };
            let at = place.start + next(within);
            changed[at] = match next(4) {
                0 => 0xff,
                1 => changed[at] ^ 1 << next(8),
                2 => [0, 1, 0x7f, 0x80][next(4)],
                _ => next(256) as u8,
            };
        }
        let text = text(&changed, &[pirn::Val::I32(6), pirn::Val::I32(0)]);
        shown += usize::from(text.contains("lines.rs"));
        assert!(text.len() < 100_000);
    }
    println!("{shown} of {rounds} show lines, in {:?}", begun.elapsed());
    assert!(shown > rounds / 10 && shown < rounds, "{shown} of {rounds}");
}
