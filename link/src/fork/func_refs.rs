//! References to functions in the frames of a copied call: they have to lead into the copy of the store.
//!
//! A word does not say what it is. So frames of functions that may hold references are looked up as for a snapshot; that takes long, and the
//! module keeps what was found. Most functions hold none, which their bodies tell.

use crate::copies::{FuncRefAt, FuncRefs};
use crate::error::{Result, format_err};
use crate::snapshot::frames::local_slots;
use crate::snapshot::places::{Places, position};
use crate::store::fork::is_func_ref;
use crate::store::instance_data::InstanceData;
use crate::store::moved::Origin;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{Source, may_hold_references};
use pirn_exec::{Execution, FrameAt, PausedFrame, Word};

/// Has references in the frames of an execution, which stands still in `store`, lead there: they are those of `origin`, of which that was copied.
///
/// # Errors
/// It stands where its state cannot be told, in a function that may hold references.
///
/// # Safety
/// L3: the execution is of `store`, but for these references.
pub(super) unsafe fn lead_over(store: &StoreOpaque, origin: &Origin, execution: &mut Execution) -> Result<()> {
    let mut places = Places::default();
    let (mut words, mut r0) = (Vec::new(), None);
    let mut is_within = execution.progress() != 0;
    // SAFETY: it stands still in this store, which is borrowed, so nothing runs there.
    for frame in unsafe { execution.frames(store.vm()) } {
        // SAFETY: L4: the head of an instance of this store. L2: nobody changes it meanwhile.
        let instance = unsafe { InstanceData::of_head(frame.instance) };
        let (module, funcidx) = (instance.module(), frame.head.index);
        if std::mem::take(&mut is_within) && may_hold_references(module.parsed(), funcidx)? {
            return Err(format_err!(
                "it stands within an instruction of function {funcidx}, which may hold references: it has to go on to its end before"
            ));
        }
        for at in &*func_refs(&mut places, instance, &frame)? {
            match *at {
                FuncRefAt::Slot(slot) => {
                    let word = frame.words[usize::from(slot)];
                    words.extend(
                        origin.get(word as usize).map(|there| (frame.start + usize::from(slot), there as Word)),
                    );
                }
                FuncRefAt::Accumulator => r0 = origin.get(execution.r0() as usize).map(|there| there as Word),
            }
        }
    }
    // SAFETY: L5: these words were references to functions of the original, and are references to the same functions of the copy.
    unsafe { execution.set_words(&words, r0) };
    Ok(())
}

/// The references in a frame.
fn func_refs(places: &mut Places, instance: &InstanceData, frame: &PausedFrame<'_>) -> Result<FuncRefs> {
    let cell = (frame.address, frame.at == FrameAt::Return);
    instance.module().copies().func_refs(cell, || find(places, instance, frame))
}

fn find(places: &mut Places, instance: &InstanceData, frame: &PausedFrame<'_>) -> Result<Vec<FuncRefAt>> {
    let (module, funcidx) = (instance.module(), frame.head.index);
    if !may_hold_references(module.parsed(), funcidx)? {
        return Ok(Vec::new());
    }
    let unknown =
        || format_err!("it stands in function {funcidx}, which may hold references, where its state cannot be told");
    places.find_at(std::iter::once((instance, *frame)))?;
    let told = position(frame, module).and_then(|position| places.at(module, funcidx, position)).ok_or_else(unknown)?;
    let (place, types) = &*told;
    let mut found = Vec::new();
    for (slot, ty) in local_slots(module, funcidx, types).zip(&types.locals) {
        if is_func_ref(*ty) {
            found.push(FuncRefAt::Slot(slot as u16));
        }
    }
    for (operand, ty) in place.operands.iter().zip(&types.operands) {
        if is_func_ref(*ty) {
            match operand.source {
                Source::Slot(slot) => found.push(FuncRefAt::Slot(slot)),
                Source::Accumulator => found.push(FuncRefAt::Accumulator),
                // The code knows them, or finds them in its instance.
                Source::Constant(_) | Source::Vector(_) | Source::Func(_) => {}
            }
        }
    }
    Ok(found)
}
