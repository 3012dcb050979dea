//! Guests' views of the world that are written down, and made again.

mod support;

use pirn_wasi::{DirPerms, Errno, FilePerms, MemoryInputPipe, WasiCtxBuilder};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use support::{Arg, DATA, OUT, Scratch, TestGuest};

/// What both guests are given: a directory, as descriptor 3.
fn given(scratch: &Scratch) -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(scratch.path("d"), "/d", DirPerms::all(), FilePerms::all()).unwrap();
    builder
}

fn dir(test: &str) -> Scratch {
    let scratch = Scratch::new(test);
    fs::create_dir_all(scratch.path("d/sub/deep")).unwrap();
    scratch.file("d/sub/f", "0123456789");
    scratch
}

/// Why a guest cannot be written down.
fn refused(guest: &TestGuest) -> String {
    guest.ctx.save().unwrap_err().to_string()
}

#[test]
fn all_numbers_are_as_they_were() {
    let scratch = dir("saved-numbers");
    let mut builder = given(&scratch);
    let mut guest = TestGuest::new(builder.args(&["name", "", "argument"]).env("A", "b=c").build_p1());
    // Below a directory that the guest opened, two of one file, a number moved, one closed, and standard error closed as well.
    let sub = guest.open(3, "sub", 2, 0, 0).unwrap();
    let deep = guest.open(sub, "deep/../deep", 2, 0, 0).unwrap();
    let first = guest.open(sub, "./f", 0, 0x2, 0).unwrap();
    let second = guest.open(sub, "deep/../f", 0, 0x42, 4).unwrap();
    assert_eq!(guest.read(first, 3).unwrap(), "012");
    assert_eq!(guest.call("fd_seek", &args![second, 8, 0, OUT]), Errno::SUCCESS);
    assert_eq!(guest.call("fd_renumber", &args![second, sub]), Errno::SUCCESS);
    assert_eq!(guest.call("fd_close", &args![2]), Errno::SUCCESS);
    assert_eq!(guest.call("clock_time_get", &args![1, 1, OUT]), Errno::SUCCESS);
    let before = guest.u64(OUT);
    std::thread::sleep(Duration::from_millis(20));

    let saved = guest.ctx.save().unwrap();
    let mut builder = given(&scratch);
    let mut again = TestGuest::new(builder.arg("other").env("C", "d").restore_p1(&saved).unwrap());
    for guest in [&mut guest, &mut again] {
        assert_eq!(guest.read(first, 100).unwrap(), "3456789");
        assert_eq!(guest.read(sub, 1).unwrap(), "8");
        assert_eq!(guest.call("fd_fdstat_get", &args![sub, OUT]), Errno::SUCCESS);
        // The flags: nonblocking.
        assert_eq!(guest.u32(OUT) >> 16, 4);
        assert_eq!(guest.call("fd_fdstat_get", &args![first, OUT]), Errno::SUCCESS);
        // The rights: not to write.
        assert_eq!((guest.u64(OUT + 8) & 0x2, guest.u64(OUT + 8) & 0x40), (2, 0));
        assert_eq!(guest.read(second, 1), Err(Errno::BADF));
        assert_eq!(guest.call("args_sizes_get", &args![OUT, OUT + 4]), Errno::SUCCESS);
        assert_eq!((guest.u32(OUT), guest.u32(OUT + 4)), (3, 5 + 1 + 9));
        assert_eq!(guest.call("environ_get", &args![OUT, DATA]), Errno::SUCCESS);
        assert_eq!(guest.bytes(DATA, 6), b"A=b=c\0");
        assert_eq!(guest.call("clock_time_get", &args![1, 1, OUT]), Errno::SUCCESS);
        assert!(guest.u64(OUT) >= before + 20_000_000);
        // The lowest number that is free.
        assert_eq!(guest.open(3, "sub/f", 0, 0x2, 0).unwrap(), 2);
        assert_eq!(guest.open(3, "sub/f", 0, 0x2, 0).unwrap(), second);
        assert_eq!(guest.open(deep, "..", 2, 0, 0), Err(Errno::PERM));
    }
}

