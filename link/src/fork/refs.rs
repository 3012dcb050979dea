//! References in the frames of a copied call. Those to functions and objects have to lead into the copy of the store; those to the embedder's
//! values are the same there. But the copy may have freed an object or a value by now, for it knew nothing of the call.
//!
//! A word does not say what it is. So frames of functions that may hold references are looked up as for a snapshot; that takes long, and the
//! module keeps what was found. Most functions hold none, which their bodies tell.

use crate::copies::{RefAt, Refs};
use crate::error::{Error, Result, format_err};
use crate::snapshot::frames::local_slots;
use crate::snapshot::places::{Places, position};
use crate::store::fork::is_func_ref;
use crate::store::instance_data::InstanceData;
use crate::store::moved::Origin;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{Source, Stand, ValType, initialises_from, may_hold_references};
use pirn_exec::{Execution, FrameAt, PausedFrame, Word, extern_index};
use std::sync::Arc;

/// Has references in the frames of an execution, which stands still in `store`, lead there: they are those of `origin`, of which that was copied.
/// Gives those that are traced: nothing else may refer to what they do, so it is to be [kept](pirn_exec::Heap::keep).
///
/// # Errors
/// It stands where its state cannot be told, in a function that may hold references; or it refers to a value that `store` has freed.
///
/// # Safety
/// L3: the execution is of `store`, but for these references.
pub(super) unsafe fn lead_over(store: &StoreOpaque, origin: &Origin, execution: &mut Execution) -> Result<Vec<Word>> {
    let mut places = Places::default();
    let (mut words, mut r0, mut found) = (Vec::new(), None, Vec::new());
    let accumulator = execution.r0();
    let mut is_within = execution.progress() != 0;
    // SAFETY: it stands still in this store, which is borrowed, so nothing runs there.
    for frame in unsafe { execution.frames(store.vm()) } {
        // SAFETY: L4: the head of an instance of this store. L2: nobody changes it meanwhile.
        let instance = unsafe { InstanceData::of_head(frame.instance) };
        let (module, funcidx) = (instance.module(), frame.head.index);
        if std::mem::take(&mut is_within) {
            let refused = |why| {
                format_err!(
                    "it stands within an instruction of function {funcidx}, {why}: it has to go on to its end before"
                )
            };
            if may_hold_references(module.parsed(), funcidx)? {
                return Err(refused("which may hold references"));
            }
            // What was in a segment was not copied if it was dropped before, and may have been freed if it was dropped since.
            let is_dropped = |elemidx| instance.block.element_len(elemidx as usize) == 0;
            if initialises_from(module.parsed(), funcidx)?.into_iter().any(is_dropped) {
                return Err(refused("which initialises a table from an element segment that was dropped"));
            }
        }
        let refs = refs(&mut places, instance, &frame)?;
        for at in &refs.funcs {
            match *at {
                RefAt::Slot(slot) => {
                    let word = frame.words[usize::from(slot)];
                    words.extend(
                        origin.get(word as usize).map(|there| (frame.start + usize::from(slot), there as Word)),
                    );
                }
                RefAt::Accumulator => r0 = origin.get(accumulator as usize).map(|there| there as Word),
            }
        }
        for at in &refs.others {
            let word = match *at {
                RefAt::Slot(slot) => frame.words[usize::from(slot)],
                RefAt::Accumulator => accumulator,
            };
            if let Some(index) = extern_index(word) {
                if store.extern_value(index).is_none() {
                    return Err(freed("a value"));
                }
                found.push(word);
                continue;
            }
            // It stood still when the store was copied, so what it refers to was in use.
            let there = origin.object(word);
            if there == word {
                continue;
            }
            if !store.has_inherited(there) {
                return Err(freed("a struct, array or exception"));
            }
            found.push(there);
            match *at {
                RefAt::Slot(slot) => words.push((frame.start + usize::from(slot), there)),
                RefAt::Accumulator => r0 = Some(there),
            }
        }
    }
    // SAFETY: L5: these words were references into the original, and are references to the same functions and objects of the copy, which were not
    // freed.
    unsafe { execution.set_words(&words, r0) };
    Ok(found)
}

#[cold]
fn freed(what: &str) -> Error {
    format_err!("it refers to {what} that was freed in the copy, where nothing else did")
}

/// The references in a frame.
fn refs(places: &mut Places, instance: &InstanceData, frame: &PausedFrame<'_>) -> Result<Arc<Refs>> {
    let cell = (frame.address, frame.at == FrameAt::Return);
    instance.module().copies().refs(cell, || find(places, instance, frame))
}

fn find(places: &mut Places, instance: &InstanceData, frame: &PausedFrame<'_>) -> Result<Refs> {
    let (module, funcidx) = (instance.module(), frame.head.index);
    let mut found = Refs::default();
    if !may_hold_references(module.parsed(), funcidx)? {
        return Ok(found);
    }
    let unknown =
        || format_err!("it stands in function {funcidx}, which may hold references, where its state cannot be told");
    places.find_at(std::iter::once((instance, *frame)))?;
    let told = position(frame, module).and_then(|position| places.at(module, funcidx, position)).ok_or_else(unknown)?;
    let (place, types) = &*told;
    let mut push = |ty: ValType, at| match ty {
        ValType::Ref(_) if is_func_ref(ty) => found.funcs.push(at),
        ValType::Ref(_) => found.others.push(at),
        _ => {}
    };
    let params = module.parsed().func_type(funcidx).params().len();
    for ((slot, ty), index) in local_slots(module, funcidx, types).zip(&types.locals).zip(0..) {
        // What was not set yet holds anything.
        let is_unset =
            place.stand == Stand::Entry && index >= params || place.unset.binary_search(&(index as u32)).is_ok();
        if !is_unset {
            push(*ty, RefAt::Slot(slot as u16));
        }
    }
    for (operand, ty) in place.operands.iter().zip(&types.operands) {
        match operand.source {
            Source::Slot(slot) => push(*ty, RefAt::Slot(slot)),
            Source::Accumulator => push(*ty, RefAt::Accumulator),
            // The code knows them, or finds them in its instance.
            Source::Constant(_) | Source::Vector(_) | Source::Func(_) => {}
        }
    }
    Ok(found)
}
