//! Where frames stand, and the types there. All that is needed of a function is asked for at once: each time, the function is lowered
//! and validated again, and a recursion through a long function may stand in thousands of places.

use super::made::{Made, is_own};
use super::state::{ExecutionState, FrameState};
use crate::error::Result;
use crate::module::Module;
use crate::store::instance_data::InstanceData;
use crate::store::opaque::StoreOpaque;
use pirn_decode::{Bodies, Counts, FrameTypes, FuncIdx, Place, Stand};
use pirn_exec::{FrameAt, PausedFrame};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A place, and the types there.
pub(crate) type Told = Rc<(Place, FrameTypes)>;

/// What is known. Modules go by the addresses of what they own, so each lives longer than this.
#[derive(Default)]
pub(crate) struct Places {
    bodies: HashMap<usize, Bodies>,
    at: HashMap<(usize, FuncIdx, usize, bool), Told>,
    of: HashMap<(usize, FuncIdx, Stand, u32), Told>,
}

/// The address of what a module owns.
fn address(module: &Module) -> usize {
    std::ptr::from_ref(module.parsed()).addr()
}

/// What is to be found out, function by function.
type ByFunction<T> = HashMap<(usize, FuncIdx), (Module, T)>;

/// A function of which something is to be found out.
fn function<'a, T: Default>(functions: &'a mut ByFunction<T>, module: &Module, funcidx: FuncIdx) -> &'a mut T {
    &mut functions.entry((address(module), funcidx)).or_insert_with(|| (module.clone(), T::default())).1
}

/// Where a frame stands, by the byte of its function's code, and whether behind a call.
pub(crate) fn position(frame: &PausedFrame<'_>, module: &Module) -> Option<(usize, bool)> {
    let (_, position, _) = module.function_at(frame.address)?;
    Some((position, frame.at == FrameAt::Return))
}

impl Places {
    /// Finds out where these frames stand, by what code they are at.
    pub(crate) fn find_at<'f>(
        &mut self,
        frames: impl Iterator<Item = (&'f InstanceData, PausedFrame<'f>)>,
    ) -> Result<()> {
        let mut functions = ByFunction::<HashSet<_>>::new();
        for (instance, frame) in frames {
            if let Some(position) = position(&frame, instance.module()) {
                function(&mut functions, instance.module(), frame.head.index).insert(position);
            }
        }
        for ((module_address, funcidx), (module, positions)) in functions {
            let places = module.lowered(funcidx).places_at(positions)?;
            let stands = places.values().map(|place| ((place.stand, place.offset), None)).collect();
            let types = self.types(&module, funcidx, &stands)?;
            self.at.extend(places.into_iter().filter_map(|((position, is_call), place)| {
                let types = types.get(&(place.stand, place.offset))?.clone();
                Some(((module_address, funcidx, position, is_call), Rc::new((place, types))))
            }));
        }
        Ok(())
    }

    /// Finds out where frames stand of which a snapshot says so: those that have as many values as their functions there. Frames of no function
    /// are passed over.
    pub(super) fn find_of(&mut self, store: &StoreOpaque, made: &Made, executions: &[ExecutionState]) -> Result<()> {
        let mut functions = ByFunction::<HashMap<_, _>>::new();
        for frame in executions.iter().flat_map(|execution| &execution.frames) {
            let FrameState { instance, funcidx, stand, offset, ref locals, ref operands } = *frame;
            let Ok(instance) = made.instance(instance) else { continue };
            let (module, funcidx) = (instance.get(store)?.module(), FuncIdx(funcidx));
            if is_own(module, funcidx) {
                let counts = Counts { locals: locals.len(), operands: operands.len() };
                function(&mut functions, module, funcidx).entry((stand, offset)).or_insert(Some(counts));
            }
        }
        for ((module_address, funcidx), (module, wanted)) in functions {
            let mut types = self.types(&module, funcidx, &wanted)?;
            let places = module.lowered(funcidx).places_of(types.keys().copied().collect())?;
            self.of.extend(places.into_iter().map(|(key, place)| {
                let types = types.remove(&key).expect("those places were asked for");
                ((module_address, funcidx, key.0, key.1), Rc::new((place, types)))
            }));
        }
        Ok(())
    }

    /// The place at a byte of the code of function `funcidx`, if it was to be [found](Self::find_at).
    pub(crate) fn at(&self, module: &Module, funcidx: FuncIdx, (position, is_call): (usize, bool)) -> Option<Told> {
        self.at.get(&(address(module), funcidx, position, is_call)).map(Rc::clone)
    }

    /// The place where function `funcidx` is about to do this, if it was to be [found](Self::find_of).
    pub(super) fn of(&self, module: &Module, funcidx: FuncIdx, stand: Stand, offset: u32) -> Option<Told> {
        self.of.get(&(address(module), funcidx, stand, offset)).map(Rc::clone)
    }

    fn types(
        &mut self,
        module: &Module,
        funcidx: FuncIdx,
        wanted: &HashMap<(Stand, u32), Option<Counts>>,
    ) -> Result<HashMap<(Stand, u32), FrameTypes>> {
        let bodies = match self.bodies.entry(address(module)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Bodies::new(module.parsed(), module.engine().config().features)?)
            }
        };
        Ok(bodies.types_of(module.parsed(), funcidx, wanted)?)
    }
}
