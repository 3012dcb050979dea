//! The guide to pirn, a book in `src/`. This crate compiles and runs its Rust code: each page is the documentation of an item here, so
//! its code blocks are tests. `tests/pages.rs` sees to it that no page is missing.
//!
//! What the pages say that the command line prints is compared by `cli/tests/guide.rs`.

#![forbid(unsafe_code)]

/// An item for each page, whose documentation it is.
macro_rules! pages {
    ($($name:ident: $file:literal;)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("src/", $file))]
        struct $name;
    )*};
}

pages! {
    FirstModule: "first-module.md";
    HostFunctions: "host-functions.md";
    Linking: "linking.md";
    Memory: "memory.md";
    Limits: "limits.md";
    Stopping: "stopping.md";
    Pausing: "pausing.md";
    Snapshots: "snapshots.md";
    Async: "async.md";
    Measuring: "measuring.md";
    FromWasmtime: "from-wasmtime.md";
    FromWasmi: "from-wasmi.md";
}
