//! Segments of an instance that was linked (spec 4.5.4, steps 12 to 15), and constant expressions.

use crate::call::epoch::Borrowed;
use crate::error::{Error, Result, format_err};
use crate::instantiate::members::Member;
use crate::store::handle::Handle;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::module::{ConstExpr, ConstOp, Element, ElementItems, SegmentMode};
use pirn_decode::objects::{HEADER_BYTES, is_traced, places};
use pirn_decode::{AddressType, TypeIdx, ValType};
use pirn_exec::{Object, Trap, Vm, Word, i31_word};
use smallvec::SmallVec;
use std::sync::atomic::Ordering;

/// Which active segments are copied.
pub(crate) enum Copied<'a> {
    All,
    /// Those to tables and memories that the module defines, but for memories that have their data already: by memidx without imports.
    Own(&'a [bool]),
}

impl Copied<'_> {
    fn includes_table(&self, module: &pirn_decode::Module, tableidx: u32) -> bool {
        match self {
            Self::All => true,
            Self::Own(_) => tableidx as usize >= module.imported_tables,
        }
    }

    fn includes_memory(&self, module: &pirn_decode::Module, memidx: u32) -> bool {
        match self {
            Self::All => true,
            Self::Own(have) => (memidx as usize).checked_sub(module.imported_memories).is_some_and(|own| !have[own]),
        }
    }
}

/// Copies active segments, in order, and readies the others.
pub(crate) fn initialise(
    store: &mut dyn Borrowed,
    handle: Handle<InstanceData>,
    member: &Member<'_>,
    copied: &Copied<'_>,
) -> Result<()> {
    let parsed = member.module.parsed();
    if parsed.elements.is_empty() && parsed.data.is_empty() {
        return Ok(());
    }
    let mut pace = Pace::new(store);
    // All segments exist before the first is copied: if a later one traps, a function that an earlier one put into an
    // imported table may still use those behind.
    ready_elements(store, handle, parsed, &mut pace)?;
    for (i, data) in parsed.data.iter().enumerate() {
        let bytes = &parsed.bytes[data.bytes.clone()];
        // SAFETY: L1: the instance keeps the module, and with it these bytes.
        unsafe { handle.get_mut(store.opaque())?.block.set_data(i, bytes) };
    }
    copy_elements(store, handle, member, copied, &mut pace)?;
    copy_data(store, handle, member, copied, &mut pace)
}

fn is_active(element: &Element) -> bool {
    matches!(element.mode, SegmentMode::Active { .. })
}

/// Computes what is in element segments, and has the instance have them.
fn ready_elements(
    store: &mut dyn Borrowed,
    handle: Handle<InstanceData>,
    parsed: &pirn_decode::Module,
    pace: &mut Pace,
) -> Result<()> {
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
                for funcs in funcs.chunks(ELEMENTS) {
                    let block = &handle.get(store.opaque())?.block;
                    refs.extend(funcs.iter().map(|&funcidx| block.func(funcidx) as Word));
                    pace.pass(store, size_of_val(funcs))?;
                }
            }
            ElementItems::Exprs(exprs) => {
                for exprs in exprs.chunks(ELEMENTS) {
                    for expr in exprs {
                        refs.push(evaluate(store.opaque(), handle, expr)?[0]);
                    }
                    pace.pass(store, size_of_val(exprs))?;
                }
            }
        }
    }
    let instance = handle.get_mut(store.opaque())?;
    let before = size_of_val(&*instance.elements);
    (instance.active, instance.elements) = (active.into(), others.into());
    let (mut active, mut others) = (&instance.active[..], &instance.elements[..]);
    for (i, element) in parsed.elements.iter().enumerate() {
        let refs = if is_active(element) { &mut active } else { &mut others };
        let refs = refs.split_off(..element.items.len()).expect("as many as there are elements");
        let refs = if matches!(element.mode, SegmentMode::Declared) { &[] } else { refs };
        // SAFETY: L1: the references stay in the instance, next to the block: `copy_elements` says how long active ones do. Nothing runs
        // in the instance where they are exchanged, when it is reset. L5: they are words of the segment's type, in this store.
        unsafe { instance.block.set_element(i, refs) };
    }
    let now = size_of_val(&*instance.elements);
    store.opaque().hold_instead(before, now);
    Ok(())
}

