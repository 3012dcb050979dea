//! Waiting without a thread of one's own: one thread of the process waits for all, and wakes who waits.
//!
//! No executor is asked for: preview 1 knows descriptors and clocks, and the system waits for both at once. The thread begins with
//! the first that waits, and stays. Where the system can be told once what is waited for (`epoll`), an event takes as long with ten thousand
//! that wait as with one; elsewhere (`poll`) it is asked about all of them anew.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod poll;
mod waiter;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::epoll::Waiting;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::poll::Waiting;
use self::waiter::{State, Waiter};
use crate::wait::Wait;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll};

/// What the thread is told.
enum News {
    Waits(Arc<Waiter>),
    /// So that descriptors are not kept open for it.
    Dropped(Arc<Waiter>),
}

/// How the thread is reached.
struct Reactor {
    /// Whose thread it is. One made by `fork` has none of the threads, but all of the memory.
    process: u32,
    news: Mutex<Vec<News>>,
    /// What is written here ends the thread's waiting.
    bell: Mutex<PipeWriter>,
}

impl Reactor {
    /// The reactor of the process; none if the system has no thread or descriptors for it now.
    fn get() -> Option<Arc<Self>> {
        static REACTOR: RwLock<Option<Arc<Reactor>>> = RwLock::new(None);
        let of_this = |reactor: &Option<Arc<Self>>| reactor.clone().filter(|reactor| reactor.is_of_this_process());
        if let Some(reactor) = of_this(&REACTOR.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(reactor);
        }
        let mut reactor = REACTOR.write().unwrap_or_else(PoisonError::into_inner);
        if of_this(&reactor).is_none() {
            *reactor = Some(Self::begin()?);
        }
        reactor.clone()
    }

    fn begin() -> Option<Arc<Self>> {
        let (reader, writer) = std::io::pipe().ok()?;
        // A bell that nobody has heard yet need not ring twice.
        rustix::io::ioctl_fionbio(&writer, true).ok()?;
        rustix::io::ioctl_fionbio(&reader, true).ok()?;
        let waiting = Waiting::new(&reader)?;
        let reactor = Self { process: std::process::id(), news: Mutex::default(), bell: Mutex::new(writer) };
        let reactor = Arc::new(reactor);
        let its = Arc::clone(&reactor);
        std::thread::Builder::new().name("wasi-reactor".into()).spawn(move || its.run(reader, waiting)).ok()?;
        Some(reactor)
    }

    fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
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
            let _ = reader.read(&mut [0; 4096]);
            // By itself, so that nothing is locked meanwhile: what is dropped here may tell something, too.
            let news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
            for news in news {
                match news {
                    // Unless it was given up already.
                    News::Waits(waiter) if waiter.waits() => waiting.add(waiter),
                    News::Waits(waiter) => guarded(|| drop(waiter)),
                    News::Dropped(waiter) => {
                        waiting.remove(&waiter);
                        guarded(|| drop(waiter));
                    }
                }
            }
            waiting.wait(&reader, &mut |waiter| guarded(move || waiter.wake()));
        }
    }
}

/// Does what is the embedder's: waking, and dropping what the last one waited for. Where that panics, the others are waited for all the same.
fn guarded(action: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(action));
}

/// The future of [`Wait::ready`].
struct Ready {
    wait: Wait,
    /// Whom the reactor was told of.
    told: Option<(Arc<Waiter>, Arc<Reactor>)>,
}

impl Future for Ready {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some((waiter, reactor)) = &self.told
            && reactor.is_of_this_process()
        {
            let mut state = waiter.state();
            if let State::Waits(waker) = &mut *state {
                waker.clone_from(context.waker());
                return Poll::Pending;
            }
            return Poll::Ready(());
        }
        let Some(reactor) = Reactor::get() else {
            if self.wait.block_briefly() {
                return Poll::Ready(());
            }
            // Others on this thread go on meanwhile, and what the reactor lacks may be there the next time.
            context.waker().wake_by_ref();
            return Poll::Pending;
        };
        let state = Mutex::new(State::Waits(context.waker().clone()));
        let waiter = Arc::new(Waiter { wait: self.wait.clone(), state });
        self.told = Some((Arc::clone(&waiter), Arc::clone(&reactor)));
        reactor.tell(News::Waits(waiter));
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let Some((waiter, reactor)) = self.told.take() else { return };
        let before = std::mem::replace(&mut *waiter.state(), State::Dropped);
        if let State::Waits(_) = before
            && reactor.is_of_this_process()
        {
            reactor.tell(News::Dropped(waiter));
        }
    }
}

impl Wait {
    /// Waits without a thread: the future is ready when the wait is over. Any executor can poll it.
    pub fn ready(self) -> impl Future<Output = ()> + Send {
        Ready { wait: self, told: None }
    }
}
