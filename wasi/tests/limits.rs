//! How much a guest has and asks for is bounded.

mod support;

use pirn_wasi::{DirPerms, Errno, FilePerms, WasiCtxBuilder};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{TcpListener, TcpStream};
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
fn a_thousand_descriptors_by_default() {
    let scratch = Scratch::new("limits-default");
    let mut guest = TestGuest::with_dir(&scratch, ".");
    scratch.file("file", "");
    // The process has to be allowed more, and the other tests need some.
    let allowed = getrlimit(Resource::Nofile);
    let more = Rlimit { current: Some(allowed.current.unwrap_or(2048).max(2048)), ..allowed };
    setrlimit(Resource::Nofile, more).expect("2,048 open files are allowed");
    for fd in 4..1024 {
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
    assert_eq!(error.to_string(), "the program has more than 4 open descriptors");
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
