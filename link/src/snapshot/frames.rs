//! Paused executions: from frames of words to frames in the terms of the specification, and back.
//!
//! Where an execution stands still, `pirn_decode` tells where the values of a frame are, and validation of what types
//! (`places`). What is made again has each value in its own slot, whatever lowering made of the function; so it goes
//! on in code that was lowered otherwise.

use super::made::{Made, is_own};
use super::names::Names;
use super::places::{Places, Told, position};
use super::state::{ExecutionState, FrameState, FuncName, ReasonState, Value};
use crate::call::pending::Pending;
use crate::call::resumable::{Parts, Paused, Reason};
use crate::error::{Result, format_err};
use crate::items::value::Val;
use crate::module::Module;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::layout::{FrameLayout, HEADER_WORDS};
use pirn_decode::{FrameTypes, FuncIdx, FuncType, RefType, Source, Stand, ValType};
use pirn_exec::{Awaited, Execution, NewFrame, PausedFrame, Word};

/// The frames of a paused call, the innermost first, with their instances.
pub(super) fn frames<'a>(
    store: &'a StoreOpaque,
    parts: &Parts<'a>,
) -> impl Iterator<Item = (&'a InstanceData, PausedFrame<'a>)> + use<'a> {
    // SAFETY: L3: it paused in this store, which is borrowed, so nothing runs in it meanwhile.
    let frames = unsafe { parts.lease.execution.frames(store.vm()) };
    // SAFETY: L4: the head of an instance of this store. L2: nobody changes it meanwhile.
    frames.map(|frame| (unsafe { InstanceData::of_head(frame.instance) }, frame))
}

/// What is in the frames of a paused call, whose places were found.
///
/// # Errors
/// It is a start function's; it stands where its state cannot be told; something has no name.
pub(super) fn take_execution(
    store: &StoreOpaque,
    names: &mut Names<'_>,
    places: &Places,
    parts: Parts<'_>,
) -> Result<ExecutionState> {
    let Parts { lease, reason } = &parts;
    let execution = &lease.execution;
    if lease.is_start {
        return Err(format_err!("it is the call of a start function: these cannot be in a snapshot"));
    }
    if execution.progress() != 0 {
        return Err(format_err!("it stands within an instruction: it has to go on to its end before"));
    }
    let reason = match reason {
        Reason::OutOfFuel { required } => ReasonState::OutOfFuel { required: *required },
        Reason::Deadline => ReasonState::Deadline,
        Reason::Yield { payload, .. } if payload.is::<Pending>() => {
            return Err(format_err!("it waits for an async host function"));
        }
        Reason::Yield { payload, .. } => {
            // SAFETY: L1 and L3: it paused in this store, which is borrowed, so the host function that yielded is there.
            let awaited = unsafe { execution.awaited_frame() }.expect("a host function yielded");
            // SAFETY: L1 and L3: as above, a record of it.
            let func = unsafe { crate::items::func::Func::of_record(store.id(), awaited.func) };
            let FuncName::Host(host) = names.func(func)? else { unreachable!("functions of modules do not yield") };
            ReasonState::Yield { host, payload: names.payload(&**payload)? }
        }
    };
    let taken = frames(store, &parts)
        .map(|(instance, frame)| take_frame(store, names, places, instance, &frame, execution.r0()));
    let mut frames = taken.collect::<Result<Vec<_>>>()?;
    frames.reverse();
    Ok(ExecutionState { reason, frames })
}

/// What is in one frame; `r0` is in the accumulator.
fn take_frame(
    store: &StoreOpaque,
    names: &mut Names<'_>,
    places: &Places,
    instance: &InstanceData,
    frame: &PausedFrame<'_>,
    r0: Word,
) -> Result<FrameState> {
    let (module, funcidx) = (instance.module(), frame.head.index);
    let unknown = || format_err!("it stands in function {funcidx} where its state cannot be told");
    let position = position(frame, module).ok_or_else(unknown)?;
    let told = places.at(module, funcidx, position);
    let told = told.ok_or_else(|| unknown().context(format_args!("at {position:?} of its code")))?;
    let (place, types) = &*told;
    let slot = |slot: u16, is_wide: bool| {
        let at = usize::from(slot);
        [frame.words[at], if is_wide { frame.words[at + 1] } else { 0 }]
    };
    let mut value = |ty: ValType, words: [Word; 2]| {
        // SAFETY: L5: by `Place` and validation, these are words of a value of this type, in this store; or they are zero, which stands for
        // zero and null.
        names.value(unsafe { Val::from_words(ty, words, store) })
    };
    let params = module.parsed().func_type(funcidx).params().len();
    let mut locals = Vec::with_capacity(types.locals.len());
    for (index, (&ty, at)) in types.locals.iter().zip(local_slots(module, funcidx, types)).enumerate() {
        let begins =
            place.stand == Stand::Entry && index >= params || place.unset.binary_search(&(index as u32)).is_ok();
        let wide = ty == ValType::V128;
        locals.push(value(ty, if begins { [0; 2] } else { slot(at as u16, wide) })?);
    }
    let mut operands = Vec::with_capacity(types.operands.len());
    for (operand, &ty) in place.operands.iter().zip(&types.operands) {
        let words = match operand.source {
            Source::Slot(at) => slot(at, operand.is_vector),
            Source::Constant(bits) => [bits, 0],
            Source::Vector(bytes) => vector(bytes),
            Source::Func(word) => [instance.block.as_ptr().addr() as Word + Word::from(word) * 8, 0],
            Source::Accumulator => [r0, 0],
        };
        operands.push(value(ty, words)?);
    }
    let number = names.instance(instance.block.as_ptr().addr())?;
    let (stand, offset) = (place.stand, place.offset);
    Ok(FrameState { instance: number, funcidx: funcidx.0, stand, offset, locals, operands })
}

