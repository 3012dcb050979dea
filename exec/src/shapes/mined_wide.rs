//! Generated.

use super::list::Shapes;

/// All of them.
pub(super) fn all(_: &mut Shapes<'_>) {}
