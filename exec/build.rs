//! Decides which dispatcher is built.
//!
//! Tail dispatch relies on LLVM's sibling-call optimisation. On 64-bit x86-64 and aarch64 every handler was seen to end in
//! a jump at every optimisation level above 0, debug assertions and overflow checks on or off, with AddressSanitizer, and on x86-64 at
//! levels 1 and 3 without LTO (EXPERIMENTS.md, "Dispatch"). Everything else runs the same handler bodies under the portable loop. What flags
//! unknown to this file do, `Engine::new` finds out.
//!
//! It also writes the list of shapes that whoever builds this asks for with `PIRN_SHAPES`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    shapes();
    println!("cargo::rustc-check-cfg=cfg(pirn_tail, pirn_optimised)");
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let arch = var("CARGO_CFG_TARGET_ARCH");
    let wide = var("CARGO_CFG_TARGET_POINTER_WIDTH") == "64";
    // The profile's level, unless RUSTFLAGS has another one, which comes later.
    let flags = var("CARGO_ENCODED_RUSTFLAGS");
    let level =
        flags.split('\x1f').filter_map(|flag| flag.split_once("opt-level=")).map(|(_, level)| level).next_back();
    let optimised = level.unwrap_or(&var("OPT_LEVEL")) != "0";
    // Other sanitizers do something before a function returns, so that no call is the last thing it does.
    let sanitized = var("CARGO_CFG_SANITIZE").split(',').any(|name| !matches!(name, "" | "address" | "leak"));
    // Miri has no sibling calls at any level.
    let proven = optimised && !sanitized && !is_set("CARGO_CFG_MIRI");
    // This makes a build in which handlers call, to test what becomes of it.
    println!("cargo::rerun-if-env-changed=PIRN_TAIL_UNPROVEN");
    let tail = (proven || is_set("PIRN_TAIL_UNPROVEN")) && !is_set("CARGO_FEATURE_PORTABLE");
    if wide && tail && (arch == "x86_64" || arch == "aarch64") {
        println!("cargo::rustc-cfg=pirn_tail");
    }
    if optimised {
        println!("cargo::rustc-cfg=pirn_optimised");
    }
}

/// How many shapes a function of the list names: where nothing is optimised, each takes room on the stack.
const PART: usize = 500;

/// Writes the shapes of the file that `PIRN_SHAPES` names as a list of handlers, for `src/shapes/own.rs`.
fn shapes() {
    println!("cargo::rerun-if-env-changed=PIRN_SHAPES");
    let shapes = match std::env::var_os("PIRN_SHAPES") {
        Some(file) if !file.is_empty() => read(Path::new(&file)),
        Some(_) | None => Vec::new(),
    };
    let mut text = String::new();
    let parts = shapes.chunks(PART);
    let calls: String = (0..parts.len()).map(|part| format!("part_{part}(t);")).collect();
    let unused = if shapes.is_empty() { "_t" } else { "t" };
    _ = writeln!(text, "pub(super) fn all({unused}: &mut Shapes<'_>) {{ {calls} }}");
    for (number, part) in parts.enumerate() {
        let lines: String = part.iter().map(|shape| format!("    t.stmt::<{shape}>();\n")).collect();
        _ = writeln!(text, "fn part_{number}(t: &mut Shapes<'_>) {{\n{lines}}}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("own_shapes.rs");
    std::fs::write(&out, text).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// The shapes of a file: one a line, up to `//`.
fn read(file: &Path) -> Vec<String> {
    if file.is_relative() {
        panic!("PIRN_SHAPES: {} is no absolute path, so it means another file for each crate", file.display());
    }
    println!("cargo::rerun-if-changed={}", file.display());
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("PIRN_SHAPES: {}: {error}", file.display()));
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim()).zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty()).map(|(line, number)| {
        // What is written into the list is compiled: let it be types and nothing else.
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'<' | b'>' | b',' | b' ' | b':');
        if !line.bytes().all(known) {
            panic!(
                "PIRN_SHAPES: {}:{number}: expected a shape such as `SetAcc<S<u32>>`, found `{line}`",
                file.display()
            );
        }
        line.to_owned()
    });
    lines.collect()
}
