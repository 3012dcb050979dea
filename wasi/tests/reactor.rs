//! The one thread that waits for guests that are called asynchronously: whatever embedders do meanwhile, it neither forgets anybody nor spins.
#![cfg(unix)]

mod support;

use pirn_wasi::{FdStream, Outcome, StdinStream, Wait, WasiCtxBuilder};
#[cfg(target_os = "linux")]
use rustix::event::epoll;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use support::{Arg, DATA, OUT, TestGuest};

/// After so long nobody will be woken any more, however much else the machine does.
const PATIENCE: Duration = Duration::from_secs(120);

type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A guest with this standard input.
fn with(stdin: impl StdinStream + 'static) -> TestGuest {
    TestGuest::new(WasiCtxBuilder::new().stdin(stdin).build_p1())
}

fn with_stdin() -> (TestGuest, io::PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    (with(FdStream::new(reader)), writer)
}

/// What a call waits for, if it does.
fn wait_of(outcome: Outcome) -> Wait {
    match outcome {
        Outcome::Wait(wait) => wait,
        Outcome::Done(errno) => panic!("{errno}"),
    }
}

fn reads(guest: &mut TestGuest) -> Wait {
    wait_of(guest.attempt("fd_read", &[0.into(), Arg::Read(1), OUT.into()], false))
}

/// Asks for standard input so often, and for a time.
fn asks(guest: &mut TestGuest, times: usize, nanos: Option<u64>) -> Wait {
    let mut bytes = vec![0; 48 * times];
    bytes.chunks_exact_mut(48).for_each(|one: &mut [u8]| one[8] = 1);
    if let Some(nanos) = nanos {
        let mut clock = [0; 48];
        clock[16] = 1;
        clock[24..32].copy_from_slice(&nanos.to_le_bytes());
        bytes.extend(clock);
    }
    let count = (bytes.len() / 48) as u32;
    let events = DATA + bytes.len() as u32;
    guest.memory.resize((events + count * 32) as usize, 0);
    guest.memory[DATA as usize..][..bytes.len()].copy_from_slice(&bytes);
    wait_of(guest.attempt("poll_oneoff", &args![DATA, events, count, OUT], false))
}

/// Counts how often it is woken, and unparks a thread.
struct Counter(AtomicUsize, std::thread::Thread);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.unpark();
    }
}

fn counter() -> (Arc<Counter>, Waker) {
    let counter = Arc::new(Counter(AtomicUsize::new(0), std::thread::current()));
    (Arc::clone(&counter), Waker::from(counter))
}

fn poll(ready: &mut Ready, waker: &Waker) -> Poll<()> {
    ready.as_mut().poll(&mut Context::from_waker(waker))
}

fn pending(wait: Wait, waker: &Waker) -> Ready {
    let mut ready: Ready = Box::pin(wait.ready());
    assert!(poll(&mut ready, waker).is_pending());
    ready
}

/// Waits for it, not for ever.
fn must_end(mut ready: Ready, what: &str) {
    let (_, waker) = counter();
    let begin = Instant::now();
    while poll(&mut ready, &waker).is_pending() {
        assert!(begin.elapsed() < PATIENCE, "{what}: nobody was woken");
        // It is this waker that is woken: nothing else ends this.
        std::thread::park_timeout(PATIENCE);
    }
}

/// The reactor has done what it was told to before.
fn settled() {
    let mut guest = TestGuest::new(WasiCtxBuilder::new().build_p1());
    must_end(Box::pin(asks(&mut guest, 0, Some(20_000_000)).ready()), "a clock");
}

/// Standard input whose end is the embedder's, who does something then.
struct Ends<F: FnMut() + Send>(OwnedFd, Mutex<F>);

