//! Records of functions: what an instance's function index space, a table and the embedder's handles are made of.
//!
//! A record is two words, code and instance, and lies in the instance's block itself: a call loads both at one distance
//! from `instance`, and what else it needs (the frame's size, for indirect calls the type) stands before the code
//! ([`CodeHead`]), in the line the first dispatch reads. An import is a copy of the exporter's record, so calling it
//! is the same loads. Records of their own with a pointer to each (72 bytes a function and instance) cost one more
//! dependent load a call; pointers to records shared by a module's instances until first called would save 8 bytes more,
//! but need to find out at the first call which word led to them.
//!
//! A function that is not lowered yet has for code a cell of its module, [`crate::LazyCode`], that lowers it and then
//! rewrites the record it was reached by, which every call leaves in `r0`. Copies are rewritten each at its own first
//! call.
//!
//! So several records are the same function, and a `funcref` is the address of any one of them; nothing in WebAssembly
//! compares references. Towards the embedder, [`FuncRecord::canonical`] is the function's identity.

use crate::state::instance::InstanceHead;
use crate::state::trap::Exit;
use crate::state::vm::Vm;
use pirn_decode::layout::{CodeHead, HEAD_WORDS, RECORD_WORDS, RETURN_WORDS};
use pirn_decode::{Code, FuncIdx, FuncType, TypeId};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

/// One function of one instance, or one host function. Records do not move, and what they point at lives as long as
/// their store.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct FuncRecord {
    /// First cell; a [`CodeHead`] stands before it.
    pub(crate) code: *const u64,
    /// Instance the code runs in; for a host function, null: it acts for whoever calls it.
    pub(crate) instance: *mut InstanceHead,
}

const _: () = assert!(size_of::<FuncRecord>() == RECORD_WORDS * 8);
const _: () = assert!(size_of::<CodeHead>() == CodeHead::WORDS * 8);

// SAFETY: the pointers lead into the store that owns the record and goes between threads with it (I2), or to code, which
// nobody writes to.
unsafe impl Send for FuncRecord {}
// SAFETY: as above; executing needs `&mut` of the store (I2).
unsafe impl Sync for FuncRecord {}

impl FuncRecord {
    /// The record of a function whose code begins at `code`, in `instance`.
    ///
    /// # Safety
    /// [I1, I3 and I4](crate#safety): `code` is what [`first_cell`] gave for a function of the module of `instance`, or
    /// [`crate::LazyCode::first_cell`], whose head is that function's, and outlives the record and all its copies.
    pub unsafe fn new(code: *const u64, instance: *mut InstanceHead) -> Self {
        Self { code, instance }
    }

    /// The same function of another instance of its module.
    ///
    /// # Safety
    /// [I1 and I4](crate#safety): `instance` is a live instance of the module whose function it is, which is not the host's.
    pub unsafe fn of_instance(self, instance: *mut InstanceHead) -> Self {
        Self { instance, ..self }
    }

    /// Whether there is no function: what an instance's records are until they are set.
    pub fn is_null(&self) -> bool {
        self.code.is_null()
    }

    /// The instance whose function it is; `None` for a function of the host.
    pub fn instance(&self) -> Option<NonNull<InstanceHead>> {
        NonNull::new(self.instance)
    }

    /// The host function, if it is one.
    pub fn host(&self) -> Option<&HostRecord> {
        if self.is_null() || !self.instance.is_null() {
            return None;
        }
        // SAFETY: the code of a record without an instance is the thunk in a `HostRecord` (`arm`), which lives as long
        // as the record and its copies (I1).
        Some(unsafe { &*HostRecord::of(self.code) })
    }

    /// What is known of the function.
    ///
    /// # Panics
    /// The record [is null](Self::is_null).
    pub fn head(&self) -> CodeHead {
        assert!(!self.is_null(), "a record that was not set");
        // SAFETY: a record that is not null has live code with a head: `new` and `HostRecord::arm` make no other.
        unsafe { *code_head(self.code) }
    }

