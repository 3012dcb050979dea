//! The calls that are not about files: arguments, environment, clocks, random numbers.

use super::Result;
use crate::abi::ClockId;
use crate::memory::Guest;
use crate::{Errno, WasiP1Ctx};
use std::sync::PoisonError;

/// Sizes of a table of strings: how many, and bytes with their ends.
fn write_sizes(guest: &mut Guest<'_>, strings: &[Vec<u8>], count: u32, bytes: u32) -> Result {
    let all: usize = strings.iter().map(|string| string.len() + 1).sum();
    let (number, all) = (u32::try_from(strings.len()), u32::try_from(all));
    guest.write_u32(count, number.map_err(|_| Errno::OVERFLOW)?)?;
    Ok(guest.write_u32(bytes, all.map_err(|_| Errno::OVERFLOW)?)?)
}

/// Pointers, and what they lead to.
fn write_strings(guest: &mut Guest<'_>, strings: &[Vec<u8>], table: u32, buffer: u32) -> Result {
    // `None` is beyond the last address, where only the next one would lie.
    let (mut next_slot, mut next) = (Some(table), Some(buffer));
    for string in strings {
        let (slot, at) = next_slot.zip(next).ok_or(Errno::FAULT)?;
        guest.write_u32(slot, at)?;
        guest.write(at, string)?;
        let end = at.checked_add(string.len() as u32).ok_or(Errno::FAULT)?;
        guest.write(end, &[0])?;
        (next_slot, next) = (slot.checked_add(4), end.checked_add(1));
    }
    Ok(())
}

impl WasiP1Ctx {
    pub(crate) fn args_get(&mut self, guest: &mut Guest<'_>, argv: u32, buffer: u32) -> Result {
        write_strings(guest, &self.shared.args, argv, buffer)
    }

    pub(crate) fn args_sizes_get(&mut self, guest: &mut Guest<'_>, count: u32, bytes: u32) -> Result {
        write_sizes(guest, &self.shared.args, count, bytes)
    }

    pub(crate) fn environ_get(&mut self, guest: &mut Guest<'_>, environ: u32, buffer: u32) -> Result {
        write_strings(guest, &self.shared.env, environ, buffer)
    }

    pub(crate) fn environ_sizes_get(&mut self, guest: &mut Guest<'_>, count: u32, bytes: u32) -> Result {
        write_sizes(guest, &self.shared.env, count, bytes)
    }

    pub(crate) fn clock_res_get(&mut self, guest: &mut Guest<'_>, clock: u32, resolution: u32) -> Result {
        let nanos = match ClockId::of(clock)? {
            ClockId::Realtime => self.shared.wall_clock.resolution().as_nanos() as u64,
            ClockId::Monotonic | ClockId::Cputime => self.shared.monotonic_clock.resolution(),
        };
        Ok(guest.write_u64(resolution, nanos)?)
    }

    pub(crate) fn clock_time_get(&mut self, guest: &mut Guest<'_>, clock: u32, _precision: u64, time: u32) -> Result {
        let nanos = match ClockId::of(clock)? {
            ClockId::Realtime => self.now().wall,
            // Time spent computing is taken to be the time since the start, which it cannot pass.
            ClockId::Monotonic | ClockId::Cputime => self.now().monotonic,
        };
        Ok(guest.write_u64(time, nanos)?)
    }

    pub(crate) fn random_get(&mut self, guest: &mut Guest<'_>, buffer: u32, len: u32) -> Result {
        guest.check(buffer, len)?;
        if u64::from(len) > self.shared.max_random_size {
            return Err(Errno::INVAL.into());
        }
        let mut random = self.shared.random.lock().unwrap_or_else(PoisonError::into_inner);
        // In pieces, for there may be a copy of each.
        for at in (0..len).step_by(1 << 16) {
            let piece = (len - at).min(1 << 16);
            let fill = |bytes: &mut [u8]| random.fill(bytes).map(|()| bytes.len()).map_err(|_| Errno::IO);
            guest.fill_bytes(buffer + at, piece, fill)?;
        }
        Ok(())
    }

    /// There is nobody who could send one.
    pub(crate) fn proc_raise(&mut self, _: &mut Guest<'_>, signal: u32) -> Result {
        Err(if signal > 30 { Errno::INVAL } else { Errno::NOTSUP }.into())
    }

    pub(crate) fn sched_yield(&mut self, _: &mut Guest<'_>) -> Result {
        std::thread::yield_now();
        Ok(())
    }
}
