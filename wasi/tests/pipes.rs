//! Opening what opening may wait for: named pipes, and files that another process has a lease on.

mod support;

use pirn_wasi::{Errno, Outcome};
use support::{Arg, DATA, OUT, Scratch, TestGuest, named_pipe};

/// The number of a descriptor of this process that is open to be read, by its path.
#[cfg(target_os = "linux")]
fn fd_of(path: &std::path::Path) -> String {
    let path = path.canonicalize().unwrap();
    let is_it = |fd: &std::fs::DirEntry| std::fs::read_link(fd.path()).is_ok_and(|target| target == path);
    let found = std::fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap).find(is_it).expect("it is open");
    found.file_name().into_string().unwrap()
}

/// Opening a named pipe waits for the other end, which must not hold up the thread of an asynchronous caller.
#[test]
fn named_pipes_open_without_waiting_on_the_thread() {
    let scratch = Scratch::new("named-pipes");
    let fifo = scratch.path("fifo");
    named_pipe(&fifo);
    let mut guest = TestGuest::with_dir(&scratch, "");
    let open = |rights: u64| [args![3, 1, "fifo", 0].as_slice(), &args![rights, 0, 0, OUT]].concat();
    let (reading, writing) = (open(2), open(0x40));
    // Nobody reads yet.
    assert!(matches!(guest.attempt("path_open", &writing, false), Outcome::Wait(_)));
    assert!(matches!(guest.attempt("path_open", &reading, false), Outcome::Done(Errno::SUCCESS)));
    let reader = guest.u32(OUT);
    // Nobody has written yet: that is not the end of the pipe.
    let read = [reader.into(), Arg::Read(9), OUT.into()];
    assert!(matches!(guest.attempt("fd_read", &read, false), Outcome::Wait(_)));
    assert!(matches!(guest.attempt("path_open", &writing, false), Outcome::Done(Errno::SUCCESS)));
    let writer = guest.u32(OUT);
    assert!(matches!(guest.attempt("fd_read", &read, false), Outcome::Wait(_)));
    guest.write(writer, "text");
    assert_eq!(guest.read(reader, 9).unwrap(), "text");
    // The guest asked for none that fail where they would wait.
    assert_eq!(guest.call("fd_fdstat_get", &args![reader, OUT]), Errno::SUCCESS);
    assert_eq!(guest.bytes(OUT + 2, 2), [0, 0]);
    #[cfg(target_os = "linux")]
    {
        let system = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd_of(&fifo))).unwrap();
        let flags = system.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim().to_owned();
        assert_eq!(u32::from_str_radix(&flags, 8).unwrap() & 0o4000, 0, "it waits in the system, too");
    }
    assert_eq!(guest.call("fd_close", &args![writer]), Errno::SUCCESS);
    assert_eq!(guest.read(reader, 9).unwrap(), "");
}