#[test]
fn what_is_not_the_guests_is_given_again() {
    let scratch = dir("saved-given");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let build = || {
        let mut builder = given(&scratch);
        builder.stdin(MemoryInputPipe::new("typed")).preopened_socket(listener.try_clone().unwrap());
        builder
    };
    let mut guest = TestGuest::new(build().build_p1());
    assert_eq!(guest.call("fd_fdstat_set_flags", &args![4, 4]), Errno::SUCCESS);
    let saved = guest.ctx.save().unwrap();
    let mut again = TestGuest::new(build().restore_p1(&saved).unwrap());
    assert_eq!(again.read(0, 5).unwrap(), "typed");
    assert_eq!(again.call("sock_accept", &args![4, 0, OUT]), Errno::AGAIN);
    // A connection is nobody else's.
    let _connection = TcpStream::connect(address).unwrap();
    assert_eq!(guest.call("fd_fdstat_set_flags", &args![4, 0]), Errno::SUCCESS);
    assert_eq!(guest.call("sock_accept", &args![4, 0, OUT]), Errno::SUCCESS);
    assert_eq!(refused(&guest), "descriptor 5: a connection cannot be saved");
    // Less, or something else, is given.
    let error = given(&scratch).restore_p1(&saved).unwrap_err().to_string();
    assert!(error.contains("a socket") && error.contains("is given"), "{error}");
}

#[test]
fn what_cannot_be_found_again_is_refused() {
    let scratch = dir("saved-gone");
    let mut guest = TestGuest::new(given(&scratch).build_p1());
    let file = guest.open(3, "sub/f", 0, 0x2, 0).unwrap();
    let moved = |guest: &mut TestGuest, from: &str, to: &str| {
        let name = [3.into(), Arg::from(from), 3.into(), Arg::from(to)];
        assert_eq!(guest.call("path_rename", &name), Errno::SUCCESS);
    };
    moved(&mut guest, "sub/f", "sub/g");
    let gone = format!("descriptor {file}: `sub/f` was removed or renamed since it was opened, so it cannot be saved");
    assert_eq!(refused(&guest), gone);
    // Another one of that name is no better.
    scratch.file("d/sub/f", "0123456789");
    assert_eq!(refused(&guest), gone);
    moved(&mut guest, "sub/g", "sub/f");
    assert!(guest.ctx.save().is_ok());
    assert_eq!(guest.call("fd_close", &args![3]), Errno::SUCCESS);
    assert_eq!(refused(&guest), format!("descriptor {file}: the directory below which it was opened is closed"));
    assert_eq!(guest.call("fd_close", &args![file]), Errno::SUCCESS);
    assert!(guest.ctx.save().is_ok());
}

/// A guest may open the same directory from itself without end: the path that is kept for each descriptor is bounded.
#[test]
fn a_path_that_grows_is_kept_no_more() {
    let scratch = dir("saved-long");
    let mut guest = TestGuest::new(given(&scratch).build_p1());
    let path = "./".repeat(1_000);
    let mut last = 3;
    for round in 0..20 {
        let next = guest.open(last, &path, 2, 0, 0).unwrap();
        if round > 0 {
            assert_eq!(guest.call("fd_close", &args![last]), Errno::SUCCESS);
        }
        last = next;
        let saved = guest.ctx.save();
        assert_eq!(saved.is_ok(), round < 2, "{round}");
        assert!(
            saved.is_ok_and(|bytes| bytes.len() < 10_000)
                || refused(&guest).ends_with("too long, so it cannot be saved")
        );
    }
    // What is below has a path that is as long.
    let file = guest.open(last, "sub/f", 0, 0x2, 0).unwrap();
    assert_eq!(guest.read(file, 100).unwrap(), "0123456789");
    assert_eq!(guest.call("fd_close", &args![last]), Errno::SUCCESS);
    assert!(refused(&guest).contains("too long"));
}

