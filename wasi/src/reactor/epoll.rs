//! Waiting where the system is told once what is waited for.
//!
//! A descriptor is there once, whoever and however many wait for it, and tells once that it is ready: then those whose waiting is over are
//! taken out, and it is set again for the others.

use super::Waiter;
use crate::descriptor::Interest;
use crate::wait::{relevant, time_until};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::PipeReader;
use std::sync::Arc;
use std::time::Instant;

/// Most events that are taken at a time.
const MOST_EVENTS: usize = 256;

/// What an event of the bell carries: no descriptor has this number.
const BELL: u64 = u64::MAX;

/// Who waits, by the address of what is shared, which is nobody else's as long as it is kept here.
type Id = usize;

/// All that is waited for.
pub(super) struct Waiting {
    epoll: OwnedFd,
    waiters: HashMap<Id, Entry>,
    /// Who waits for a descriptor, and for what.
    descriptors: HashMap<RawFd, Vec<(Id, Interest)>>,
    /// Who waits for a time, the earliest first.
    times: BTreeMap<(Instant, Id), ()>,
    /// Whose waiting is over already: for what the system does not wait, which is always ready.
    ready: HashSet<Id>,
}

struct Entry {
    waiter: Arc<Waiter>,
    /// The descriptors that it waits for, by their places in [`crate::Wait`].
    fds: Vec<(usize, RawFd)>,
}

fn id(waiter: &Arc<Waiter>) -> Id {
    Arc::as_ptr(waiter).addr()
}

fn flags(interests: &[(Id, Interest)]) -> EventFlags {
    let one = |&(_, interest): &(Id, Interest)| match interest {
        Interest::Read => EventFlags::IN,
        Interest::Write => EventFlags::OUT,
    };
    // Once: nobody would look at what is told twice of a descriptor that somebody has closed meanwhile.
    interests.iter().map(one).collect::<EventFlags>() | EventFlags::ONESHOT
}

fn data(fd: RawFd) -> EventData {
    EventData::new_u64(fd as u64)
}

/// The flags of `poll` that say the same.
fn answer(flags: EventFlags) -> PollFlags {
    let pairs = [
        (EventFlags::IN, PollFlags::IN),
        (EventFlags::OUT, PollFlags::OUT),
        (EventFlags::HUP, PollFlags::HUP),
        (EventFlags::ERR, PollFlags::ERR),
    ];
    pairs.into_iter().filter(|&(event, _)| flags.contains(event)).map(|(_, flag)| flag).collect()
}

impl Waiting {
    /// Of nobody; none if the system has no more descriptors.
    pub(super) fn new(bell: &PipeReader) -> Option<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).ok()?;
        epoll::add(&epoll, bell, EventData::new_u64(BELL), EventFlags::IN).ok()?;
        let (waiters, descriptors) = (HashMap::new(), HashMap::new());
        Some(Self { epoll, waiters, descriptors, times: BTreeMap::new(), ready: HashSet::new() })
    }

    pub(super) fn add(&mut self, waiter: Arc<Waiter>) {
        let id = id(&waiter);
        if let Some(until) = waiter.wait.until {
            self.times.insert((until, id), ());
        }
        let mut fds = Vec::new();
        for (place, (descriptor, interest)) in waiter.wait.descriptors.iter().enumerate() {
            let Some(fd) = descriptor.as_fd() else { continue };
            let raw = fd.as_raw_fd();
            let interests = self.descriptors.entry(raw).or_default();
            interests.push((id, *interest));
            fds.push((place, raw));
            let set = if interests.len() == 1 {
                // It may still be there, of somebody who had this number before.
                match epoll::add(&self.epoll, fd, data(raw), flags(interests)) {
                    Err(Errno::EXIST) => epoll::modify(&self.epoll, fd, data(raw), flags(interests)),
                    added => added,
                }
            } else {
                self.set(fd, raw)
            };
            // A file that has no events, or there is no memory: the call finds out when it is made again.
            if set.is_err() {
                self.ready.insert(id);
            }
        }
        self.waiters.insert(id, Entry { waiter, fds });
    }

    /// Sets a descriptor that is there for those who wait for it.
    fn set(&self, fd: BorrowedFd<'_>, raw: RawFd) -> rustix::io::Result<()> {
        epoll::modify(&self.epoll, fd, data(raw), flags(&self.descriptors[&raw]))
    }

    pub(super) fn remove(&mut self, waiter: &Arc<Waiter>) {
        self.take(id(waiter));
    }

    /// Takes somebody out, and tells the system.
    fn take(&mut self, id: Id) -> Option<Arc<Waiter>> {
        let Entry { waiter, fds } = self.waiters.remove(&id)?;
        self.ready.remove(&id);
        if let Some(until) = waiter.wait.until {
            self.times.remove(&(until, id));
        }
        for (place, raw) in fds {
            let Some(interests) = self.descriptors.get_mut(&raw) else { continue };
            interests.retain(|&(other, _)| other != id);
            let last = interests.is_empty();
            if last {
                self.descriptors.remove(&raw);
            }
            // What is the embedder's may be open no more, or under another number; then the system has forgotten it, or tells nothing more.
            let fd = waiter.wait.descriptors[place].0.as_fd().filter(|fd| fd.as_raw_fd() == raw);
            if let Some(fd) = fd {
                let _ = if last { epoll::delete(&self.epoll, fd) } else { self.set(fd, raw) };
            }
        }
        Some(waiter)
    }

    /// Waits until something has happened, or the bell rings, and gives `over` whose waiting is over.
    pub(super) fn wait(&mut self, _: &PipeReader, over: &mut dyn FnMut(&Waiter)) {
        let first = self.times.first_key_value().map(|(&(until, _), ())| until);
        let until = if self.ready.is_empty() { first } else { Some(Instant::now()) };
        // `epoll_wait` knows milliseconds only.
        let _ = poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], time_until(until).as_ref());
        let mut events = Vec::with_capacity(MOST_EVENTS);
        let at_once = crate::descriptor::AT_ONCE;
        // What failed is tried again.
        let _ = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once));
        let mut done: Vec<Id> = self.ready.iter().copied().collect();
        for Event { flags, data } in events {
            // By copy: events are packed.
            let (flags, fd) = ({ flags }, { data }.u64() as RawFd);
            let Some(interests) = self.descriptors.get(&fd) else { continue };
            let told = answer(flags);
            let are_over = interests.iter().filter(|&&(_, interest)| !relevant(told, interest).is_empty());
            let before = done.len();
            done.extend(are_over.map(|&(id, _)| id));
            if done.len() == before {
                // Nobody's, but it has told what it tells once.
                self.set_again(fd);
            }
        }
        let now = Instant::now();
        done.extend(self.times.range(..=(now, Id::MAX)).map(|(&(_, id), ())| id));
        for id in done {
            if let Some(waiter) = self.take(id) {
                over(&waiter);
            }
        }
    }

    /// Sets a descriptor again that told something nobody waits for.
    fn set_again(&self, raw: RawFd) {
        let Some(&(id, _)) = self.descriptors[&raw].first() else { return };
        let Entry { waiter, fds } = &self.waiters[&id];
        let place = fds.iter().find(|(_, other)| *other == raw).map(|&(place, _)| place);
        let fd = place.and_then(|place| waiter.wait.descriptors[place].0.as_fd());
        if let Some(fd) = fd.filter(|fd| fd.as_raw_fd() == raw) {
            let _ = self.set(fd, raw);
        }
    }
}
