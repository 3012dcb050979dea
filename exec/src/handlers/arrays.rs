//! Making arrays, and what works on many elements. (One element, `fields` reads and writes.)
//!
//! What makes an array, and what works on many elements, calls an out-of-line function that owns its stack, as
//! [`bulk`](crate::handlers::bulk) does. So is what it does with deadlines: many elements are written in steps, and it may stop in between.

use crate::handlers::bulk::{STOPPED_WORD, conclude, done_code, items};
use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, Stmt};
use crate::handlers::epoch::{STEP, in_steps, stop};
use crate::handlers::objects::object_type;
use crate::state::heap::object::ObjectType;
use crate::state::instance::InstanceHead;
use crate::state::registers::Registers;
use crate::state::trap::Trap;
use crate::state::vm::Vm;
use pirn_decode::cell::{self, Operands};
use pirn_decode::objects::{ARRAY_HEADER_BYTES, HEADER_BYTES, LENGTH_AT};
use pirn_decode::planted;
use pirn_decode::sig::{self, Sig};

/// Where an array that is being made has its length to be, 32 bits; [`LENGTH_AT`] says how many elements are written. Nothing else is there.
const TO_BE_AT: usize = HEADER_BYTES as usize;

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

/// What a function gives that makes an array: its address, the code of a trap, or [`STOPPED_WORD`] if execution cannot go on.
fn made(array: *mut u64) -> u64 {
    if array.is_null() { Trap::GcHeapOutOfMemory as u64 } else { array.expose_provenance() as u64 }
}

/// Makes an array of the length that is at `len`, the last of the operands. `write` is told where elements begin that it is to write, the
/// logarithm of their size, how many there are before, and how many to write.
///
/// With deadlines, what is long is written in steps. As long as it is not done, the array has only the elements that are written, so that it can be
/// collected around; and its reference is at `len`, where it is a root, and is found by who goes on.
///
/// # Safety
/// As for [`allocate`]; `len` is the last slot that is needed, and holds an i32. `write` writes these elements, of the array's type.
#[inline(always)]
unsafe fn make(
    instance: *mut InstanceHead,
    object: u32,
    len: *mut u64,
    write: impl Fn(*mut u8, u16, usize, usize),
) -> u64 {
    // SAFETY: as is asked for. An array that is not done is referred to by nobody but the slot, in which frames are marked, running and paused.
    // Nothing is marked beyond its length.
    unsafe {
        let vm = (*instance).vm;
        let new = if (*vm).progress != 0 {
            pointer::<u64>(len.read())
        } else {
            let count = len.read() as u32;
            let new = allocate(instance, object, count, len.add(1));
            if new.is_null() {
                return made(new);
            }
            let (elements, shift) = elements(new);
            if (count as usize) << shift <= STEP || (*vm).epoch.is_null() {
                write(elements, shift, 0, count as usize);
                return made(new);
            }
            new.byte_add(LENGTH_AT as usize).cast::<u32>().write(0);
            new.byte_add(TO_BE_AT).cast::<u32>().write(count);
            len.write(made(new));
            new
        };
        let (elements, shift) = elements(new);
        let count = new.byte_add(TO_BE_AT).cast::<u32>().read();
        let is_done = in_steps(vm, count as usize, STEP >> shift, |done, now| {
            write(elements.add(done << shift), shift, done, now);
            new.byte_add(LENGTH_AT as usize).cast::<u32>().write((done + now) as u32);
        });
        if is_done { made(new) } else { STOPPED_WORD }
    }
}

/// # Safety
/// As for [`allocate`]; at `args` are a value of so many words, and a length.
#[inline(never)]
unsafe fn array_new(instance: *mut InstanceHead, object: u32, args: *mut u64, words: u16) -> u64 {
    // SAFETY: as is asked for; the value is still where it was, and what it refers to was not collected.
    unsafe {
        make(instance, object, args.add(words.into()), |elements, shift, _, now| fill(elements, shift, now, args))
    }
}

