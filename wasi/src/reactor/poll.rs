//! Waiting where the system is asked about everything each time.

use super::{State, Waiter};
use crate::descriptor::Interest;
use crate::wait::{Asked, relevant, time_until};
use rustix::fd::AsFd;
use std::io::PipeReader;
use std::sync::Arc;
use std::time::Instant;

/// All that is waited for.
#[derive(Default)]
pub(super) struct Waiting(Vec<Arc<Waiter>>);

impl Waiting {
    pub(super) fn new(_: &PipeReader) -> Option<Self> {
        Some(Self::default())
    }

    pub(super) fn add(&mut self, waiter: Arc<Waiter>) {
        self.0.push(waiter);
    }

    pub(super) fn remove(&mut self, waiter: &Arc<Waiter>) {
        self.0.retain(|other| !Arc::ptr_eq(other, waiter));
    }

    /// Waits until something has happened, or the bell rings, and gives `over` whose waiting is over.
    pub(super) fn wait(&mut self, bell: &PipeReader, over: &mut dyn FnMut(&Waiter)) {
        self.0.retain(|waiter| matches!(*waiter.state(), State::Waits(_)));
        let until = self.0.iter().filter_map(|waiter| waiter.wait.until).min();
        let mut asked = Asked::default();
        asked.add(bell.as_fd(), Interest::Read);
        let places: Vec<_> = self.0.iter().map(|waiter| waiter.wait.ask(&mut asked)).collect();
        let answers = asked.wait(time_until(until).as_ref());
        let now = Instant::now();
        for (waiter, places) in self.0.iter().zip(&places) {
            let ready = match &answers {
                Ok(answers) => places.iter().any(|&(interest, place)| !relevant(answers[place], interest).is_empty()),
                Err(rustix::io::Errno::INTR) => false,
                // The call will find out what is wrong when it is made again.
                Err(_) => true,
            };
            if ready || waiter.wait.until.is_some_and(|until| until <= now) {
                over(waiter);
            }
        }
    }
}
