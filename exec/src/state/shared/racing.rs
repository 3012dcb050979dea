//! Plain accesses to bytes that other threads may access at the same time.
//!
//! The memory model of WebAssembly gives every race a meaning; Rust's gives none to one of accesses that are not atomic. So
//! these are relaxed atomic accesses of the access's width where the place is aligned to it, and byte by byte elsewhere: the
//! model lets an access that is not aligned, or a vector, tear. What Rust's model leaves open is a race of accesses of different
//! widths; what the supported processors then do is within what WebAssembly allows.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Whether a place is aligned for integers of as many bytes.
#[inline(always)]
fn is_aligned(place: *const u8, bytes: usize) -> bool {
    place.addr() & (bytes - 1) == 0
}

/// An integer that is accessed at once where it is aligned.
macro_rules! integer {
    ($load:ident, $store:ident, $ty:ident, $atomic:ident) => {
        /// # Safety
        /// So many bytes lie at `place`, which nobody accesses but by atomics.
        #[inline(always)]
        unsafe fn $load(place: *const u8) -> $ty {
            // SAFETY: the bytes are there; the wide access is only made where it is aligned.
            unsafe {
                if is_aligned(place, size_of::<$ty>()) {
                    return $atomic::from_ptr(place.cast_mut().cast()).load(Relaxed);
                }
                let mut value = 0;
                for byte in 0..size_of::<$ty>() {
                    value |= $ty::from(byte_at(place.add(byte))) << (8 * byte as u32);
                }
                value
            }
        }

        /// # Safety
        /// There is room for so many bytes at `place`, which nobody accesses but by atomics.
        #[inline(always)]
        unsafe fn $store(place: *mut u8, value: $ty) {
            // SAFETY: as above.
            unsafe {
                if is_aligned(place, size_of::<$ty>()) {
                    return $atomic::from_ptr(place.cast()).store(value, Relaxed);
                }
                for byte in 0..size_of::<$ty>() {
                    set_byte(place.add(byte), (value >> (8 * byte as u32)) as u8);
                }
            }
        }
    };
}
integer!(load_16, store_16, u16, AtomicU16);
integer!(load_32, store_32, u32, AtomicU32);
integer!(load_64, store_64, u64, AtomicU64);

/// # Safety
/// A byte lies at `place`, which nobody accesses but by atomics.
#[inline(always)]
unsafe fn byte_at(place: *const u8) -> u8 {
    // SAFETY: asked for above.
    unsafe { AtomicU8::from_ptr(place.cast_mut()).load(Relaxed) }
}

/// # Safety
/// As for [`byte_at`].
#[inline(always)]
unsafe fn set_byte(place: *mut u8, value: u8) {
    // SAFETY: asked for above.
    unsafe { AtomicU8::from_ptr(place).store(value, Relaxed) };
}

/// Reads a value of 1, 2, 4, 8 or 16 bytes.
///
/// # Safety
/// Bytes lie there that are a `T`, whatever they are, and nobody accesses them but by atomics.
#[inline(always)]
pub(crate) unsafe fn load<T: Copy>(place: *const T) -> T {
    let place = place.cast::<u8>();
    // SAFETY: the bytes are there; the integer that is copied has as many, and they are a `T`.
    unsafe {
        match const { size_of::<T>() } {
            1 => std::mem::transmute_copy(&byte_at(place)),
            2 => std::mem::transmute_copy(&load_16(place)),
            4 => std::mem::transmute_copy(&load_32(place)),
            8 => std::mem::transmute_copy(&load_64(place)),
            // An integer as aligned as vectors are: copies of what is less aligned take an address, where assertions are on.
            16 => std::mem::transmute_copy(&(u128::from(load_64(place)) | u128::from(load_64(place.add(8))) << 64)),
            _ => unreachable!("no access has so many bytes"),
        }
    }
}

