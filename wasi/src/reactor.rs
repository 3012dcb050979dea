//! Waiting without a thread of one's own: one thread of the process waits for all, and wakes who waits.
//!
//! No executor is asked for: preview 1 knows descriptors and clocks, and the system waits for both at once. The thread begins with
//! the first that waits, and stays. Where the system can be told once what is waited for (`epoll`), an event takes as long with ten thousand
//! that wait as with one; elsewhere (`poll`) it is asked about all of them anew.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod poll;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::epoll::Waiting;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::poll::Waiting;
use crate::wait::Wait;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

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

    /// Says that it is over, unless nobody waits any more.
    fn wake(&self) {
        let mut state = self.state();
        if let State::Waits(_) = &*state
            && let State::Waits(waker) = std::mem::replace(&mut *state, State::Over)
        {
            drop(state);
            waker.wake();
        }
    }
}

/// What the thread is told.
enum News {
    Waits(Arc<Waiter>),
    /// So that descriptors are not kept open for it.
    Dropped(Arc<Waiter>),
}

/// How the thread is reached.
struct Reactor {
    news: Mutex<Vec<News>>,
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
            let waiting = Waiting::new(&reader)?;
            let run = move || Self::get().expect("its thread begins only with it").run(reader, waiting);
            let begin = std::thread::Builder::new().name("wasi-reactor".into());
            let reactor = Reactor { news: Mutex::default(), bell: Mutex::new(writer) };
            begin.spawn(run).ok().map(|_| reactor)
        });
        reactor.as_ref()
    }

    /// Tells the thread.
    fn tell(&self, news: News) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).push(news);
        // If the pipe is full, it rings already.
        let _ = self.bell.lock().unwrap_or_else(PoisonError::into_inner).write(&[0]);
    }

    /// What the thread does, for ever.
    fn run(&self, mut reader: PipeReader, mut waiting: Waiting) {
        loop {
            // Before the news are read: what rings later will be heard later.
            let _ = reader.read(&mut [0; 64]);
            for news in std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner)) {
                match news {
                    News::Waits(waiter) => waiting.add(waiter),
                    News::Dropped(waiter) => waiting.remove(&waiter),
                }
            }
            waiting.wait(&reader, &mut |waiter| waiter.wake());
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
        reactor.tell(News::Waits(waiter));
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let Some(waiter) = self.1.take() else { return };
        let before = std::mem::replace(&mut *waiter.state(), State::Dropped);
        if let (State::Waits(_), Some(reactor)) = (before, Reactor::get()) {
            reactor.tell(News::Dropped(waiter));
        }
    }
}

impl Wait {
    /// Waits without a thread: the future is ready when the wait is over. Any executor can poll it.
    pub fn ready(self) -> impl Future<Output = ()> + Send {
        Ready(self, None)
    }
}
