//! What cells do: the bodies of handlers, as types that compose, and the dispatchers that run one after the other.

pub(crate) mod address;
pub(crate) mod arrays;
pub(crate) mod atomic;
pub(crate) mod bulk;
pub(crate) mod carried;
pub(crate) mod cells;
pub(crate) mod control;
#[cfg(feature = "profile")]
pub(crate) mod counts;
pub(crate) mod dispatch;
pub(crate) mod epoch;
pub(crate) mod exceptions;
pub(crate) mod exit;
pub(crate) mod expr;
pub(crate) mod far;
pub(crate) mod fields;
pub(crate) mod fill_copy;
pub(crate) mod fuel;
pub(crate) mod lanes;
mod num;
pub(crate) mod objects;
pub(crate) mod seq;
pub(crate) mod shared;
pub(crate) mod stmt;
pub(crate) mod wide;
