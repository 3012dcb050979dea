//! Ways out of a directory: none leads anywhere.

mod support;

use pirn_wasi::{DirPerms, Errno, FilePerms, Guest, GuestMemory, Outcome, Version, WasiCtxBuilder, functions};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Arg, DATA, OUT, Scratch, TestGuest};

/// What lies outside, by path: content, and when it was changed.
fn outside(scratch: &Scratch) -> BTreeMap<String, (Vec<u8>, i64, i64)> {
    let mut all = BTreeMap::new();
    for dir in [".", "outside"] {
        for entry in fs::read_dir(scratch.path(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() != "jail" {
                let metadata = fs::symlink_metadata(&path).unwrap();
                let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                all.insert(path.display().to_string(), (content, metadata.mtime(), metadata.mtime_nsec()));
            }
        }
    }
    all
}

/// A jail with links out of it in every place, and what it is to keep in.
fn jail(test: &str) -> Scratch {
    let scratch = Scratch::new(test);
    fs::create_dir_all(scratch.path("jail/sub/deep")).unwrap();
    fs::create_dir(scratch.path("outside")).unwrap();
    scratch.file("secret", "secret");
    scratch.file("outside/inside", "secret");
    scratch.file("jail/file", "file");
    scratch.file("jail/sub/file", "file");
    let here = fs::canonicalize(&scratch.0).unwrap();
    let link = |name: &str, to: &Path| symlink(to, scratch.path("jail").join(name)).unwrap();
    link("absolute", &here.join("secret"));
    link("relative", Path::new("../secret"));
    link("up", Path::new(".."));
    link("upup", Path::new("../.."));
    link("sub/up", Path::new("../.."));
    link("sub/deep/up", Path::new("../../.."));
    link("chain", Path::new("chain2"));
    link("chain2", Path::new("sub/deep/up"));
    link("root", Path::new("/"));
    link("process", Path::new("/proc/self/root"));
    link("descriptors", Path::new("/proc/self/fd"));
    link("working", Path::new("/proc/self/cwd"));
    link("absolute-jail", &here.join("jail"));
    link("back", Path::new("../jail/file"));
    link("hidden", Path::new("sub/../../secret"));
    link("new", Path::new("../new"));
    scratch
}

/// Paths that lead out, or would on their way.
const OUT_THERE: &[&str] = &[
    "..",
    "../",
    "../.",
    "../secret",
    "./../secret",
    ".//..//secret",
    "../../..",
    "../outside/inside",
    "../new",
    "sub/../../secret",
    "sub/deep/../../../secret",
    "sub/./.././../secret",
    "sub/up/secret",
    "sub/deep/up/secret",
    "up/secret",
    "up/",
    "up/.",
    "up/outside/inside",
    "up/outside/new",
    "up/../secret",
    "upup/..",
    "chain/secret",
    "chain/outside/inside",
    "root/etc/passwd",
    "root/",
    "process/etc/passwd",
    "process/",
    "descriptors/0",
    "working/Cargo.toml",
    // Out and back in is out too.
    "../jail/file",
    "up/jail/file",
    "sub/up/jail/file",
    "absolute-jail/file",
    "/",
    "//",
    "/etc/passwd",
    "/proc/self/root",
    "//etc/passwd",
];

/// Links at a path's end, which lead out if they are followed.
const LINKS: &[&str] = &[
    "absolute",
    "relative",
    "up",
    "upup",
    "sub/up",
    "chain",
    "chain2",
    "root",
    "process",
    "descriptors",
    "working",
    "absolute-jail",
    "back",
    "hidden",
    "new",
];

/// Calls that follow a link at the end of `path`.
fn following(path: &str) -> Vec<(&'static str, Vec<Arg>)> {
    let open = |oflags: u32, rights: u32| ("path_open", args![3, 1, path, oflags, rights, 0, 0, OUT].to_vec());
    vec![
        open(0, 2),
        open(0, 0x40),
        open(1, 0x42),
        open(2, 2),
        open(8, 2),
        open(9, 0x40),
        ("path_filestat_get", args![3, 1, path, OUT].to_vec()),
        ("path_filestat_set_times", args![3, 1, path, 0, 0, 10].to_vec()),
    ]
}

/// Calls that do not.
fn others(path: &str) -> Vec<(&'static str, Vec<Arg>)> {
    vec![
        ("path_open", args![3, 0, path, 0, 2, 0, 0, OUT].to_vec()),
        ("path_open", args![3, 0, path, 5, 0x42, 0, 0, OUT].to_vec()),
        ("path_filestat_get", args![3, 0, path, OUT].to_vec()),
        ("path_filestat_set_times", args![3, 0, path, 0, 0, 10].to_vec()),
        ("path_create_directory", args![3, path].to_vec()),
        ("path_remove_directory", args![3, path].to_vec()),
        ("path_unlink_file", args![3, path].to_vec()),
        ("path_readlink", args![3, path, DATA, 100].iter().cloned().chain([OUT.into()]).collect()),
        ("path_rename", args![3, path, 3, "taken"].to_vec()),
        ("path_rename", args![3, "file", 3, path].to_vec()),
        ("path_link", args![3, 0, path, 3, "taken"].to_vec()),
        ("path_link", args![3, 0, "file", 3, path].to_vec()),
        ("path_symlink", args!["file", 3, path].to_vec()),
    ]
}

#[test]
fn no_path_leads_out() {
    let scratch = jail("sandbox-paths");
    let before = outside(&scratch);
    let mut guest = TestGuest::with_dir(&scratch, "jail");
    let mut attempts = 0;
    let mut attempt = |path: &str, (name, args): (&str, Vec<Arg>)| {
        let errno = guest.call(name, &args);
        // A link that leads out may also be said to lead nowhere; making a directory at `..` finds one there.
        let allowed = [Errno::PERM, Errno::NOENT, Errno::LOOP, Errno::NOTDIR, Errno::EXIST, Errno::INVAL];
        let allowed = allowed.into_iter().chain([Errno::ISDIR, Errno::BUSY, Errno::NOTEMPTY]);
        assert!(allowed.collect::<Vec<_>>().contains(&errno), "{name} {path}: {errno}");
        attempts += 1;
    };
    for path in OUT_THERE {
        for call in following(path).into_iter().chain(others(path)) {
            attempt(path, call);
        }
    }
    for path in LINKS {
        for call in following(path) {
            attempt(path, call);
        }
    }
    assert!(attempts > 900, "{attempts}");
    assert_eq!(outside(&scratch), before);
    assert_eq!(scratch.read("jail/file"), "file");
    assert!(!scratch.path("jail/taken").exists());
}

/// What the guest makes itself leads out no more: links that are moved, linked, or made to lead out from the beginning.
#[test]
fn no_link_of_its_own_leads_out() {
    let scratch = jail("sandbox-links");
    let before = outside(&scratch);
    let mut guest = TestGuest::with_dir(&scratch, "jail");
    let mut make = |name: &str, args: &[Arg]| assert_eq!(guest.call(name, args), Errno::SUCCESS, "{name} {args:?}");
    // It leads to the jail where it is made, and out where it is moved to.
    make("path_symlink", &args!["../..", 3, "sub/deep/own"]);
    make("path_rename", &args![3, "sub/deep/own", 3, "own"]);
    make("path_symlink", &args!["../secret", 3, "own2"]);
    make("path_link", &args![3, 0, "own2", 3, "own3"]);
    make("path_symlink", &args!["own", 3, "own4"]);
    // A directory of links, moved up.
    make("path_create_directory", &args![3, "sub/deep/dir"]);
    make("path_symlink", &args!["../../..", 3, "sub/deep/dir/up"]);
    make("path_rename", &args![3, "sub/deep/dir", 3, "dir"]);
    for path in
        ["own", "own/secret", "own2", "own3", "own4", "own4/secret", "dir/up", "dir/up/secret", "dir/up/../secret"]
    {
        for (name, args) in following(path) {
            let errno = guest.call(name, &args);
            assert!([Errno::PERM, Errno::NOENT].contains(&errno), "{name} {path}: {errno}");
        }
    }
    assert_eq!(guest.call("path_symlink", &args!["/etc", 3, "x"]), Errno::PERM);
    assert_eq!(
        guest.call("path_readlink", &[3.into(), "absolute".into(), DATA.into(), 100.into(), OUT.into()]),
        Errno::PERM
    );
    assert_eq!(outside(&scratch), before);
}

/// Each directory that is opened is one that nothing leads out of.
#[test]
fn directories_below_are_jails_too() {
    let scratch = jail("sandbox-below");
    let mut guest = TestGuest::with_dir(&scratch, "jail");
    let sub = guest.open(3, "sub", 2, 2, 0).unwrap();
    for path in ["..", "../file", "deep/../../file", "up", "up/file", "/file"] {
        assert_eq!(guest.open(sub, path, 0, 2, 0), Err(Errno::PERM), "{path}");
    }
    assert!(guest.open(sub, "deep/../file", 0, 2, 0).is_ok());
    // Moved away by somebody else, its parent is another; that does not matter.
    fs::rename(scratch.path("jail/sub"), scratch.path("outside/sub")).unwrap();
    assert_eq!(guest.open(sub, "../inside", 0, 2, 0), Err(Errno::PERM));
    assert!(guest.open(sub, "file", 0, 2, 0).is_ok());
}

/// A file gets no more permissions by being moved or linked to where there are more.
#[test]
fn permissions_stay_with_directories() {
    let scratch = jail("sandbox-permissions");
    fs::create_dir(scratch.path("free")).unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(scratch.path("jail"), "/jail", DirPerms::READ, FilePerms::READ).unwrap();
    builder.preopened_dir(scratch.path("free"), "/free", DirPerms::all(), FilePerms::all()).unwrap();
    builder.preopened_dir(scratch.path("outside"), "/half", DirPerms::all(), FilePerms::READ).unwrap();
    let mut guest = TestGuest::new(builder.build_p1());
    for (from, to) in [(3, 4), (4, 3), (3, 5), (5, 4), (4, 5)] {
        assert_eq!(guest.call("path_rename", &args![from, "file", to, "x"]), Errno::PERM, "{from} {to}");
        assert_eq!(guest.call("path_link", &args![from, 0, "file", to, "x"]), Errno::PERM, "{from} {to}");
    }
    // A directory that is opened has its parent's.
    let sub = guest.open(3, "sub", 2, 2, 0).unwrap();
    assert_eq!(guest.open(sub, "file", 0, 0x40, 0), Err(Errno::PERM));
    assert_eq!(guest.open(sub, "new", 1, 2, 0), Err(Errno::PERM));
    assert_eq!(guest.call("path_unlink_file", &args![sub, "file"]), Errno::PERM);
    // A link into the writable directory does not make what it leads to writable, for it leads out.
    assert_eq!(guest.call("path_symlink", &args!["../jail/file", 4, "x"]), Errno::SUCCESS);
    assert_eq!(guest.call("path_open", &args![4, 1, "x", 0, 0x40, 0, 0, OUT]), Errno::PERM);
    // Files that may not be written in a directory that may be changed.
    assert_eq!(guest.open(5, "inside", 0, 0x40, 0), Err(Errno::PERM));
    assert_eq!(guest.open(5, "inside", 8, 2, 0), Err(Errno::PERM));
    assert_eq!(guest.open(5, "new", 1, 2, 0), Err(Errno::PERM));
    assert_eq!(scratch.read("outside/inside"), "secret");
}

/// Not even somebody who gives a guest a directory of links that the system makes gives it what they lead to.
#[cfg(target_os = "linux")]
#[test]
fn links_of_the_system_are_not_followed() {
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir("/proc/self", "/", DirPerms::READ, FilePerms::READ).unwrap();
    let mut guest = TestGuest::new(builder.build_p1());
    for path in ["root", "root/etc/passwd", "cwd", "cwd/Cargo.toml", "exe", "fd/0", "fd/1", "fd/2", "task/../root/etc"]
    {
        let errno = guest.call("path_open", &args![3, 1, path, 0, 2, 0, 0, OUT]);
        // Without `openat2`, what the link says, `pipe:[1]`, is looked for here.
        assert!([Errno::PERM, Errno::LOOP, Errno::ACCES, Errno::NOENT].contains(&errno), "{path}: {errno}");
    }
    assert!(guest.open(3, "status", 0, 2, 0).is_ok());
}

/// How long races last: 30 s if asked for.
fn race_time() -> Duration {
    let seconds = std::env::var("PIRN_WASI_RACE_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(1.5))
}

/// While one thread exchanges a directory and a link out, another goes through it.
#[test]
fn links_that_race_with_paths() {
    let scratch = jail("sandbox-race");
    for dir in ["jail/swap", "jail/a/b/c"] {
        fs::create_dir_all(scratch.path(dir)).unwrap();
    }
    scratch.file("jail/swap/inside", "public");
    symlink("../outside", scratch.path("jail/spare")).unwrap();
    let over = AtomicBool::new(false);
    let (swap, spare) = (scratch.path("jail/swap"), scratch.path("jail/spare"));
    let third = scratch.path("jail/third");
    let mut counts = (0_u64, 0_u64);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (from, to) in [(&swap, &third), (&spare, &swap), (&third, &spare)] {
                    fs::rename(from, to).unwrap();
                }
            }
        });
        // A directory on the way of `..` is moved out, so that `..` would lead elsewhere.
        scope.spawn(|| {
            let (inside, moved) = (scratch.path("jail/a/b"), scratch.path("outside/b"));
            while !over.load(Ordering::Relaxed) {
                fs::rename(&inside, &moved).unwrap();
                fs::rename(&moved, &inside).unwrap();
            }
        });
        let mut guest = TestGuest::with_dir(&scratch, "jail");
        let begin = Instant::now();
        while begin.elapsed() < race_time() {
            for path in ["swap/inside", "a/b/c/../../../../secret", "a/b/c/../../secret", "a/b/../inside"] {
                counts.0 += 1;
                if let Ok(fd) = guest.open(3, path, 0, 2, 0) {
                    assert_eq!(guest.read(fd, 100).unwrap(), "public", "{path}");
                    assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
                    counts.1 += 1;
                }
            }
            if let Ok(fd) = guest.open(3, "swap/new", 1, 0x40, 0) {
                assert_eq!(guest.call("fd_close", &args![fd]), Errno::SUCCESS);
            }
            let _ = guest.call("path_create_directory", &args![3, "swap/dir"]);
            let _ = guest.call("path_symlink", &args!["x", 3, "swap/link"]);
            let _ = guest.call("path_link", &args![3, 0, "file", 3, "swap/hard"]);
            let _ = guest.call("path_filestat_set_times", &args![3, 0, "swap/inside", 0, 0, 4]);
            let _ = guest.call("path_filestat_set_times", &args![3, 1, "swap/inside", 0, 0, 4]);
            let _ = guest.call("path_unlink_file", &args![3, "swap/link"]);
            let _ = guest.call("path_rename", &args![3, "swap/hard", 3, "swap/harder"]);
        }
        over.store(true, Ordering::Relaxed);
    });
    // It did get there, between times, where it may.
    assert!(counts.1 > 0, "{counts:?}");
    let left: Vec<_> = fs::read_dir(scratch.path("outside")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["inside"]);
    assert_ne!(fs::metadata(scratch.path("outside/inside")).unwrap().mtime(), 0);
    assert_eq!(scratch.read("outside/inside"), "secret");
}

