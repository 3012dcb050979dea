//! Making structs, and casts of references.
//!
//! A struct is made of a free object of its class, which is a load and a store; where there is none, in a handler of its own
//! ([`StructNewSlow`]), which may collect. What reads and writes fields is in
//! [`fields`](crate::handlers::fields).

use crate::handlers::cells::define_cell;
use crate::handlers::dispatch::{At, Flow, HasHandler, Stmt};
use crate::state::heap::object::{ObjectKind, ObjectType};
use crate::state::instance::InstanceHead;
use crate::state::record::{FuncRecord, code_head};
use crate::state::registers::Registers;
use crate::state::trap::Trap;
use crate::state::vm::Vm;
use pirn_decode::TypeId;
use pirn_decode::cell::{self, HeapKind, Operands};
use pirn_decode::objects::HEADER_BYTES;
use pirn_decode::planted;
use pirn_decode::sig::{self, Sig};

/// The type of objects at a word of the instance.
///
/// # Safety
/// `instance` is live, `word` that of one of its types of objects.
#[inline(always)]
pub(crate) unsafe fn object_type(instance: *mut InstanceHead, word: u32) -> *const ObjectType {
    // SAFETY: the word is within the block (I4).
    unsafe { InstanceHead::word::<*const ObjectType>(instance, word as usize).read() }
}

/// The first free object of a class, taken; null if there is none.
///
/// # Safety
/// `instance` is the one that runs; the class exists.
#[inline(always)]
unsafe fn take(instance: *mut InstanceHead, class: u16) -> *mut u64 {
    // SAFETY: the machine is alone with its heap (I2); what is free leads to the next.
    unsafe {
        let first = (&raw mut (*(*instance).vm).heap.free).cast::<u64>().add(class.into());
        let object: *mut u64 = std::ptr::with_exposed_provenance_mut(first.read() as usize);
        if !object.is_null() {
            first.write(object.read() - 1);
        }
        object
    }
}

/// Makes a struct with so many words, those at `args`, or zeros. Its address, or 0 if there is no room for it.
///
/// # Safety
/// `instance` is the one that runs, `object` the word of a type of structs of so many words; there are so many at `args`, behind which
/// nothing on the stack is needed any more.
#[cold]
#[inline(never)]
unsafe fn new_struct(instance: *mut InstanceHead, object: u32, args: *const u64, words: u16, zeros: bool) -> u64 {
    // SAFETY: all references that are needed are in slots below. The type is live, and an object of so many bytes has these words.
    unsafe {
        let (words, ty) = (usize::from(words), object_type(instance, object));
        let end = if zeros { args } else { args.add(words) };
        let new = Vm::allocate_below((*instance).vm, (*ty).bytes().into(), end);
        if new.is_null() {
            return 0;
        }
        new.cast::<*const ObjectType>().write(ty);
        let fields = new.byte_add(HEADER_BYTES as usize);
        if zeros {
            fields.write_bytes(0, words)
        } else {
            fields.copy_from_nonoverlapping(args, words)
        }
        new.expose_provenance() as u64
    }
}

/// What is executed in the place of a cell that makes a struct if there is no free object: of zeros, or of words in slots.
struct StructNewSlow<const ZEROS: bool>;

impl<const ZEROS: bool> Stmt for StructNewSlow<ZEROS> {
    type Best = Self;
    const LEN: usize = cell::StructNew::LEN;
    // Nobody asks for it.
    const SIG: Sig = 0;

    #[inline(always)]
    unsafe fn run(m: &mut Registers, at: At) -> Flow {
        // SAFETY: it is the cell's operands that both cells have, for which `new_struct` asks.
        unsafe {
            let cell::StructNew { object, args, words, .. } = cell::StructNew::decode(m.operands(at.operands));
            let new = new_struct(m.instance, object, m.slot(args), words, ZEROS);
            if new == 0 {
                return Flow::Trap(at.trap(m, Trap::GcHeapOutOfMemory));
            }
            m.r0 = new;
        }
        Flow::Next
    }
}

define_cell! {
    StructNew |m, cell::StructNew { object, args, words, class }, at| {
        let new = if class == u16::MAX { std::ptr::null_mut() } else { take(m.instance, class) };
        if new.is_null() {
            return Flow::Delegate;
        }
        new.cast::<*const ObjectType>().write(object_type(m.instance, object));
        // Volatile keeps LLVM from calling the library's `memcpy`.
        let (mut from, mut to) = (m.slot(args), new.byte_add(HEADER_BYTES as usize));
        let end = from.add(words.into());
        while from < end {
            to.write_volatile(from.read_volatile());
            (from, to) = (from.add(1), to.add(1));
        }
        m.r0 = new as u64;
        Flow::Next
    }
    or StructNewSlow::<false>::handler
}

