//! `poll_oneoff`: waiting for the first of some descriptors and clocks.

use super::Result;
use crate::abi::{ClockId, Event, Subscription, SubscriptionTo};
use crate::ctx::{Begun, Failure};
use crate::descriptor::{AT_ONCE, Descriptor, Interest};
use crate::memory::Guest;
use crate::wait::{Asked, NEXT_LOOK, Wait, relevant};
use crate::{Errno, WasiP1Ctx};
use rustix::event::PollFlags;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most subscriptions of one call.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// One subscription, and whether it is over.
enum State {
    /// In so many nanoseconds.
    Clock(u64),
    /// Nothing to wait for.
    Ready { nbytes: u64, hangup: bool },
    /// It cannot be waited for.
    Failed(Errno),
    /// As the system says.
    Asked(Arc<Descriptor>, Interest),
}

impl WasiP1Ctx {
    pub(crate) fn poll_oneoff(
        &mut self,
        guest: &mut Guest<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        nevents: u32,
    ) -> Result {
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(Errno::INVAL.into());
        }
        let now = self.now();
        let begun = *self.begun.get_or_insert(now);
        let size = Subscription::bytes(guest.version());
        let bytes = guest.bytes(subscriptions, count * size)?.into_owned();
        let subscriptions = bytes.chunks_exact(size as usize).map(|bytes| Subscription::load(bytes, guest.version()));
        let subscriptions = subscriptions.collect::<Result<Vec<_>, _>>()?;
        guest.check(events, count * Event::BYTES)?;
        guest.check(nevents, 4)?;

        let states = subscriptions.iter().map(|subscription| self.state(subscription.to, now, begun));
        let mut states = states.collect::<Result<Vec<_>, _>>()?;
        ask(&mut states)?;
        let mut written = 0;
        for (subscription, state) in subscriptions.iter().zip(&states) {
            let (error, nbytes, hangup) = match *state {
                State::Clock(0) => (Errno::SUCCESS, 0, false),
                State::Ready { nbytes, hangup } => (Errno::SUCCESS, nbytes, hangup),
                State::Failed(errno) => (errno, 0, false),
                State::Clock(_) | State::Asked(..) => continue,
            };
            let eventtype = match subscription.to {
                SubscriptionTo::Clock { .. } => 0,
                SubscriptionTo::FdRead(_) => 1,
                SubscriptionTo::FdWrite(_) => 2,
            };
            let event = Event { userdata: subscription.userdata, error, eventtype, nbytes, hangup };
            event.store(guest, events + written * Event::BYTES)?;
            written += 1;
        }
        if written == 0 {
            return Err(Failure::Wait(self.wait(&states)));
        }
        Ok(guest.write_u32(nevents, written)?)
    }

    /// What is known of a subscription without asking the system.
    fn state(&self, to: SubscriptionTo, now: Begun, begun: Begun) -> Result<State, Errno> {
        let (fd, interest) = match to {
            SubscriptionTo::Clock { id, timeout, absolute } => {
                let (now, begun) = match ClockId::of(id)? {
                    ClockId::Realtime => (now.wall, begun.wall),
                    ClockId::Monotonic => (now.monotonic, begun.monotonic),
                    ClockId::Cputime => return Err(Errno::INVAL),
                };
                let until = if absolute { timeout } else { begun.saturating_add(timeout) };
                return Ok(State::Clock(until.saturating_sub(now)));
            }
            SubscriptionTo::FdRead(fd) => (fd, Interest::Read),
            SubscriptionTo::FdWrite(fd) => (fd, Interest::Write),
        };
        let Ok(descriptor) = self.descriptor(fd) else { return Ok(State::Failed(Errno::BADF)) };
        Ok(match (&*descriptor, interest) {
            (Descriptor::Stdin(_), Interest::Write)
            | (Descriptor::Stdout(_), Interest::Read)
            | (Descriptor::Dir(_), _) => State::Failed(Errno::BADF),
            (Descriptor::File(file), _) if let Some(left) = file.left() => match interest {
                Interest::Read => State::Ready { nbytes: left, hangup: left == 0 },
                Interest::Write => State::Ready { nbytes: 1, hangup: false },
            },
            // Who asks at the wrong end of a pipe would wait for ever.
            (Descriptor::File(file), Interest::Read) if !file.read => State::Failed(Errno::BADF),
            (Descriptor::File(file), Interest::Write) if !file.write => State::Failed(Errno::BADF),
            (other, _) if other.as_fd().is_none() => State::Ready { nbytes: 1, hangup: false },
            _ => State::Asked(descriptor, interest),
        })
    }

    /// What all of them wait for.
    fn wait(&self, states: &[State]) -> Wait {
        let mut wait = Wait { descriptors: Vec::new(), until: None };
        for state in states {
            match state {
                State::Asked(descriptor, interest) => wait.descriptors.push((Arc::clone(descriptor), *interest)),
                State::Clock(left) => {
                    let mut left = Duration::from_nanos(*left);
                    if !self.shared.monotonic_clock.is_real() {
                        left = left.min(NEXT_LOOK);
                    }
                    // What is beyond the system's clock is for ever.
                    let until = Instant::now().checked_add(left);
                    wait.until = [wait.until, until].into_iter().flatten().min();
                }
                State::Ready { .. } | State::Failed(_) => {}
            }
        }
        wait
    }
}

/// Asks the system which are ready, without waiting.
fn ask(states: &mut [State]) -> Result<(), Errno> {
    let mut asked = Asked::default();
    let mut places = Vec::new();
    for (index, state) in states.iter().enumerate() {
        if let State::Asked(descriptor, interest) = state {
            places.push((index, asked.add(descriptor.as_fd().expect("asked only if there is one"), *interest)));
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let answers = match asked.wait(Some(&AT_ONCE)) {
        Ok(answers) => answers,
        // As if nothing were ready: it is asked again after waiting.
        Err(rustix::io::Errno::INTR) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for (index, place) in places {
        let State::Asked(descriptor, interest) = &states[index] else { unreachable!("filtered") };
        let answer = relevant(answers[place], interest.flags());
        if answer.is_empty() {
            continue;
        }
        states[index] = if answer.contains(PollFlags::NVAL) {
            State::Failed(Errno::BADF)
        } else {
            // A pipe nobody writes to any more can be read to its end; so is a socket.
            let hangup = answer.intersects(PollFlags::HUP | PollFlags::ERR);
            let readable = *interest == Interest::Read;
            let nbytes = if readable { available(descriptor).unwrap_or(1) } else { 1 };
            State::Ready { nbytes, hangup }
        };
    }
    Ok(())
}

/// How many bytes can be read now, if the system says.
fn available(descriptor: &Descriptor) -> Option<u64> {
    rustix::io::ioctl_fionread(descriptor.as_fd()?).ok()
}
