//! What modules import and export, as the embedder holds it: handles of functions, tables, memories and globals, and the
//! values that go in and out.

pub(crate) mod exception;
pub(crate) mod external;
pub(crate) mod func;
pub(crate) mod global;
pub(crate) mod heap_ref;
pub(crate) mod memory;
pub(crate) mod objects;
pub(crate) mod rooted;
pub(crate) mod shared_memory;
pub(crate) mod table;
pub(crate) mod tag;
pub(crate) mod v128;
pub(crate) mod value;