define_cell! {
    StructNewDefault |m, cell::StructNewDefault { object, args, words, class }, at| {
        let new = if class == u16::MAX { std::ptr::null_mut() } else { take(m.instance, class) };
        if new.is_null() {
            return Flow::Delegate;
        }
        new.cast::<*const ObjectType>().write(object_type(m.instance, object));
        let mut to = new.byte_add(HEADER_BYTES as usize);
        let end = to.add(words.into());
        while to < end {
            to.write_volatile(0);
            to = to.add(1);
        }
        m.r0 = new as u64;
        Flow::Next
    }
    or StructNewSlow::<true>::handler
}

/// Whether a reference is to an object of a type, which has this depth, or null if that counts.
///
/// # Safety
/// It is a reference of the hierarchy of objects.
#[inline(always)]
unsafe fn is_object_of(word: u64, type_id: TypeId, depth: u16, null: u16) -> bool {
    if word == 0 {
        return (null != 0) != planted(22);
    }
    // SAFETY: what has low bits 00 and is not null is an object, which begins with the address of its type. A display has a place for
    // each depth there is.
    word & 3 == 0
        && unsafe {
            let ty = std::ptr::with_exposed_provenance::<*const ObjectType>(word as usize).read();
            (&raw const (*ty).display)
                .cast::<TypeId>()
                .add(if planted(23) { depth.saturating_sub(1) } else { depth }.into())
                .read()
                == type_id
        }
}

/// Whether a reference is to a function of a type, or null if that counts.
///
/// # Safety
/// `instance` is the one that runs; it is a reference of the hierarchy of functions.
#[inline(never)]
unsafe fn is_func_of(instance: *mut InstanceHead, word: u64, type_id: TypeId, null: u16) -> bool {
    if word == 0 {
        return null != 0;
    }
    // SAFETY: a reference to a function is the address of a live record, whose code has a head (I5).
    unsafe {
        let record: *mut FuncRecord = std::ptr::with_exposed_provenance_mut(word as usize);
        let found = (*code_head((*record).code)).type_id;
        found == type_id || planted(26) || !planted(25) && Vm::is_subtype((*instance).vm, found, type_id)
    }
}

/// Whether a reference is of a kind, or null if that counts.
///
/// # Safety
/// It is a reference of the hierarchy of that kind.
#[inline(always)]
unsafe fn is_of_kind(word: u64, kind: u16, null: u16) -> bool {
    if word == 0 {
        return null != 0;
    }
    let is_object = |kind| {
        // SAFETY: as in `is_object_of`; only references to objects are of the kinds for which it is followed.
        let kind_of = || unsafe {
            let ty = std::ptr::with_exposed_provenance::<*const ObjectType>(word as usize).read();
            (*ty).kind()
        };
        word & 3 == 0
            && (kind_of() == kind || planted(27) && kind == ObjectKind::Struct && kind_of() == ObjectKind::Array)
    };
    if kind == HeapKind::Top as u16 {
        true
    } else if kind == HeapKind::Eq as u16 {
        (word & 3 != 2 || planted(28)) && !(planted(29) && word & 1 == 1)
    } else if kind == HeapKind::I31 as u16 {
        word & 1 == 1
    } else if kind == HeapKind::Struct as u16 {
        is_object(ObjectKind::Struct)
    } else if kind == HeapKind::Array as u16 {
        is_object(ObjectKind::Array)
    } else {
        false
    }
}

define_cell! {
    RefTest |m, cell::RefTest { type_id, depth, null }, at| {
        m.r0 = is_object_of(m.r0, type_id, depth, null).into();
        Flow::Next
    }
}
define_cell! {
    RefTestFunc |m, cell::RefTestFunc { type_id, null }, at| {
        m.r0 = is_func_of(m.instance, m.r0, type_id, null).into();
        Flow::Next
    }
}
define_cell! {
    RefTestKind |m, cell::RefTestKind { kind, null }, at| {
        m.r0 = is_of_kind(m.r0, kind, null).into();
        Flow::Next
    }
}
define_cell! {
    RefCast |m, cell::RefCast { type_id, depth, null }, at| {
        if is_object_of(m.r0, type_id, depth, null) {
            return Flow::Next;
        }
        Flow::Trap(at.trap(m, Trap::CastFailure))
    }
}
define_cell! {
    RefCastFunc |m, cell::RefCastFunc { type_id, null }, at| {
        let func = m.r0;
        if !is_func_of(m.instance, func, type_id, null) {
            return Flow::Trap(at.trap(m, Trap::CastFailure));
        }
        m.r0 = func;
        Flow::Next
    }
}
define_cell! {
    RefCastKind |m, cell::RefCastKind { kind, null }, at| {
        if is_of_kind(m.r0, kind, null) {
            return Flow::Next;
        }
        Flow::Trap(at.trap(m, Trap::CastFailure))
    }
}
