//! Globals.

/// One global's value. Its address never changes, so importers share the cell.
///
/// Values are encoded as on the value stack: see [`crate::Word`].
#[repr(C)]
#[derive(Debug)]
pub struct GlobalCell {
    /// The value.
    pub value: u64,
}
