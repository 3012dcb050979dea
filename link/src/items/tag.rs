//! Tags (spec 4.2.10).

use crate::engine::limits::Needs;
use crate::error::Result;
use crate::store::handle::Handle;
use crate::store::instance_data::TagItem;
use crate::store::{AsContext, AsContextMut};
use pirn_decode::TagType;

/// A tag of an instance, or made by the host: what tells exceptions of one kind apart from others.
///
/// Two are equal if they are the same tag of the same store. Their types say nothing about that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(Handle<TagItem>);

impl From<Handle<TagItem>> for Tag {
    fn from(item: Handle<TagItem>) -> Self {
        Self(item)
    }
}

impl Tag {
    /// Makes a tag. It satisfies imports of exactly this type (spec 3.3.14): where a module declares the type to be more than parameters, that is the
    /// one that [`ImportType::ty`](crate::ImportType::ty) gives, or that
    /// [`FuncType::with_finality_and_supertype`](crate::FuncType::with_finality_and_supertype) declares.
    ///
    /// # Errors
    /// The type is of another engine; the store's limit of tags would be passed ([`StoreLimitsBuilder::tags`](crate::StoreLimitsBuilder::tags)); the
    /// system has no memory.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Self> {
        let mut store = store.as_context_mut();
        let store = store.opaque_mut();
        store.check_needs(&Needs { tags: 1, ..Needs::default() })?;
        let used = store.engine().use_type(ty.ty())?;
        store.add_tag(ty.clone(), used.id(), Some(used)).map(Self)
    }

    pub(crate) fn item(self) -> Handle<TagItem> {
        self.0
    }

    /// Its type.
    ///
    /// # Panics
    /// The tag belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let store = store.as_context();
        self.0.get(store.opaque()).expect("tag").kept_type(store.engine())
    }
}
