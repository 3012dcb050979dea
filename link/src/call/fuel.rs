//! Fuel: what metered code may still consume. [`crate::Config::consume_fuel`] says what costs how much.

use crate::call::caller::Caller;
use crate::error::{Result, format_err};
use crate::store::opaque::StoreOpaque;
use crate::store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
use pirn_exec::Vm;

impl StoreOpaque {
    fn check_metered(&self) -> Result<()> {
        if self.engine().config().consume_fuel {
            return Ok(());
        }
        Err(format_err!("the store has no fuel: its engine was made without `Config::consume_fuel`"))
    }

    /// What is left.
    ///
    /// # Errors
    /// The engine does not consume fuel.
    pub(crate) fn fuel(&self) -> Result<u64> {
        self.check_metered()?;
        // SAFETY: L1 and L2: the store owns its machine, and nobody writes to it while the store is borrowed.
        Ok(unsafe { Vm::fuel(self.vm()) })
    }

    /// Sets what is left.
    ///
    /// # Errors
    /// The engine does not consume fuel.
    pub(crate) fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.check_metered()?;
        // SAFETY: L1 and L2: the store owns its machine; what runs on it, if anything, waits for the mutable borrow to end.
        unsafe { Vm::set_fuel(self.vm(), fuel) };
        Ok(())
    }
}

macro_rules! readable {
    ($context:ty, $this:ident => $opaque:expr) => {
        impl<T: 'static> $context {
            /// The fuel left, in units: see [`crate::Config::consume_fuel`].
            ///
            /// # Errors
            /// The engine does not consume fuel.
            pub fn get_fuel(&self) -> Result<u64> {
                let $this = self;
                $opaque.fuel()
            }
        }
    };
}

macro_rules! writable {
    ($context:ty) => {
        impl<T: 'static> $context {
            /// Sets the fuel left, in units: see [`crate::Config::consume_fuel`].
            ///
            /// # Errors
            /// The engine does not consume fuel.
            pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
                self.as_context_mut().opaque_mut().set_fuel(fuel)
            }

            /// Adds to the fuel left, up to `u64::MAX`.
            ///
            /// # Errors
            /// The engine does not consume fuel.
            pub fn add_fuel(&mut self, fuel: u64) -> Result<()> {
                let left = self.get_fuel()?;
                self.set_fuel(left.saturating_add(fuel))
            }
        }
    };
}

readable!(Store<T>, this => this.as_context().opaque());
readable!(StoreContext<'_, T>, this => this.opaque());
readable!(StoreContextMut<'_, T>, this => this.opaque());
readable!(Caller<'_, T>, this => this.as_context().opaque());
writable!(Store<T>);
writable!(StoreContextMut<'_, T>);
writable!(Caller<'_, T>);
