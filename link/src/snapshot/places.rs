//! Where frames stand, and the types there, asked for once each: a recursion has the same frame many times.

use crate::error::Result;
use crate::module::Module;
use pirn_decode::{Bodies, FrameTypes, FuncIdx, Place, Stand};
use std::collections::HashMap;
use std::rc::Rc;

/// A place, and the types there.
pub(crate) type Told = Rc<(Place, FrameTypes)>;

/// What was asked for so far. Modules go by the addresses of what they own, so each lives longer than this.
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

impl Places {
    /// The place at a byte of the code of function `funcidx`: see [`place_at`](pirn_decode::Lowered::place_at).
    pub(crate) fn at(
        &mut self,
        module: &Module,
        funcidx: FuncIdx,
        position: usize,
        is_call: bool,
    ) -> Result<Option<Told>> {
        let key = (address(module), funcidx, position, is_call);
        if let Some(told) = self.at.get(&key) {
            return Ok(Some(Rc::clone(told)));
        }
        let Some(place) = module.lowered(funcidx).place_at(position, is_call)? else { return Ok(None) };
        let Some(types) = self.types(module, funcidx, place.stand, place.offset)? else { return Ok(None) };
        let told = Rc::new((place, types));
        self.at.insert(key, Rc::clone(&told));
        Ok(Some(told))
    }

    /// The place where function `funcidx` is about to do this: see [`place_of`](pirn_decode::Lowered::place_of). It is one of the
    /// module's own.
    pub(super) fn of(&mut self, module: &Module, funcidx: FuncIdx, stand: Stand, offset: u32) -> Result<Option<Told>> {
        let key = (address(module), funcidx, stand, offset);
        if let Some(told) = self.of.get(&key) {
            return Ok(Some(Rc::clone(told)));
        }
        let Some(types) = self.types(module, funcidx, stand, offset)? else { return Ok(None) };
        let Some(place) = module.lowered(funcidx).place_of(stand, offset)? else { return Ok(None) };
        let told = Rc::new((place, types));
        self.of.insert(key, Rc::clone(&told));
        Ok(Some(told))
    }

    fn types(&mut self, module: &Module, funcidx: FuncIdx, stand: Stand, offset: u32) -> Result<Option<FrameTypes>> {
        let bodies = match self.bodies.entry(address(module)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Bodies::new(module.parsed(), module.engine().config().features)?)
            }
        };
        Ok(bodies.types_at(module.parsed(), funcidx, stand, offset)?)
    }
}
