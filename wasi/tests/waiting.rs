//! Waiting: for input, for room, for clocks, for connections, on this thread and without one.

mod support;

use pirn_wasi::{
    Errno, FdStream, HostMonotonicClock, HostRandom, HostWallClock, Outcome, Version, Wait, WasiCtxBuilder,
};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use support::{Arg, DATA, OUT, TestGuest};

/// A guest whose standard input is a pipe.
fn with_stdin() -> (TestGuest, io::PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    (TestGuest::new(WasiCtxBuilder::new().stdin(FdStream::new(reader)).build_p1()), writer)
}

/// A subscription to a clock, of `wasi_snapshot_preview1`.
fn clock(userdata: u64, id: u32, timeout: u64, flags: u16) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

/// A subscription to a descriptor: 1 to read it, 2 to write it.
fn descriptor(userdata: u64, kind: u8, fd: u32) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = kind;
    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
    bytes
}

/// An event: user data, errno, kind, bytes, flags.
type Event = (u64, u16, u8, u64, u16);

/// Puts subscriptions into memory, and asks once.
fn ask(guest: &mut TestGuest, subscriptions: &[[u8; 48]]) -> Outcome {
    let bytes = subscriptions.concat();
    guest.memory[DATA as usize..][..bytes.len()].copy_from_slice(&bytes);
    guest.attempt("poll_oneoff", &args![DATA, DATA + 8192, subscriptions.len() as u32, OUT], true)
}

fn events(guest: &TestGuest) -> Vec<Event> {
    let one = |index| {
        let at = DATA + 8192 + index * 32;
        let half = |at: u32| u16::from_le_bytes(guest.bytes(at, 2).try_into().unwrap());
        (guest.u64(at), half(at + 8), guest.bytes(at + 10, 1)[0], guest.u64(at + 16), half(at + 24))
    };
    (0..guest.u32(OUT)).map(one).collect()
}

/// Waits for the first as adapters do: what began is kept.
fn poll(guest: &mut TestGuest, subscriptions: &[[u8; 48]]) -> Vec<Event> {
    let bytes = subscriptions.concat();
    guest.memory[DATA as usize..][..bytes.len()].copy_from_slice(&bytes);
    guest.ctx.begin(true);
    loop {
        let mut memory = &mut guest.memory[..];
        let memory = &mut pirn_wasi::Guest::new(&mut memory, guest.version);
        let count = subscriptions.len() as u32;
        match pirn_wasi::functions::poll_oneoff(&mut guest.ctx, memory, DATA, DATA + 8192, count, OUT) {
            Outcome::Wait(wait) => wait.block(),
            Outcome::Done(errno) => {
                assert_eq!(errno, Errno::SUCCESS);
                return events(guest);
            }
        }
    }
}

/// Nothing to read is not said to be readable.
#[test]
fn input_is_readable_when_it_is() {
    let (mut guest, mut writer) = with_stdin();
    let both = [descriptor(1, 1, 0), clock(2, 1, 50_000_000, 0)];
    let begin = Instant::now();
    assert_eq!(poll(&mut guest, &both), [(2, 0, 0, 0, 0)]);
    assert!(begin.elapsed() >= Duration::from_millis(50));
    writer.write_all(b"line\n").unwrap();
    assert_eq!(poll(&mut guest, &both), [(1, 0, 1, 5, 0)]);
    assert_eq!(guest.read(0, 100).unwrap(), "line\n");
    // A thread writes while it is waited for.
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        writer.write_all(b"x").unwrap();
        writer
    });
    assert_eq!(poll(&mut guest, &[descriptor(1, 1, 0), clock(2, 1, 60_000_000_000, 0)]), [(1, 0, 1, 1, 0)]);
    assert_eq!(guest.read(0, 100).unwrap(), "x");
    // Nobody writes any more: it can be read, to its end.
    drop(thread.join().unwrap());
    assert_eq!(poll(&mut guest, &[descriptor(1, 1, 0)]), [(1, 0, 1, 0, 1)]);
    assert_eq!(guest.read(0, 100).unwrap(), "");
}

