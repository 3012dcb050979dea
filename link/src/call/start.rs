//! Start functions that are still to be called.

use crate::error::{Error, Result};
use crate::items::func::Func;
use crate::store::StoreContextMut;
use crate::store::handle::{Handle, StoreId};
use pirn_exec::{FuncRecord, InstanceHead};

/// A start function to be called. It is of type `[] -> []`.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    func: Func,
    /// Whose it is: for this instance a host function acts that is imported to be the start function.
    inst: Handle<InstanceHead>,
}

impl Start {
    /// The start function of `inst`, of the same store.
    pub(crate) fn new(func: Func, inst: Handle<InstanceHead>) -> Self {
        Self { func, inst }
    }

    /// Function and instance.
    ///
    /// # Errors
    /// They belong to another store than `store`.
    pub(crate) fn get(self, store: StoreId) -> Result<(*mut FuncRecord, *mut InstanceHead)> {
        self.func.record().check(store)?;
        self.inst.check(store)?;
        Ok((self.func.record().as_ptr(), self.inst.as_ptr()))
    }

    /// Calls it.
    pub(crate) fn call<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<()> {
        let (id, vm) = (store.opaque().id(), store.opaque().vm());
        let (func, inst) = self.get(id)?;
        // SAFETY: L3: `get` compared the store of function and instance with this one, whose the machine is. L2: no reference to
        // the store is in use any more, and the context waits here. By validation start functions take and give nothing.
        unsafe { pirn_exec::invoke_start(vm, func, inst) }.map_err(Error::from_exit)
    }
}
