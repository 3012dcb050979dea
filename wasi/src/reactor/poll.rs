//! Waiting where the system is asked about everything each time.

use super::waiter::Waiter;
use crate::descriptor::Interest;
use crate::wait::{Asked, time_until};
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

    /// Those that were given up are left out before the next time, all at once.
    pub(super) fn remove(&mut self, _: &Arc<Waiter>) {}

    /// Waits until something has happened, or the bell rings, and gives `over` whose waiting is over.
    pub(super) fn wait(&mut self, bell: &PipeReader, over: &mut dyn FnMut(Arc<Waiter>)) {
        self.0.retain(|waiter| waiter.waits());
        let until = self.0.iter().filter_map(|waiter| waiter.wait.until).min();
        let mut asked = Asked::default();
        asked.add(bell.as_fd(), Interest::Read);
        let places: Vec<_> = self.0.iter().map(|waiter| waiter.wait.ask(&mut asked)).collect();
        let answers = asked.wait(time_until(until).as_ref());
        let now = Instant::now();
        let is_over: Vec<_> =
            self.0.iter().zip(&places).map(|(waiter, places)| waiter.wait.is_over(&answers, places, now)).collect();
        let mut is_over = is_over.into_iter();
        self.0.extract_if(.., |_| is_over.next() == Some(true)).for_each(over);
    }
}
