//! Decides which dispatcher is built.
//!
//! Tail dispatch relies on LLVM's sibling-call optimisation, which is known to hold on 64-bit x86-64 and aarch64 at
//! every optimisation level above 0. Everything else runs the same handler bodies under the portable loop.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(pirn_tail)");
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let arch = var("CARGO_CFG_TARGET_ARCH");
    let wide = var("CARGO_CFG_TARGET_POINTER_WIDTH") == "64";
    let optimised = var("OPT_LEVEL") != "0";
    let portable = std::env::var_os("CARGO_FEATURE_PORTABLE").is_some();
    // `cfg(miri)` builds are unoptimised unless asked otherwise; Miri has no sibling calls at any level.
    let miri = std::env::var_os("CARGO_CFG_MIRI").is_some();
    if wide && optimised && !portable && !miri && (arch == "x86_64" || arch == "aarch64") {
        println!("cargo::rustc-cfg=pirn_tail");
    }
}