    /// The record that stands for the function, of all that are the same: the one among its own instance's, or the host
    /// function's.
    ///
    /// # Safety
    /// `this` is a live record that is not null.
    pub unsafe fn canonical(this: *mut Self) -> *mut Self {
        // SAFETY: the record is live, and so are code and instance (I1). An instance's block has a record for each
        // function of its module (I4), and a host function's code is a field of its `HostRecord`.
        unsafe {
            let Self { code, instance } = *this;
            if instance.is_null() {
                return &raw mut (*HostRecord::of(code).cast_mut()).record;
            }
            InstanceHead::word::<Self>(instance, HEAD_WORDS).add((*code_head(code)).index.index())
        }
    }
}

/// The head before the code that begins at `code`.
#[inline(always)]
pub(crate) fn code_head(code: *const u64) -> *const CodeHead {
    code.wrapping_sub(CodeHead::WORDS).cast()
}

/// Where `code` begins, for [`FuncRecord::new`], which says what code that must be.
pub fn first_cell(code: &Code) -> *const u64 {
    // Derived from the whole allocation: the head is read through it as well.
    code.words().as_ptr().wrapping_add(CodeHead::WORDS)
}

/// A host function: takes the arguments and leaves the results in [`HostCall::into_values`], or says why the execution
/// cannot go on: [`Exit::Host`], [`Exit::Yield`], or [`Exit::Trap`].
pub type HostFunc = dyn Fn(HostCall<'_>) -> Result<(), Exit> + Send + Sync;

/// One call of a host function. Nobody but the machine makes one.
#[derive(Debug)]
pub struct HostCall<'a> {
    pub(crate) vm: *mut Vm,
    /// The instance it returns to, or the machine's own for the host.
    pub(crate) to: *mut InstanceHead,
    /// The instance whose code made a tail call, or whose start function it is; or null.
    pub(crate) on_behalf: *mut InstanceHead,
    pub(crate) values: HostValues<'a>,
}

/// The words of a host function's arguments, and of its results: as many as the longer of both. See [`crate::Word`] for the encoding.
///
/// A collection reads them through the machine. So they are lent only as long as they are read or written, not for the time of the call.
#[derive(Debug)]
pub struct HostValues<'a> {
    at: *mut u64,
    len: usize,
    frame: PhantomData<&'a mut [u64]>,
}

impl HostValues<'_> {
    /// So many words of a frame.
    ///
    /// # Safety
    /// They are initialised, and there as long as this is. Nobody refers to them while the machine does nothing but wait for who has this.
    pub(crate) unsafe fn new(at: *mut u64, len: usize) -> Self {
        Self { at, len, frame: PhantomData }
    }

    /// The words. What this gives must be gone before the machine does something.
    #[inline]
    pub fn get(&self) -> &[u64] {
        // SAFETY: they are there (`new`). Whoever has the machine do something while this is lent breaks the contract of what does it (I2).
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }

    /// The same, to be written.
    #[inline]
    pub fn get_mut(&mut self) -> &mut [u64] {
        // SAFETY: as above; nobody else has this.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.len) }
    }
}

impl<'a> HostCall<'a> {
    /// The machine, which is live and runs; its [`Vm::store`] leads back to the owner.
    pub fn vm(&self) -> *mut Vm {
        self.vm
    }

    /// The instance whose code called, which is live; null if the embedder did. (It is found out here, for most host functions do
    /// not ask.)
    #[inline]
    pub fn caller(&self) -> *mut InstanceHead {
        // Code that called it by a plain call is where it returns to.
        // SAFETY: the machine is live (I1).
        if self.on_behalf.is_null() && !unsafe { Vm::is_host(self.vm, self.to) } { self.to } else { self.on_behalf }
    }

    /// Arguments on entry, results on return.
    pub fn into_values(self) -> HostValues<'a> {
        self.values
    }
}

/// A host function and the code that calls it. Nothing in it changes once it is armed, so any number of stores, in any
/// threads, may have it.
#[repr(C)]
pub struct HostRecord {
    record: FuncRecord,
    pub(crate) head: CodeHead,
    pub(crate) thunk: u64,
    pub(crate) func: Arc<HostFunc>,
    ty: FuncType,
}

impl std::fmt::Debug for HostRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostRecord").field("head", &self.head).finish_non_exhaustive()
    }
}

// SAFETY: the record's pointer is to the thunk beside it, and the closure is `Send`.
unsafe impl Send for HostRecord {}
// SAFETY: nothing in it changes once it is armed, and the closure is `Sync`.
unsafe impl Sync for HostRecord {}