/// Who may not read a directory can neither open what is in it nor ask about it.
#[test]
fn names_are_hidden_without_the_permission_to_read() {
    let scratch = Scratch::new("hidden-names");
    scratch.file("secret", "12345");
    for (perms, file_perms) in [(DirPerms::empty(), FilePerms::empty()), (DirPerms::MUTATE, FilePerms::all())] {
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(&scratch.0, "/", perms, file_perms).unwrap();
        let mut guest = TestGuest::new(builder.build_p1());
        assert_eq!(guest.open(3, "secret", 0, 2, 0).unwrap_err(), Errno::PERM);
        for name in ["secret", "nothing"] {
            assert_eq!(guest.call("path_filestat_get", &args![3, 0, name, OUT]), Errno::PERM, "{perms:?} {name}");
        }
    }
}

/// A memory of more than 4 GiB. Of what is written there only the place is of interest.
struct Large {
    beyond: bool,
}

impl GuestMemory for Large {
    fn size(&self) -> usize {
        (1 << 32) + (1 << 20)
    }

    fn read(&self, _: usize, bytes: &mut [u8]) -> Result<(), Errno> {
        bytes.fill(0);
        Ok(())
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Errno> {
        self.beyond |= offset < 0xffff_0000 || offset + bytes.len() > 1 << 32;
        Ok(())
    }
}

/// Addresses have 32 bits: what would end beyond them is nowhere, and begins again at no 0.
#[test]
fn nothing_is_written_beyond_the_last_address() {
    let mut ctx = WasiCtxBuilder::new().build_p1();
    let mut memory = Large { beyond: false };
    let mut guest = Guest::new(&mut memory, Version::Preview1);
    let outcome = functions::random_get(&mut ctx, &mut guest, 0xffff_ff00, 0x2_0000);
    assert!(matches!(outcome, Outcome::Done(Errno::FAULT)), "{outcome:?}");
    // Zeros: three clocks that are over at once.
    let outcome = functions::poll_oneoff(&mut ctx, &mut guest, 0, 0xffff_ffe0, 3, 0xffff_0000);
    assert!(matches!(outcome, Outcome::Done(Errno::FAULT)), "{outcome:?}");
    let outcome = functions::random_get(&mut ctx, &mut guest, 0xffff_0000, 0x1_0000);
    assert!(matches!(outcome, Outcome::Done(Errno::SUCCESS)), "{outcome:?}");
    assert!(!memory.beyond);
}