/// Writes a value of 1, 2, 4, 8 or 16 bytes.
///
/// # Safety
/// There is room for a `T`, which nobody accesses but by atomics. A `T` has no bytes that are not set.
#[inline(always)]
pub(crate) unsafe fn store<T: Copy>(place: *mut T, value: T) {
    let place = place.cast::<u8>();
    // SAFETY: there is room; the integer that the value is copied to has as many bytes, all of which are set.
    unsafe {
        match const { size_of::<T>() } {
            1 => set_byte(place, std::mem::transmute_copy(&value)),
            2 => store_16(place, std::mem::transmute_copy(&value)),
            4 => store_32(place, std::mem::transmute_copy(&value)),
            8 => store_64(place, std::mem::transmute_copy(&value)),
            16 => {
                let [low, high]: [u64; 2] = std::mem::transmute_copy(&value);
                store_64(place, low);
                store_64(place.add(8), high);
            }
            _ => unreachable!("no access has so many bytes"),
        }
    }
}

/// Sets `len` bytes.
///
/// # Safety
/// There are so many bytes at `place`, which nobody accesses but by atomics.
pub(crate) unsafe fn fill(place: *mut u8, value: u8, len: usize) {
    let mut done = 0;
    let word = u64::from(value) * 0x0101_0101_0101_0101;
    // SAFETY: all of it lies among the bytes.
    unsafe {
        while done < len {
            if is_aligned(place.add(done), 8) && len - done >= 8 {
                store_64(place.add(done), word);
                done += 8;
            } else {
                set_byte(place.add(done), value);
                done += 1;
            }
        }
    }
}

/// Copies `len` bytes between places that may overlap.
///
/// # Safety
/// There are so many bytes at either place, which nobody accesses but by atomics.
pub(crate) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) {
    // Words can be copied at once where both are aligned.
    let by_words = (to.addr() ^ from.addr()) & 7 == 0;
    // SAFETY: all of it lies among the bytes; what is copied upwards is copied from the end on, so that nothing is overwritten
    // before it was read.
    unsafe {
        if to.addr() <= from.addr() {
            let mut done = 0;
            while done < len {
                if by_words && is_aligned(to.add(done), 8) && len - done >= 8 {
                    store_64(to.add(done), load_64(from.add(done)));
                    done += 8;
                } else {
                    set_byte(to.add(done), byte_at(from.add(done)));
                    done += 1;
                }
            }
        } else {
            let mut left = len;
            while left > 0 {
                if by_words && is_aligned(to.add(left), 8) && left >= 8 {
                    left -= 8;
                    store_64(to.add(left), load_64(from.add(left)));
                } else {
                    left -= 1;
                    set_byte(to.add(left), byte_at(from.add(left)));
                }
            }
        }
    }
}

/// Reads bytes to where nobody else reads them.
///
/// # Safety
/// There are as many at `from`, which nobody accesses but by atomics.
pub(crate) unsafe fn read(from: *const u8, to: &mut [u8]) {
    // SAFETY: there are as many.
    unsafe {
        for (done, bytes) in (0..).step_by(8).zip(to.chunks_mut(8)) {
            match bytes.first_chunk_mut() {
                Some(word) => *word = load_64(from.add(done)).to_le_bytes(),
                None => bytes.iter_mut().zip(done..).for_each(|(byte, at)| *byte = byte_at(from.add(at))),
            }
        }
    }
}

/// Writes bytes that nobody else changes.
///
/// # Safety
/// There is room for them at `to`, which nobody accesses but by atomics.
pub(crate) unsafe fn write(to: *mut u8, from: &[u8]) {
    // SAFETY: there is room for all of them.
    unsafe {
        for (done, bytes) in (0..).step_by(8).zip(from.chunks(8)) {
            match bytes.first_chunk() {
                Some(word) => store_64(to.add(done), u64::from_le_bytes(*word)),
                None => bytes.iter().zip(done..).for_each(|(&byte, at)| set_byte(to.add(at), byte)),
            }
        }
    }
}
