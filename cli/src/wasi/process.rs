//! The calls that are not about files: arguments, environment, clocks, sleeping, random numbers, the exit.

use super::abi;
use super::{Errno, Guest, ProcExit, Wasi};
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// `clockid`.
const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
const PROCESS_CPUTIME: u32 = 2;
const THREAD_CPUTIME: u32 = 3;

/// `eventtype`.
const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

/// `subclockflags`: the timeout is a point in time.
const ABSTIME: u16 = 1;

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

/// Most subscriptions of one `poll_oneoff`.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// Something `poll_oneoff` waits for.
enum Wait {
    /// Until then; `None` is beyond what the clock can say.
    Until(Option<Instant>),
    /// No longer.
    Ready(Result<(), Errno>),
}

/// Where a table of strings stands in the guest: sizes, and pointers with the bytes.
fn write_sizes(guest: &mut Guest<'_>, strings: &[Vec<u8>], count: u32, bytes: u32) -> Result<(), Errno> {
    guest.write_u32(count, strings.len() as u32)?;
    guest.write_u32(bytes, strings.iter().map(|string| string.len() as u32 + 1).sum())
}

fn write_strings(guest: &mut Guest<'_>, strings: &[Vec<u8>], table: u32, buffer: u32) -> Result<(), Errno> {
    let (mut slot, mut at) = (table, buffer);
    for string in strings {
        guest.write_u32(slot, at)?;
        guest.write(at, string)?;
        let end = at.checked_add(string.len() as u32).ok_or(Errno::FAULT)?;
        guest.write(end, &[0])?;
        slot = slot.checked_add(4).ok_or(Errno::FAULT)?;
        at = end.checked_add(1).ok_or(Errno::FAULT)?;
    }
    Ok(())
}

impl Wasi {
    pub(super) fn args_get(&mut self, guest: &mut Guest<'_>, argv: u32, buffer: u32) -> Result<(), Errno> {
        write_strings(guest, &self.args, argv, buffer)
    }

    pub(super) fn args_sizes_get(&mut self, guest: &mut Guest<'_>, count: u32, bytes: u32) -> Result<(), Errno> {
        write_sizes(guest, &self.args, count, bytes)
    }

    /// The environment is empty: the host's is none of the guest's business.
    pub(super) fn environ_get(&mut self, guest: &mut Guest<'_>, environ: u32, buffer: u32) -> Result<(), Errno> {
        write_strings(guest, &[], environ, buffer)
    }

    pub(super) fn environ_sizes_get(&mut self, guest: &mut Guest<'_>, count: u32, bytes: u32) -> Result<(), Errno> {
        write_sizes(guest, &[], count, bytes)
    }

    pub(super) fn clock_res_get(&mut self, guest: &mut Guest<'_>, clock: u32, resolution: u32) -> Result<(), Errno> {
        // What `std` promises everywhere.
        let nanos = if clock <= THREAD_CPUTIME { 1 } else { return Err(Errno::INVAL) };
        guest.write_u64(resolution, nanos)
    }

    pub(super) fn clock_time_get(
        &mut self,
        guest: &mut Guest<'_>,
        clock: u32,
        _precision: u64,
        time: u32,
    ) -> Result<(), Errno> {
        let nanos = match clock {
            REALTIME => abi::nanos(SystemTime::now()),
            // Time spent computing is taken to be the time since the start, which it cannot pass.
            MONOTONIC | PROCESS_CPUTIME | THREAD_CPUTIME => self.start.elapsed().as_nanos() as u64,
            _ => return Err(Errno::INVAL),
        };
        guest.write_u64(time, nanos)
    }

    pub(super) fn random_get(&mut self, guest: &mut Guest<'_>, buffer: u32, len: u32) -> Result<(), Errno> {
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).map(|()| bytes.len()).map_err(|_| Errno::IO);
        guest.fill_bytes(buffer, len, random).map(|_| ())
    }

    pub(super) fn sched_yield(&mut self, _: &mut Guest<'_>) -> Result<(), Errno> {
        std::thread::yield_now();
        Ok(())
    }

    /// Ends the program. Not an error number but an error of the host, which unwinds all of the guest.
    pub(super) fn proc_exit(&mut self, code: u32) -> ProcExit {
        ProcExit(code)
    }

    /// Waits for the first of some clocks; files and streams are always taken to be ready.
    pub(super) fn poll_oneoff(
        &mut self,
        guest: &mut Guest<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        nevents: u32,
    ) -> Result<(), Errno> {
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(Errno::INVAL);
        }
        let mut waits = Vec::with_capacity(count as usize);
        for bytes in guest.bytes(subscriptions, count * SUBSCRIPTION_BYTES)?.chunks_exact(SUBSCRIPTION_BYTES as usize) {
            let userdata: [u8; 8] = bytes[..8].try_into().expect("eight bytes");
            waits.push((userdata, bytes[8], self.subscription(bytes)?));
        }
        guest.bytes(events, count * EVENT_BYTES)?;

        if !waits.iter().any(|(.., wait)| matches!(wait, Wait::Ready(_))) {
            self.descriptors().stdouts().try_for_each(Write::flush)?;
            let first = waits.iter().filter_map(|(.., wait)| if let Wait::Until(at) = wait { *at } else { None }).min();
            match first {
                Some(at) => std::thread::sleep(at.saturating_duration_since(Instant::now())),
                // Some centuries.
                None => std::thread::sleep(Duration::MAX),
            }
        }
        let now = Instant::now();
        let mut written = 0;
        for (userdata, kind, wait) in waits {
            let errno = match wait {
                Wait::Until(Some(at)) if at <= now => 0,
                Wait::Until(_) => continue,
                Wait::Ready(result) => result.err().map_or(0, |errno| errno.code() as u16),
            };
            let mut event = [0; EVENT_BYTES as usize];
            event[..8].copy_from_slice(&userdata);
            event[8..10].copy_from_slice(&errno.to_le_bytes());
            event[10] = kind;
            if kind != CLOCK {
                // How many bytes can be had is not known; one at least.
                event[16..24].copy_from_slice(&1_u64.to_le_bytes());
            }
            guest.write(events + written * EVENT_BYTES, &event)?;
            written += 1;
        }
        guest.write_u32(nevents, written)
    }

    fn subscription(&mut self, bytes: &[u8]) -> Result<Wait, Errno> {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        match bytes[8] {
            CLOCK => {
                let timeout = Duration::from_nanos(u64::from(word(24)) | u64::from(word(28)) << 32);
                let absolute = bytes[40] & ABSTIME as u8 != 0;
                let at = match word(16) {
                    REALTIME if absolute => {
                        let ahead = (UNIX_EPOCH + timeout).duration_since(SystemTime::now()).unwrap_or_default();
                        Instant::now().checked_add(ahead)
                    }
                    MONOTONIC if absolute => self.start.checked_add(timeout),
                    REALTIME | MONOTONIC => Instant::now().checked_add(timeout),
                    _ => return Ok(Wait::Ready(Err(Errno::INVAL))),
                };
                Ok(Wait::Until(at))
            }
            FD_READ | FD_WRITE => Ok(Wait::Ready(self.descriptors().get(word(16)).map(|_| ()))),
            _ => Err(Errno::INVAL),
        }
    }
}
