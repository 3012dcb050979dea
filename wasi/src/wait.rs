//! Waiting: on this thread, or, where the embedder calls asynchronously, on one thread for all guests.

use crate::descriptor::{Descriptor, Interest};
use crate::stream::retry;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a call waits for: descriptors, and a point in time.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Those that the system can wait for.
    pub(crate) descriptors: Vec<(Arc<Descriptor>, Interest)>,
    /// `None` if for ever.
    pub(crate) until: Option<Instant>,
}

/// How long what the system cannot wait for is left alone before it is looked at again: a clock that does not go as fast as the system's,
/// a named pipe that nobody reads.
pub(crate) const NEXT_LOOK: Duration = Duration::from_millis(5);

/// The longest time one wait takes: what waits longer waits again. Every system takes it.
const MOST_SECONDS: u64 = 1 << 20;

/// The time until then.
pub(crate) fn time_until(until: Option<Instant>) -> Option<Timespec> {
    let left = until?.saturating_duration_since(Instant::now());
    let seconds = left.as_secs().min(MOST_SECONDS) as i64;
    Some(Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos() as _ })
}

/// What the system is asked about, each of it once, whoever and however many ask: it takes no more than a process may have open.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    fds: Vec<(BorrowedFd<'a>, PollFlags)>,
    places: HashMap<RawFd, usize>,
}

impl<'a> Asked<'a> {
    /// Asks about `fd`, and gives its place among the answers.
    pub(crate) fn add(&mut self, fd: BorrowedFd<'a>, interest: Interest) -> usize {
        let place = *self.places.entry(fd.as_raw_fd()).or_insert(self.fds.len());
        if place == self.fds.len() {
            self.fds.push((fd, PollFlags::empty()));
        }
        self.fds[place].1 |= interest.flags();
        place
    }

    /// Waits until there is an answer, or so long: what is true of each.
    pub(crate) fn wait(&self, time: Option<&Timespec>) -> rustix::io::Result<Vec<PollFlags>> {
        let mut fds: Vec<_> = self.fds.iter().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        poll(&mut fds, time)?;
        Ok(fds.iter().map(PollFd::revents).collect())
    }
}

/// What of an answer tells whoever asked for this something: another may have asked about the same.
pub(crate) fn relevant(answer: PollFlags, asked: PollFlags) -> PollFlags {
    answer & (asked | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

impl Wait {
    /// For one descriptor.
    pub(crate) fn one(descriptor: &Arc<Descriptor>, interest: Interest) -> Self {
        Self { descriptors: vec![(Arc::clone(descriptor), interest)], until: None }
    }

    /// For the time of the next look.
    pub(crate) fn next_look() -> Self {
        Self { descriptors: Vec::new(), until: Some(Instant::now() + NEXT_LOOK) }
    }

    /// Asks the system about all of it; with what interest, and the places of the answers.
    pub(crate) fn ask<'a>(&'a self, asked: &mut Asked<'a>) -> Vec<(Interest, usize)> {
        let add = |(descriptor, interest): &'a (Arc<Descriptor>, Interest)| {
            Some((*interest, asked.add(descriptor.as_fd()?, *interest)))
        };
        self.descriptors.iter().filter_map(add).collect()
    }

    /// Whether it is over, by the answers to what it asked, at this time.
    pub(crate) fn is_over(
        &self,
        answers: &rustix::io::Result<Vec<PollFlags>>,
        places: &[(Interest, usize)],
        now: Instant,
    ) -> bool {
        let ready = match answers {
            Ok(answers) => {
                places.iter().any(|&(interest, place)| !relevant(answers[place], interest.flags()).is_empty())
            }
            Err(rustix::io::Errno::INTR) => false,
            // The call will find out what is wrong when it is made again.
            Err(_) => true,
        };
        ready || self.until.is_some_and(|until| until <= now)
    }

    /// Waits on this thread, but not for longer than until the next look; whether it is over.
    pub(crate) fn block_briefly(&self) -> bool {
        let look = Instant::now() + NEXT_LOOK;
        let until = self.until.map_or(look, |until| until.min(look));
        let mut asked = Asked::default();
        let places = self.ask(&mut asked);
        let answers = asked.wait(time_until(Some(until)).as_ref());
        self.is_over(&answers, &places, Instant::now())
    }

    /// Waits on this thread.
    pub fn block(&self) {
        let mut asked = Asked::default();
        if let (true, Some(until)) = (self.ask(&mut asked).is_empty(), self.until) {
            // Sleeps more exactly than polling nothing does.
            return std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        // What cannot be waited for is found out by the call when it is made again.
        let _ = retry(|| asked.wait(time_until(self.until).as_ref()));
    }
}