/// Copies active element segments, and drops them.
fn copy_elements(
    store: &mut dyn Borrowed,
    handle: Handle<InstanceData>,
    member: &Member<'_>,
    copied: &Copied<'_>,
    pace: &mut Pace,
) -> Result<()> {
    let parsed = member.module.parsed();
    let mut begin = 0;
    for (i, element) in parsed.elements.iter().enumerate() {
        let SegmentMode::Active { index, offset } = &element.mode else { continue };
        let offset = evaluate(store.opaque(), handle, offset)?[0];
        let instance = handle.get_mut(store.opaque())?;
        let table = instance.tables[*index as usize];
        let offset = number(parsed.tables[*index as usize].address, offset);
        let refs = &raw const instance.active[begin..][..element.items.len()];
        begin += element.items.len();
        // SAFETY: L1: an empty slice lives forever, and has no words.
        unsafe { instance.block.set_element(i, &[]) };
        // SAFETY: L1: they lie in the instance, which does not move, and not in the table; nobody changes `active` here.
        let refs = unsafe { &*refs };
        if !copied.includes_table(parsed, *index) {
            continue;
        }
        let (len, size) = (refs.len(), table.get(store.opaque())?.size());
        if offset.checked_add(len as u64).is_none_or(|end| end > size) {
            let segment = format!("element segment {i}: {len} elements at {offset}, in a table of {size}");
            return Err(out_of_bounds(Trap::TableOutOfBounds, member, &segment));
        }
        for (refs, step) in refs.chunks(ELEMENTS).zip(0..) {
            let (table, place) = (table.get_mut(store.opaque())?, offset as u32 + step * ELEMENTS as u32);
            // SAFETY: L5: by validation they are of the table's type, and they are of its store.
            unsafe { table.init(place, refs, 0, refs.len() as u32) }?;
            pace.pass(store, size_of_val(refs))?;
        }
    }
    // No segment is there any more. But a function that the first ones put into an imported table may have been called meanwhile, and
    // pause in the middle of copying from a later one.
    if store.opaque().resumable_calls().load(Ordering::Relaxed) == 0 {
        handle.get_mut(store.opaque())?.active = Box::default();
    }
    Ok(())
}

/// Copies active data segments, and drops them.
fn copy_data(
    store: &mut dyn Borrowed,
    handle: Handle<InstanceData>,
    member: &Member<'_>,
    copied: &Copied<'_>,
    pace: &mut Pace,
) -> Result<()> {
    let parsed = member.module.parsed();
    for (i, data) in parsed.data.iter().enumerate() {
        let SegmentMode::Active { index, offset } = &data.mode else { continue };
        if copied.includes_memory(parsed, *index) {
            let offset = evaluate(store.opaque(), handle, offset)?[0];
            let offset = number(parsed.memories[*index as usize].address, offset);
            let bytes = &parsed.bytes[data.bytes.clone()];
            let memory = handle.get(store.opaque())?.memories[*index as usize];
            let (len, size) = (bytes.len(), memory.get(store.opaque())?.byte_size());
            if offset.checked_add(len as u64).is_none_or(|end| end > size) {
                let segment = format!("data segment {i}: {len} bytes at {offset}, in a memory of {size}");
                return Err(out_of_bounds(Trap::MemoryOutOfBounds, member, &segment));
            }
            for (bytes, step) in bytes.chunks(STEP).zip(0..) {
                let (memory, place) = (memory.get_mut(store.opaque())?, offset + step * STEP as u64);
                memory.init(place, bytes, 0, bytes.len() as u32)?;
                pace.pass(store, bytes.len())?;
            }
        }
        // SAFETY: L1: an empty slice lives forever, and has no words.
        unsafe { handle.get_mut(store.opaque())?.block.set_data(i, &[]) };
    }
    Ok(())
}

