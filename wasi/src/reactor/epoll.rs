//! Waiting where the system is told once what is waited for.
//!
//! A descriptor is there once, whoever and however many wait for it, and tells once that it is ready: then those whose waiting is over are
//! taken out, and it is set again for the others.

use super::waiter::Waiter;
use crate::wait::{relevant, time_until};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap, HashSet};
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
    /// What is waited for, by number. The numbers of what is open elsewhere may be given to something else meanwhile.
    descriptors: HashMap<RawFd, Watched>,
    /// Who waits for a time, the earliest first.
    times: BTreeSet<(Instant, Id)>,
    /// What the system does not take: files, which are always ready, what is closed, or anything where memory or its own limits are used
    /// up. It is asked about these each time.
    refused: HashSet<RawFd>,
}

struct Entry {
    waiter: Arc<Waiter>,
    /// The numbers that it waits for, each once, and a place of each in [`crate::Wait`].
    fds: Vec<(usize, RawFd)>,
}

impl Entry {
    /// What is at that place, if it still has this number.
    fn fd(&self, place: usize, raw: RawFd) -> Option<BorrowedFd<'_>> {
        self.waiter.wait.descriptors[place].0.as_fd().filter(|fd| fd.as_raw_fd() == raw)
    }
}

/// Who waits for a descriptor.
#[derive(Default)]
struct Watched {
    /// A place of it in what is waited for, and for what of it.
    who: HashMap<Id, (usize, PollFlags)>,
    /// How many of them wait to read, and how many to write.
    readers: usize,
    writers: usize,
    /// The system was told of it.
    is_told: bool,
}

impl Watched {
    /// Whether this one did not wait for it before.
    fn add(&mut self, id: Id, place: usize, flags: PollFlags) -> bool {
        let is_new = !self.who.contains_key(&id);
        let (_, before) = self.who.entry(id).or_insert((place, PollFlags::empty()));
        let new = flags - *before;
        *before |= flags;
        self.readers += usize::from(new.contains(PollFlags::IN));
        self.writers += usize::from(new.contains(PollFlags::OUT));
        is_new
    }

    fn remove(&mut self, id: Id) {
        if let Some((_, flags)) = self.who.remove(&id) {
            self.readers -= usize::from(flags.contains(PollFlags::IN));
            self.writers -= usize::from(flags.contains(PollFlags::OUT));
        }
    }

    /// What is waited for by any.
    fn flags(&self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.readers > 0);
        flags.set(PollFlags::OUT, self.writers > 0);
        flags
    }
}

fn id(waiter: &Arc<Waiter>) -> Id {
    Arc::as_ptr(waiter).addr()
}

/// Flags that say the same.
const SAME: [(EventFlags, PollFlags); 4] = [
    (EventFlags::IN, PollFlags::IN),
    (EventFlags::OUT, PollFlags::OUT),
    (EventFlags::HUP, PollFlags::HUP),
    (EventFlags::ERR, PollFlags::ERR),
];

