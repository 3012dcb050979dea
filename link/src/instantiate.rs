//! Instantiation (spec 4.5.4), in four steps: compare the imports with what the module asks for; allocate the
//! instance; link, which fills the block's words; initialise, which is the first step others can see.

use crate::engine::Engine;
use crate::error::{Result, format_err};
use crate::external::Extern;
use crate::func::Start;
use crate::global::GlobalItem;
use crate::handle::Handle;
use crate::instance::{Instance, InstanceData};
use crate::limits::Needs;
use crate::memory::MemoryItem;
use crate::module::Module;
use crate::resumable::{self, Resumable};
use crate::store::{StoreContextMut, StoreOpaque};
use crate::table::TableItem;
use pirn_decode::module::{ConstExpr, ConstOp, Element, ElementItems, ExternIndex, SegmentMode};
use pirn_exec::{FuncRecord, Word};
use smallvec::SmallVec;

/// [`Instance::new`].
pub(crate) fn instantiate<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    module: &Module,
    imports: &[Extern],
) -> Result<Instance> {
    let (instance, start) = prepare(store, module, imports)?;
    if let Some(start) = start {
        start.call(store)?;
    }
    Ok(instance)
}

/// [`Instance::new_resumable`].
pub(crate) fn instantiate_resumable<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    module: &Module,
    imports: &[Extern],
) -> Result<Resumable<Instance>> {
    let (instance, start) = prepare(store, module, imports)?;
    resumable::run_all(store, start.into_iter().collect(), instance)
}

/// Makes an instance and gives it, and its start function, which is all that is left to do.
fn prepare<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    module: &Module,
    imports: &[Extern],
) -> Result<(Instance, Option<Start>)> {
    let opaque = store.opaque_mut();
    check(opaque, module, imports)?;
    let instance = InstanceData::allocate(opaque, module)?;
    let mut funcidx = 0;
    for import in imports {
        if let Extern::Func(func) = import {
            let record = *func.record().get(opaque)?;
            instance.get_mut(opaque)?.link_func(funcidx, record);
            funcidx += 1;
        } else {
            link_import(opaque, instance, *import)?;
        }
    }
    create(opaque, instance)?;
    initialise(opaque, instance, module)?;
    Ok((instance.into(), start(opaque, instance)?))
}

/// The start function, if there is one.
pub(crate) fn start(store: &StoreOpaque, instance: Handle<InstanceData>) -> Result<Option<Start>> {
    let data = instance.get(store)?;
    let start = data.module().parsed().start;
    Ok(start.map(|funcidx| Start::new(data.func(funcidx, store.id()), data.inst(store.id()))))
}

/// Whether the instance may be made. Nothing has changed if not.
fn check(store: &StoreOpaque, module: &Module, imports: &[Extern]) -> Result<()> {
    if !Engine::same(module.engine(), store.engine()) {
        return Err(format_err!("the module was made with another engine than the store"));
    }
    let parsed = module.parsed();
    if imports.len() != parsed.imports.len() {
        return Err(format_err!("expected {} imports, found {}", parsed.imports.len(), imports.len()));
    }
    for (import, item) in module.imports().zip(imports) {
        let named = |error| format_err!("import `{}::{}`: {error}", import.module(), import.name());
        let fits = match (import.index(), item) {
            (ExternIndex::Func(funcidx), Extern::Func(func)) => {
                func.record().get(store).map_err(named)?.head().type_id == module.type_id(funcidx)
            }
            (_, item) => item.ty_in(store).map_err(named)?.matches(&import.ty()),
        };
        if !fits {
            let found = item.ty_in(store).map_err(named)?;
            return Err(format_err!(
                "incompatible import type for `{}::{}`: expected {}, found {found}",
                import.module(),
                import.name(),
                import.ty(),
            ));
        }
    }
    store.check_needs(Needs::of(parsed))
}

