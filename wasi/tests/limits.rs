//! How much a guest has and asks for is bounded.

mod support;

use pirn_wasi::{DirPerms, Errno, FilePerms, Outcome, WasiCtxBuilder};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::{DATA, OUT, Scratch, TestGuest};

const CREAT: u32 = 1;
const READ: u64 = 1 << 1;

/// A builder of guests that have five descriptors, four of which are there: the streams and a directory.
fn five(scratch: &Scratch) -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(&scratch.0, "/", DirPerms::all(), FilePerms::all()).unwrap().max_descriptors(5);
    builder
}

#[test]
fn descriptors() {
    let scratch = Scratch::new("limits-descriptors");
    scratch.file("file", "");
    let mut guest = TestGuest::new(five(&scratch).build_p1());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(4));
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
    // Nothing was made that the guest does not get.
    assert_eq!(guest.open(3, "new", CREAT, READ, 0), Err(Errno::MFILE));
    assert!(!scratch.path("new").exists());
    // One for another, also where numbers below it are free.
    assert_eq!(guest.call("fd_close", &args![0]), Errno::SUCCESS);
    assert_eq!(guest.open(3, "new", CREAT, READ, 0), Ok(0));
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
    assert_eq!(guest.call("fd_renumber", &args![4, 0]), Errno::SUCCESS);
    assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(4));
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
}

#[test]
fn five_hundred_descriptors_by_default() {
    let scratch = Scratch::new("limits-default");
    let mut guest = TestGuest::with_dir(&scratch, ".");
    scratch.file("file", "");
    // The process has to be allowed more (macOS begins with 256), and the other tests need some.
    let allowed = getrlimit(Resource::Nofile);
    let more = Rlimit { current: Some(allowed.current.unwrap_or(1024).max(1024)), ..allowed };
    setrlimit(Resource::Nofile, more).expect("1,024 open files are allowed");
    for fd in 4..512 {
        assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(fd));
    }
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
}

#[test]
fn what_is_given_counts_and_is_always_there() {
    let scratch = Scratch::new("limits-given");
    scratch.file("file", "content");
    let mut builder = five(&scratch);
    let mut guest = TestGuest::new(builder.max_descriptors(0).build_p1());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
    assert_eq!(guest.call("path_filestat_get", &args![3, 1, "file", DATA]), Errno::SUCCESS);
    let saved = guest.ctx.save().unwrap();
    TestGuest::new(five(&scratch).max_descriptors(0).restore_p1(&saved).unwrap());
}

#[test]
fn descriptors_that_were_saved() {
    let scratch = Scratch::new("limits-saved");
    scratch.file("file", "content");
    let mut guest = TestGuest::new(five(&scratch).build_p1());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(4));
    let saved = guest.ctx.save().unwrap();
    let mut again = TestGuest::new(five(&scratch).restore_p1(&saved).unwrap());
    assert_eq!(again.read(4, 100).unwrap(), "content");
    assert_eq!(again.open(3, "file", 0, READ, 0), Err(Errno::MFILE));
    let error = five(&scratch).max_descriptors(4).restore_p1(&saved).unwrap_err();
    assert_eq!(error.to_string(), "the program had more than 4 descriptors");
}

/// The bytes give the guest no more than the builder does: not in the place of what was given, nor by numbers that take room.
#[test]
fn hostile_descriptors() {
    let scratch = Scratch::new("limits-hostile");
    scratch.file("file", "content");
    let mut guest = TestGuest::new(five(&scratch).build_p1());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(4));
    for fd in 0..3 {
        assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
    }
    let saved = guest.ctx.save().unwrap();
    let mut again = TestGuest::new(five(&scratch).restore_p1(&saved).unwrap());
    assert_eq!(again.read(4, 100).unwrap(), "content");
    // There are two, but no guest has the number 4 that may have two.
    let error = five(&scratch).max_descriptors(2).restore_p1(&saved).unwrap_err();
    assert_eq!(error.to_string(), "the program had more than 2 descriptors");
    // Here the numbers are no larger than those given, but there are a file and a directory.
    let mut guest = TestGuest::new(five(&scratch).build_p1());
    assert_eq!(guest.open(3, "file", 0, READ, 0), Ok(4));
    assert_eq!(guest.call("fd_renumber", &args![4, 0]), Errno::SUCCESS);
    for fd in 1..3 {
        assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
    }
    let saved = guest.ctx.save().unwrap();
    let mut again = TestGuest::new(five(&scratch).max_descriptors(2).restore_p1(&saved).unwrap());
    assert_eq!(again.read(0, 100).unwrap(), "content");
    let error = five(&scratch).max_descriptors(1).restore_p1(&saved).unwrap_err();
    assert_eq!(error.to_string(), "the program had more than 1 descriptors");
}

/// A connection is not taken for a guest that cannot have it.
#[test]
fn connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_socket(listener).max_descriptors(4);
    let mut guest = TestGuest::new(builder.build_p1());
    let _client = TcpStream::connect(address).unwrap();
    for _ in 0..2 {
        assert_eq!(guest.call("sock_accept", &args![3, 0, OUT]), Errno::MFILE);
    }
    assert_eq!(guest.call("fd_close", &args![1]), Errno::SUCCESS);
    assert_eq!(guest.call("sock_accept", &args![3, 0, OUT]), Errno::SUCCESS);
    assert_eq!(guest.u32(OUT), 1);
}