impl<F: FnMut() + Send> StdinStream for Ends<F> {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

impl<F: FnMut() + Send> Drop for Ends<F> {
    fn drop(&mut self) {
        (self.1.get_mut().unwrap())();
    }
}

/// The last that holds a stream may be the reactor; what ends with it may wait for others, wake, and be given up.
#[test]
fn what_is_dropped_by_the_reactor_may_wait_itself() {
    let (reader, _writer) = io::pipe().unwrap();
    let (sender, dropped) = mpsc::channel();
    let (mut other, _other_writer) = with_stdin();
    let mut given_up = Some(pending(reads(&mut other), Waker::noop()));
    let mut guest = with(Ends(
        reader.into(),
        Mutex::new(move || {
            drop(given_up.take());
            drop(pending(reads(&mut other), Waker::noop()));
            sender.send(()).unwrap();
        }),
    ));
    let ready = pending(reads(&mut guest), Waker::noop());
    drop(guest);
    settled();
    drop(ready);
    dropped.recv_timeout(PATIENCE).expect("it is dropped");
    settled();
}

/// A waker that panics, and a stream that does so when it is dropped, disturb nobody else.
#[test]
fn panics_of_embedders_end_nothing() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("as the test wants: a waker");
        }
    }
    let (mut guest, mut writer) = with_stdin();
    let (mut twin, mut twin_writer) = with_stdin();
    let first = pending(reads(&mut guest), &Waker::from(Arc::new(Panics)));
    let second = pending(reads(&mut guest), Waker::noop());
    let third = pending(reads(&mut twin), Waker::noop());
    writer.write_all(b"x").unwrap();
    must_end(second, "who waits for the same");
    must_end(first, "whose waker panics");
    let (reader, _writer) = io::pipe().unwrap();
    let mut ends = with(Ends(
        reader.into(),
        Mutex::new(|| {
            // The last to hold it may also be this thread.
            assert_ne!(std::thread::current().name(), Some("wasi-reactor"), "as the test wants: a stream");
        }),
    ));
    let fourth = pending(reads(&mut ends), Waker::noop());
    drop(ends);
    drop(fourth);
    settled();
    twin_writer.write_all(b"x").unwrap();
    must_end(third, "who waits for something else");
}

/// Wakers may poll, begin and give up waiting at once, on the reactor's own thread.
#[test]
fn wakers_may_do_everything_themselves() {
    struct Inline(Mutex<(Option<Ready>, usize, TestGuest, io::PipeWriter)>, mpsc::Sender<()>);
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let waker = Waker::from(Arc::clone(&self));
            let (ready, left, guest, writer) = &mut *self.0.lock().unwrap();
            assert!(poll(ready.as_mut().unwrap(), &waker).is_ready());
            assert_eq!(guest.read(0, 1).unwrap(), "x");
            *left -= 1;
            if *left == 0 {
                *ready = None;
                return self.1.send(()).unwrap();
            }
            // Before the one is given up whose turn it was.
            let next = pending(reads(guest), &waker);
            drop(pending(reads(guest), Waker::noop()));
            *ready = Some(next);
            writer.write_all(b"x").unwrap();
        }
    }
    let (guest, writer) = with_stdin();
    let (sender, done) = mpsc::channel();
    let inline = Arc::new(Inline(Mutex::new((None, 1000, guest, writer)), sender));
    {
        let (ready, _, guest, writer) = &mut *inline.0.lock().unwrap();
        *ready = Some(pending(reads(guest), &Waker::from(Arc::clone(&inline))));
        writer.write_all(b"x").unwrap();
    }
    done.recv_timeout(PATIENCE).expect("all are woken");
}

/// What the system does not take among what it tells of, as epolls within epolls within epolls, is waited for all the same, without spinning.
#[cfg(target_os = "linux")]
#[test]
fn what_epoll_refuses_is_waited_for() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    let mut all: Vec<OwnedFd> = vec![reader.try_clone().unwrap().into()];
    for _ in 0..5 {
        let outer = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        epoll::add(&outer, all.last().unwrap(), epoll::EventData::new_u64(0), epoll::EventFlags::IN).unwrap();
        all.push(outer);
    }
    let mut guest = with(FdStream::new(all.last().unwrap().try_clone().unwrap()));
    let (counter, waker) = counter();
    let given_up = pending(reads(&mut guest), &waker);
    let (reading, asking) = (pending(reads(&mut guest), &waker), pending(asks(&mut guest, 3, None), &waker));
    let (timed, begin) = (pending(asks(&mut guest, 3, Some(50_000_000)), Waker::noop()), Instant::now());
    drop(given_up);
    must_end(timed, "who waits for a time, too");
    assert!(begin.elapsed() >= Duration::from_millis(40));
    assert_eq!(counter.0.load(Ordering::Relaxed), 0, "nothing has happened");
    writer.write_all(b"x").unwrap();
    must_end(reading, "who reads");
    must_end(asking, "who asks");
    reader.read_exact(&mut [0]).unwrap();
    settled();
}

