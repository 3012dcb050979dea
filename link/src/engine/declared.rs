//! Types that the embedder declares, and those that modules declared, as the embedder has them: each keeps itself in its engine.
//!
//! A [`FuncType`], [`StructType`] or [`ArrayType`](pirn_decode::ArrayType) says what the engine knows of it only if [`Keeper`]
//! made that, so its id and what it is made of belong together.

use crate::engine::Engine;
use crate::engine::types::{Defined, TypeUse};
use crate::error::{Error, Result, format_err};
use pirn_decode::{
    CompositeType, DeclareTypes, Declared, Finality, FuncType, HeapType, KeepType, KnownType, StructType, SubType,
    TypeId, ValType,
};

/// How many types a type may be below (spec 7.1.2).
const MOST_ABOVE: usize = 63;

/// The use of a type, which keeps its id, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct KeptType {
    engine: Engine,
    /// `None` only while this is dropped.
    used: Option<TypeUse>,
}

impl KeptType {
    /// A type of `engine`.
    pub(crate) fn new(engine: &Engine, used: TypeUse) -> Self {
        Self { engine: engine.clone(), used: Some(used) }
    }

    /// Its engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn used(&self) -> &TypeUse {
        self.used.as_ref().expect("it is not being dropped")
    }

    /// Its id.
    pub(crate) fn id(&self) -> TypeId {
        self.used().id()
    }

    /// One more use of it.
    pub(crate) fn again(&self) -> Self {
        Self::new(&self.engine, self.engine.types().again(self.used()))
    }
}

impl Drop for KeptType {
    fn drop(&mut self) {
        if let Some(used) = self.used.take() {
            self.engine.types().release(used);
        }
    }
}

/// The use of a type by what an embedder has.
struct Keeper {
    kept: KeptType,
    supertype: Option<TypeId>,
}

impl KeepType for Keeper {
    fn supertype(&self) -> Option<KnownType> {
        let engine = &self.kept.engine;
        engine.known_type(engine.kept(self.supertype?).expect("a type keeps those that it names"))
    }
}

/// What keeps a type that an engine knows, if that is an [`Engine`].
fn keeper(known: &KnownType) -> Option<&Keeper> {
    known.keeper().downcast_ref()
}

impl Engine {
    /// One more use of the type with this id, if there is one. (Slow for a function type that names no other.)
    pub(crate) fn kept(&self, id: TypeId) -> Option<KeptType> {
        Some(KeptType::new(self, self.types().again_of(id)?))
    }

    /// What is known of the type that is `kept`, which keeps itself from now on; `None` if it needs no keeping, because it is a function type
    /// that names no other and is declared to be nothing.
    fn known_type(&self, kept: KeptType) -> Option<KnownType> {
        let Defined { ty, is_declared, .. } = self.types().known(kept.id())?;
        let keeper = Keeper { kept, supertype: ty.ty.supertype };
        Some(KnownType::new(ty, self.number(), is_declared, Box::new(keeper)))
    }

    /// `ty`, which is the type that is `used`, as one that keeps itself.
    pub(crate) fn kept_type(&self, ty: &FuncType, used: &TypeUse) -> FuncType {
        let again = || KeptType::new(self, self.types().again(used));
        let known = used.is_of_group().then(|| self.known_type(again())).flatten();
        known.map_or_else(|| ty.clone(), FuncType::known)
    }

    /// `ty`, which has this id and is used by somebody, as one that keeps itself.
    pub(crate) fn kept_func_type(&self, ty: &FuncType, id: TypeId) -> FuncType {
        if !ty.names_types() && !ty.is_declared() {
            return ty.clone();
        }
        let kept = self.kept(id).expect("it is used");
        self.kept_type(ty, kept.used())
    }

    /// The type of structs or arrays that `ty` names, as one that keeps itself.
    pub(crate) fn known_object_type(&self, ty: HeapType) -> Option<KnownType> {
        let known = self.known_type(self.kept(ty.type_id()?)?)?;
        is_named(&known.definition().ty.composite, ty).then_some(known)
    }

    /// One more use of the type that `known` is.
    ///
    /// # Errors
    /// It is of another engine.
    pub(crate) fn use_known(&self, known: &KnownType) -> Result<KeptType> {
        let kept = keeper(known).map(|keeper| &keeper.kept).filter(|kept| Engine::same(self, &kept.engine));
        kept.map(KeptType::again)
            .ok_or_else(|| format_err!("type {} is of another engine", known.definition().ty.composite))
    }

