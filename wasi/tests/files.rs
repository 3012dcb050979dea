//! Files as several see them: appending, links, times, names that are no text, pipes, many threads.

mod support;

use pirn_wasi::{DirPerms, Errno, FdStream, FilePerms, MemoryInputPipe, MemoryOutputPipe, Version, WasiCtxBuilder};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use support::{Arg, DATA, OUT, Scratch, TestGuest};

fn dir(test: &str) -> (Scratch, TestGuest) {
    let scratch = Scratch::new(test);
    fs::create_dir(scratch.path("d")).unwrap();
    let guest = TestGuest::with_dir(&scratch, "d");
    (scratch, guest)
}

/// Several guests append to one file, and no line is lost.
#[test]
fn appending_loses_nothing() {
    let (scratch, _) = dir("append-race");
    const LINES: usize = 5000;
    std::thread::scope(|scope| {
        for tag in ["a", "b", "c"] {
            let scratch = &scratch;
            scope.spawn(move || {
                let mut guest = TestGuest::with_dir(scratch, "d");
                let log = guest.open(3, "log", 1, 0x40, 1).unwrap();
                for line in 0..LINES {
                    guest.write(log, &format!("{tag} {line:06}\n"));
                }
            });
        }
    });
    let log = scratch.read("d/log");
    assert_eq!(log.lines().count(), 3 * LINES);
    for tag in ["a", "b", "c"] {
        let lines = log.lines().filter(|line| line.starts_with(tag));
        assert!(lines.eq((0..LINES).map(|line| format!("{tag} {line:06}"))), "{tag}");
    }
}

#[test]
fn several_buffers_are_one_call() {
    let (scratch, mut guest) = dir("buffers");
    let file = guest.open(3, "f", 1, 0x42, 0).unwrap();
    // A table of three buffers at 512: "abc", nothing, "defg".
    guest.memory[DATA as usize..][..7].copy_from_slice(b"abcdefg");
    for (index, word) in [DATA, 3, 0, 0, DATA + 3, 4].into_iter().enumerate() {
        guest.memory[512 + 4 * index..][..4].copy_from_slice(&u32::to_le_bytes(word));
    }
    assert_eq!(guest.call("fd_write", &args![file, 512, 3, OUT]), Errno::SUCCESS);
    assert_eq!((guest.u32(OUT), &*scratch.read("d/f")), (7, "abcdefg"));
    assert_eq!(guest.call("fd_pwrite", &args![file, 512, 2, 7, OUT]), Errno::SUCCESS);
    assert_eq!(scratch.read("d/f"), "abcdefgabc");
    guest.memory[DATA as usize..][..7].fill(0);
    assert_eq!(guest.call("fd_pread", &args![file, 512, 3, 2, OUT]), Errno::SUCCESS);
    assert_eq!((guest.u32(OUT), guest.bytes(DATA, 8)), (7, &b"cdefgab\0"[..]));
    assert_eq!(guest.call("fd_read", &args![file, 512, 1025, OUT]), Errno::INVAL);
    assert_eq!(guest.call("fd_read", &args![file, 512, -1, OUT]), Errno::INVAL);
    // More than any memory has.
    guest.memory[516..520].fill(0xff);
    assert_eq!(guest.call("fd_write", &args![file, 512, 1, OUT]), Errno::FAULT);
}

/// The entries of a listing: name, kind, number.
fn listing(guest: &mut TestGuest, fd: u32, size: u32) -> Vec<(String, u8, u64)> {
    let (mut entries, mut cookie) = (Vec::new(), 0);
    loop {
        assert_eq!(guest.call("fd_readdir", &args![fd, DATA, size, cookie, OUT]), Errno::SUCCESS);
        let used = guest.u32(OUT);
        let (mut at, end) = (DATA, DATA + used);
        while at + 24 <= end {
            let len = guest.u32(at + 16);
            if at + 24 + len > end {
                break;
            }
            let name = String::from_utf8(guest.bytes(at + 24, len).to_vec()).unwrap();
            entries.push((name, guest.bytes(at + 20, 1)[0], guest.u64(at + 8)));
            cookie = guest.u64(at);
            at += 24 + len;
        }
        if used < size {
            return entries;
        }
    }
}