/// Standard input that is open elsewhere, under a number that may stand for something else later.
#[derive(Clone)]
struct Borrowed(Arc<OwnedFd>);

impl StdinStream for Borrowed {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.0, buffer)?)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// Something else gets the number of what is waited for (as `dup2` does to standard input): who waits then waits for that, and so do those who
/// wait already when somebody else comes.
#[test]
fn a_number_may_stand_for_something_else() {
    // Whether what the number stood for before is still open elsewhere.
    for kept in [false, true] {
        let ((old, mut old_writer), (new, mut new_writer)) = (io::pipe().unwrap(), io::pipe().unwrap());
        let stream = Borrowed(Arc::new(old.try_clone().unwrap().into()));
        let old = kept.then_some(old);
        let (mut first, mut second) = (with(stream.clone()), with(stream.clone()));
        let (counter, waker) = counter();
        let waits = pending(reads(&mut first), &waker);
        settled();
        replace(&stream.0, &new);
        let later = pending(reads(&mut second), &waker);
        settled();
        assert_eq!(counter.0.load(Ordering::Relaxed), 0, "nothing has happened");
        new_writer.write_all(b"x").unwrap();
        must_end(later, "who came later");
        must_end(waits, "who was there before");
        assert_eq!(first.read(0, 1).unwrap(), "x");
        let again = pending(reads(&mut first), &waker);
        if old.is_some() {
            old_writer.write_all(b"x").unwrap();
        }
        settled();
        new_writer.write_all(b"x").unwrap();
        must_end(again, "who waits again");
    }
}

/// As `dup2`.
fn replace(number: &OwnedFd, with: &impl AsFd) {
    use std::os::fd::{AsRawFd, FromRawFd};
    // SAFETY: the number is open, and stays so; it is not closed here.
    let mut number = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number.as_raw_fd()) });
    rustix::io::dup2(with, &mut number).unwrap();
}

/// One guest asks for one descriptor as often as it can, with many that wait for it too: that costs the others no more than any.
#[test]
fn whoever_asks_often_does_not_hold_up_the_others() {
    let (reader, mut writer) = io::pipe().unwrap();
    let stream = Borrowed(Arc::new(reader.into()));
    let mut guests: Vec<_> = (0..20).map(|_| with(stream.clone())).collect();
    let mut waits: Vec<_> = guests.iter_mut().map(|guest| pending(asks(guest, 4096, None), Waker::noop())).collect();
    settled();
    let begin = Instant::now();
    for _ in 0..5 {
        must_end(pending(asks(&mut guests[0], 4095, Some(1000)), Waker::noop()), "a clock");
    }
    println!("4095 subscriptions five times: {:?}", begin.elapsed());
    assert!(begin.elapsed() < PATIENCE);
    writer.write_all(b"x").unwrap();
    let begin = Instant::now();
    waits.drain(..).for_each(|wait| must_end(wait, "one of twenty"));
    println!("woken: {:?}", begin.elapsed());
}

/// Thousands wait for one descriptor.
#[test]
fn thousands_wait_for_the_same() {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut guest = with(FdStream::new(reader));
    let begin = Instant::now();
    let mut waits: Vec<_> = (0..20_000).map(|_| pending(reads(&mut guest), Waker::noop())).collect();
    waits.truncate(10_000);
    settled();
    writer.write_all(b"x").unwrap();
    waits.into_iter().for_each(|wait| must_end(wait, "one of thousands"));
    println!("20000 for one descriptor: {:?}", begin.elapsed());
}

/// Thousands of times, equal ones among them, and such that are past.
#[test]
fn thousands_wait_for_times() {
    let mut guest = TestGuest::new(WasiCtxBuilder::new().build_p1());
    let (begin, mut waits) = (Instant::now(), Vec::new());
    for i in 0_u64..3000 {
        let wait = asks(&mut guest, 0, Some([1, 1_000_000, 40_000_000, u64::MAX, u64::MAX / 4][i as usize % 5]));
        // The same time for several.
        waits.extend((0..3).map(|_| (i % 5, Box::pin(wait.clone().ready()) as Ready)));
    }
    let (_, waker) = counter();
    waits.retain_mut(|(_, ready)| poll(ready, &waker).is_pending());
    for (kind, ready) in waits {
        if kind < 3 {
            must_end(ready, "a clock");
        }
    }
    println!("9000 times: {:?}", begin.elapsed());
}

