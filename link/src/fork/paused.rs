//! Copies of paused calls.

use super::refs::lead_over;
use crate::call::resumable::{Parts, Paused, Reason};
use crate::error::{Result, format_err};
use crate::store::AsContextMut;
use pirn_decode::planted;
use pirn_exec::InstanceHead;
use std::any::Any;

impl<R> Paused<R> {
    /// The copy of this call in `store`, which was [forked](crate::Store::fork) of the store that it paused in, while it was paused. It goes on
    /// from where this one stands, and there may be any number of them. This one is as it was.
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// # use pirn_link as pirn;
    /// use pirn::{Engine, Linker, Module, Result, Store, Val, Yield};
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::<()>::new(&engine);
    /// linker.func_wrap("host", "choose", || -> Result<i32> { Err(Yield::new(()).into()) })?;
    /// let module = Module::new(&engine, r#"(module
    ///     (import "host" "choose" (func $choose (result i32)))
    ///     (func (export "run") (result i32) (i32.mul (call $choose) (i32.const 10))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let run = linker.instantiate(&mut store, &module)?.get_typed_func::<(), i32>(&store, "run")?;
    /// let paused = run.call_resumable(&mut store, ())?.paused().unwrap();
    ///
    /// // What comes of each choice?
    /// for choice in 0..3 {
    ///     let mut copy = store.fork(())?;
    ///     let result = paused.fork(&mut copy)?.resume(&mut copy, &[Val::I32(choice)])?;
    ///     assert_eq!(result.finished(), Some(10 * choice));
    /// }
    /// # }
    /// # Ok::<(), pirn_link::Error>(())
    /// ```
    ///
    /// # Errors
    /// - `store` was not forked of the one that it paused in, or before it paused, as it is paused now; or its limit of resumable calls is reached.
    /// - A host function yielded something else than `()`: see [`Paused::fork_with`].
    /// - It is the call of a start function.
    /// - It refers to a struct, array, exception, or value of an [`ExternRef`](crate::ExternRef), that was [freed](crate::Store::gc) in `store` since that
    ///   was forked, because nothing there referred to it. A call that is forked at once, before anything is allocated there, refers to none such.
    /// - It stands within an instruction on a memory, table or array, or one that throws ([`Paused::is_within_instruction`]), and an instance of `store` was
    ///   [reset](crate::Instance::reset) meanwhile.
    /// - It stands within an instruction of a function that initialises a table from an element segment that was dropped.
    /// - It stands in a function that may hold references, and there within an instruction on a table or at the end of a loop that was lowered so that
    ///   its state cannot be told, which only deadlines make happen ([`UpdateDeadline::Yield`](crate::UpdateDeadline::Yield)): it goes on to another
    ///   place when it is resumed.
    pub fn fork(&self, store: impl AsContextMut) -> Result<Self> {
        self.fork_with(store, |payload| {
            if payload.is::<()>() {
                return Ok(Box::new(()));
            }
            Err(format_err!(
                "a host function yielded something that is not (), and nobody says what the copy has for it"
            ))
        })
    }

    /// As [`Paused::fork`]; if a host function yielded, `payload` gives what the copy has yielded, for what this one has.
    ///
    /// # Errors
    /// As [`Paused::fork`], or of `payload`.
    pub fn fork_with(
        &self,
        mut store: impl AsContextMut,
        payload: impl FnOnce(&(dyn Any + Send)) -> Result<Box<dyn Any + Send>>,
    ) -> Result<Self> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        let (of, forks, Parts { lease, reason }) = self.original();
        let origin = store.origin_of(of)?;
        if forks >= origin.fork {
            return Err(format_err!("it paused after the store was forked"));
        }
        if lease.is_start {
            return Err(format_err!("it is the call of a start function: these cannot be forked"));
        }
        if origin.is_reset && lease.execution.progress() != 0 {
            return Err(format_err!(
                "it stands within an instruction, and an instance was reset since the store was forked"
            ));
        }
        let reason = match reason {
            Reason::OutOfFuel { required } => Reason::OutOfFuel { required: *required },
            Reason::Deadline => Reason::Deadline,
            Reason::Yield { payload: original, expects } => {
                Reason::Yield { payload: payload(&**original)?, expects: expects.clone() }
            }
        };
        let mut moved = |instance: *mut InstanceHead| {
            let there = origin.get(instance.addr())?;
            Some(std::ptr::with_exposed_provenance_mut(there))
        };
        // SAFETY: L1 and L2: the machine is of this store, which is borrowed mutably. L3: it paused in the one of which this was copied, and what that
        // had then has a copy here, of the same modules. Both have the same functions of the host.
        let execution = unsafe { lease.execution.fork(store.vm(), &mut moved) };
        let mut execution = execution.ok_or_else(|| format_err!("it runs in an instance that was made since"))?;
        // SAFETY: L3: it is of this store now.
        let found = unsafe { lead_over(store, origin, &mut execution)? };
        // SAFETY: L5: references of this store, each of which was found to be there still.
        found.into_iter().filter(|_| !planted(47)).for_each(|word| unsafe { store.heap().keep(word) });
        // SAFETY: as above.
        unsafe { self.forked(store, execution, reason) }
    }
}