/// How else named pipes are opened, and what is no pipe: nothing waits on the thread, and flags stay what the guest asked for.
#[test]
fn named_pipes_and_others_are_opened_as_they_were() {
    const READ: u64 = 2;
    const WRITE: u64 = 0x40;
    let scratch = Scratch::new("named-pipes-else");
    named_pipe(scratch.path("fifo"));
    std::os::unix::fs::symlink("fifo", scratch.path("link")).unwrap();
    std::os::unix::fs::symlink("nothing", scratch.path("dangling")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(scratch.path("socket"));
    let mut guest = TestGuest::with_dir(&scratch, "");
    let mut open = |path: &str, follow: u32, oflags: u32, rights: u64, flags: u32| {
        let args = [args![3, follow, path, oflags].as_slice(), &args![rights, 0, flags, OUT]].concat();
        match guest.attempt("path_open", &args, false) {
            Outcome::Wait(_) => None,
            Outcome::Done(Errno::SUCCESS) => Some(Ok(guest.u32(OUT))),
            Outcome::Done(errno) => Some(Err(errno)),
        }
    };
    let (creat, directory, excl, trunc, nonblock) = (1, 2, 4, 8, 4);
    // Nobody reads.
    for path in ["fifo", "link"] {
        assert_eq!(open(path, 1, 0, WRITE, 0), None);
        assert_eq!(open(path, 1, creat, WRITE, 0), None);
        assert_eq!(open(path, 1, creat | trunc, WRITE, 0), None);
        assert_eq!(open(path, 1, creat | excl, WRITE, 0), Some(Err(Errno::EXIST)));
        assert_eq!(open(path, 1, 0, WRITE, nonblock), Some(Err(Errno::NXIO)));
        assert_eq!(open(path, 1, directory, READ, 0), Some(Err(Errno::NOTDIR)));
    }
    assert_eq!(open("link", 0, 0, WRITE, 0), Some(Err(Errno::LOOP)));
    assert_eq!(open("fifo/", 1, 0, WRITE, 0), Some(Err(Errno::NOTDIR)));
    assert_eq!(open("dangling", 1, 0, WRITE, 0), Some(Err(Errno::NOENT)));
    assert_eq!(open("socket", 1, 0, WRITE, 0), Some(Err(Errno::NXIO)));
    let fds = [
        (open("fifo", 1, 0, READ | WRITE, 0), false),
        (open("link", 1, 0, READ, nonblock), true),
        (open("fifo", 0, creat, WRITE, nonblock), true),
        (open("fifo", 0, creat, READ, 0), false),
    ];
    for (fd, waits_not) in fds {
        let fd = fd.expect("it waits").unwrap();
        assert_eq!(guest.call("fd_fdstat_get", &args![fd, OUT]), Errno::SUCCESS);
        assert_eq!(guest.bytes(OUT + 2, 1)[0] & 4 != 0, waits_not);
        let read = guest.attempt("fd_read", &[fd.into(), Arg::Read(1), OUT.into()], false);
        match guest.u64(OUT + 8) & READ {
            0 => assert!(matches!(read, Outcome::Done(Errno::BADF)), "{fd}"),
            _ if waits_not => assert!(matches!(read, Outcome::Done(Errno::AGAIN)), "{fd}"),
            _ => assert!(matches!(read, Outcome::Wait(_)), "{fd}"),
        }
    }
}

/// A file that another has a lease on is opened when that is given back, as where opening waits.
#[cfg(target_os = "linux")]
#[test]
fn leases_are_waited_for() {
    use std::os::fd::AsRawFd;
    unsafe extern "C" {
        fn fcntl(fd: i32, command: i32, ...) -> i32;
        fn signal(number: i32, handler: usize) -> usize;
    }
    const SET_LEASE: i32 = 1024;
    let scratch = Scratch::new("leases");
    let file = std::fs::File::create(scratch.path("file")).unwrap();
    // SAFETY: the signal is ignored that says that the lease is to be given back; the rest is asked of a file that is open.
    let leased = unsafe {
        signal(29, 1);
        fcntl(file.as_raw_fd(), SET_LEASE, 1)
    };
    if leased != 0 {
        // The file system has none.
        return;
    }
    let mut guest = TestGuest::with_dir(&scratch, "");
    let open = |flags: u32| [args![3, 1, "file", 0].as_slice(), &args![2, 0, flags, OUT]].concat();
    assert!(matches!(guest.attempt("path_open", &open(0), false), Outcome::Wait(_)));
    assert!(matches!(guest.attempt("path_open", &open(4), false), Outcome::Done(Errno::AGAIN)));
    drop(file);
    assert!(matches!(guest.attempt("path_open", &open(0), false), Outcome::Done(Errno::SUCCESS)));
}

/// Of a pipe that is open at its other end alone nothing is ever ready: who may not read or write it is told so at once, whether calls may wait on
/// the thread or not.
#[test]
fn the_wrong_end_is_not_waited_for() {
    let scratch = Scratch::new("named-pipes-ends");
    named_pipe(scratch.path("fifo"));
    let mut guest = TestGuest::with_dir(&scratch, "");
    let open = |guest: &mut TestGuest, rights: u64| {
        let args = [args![3, 1, "fifo", 0].as_slice(), &args![rights, 0, 0, OUT]].concat();
        assert!(matches!(guest.attempt("path_open", &args, false), Outcome::Done(Errno::SUCCESS)));
        guest.u32(OUT)
    };
    let (reader, writer) = (open(&mut guest, 2), open(&mut guest, 0x40));
    for blocking in [true, false] {
        let write = [reader.into(), Arg::Write(b"x".to_vec()), OUT.into()];
        assert!(matches!(guest.attempt("fd_write", &write, blocking), Outcome::Done(Errno::BADF)));
        let read = [writer.into(), Arg::Read(1), OUT.into()];
        assert!(matches!(guest.attempt("fd_read", &read, blocking), Outcome::Done(Errno::BADF)));
    }
    // Events of both: the kind in byte 8 and the descriptor in byte 16 of a subscription, the errno in bytes 8 and 9 of an event.
    let mut subscriptions = [0; 2 * 48];
    for (at, kind, fd) in [(0, 1, writer), (48, 2, reader)] {
        (subscriptions[at + 8], subscriptions[at + 16]) = (kind, fd as u8);
    }
    let events = DATA + 1024;
    guest.memory[DATA as usize..][..subscriptions.len()].copy_from_slice(&subscriptions);
    assert_eq!(guest.call("poll_oneoff", &args![DATA, events, 2, OUT]), Errno::SUCCESS);
    assert_eq!(guest.u32(OUT), 2);
    for event in [events, events + 32] {
        assert_eq!(guest.bytes(event + 8, 2), 8_u16.to_le_bytes(), "badf");
    }
}

/// Nobody opens the other end.
#[test]
fn a_named_pipe_is_no_directory() {
    let scratch = Scratch::new("named-pipes-directory");
    named_pipe(scratch.path("fifo"));
    let mut guest = TestGuest::with_dir(&scratch, "");
    std::os::unix::fs::symlink("fifo", scratch.path("link")).unwrap();
    for path in ["fifo", "link"] {
        // To be read, and to be written.
        for rights in [2, 0x40] {
            let args = args![3, 1, path, 2, rights as u64, 0, 0, OUT];
            for blocking in [true, false] {
                assert!(
                    matches!(guest.attempt("path_open", &args, blocking), Outcome::Done(Errno::NOTDIR)),
                    "{path} {rights}"
                );
            }
        }
    }
}
