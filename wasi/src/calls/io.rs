//! Reading and writing: `fd_read`, `fd_write`, and the same elsewhere.

use super::Result;
use crate::ctx::Failure;
use crate::descriptor::{Descriptor, Interest};
use crate::memory::Guest;
use crate::wait::Wait;
use crate::{Errno, WasiP1Ctx};
use rustix::net::RecvFlags;
use std::sync::Arc;

impl WasiP1Ctx {
    /// Does something that may have to wait for a descriptor: here, or not at all if the guest does not want to, or as the adapter
    /// says.
    pub(super) fn when_ready<T>(
        &self,
        descriptor: &Arc<Descriptor>,
        interest: Interest,
        nonblocking: bool,
        action: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<T> {
        let wait = || if nonblocking { Errno::AGAIN.into() } else { Failure::Wait(Wait::one(descriptor, interest)) };
        // A file that does not wait says so itself.
        let asks = if let Descriptor::File(_) = **descriptor {
            !nonblocking && !self.blocking
        } else {
            nonblocking || !self.blocking
        };
        if asks && !descriptor.ready(interest) {
            return Err(wait());
        }
        match action() {
            // The descriptor itself does not wait, of which only the embedder knows.
            Err(Errno::AGAIN) if descriptor.as_fd().is_some() => Err(wait()),
            result => Ok(result?),
        }
    }

    pub(crate) fn fd_read(&mut self, guest: &mut Guest<'_>, fd: u32, iovs: u32, count: u32, nread: u32) -> Result {
        let iovecs = guest.iovecs(iovs, count)?;
        let descriptor = self.descriptor(fd)?;
        // What was read would be lost.
        guest.check(nread, 4)?;
        let total = match &*descriptor {
            Descriptor::Stdin(stream) => self.when_ready(&descriptor, Interest::Read, false, || {
                guest.scatter(&iovecs, |buffer| Ok(stream.read(buffer)?))
            })?,
            // Who asks at the writing end of a pipe would wait for ever.
            Descriptor::File(file) if file.read => {
                self.when_ready(&descriptor, Interest::Read, file.nonblocking(), || {
                    guest.scatter(&iovecs, |buffer| file.read(buffer))
                })?
            }
            Descriptor::Socket(socket) if !socket.listens => {
                let waits = socket.waits(self.blocking);
                self.when_ready(&descriptor, Interest::Read, !socket.flags().is_empty(), || {
                    guest.scatter(&iovecs, |buffer| Ok(socket.receive(buffer, RecvFlags::empty(), waits)?.0))
                })?
            }
            _ => return Err(Errno::BADF.into()),
        };
        Ok(guest.write_u32(nread, total)?)
    }

    pub(crate) fn fd_pread(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        offset: u64,
        nread: u32,
    ) -> Result {
        let iovecs = guest.iovecs(iovs, count)?;
        let descriptor = self.descriptor(fd)?;
        let file = match &*descriptor {
            Descriptor::Stdout(_) => return Err(Errno::BADF.into()),
            descriptor => descriptor.seekable()?,
        };
        let total = guest.scatter(&iovecs, |buffer| file.read_at(buffer, offset))?;
        Ok(guest.write_u32(nread, total)?)
    }

    pub(crate) fn fd_write(&mut self, guest: &mut Guest<'_>, fd: u32, iovs: u32, count: u32, nwritten: u32) -> Result {
        let iovecs = guest.iovecs(iovs, count)?;
        let bytes = guest.gather(&iovecs)?;
        let descriptor = self.descriptor(fd)?;
        // A second attempt would write twice what the first has written.
        guest.check(nwritten, 4)?;
        // That it is ready does not say that it takes all.
        let now = if self.blocking { &bytes } else { descriptor.at_once(&bytes) };
        let total = match &*descriptor {
            Descriptor::Stdout(stream) => {
                self.when_ready(&descriptor, Interest::Write, false, || Ok(stream.write(now)?))?
            }
            Descriptor::File(file) if file.write => {
                self.when_ready(&descriptor, Interest::Write, file.nonblocking(), || file.write(now))?
            }
            Descriptor::Socket(socket) if !socket.listens => {
                let waits = socket.waits(self.blocking);
                let send = || socket.send(&bytes, waits);
                self.when_ready(&descriptor, Interest::Write, !socket.flags().is_empty(), send)?
            }
            _ => return Err(Errno::BADF.into()),
        };
        drop(bytes);
        Ok(guest.write_u32(nwritten, total as u32)?)
    }

    pub(crate) fn fd_pwrite(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result {
        let iovecs = guest.iovecs(iovs, count)?;
        let bytes = guest.gather(&iovecs)?;
        let descriptor = self.descriptor(fd)?;
        let file = match &*descriptor {
            Descriptor::Stdin(_) => return Err(Errno::BADF.into()),
            descriptor => descriptor.seekable()?,
        };
        let total = file.write_at(&bytes, offset)?;
        drop(bytes);
        Ok(guest.write_u32(nwritten, total as u32)?)
    }
}
