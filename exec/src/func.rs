//! Records of the global function table.

use crate::{Inst, vm::Vm};

/// One function of one instance, or one host function. Its address is its identity: a `funcref` is this pointer, an
/// instance's function index space an array of them, and one call operation serves every kind.
///
/// Records never move and live as long as their store.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct FuncRecord {
    /// First cell of the threaded code.
    pub code: *const u64,
    /// Instance the code runs in; for a host function, null (its thunk leaves `inst` to the caller's).
    pub inst: *mut Inst,
    /// Bytes of the whole frame, from `fp` to the end of the operands.
    pub frame_bytes: u32,
    /// Canonical type id, unique in the engine.
    pub type_id: u32,
    /// Funcidx in its instance, or the host function's number.
    pub index: u32,
    /// Words of the frame before the header: the longer of parameters and results.
    pub header: u32,
    /// Code of one cell, for functions whose `code` is not threaded code of a module.
    pub(crate) thunk: [u64; 2],
    /// What the thunk works on.
    pub(crate) body: Body,
}

/// What stands behind a record.
pub(crate) enum Body {
    /// A function of a module, lowered on its first call.
    Wasm,
    /// A function of the embedder.
    Host(Box<HostFunc>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wasm => "Wasm",
            Self::Host(_) => "Host",
        })
    }
}

/// A host function: takes the arguments and leaves the results in [`HostCall::values`].
pub type HostFunc = dyn Fn(HostCall<'_>) -> Result<(), Box<dyn std::any::Any + Send>> + Send + Sync;

/// One call of a host function.
#[derive(Debug)]
pub struct HostCall<'a> {
    /// The machine; its `store` pointer leads back to the owner.
    pub vm: *mut Vm,
    /// The calling instance; null if the embedder called.
    pub caller: *mut Inst,
    /// Arguments on entry, results on return; as long as the longer of the two. See [`crate::Word`] for the encoding.
    pub values: &'a mut [u64],
}

impl FuncRecord {
    /// The records of an instance's own functions, `(type id, funcidx, frame header)` each; every one is lowered on its
    /// first call. Each has to be [armed](Self::arm) before.
    pub fn for_instance(inst: *mut Inst, funcs: impl Iterator<Item = (u32, u32, u32)>) -> Box<[Self]> {
        funcs.map(|(type_id, index, header)| Self::new(inst, type_id, index, header, Body::Wasm)).collect()
    }

    /// The record of a host function, to be [armed](Self::arm) before its first call.
    pub fn for_host(type_id: u32, index: u32, header: u32, func: Box<HostFunc>) -> Box<Self> {
        Box::new(Self::new(std::ptr::null_mut(), type_id, index, header, Body::Host(func)))
    }

    fn new(inst: *mut Inst, type_id: u32, index: u32, header: u32, body: Body) -> Self {
        let frame_bytes = (header + pirn_decode::layout::HEADER_WORDS as u32) * 8;
        Self { code: std::ptr::null(), inst, frame_bytes, type_id, index, header, thunk: [0; 2], body }
    }

    /// Points `code` at the record's thunk, from which the thunk finds back to the record: so `this`, and not a reference
    /// made of it, is what `code` is derived from.
    ///
    /// # Safety
    /// `this` is a live record that does not move any more, and the pointer by which all others reach it.
    pub unsafe fn arm(this: *mut Self) {
        // SAFETY: the caller's.
        unsafe {
            (*this).thunk = crate::call::thunk(&(*this).body);
            (*this).code = (&raw const (*this).thunk).cast();
        }
    }

    /// Gives the function its threaded code.
    ///
    /// # Safety
    /// `code` was lowered by [`pirn_decode::lower()`] from this function of this record's module, for
    /// [`crate::target`], and outlives the record.
    pub unsafe fn set_code(&mut self, code: &pirn_decode::Code) {
        self.frame_bytes = code.frame_words * 8;
        self.code = code.words.as_ptr();
    }
}

// SAFETY: the pointers lead into the store that owns the record and goes between threads with it.
unsafe impl Send for FuncRecord {}
// SAFETY: as above; executing needs `&mut` of the store.
unsafe impl Sync for FuncRecord {}