/// The two words of a vector.
fn vector(bytes: [u8; 16]) -> [Word; 2] {
    let bits = u128::from_le_bytes(bytes);
    [bits as Word, (bits >> 64) as Word]
}

/// The first slot of each local; and, at last, the one behind them.
pub(crate) fn local_slots(module: &Module, funcidx: FuncIdx, types: &FrameTypes) -> impl Iterator<Item = usize> {
    let ty = module.parsed().func_type(funcidx);
    let (params, mut next) = (ty.params().len(), 0);
    let behind = FrameLayout::of(ty).locals();
    let words: Vec<_> = types.locals.iter().map(|ty| ty.words()).chain([0]).collect();
    words.into_iter().enumerate().map(move |(index, words)| {
        if index == params {
            next = behind;
        }
        next += words;
        next - words
    })
}

/// A frame that fits its function.
struct Checked<'a> {
    instance: &'a InstanceData,
    /// Address of the cell at which it goes on.
    address: usize,
    /// Where it stands, and the types there.
    told: Told,
    /// Type of the function.
    ty: &'a FuncType,
    /// Type of the function that is waited for, if one is.
    callee: Option<&'a FuncType>,
    words: Vec<Word>,
    /// What is in the accumulator.
    r0: Word,
}

/// Compares a frame with its function, which is lowered for that, and gives its words. Its place was found, if there is one.
///
/// # Errors
/// It does not fit; code of this engine does not go on where it stands.
fn check_frame<'a>(store: &'a StoreOpaque, made: &Made, places: &Places, frame: &FrameState) -> Result<Checked<'a>> {
    let FrameState { instance, funcidx, stand, offset, .. } = *frame;
    let instance = made.instance(instance)?.get(store)?;
    let (module, funcidx) = (instance.module(), FuncIdx(funcidx));
    if !is_own(module, funcidx) {
        return Err(format_err!("function {funcidx} is none of the module's own"));
    }
    let nowhere = || {
        format_err!(
            "in code of this engine's settings, function {funcidx} has no place `{stand:?}` at offset {offset:#x} with so \
             many values"
        )
    };
    let told = places.of(module, funcidx, stand, offset).ok_or_else(nowhere)?;
    let (place, types) = &*told;
    let code = module.code(funcidx)?;
    let fit = |values: &[Value], types: &[ValType]| -> Result<bool> {
        let mut pairs = values.iter().zip(types);
        let all = pairs.try_fold(true, |all, (value, &ty)| {
            Ok::<_, crate::Error>(all && made.val(store, value)?.is_of(ty, store))
        })?;
        Ok(all && values.len() == types.len())
    };
    // Nothing reads a local before it is set there.
    let params = module.parsed().func_type(funcidx).params().len();
    let begins = |index: usize| {
        let is_among = |locals: &[u32]| locals.binary_search(&(index as u32)).is_ok();
        // Lowering does not follow all locals.
        stand == Stand::Entry && index >= params || is_among(&place.unset) || is_among(&types.uninitialized)
    };
    let locals = types.locals.iter().enumerate().map(|(index, &ty)| match ty {
        ValType::Ref(ty) if begins(index) => ValType::Ref(RefType::new(true, ty.heap_type())),
        _ => ty,
    });
    let locals: Vec<ValType> = locals.collect();
    if !fit(&frame.locals, &locals)? || !fit(&frame.operands, &types.operands)? {
        return Err(format_err!("the values in a frame of function {funcidx} are not of the types that it has there"));
    }
    assert_eq!(place.operands.len(), types.operands.len(), "lowering and validation count operands");
    let ty = module.parsed().func_type(funcidx);
    let slots: Vec<_> = local_slots(module, funcidx, types).collect();
    let end = slots.last().copied().unwrap_or_default().max(FrameLayout::of(ty).header + HEADER_WORDS);
    let operands = place.operands.iter().map(|operand| usize::from(operand.slot) + 1 + usize::from(operand.is_vector));
    let end = if stand == Stand::Call { place.args.into() } else { operands.fold(end, usize::max) };
    let mut words = vec![0; end];
    let mut write = |at: usize, value: &Value| -> Result<Word> {
        let [low, high] = made.val(store, value)?.to_words(store)?;
        words[at] = low;
        if value.ty() == ValType::V128 {
            words[at + 1] = high;
        }
        Ok(low)
    };
    for (value, &at) in frame.locals.iter().zip(&slots) {
        write(at, value)?;
    }
    let mut r0 = 0;
    for (value, operand) in frame.operands.iter().zip(&place.operands) {
        let word = write(operand.slot.into(), value)?;
        if operand.source == Source::Accumulator {
            r0 = word;
        }
    }
    let address = code.words().as_ptr().addr() + place.position;
    let callee = types.callee.map(|ty| module.parsed().signature(ty));
    Ok(Checked { instance, address, told, ty, callee, words, r0 })
}

