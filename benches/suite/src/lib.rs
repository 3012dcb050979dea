//! What pirn's benchmarks run, and on what: the parts that `benches/speed`, `benches/counts` and `benches/peers` share.
//!
//! | module | what |
//! |---|---|
//! | [`case`](mod@case) | the kernels and programs, their arguments, and the answers that are right |
//! | [`runtime`] | the trait every WebAssembly runtime is driven through |
//! | [`wasi`] | the one WASI that programs see, whatever runs them |
//! | [`adapters`] | that trait for pirn, and for wasmi, against which pirn is measured in every run |
//! | [`measure`] | alternating runs, checked before they count |
//! | [`page`] | parts of pages that programs write |
//!
//! Every runtime gets the same bytes, the same host functions and the same input, and its output is compared before a
//! time is believed: a wrong answer is a failure, not a number.

pub mod adapters;
pub mod case;
pub mod measure;
pub mod page;
pub mod runtime;
pub mod wasi;

pub use case::{Answer, Case, Job, Role};
pub use runtime::{Instance, Program, Runtime};
pub use wasi::Wasi;
