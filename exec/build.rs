//! Decides which dispatcher is built.
//!
//! Tail dispatch relies on LLVM's sibling-call optimisation. On 64-bit x86-64 and aarch64 every handler was seen to end in
//! a jump at every optimisation level above 0, debug assertions and overflow checks on or off, and with AddressSanitizer
//! (EXPERIMENTS.md, "Dispatch"). Everything else runs the same handler bodies under the portable loop. What flags
//! unknown to this file do, `Engine::new` finds out.

fn main() {
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
    // `--cfg pirn_tail_unproven` makes a build in which handlers call, to test what becomes of it.
    let tail = (proven || is_set("CARGO_CFG_PIRN_TAIL_UNPROVEN")) && !is_set("CARGO_FEATURE_PORTABLE");
    if wide && tail && (arch == "x86_64" || arch == "aarch64") {
        println!("cargo::rustc-cfg=pirn_tail");
    }
    if optimised {
        println!("cargo::rustc-cfg=pirn_optimised");
    }
}
