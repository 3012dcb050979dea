//! Checkpoints of somebody else: cut off, changed, large, or naming what is none of their business.

use super::{COUNTS, WRITTEN, written};
use crate::support::{Scratch, pirn, stderr};
use sha2::{Digest, Sha256};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn hostile_files_are_refused() {
    let scratch = Scratch::new("checkpoint-hostile");
    let (module, checkpoint) = written(&scratch);
    let bytes = fs::read(&checkpoint).unwrap();
    let changed = |bytes: &[u8]| {
        fs::write(&checkpoint, bytes).unwrap();
        pirn(&["resume", &checkpoint])
    };
    let refused = |bytes: &[u8], expected: &str| {
        let output = changed(bytes);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    };
    refused(b"", "it is no checkpoint");
    refused(&bytes[..7], "it is no checkpoint");
    refused(&fs::read(&module).unwrap(), "it is no checkpoint");
    for len in [8, 11, 12, 43, 44, 45, 60, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..len], if len < 44 { "ends too early" } else { "cut off or changed" });
    }
    let mut other = bytes.clone();
    other[8] = 2;
    refused(&other, "of version 2 of the format");
    refused(&[&bytes[..], &[0]].concat(), "cut off or changed");

    // With the right hash: whatever it is, it is said, or an execution goes on that the time ends.
    let hashed = |mut bytes: Vec<u8>| {
        let hash = Sha256::digest(&bytes[44..]);
        bytes[12..44].copy_from_slice(&hash);
        bytes
    };
    refused(&hashed([&bytes[..], &[0]].concat()), "something follows its end");
    let mut random = 0x9e37_79b9_u32;
    let mut below = |most: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % most
    };
    // The engine's own section has a hash of its own; the two in front of it are short.
    let snapshot = bytes.windows(8).position(|window| window == b"pirnsnap").unwrap();
    for _ in 0..if cfg!(debug_assertions) { 20 } else { 200 } {
        let mut other = bytes.clone();
        for _ in 0..=below(2) {
            let at = 44 + below(snapshot - 44);
            match below(3) {
                0 => other[at] ^= 1 << below(8),
                1 => other[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
                _ => drop(other.remove(at)),
            }
        }
        fs::write(&checkpoint, hashed(other)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        let options = ["resume", "--checkpoint-and-exit", "--checkpoint-every", "5ms", "--checkpoint"];
        let to = scratch.0.join("next");
        let output = command.args(options).arg(to).arg(&checkpoint).stdin(Stdio::null()).output().unwrap();
        // What was changed may be how much fuel there is.
        let is_out_of_fuel = output.status.code() == Some(134) && stderr(&output).contains("all fuel consumed");
        let is_right = matches!(output.status.code(), Some(1 | WRITTEN)) || is_out_of_fuel;
        assert!(is_right, "{:?} {}", output.status, stderr(&output));
    }
}

/// A checkpoint of somebody else may name any file of the system as a module.
#[test]
fn what_is_no_module_is_not_read() {
    let scratch = Scratch::new("checkpoint-modules");
    let (module, checkpoint) = written(&scratch);
    let bytes = fs::read(&checkpoint).unwrap();
    // Behind the head: a byte, the length of the section, how many modules, and the length of the first one's path.
    let (section, path) = (45, 61);
    let names = |file: &str| {
        let mut other = [&bytes[..path], &(file.len() as u64).to_le_bytes(), file.as_bytes()].concat();
        other.extend(&bytes[path + 8 + module.len()..]);
        let len = u64::from_le_bytes(bytes[section..section + 8].try_into().unwrap());
        let len = len + file.len() as u64 - module.len() as u64;
        other[section..section + 8].copy_from_slice(&len.to_le_bytes());
        let hash = Sha256::digest(&other[44..]);
        other[12..44].copy_from_slice(&hash);
        fs::write(&checkpoint, other).unwrap();
    };
    let resume = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        command.args(["resume"]).args(args).arg(&checkpoint).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        child.wait_with_output().unwrap()
    };
    let refused = |file: &str, expected: &str| {
        names(file);
        let output = resume(&[]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(file) && text.contains(expected) && text.contains("--module"), "{text}");
        assert!(!text.contains("secret") && !text.contains("73 65 63"), "{text}");
    };
    refused("/dev/zero", "it is no regular file");
    let pipe = scratch.0.join("pipe").display().to_string();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&pipe, "it is no regular file");
    refused(&scratch.file("text", "secret of somebody\n"), "is another module than it was");
    fs::write(scratch.0.join("bytes"), b"secret \xff").unwrap();
    refused(&scratch.0.join("bytes").display().to_string(), "is another module than it was");
    let large = scratch.0.join("large");
    fs::File::create(&large).unwrap().set_len((1 << 30) + 1).unwrap();
    refused(&large.display().to_string(), "it has more than 1073741824 bytes");
    // What is given is read, whatever it is, and a binary is what its text was.
    let binary = wat::parse_str(COUNTS).unwrap();
    fs::write(scratch.0.join("counts.wasm"), binary).unwrap();
    let goes_on = ["--checkpoint-every", "5ms", "--checkpoint-and-exit"];
    names(&pipe);
    assert_eq!(resume(&[&goes_on[..], &["--module", &module]].concat()).status.code(), Some(WRITTEN));
    names(&scratch.0.join("counts.wasm").display().to_string());
    let output = resume(&goes_on);
    assert_eq!((output.status.code(), stderr(&output)), (Some(WRITTEN), ""));
}

/// A file of some kilobytes that says nothing but zeros, many megabytes of them.
#[test]
fn what_reading_takes_is_bounded() {
    let scratch = Scratch::new("checkpoint-large");
    let (_, checkpoint) = written(&scratch);
    // In the place of the snapshot's chunks, a chunk of 255 zeros for each byte: a literal, and one copy of it that goes on for long.
    let mut bytes = fs::read(&checkpoint).unwrap();
    let snapshot = bytes.windows(8).position(|window| window == b"pirnsnap").unwrap();
    let head = bytes[snapshot..][..8 + 4].to_vec();
    bytes.truncate(snapshot - 8);
    let copies = 4_000;
    let len = 1 + 19 + copies * 255;
    let compressed = [&[0x1f, 0, 1, 0][..], &vec![255; copies], &[0, 0]].concat();
    let chunk = [&(len as u32).to_le_bytes()[..], &(compressed.len() as u32).to_le_bytes(), &compressed].concat();
    let content = chunk.repeat(30);
    let section = [&head[..], &Sha256::digest(&content), &content].concat();
    bytes.extend((section.len() as u64).to_le_bytes());
    bytes.extend(section);
    let hash = Sha256::digest(&bytes[44..]);
    bytes[12..44].copy_from_slice(&hash);
    fs::write(&checkpoint, &bytes).unwrap();
    for (most, expected) in
        [("16M", "more memory"), ("1G", "malformed"), ("100K", "more than 102400 bytes"), ("x", "size")]
    {
        let output = pirn(&["resume", "--max-read", most, &checkpoint]);
        assert!(!output.status.success());
        let text = stderr(&output);
        assert!(text.contains(expected) && text.contains("--max-read"), "{most}: {text}");
    }
    // One that never ends.
    let output = pirn(&["resume", "--max-read", "1M", "/dev/zero"]);
    assert!(stderr(&output).contains("more than 1048576 bytes"), "{}", stderr(&output));
}