/// The address or index that a word holds.
pub(super) fn number(ty: AddressType, word: Word) -> u64 {
    match ty {
        AddressType::I32 => u64::from(word as u32),
        AddressType::I64 => word,
    }
}

/// So many bytes are copied without asking whether the deadline has passed.
const STEP: usize = 1 << 20;

/// So many references.
const ELEMENTS: usize = STEP / size_of::<Word>();

/// How many bytes were copied since it was asked whether the deadline has passed. Nobody asks if it had before the first was, so that
/// a deadline may be set when there is an instance.
struct Pace(Option<usize>);

impl Pace {
    fn new(store: &mut dyn Borrowed) -> Self {
        Self((!store.is_late()).then_some(0))
    }

    /// So many bytes were copied.
    ///
    /// # Errors
    /// As [`Borrowed::check_deadline`].
    #[inline]
    fn pass(&mut self, store: &mut dyn Borrowed, bytes: usize) -> Result<()> {
        let Some(done) = &mut self.0 else { return Ok(()) };
        *done += bytes;
        if *done < STEP {
            return Ok(());
        }
        *done = 0;
        store.check_deadline()
    }
}

/// The trap of a segment that reaches beyond its table or memory, and which it was.
#[cold]
fn out_of_bounds(trap: Trap, member: &Member<'_>, segment: &str) -> Error {
    let name = member.name.map(|name| format!("module `{name}`, ")).unwrap_or_default();
    Error::trap_at(trap, &format!("{name}{segment}"))
}

/// The words of the value of a constant expression (spec 3.3.10), whose globals have been linked; the second is 0 if its type has
/// one.
pub(crate) fn evaluate(store: &StoreOpaque, instance: Handle<InstanceData>, expr: &ConstExpr) -> Result<[Word; 2]> {
    let instance = instance.get(store)?;
    let mut stack: SmallVec<[[Word; 2]; 4]> = SmallVec::new();
    let word = |value: u32| Word::from(value);
    for op in expr {
        let mut pop = || stack.pop().expect("validated")[0];
        let value = match *op {
            ConstOp::I32Const(value) => word(value as u32),
            ConstOp::I64Const(value) => value as Word,
            ConstOp::F32Const(bits) => word(bits),
            ConstOp::F64Const(bits) => bits,
            ConstOp::V128Const => {
                let (high, low) = (pop(), pop());
                stack.push([low, high]);
                continue;
            }
            ConstOp::RefNull(_) => 0,
            ConstOp::RefFunc(funcidx) => instance.block.func(funcidx) as Word,
            ConstOp::GlobalGet(globalidx) => {
                stack.push(instance.globals[globalidx as usize].get(store)?.cell.get());
                continue;
            }
            ConstOp::RefI31 => i31_word(pop() as u32),
            ConstOp::StructNew(typeidx) | ConstOp::StructNewDefault(typeidx) => {
                let ty = instance.module().parsed().types[typeidx.index()].as_struct().expect("validated");
                let new = make(store, instance, typeidx, 0)?;
                if let ConstOp::StructNew(_) = op {
                    for ((at, ty), words) in
                        places(HEADER_BYTES, ty.values()).zip(stack.drain(stack.len() - ty.fields().len()..))
                    {
                        // SAFETY: L5: by validation a value of the field's type, and of this store.
                        unsafe { new.set_field(at, ty, words) };
                    }
                }
                new.word()
            }
            ConstOp::ArrayNew(typeidx) | ConstOp::ArrayNewDefault(typeidx) | ConstOp::ArrayNewFixed(typeidx, _) => {
                let ty = instance.module().parsed().types[typeidx.index()].as_array().expect("validated");
                let element = ty.field_type().element_type;
                let len = if let ConstOp::ArrayNewFixed(_, len) = *op { len } else { pop() as u32 };
                let new = make(store, instance, typeidx, len)?;
                // SAFETY: L5: by validation values of the elements' type, and of this store.
                let set = |index, words| unsafe { new.set_element(index, element, words) };
                match op {
                    ConstOp::ArrayNew(_) => {
                        let words = stack.pop().expect("validated");
                        (0..len).for_each(|index| set(index, words));
                    }
                    ConstOp::ArrayNewFixed(..) => {
                        (0..)
                            .zip(stack.drain(stack.len() - len as usize..))
                            .for_each(|(index, words)| set(index, words));
                    }
                    _ => {}
                }
                new.word()
            }
            // The right operand comes off the stack first.
            ConstOp::I32Add => word((pop() as u32).wrapping_add(pop() as u32)),
            ConstOp::I32Sub => word((pop() as u32).wrapping_neg().wrapping_add(pop() as u32)),
            ConstOp::I32Mul => word((pop() as u32).wrapping_mul(pop() as u32)),
            ConstOp::I64Add => pop().wrapping_add(pop()),
            ConstOp::I64Sub => pop().wrapping_neg().wrapping_add(pop()),
            ConstOp::I64Mul => pop().wrapping_mul(pop()),
        };
        stack.push([value, 0]);
    }
    Ok(stack.pop().expect("validated"))
}