/// Puts an import that is not a function, and was checked, behind those of its kind.
pub(crate) fn link_import(store: &mut StoreOpaque, instance: Handle<InstanceData>, import: Extern) -> Result<()> {
    let instance = instance.get_mut(store)?;
    match import {
        Extern::Func(_) => unreachable!("functions have places of their own: `InstanceData::link_func`"),
        // SAFETY: whoever checked the import compared store and type.
        Extern::Table(table) => unsafe { instance.link_table(table.item()) },
        // SAFETY: as above.
        Extern::Memory(memory) => unsafe { instance.link_memory(memory.item()) },
        // SAFETY: as above.
        Extern::Global(global) => unsafe { instance.link_global(global.item()) },
    }
    Ok(())
}

/// Makes the instance's own globals, tables and memories, its imports being linked. Only the instance sees it.
pub(crate) fn create(store: &mut StoreOpaque, instance: Handle<InstanceData>) -> Result<()> {
    let module = instance.get(store)?.module().clone();
    let parsed = module.parsed();
    let own = &parsed.globals[parsed.imported_globals..];
    for (global, init) in store.add_globals(own)?.zip(&parsed.global_inits) {
        let value = evaluate(store, instance, init)?;
        // SAFETY: made in this store just now; by validation the value is of the type.
        unsafe {
            global.get_mut(store)?.cell.set(value);
            instance.get_mut(store)?.link_global(global);
        }
    }
    for ty in &parsed.tables[parsed.imported_tables..] {
        let table = TableItem::create(store, *ty, 0)?;
        // SAFETY: made in this store just now, of nulls.
        unsafe { instance.get_mut(store)?.link_table(table) };
    }
    for ty in &parsed.memories[parsed.imported_memories..] {
        let memory = MemoryItem::create(store, *ty)?;
        // SAFETY: made in this store just now.
        unsafe { instance.get_mut(store)?.link_memory(memory) };
    }
    Ok(())
}

impl InstanceData {
    /// Puts imported function `funcidx`, which was checked, in place.
    pub(crate) fn link_func(&mut self, funcidx: u32, func: FuncRecord) {
        // SAFETY: whoever checked it compared type and store, in which the function lives on.
        unsafe { self.block.set_func(funcidx, func) };
    }

    /// # Safety
    /// The table is of the instance's store, and of the type that the module says.
    unsafe fn link_table(&mut self, table: Handle<TableItem>) {
        let place = self.tables.len();
        // SAFETY: the caller's; only the field's address is taken, of a table that lives as long as the store.
        unsafe { self.block.set_table(place, &raw mut (*table.as_ptr()).table) };
        self.tables.push(table);
    }

    /// # Safety
    /// The global is of the instance's store, and of the type that the module says.
    unsafe fn link_global(&mut self, global: Handle<GlobalItem>) {
        let place = self.globals.len();
        // SAFETY: the caller's; only the field's address is taken, of a global that lives as long as the store.
        unsafe { self.block.set_global(place, &raw mut (*global.as_ptr()).cell) };
        self.globals.push(global);
    }

    /// # Safety
    /// The memory is of the instance's store.
    unsafe fn link_memory(&mut self, memory: Handle<MemoryItem>) {
        // SAFETY: memory and block live as long as the store, and do not move.
        unsafe { self.block.set_memory(&raw mut (*memory.as_ptr()).memory) };
        self.memories.push(memory);
    }
}

