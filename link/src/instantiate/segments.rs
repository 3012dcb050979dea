//! Segments of an instance that was linked (spec 4.5.4, steps 12 to 15), and constant expressions.

use crate::error::{Error, Result, format_err};
use crate::instantiate::members::Member;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::{ConstExpr, ConstOp, Element, ElementItems, SegmentMode};
use pirn_exec::{Trap, Word};
use smallvec::SmallVec;

/// Copies active segments, in order, and readies the others.
pub(crate) fn initialise(store: &mut StoreOpaque, handle: Handle<InstanceData>, member: &Member<'_>) -> Result<()> {
    let parsed = member.module.parsed();
    if parsed.elements.is_empty() && parsed.data.is_empty() {
        return Ok(());
    }
    // All segments exist before the first is copied: if a later one traps, a function that an earlier one put into an
    // imported table may still use those behind.
    let is_active = |element: &Element| matches!(element.mode, SegmentMode::Active { .. });
    let room = |active: bool| {
        let elements = parsed.elements.iter().filter(|element| is_active(element) == active);
        let len = elements.map(|element| element.items.len()).sum();
        let mut refs: Vec<Word> = Vec::new();
        // Nobody bounds segments but the module's size.
        match refs.try_reserve_exact(len) {
            Ok(()) => Ok(refs),
            Err(_) => Err(format_err!("the system gave no memory for element segments of {len} elements")),
        }
    };
    let (mut active, mut others) = (room(true)?, room(false)?);
    for element in &parsed.elements {
        let refs = if is_active(element) { &mut active } else { &mut others };
        match &element.items {
            ElementItems::Funcs(funcs) => {
                let block = &handle.get(store)?.block;
                refs.extend(funcs.iter().map(|&funcidx| block.func(funcidx) as Word));
            }
            ElementItems::Exprs(exprs) => {
                for expr in exprs {
                    refs.push(evaluate(store, handle, expr)?);
                }
            }
        }
    }
    let instance = handle.get_mut(store)?;
    (instance.active, instance.elements) = (active.into(), others.into());
    let (mut active, mut others) = (&instance.active[..], &instance.elements[..]);
    for (i, element) in parsed.elements.iter().enumerate() {
        let refs = if is_active(element) { &mut active } else { &mut others };
        let refs = refs.split_off(..element.items.len()).expect("as many as there are elements");
        if !matches!(element.mode, SegmentMode::Declared) {
            // SAFETY: L1: the references stay in the instance, next to the block; active ones until the segment is dropped below.
            // L5: they are words of the segment's type, in this store.
            unsafe { instance.block.set_element(i, refs) };
        }
    }
    for (i, data) in parsed.data.iter().enumerate() {
        let bytes = &parsed.bytes[data.bytes.clone()];
        // SAFETY: L1: the instance keeps the module, and with it these bytes.
        unsafe { handle.get_mut(store)?.block.set_data(i, bytes) };
    }
    let mut begin = 0;
    for (i, element) in parsed.elements.iter().enumerate() {
        if let SegmentMode::Active { index, offset } = &element.mode {
            let offset = evaluate(store, handle, offset)? as u32;
            let instance = handle.get_mut(store)?;
            let table = instance.tables[*index as usize];
            let refs = &raw const instance.active[begin..][..element.items.len()];
            begin += element.items.len();
            // SAFETY: L1: an empty slice lives forever, and has no words.
            unsafe { instance.block.set_element(i, &[]) };
            // SAFETY: L1: they lie in the instance, which does not move, and not in the table; nobody changes `active` here.
            let refs = unsafe { &*refs };
            let table = table.get_mut(store)?;
            // SAFETY: L5: by validation they are of the table's type, and they are of its store.
            let copied = unsafe { table.init(offset, refs, 0, refs.len() as u32) };
            copied.map_err(|trap| {
                let (len, size) = (refs.len(), table.size());
                out_of_bounds(
                    trap,
                    member,
                    &format!("element segment {i}: {len} elements at {offset}, in a table of {size}"),
                )
            })?;
        }
    }
    // Nothing points there any more.
    handle.get_mut(store)?.active = Box::default();
    for (i, data) in parsed.data.iter().enumerate() {
        if let SegmentMode::Active { index, offset } = &data.mode {
            let offset = evaluate(store, handle, offset)? as u32;
            let bytes = &parsed.bytes[data.bytes.clone()];
            let memory = handle.get(store)?.memories[*index as usize].get_mut(store)?;
            memory.init(offset, bytes, 0, bytes.len() as u32).map_err(|trap| {
                let (len, size) = (bytes.len(), memory.bytes().len());
                out_of_bounds(
                    trap,
                    member,
                    &format!("data segment {i}: {len} bytes at {offset}, in a memory of {size}"),
                )
            })?;
            // SAFETY: L1: an empty slice lives forever, and has no words.
            unsafe { handle.get_mut(store)?.block.set_data(i, &[]) };
        }
    }
    Ok(())
}

/// The trap of a segment that reaches beyond its table or memory, and which it was.
#[cold]
fn out_of_bounds(trap: Trap, member: &Member<'_>, segment: &str) -> Error {
    let name = member.name.map(|name| format!("module `{name}`, ")).unwrap_or_default();
    Error::trap_at(trap, &format!("{name}{segment}"))
}

/// The value of a constant expression (spec 3.3.10), whose globals have been linked.
pub(crate) fn evaluate(store: &StoreOpaque, instance: Handle<InstanceData>, expr: &ConstExpr) -> Result<Word> {
    let instance = instance.get(store)?;
    let mut stack: SmallVec<[Word; 4]> = SmallVec::new();
    let word = |value: u32| Word::from(value);
    for op in expr {
        let mut pop = || stack.pop().expect("validated");
        let value = match *op {
            ConstOp::I32Const(value) => word(value as u32),
            ConstOp::I64Const(value) => value as Word,
            ConstOp::F32Const(bits) => word(bits),
            ConstOp::F64Const(bits) => bits,
            ConstOp::RefNull(_) => 0,
            ConstOp::RefFunc(funcidx) => instance.block.func(funcidx) as Word,
            ConstOp::GlobalGet(globalidx) => instance.globals[globalidx as usize].get(store)?.cell.get(),
            // The right operand comes off the stack first.
            ConstOp::I32Add => word((pop() as u32).wrapping_add(pop() as u32)),
            ConstOp::I32Sub => word((pop() as u32).wrapping_neg().wrapping_add(pop() as u32)),
            ConstOp::I32Mul => word((pop() as u32).wrapping_mul(pop() as u32)),
            ConstOp::I64Add => pop().wrapping_add(pop()),
            ConstOp::I64Sub => pop().wrapping_neg().wrapping_add(pop()),
            ConstOp::I64Mul => pop().wrapping_mul(pop()),
        };
        stack.push(value);
    }
    Ok(stack.pop().expect("validated"))
}