/// An object of a type of the instance's module, of zeros and nulls.
///
/// # Errors
/// There is no room for it.
fn make(store: &StoreOpaque, instance: &InstanceData, typeidx: TypeIdx, len: u32) -> Result<Object> {
    let ty = instance.block.object_type(typeidx.index());
    // SAFETY: L1 and L2: the machine is the store's, and stands still; nothing is collected meanwhile, so nobody asks the store for its
    // references. L6: it is a type of its heap.
    let new = unsafe {
        Vm::heap(store.vm()).hold();
        let new = Vm::make_object(store.vm(), ty, len);
        Vm::heap(store.vm()).release();
        new
    };
    new.ok_or_else(|| Trap::GcHeapOutOfMemory.into())
}

/// Readies those segments of an instance that were not dropped, none of which is ready. Nothing is copied. `traced` is what is in
/// those whose elements may be objects or the embedder's, one behind the other.
///
/// # Errors
/// There is no memory for them.
pub(crate) fn restore(
    store: &mut StoreOpaque,
    handle: Handle<InstanceData>,
    data_dropped: &[bool],
    elements_dropped: &[bool],
    mut traced: &[Word],
) -> Result<()> {
    let module = handle.get(store)?.module().clone();
    let parsed = module.parsed();
    let left = || parsed.elements.iter().zip(elements_dropped).enumerate().filter(|(_, (_, dropped))| !**dropped);
    let len = left().map(|(_, (element, _))| element.items.len()).sum();
    let mut refs: Vec<Word> = Vec::new();
    let room = refs.try_reserve_exact(len);
    room.map_err(|_| format_err!("the system gave no memory for element segments of {len} elements"))?;
    for (_, (element, _)) in left() {
        if is_traced(ValType::Ref(element.ty)) {
            refs.extend(traced.split_off(..element.items.len()).expect("as many as there are elements"));
            continue;
        }
        match &element.items {
            ElementItems::Funcs(funcs) => {
                let block = &handle.get(store)?.block;
                refs.extend(funcs.iter().map(|&funcidx| block.func(funcidx) as Word));
            }
            ElementItems::Exprs(exprs) => {
                for expr in exprs {
                    refs.push(evaluate(store, handle, expr)?[0]);
                }
            }
        }
    }
    store.hold(size_of_val(&*refs));
    let instance = handle.get_mut(store)?;
    instance.elements = refs.into();
    let mut refs = &instance.elements[..];
    for (i, (element, _)) in left() {
        let items = refs.split_off(..element.items.len()).expect("as many as there are elements");
        // SAFETY: L1: the references stay in the instance, next to the block. L5: they are words of the segment's type, in this
        // store.
        unsafe { instance.block.set_element(i, items) };
    }
    for ((i, data), _) in parsed.data.iter().enumerate().zip(data_dropped).filter(|(_, dropped)| !**dropped) {
        // SAFETY: L1: the instance keeps the module, and with it these bytes.
        unsafe { instance.block.set_data(i, &parsed.bytes[data.bytes.clone()]) };
    }
    Ok(())
}