#[test]
fn output_is_writable_when_there_is_room() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().stdout(FdStream::new(writer.try_clone().unwrap())).build_p1());
    let both = [descriptor(1, 2, 1), clock(2, 1, 20_000_000, 0)];
    assert_eq!(poll(&mut guest, &both), [(1, 0, 2, 1, 0)]);
    // As much as fits, which is pages.
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[0; 4096]).is_ok() {}
    assert_eq!(poll(&mut guest, &both), [(2, 0, 0, 0, 0)]);
    // The descriptor does not wait; the guest does.
    let args = [1.into(), Arg::Write(b"x".into()), OUT.into()];
    assert!(matches!(guest.attempt("fd_write", &args, true), Outcome::Wait(_)));
    let mut all = vec![0; 65536];
    reader.read_exact(&mut all).unwrap();
    guest.write(1, "x");
}

#[test]
fn what_cannot_be_waited_for_says_so() {
    let scratch = support::Scratch::new("poll-kinds");
    std::fs::create_dir(scratch.path("d")).unwrap();
    scratch.file("d/f", "four");
    let mut guest = TestGuest::with_dir(&scratch, "d");
    let file = guest.open(3, "f", 0, 0x42, 0).unwrap();
    let all = [
        descriptor(1, 1, 77),
        descriptor(2, 1, 3),
        descriptor(3, 2, 0),
        descriptor(4, 1, 1),
        descriptor(5, 1, file),
        descriptor(6, 2, file),
        descriptor(7, 1, 0),
        clock(8, 1, 1 << 60, 0),
        clock(9, 0, 1, 1),
    ];
    let expected = [
        (1, 8, 1, 0, 0),
        (2, 8, 1, 0, 0),
        (3, 8, 2, 0, 0),
        (4, 8, 1, 0, 0),
        (5, 0, 1, 4, 0),
        (6, 0, 2, 1, 0),
        // Standard input that is empty.
        (7, 0, 1, 1, 0),
        (9, 0, 0, 0, 0),
    ];
    assert_eq!(poll(&mut guest, &all), expected);
    assert_eq!(guest.read(file, 4).unwrap(), "four");
    assert_eq!(poll(&mut guest, &[descriptor(5, 1, file)]), [(5, 0, 1, 0, 1)]);
    for (subscription, why) in [
        (clock(0, 2, 0, 0), "a clock that cannot be waited for"),
        (clock(0, 9, 0, 0), "no clock"),
        (clock(0, 1, 0, 2), "no flag"),
        (descriptor(0, 3, 0), "no kind"),
    ] {
        assert!(matches!(ask(&mut guest, &[subscription]), Outcome::Done(Errno::INVAL)), "{why}");
    }
    assert_eq!(guest.call("poll_oneoff", &args![DATA, DATA, 5000, OUT]), Errno::INVAL);
    assert_eq!(guest.call("poll_oneoff", &args![-8, DATA, 1, OUT]), Errno::FAULT);
}

/// A clock that a test moves.
#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl HostMonotonicClock for TestClock {
    fn resolution(&self) -> u64 {
        1000
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl HostWallClock for TestClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1_000_000)
    }
}

struct Counting(u8);

impl HostRandom for Counting {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        for byte in buffer {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

#[test]
fn clocks_and_random_numbers_can_be_replaced() {
    let clock_of_test = TestClock::default();
    let mut builder = WasiCtxBuilder::new();
    builder.wall_clock(TestClock::default()).monotonic_clock(clock_of_test.clone()).secure_random(Counting(0));
    let mut guest = TestGuest::new(builder.build_p1());
    let mut ask_clock = |name: &str, args: &[Arg]| {
        assert_eq!(guest.call(name, args), Errno::SUCCESS);
        guest.u64(OUT)
    };
    assert_eq!(ask_clock("clock_time_get", &args![0, 0, OUT]), 1_000_000_000_000_000);
    assert_eq!(ask_clock("clock_res_get", &args![0, OUT]), 1_000_000_000);
    assert_eq!(ask_clock("clock_time_get", &args![1, 0, OUT]), 0);
    assert_eq!(ask_clock("clock_res_get", &args![1, OUT]), 1000);
    assert_eq!(guest.call("random_get", &args![DATA, 5]), Errno::SUCCESS);
    assert_eq!(guest.bytes(DATA, 6), [1, 2, 3, 4, 5, 0]);
    // An hour passes in no time.
    let mover = clock_of_test.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        mover.0.store(3_600_000_000_000, Ordering::Relaxed);
    });
    let begin = Instant::now();
    assert_eq!(poll(&mut guest, &[clock(1, 1, 3_600_000_000_000, 0)]), [(1, 0, 0, 0, 0)]);
    assert!(begin.elapsed() < Duration::from_secs(60));
    thread.join().unwrap();
}

