//! Memories that threads share (threads proposal).

use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::items::memory::MemoryAccessError;
use crate::store::opaque::StoreOpaque;
use pirn_decode::MemoryType;
use pirn_exec::{Trap, WaitResult};
use std::cell::UnsafeCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// A memory that threads share: it belongs to an engine, and stores of any threads may import it.
///
/// It never moves, and only grows. The addresses of all that it may have, which its type's maximum says, are reserved when it is
/// made, and memory is committed as it is used. A clone is another handle of the same memory.
///
/// Stores' limits and limiters are asked where a module declares such a memory or makes it grow, but not about
/// [`SharedMemory::new`] and [`SharedMemory::grow`], nor about importing one.
///
/// ```
/// use pirn::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (import "env" "memory" (memory 1 1 shared))
///     (func (export "count") (param i32)
///         (loop $next
///             (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
///             (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#)?;
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 1))?;
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine, ());
///             let instance = Instance::new(&mut store, &module, &[memory.clone().into()])?;
///             instance.get_typed_func::<i32, ()>(&mut store, "count")?.call(&mut store, 1_000)
///         });
///     }
/// });
/// let mut bytes = [0; 4];
/// memory.read(0, &mut bytes)?;
/// assert_eq!(u32::from_le_bytes(bytes), 2_000);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    memory: Arc<pirn_exec::SharedMemory>,
}

impl SharedMemory {
    /// Makes a memory of zeros.
    ///
    /// # Errors
    /// `ty` is not [shared](MemoryType::shared), has no maximum, or is not valid (spec 3.2.5), or has more bytes than the
    /// [limits](crate::Config::limits) of the engine's stores allow one memory; or the system has not that much memory, or not as
    /// many addresses as the maximum asks for.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<Self> {
        if !ty.shared || ty.limits.max.is_none() {
            return Err(format_err!("a memory of type {ty} cannot be shared"));
        }
        let limits = &engine.config().limits;
        limits.check_memory(ty)?;
        let memory = pirn_exec::SharedMemory::new(ty, limits.memory_bytes);
        let memory = memory.ok_or_else(|| format_err!("the system gave no memory of type {ty}"))?;
        Ok(Self { engine: engine.clone(), memory })
    }

    pub(crate) fn of_parts(engine: &Engine, memory: Arc<pirn_exec::SharedMemory>) -> Self {
        Self { engine: engine.clone(), memory }
    }

    pub(crate) fn inner(&self) -> &Arc<pirn_exec::SharedMemory> {
        &self.memory
    }

    /// Whether it may be used in a store.
    pub(crate) fn is_for(&self, store: &StoreOpaque) -> bool {
        Engine::same(&self.engine, store.engine())
    }

    /// The engine that it belongs to.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its type; the minimum is the size now.
    pub fn ty(&self) -> MemoryType {
        self.memory.ty()
    }

    /// Its size in pages, of 65,536 bytes unless its [type](Self::ty) says otherwise.
    pub fn size(&self) -> u64 {
        self.memory.size()
    }

    /// Bytes of a page: 65,536, or 1.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// Its size in bytes.
    pub fn data_size(&self) -> usize {
        self.memory.byte_size() as usize
    }

    /// Its bytes: as many as there are now. Other threads may read and write any of them at any time, by atomic accesses of any
    /// size; so whoever accesses them has to do so by atomics, unless it is known that nobody else does.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        self.memory.data()
    }

    /// Copies bytes from `offset` on into `buffer`. What other threads write meanwhile may be read in parts.
    ///
    /// # Errors
    /// They reach beyond the memory's end; `buffer` has not changed then.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        self.memory.read(offset as u64, buffer).map_err(|_| MemoryAccessError)
    }

    /// Copies `buffer` to `offset`. Other threads may read parts of it meanwhile.
    ///
    /// # Errors
    /// It reaches beyond the memory's end; nothing has changed then.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        self.memory.write(offset as u64, buffer).map_err(|_| MemoryAccessError)
    }

    /// Adds `delta` pages of zeros; gives the old size in pages.
    ///
    /// # Errors
    /// Its maximum would be passed, or a limit that it was made with; nothing has changed then.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        let old = self.memory.grow(delta);
        old.ok_or_else(|| format_err!("failed to grow a memory of {} pages by {delta} pages", self.size()))
    }

    /// As `memory.atomic.notify`: wakes threads that wait at an address, no more than `count`; gives how many.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`]: the address is no multiple of 4. [`Trap::MemoryOutOfBounds`]: it is beyond the end.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        self.memory.notify(address, count)
    }

    /// As `memory.atomic.wait32`: has this thread wait at an address, while `expected` lies there, until another one notifies it, or
    /// the time is over; without a `timeout`, for ever.
    ///
    /// # Errors
    /// As for [`SharedMemory::atomic_notify`].
    pub fn atomic_wait32(&self, address: u64, expected: u32, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.memory.wait32(address, expected, timeout)
    }

    /// As `memory.atomic.wait64`; see [`SharedMemory::atomic_wait32`].
    ///
    /// # Errors
    /// As for [`SharedMemory::atomic_notify`], of an address that is to be a multiple of 8.
    pub fn atomic_wait64(&self, address: u64, expected: u64, timeout: Option<Duration>) -> Result<WaitResult, Trap> {
        self.memory.wait64(address, expected, timeout)
    }
}

impl PartialEq for SharedMemory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.memory, &other.memory)
    }
}

impl Eq for SharedMemory {}

impl Hash for SharedMemory {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.memory).hash(state);
    }
}

impl std::fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "memory {}", self.ty())
    }
}
