//! What a store calls of the embedder's, besides host functions.

use crate::engine::limiter::ResourceLimiter;
use pirn_exec::Vm;

/// Gives a store's limiter, of its data.
pub(crate) type Limiter<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync>;

/// Has a question put to the limiter of the store of a machine.
pub(crate) type Ask = unsafe fn(*mut Vm, &mut dyn FnMut(&mut dyn ResourceLimiter));