#[test]
fn the_older_interface_has_other_subscriptions() {
    let (mut guest, _writer) = with_stdin();
    guest.version = Version::Unstable;
    let mut bytes = [0; 112];
    bytes[..8].copy_from_slice(&7_u64.to_le_bytes());
    // Identifier, monotonic, 20 ms; then standard input.
    bytes[16..24].copy_from_slice(&99_u64.to_le_bytes());
    bytes[24..28].copy_from_slice(&1_u32.to_le_bytes());
    bytes[32..40].copy_from_slice(&20_000_000_u64.to_le_bytes());
    bytes[56 + 8] = 1;
    guest.memory[DATA as usize..][..112].copy_from_slice(&bytes);
    guest.ctx.begin(true);
    let begin = Instant::now();
    loop {
        let mut memory = &mut guest.memory[..];
        let memory = &mut pirn_wasi::Guest::new(&mut memory, guest.version);
        match pirn_wasi::functions::poll_oneoff(&mut guest.ctx, memory, DATA, DATA + 8192, 2, OUT) {
            Outcome::Wait(wait) => wait.block(),
            Outcome::Done(errno) => break assert_eq!(errno, Errno::SUCCESS),
        }
    }
    assert!(begin.elapsed() >= Duration::from_millis(20));
    assert_eq!(events(&guest), [(7, 0, 0, 0, 0)]);
}

/// A connection may be gone by the time it is accepted: another process took it. Then the guest waits for the next.
#[test]
fn accepting_does_not_wait_on_the_thread() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.try_clone().unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().preopened_socket(listener).build_p1());
    // Also where the call may wait on this thread, it says that it has to.
    assert!(matches!(guest.attempt("sock_accept", &args![3, 0, OUT], true), Outcome::Wait(_)));
    let _client = TcpStream::connect(address).unwrap();
    let _taken = other.accept().unwrap();
    assert!(matches!(guest.attempt("sock_accept", &args![3, 0, OUT], true), Outcome::Wait(_)));
    let _next = TcpStream::connect(address).unwrap();
    #[cfg(target_os = "linux")]
    let before = sockets_of_a_child();
    assert_eq!(guest.call("sock_accept", &args![3, 0, OUT]), Errno::SUCCESS);
    #[cfg(target_os = "linux")]
    assert_eq!(sockets_of_a_child(), before);
}

/// How many sockets a process has that this one starts.
#[cfg(target_os = "linux")]
fn sockets_of_a_child() -> usize {
    let output = std::process::Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().matches("socket:").count()
}

