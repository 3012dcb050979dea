//! Making arrays, and what works on many elements. (One element, `fields` reads and writes.)
//!
//! What makes an array, and what works on many elements, calls an out-of-line function that owns its stack, as
//! [`bulk`](crate::handlers::bulk) does. It is done in one go: code with fuel has paid for it before.

use crate::handlers::bulk::{conclude, segment};
use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt};
use crate::handlers::objects::object_type;
use crate::state::heap::object::ObjectType;
use crate::state::instance::InstanceHead;
use crate::state::registers::Registers;
use crate::state::trap::Trap;
use crate::state::vm::Vm;
use pirn_decode::cell::{self, Operands};
use pirn_decode::objects::{ARRAY_HEADER_BYTES, LENGTH_AT};
use pirn_decode::planted;
use pirn_decode::sig::{self, Sig};

/// A reference that is an address.
#[inline(always)]
fn pointer<T>(word: u64) -> *mut T {
    std::ptr::with_exposed_provenance_mut(word as usize)
}

/// How many elements an array has.
///
/// # Safety
/// It is the reference of an array.
#[inline(always)]
unsafe fn length(array: u64) -> u32 {
    // SAFETY: an array has it there.
    unsafe { pointer::<u32>(array).byte_add(LENGTH_AT as usize).read() }
}

/// An array of so many elements, none of which is written yet; null if there is no room for it.
///
/// # Safety
/// `instance` is the one that runs, `object` the word of a type of arrays; what is needed on the stack lies below `top`. The elements are
/// written before anything else is allocated.
unsafe fn allocate(instance: *mut InstanceHead, object: u32, len: u32, top: *const u64) -> *mut u64 {
    // SAFETY: all references that are needed are in slots below. The type is live.
    unsafe {
        let ty = object_type(instance, object);
        let new = Vm::allocate_below((*instance).vm, (*ty).bytes_with(len), top);
        if !new.is_null() {
            new.cast::<*const ObjectType>().write(ty);
            new.byte_add(LENGTH_AT as usize).cast::<u32>().write(len);
        }
        new
    }
}

/// Where the elements of an array begin, and the logarithm of their size.
///
/// # Safety
/// It is an array.
unsafe fn elements(array: *mut u64) -> (*mut u8, u16) {
    // SAFETY: it begins with the address of its type.
    unsafe {
        let ty = array.cast::<*const ObjectType>().read();
        (array.byte_add(ARRAY_HEADER_BYTES as usize).cast(), (*ty).shift)
    }
}

/// Sets so many elements, each of the size of which `shift` is the logarithm, to what is at `value`.
///
/// # Safety
/// They exist, and a value of that size is there.
unsafe fn fill(elements: *mut u8, shift: u16, len: usize, value: *const u64) {
    // SAFETY: as is asked for; elements are aligned to 8 bytes at most.
    unsafe {
        match shift {
            0 => elements.write_bytes(value.read() as u8, len),
            1 => std::slice::from_raw_parts_mut(elements.cast::<u16>(), len).fill(value.read() as u16),
            2 => std::slice::from_raw_parts_mut(elements.cast::<u32>(), len).fill(value.read() as u32),
            3 => std::slice::from_raw_parts_mut(elements.cast::<u64>(), len).fill(value.read()),
            _ => {
                let vector = value.cast::<[u64; 2]>().read();
                std::slice::from_raw_parts_mut(elements.cast::<[u64; 2]>(), len).fill(vector);
            }
        }
    }
}

/// The array's address, or that there is no room for it.
fn made(array: *mut u64) -> u64 {
    if array.is_null() { Trap::GcHeapOutOfMemory as u64 } else { array.expose_provenance() as u64 }
}

/// # Safety
/// As for [`allocate`]; at `args` are a value of so many words, and a length.
#[inline(never)]
unsafe fn array_new(instance: *mut InstanceHead, object: u32, args: *const u64, words: u16) -> u64 {
    // SAFETY: as is asked for; the value is still where it was, and what it refers to was not collected.
    unsafe {
        let words = usize::from(words);
        let len = args.add(words).read() as u32;
        let new = allocate(instance, object, len, args.add(words + 1));
        if !new.is_null() {
            let (elements, shift) = elements(new);
            fill(elements, shift, len as usize, args);
        }
        made(new)
    }
}

/// # Safety
/// As for [`allocate`]; at `args` is a length.
#[inline(never)]
unsafe fn array_new_default(instance: *mut InstanceHead, object: u32, args: *const u64) -> u64 {
    // SAFETY: as is asked for.
    unsafe {
        let len = args.read() as u32;
        let new = allocate(instance, object, len, args.add(1));
        if !new.is_null() {
            let (elements, shift) = elements(new);
            elements.write_bytes(0, (len as usize) << shift);
        }
        made(new)
    }
}

