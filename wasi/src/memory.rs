//! The guest's memory. Every pointer and length in a call comes from the guest, so every access is checked here and nowhere else;
//! what lies outside is [`Errno::FAULT`].
//!
//! A memory that threads share cannot be referred to, for others may write to it meanwhile: what is read of it is copied first.

use crate::Errno;
use crate::version::Version;
use std::borrow::Cow;
use std::fmt;

/// Most buffers of one vectored read or write, as on Linux.
const MAX_IOVECS: u32 = 1024;

/// Most bytes that are gathered from, or spread over, several buffers at once. A call that is asked for more does this much.
const MAX_GATHERED: u32 = 1 << 20;

/// Longest path. Systems take less; the guest is not to have the host copy more.
const MAX_TEXT: u32 = 1 << 16;

/// What a runtime shows of its guest's memory: all that the functions of WASI have to know of a runtime.
///
/// It is implemented for `&mut [u8]`, which is enough where memories are not shared between threads.
pub trait GuestMemory {
    /// The size now, in bytes.
    fn size(&self) -> usize;

    /// Copies what lies at `offset` to all of `buffer`.
    ///
    /// # Errors
    /// [`Errno::FAULT`] if it does not all lie within the memory, of which callers have made sure.
    fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), Errno>;

    /// Copies `bytes` to `offset`.
    ///
    /// # Errors
    /// [`Errno::FAULT`] if they do not fit there, of which callers have made sure.
    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Errno>;

    /// The memory itself, if nobody else can write to it meanwhile. It saves copies.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }

    /// The same, to be written.
    fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        None
    }
}

impl GuestMemory for &mut [u8] {
    fn size(&self) -> usize {
        self.len()
    }

    fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), Errno> {
        let bytes = self.get(offset..).and_then(|rest| rest.get(..buffer.len())).ok_or(Errno::FAULT)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Errno> {
        let to = self.get_mut(offset..).and_then(|rest| rest.get_mut(..bytes.len())).ok_or(Errno::FAULT)?;
        to.copy_from_slice(bytes);
        Ok(())
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }

    fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }
}

/// The four bytes at `at` as a number.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The eight bytes at `at` as a number.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// One buffer of a vectored read or write, known to lie within the memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IoVec {
    ptr: u32,
    len: u32,
}

/// The memory of the calling instance, and by which description it calls.
pub struct Guest<'a> {
    memory: &'a mut dyn GuestMemory,
    version: Version,
}

impl fmt::Debug for Guest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("size", &self.memory.size()).field("version", &self.version).finish()
    }
}

impl<'a> Guest<'a> {
    /// Wraps a memory. A guest that exports none has an empty one.
    pub fn new(memory: &'a mut dyn GuestMemory, version: Version) -> Self {
        Self { memory, version }
    }

    /// By which description the guest calls.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Whether the `len` bytes at `ptr` lie within.
    pub(crate) fn check(&self, ptr: u32, len: u32) -> Result<(), Errno> {
        // What lies beyond 4 GiB has no address here.
        let end = (self.memory.size() as u64).min(1 << 32);
        if u64::from(ptr) + u64::from(len) <= end { Ok(()) } else { Err(Errno::FAULT) }
    }

    /// The `len` bytes at `ptr`.
    pub(crate) fn bytes(&self, ptr: u32, len: u32) -> Result<Cow<'_, [u8]>, Errno> {
        self.check(ptr, len)?;
        if let Some(memory) = self.memory.as_slice() {
            return Ok(memory[ptr as usize..][..len as usize].into());
        }
        let mut copy = vec![0; len as usize];
        self.memory.read(ptr as usize, &mut copy)?;
        Ok(copy.into())
    }

    /// Has `fill` write to the beginning of the `len` bytes at `ptr`; it says how many it wrote, as this does.
    pub(crate) fn fill_bytes(
        &mut self,
        ptr: u32,
        len: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        self.check(ptr, len)?;
        let count = if let Some(memory) = self.memory.as_mut_slice() {
            fill(&mut memory[ptr as usize..][..len as usize])?
        } else {
            let mut buffer = vec![0; len as usize];
            let count = fill(&mut buffer)?;
            self.memory.write(ptr as usize, &buffer[..count])?;
            count
        };
        Ok(count as u32)
    }

    /// The `len` bytes at `ptr` as text: a path.
    pub(crate) fn text(&self, ptr: u32, len: u32) -> Result<String, Errno> {
        self.check(ptr, len)?;
        if len > MAX_TEXT {
            return Err(Errno::NAMETOOLONG);
        }
        String::from_utf8(self.bytes(ptr, len)?.into_owned()).map_err(|_| Errno::ILSEQ)
    }

    /// Copies `bytes` to `ptr`.
    pub(crate) fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        self.check(ptr, u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?)?;
        self.memory.write(ptr as usize, bytes)
    }

    /// Stores a size or a descriptor.
    pub(crate) fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Stores an offset or a time.
    pub(crate) fn write_u64(&mut self, ptr: u32, value: u64) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// The `count` buffers described at `ptr` that are not empty, all within the memory. A copy: reading into one of them may
    /// overwrite the description.
    pub(crate) fn iovecs(&self, ptr: u32, count: u32) -> Result<Vec<IoVec>, Errno> {
        if count > MAX_IOVECS {
            return Err(Errno::INVAL);
        }
        let mut total = 0_u32;
        let mut iovecs = Vec::with_capacity(count as usize);
        for pair in self.bytes(ptr, count * 8)?.chunks_exact(8) {
            let (ptr, len) = (u32_at(pair, 0), u32_at(pair, 4));
            self.check(ptr, len)?;
            total = total.checked_add(len).ok_or(Errno::INVAL)?;
            if len > 0 {
                iovecs.push(IoVec { ptr, len });
            }
        }
        Ok(iovecs)
    }

    /// Most bytes that one buffer is used for: what has to be copied is not copied in any amount.
    fn most(&self) -> u32 {
        if self.memory.as_slice().is_some() { u32::MAX } else { MAX_GATHERED }
    }

    /// Has `read` fill the buffers with one call, and gives how many bytes it read.
    pub(crate) fn scatter(
        &mut self,
        iovecs: &[IoVec],
        read: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        match iovecs {
            [] => Ok(read(&mut [])? as u32),
            [iovec] => self.fill_bytes(iovec.ptr, iovec.len.min(self.most()), read),
            _ => {
                // The buffers may overlap, so they cannot all be referred to at once.
                let total: u32 = iovecs.iter().map(|iovec| iovec.len).sum();
                let mut buffer = vec![0; total.min(MAX_GATHERED) as usize];
                let count = read(&mut buffer)?;
                let mut rest = &buffer[..count];
                for iovec in iovecs {
                    let (now, later) = rest.split_at(rest.len().min(iovec.len as usize));
                    self.write(iovec.ptr, now)?;
                    rest = later;
                }
                Ok(count as u32)
            }
        }
    }

    /// What the buffers hold, to be written with one call; the beginning of it if it is very much.
    pub(crate) fn gather(&self, iovecs: &[IoVec]) -> Result<Cow<'_, [u8]>, Errno> {
        match iovecs {
            [] => Ok(Cow::default()),
            [iovec] => self.bytes(iovec.ptr, iovec.len.min(self.most())),
            _ => {
                let mut all = Vec::new();
                for iovec in iovecs {
                    let room = MAX_GATHERED - all.len() as u32;
                    all.extend_from_slice(&self.bytes(iovec.ptr, iovec.len.min(room))?);
                    if iovec.len >= room {
                        break;
                    }
                }
                Ok(all.into())
            }
        }
    }
}