/// Nor for two threads of it that try at once, where there is room for one.
#[test]
fn connections_of_threads() {
    const CONNECTIONS: u32 = 500;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_socket(listener).max_descriptors(5);
    let ctx = builder.build_p1();
    let accepted = AtomicU32::new(0);
    let accept = || {
        let mut guest = TestGuest::new(ctx.clone());
        // Fails, if the other one did, in the place of waiting for ever.
        let until = Instant::now() + Duration::from_secs(60);
        while accepted.load(Ordering::SeqCst) < CONNECTIONS {
            assert!(Instant::now() < until);
            match guest.attempt("sock_accept", &args![3, 0, OUT], false) {
                Outcome::Done(Errno::SUCCESS) => {
                    let fd = guest.u32(OUT);
                    assert_eq!(fd, 4);
                    guest.write(fd, "x");
                    assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
                    accepted.fetch_add(1, Ordering::SeqCst);
                }
                Outcome::Done(Errno::MFILE) | Outcome::Wait(_) => std::thread::yield_now(),
                other => panic!("{other:?}"),
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(accept);
        scope.spawn(accept);
        for _ in 0..CONNECTIONS / 4 {
            for mut client in [(); 4].map(|()| TcpStream::connect(address).unwrap()) {
                let mut told = String::new();
                client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                client.read_to_string(&mut told).unwrap();
                assert_eq!(told, "x", "one was taken and closed");
            }
        }
    });
    // What was not opened takes no room.
    let mut guest = TestGuest::new(ctx);
    for _ in 0..2 {
        assert!(matches!(guest.attempt("sock_accept", &args![3, 0, OUT], false), Outcome::Wait(_)));
    }
}

/// Entries that are kept are bounded, of all descriptors together; what is listed anew takes the place of what was listed before.
#[test]
fn listings() {
    let scratch = Scratch::new("limits-listings");
    for (dir, files) in [("a", 8), ("b", 8), ("c", 9)] {
        std::fs::create_dir(scratch.path(dir)).unwrap();
        for number in 0..files {
            scratch.file(&format!("{dir}/{number}"), "");
        }
    }
    let build = || {
        let mut builder = five(&scratch);
        builder.max_descriptors(10).max_listed_entries(20);
        builder
    };
    let mut guest = TestGuest::new(build().build_p1());
    let [a, b, c] = ["a", "b", "c"].map(|dir| guest.open(3, dir, 2, 0, 0).unwrap());
    let list =
        |guest: &mut TestGuest, dir: u32, cookie: u64| guest.call("fd_readdir", &args![dir, DATA, 1000, cookie, OUT]);
    // Ten each, with `.` and `..`.
    assert_eq!(list(&mut guest, a, 0), Errno::SUCCESS);
    assert_eq!(list(&mut guest, b, 0), Errno::SUCCESS);
    assert_eq!(list(&mut guest, a, 0), Errno::SUCCESS);
    assert_eq!(list(&mut guest, c, 0), Errno::NOMEM);
    // So it is if they were saved.
    let mut again = TestGuest::new(build().restore_p1(&guest.ctx.save().unwrap()).unwrap());
    assert_eq!(list(&mut again, c, 0), Errno::NOMEM);
    assert_eq!(list(&mut again, b, 3), Errno::SUCCESS);
    // Nobody's reading ends for it, whatever happens to the directory.
    for number in 0..8 {
        std::fs::remove_file(scratch.path(&format!("a/{number}"))).unwrap();
    }
    assert_eq!(list(&mut guest, a, 7), Errno::SUCCESS);
    assert_eq!(guest.u32(OUT), 3 * 25);
    assert_eq!(guest.call("fd_close", &args![b]), Errno::SUCCESS);
    assert_eq!(list(&mut guest, c, 0), Errno::NOMEM);
    assert_eq!(list(&mut guest, a, 0), Errno::SUCCESS);
    assert_eq!(list(&mut guest, c, 0), Errno::SUCCESS);
}

#[test]
fn random_bytes() {
    let mut guest = TestGuest::new(WasiCtxBuilder::new().max_random_size(100).build_p1());
    assert_eq!(guest.call("random_get", &args![DATA, 100]), Errno::SUCCESS);
    assert!(guest.bytes(DATA, 100).iter().any(|&byte| byte != 0));
    assert_eq!(guest.call("random_get", &args![DATA, 101]), Errno::INVAL);
    assert_eq!(guest.call("random_get", &args![65_500, 101]), Errno::FAULT);
    // 64 MiB by default.
    let mut guest = TestGuest::new(WasiCtxBuilder::new().build_p1());
    guest.memory = vec![0; (64 << 20) + 1];
    assert_eq!(guest.call("random_get", &args![0, 64 << 20]), Errno::SUCCESS);
    assert!(guest.memory[(64 << 20) - 100..].iter().any(|&byte| byte != 0));
    assert_eq!(guest.call("random_get", &args![0, (64 << 20) + 1]), Errno::INVAL);
}