#[test]
fn a_directory_is_listed_whole_in_pieces() {
    let (scratch, mut guest) = dir("listing");
    for index in 0..300 {
        scratch.file(&format!("d/file-{index:03}"), "");
    }
    fs::create_dir(scratch.path("d/sub")).unwrap();
    std::os::unix::fs::symlink("nowhere", scratch.path("d/link")).unwrap();
    let mut whole = listing(&mut guest, 3, 40_000);
    assert_eq!((&*whole[0].0, &*whole[1].0, whole.len()), (".", "..", 304));
    for (name, kind, ino) in &whole[2..] {
        let metadata = fs::symlink_metadata(scratch.path("d").join(name)).unwrap();
        let expected = if metadata.is_dir() {
            3
        } else if metadata.is_symlink() {
            7
        } else {
            4
        };
        assert_eq!((*kind, *ino), (expected, metadata.ino()), "{name}");
    }
    // Not even while files come and go is one of the others told twice or not at all.
    assert_eq!(guest.call("fd_readdir", &args![3, DATA, 500, 0, OUT]), Errno::SUCCESS);
    fs::remove_file(scratch.path("d/file-000")).unwrap();
    for size in [64, 100, 1000] {
        let mut pieces = listing(&mut guest, 3, size);
        pieces.sort();
        whole.retain(|(name, ..)| name != "file-000");
        whole.sort();
        assert_eq!(pieces, whole, "{size}");
    }
}

/// One name that is no text hides nothing but itself.
#[test]
fn names_that_are_no_text() {
    let (scratch, mut guest) = dir("names");
    scratch.file("d/good", "");
    if fs::write(scratch.path("d").join(OsStr::from_bytes(b"bad\xff")), "").is_err() {
        // A file system that has no such names.
        return;
    }
    let names: Vec<_> = listing(&mut guest, 3, 4096).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, [".", "..", "good"]);
}

#[test]
fn a_filestat_is_the_systems() {
    let (scratch, mut guest) = dir("filestat");
    scratch.file("d/f", "12345");
    fs::hard_link(scratch.path("d/f"), scratch.path("d/g")).unwrap();
    let times = args![3, 0, "f", 1_000_000_001_u64, 2_000_000_002_u64, 5];
    assert_eq!(guest.call("path_filestat_set_times", &times), Errno::SUCCESS);
    let metadata = fs::metadata(scratch.path("d/f")).unwrap();
    assert_eq!((metadata.atime(), metadata.atime_nsec(), metadata.mtime(), metadata.mtime_nsec()), (1, 1, 2, 2));
    let ctime = metadata.ctime() as u64 * 1_000_000_000 + metadata.ctime_nsec() as u64;
    let rest = [5, 1_000_000_001, 2_000_000_002, ctime];
    assert_eq!(guest.call("path_filestat_get", &args![3, 0, "f", OUT]), Errno::SUCCESS);
    let words: Vec<_> = (0..8).map(|index| guest.u64(OUT + 8 * index)).collect();
    assert_eq!(words, [&[metadata.dev(), metadata.ino(), 4, 2], &rest[..]].concat());
    // The older layout has a count of links half as wide.
    guest.version = Version::Unstable;
    assert_eq!(guest.call("path_filestat_get", &args![3, 0, "f", OUT]), Errno::SUCCESS);
    let words: Vec<_> = (0..7).map(|index| guest.u64(OUT + 8 * index)).collect();
    assert_eq!(words, [&[metadata.dev(), metadata.ino(), 4 | 2 << 32], &rest[..]].concat());
    // And other numbers for where a seek begins.
    let file = guest.open(3, "f", 0, 2, 0).unwrap();
    for (whence, expected) in [(2, 1), (0, 2), (1, 6)] {
        assert_eq!(guest.call("fd_seek", &args![file, 1, whence, OUT]), Errno::SUCCESS);
        assert_eq!(guest.u64(OUT), expected, "{whence}");
    }
    // Times of a link are its own.
    guest.version = Version::Preview1;
    assert_eq!(guest.call("path_symlink", &args!["f", 3, "l"]), Errno::SUCCESS);
    let set = args![3, 0, "l", 0, 7_000_000_000_u64, 4];
    assert_eq!(guest.call("path_filestat_set_times", &set), Errno::SUCCESS);
    assert_eq!(fs::symlink_metadata(scratch.path("d/l")).unwrap().mtime(), 7);
    assert_eq!(fs::metadata(scratch.path("d/f")).unwrap().mtime(), 2);
}