/// # Safety
/// As for [`allocate`]; at `args` is a length.
#[inline(never)]
unsafe fn array_new_default(instance: *mut InstanceHead, object: u32, args: *mut u64) -> u64 {
    // SAFETY: as is asked for.
    unsafe { make(instance, object, args, |elements, shift, _, now| elements.write_bytes(0, now << shift)) }
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
unsafe fn array_new_data(instance: *mut InstanceHead, object: u32, data: u32, args: *mut u64) -> u64 {
    // SAFETY: as is asked for; a segment's bytes are nobody's object. Where it goes on, the length is the array's.
    unsafe {
        let from = args.read() as u32;
        let bytes = (new_length((*instance).vm, args.add(1)) as usize) << (*object_type(instance, object)).shift;
        let Some(source) = items::<u8>(instance, data, from, bytes) else { return Trap::MemoryOutOfBounds as u64 };
        make(instance, object, args.add(1), |elements, shift, done, now| {
            elements.copy_from_nonoverlapping(source.as_ptr().add(done << shift), now << shift);
        })
    }
}

/// # Safety
/// As for [`allocate`]; `refs` is the word of an element segment; at `args` are two i32.
#[inline(never)]
unsafe fn array_new_elem(instance: *mut InstanceHead, object: u32, refs: u32, args: *mut u64) -> u64 {
    // SAFETY: as is asked for; a segment's references are nobody's object, and are roots.
    unsafe {
        let (from, len) = (args.read() as u32, new_length((*instance).vm, args.add(1)));
        let source = items::<u64>(instance, refs, from, len as usize);
        let Some(source) = source else { return Trap::TableOutOfBounds as u64 };
        make(instance, object, args.add(1), |elements, _, done, now| {
            elements.cast::<u64>().copy_from_nonoverlapping(source.as_ptr().add(done), now);
        })
    }
}

/// The length of what [`make`] makes of the operand at `len`, also where it goes on.
///
/// # Safety
/// As there.
unsafe fn new_length(vm: *mut Vm, len: *const u64) -> u32 {
    // SAFETY: as is asked for.
    unsafe {
        let operand = len.read();
        if (*vm).progress == 0 {
            operand as u32
        } else {
            pointer::<u64>(operand).byte_add(TO_BE_AT).cast::<u32>().read()
        }
    }
}

/// Says that so many elements from a place on are about to be overwritten, of the array at `array`: those that are references are kept, while a
/// collection marks.
///
/// # Safety
/// `instance` is the one that runs; they are elements of it.
unsafe fn overwrite(instance: *mut InstanceHead, array: u64, elements: *const u8, len: usize) {
    // SAFETY: as is asked for; the machine is alone with its heap (I2).
    unsafe {
        let (ty, heap) = (pointer::<*const ObjectType>(array).read(), &raw mut (*(*instance).vm).heap);
        if (*heap).is_marking && (*ty).traces_elements() && !planted(41) {
            (*heap).overwrite_all(std::slice::from_raw_parts(elements.cast::<u64>(), len));
        }
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

/// # Safety
/// `instance` is the one that runs; at `args` are an array, an index, a value of so many words, and a length.
#[inline(never)]
unsafe fn array_fill(instance: *mut InstanceHead, args: *const u64, words: u16) -> u8 {
    // SAFETY: as is asked for; the elements were compared with the length.
    unsafe {
        let len = args.add(2 + usize::from(words)).read() as u32;
        let (elements, shift) = match range(args, len) {
            Ok(range) => range,
            Err(trap) => return trap as u8,
        };
        done_code(in_steps((*instance).vm, len as usize, STEP >> shift, |done, now| {
            let elements = elements.add(done << shift);
            overwrite(instance, args.read(), elements, now);
            fill(elements, shift, now, args.add(2));
        }))
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
        let (Ok((to, shift)), Ok((from, _))) = (range(args, len), range(args.add(2), len)) else {
            return Trap::ArrayOutOfBounds as u8;
        };
        let len = len as usize;
        done_code(in_steps((*instance).vm, len, STEP >> shift, |done, now| {
            // Upwards from the end on, so that no step overwrites what a later one reads.
            let at = if to.cast_const() <= from { done } else { len - done - now } << shift;
            overwrite(instance, args.read(), to.add(at), now);
            to.add(at).copy_from(from.add(at), now << shift);
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
        let (elements, shift) = match range(args, len) {
            Ok(range) => range,
            Err(trap) => return trap as u8,
        };
        let bytes = (len as usize) << shift;
        let Some(source) = items::<T>(instance, word, from, bytes / size_of::<T>()) else { return outside as u8 };
        let source = source.as_ptr().cast::<u8>();
        done_code(in_steps((*instance).vm, len as usize, STEP >> shift, |done, now| {
            let at = done << shift;
            overwrite(instance, args.read(), elements.add(at), now);
            elements.add(at).copy_from_nonoverlapping(source.add(at), now << shift);
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

/// Goes on with the array, stops, or traps: a number that small is no address.
///
/// # Safety
/// `m.instance` is a live instance; if the array is [`STOPPED_WORD`], the reason is in the machine.
#[inline(always)]
unsafe fn conclude_new(m: &mut Registers, at: At, array: u64) -> Flow {
    if array <= u64::from(u8::MAX) {
        return Flow::Trap(at.trap(m, Trap::from_code(array as u8)));
    }
    if array == STOPPED_WORD {
        // SAFETY: `stop` asks for the same.
        return unsafe { stop(m) };
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