#[test]
fn sockets_accept_and_talk() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().preopened_socket(listener).build_p1());
    assert_eq!(guest.call("fd_fdstat_get", &args![3, OUT]), Errno::SUCCESS);
    // A stream's socket that accepts.
    assert_eq!((guest.bytes(OUT, 1)[0], guest.u64(OUT + 8) >> 29), (6, 1));
    assert_eq!(guest.call("fd_fdstat_set_flags", &args![3, 4]), Errno::SUCCESS);
    assert_eq!(guest.call("sock_accept", &args![3, 0, OUT]), Errno::AGAIN);
    assert_eq!(guest.call("fd_fdstat_set_flags", &args![3, 0]), Errno::SUCCESS);
    assert!(matches!(guest.attempt("sock_accept", &args![3, 0, OUT], false), Outcome::Wait(_)));
    let args = [3.into(), Arg::Read(1), 0.into(), OUT.into(), (OUT + 4).into()];
    assert_eq!(guest.call("sock_recv", &args), Errno::NOTCONN);

    let mut client = TcpStream::connect(address).unwrap();
    assert_eq!(poll(&mut guest, &[descriptor(1, 1, 3)])[0].2, 1);
    assert_eq!(guest.call("sock_accept", &args![3, 4, OUT]), Errno::SUCCESS);
    let fd = guest.u32(OUT);
    assert_eq!(guest.call("sock_accept", &args![fd, 0, OUT]), Errno::INVAL);
    let receive = |flags: u32| [fd.into(), Arg::Read(3), flags.into(), OUT.into(), (OUT + 4).into()];
    // It was to be one that does not wait.
    assert_eq!(guest.call("sock_recv", &receive(0)), Errno::AGAIN);
    assert_eq!(guest.call("fd_fdstat_set_flags", &args![fd, 0]), Errno::SUCCESS);
    client.write_all(b"hello").unwrap();
    assert_eq!(guest.call("sock_recv", &receive(1)), Errno::SUCCESS);
    assert_eq!(guest.bytes(DATA, guest.u32(OUT)), b"hel");
    assert_eq!(guest.call("sock_recv", &receive(2)), Errno::SUCCESS);
    assert_eq!(guest.bytes(DATA, guest.u32(OUT)), b"hel");
    assert_eq!(guest.read(fd, 100).unwrap(), "lo");
    let send = [fd.into(), Arg::Write(b"answer".into()), 0.into(), OUT.into()];
    assert_eq!(guest.call("sock_send", &send), Errno::SUCCESS);
    guest.write(fd, "!");
    assert_eq!(guest.call("sock_shutdown", &args![fd, 2]), Errno::SUCCESS);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer!");
    assert_eq!(guest.call("sock_send", &send), Errno::PIPE);
    assert_eq!(guest.call("sock_shutdown", &args![fd, 0]), Errno::INVAL);
    assert_eq!(guest.call("fd_seek", &args![fd, 0, 0, OUT]), Errno::SPIPE);
    drop(client);
    assert_eq!(guest.read(fd, 100).unwrap(), "");
    assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
}

#[test]
fn a_message_that_is_too_long_is_cut() {
    let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().preopened_socket(theirs).build_p1());
    ours.send(b"a long message").unwrap();
    let args = [3.into(), Arg::Read(6), 0.into(), OUT.into(), (OUT + 4).into()];
    assert_eq!(guest.call("sock_recv", &args), Errno::SUCCESS);
    assert_eq!((guest.bytes(DATA, 6), guest.u32(OUT)), (&b"a long"[..], 6));
    // `recv_data_truncated`, where the system says so.
    assert_eq!(guest.bytes(OUT + 4, 2), [u8::from(cfg!(target_os = "linux")), 0]);
    ours.send(b"short").unwrap();
    assert_eq!(guest.call("sock_recv", &args), Errno::SUCCESS);
    assert_eq!((guest.u32(OUT), guest.bytes(OUT + 4, 2)), (5, &[0, 0][..]));
    // None is taken that there is no telling of.
    ours.send(b"kept").unwrap();
    for (nread, out_flags) in [(u32::MAX, OUT), (OUT, u32::MAX)] {
        let lost = [3.into(), Arg::Read(6), 0.into(), nread.into(), out_flags.into()];
        assert_eq!(guest.call("sock_recv", &lost), Errno::FAULT);
    }
    assert_eq!(guest.call("sock_recv", &args), Errno::SUCCESS);
    assert_eq!(guest.u32(OUT), 4);
    assert_eq!(guest.call("fd_fdstat_get", &args![3, OUT]), Errno::SUCCESS);
    assert_eq!(guest.bytes(OUT, 1)[0], 5);
}

/// Polls futures in turn on this thread, which sleeps between.
fn block_on(futures: Vec<impl Future<Output = ()>>) {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    loop {
        futures.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
        if futures.is_empty() {
            return;
        }
        std::thread::park();
    }
}