impl HostRecord {
    /// The host function `func`, which the handler in the word `thunk` calls; [`HostRecord::new`] says the rest.
    ///
    /// # Safety
    /// That of [`HostRecord::new`]; `thunk` is the handler that calls host functions.
    pub(crate) unsafe fn with_thunk(thunk: u64, ty: FuncType, type_id: TypeId, func: Arc<HostFunc>) -> Box<Self> {
        let record = FuncRecord { code: std::ptr::null(), instance: std::ptr::null_mut() };
        let mut head = CodeHead::new(FuncIdx(0), &ty, type_id);
        head.frame_bytes += 8 * RETURN_WORDS as u32;
        Box::new(Self { record, head, thunk, func, ty })
    }

    /// The host function whose record's code is `code`.
    pub(crate) fn of(code: *const u64) -> *const Self {
        code.wrapping_byte_sub(std::mem::offset_of!(Self, thunk)).cast()
    }

    /// Its type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// Its own record.
    ///
    /// # Safety
    /// `this` is live, and was reached by its record.
    pub(crate) unsafe fn record(this: *const Self) -> *mut FuncRecord {
        // SAFETY: this is a place in it; nobody writes to it.
        unsafe { &raw const (*this).record }.cast_mut()
    }

    /// Points the record's code at the thunk, from which the thunk finds back here: so `this`, and not a reference made
    /// of it, is what the code is derived from. Gives the record.
    ///
    /// # Safety
    /// `this` is live, does not move any more, lives as long as the record that is given and all its copies, and is the
    /// pointer by which all others reach it.
    pub unsafe fn arm(this: *mut Self) -> *mut FuncRecord {
        // SAFETY: it is live and nobody else refers to it yet; both are places in it.
        unsafe {
            (*this).record.code = this.cast_const().byte_add(std::mem::offset_of!(Self, thunk)).cast();
            this.byte_add(std::mem::offset_of!(Self, record)).cast()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::instance::InstanceBlock;
    use pirn_decode::layout::{Counts, InstanceLayout};
    use std::ptr::{null, null_mut};

    #[test]
    fn copies_stand_for_the_record_in_their_own_instance() {
        let layout = |funcs| InstanceLayout::new(Counts { funcs, ..Counts::default() });
        let block = |funcs| InstanceBlock::new(layout(funcs), null_mut()).unwrap();
        let (mut exporter, mut importer) = (block(3), block(1));
        let head = CodeHead::new(FuncIdx(2), &FuncType::new([], []), TypeId(5));
        let code = [head.words()[0], head.words()[1], 0];
        // SAFETY: nothing runs; blocks and code are live until the end.
        unsafe {
            let record = FuncRecord::new(code.as_ptr().add(CodeHead::WORDS), exporter.as_ptr());
            exporter.set_func(FuncIdx(2), record);
            importer.set_func(FuncIdx(0), record);
            assert_eq!(FuncRecord::canonical(importer.func(FuncIdx(0))), exporter.func(FuncIdx(2)));
            assert_eq!(FuncRecord::canonical(exporter.func(FuncIdx(2))), exporter.func(FuncIdx(2)));
            assert_eq!((*importer.func(FuncIdx(0))).head(), head);
            assert_eq!((*importer.func(FuncIdx(0))).instance(), NonNull::new(exporter.as_ptr()));
            assert!((*importer.func(FuncIdx(0))).host().is_none());
        }
    }

    #[test]
    fn copies_of_a_host_function_stand_for_its_own_record() {
        // SAFETY: nobody calls it; it is taken back at the end.
        unsafe {
            let host = HostRecord::with_thunk(0, FuncType::new([], []), TypeId(6), Arc::new(|_| Ok(())));
            let host = Box::into_raw(host);
            let record = HostRecord::arm(host);
            let mut copy = *record;
            assert_eq!(FuncRecord::canonical(&raw mut copy), record);
            assert_eq!(copy.head().type_id, TypeId(6));
            assert!(copy.instance().is_none());
            assert_eq!(copy.host().map(std::ptr::from_ref), Some(host.cast_const()));
            drop(Box::from_raw(host));
        }
    }

    #[test]
    fn a_record_that_was_not_set_is_no_function() {
        let record = FuncRecord { code: null(), instance: null_mut() };
        assert!(record.is_null() && record.host().is_none() && record.instance().is_none());
    }
}