impl Waiting {
    /// Of nobody; none if the system has no more descriptors.
    pub(super) fn new(bell: &PipeReader) -> Option<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).ok()?;
        epoll::add(&epoll, bell, EventData::new_u64(BELL), EventFlags::IN).ok()?;
        let (waiters, descriptors) = (HashMap::new(), HashMap::new());
        Some(Self { epoll, waiters, descriptors, times: BTreeSet::new(), refused: HashSet::new() })
    }

    pub(super) fn add(&mut self, waiter: Arc<Waiter>) {
        let id = id(&waiter);
        if let Some(until) = waiter.wait.until {
            self.times.insert((until, id));
        }
        let mut fds = Vec::new();
        for (place, (descriptor, interest)) in waiter.wait.descriptors.iter().enumerate() {
            let Some(fd) = descriptor.as_fd() else { continue };
            let raw = fd.as_raw_fd();
            if self.descriptors.entry(raw).or_default().add(id, place, interest.flags()) {
                fds.push((place, raw));
            }
        }
        let raws: Vec<_> = fds.iter().map(|&(_, raw)| raw).collect();
        self.waiters.insert(id, Entry { waiter, fds });
        raws.into_iter().for_each(|raw| self.set(raw));
    }

    /// What has this number, of anybody who waits for it.
    fn fd(&self, raw: RawFd) -> Option<BorrowedFd<'_>> {
        self.descriptors[&raw].who.iter().find_map(|(id, &(place, _))| self.waiters[id].fd(place, raw))
    }

    /// Has the system tell once of a descriptor that somebody waits for.
    fn set(&mut self, raw: RawFd) {
        let watched = &self.descriptors[&raw];
        let asked = watched.flags();
        let flags = SAME.into_iter().filter(|&(_, flag)| asked.contains(flag)).map(|(flag, _)| flag);
        // Once: nobody would look at what is told twice of a descriptor that somebody has closed meanwhile.
        let flags = flags.collect::<EventFlags>() | EventFlags::ONESHOT;
        let data = || EventData::new_u64(raw as u64);
        let told = match self.fd(raw) {
            None => Err(Errno::BADF),
            // Another may have this number by now that the system does not know, or one that it still knows.
            Some(fd) if watched.is_told => match epoll::modify(&self.epoll, fd, data(), flags) {
                Err(Errno::NOENT) => epoll::add(&self.epoll, fd, data(), flags),
                told => told,
            },
            Some(fd) => match epoll::add(&self.epoll, fd, data(), flags) {
                Err(Errno::EXIST) => epoll::modify(&self.epoll, fd, data(), flags),
                told => told,
            },
        };
        if told.is_ok() {
            self.refused.remove(&raw);
        } else {
            self.refused.insert(raw);
        }
        self.descriptors.get_mut(&raw).expect("it is there").is_told = told.is_ok();
    }

    pub(super) fn remove(&mut self, waiter: &Arc<Waiter>) {
        self.take(&[id(waiter)]);
    }

    /// Takes some out, and tells the system, each descriptor once.
    fn take(&mut self, ids: &[Id]) -> Vec<Entry> {
        let taken: Vec<_> = ids.iter().filter_map(|id| Some((*id, self.waiters.remove(id)?))).collect();
        let mut changed = HashSet::new();
        for (id, entry) in &taken {
            if let Some(until) = entry.waiter.wait.until {
                self.times.remove(&(until, *id));
            }
            for (_, raw) in &entry.fds {
                self.descriptors.get_mut(raw).expect("somebody waited for it").remove(*id);
                changed.insert(*raw);
            }
        }
        for (_, entry) in &taken {
            for &(place, raw) in entry.fds.iter().filter(|(_, raw)| changed.remove(raw)) {
                if !self.descriptors[&raw].who.is_empty() {
                    self.set(raw);
                    continue;
                }
                self.descriptors.remove(&raw);
                self.refused.remove(&raw);
                // What is the embedder's may be open no more, or under another number; then the system has forgotten it, or tells of it once.
                if let Some(fd) = entry.fd(place, raw) {
                    let _ = epoll::delete(&self.epoll, fd);
                }
            }
        }
        taken.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Waits until something has happened, or the bell rings, and gives `over` whose waiting is over.
    pub(super) fn wait(&mut self, _: &PipeReader, over: &mut dyn FnMut(Arc<Waiter>)) {
        let mut done = Vec::new();
        for (raw, told) in self.told() {
            // Of something that was removed, or the bell.
            let Some(watched) = self.descriptors.get(&raw) else { continue };
            let before = done.len();
            let are_over = watched.who.iter().filter(|&(_, &(_, flags))| !relevant(told, flags).is_empty());
            done.extend(are_over.map(|(&id, _)| id));
            if done.len() == before {
                // Nobody's, but it has told what it tells once.
                self.set(raw);
            }
        }
        done.extend(self.times.range(..=(Instant::now(), Id::MAX)).map(|&(_, id)| id));
        // The system is told before anybody is woken, who may close something.
        for Entry { waiter, .. } in self.take(&done) {
            over(waiter);
        }
    }

    /// Waits, and gives what the system tells, by number.
    fn told(&self) -> Vec<(RawFd, PollFlags)> {
        let (mut told, mut asked) = (Vec::new(), Vec::new());
        // `epoll_wait` knows milliseconds only.
        let mut fds = vec![PollFd::new(&self.epoll, PollFlags::IN)];
        for &raw in &self.refused {
            if let Some(fd) = self.fd(raw) {
                asked.push(raw);
                fds.push(PollFd::from_borrowed_fd(fd, self.descriptors[&raw].flags()));
            } else {
                // It has another number now: the call finds out when it is made again.
                told.push((raw, PollFlags::NVAL));
            }
        }
        let until = if told.is_empty() { self.times.first().map(|&(until, _)| until) } else { Some(Instant::now()) };
        match poll(&mut fds, time_until(until).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {
                let answers = asked.into_iter().zip(fds[1..].iter().map(PollFd::revents));
                told.extend(answers.filter(|(_, answer)| !answer.is_empty()));
            }
            // More than a process may ask about, or no memory.
            Err(_) => told.extend(asked.into_iter().map(|raw| (raw, PollFlags::NVAL))),
        }
        let mut events: Vec<Event> = Vec::with_capacity(MOST_EVENTS);
        let at_once = crate::descriptor::AT_ONCE;
        // What failed is tried again.
        let _ = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once));
        told.extend(events.into_iter().map(|Event { flags, data }| {
            // By copy: events are packed.
            let (flags, raw) = ({ flags }, { data }.u64() as RawFd);
            (raw, SAME.into_iter().filter(|&(flag, _)| flags.contains(flag)).map(|(_, flag)| flag).collect())
        }));
        told
    }
}