/// What a call waits for, if it does.
fn wait_of(outcome: Outcome) -> Wait {
    match outcome {
        Outcome::Wait(wait) => wait,
        Outcome::Done(errno) => panic!("{errno}"),
    }
}

/// One thread waits for a hundred guests at once.
#[test]
fn many_wait_on_one_thread() {
    let begin = Instant::now();
    let mut guests: Vec<_> = (0..50).map(|_| with_stdin()).collect();
    let mut futures = Vec::new();
    for (guest, _) in &mut guests {
        let wait = wait_of(guest.attempt("fd_read", &[0.into(), Arg::Read(1), OUT.into()], false));
        futures.push(wait.ready());
        let mut sleeper = TestGuest::new(WasiCtxBuilder::new().build_p1());
        futures.push(wait_of(ask(&mut sleeper, &[clock(1, 1, 100_000_000, 0)])).ready());
    }
    // One that is given up does not disturb the others.
    let (mut other, _writer) = with_stdin();
    let wait = wait_of(other.attempt("fd_read", &[0.into(), Arg::Read(1), OUT.into()], false));
    let mut given_up = Box::pin(wait.ready());
    assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(given_up);
    let writers: Vec<_> = guests.iter().map(|(_, writer)| writer.try_clone().unwrap()).collect();
    let thread = std::thread::spawn(move || {
        for mut writer in writers {
            std::thread::sleep(Duration::from_millis(1));
            writer.write_all(b"x").unwrap();
        }
    });
    block_on(futures);
    thread.join().unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(100));
    for (guest, _) in &mut guests {
        assert_eq!(guest.read(0, 10).unwrap(), "x");
    }
}

/// Some hundred wait for as many pipes, two for each, and some for a time besides; every third is given up. Each of the others is woken by its own
/// event, whatever the order, and not before.
#[test]
fn hundreds_wait_and_each_is_woken_by_its_own_event() {
    const MANY: usize = 300;
    let mut guests: Vec<_> = (0..MANY).map(|_| with_stdin()).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut waits = Vec::new();
    for (i, (guest, _)) in guests.iter_mut().enumerate() {
        for twin in 0..2 {
            let wait = match (i % 4, twin) {
                // For its input, or for an hour.
                (0, 0) => wait_of(ask(guest, &[descriptor(1, 1, 0), clock(2, 1, 3_600_000_000_000, 0)])),
                _ => wait_of(guest.attempt("fd_read", &[0.into(), Arg::Read(1), OUT.into()], false)),
            };
            let mut ready = Box::pin(wait.ready());
            assert!(ready.as_mut().poll(&mut context).is_pending());
            waits.push(((i + twin) % 3 != 0).then_some(ready));
        }
    }
    let begin = Instant::now();
    for step in 0..MANY {
        // Of 300 numbers, each once.
        let i = step * 77 % MANY;
        assert!(waits[2 * i..2 * i + 2].iter_mut().flatten().all(|wait| wait.as_mut().poll(&mut context).is_pending()));
        guests[i].1.write_all(b"x").unwrap();
        block_on(waits[2 * i..2 * i + 2].iter_mut().filter_map(Option::take).collect());
        assert_eq!(guests[i].0.read(0, 1).unwrap(), "x");
    }
    println!("{MANY} events in {:?}", begin.elapsed());
}

