//! What snapshots ask the embedder: how its own values are written down.

use crate::error::{Result, format_err};
use std::any::Any;

/// Writes down, and makes again, what snapshots hold of the embedder's: values of `externref`s, and what host functions yielded.
///
/// Each method refuses what it is asked, unless it is written. `()` is for stores without such things; a host function may yield `()` there.
///
/// References that a method gets from the store while a snapshot is taken are rooted until it is.
pub trait SnapshotHooks {
    /// Bytes of which [`SnapshotHooks::load_extern`] makes the value again. It is asked once for each value, however many references
    /// there are.
    ///
    /// # Errors
    /// The value cannot be written down.
    fn save_extern(&mut self, value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
        _ = value;
        Err(format_err!("an externref is in use, and no hook says how its value is written down"))
    }

    /// The value of which [`SnapshotHooks::save_extern`] gave these bytes, which may be anybody's.
    ///
    /// # Errors
    /// It did not.
    fn load_extern(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>> {
        _ = bytes;
        Err(format_err!("an externref is in use, and no hook makes its value"))
    }

    /// Bytes of which [`SnapshotHooks::load_payload`] makes the payload again that a host function yielded.
    ///
    /// # Errors
    /// It cannot be written down.
    fn save_payload(&mut self, payload: &(dyn Any + Send)) -> Result<Vec<u8>> {
        if payload.is::<()>() {
            return Ok(Vec::new());
        }
        Err(format_err!("a host function yielded something that is not (), and no hook says how it is written down"))
    }

    /// The payload of which [`SnapshotHooks::save_payload`] gave these bytes, which may be anybody's.
    ///
    /// # Errors
    /// It did not.
    fn load_payload(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send>> {
        if bytes.is_empty() {
            return Ok(Box::new(()));
        }
        Err(format_err!("a host function yielded something that is not (), and no hook makes it"))
    }
}

impl SnapshotHooks for () {}