    /// One more use of `ty`, with which the types that it names stay.
    ///
    /// # Errors
    /// It is of another engine; it names types that this one does not have, or has as another kind.
    pub(crate) fn use_type(&self, ty: &FuncType) -> Result<KeptType> {
        match ty.as_known() {
            Some(known) => self.use_known(known),
            None if ty.names_types() => self.register(ty.clone().into()),
            None => Ok(KeptType::new(self, self.types().acquire_plain(ty))),
        }
    }

    /// A use of a type that names others by their ids, in a group by itself.
    ///
    /// # Errors
    /// It names types that the engine does not have, or has as another kind.
    fn register(&self, ty: SubType) -> Result<KeptType> {
        let unknown = |id: TypeId| format_err!("type {ty} names type {id}, which the engine does not have");
        // What it names stays from here on.
        let kept = KeptType::new(self, self.types().acquire_declared(ty.clone()).map_err(unknown)?);
        match ty.values().find(|named| !self.has_named(*named)) {
            Some(other) => Err(format_err!("type {ty} names {other}, which is of another kind")),
            None => Ok(kept),
        }
    }

    /// Whether a type that is declared so is one of this engine, or of none.
    pub(crate) fn has_declared(&self, declared: &Declared) -> bool {
        let is_own = |known| keeper(known).is_some_and(|keeper| Engine::same(self, &keeper.kept.engine));
        declared.as_known().is_none_or(is_own)
    }

    /// Whether there is a type as `ty` names it.
    fn has_named(&self, ty: ValType) -> bool {
        let ValType::Ref(reference) = ty else { return true };
        let heap = reference.heap_type();
        let Some(id) = heap.type_id() else { return true };
        self.types().sub_type(id).is_some_and(|found| is_named(&found.composite, heap))
    }

    /// Whether `ty` may be declared below a type.
    fn check_supertype(&self, ty: &CompositeType, declared: &Declared) -> Result<()> {
        if !self.has_declared(declared) {
            return Err(format_err!("the supertype of {ty} is of another engine"));
        }
        let Some(known) = declared.as_known().filter(|known| !known.definition().ty.is_final) else {
            return Err(format_err!("the supertype of {ty} is final: no type may be declared below it"));
        };
        let above = &known.definition().ty.composite;
        if !ty.matches(above, self.types()) {
            return Err(format_err!("type {ty} does not match {above}, below which it would be declared"));
        }
        let depth = known.definition().supertypes.len();
        if depth > MOST_ABOVE {
            return Err(format_err!("type {ty} would be below {depth} others, more than {MOST_ABOVE}"));
        }
        Ok(())
    }
}

/// Whether a type that is made of this has such a name.
pub(crate) fn is_named(composite: &CompositeType, name: HeapType) -> bool {
    match composite {
        CompositeType::Func(_) => matches!(name, HeapType::ConcreteFunc(_)),
        CompositeType::Struct(_) => matches!(name, HeapType::ConcreteStruct(_)),
        CompositeType::Array(_) => matches!(name, HeapType::ConcreteArray(_)),
    }
}

impl DeclareTypes for Engine {
    type Error = Error;

    fn declare(
        &self,
        ty: CompositeType,
        finality: Finality,
        supertype: Option<&Declared>,
    ) -> Result<Option<KnownType>> {
        // However it was declared before: what is registered must keep no engine.
        let ty = ty.undeclared();
        if let CompositeType::Struct(ty) = &ty
            && ty.fields().len() > StructType::MOST
        {
            return Err(format_err!("a struct type of {} fields, more than {}", ty.fields().len(), StructType::MOST));
        }
        supertype.map_or(Ok(()), |above| self.check_supertype(&ty, above))?;
        let above = supertype.and_then(Declared::as_known);
        let declared =
            SubType { composite: ty.clone(), supertype: above.map(KnownType::id), is_final: finality.is_final() };
        if declared.is_plain() {
            return Ok(None);
        }
        let kept = self.register(declared)?;
        // Again: what it names may have been another type when it was compared, for nobody kept that then.
        if let Some(above) = above.map(|above| &above.definition().ty.composite)
            && !ty.matches(above, self.types())
        {
            return Err(format_err!("type {ty} does not match {above}, below which it would be declared"));
        }
        Ok(self.known_type(kept))
    }
}
