//! The calls on sockets that were opened beforehand: `sock_*`.

use super::Result;
use crate::abi::{Fdflags, Flags, RECV_DATA_TRUNCATED, Riflags, Sdflags};
use crate::descriptor::{Descriptor, Interest, OpenSocket};
use crate::memory::Guest;
use crate::stream::retry;
use crate::{Errno, WasiP1Ctx};
use rustix::fd::OwnedFd;
#[cfg(target_os = "linux")]
use rustix::net::SocketFlags;
use rustix::net::{RecvFlags, Shutdown};

/// Takes a connection, which child processes of the host do not get (but, not on Linux, one that is started at that moment).
fn accept(socket: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    return rustix::net::accept_with(socket, SocketFlags::CLOEXEC);
    #[cfg(not(target_os = "linux"))]
    {
        let connection = rustix::net::accept(socket)?;
        rustix::io::fcntl_setfd(&connection, rustix::io::FdFlags::CLOEXEC)?;
        Ok(connection)
    }
}

impl WasiP1Ctx {
    pub(crate) fn sock_accept(&mut self, guest: &mut Guest<'_>, fd: u32, flags: u32, accepted: u32) -> Result {
        let flags = Fdflags::of(flags)?;
        let descriptor = self.descriptor(fd)?;
        let socket = descriptor.socket()?;
        if !socket.listens {
            return Err(Errno::INVAL.into());
        }
        // The guest could not close what it does not know.
        guest.check(accepted, 4)?;
        let room = self.room()?;
        let connection = self.when_ready(&descriptor, Interest::Read, !socket.flags().is_empty(), || {
            Ok(retry(|| accept(&socket.socket))?)
        })?;
        let connection = OpenSocket::new(connection, false, socket.filetype, flags);
        Ok(guest.write_u32(accepted, room.take(Descriptor::Socket(connection)))?)
    }

    #[allow(clippy::too_many_arguments, reason = "the interface has them")]
    pub(crate) fn sock_recv(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        nread: u32,
        out_flags: u32,
    ) -> Result {
        let flags = Riflags::of(flags)?;
        let descriptor = self.descriptor(fd)?;
        let socket = descriptor.socket()?;
        if socket.listens {
            return Err(Errno::NOTCONN.into());
        }
        let iovecs = guest.iovecs(iovs, count)?;
        // What was received would be lost.
        guest.check(nread, 4)?;
        guest.check(out_flags, 2)?;
        let mut system = RecvFlags::empty();
        system.set(RecvFlags::PEEK, flags.contains(Riflags::RECV_PEEK));
        system.set(RecvFlags::WAITALL, flags.contains(Riflags::RECV_WAITALL) && self.blocking);
        let mut truncated = false;
        let waits = socket.waits(self.blocking);
        let total = self.when_ready(&descriptor, Interest::Read, !socket.flags().is_empty(), || {
            guest.scatter(&iovecs, |buffer| {
                let size = buffer.len();
                let (count, all) = socket.receive(buffer, system, waits)?;
                truncated = all > size;
                Ok(count)
            })
        })?;
        guest.write_u32(nread, total)?;
        Ok(guest.write(out_flags, &if truncated { RECV_DATA_TRUNCATED } else { 0 }.to_le_bytes())?)
    }

    pub(crate) fn sock_send(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        nwritten: u32,
    ) -> Result {
        // None has a meaning.
        if flags != 0 {
            return Err(Errno::INVAL.into());
        }
        let descriptor = self.descriptor(fd)?;
        let socket = descriptor.socket()?;
        if socket.listens {
            return Err(Errno::NOTCONN.into());
        }
        let iovecs = guest.iovecs(iovs, count)?;
        let bytes = guest.gather(&iovecs)?;
        guest.check(nwritten, 4)?;
        let send = || socket.send(&bytes, socket.waits(self.blocking));
        let total = self.when_ready(&descriptor, Interest::Write, !socket.flags().is_empty(), send)?;
        drop(bytes);
        Ok(guest.write_u32(nwritten, total as u32)?)
    }

    pub(crate) fn sock_shutdown(&mut self, _: &mut Guest<'_>, fd: u32, how: u32) -> Result {
        let how = Sdflags::of(how)?;
        let descriptor = self.descriptor(fd)?;
        let socket = descriptor.socket()?;
        let how = match (how.contains(Sdflags::RD), how.contains(Sdflags::WR)) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            (false, true) => Shutdown::Write,
            (false, false) => return Err(Errno::INVAL.into()),
        };
        Ok(rustix::net::shutdown(&socket.socket, how)?)
    }
}
