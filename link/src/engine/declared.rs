//! Function types that the embedder declares, and those that modules declared, as the embedder has them: each keeps itself in its engine.
//!
//! A [`FuncType`] says what the engine knows of it only if [`Keeper`] made that, so its id, its parameters and its results belong together.

use crate::engine::Engine;
use crate::engine::types::{Defined, TypeUse};
use crate::error::{Error, Result, format_err};
use pirn_decode::{
    CompositeType, DeclareTypes, Finality, FuncType, HeapType, KeepType, KnownType, SubType, TypeId, ValType,
};

/// How many types a type may be below (spec 7.1.2).
const MOST_ABOVE: usize = 63;

/// The use of a type by a [`FuncType`].
struct Keeper {
    engine: Engine,
    /// `None` only while this is dropped.
    used: Option<TypeUse>,
    supertype: Option<TypeId>,
}

impl KeepType for Keeper {
    fn supertype(&self) -> Option<FuncType> {
        let used = self.engine.types().again_of(self.supertype?);
        self.engine.func_type(used.expect("a type keeps those that it names"))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(used) = self.used.take() {
            self.engine.types().release(used);
        }
    }
}

/// What keeps `ty`, if something does.
fn keeper(ty: &FuncType) -> Option<&Keeper> {
    ty.as_known()?.keeper().downcast_ref()
}

impl Engine {
    /// The function type that is `used`, which keeps itself from now on; `None` if it needs no keeping, because it names no other and is declared to be
    /// nothing.
    fn func_type(&self, used: TypeUse) -> Option<FuncType> {
        let known = self.types().known(used.id()).filter(|known| known.ty.ty.as_func().is_some());
        let Some(Defined { ty, is_declared, .. }) = known else {
            self.types().release(used);
            return None;
        };
        let keeper = Keeper { engine: self.clone(), used: Some(used), supertype: ty.ty.supertype };
        Some(FuncType::known(KnownType::new(ty, self.number(), is_declared, Box::new(keeper))))
    }

    /// `ty`, which is the type that is `used`, as one that keeps itself.
    pub(crate) fn kept_type(&self, ty: &FuncType, used: &TypeUse) -> FuncType {
        let known = used.is_of_group().then(|| self.func_type(self.types().again(used))).flatten();
        known.unwrap_or_else(|| ty.clone())
    }

    /// The function type with this id, as one that keeps itself. It is slow for a type that names no other and is declared nowhere: many
    /// types are looked at.
    pub(crate) fn kept_type_of(&self, id: TypeId) -> Option<FuncType> {
        let ty = self.types().sub_type(id)?;
        let used = self.types().again_of(id)?;
        let kept = self.kept_type(ty.as_func()?, &used);
        self.types().release(used);
        Some(kept)
    }

    /// One more use of `ty`.
    ///
    /// # Errors
    /// It is of another engine.
    pub(crate) fn use_type(&self, ty: &FuncType) -> Result<TypeUse> {
        match keeper(ty) {
            Some(Keeper { engine, used: Some(used), .. }) if Engine::same(self, engine) => Ok(self.types().again(used)),
            Some(_) => Err(format_err!("type {ty} is of another engine")),
            None => Ok(self.types().acquire(ty)),
        }
    }

    /// Whether `ty` is one of this engine, or of none.
    pub(crate) fn has_type(&self, ty: &FuncType) -> bool {
        keeper(ty).is_none_or(|keeper| Engine::same(self, &keeper.engine))
    }

    /// Whether there is a type as `ty` names it.
    fn has_named(&self, ty: ValType) -> bool {
        let ValType::Ref(reference) = ty else { return true };
        let heap = reference.heap_type();
        let Some(id) = heap.type_id() else { return true };
        let found = self.types().sub_type(id);
        found.is_some_and(|found| match found.composite {
            CompositeType::Func(_) => matches!(heap, HeapType::ConcreteFunc(_)),
            CompositeType::Struct(_) => matches!(heap, HeapType::ConcreteStruct(_)),
            CompositeType::Array(_) => matches!(heap, HeapType::ConcreteArray(_)),
        })
    }

    /// Whether `ty` may be declared below a type, whose id comes back.
    fn check_supertype(&self, ty: &FuncType, above: &FuncType) -> Result<TypeId> {
        if above.finality().is_final() {
            return Err(format_err!("no type may be declared below {above}, which is final"));
        }
        if !self.has_type(above) {
            return Err(format_err!("supertype {above} is of another engine"));
        }
        let id = above.as_known().expect("a type that is not final is known").id();
        if !ty.matches(above, self.types()) {
            return Err(format_err!("type {ty} does not match {above}, below which it would be declared"));
        }
        let depth = self.types().defined(id).map_or(0, |above| above.supertypes.len());
        if depth > MOST_ABOVE {
            return Err(format_err!("type {ty} would be below {depth} others, more than {MOST_ABOVE}"));
        }
        Ok(id)
    }
}

impl DeclareTypes for Engine {
    type Error = Error;

    fn declare_func(&self, ty: FuncType, finality: Finality, supertype: Option<&FuncType>) -> Result<FuncType> {
        // However it was declared before: what is registered must keep no engine.
        let ty = ty.undeclared();
        if finality.is_final() && supertype.is_none() && !ty.names_types() {
            return Ok(ty);
        }
        let above = supertype.map(|above| self.check_supertype(&ty, above)).transpose()?;
        let declared = SubType { supertype: above, is_final: finality.is_final(), ..ty.clone().into() };
        let unknown = |id: TypeId| format_err!("type {ty} names type {id}, which the engine does not have");
        // What it names stays from here on.
        let used = self.types().acquire_declared(declared).map_err(unknown)?;
        if let Some(other) = [ty.params(), ty.results()].concat().into_iter().find(|named| !self.has_named(*named)) {
            self.types().release(used);
            return Err(format_err!("type {ty} names {other}, which is of another kind"));
        }
        // Again: what it names may have been another type when it was compared, for nobody kept that then.
        if let Some(above) = supertype.filter(|above| !ty.matches(above, self.types())) {
            self.types().release(used);
            return Err(format_err!("type {ty} does not match {above}, below which it would be declared"));
        }
        Ok(self.func_type(used).expect("it is registered with a group"))
    }
}
