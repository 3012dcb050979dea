//! What the programs share: as those with vectors.

#[path = "../../rust/src/lib.rs"]
mod shared;

pub use shared::*;
