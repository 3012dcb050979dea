//! Waiting without a thread of one's own: one thread of the process waits for all, and wakes who waits.
//!
//! No executor is asked for: preview 1 knows descriptors and clocks, and the system waits for both at once. The thread begins with
//! the first that waits, and stays.

use crate::descriptor::Interest;
use crate::wait::{Asked, Wait, relevant};
use rustix::fd::AsFd;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Whoever waits.
struct Waiter {
    wait: Wait,
    state: Mutex<State>,
}

enum State {
    /// To be woken.
    Waits(Waker),
    /// It is over.
    Over,
    /// Nobody waits any more.
    Dropped,
}

impl Waiter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the thread is reached.
struct Reactor {
    new: Mutex<Vec<Arc<Waiter>>>,
    /// What is written here ends the thread's waiting.
    bell: Mutex<PipeWriter>,
}

impl Reactor {
    /// The reactor of the process; none if the system has no thread or pipe for it.
    fn get() -> Option<&'static Self> {
        static REACTOR: OnceLock<Option<Reactor>> = OnceLock::new();
        let reactor = REACTOR.get_or_init(|| {
            let (reader, writer) = std::io::pipe().ok()?;
            // A bell that nobody has heard yet need not ring twice.
            rustix::io::ioctl_fionbio(&writer, true).ok()?;
            rustix::io::ioctl_fionbio(&reader, true).ok()?;
            let run = move || Self::get().expect("its thread begins only with it").run(reader);
            let begin = std::thread::Builder::new().name("wasi-reactor".into());
            let reactor = Reactor { new: Mutex::default(), bell: Mutex::new(writer) };
            begin.spawn(run).ok().map(|_| reactor)
        });
        reactor.as_ref()
    }

    fn ring(&self) {
        // If the pipe is full, it rings already.
        let _ = self.bell.lock().unwrap_or_else(PoisonError::into_inner).write(&[0]);
    }

    /// What the thread does, for ever.
    fn run(&self, mut reader: PipeReader) {
        let mut waiters: Vec<Arc<Waiter>> = Vec::new();
        loop {
            waiters.append(&mut self.new.lock().unwrap_or_else(PoisonError::into_inner));
            waiters.retain(|waiter| matches!(*waiter.state(), State::Waits(_)));
            let until = waiters.iter().filter_map(|waiter| waiter.wait.until).min();
            let mut asked = Asked::default();
            asked.add(reader.as_fd(), Interest::Read);
            let places: Vec<_> = waiters.iter().map(|waiter| waiter.wait.ask(&mut asked)).collect();
            let answers = asked.wait(crate::wait::time_until(until).as_ref());
            let now = Instant::now();
            for (waiter, places) in waiters.iter().zip(&places) {
                let ready = match &answers {
                    Ok(answers) => {
                        places.iter().any(|&(interest, place)| !relevant(answers[place], interest).is_empty())
                    }
                    Err(rustix::io::Errno::INTR) => false,
                    // The call will find out what is wrong when it is made again.
                    Err(_) => true,
                };
                if ready || waiter.wait.until.is_some_and(|until| until <= now) {
                    let mut state = waiter.state();
                    if let State::Waits(_) = &*state
                        && let State::Waits(waker) = std::mem::replace(&mut *state, State::Over)
                    {
                        drop(state);
                        waker.wake();
                    }
                }
            }
            drop(asked);
            let _ = reader.read(&mut [0; 64]);
        }
    }
}

/// The future of [`Wait::ready`].
struct Ready(Wait, Option<Arc<Waiter>>);

impl Future for Ready {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(waiter) = &self.1 {
            let mut state = waiter.state();
            if let State::Waits(waker) = &mut *state {
                waker.clone_from(context.waker());
                return Poll::Pending;
            }
            return Poll::Ready(());
        }
        let Some(reactor) = Reactor::get() else {
            self.0.block();
            return Poll::Ready(());
        };
        let state = Mutex::new(State::Waits(context.waker().clone()));
        let waiter = Arc::new(Waiter { wait: self.0.clone(), state });
        self.1 = Some(Arc::clone(&waiter));
        reactor.new.lock().unwrap_or_else(PoisonError::into_inner).push(waiter);
        reactor.ring();
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(waiter) = &self.1
            && let state @ State::Waits(_) = &mut *waiter.state()
        {
            *state = State::Dropped;
            // So that descriptors are not kept open for it.
            if let Some(reactor) = Reactor::get() {
                reactor.ring();
            }
        }
    }
}

impl Wait {
    /// Waits without a thread: the future is ready when the wait is over. Any executor can poll it.
    pub fn ready(self) -> impl Future<Output = ()> + Send {
        Ready(self, None)
    }
}