/// Makes a paused call again, whose places were found.
///
/// # Errors
/// Frames do not fit their functions, or each other; the stack is too small for them.
pub(super) fn restore_execution(
    store: &mut StoreOpaque,
    made: &Made,
    places: &Places,
    state: &ExecutionState,
    payload: impl FnOnce(&[u8]) -> Result<Box<dyn std::any::Any + Send>>,
) -> Result<Paused<Vec<Val>>> {
    let (reason, host) = match &state.reason {
        ReasonState::OutOfFuel { required } => (Reason::OutOfFuel { required: *required }, None),
        ReasonState::Deadline => (Reason::Deadline, None),
        ReasonState::Yield { host, payload: bytes } => {
            let func = made.host(*host)?;
            let expects = store.func_type(func.record())?.results().into();
            (Reason::Yield { payload: payload(bytes)?, expects }, Some(func))
        }
    };
    let shared = &*store;
    let too_many = || format_err!("the frames do not fit the engine's stacks");
    // A frame of a few bytes may take thousands of words.
    let mut room = store.engine().config().stack_bytes / size_of::<Word>();
    let check = |frame| {
        let checked = check_frame(shared, made, places, frame)?;
        room = room.checked_sub(checked.words.len()).ok_or_else(too_many)?;
        Ok(checked)
    };
    let frames = state.frames.iter().map(check).collect::<Result<Vec<_>>>()?;
    let host_type = host.map(|func| shared.func_type(func.record())).transpose()?;
    let outermost = frames.first().map(|frame| frame.ty).or(host_type);
    let outermost = outermost.ok_or_else(|| format_err!("an execution without frames"))?;
    // Each waits for a function that gives what the next one does. (It may have been called by a tail call of the one that was waited
    // for, so it may take something else.)
    let nexts = frames.iter().skip(1).map(|frame| Some(frame.ty)).chain([host_type]);
    for (frame, next) in frames.iter().zip(nexts) {
        let fits = match (frame.callee, next) {
            (Some(callee), Some(next)) => {
                let (gives, expects) = (next.results(), callee.results());
                let mut pairs = gives.iter().zip(expects);
                gives.len() == expects.len()
                    && pairs.all(|(gives, expects)| gives.matches(*expects, shared.engine().types()))
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !fits {
            return Err(format_err!("a frame does not wait for what comes next: {}", frame.ty));
        }
    }
    let new = frames.iter().map(|frame| {
        debug_assert!(frame.callee.is_none() || frame.words.len() == usize::from(frame.told.0.args));
        NewFrame { instance: frame.instance.block.as_ptr(), address: frame.address, words: &frame.words }
    });
    let new: Vec<_> = new.collect();
    let host_words = vec![0; host_type.map_or(0, |ty| FrameLayout::of(ty).header)];
    let awaited = host.map(|func| Awaited { func: func.record().as_ptr(), words: &host_words });
    let entry = (FrameLayout::of(outermost).header as u32, outermost.results().first().copied());
    let r0 = frames.last().map_or(0, |frame| frame.r0);
    let types = outermost.results().into();
    // SAFETY: L1 and L2: the machine is this store's, which is borrowed mutably, so it stands still; `Store::new` told it where code lies.
    // Addresses are those where code of lowering goes on, as `Place` says: behind calls, whose functions give what comes next gives, or
    // in front of cells that ask, where there is no call. Words are of the types that validation says (L5), each in its own slot, as
    // code expects them by `Place`; types that differ otherwise were refused.
    let execution = unsafe { Execution::of_frames(store.vm(), &new, awaited, entry, r0) };
    let execution = execution.ok_or_else(too_many)?;
    // SAFETY: L3: it was made of instances of this store; L5: its outermost function gives results of these types.
    unsafe { Paused::made(store, execution, reason, types) }
}