#[test]
fn pipes_in_a_directory() {
    let (scratch, mut guest) = dir("fifo");
    let fifo = scratch.path("d/fifo");
    support::named_pipe(&fifo);
    let reader = guest.open(3, "fifo", 0, 2, 4).unwrap();
    // Nobody writes, so it is at its end; somebody does, but nothing yet.
    assert_eq!(guest.read(reader, 10).unwrap(), "");
    let writer = guest.open(3, "fifo", 0, 0x40, 0).unwrap();
    assert_eq!(guest.read(reader, 10), Err(Errno::AGAIN));
    guest.write(writer, "text");
    assert_eq!(guest.read(reader, 10).unwrap(), "text");
    assert_eq!(guest.call("fd_seek", &args![reader, 0, 0, OUT]), Errno::SPIPE);
    assert_eq!(guest.call("fd_tell", &args![reader, OUT]), Errno::SPIPE);
    assert_eq!(guest.call("fd_fdstat_get", &args![reader, OUT]), Errno::SUCCESS);
    assert_eq!(guest.bytes(OUT, 1)[0], 0);
    assert_eq!(guest.call("fd_close", &args![writer]), Errno::SUCCESS);
    assert_eq!(guest.read(reader, 10).unwrap(), "");
}

/// The threads of a guest have its descriptors, positions included.
#[test]
fn threads_share_descriptors() {
    let (scratch, mut guest) = dir("threads");
    let file = guest.open(3, "f", 1, 0x40, 0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut thread = TestGuest::new(guest.ctx.clone());
            scope.spawn(move || {
                for _ in 0..500 {
                    thread.write(file, "12345\n");
                }
                let own = thread.open(3, "f", 0, 2, 0).unwrap();
                assert_eq!(thread.call("fd_close", &args![own]), Errno::SUCCESS);
            });
        }
    });
    assert_eq!(scratch.read("d/f"), "12345\n".repeat(2000));
    assert_eq!(guest.call("fd_tell", &args![file, OUT]), Errno::SUCCESS);
    assert_eq!(guest.u64(OUT), 12_000);
}

#[test]
fn streams_of_all_kinds() {
    let scratch = Scratch::new("streams");
    let input = scratch.file("in", "from a file");
    let out = fs::File::create(scratch.path("out")).unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(FdStream::new(fs::File::open(input).unwrap())).stdout(FdStream::new(out));
    let mut guest = TestGuest::new(builder.build_p1());
    assert_eq!(guest.read(0, 4).unwrap(), "from");
    assert_eq!(guest.read(0, 100).unwrap(), " a file");
    guest.write(1, "to a file");
    // It is there before the guest has ended.
    assert_eq!(scratch.read("out"), "to a file");
    guest.write(2, "nowhere");

    let pipe = MemoryOutputPipe::new(6);
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(MemoryInputPipe::new("abc")).stdout(pipe.clone()).stderr(pipe.clone());
    let mut guest = TestGuest::new(builder.build_p1());
    assert_eq!(guest.read(0, 2).unwrap(), "ab");
    assert_eq!(guest.read(0, 2).unwrap(), "c");
    assert_eq!(guest.read(0, 2).unwrap(), "");
    guest.write(1, "out");
    guest.write(2, "err");
    assert_eq!(pipe.contents(), b"outerr");
    assert_eq!(guest.call("fd_write", &[1.into(), Arg::Write(b"x".into()), OUT.into()]), Errno::IO);

    // Nobody reads it.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut guest = TestGuest::new(WasiCtxBuilder::new().stdout(FdStream::new(writer)).build_p1());
    assert_eq!(guest.call("fd_write", &[1.into(), Arg::Write(b"x".into()), OUT.into()]), Errno::PIPE);
    // A full disk.
    let full = fs::File::options().write(true).open("/dev/full");
    if let Ok(full) = full {
        let mut guest = TestGuest::new(WasiCtxBuilder::new().stdout(FdStream::new(full)).build_p1());
        assert_eq!(guest.call("fd_write", &[1.into(), Arg::Write(b"x".into()), OUT.into()]), Errno::NOSPC);
    }
}

#[test]
fn a_builder_says_everything() {
    let scratch = Scratch::new("builder");
    let mut builder = WasiCtxBuilder::new();
    builder.env("A", "1").envs(&[("B", "2"), ("A", "3")]).arg("x").arg([0xff_u8]);
    assert!(builder.preopened_dir(scratch.path("nothing"), "/", DirPerms::all(), FilePerms::all()).is_err());
    let file = scratch.file("file", "");
    assert!(builder.preopened_dir(file, "/", DirPerms::all(), FilePerms::all()).is_err());
    let mut guest = TestGuest::new(builder.build_p1());
    assert_eq!(guest.call("environ_get", &args![OUT, DATA]), Errno::SUCCESS);
    assert_eq!(guest.bytes(DATA, 8), b"A=3\0B=2\0");
    assert_eq!(guest.call("args_get", &args![OUT, DATA]), Errno::SUCCESS);
    assert_eq!(guest.bytes(DATA, 4), b"x\0\xff\0");
    assert_eq!(guest.call("fd_prestat_get", &args![3, OUT]), Errno::BADF);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build_p1())).is_err());
}
