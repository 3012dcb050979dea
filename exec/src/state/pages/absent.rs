//! What stands for the pool on systems whose pages we do not ask for.

use std::ptr::NonNull;

pub(super) const PRESENT: bool = false;

/// There are none.
#[derive(Debug)]
pub(super) enum Source {}

pub(super) fn populate<T>(_: &mut [T]) {}

pub(super) fn take(_: usize) -> Option<(NonNull<u8>, usize, Source)> {
    None
}

pub(super) fn reserve(_: usize) -> Option<(NonNull<u8>, usize, Source)> {
    None
}

pub(super) unsafe fn grow(_: NonNull<u8>, _: usize, source: &mut Source, _: usize) -> Option<(NonNull<u8>, usize)> {
    match *source {}
}

pub(super) unsafe fn trim(_: NonNull<u8>, _: usize, _: usize) {}

pub(super) unsafe fn give(_: NonNull<u8>, _: usize, _: usize, source: &mut Source) {
    match *source {}
}