/// A wait whose time has come is over when it is polled next.
#[test]
fn a_future_is_woken_once() {
    let mut guest = TestGuest::new(WasiCtxBuilder::new().build_p1());
    let mut ready = pin!(wait_of(ask(&mut guest, &[clock(1, 1, 1_000_000, 0)])).ready());
    let mut context = Context::from_waker(Waker::noop());
    let begin = Instant::now();
    while ready.as_mut().poll(&mut context).is_pending() {
        assert!(begin.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(begin.elapsed() >= Duration::from_millis(1));
}

#[test]
fn a_stream_may_be_a_socket() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let theirs2 = theirs.try_clone().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(FdStream::new(theirs)).stdout(FdStream::new(theirs2));
    let mut guest = TestGuest::new(builder.build_p1());
    ours.write_all(b"question").unwrap();
    assert_eq!(guest.read(0, 100).unwrap(), "question");
    guest.write(1, "answer");
    let mut answer = [0; 6];
    ours.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
}

/// Whoever may not wait on the thread writes what there is room for, however much that is less than it would.
#[test]
fn a_guest_that_may_not_wait_does_not() {
    let (mut reader, writer) = io::pipe().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(FdStream::new(writer)).preopened_socket(theirs);
    let mut guest = TestGuest::new(builder.build_p1());
    let much = vec![7; 3 << 20];
    for (fd, name) in [(1, "fd_write"), (3, "fd_write"), (3, "sock_send")] {
        // In room for that much.
        let at = 1 << 20;
        guest.memory.resize(at + much.len(), 0);
        guest.memory[at..].copy_from_slice(&much);
        guest.memory[DATA as usize..][..8]
            .copy_from_slice(&[at as u32, much.len() as u32].map(u32::to_le_bytes).concat());
        let args =
            if name == "fd_write" { args![fd, DATA, 1, OUT].to_vec() } else { args![fd, DATA, 1, 0, OUT].to_vec() };
        let mut written = 0;
        let wait = loop {
            match guest.attempt(name, &args, false) {
                Outcome::Done(errno) => {
                    assert_eq!(errno, Errno::SUCCESS);
                    assert!(guest.u32(OUT) > 0);
                    written += guest.u32(OUT) as usize;
                    assert!(written < much.len(), "nobody reads");
                }
                Outcome::Wait(wait) => break wait,
            }
        };
        // When somebody reads, it goes on.
        let mut buffer = vec![0; much.len()];
        let read = if fd == 1 { reader.read(&mut buffer) } else { (&ours).read(&mut buffer) };
        assert!(read.unwrap() > 0);
        block_on(vec![wait.ready()]);
        assert!(matches!(guest.attempt(name, &args, false), Outcome::Done(Errno::SUCCESS)));
        if fd == 3 {
            ours.set_nonblocking(true).unwrap();
            while (&ours).read(&mut buffer).is_ok() {}
            ours.set_nonblocking(false).unwrap();
        }
    }
}

/// The system takes only so many descriptors at once as a process may have open: guests ask about the same ones as often as they like.
#[test]
fn many_may_ask_about_the_same_descriptor() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let open = limit.current.map_or(1024, |current| current.min(1024));
    setrlimit(Resource::Nofile, Rlimit { current: Some(open), ..limit }).unwrap();
    let (mut guest, mut writer) = with_stdin();
    let many = vec![descriptor(1, 1, 0); open as usize + 10];
    let wait = wait_of(ask_many(&mut guest, &many));
    let mut ready = Box::pin(wait.ready());
    assert!(ready.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // Nobody is woken for no reason.
    std::thread::sleep(Duration::from_millis(50));
    assert!(ready.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    writer.write_all(b"x").unwrap();
    block_on(vec![ready]);
    assert!(matches!(ask_many(&mut guest, &many), Outcome::Done(Errno::SUCCESS)));
    assert_eq!(guest.u32(OUT), open as u32 + 10);
    // Who asks to write is told nothing of reading.
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut guest = TestGuest::new(WasiCtxBuilder::new().preopened_socket(theirs).build_p1());
    let both = [descriptor(1, 1, 3), descriptor(2, 2, 3)];
    assert_eq!(poll(&mut guest, &both), [(2, 0, 2, 1, 0)]);
    (&ours).write_all(b"abc").unwrap();
    assert_eq!(poll(&mut guest, &both), [(1, 0, 1, 3, 0), (2, 0, 2, 1, 0)]);
}

/// As [`ask`], with room for many.
fn ask_many(guest: &mut TestGuest, subscriptions: &[[u8; 48]]) -> Outcome {
    let (at, bytes) = (1_u32 << 20, subscriptions.concat());
    let events = at + bytes.len() as u32;
    guest.memory.resize(events as usize + subscriptions.len() * 32, 0);
    guest.memory[at as usize..][..bytes.len()].copy_from_slice(&bytes);
    guest.attempt("poll_oneoff", &args![at, events, subscriptions.len() as u32, OUT], false)
}
