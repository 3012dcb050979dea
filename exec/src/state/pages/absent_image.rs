//! What stands for images on systems where nothing is copied on write.

use std::convert::Infallible;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

/// There are none.
#[derive(Debug)]
pub(crate) enum Image {}

impl Image {
    pub(crate) fn new<'a>(_: impl Iterator<Item = (usize, &'a [u8])>, _: usize) -> Option<Self> {
        None
    }

    pub(super) unsafe fn of(_: NonNull<u8>, _: usize, _: &[Range<usize>]) -> Option<Self> {
        None
    }

    pub(super) fn len(&self) -> usize {
        match *self {}
    }
}

/// There are none.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) image: Arc<Image>,
    pub(super) is_clean: bool,
    pub(super) copied: usize,
    _none: Infallible,
}

impl Mapped {
    pub(super) fn new(image: &Arc<Image>, _: usize) -> Option<(NonNull<u8>, Self)> {
        match **image {}
    }
}

pub(super) unsafe fn revert(_: NonNull<u8>, _: usize) -> bool {
    false
}

pub(super) unsafe fn give(_: NonNull<u8>, _: usize) {}

pub(super) fn own_pages(_: NonNull<u8>, _: usize, _: &mut dyn FnMut(Range<usize>)) -> Option<()> {
    None
}