/// Guests on some threads read from thousands of pipes, give waiting up, begin it again under another waker, and close; everything comes.
#[test]
fn thousands_of_pipes_in_any_order() {
    const THREADS: u64 = 4;
    const PIPES: usize = 600;
    const STEPS: u64 = 6000;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let needed = 2 * PIPES as u64 * THREADS + 500;
    if limit.maximum.is_some_and(|most| most < needed) {
        return;
    }
    let more = rustix::process::Rlimit { current: Some(limit.current.unwrap_or(needed).max(needed)), ..limit };
    if rustix::process::setrlimit(rustix::process::Resource::Nofile, more).is_err() {
        return;
    }
    let begin = Instant::now();
    let one = |seed: u64| {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 33) as usize % below
        };
        let wakers = [counter().1, counter().1];
        let mut pipes: Vec<_> = (0..PIPES).map(|_| Some(with_stdin())).collect();
        let mut waits: Vec<Vec<Ready>> = (0..PIPES).map(|_| Vec::new()).collect();
        for _ in 0..STEPS {
            let at = random(PIPES);
            let Some((guest, writer)) = &mut pipes[at] else {
                pipes[at] = Some(with_stdin());
                continue;
            };
            match random(8) {
                0 | 1 => waits[at].push(pending(reads(guest), &wakers[random(2)])),
                2 => {
                    let often = 1 + random(3);
                    waits[at].push(pending(asks(guest, often, Some(3_600_000_000_000)), &wakers[random(2)]));
                }
                3 if !waits[at].is_empty() => {
                    let one = random(waits[at].len());
                    drop(waits[at].swap_remove(one));
                }
                4 => waits[at].iter_mut().for_each(|wait| assert!(poll(wait, &wakers[random(2)]).is_pending())),
                5 => {
                    writer.write_all(b"x").unwrap();
                    waits[at].drain(..).for_each(|wait| must_end(wait, "a pipe"));
                    assert_eq!(guest.read(0, 1).unwrap(), "x");
                }
                6 => {
                    // Its writing end is closed.
                    let (guest, writer) = pipes[at].take().unwrap();
                    drop(writer);
                    if random(2) == 0 {
                        drop(guest);
                    }
                    waits[at].drain(..).for_each(|wait| must_end(wait, "a pipe that ends"));
                }
                7 => {
                    // Given up together with the guest; the numbers are used again at once.
                    pipes[at] = None;
                    waits[at].clear();
                }
                _ => {}
            }
        }
    };
    std::thread::scope(|scope| {
        for seed in 1..=THREADS {
            scope.spawn(move || one(seed));
        }
    });
    println!("{} operations: {:?}", STEPS * THREADS, begin.elapsed());
}

/// Who reads and who writes the same socket are woken each by their own, and both when it ends.
#[test]
fn readers_and_writers_of_the_same() {
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().preopened_socket(theirs.try_clone().unwrap()).build_p1());
    let full = |mut socket: &std::os::unix::net::UnixStream| {
        socket.set_nonblocking(true).unwrap();
        while socket.write(&[0; 4096]).is_ok() {}
        socket.set_nonblocking(false).unwrap();
    };
    let (_, waker) = counter();
    for _ in 0..20 {
        full(&theirs);
        let read = wait_of(guest.attempt("fd_read", &[3.into(), Arg::Read(1), OUT.into()], false));
        let write = wait_of(guest.attempt("fd_write", &[3.into(), Arg::Write(b"y".into()), OUT.into()], false));
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            readers.push(pending(read.clone(), &waker));
            writers.push(pending(write.clone(), &waker));
        }
        ours.write_all(b"x").unwrap();
        readers.into_iter().for_each(|reader| must_end(reader, "a reader"));
        settled();
        assert!(writers.iter_mut().all(|writer| poll(writer, &waker).is_pending()));
        // Reading may be waited for again.
        guest.read(3, 1).unwrap();
        let mut reader = pending(read, &waker);
        ours.set_nonblocking(true).unwrap();
        while ours.read(&mut [0; 4096]).is_ok() {}
        ours.set_nonblocking(false).unwrap();
        writers.into_iter().for_each(|writer| must_end(writer, "a writer"));
        settled();
        assert!(poll(&mut reader, &waker).is_pending());
    }
    full(&theirs);
    let read = wait_of(guest.attempt("fd_read", &[3.into(), Arg::Read(1), OUT.into()], false));
    let write = wait_of(guest.attempt("fd_write", &[3.into(), Arg::Write(b"y".into()), OUT.into()], false));
    let all = [pending(read, &waker), pending(write, &waker)];
    drop(ours);
    all.into_iter().for_each(|wait| must_end(wait, "who waits for a socket that ends"));
}