/// What was a file or a directory may be a named pipe by then: it is refused, where opening it would wait for the other end.
#[test]
fn what_is_a_pipe_now_is_refused_without_waiting() {
    let scratch = dir("saved-pipe-since");
    for (path, oflags, rights) in [("sub/f", 0, 0x2), ("sub/f", 0, 0x42), ("sub/w", 1, 0x40), ("sub/deep", 2, 0)] {
        let mut guest = TestGuest::new(given(&scratch).build_p1());
        guest.open(3, path, oflags, rights, 0).unwrap();
        let saved = guest.ctx.save().unwrap();
        let (host, moved) = (scratch.path("d").join(path), scratch.path("moved"));
        fs::rename(&host, &moved).unwrap();
        support::named_pipe(&host);
        let why = given(&scratch).restore_p1(&saved).unwrap_err().to_string();
        assert!(why.contains(path), "{why}");
        fs::remove_file(&host).unwrap();
        fs::rename(&moved, &host).unwrap();
        given(&scratch).restore_p1(&saved).unwrap();
    }
}

/// What is cut off is lost, so nothing is before all the rest is known to be right.
#[test]
fn files_are_cut_if_all_is_as_it_was() {
    let scratch = dir("saved-cut");
    scratch.file("d/sub/g", "abc");
    let mut guest = TestGuest::new(given(&scratch).build_p1());
    let first = guest.open(3, "sub/f", 0, 0x42, 0).unwrap();
    guest.open(3, "sub/g", 0, 0x42, 0).unwrap();
    guest.ctx.sync().unwrap();
    let saved = guest.ctx.save().unwrap();
    let read = |name: &str| fs::read_to_string(scratch.path(name)).unwrap();
    scratch.file("d/sub/f", "0123456789 and more");
    scratch.file("d/sub/g", "a");
    let error = given(&scratch).restore_p1(&saved).unwrap_err().to_string();
    assert!(error.contains("`sub/g` has 1 bytes: it had 3"), "{error}");
    scratch.file("d/sub/g", "abcd");
    let longer = [&saved[..], &[0]].concat();
    assert!(given(&scratch).restore_p1(&longer).unwrap_err().to_string().contains("follows its end"));
    assert_eq!((&*read("d/sub/f"), &*read("d/sub/g")), ("0123456789 and more", "abcd"));
    let mut again = TestGuest::new(given(&scratch).restore_p1(&saved).unwrap());
    assert_eq!((&*read("d/sub/f"), &*read("d/sub/g")), ("0123456789", "abc"));
    assert_eq!(again.read(first, 100).unwrap(), "0123456789");
}

#[test]
fn hostile_bytes_are_refused_or_open_what_is_given() {
    let scratch = dir("saved-hostile");
    let mut guest = TestGuest::new(given(&scratch).arg("name").env("A", "b").build_p1());
    let sub = guest.open(3, "sub", 2, 0, 0).unwrap();
    guest.open(sub, "f", 0, 0x2, 0).unwrap();
    assert_eq!(guest.call("fd_readdir", &args![sub, DATA, 1000, 0, OUT]), Errno::SUCCESS);
    let saved = guest.ctx.save().unwrap();
    for len in 0..saved.len() {
        let error = given(&scratch).restore_p1(&saved[..len]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{len}: {error}");
    }
    let longer = [&saved[..], &[0]].concat();
    assert!(given(&scratch).restore_p1(&longer).unwrap_err().to_string().contains("follows its end"));
    let (mut random, mut whole) = (1_u32, 0);
    let mut below = |most: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % most
    };
    for _ in 0..3000 {
        let mut other = saved.clone();
        let at = below(other.len());
        match below(4) {
            0 => other[at] ^= 1 << below(8),
            1 => other[at] = [0, 1, 2, 3, 0x7f, 0x80, 0xff][below(7)],
            2 => other.insert(at, below(256) as u8),
            _ => drop(other.remove(at)),
        }
        whole += usize::from(given(&scratch).restore_p1(&other).is_ok());
    }
    // Some numbers may be others: times, places, names of arguments.
    assert!(whole > 100, "{whole}");
    assert_eq!(scratch.read("d/sub/f"), "0123456789");
}
