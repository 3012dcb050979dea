//! Types of tags.

use super::FuncType;
use std::fmt;

/// A tag's type (spec 2.3.15): what values its exceptions carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TagType(FuncType);

impl TagType {
    /// Of exceptions that carry the parameters of `ty`.
    ///
    /// # Panics
    /// `ty` has results.
    pub fn new(ty: FuncType) -> Self {
        assert!(ty.results().is_empty(), "the type of a tag has no results");
        Self(ty)
    }

    /// The function type whose parameters are what its exceptions carry.
    pub const fn ty(&self) -> &FuncType {
        &self.0
    }
}

impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
