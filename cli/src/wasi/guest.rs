//! The guest's memory. Every pointer and length in a call comes from the guest, so every access is checked here and
//! nowhere else; what lies outside is [`Errno::FAULT`].
//!
//! A memory that threads share is never referred to, for others may write to it meanwhile: what is read of it is copied first.

use super::Errno;
use pirn::SharedMemory;
use std::borrow::Cow;

/// Most buffers of one vectored read or write, as on Linux.
const MAX_IOVECS: u32 = 1024;

/// The memory of the calling instance.
#[derive(Debug)]
pub struct Guest<'a>(Memory<'a>);

#[derive(Debug)]
enum Memory<'a> {
    Own(&'a mut [u8]),
    Shared(SharedMemory),
}

/// One buffer of a vectored read or write, known to lie within the memory.
#[derive(Debug, Clone, Copy)]
pub struct IoVec {
    ptr: u32,
    len: u32,
}

impl<'a> Guest<'a> {
    /// Wraps a memory.
    pub fn new(memory: &'a mut [u8]) -> Self {
        Self(Memory::Own(memory))
    }

    /// Wraps a memory that threads share.
    pub fn of_shared(memory: SharedMemory) -> Self {
        Self(Memory::Shared(memory))
    }

    /// Whether the `len` bytes at `ptr` lie within.
    fn check(&self, ptr: u32, len: u32) -> Result<(), Errno> {
        let size = match &self.0 {
            Memory::Own(bytes) => bytes.len(),
            Memory::Shared(memory) => memory.data_size(),
        };
        if u64::from(ptr) + u64::from(len) <= size as u64 { Ok(()) } else { Err(Errno::FAULT) }
    }

    /// The `len` bytes at `ptr`.
    pub fn bytes(&self, ptr: u32, len: u32) -> Result<Cow<'_, [u8]>, Errno> {
        self.check(ptr, len)?;
        match &self.0 {
            Memory::Own(bytes) => Ok(bytes[ptr as usize..][..len as usize].into()),
            Memory::Shared(memory) => {
                let mut copy = vec![0; len as usize];
                memory.read(ptr as usize, &mut copy).map_err(|_| Errno::FAULT)?;
                Ok(copy.into())
            }
        }
    }

    /// Has `fill` write to the beginning of the `len` bytes at `ptr`; it says how many it wrote, as this does.
    pub fn fill_bytes<E>(
        &mut self,
        ptr: u32,
        len: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E>
    where
        E: From<Errno>,
    {
        self.check(ptr, len)?;
        match &mut self.0 {
            Memory::Own(bytes) => fill(&mut bytes[ptr as usize..][..len as usize]),
            Memory::Shared(memory) => {
                let mut buffer = vec![0; len as usize];
                let count = fill(&mut buffer)?;
                memory.write(ptr as usize, &buffer[..count]).map_err(|_| Errno::FAULT)?;
                Ok(count)
            }
        }
    }

    /// The `len` bytes at `ptr` as text.
    pub fn str(&self, ptr: u32, len: u32) -> Result<Cow<'_, str>, Errno> {
        match self.bytes(ptr, len)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::from).map_err(|_| Errno::ILSEQ),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::from).map_err(|_| Errno::ILSEQ),
        }
    }

    /// Copies `bytes` to `ptr`.
    pub fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        self.check(ptr, u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?)?;
        match &mut self.0 {
            Memory::Own(memory) => memory[ptr as usize..][..bytes.len()].copy_from_slice(bytes),
            Memory::Shared(memory) => memory.write(ptr as usize, bytes).map_err(|_| Errno::FAULT)?,
        }
        Ok(())
    }

    /// Stores a size or a descriptor.
    pub fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Stores an offset or a time.
    pub fn write_u64(&mut self, ptr: u32, value: u64) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// The `count` buffers described at `ptr`, all within the memory, together no longer than a size can say. A copy:
    /// reading into one of them may overwrite the description.
    pub fn iovecs(&self, ptr: u32, count: u32) -> Result<Vec<IoVec>, Errno> {
        if count > MAX_IOVECS {
            return Err(Errno::INVAL);
        }
        let mut total = 0_u32;
        let mut iovecs = Vec::with_capacity(count as usize);
        for pair in self.bytes(ptr, count * 8)?.chunks_exact(8) {
            let word = |at: usize| u32::from_le_bytes(pair[at..at + 4].try_into().expect("four bytes"));
            let (ptr, len) = (word(0), word(4));
            self.check(ptr, len)?;
            total = total.checked_add(len).ok_or(Errno::INVAL)?;
            iovecs.push(IoVec { ptr, len });
        }
        Ok(iovecs)
    }

    /// Hands each of `iovecs` to `read` until one is not filled, and gives how many bytes were read. An error after
    /// the first byte is kept for the next call to meet.
    pub fn fill(
        &mut self,
        iovecs: &[IoVec],
        mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize>,
    ) -> Result<u32, Errno> {
        let mut total = 0;
        for iovec in iovecs {
            if iovec.len == 0 {
                continue;
            }
            match self.fill_bytes(iovec.ptr, iovec.len, |buffer| read(buffer).map_err(Errno::from)) {
                Ok(count) => {
                    total += count as u32;
                    if count < iovec.len as usize {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Hands each of `iovecs` to `write` until one is not taken whole, and gives how many bytes were.
    pub fn drain(
        &self,
        iovecs: &[IoVec],
        mut write: impl FnMut(&[u8]) -> std::io::Result<usize>,
    ) -> Result<u32, Errno> {
        let mut total = 0;
        for iovec in iovecs {
            let buffer = self.bytes(iovec.ptr, iovec.len)?;
            if buffer.is_empty() {
                continue;
            }
            match write(&buffer) {
                Ok(count) => {
                    total += count as u32;
                    if count < buffer.len() {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(total)
    }
}
