//! Instances put back to how instantiation left them, in place.
//!
//! What a module defines follows from its bytes and the immutable globals that it imports, so nothing has to be kept of an instance for it. Memories with
//! much data are an exception: what they begin with is an image that the module keeps ([`MemoryImage`]).
//!
//! A memory or table gets smaller here, which it never does otherwise. Whatever stands still within an instruction on it relies on that, so nothing may.

use crate::call::epoch::Borrowed;
use crate::call::start::Start;
use crate::error::{Result, format_err};
use crate::instantiate::members::Member;
use crate::instantiate::segments::{Copied, evaluate, initialise, number};
use crate::instantiate::{start, while_nothing_is_collected};
use crate::module::Module;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::{ConstOp, SegmentMode};
use pirn_exec::MemoryImage;

/// So many bytes of data a memory is given anew: copying them takes no longer than having the system give them.
const COPIED: usize = 64 << 10;

/// Puts an instance back, and leaves it to the caller to call the start function.
///
/// # Errors
/// Those of [`Instance::reset`](crate::Instance::reset).
pub(crate) fn reset(store: &mut dyn Borrowed, handle: Handle<InstanceData>) -> Result<Option<Start>> {
    let opaque = store.opaque();
    let instance = handle.get(opaque)?;
    let module = instance.module().clone();
    if !instance.is_finished() {
        return Err(format_err!("the instance was not finished: instantiating it failed"));
    }
    opaque.check_idle("an instance cannot be reset")?;
    while_nothing_is_collected(store, std::iter::once(&module), |store| put_back(store, handle, &module))?;
    start(store.opaque(), handle)
}

/// Puts back everything that the module defines, in a store that is idle.
fn put_back(store: &mut dyn Borrowed, handle: Handle<InstanceData>, module: &Module) -> Result<()> {
    let opaque = store.opaque();
    let instance = handle.get(opaque)?;
    let parsed = module.parsed();
    let memories = instance.memories[parsed.imported_memories..].to_vec();
    let tables = instance.tables[parsed.imported_tables..].to_vec();
    let globals = instance.globals[parsed.imported_globals..].to_vec();
    if parsed.memories[parsed.imported_memories..].iter().any(|ty| ty.is_shared()) {
        return Err(format_err!("a memory of the instance is shared between threads: it cannot be reset"));
    }
    opaque.note_reset();
    let images = module.copies().images(|| images(opaque, handle, module));
    let mut have_data = Vec::with_capacity(images.len());
    // What the module declares: the item of an instance that was restored from a snapshot was made larger.
    let sizes = parsed.memories[parsed.imported_memories..].iter().map(|ty| ty.limits.min);
    for ((memory, min), image) in memories.into_iter().zip(sizes).zip(images) {
        have_data.push(opaque.reset_memory(memory, min, image.as_ref())?);
    }
    for (global, init) in globals.into_iter().zip(&parsed.global_inits) {
        let value = evaluate(opaque, handle, init)?;
        // SAFETY: L5: by validation the value is of the global's type.
        unsafe { global.get_mut(opaque)?.cell.set(value) };
    }
    for (table, tableidx) in tables.into_iter().zip(parsed.imported_tables as u32..) {
        let init = parsed.table_init(tableidx).map_or(Ok([0; 2]), |init| evaluate(opaque, handle, init))?;
        // SAFETY: L5: by validation a value of the element type, which null is where there is no other.
        unsafe { opaque.reset_table(table, parsed.tables[tableidx as usize].limits.min, init[0])? };
    }
    initialise(store, handle, &Member::alone(module)[0], &Copied::Own(&have_data))
}

/// What the memories that a module defines begin with, if that is much, and the same for every instance.
fn images(store: &StoreOpaque, handle: Handle<InstanceData>, module: &Module) -> Box<[Option<MemoryImage>]> {
    let parsed = module.parsed();
    let image = |memidx: usize| {
        let ty = parsed.memories[memidx];
        let mut pieces = Vec::new();
        for data in &parsed.data {
            let SegmentMode::Active { index, offset } = &data.mode else { continue };
            if *index as usize != memidx {
                continue;
            }
            if offset.iter().any(|op| matches!(op, ConstOp::GlobalGet(_))) {
                return None;
            }
            let start = number(ty.address, evaluate(store, handle, offset).ok()?[0]);
            pieces.push((start as usize, &parsed.bytes[data.bytes.clone()]));
        }
        let (most, bytes) = (ty.bytes(ty.limits.min), pieces.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
        // An instance that was finished has all of them within its memory.
        let is_within =
            pieces.iter().all(|(start, bytes)| start.checked_add(bytes.len()).is_some_and(|end| end as u64 <= most));
        (bytes > COPIED && is_within).then(|| MemoryImage::new(pieces.into_iter(), most as usize))?
    };
    (parsed.imported_memories..parsed.memories.len()).map(image).collect()
}

#[cfg(all(test, feature = "wat"))]
mod tests;
