//! The guest's memory. Every pointer and length in a call comes from the guest, so every access is checked here and
//! nowhere else; what lies outside is [`Errno::FAULT`].

use super::Errno;

/// Most buffers of one vectored read or write, as on Linux.
const MAX_IOVECS: u32 = 1024;

/// The memory of the calling instance.
#[derive(Debug)]
pub struct Guest<'a>(&'a mut [u8]);

/// One buffer of a vectored read or write, known to lie within the memory.
#[derive(Debug, Clone, Copy)]
pub struct IoVec {
    ptr: u32,
    len: u32,
}

impl<'a> Guest<'a> {
    /// Wraps a memory.
    pub fn new(memory: &'a mut [u8]) -> Self {
        Self(memory)
    }

    /// The `len` bytes at `ptr`.
    pub fn bytes(&self, ptr: u32, len: u32) -> Result<&[u8], Errno> {
        self.0.get(ptr as usize..).and_then(|rest| rest.get(..len as usize)).ok_or(Errno::FAULT)
    }

    /// The `len` bytes at `ptr`.
    pub fn bytes_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], Errno> {
        self.0.get_mut(ptr as usize..).and_then(|rest| rest.get_mut(..len as usize)).ok_or(Errno::FAULT)
    }

    /// The `len` bytes at `ptr` as text.
    pub fn str(&self, ptr: u32, len: u32) -> Result<&str, Errno> {
        std::str::from_utf8(self.bytes(ptr, len)?).map_err(|_| Errno::ILSEQ)
    }

    /// Copies `bytes` to `ptr`.
    pub fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::FAULT)?;
        self.bytes_mut(ptr, len)?.copy_from_slice(bytes);
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
            self.bytes(ptr, len)?;
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
            let buffer = self.bytes_mut(iovec.ptr, iovec.len)?;
            if buffer.is_empty() {
                continue;
            }
            match read(buffer) {
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
            match write(buffer) {
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