/// Where no descriptor is left for the reactor, guests wait all the same, and others on the thread go on; once there are some, it begins.
#[test]
fn it_begins_later_where_no_descriptor_is_left() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const NAME: &str = "it_begins_later_where_no_descriptor_is_left";
    if std::env::var_os(NAME).is_none() {
        // It has a process of its own, where nobody else has had to wait.
        let mut own = Command::new(std::env::current_exe().unwrap());
        assert!(own.args(["--exact", NAME, "--nocapture"]).env(NAME, "1").status().unwrap().success());
        return;
    }
    let (mut guest, mut writer) = with_stdin();
    let (mut other, mut other_writer) = with_stdin();
    let limit = getrlimit(Resource::Nofile);
    let all: Vec<_> = std::iter::from_fn(|| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(40), ..limit }).unwrap();
        std::fs::File::open("/dev/null").ok()
    })
    .collect();
    let (counter, waker) = counter();
    // What is over later on the same thread.
    let (mut ready, mut twin) = (pending(reads(&mut guest), &waker), pending(reads(&mut other), &waker));
    assert_eq!(counter.0.load(Ordering::Relaxed), 2, "they ask to be polled again");
    let mut clock: Ready = Box::pin(asks(&mut guest, 1, Some(20_000_000)).ready());
    let begin = Instant::now();
    while poll(&mut clock, &waker).is_pending() {
        assert!(begin.elapsed() < PATIENCE);
    }
    writer.write_all(b"x").unwrap();
    assert!(poll(&mut ready, &waker).is_ready());
    assert!(poll(&mut twin, &waker).is_pending());
    drop(all);
    // Now there is one.
    assert!(poll(&mut twin, &waker).is_pending());
    let before = counter.0.load(Ordering::Relaxed);
    settled();
    assert_eq!(counter.0.load(Ordering::Relaxed), before);
    other_writer.write_all(b"x").unwrap();
    must_end(twin, "who has the reactor now");
}

/// A process made by `fork` has no thread of the other's: it begins its own, also for who waited before.
#[cfg(target_os = "linux")]
#[test]
fn a_forked_process_has_its_own() {
    const NAME: &str = "a_forked_process_has_its_own";
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    if std::env::var_os(NAME).is_none() {
        // In a process where no other test has locked anything.
        let mut own = Command::new(std::env::current_exe().unwrap());
        assert!(own.args(["--exact", NAME, "--nocapture"]).env(NAME, "1").status().unwrap().success());
        return;
    }
    let ((mut guest, mut writer), (mut other, mut other_writer)) = (with_stdin(), with_stdin());
    let (before, given_up) = (pending(reads(&mut guest), Waker::noop()), pending(reads(&mut guest), Waker::noop()));
    let other_waits = pending(reads(&mut other), Waker::noop());
    settled();
    // SAFETY: the only other threads are the reactor, which waits, and the test's, which does too.
    let process = unsafe { fork() };
    if process == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(given_up);
            let mut before = before;
            assert!(poll(&mut before, Waker::noop()).is_pending());
            let after = pending(reads(&mut guest), Waker::noop());
            settled();
            writer.write_all(b"x").unwrap();
            must_end(before, "who waited before");
            must_end(after, "who waits since");
            assert_eq!(guest.read(0, 1).unwrap(), "x");
        }));
        // SAFETY: this process ends here.
        unsafe { _exit(i32::from(result.is_err())) };
    }
    assert!(process > 0);
    let mut status = 0;
    // SAFETY: the status is written there.
    assert_eq!(unsafe { waitpid(process, &mut status, 0) }, process);
    assert_eq!(status, 0, "the child has seen what it waited for");
    other_writer.write_all(b"x").unwrap();
    must_end(other_waits, "the parent");
}
