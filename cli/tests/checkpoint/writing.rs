//! Where checkpoints are written: what writers leave that were killed, and places where nothing can be.

use super::{COUNTS, ROUNDS};
use crate::support::{Scratch, pirn, stderr, stdout};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Who is killed while a checkpoint is written leaves a part of one under another name.
#[test]
fn what_killed_writers_left_is_removed() {
    let scratch = Scratch::new("checkpoint-left");
    let module = scratch.file("nothing.wat", r#"(module (func (export "_start")))"#);
    let names = [".c.123", ".c.124", ".c.x", ".c.", ".d.123"];
    let old = SystemTime::now() - Duration::from_secs(7200);
    for name in names {
        scratch.file(name, "part of a checkpoint");
        if name != ".c.124" {
            fs::File::options().write(true).open(scratch.0.join(name)).unwrap().set_modified(old).unwrap();
        }
    }
    let checkpoint = scratch.0.join("c").display().to_string();
    let run = pirn(&["run", "--checkpoint-every", "1h", "--checkpoint", &checkpoint, &module]);
    assert_eq!((run.status.code(), stderr(&run)), (Some(0), ""));
    // Another may be writing still, and what has other names is another's.
    let left: Vec<_> = names.into_iter().filter(|name| scratch.0.join(name).exists()).collect();
    assert_eq!(left, [".c.124", ".c.x", ".c.", ".d.123"]);
}

#[test]
fn where_nothing_can_be_written() {
    let scratch = Scratch::new("checkpoint-nowhere");
    let module = scratch.file("counts.wat", COUNTS);
    let dir = scratch.0.join("d");
    fs::create_dir(&dir).unwrap();
    // The program does not begin.
    for (file, why) in [("/nowhere/at/all", "No such file or directory"), (dir.to_str().unwrap(), "it is a directory")]
    {
        let output = pirn(&["run", "--checkpoint-every", "1h", "--checkpoint", file, "--invoke", "run", &module, "1"]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
        assert!(stderr(&output).contains(&format!("cannot write {file}: {why}")), "{}", stderr(&output));
    }
    // Nothing is left where something could be.
    let checkpoint = dir.join("checkpoint");
    let every = ["run", "--checkpoint", checkpoint.to_str().unwrap(), "--invoke", "run", "--checkpoint-every"];
    let output = pirn(&[&every[..], &["1h", &module, "1"]].concat());
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    // Later it is said once, and the program goes on.
    let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
    let command = command.args(&every[..]).args(["20ms", &module, ROUNDS]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !checkpoint.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it wrote one");
        std::thread::sleep(Duration::from_millis(1));
    }
    // It may be writing one just now.
    while fs::remove_dir_all(&dir).is_err() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches(&format!("cannot write {}", checkpoint.display())).count(), 1);
}