/// Copies active segments, in order, and readies the others.
pub(crate) fn initialise(store: &mut StoreOpaque, handle: Handle<InstanceData>, module: &Module) -> Result<()> {
    let parsed = module.parsed();
    // All segments exist before the first is copied: if a later one traps, a function that an earlier one put into an
    // imported table may still use those behind.
    let is_active = |element: &Element| matches!(element.mode, SegmentMode::Active { .. });
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
                let block = &handle.get(store)?.block;
                refs.extend(funcs.iter().map(|&funcidx| block.func(funcidx) as Word));
            }
            ElementItems::Exprs(exprs) => {
                for expr in exprs {
                    refs.push(evaluate(store, handle, expr)?);
                }
            }
        }
    }
    let instance = handle.get_mut(store)?;
    (instance.active, instance.elements) = (active.into(), others.into());
    let (mut active, mut others) = (&instance.active[..], &instance.elements[..]);
    for (i, element) in parsed.elements.iter().enumerate() {
        let refs = if is_active(element) { &mut active } else { &mut others };
        let refs = refs.split_off(..element.items.len()).expect("as many as there are elements");
        if !matches!(element.mode, SegmentMode::Declared) {
            // SAFETY: the references stay in the instance next to the block until the segment is dropped below.
            unsafe { instance.block.set_element(i, refs) };
        }
    }
    for (i, data) in parsed.data.iter().enumerate() {
        let bytes = &parsed.bytes[data.bytes.clone()];
        // SAFETY: the instance keeps the module, and with it these bytes.
        unsafe { handle.get_mut(store)?.block.set_data(i, bytes) };
    }
    let mut begin = 0;
    for (i, element) in parsed.elements.iter().enumerate() {
        if let SegmentMode::Active { index, offset } = &element.mode {
            let offset = evaluate(store, handle, offset)? as u32;
            let instance = handle.get_mut(store)?;
            let table = instance.tables[*index as usize];
            let refs = &raw const instance.active[begin..][..element.items.len()];
            begin += element.items.len();
            // SAFETY: the empty slice lives forever.
            unsafe { instance.block.set_element(i, &[]) };
            // SAFETY: the segment's references, in the instance and not in the table.
            let refs = unsafe { &*refs };
            // SAFETY: by validation they are of the table's type.
            unsafe { table.get_mut(store)?.table.init(offset, refs, 0, refs.len() as u32) }?;
        }
    }
    // Nothing points there any more.
    handle.get_mut(store)?.active = Box::default();
    for (i, data) in parsed.data.iter().enumerate() {
        if let SegmentMode::Active { index, offset } = &data.mode {
            let offset = evaluate(store, handle, offset)? as u32;
            let bytes = &parsed.bytes[data.bytes.clone()];
            let memory = handle.get(store)?.memories[*index as usize];
            memory.get_mut(store)?.memory.init(offset, bytes, 0, bytes.len() as u32)?;
            // SAFETY: the empty slice lives forever.
            unsafe { handle.get_mut(store)?.block.set_data(i, &[]) };
        }
    }
    Ok(())
}

/// The value of a constant expression (spec 3.3.10), whose globals have been linked.
fn evaluate(store: &StoreOpaque, instance: Handle<InstanceData>, expr: &ConstExpr) -> Result<Word> {
    let instance = instance.get(store)?;
    let mut stack: SmallVec<[Word; 4]> = SmallVec::new();
    let word = |value: u32| Word::from(value);
    for op in expr {
        let mut pop = || stack.pop().expect("validated");
        let value = match *op {
            ConstOp::I32Const(value) => word(value as u32),
            ConstOp::I64Const(value) => value as Word,
            ConstOp::F32Const(bits) => word(bits),
            ConstOp::F64Const(bits) => bits,
            ConstOp::RefNull(_) => 0,
            ConstOp::RefFunc(funcidx) => instance.block.func(funcidx) as Word,
            ConstOp::GlobalGet(globalidx) => instance.globals[globalidx as usize].get(store)?.cell.get(),
            // The right operand comes off the stack first.
            ConstOp::I32Add => word((pop() as u32).wrapping_add(pop() as u32)),
            ConstOp::I32Sub => word((pop() as u32).wrapping_neg().wrapping_add(pop() as u32)),
            ConstOp::I32Mul => word((pop() as u32).wrapping_mul(pop() as u32)),
            ConstOp::I64Add => pop().wrapping_add(pop()),
            ConstOp::I64Sub => pop().wrapping_neg().wrapping_add(pop()),
            ConstOp::I64Mul => pop().wrapping_mul(pop()),
        };
        stack.push(value);
    }
    Ok(stack.pop().expect("validated"))
}