/// # Safety
/// As for [`allocate`]; at `args` are so many values, of so many words in all.
#[inline(never)]
unsafe fn array_new_fixed(instance: *mut InstanceHead, object: u32, args: *const u64, words: u16, count: u32) -> u64 {
    // SAFETY: as is asked for.
    unsafe {
        let new = allocate(instance, object, count, args.add(words.into()));
        if !new.is_null() && count != 0 {
            let (elements, shift) = elements(new);
            let each = usize::from(words) / count as usize;
            for index in 0..count as usize {
                fill(elements.add(index << shift), shift, 1, args.add(index * each));
            }
        }
        made(new)
    }
}

/// # Safety
/// As for [`allocate`]; `data` is the word of a data segment; at `args` are two i32.
#[inline(never)]
unsafe fn array_new_data(instance: *mut InstanceHead, object: u32, data: u32, args: *const u64) -> u64 {
    // SAFETY: as is asked for; a segment's bytes are nobody's object.
    unsafe {
        let (from, len) = (args.read() as u32, args.add(1).read() as u32);
        let bytes = (len as usize) << (*object_type(instance, object)).shift;
        let source = segment::<u8>(instance, data).get(from as usize..).and_then(|rest| rest.get(..bytes));
        let Some(source) = source else { return Trap::MemoryOutOfBounds as u64 };
        let new = allocate(instance, object, len, args.add(2));
        if !new.is_null() {
            elements(new).0.copy_from_nonoverlapping(source.as_ptr(), bytes);
        }
        made(new)
    }
}

/// # Safety
/// As for [`allocate`]; `refs` is the word of an element segment; at `args` are two i32.
#[inline(never)]
unsafe fn array_new_elem(instance: *mut InstanceHead, object: u32, refs: u32, args: *const u64) -> u64 {
    // SAFETY: as is asked for; a segment's references are nobody's object, and are roots.
    unsafe {
        let (from, len) = (args.read() as u32, args.add(1).read() as u32);
        let source = segment::<u64>(instance, refs).get(from as usize..).and_then(|rest| rest.get(..len as usize));
        let Some(source) = source else { return Trap::TableOutOfBounds as u64 };
        let new = allocate(instance, object, len, args.add(2));
        if !new.is_null() {
            elements(new).0.cast::<u64>().copy_from_nonoverlapping(source.as_ptr(), len as usize);
        }
        made(new)
    }
}

/// The array at `args` and the elements of it from the index behind it on, `len` of them, which are about to be overwritten: those that
/// are references are kept, while a collection marks.
///
/// # Safety
/// `instance` is the one that runs. At `args` are two slots: null or an array, and an i32.
unsafe fn written(instance: *mut InstanceHead, args: *const u64, len: u32) -> Result<(*mut u8, u16), Trap> {
    // SAFETY: as is asked for; the machine is alone with its heap (I2), and the elements are there.
    unsafe {
        let (elements, shift) = range(args, len)?;
        let (array, heap) = (pointer::<*const ObjectType>(args.read()), &raw mut (*(*instance).vm).heap);
        if (*heap).is_marking && (**array).traces_elements() && !planted(41) {
            let words = std::slice::from_raw_parts(elements.cast::<u64>(), len as usize);
            (*heap).overwrite_all(words);
        }
        Ok((elements, shift))
    }
}

/// The array at `args` and the elements of it from the index behind it on, `len` of them.
///
/// # Safety
/// At `args` are two slots: null or an array, and an i32.
unsafe fn range(args: *const u64, len: u32) -> Result<(*mut u8, u16), Trap> {
    // SAFETY: as is asked for.
    unsafe {
        let (array, index) = (args.read(), args.add(1).read() as u32);
        if array == 0 {
            return Err(Trap::NullArrayReference);
        }
        if u64::from(index) + u64::from(len) > length(array).into() {
            return Err(Trap::ArrayOutOfBounds);
        }
        let (elements, shift) = elements(pointer(array));
        Ok((elements.add((index as usize) << shift), shift))
    }
}

fn code(result: Result<(), Trap>) -> u8 {
    result.map_or_else(|trap| trap as u8, |()| 0)
}

/// # Safety
/// `instance` is the one that runs; at `args` are an array, an index, a value of so many words, and a length.
#[inline(never)]
unsafe fn array_fill(instance: *mut InstanceHead, args: *const u64, words: u16) -> u8 {
    // SAFETY: as is asked for; the elements were compared with the length.
    unsafe {
        let len = args.add(2 + usize::from(words)).read() as u32;
        code(written(instance, args, len).map(|(elements, shift)| fill(elements, shift, len as usize, args.add(2))))
    }
}

/// # Safety
/// `instance` is the one that runs; at `args` are an array and an index, the same again, of elements of the same size, and a length.
#[inline(never)]
unsafe fn array_copy(instance: *mut InstanceHead, args: *const u64) -> u8 {
    // SAFETY: as in `array_fill`; the elements may overlap.
    unsafe {
        let len = args.add(4).read() as u32;
        // Both references are looked at before either range.
        if args.read() == 0 || args.add(2).read() == 0 {
            return Trap::NullArrayReference as u8;
        }
        code(range(args, len).and_then(|_| {
            let (from, _) = range(args.add(2), len)?;
            let (to, shift) = written(instance, args, len)?;
            to.copy_from(from, (len as usize) << shift);
            Ok(())
        }))
    }
}

/// # Safety
/// `instance` is the one that runs, `word` that of a segment of items of type `T`; at `args` are an array, an index, and two i32. `outside` is the
/// trap of what reaches beyond the segment.
#[inline(always)]
unsafe fn array_init<T>(instance: *mut InstanceHead, word: u32, args: *const u64, outside: Trap) -> u8 {
    // SAFETY: as in `array_fill`; what is in a segment is nobody's object.
    unsafe {
        let (from, len) = (args.add(2).read() as u32, args.add(3).read() as u32);
        code(range(args, len).and_then(|(_, shift)| {
            let items = ((len as usize) << shift) / size_of::<T>();
            let source = segment::<T>(instance, word).get(from as usize..).and_then(|rest| rest.get(..items));
            let source = source.ok_or(outside)?;
            let (to, _) = written(instance, args, len)?;
            to.cast::<T>().copy_from_nonoverlapping(source.as_ptr(), items);
            Ok(())
        }))
    }
}

/// # Safety
/// As for [`array_init`], of a data segment.
#[inline(never)]
unsafe fn array_init_data(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: the same is asked for. Bytes have no alignment.
    unsafe { array_init::<u8>(instance, word, args, Trap::MemoryOutOfBounds) }
}

/// # Safety
/// As for [`array_init`], of an element segment, and an array of references.
#[inline(never)]
unsafe fn array_init_elem(instance: *mut InstanceHead, word: u32, args: *const u64) -> u8 {
    // SAFETY: the same is asked for.
    unsafe { array_init::<u64>(instance, word, args, Trap::TableOutOfBounds) }
}

/// Goes on with the array, or traps: a number that small is no address.
#[inline(always)]
fn conclude_new(m: &mut Registers, at: At, array: u64) -> Flow {
    if array <= u64::from(u8::MAX) {
        return Flow::Trap(at.trap(m, Trap::from_code(array as u8)));
    }
    m.r0 = array;
    Flow::Next
}

define_cell! {
    ArrayNew |m, cell::ArrayNew { object, args, words }, at| {
        conclude_new(m, at, array_new(m.instance, object, m.slot(args), words))
    }
}
define_cell! {
    ArrayNewDefault |m, cell::ArrayNewDefault { object, args }, at| {
        conclude_new(m, at, array_new_default(m.instance, object, m.slot(args)))
    }
}
define_cell! {
    ArrayNewFixed |m, cell::ArrayNewFixed { object, args, words, count }, at| {
        conclude_new(m, at, array_new_fixed(m.instance, object, m.slot(args), words, count))
    }
}
define_cell! {
    ArrayNewData |m, cell::ArrayNewData { object, segment, args }, at| {
        conclude_new(m, at, array_new_data(m.instance, object, segment, m.slot(args)))
    }
}
define_cell! {
    ArrayNewElem |m, cell::ArrayNewElem { object, segment, args }, at| {
        conclude_new(m, at, array_new_elem(m.instance, object, segment, m.slot(args)))
    }
}
define_cell! { ArrayFill |m, cell::ArrayFill { args, words }, at| { conclude(m, at, array_fill(m.instance, m.slot(args), words)) } }
define_cell! { ArrayCopy |m, cell::ArrayCopy { args }, at| { conclude(m, at, array_copy(m.instance, m.slot(args))) } }
define_cell! {
    ArrayInitData |m, cell::ArrayInitData { segment, args }, at| {
        conclude(m, at, array_init_data(m.instance, segment, m.slot(args)))
    }
}
define_cell! {
    ArrayInitElem |m, cell::ArrayInitElem { segment, args }, at| {
        conclude(m, at, array_init_elem(m.instance, segment, m.slot(args)))
    }
}
