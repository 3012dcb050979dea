//! Programs that go on from their checkpoints come to what they come to otherwise.

use super::{COUNTS, ROUNDS, WRITTEN, in_pieces};
use crate::support::{Scratch, pirn, stderr, stdout};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Fills tables, sorts them, looks for patterns in strings, and writes what it does to a file as well.
const SCRIPT: &str = r#"
local log = io.open("/work/log.txt", "a")
local function say(...) print(...); log:write(table.concat({...}, " "), "\n") end
local function numbers(seed)
    return function()
        seed = (seed * 1103515245 + 12345) % 2147483648
        return seed
    end
end
for round = 1, ROUNDS do
    local next, t, words = numbers(round), {}, {}
    for i = 1, 4000 do t[i] = next() end
    table.sort(t)
    for i = 1, 300 do words[i] = string.format("%08x", t[i * 10]) end
    local text = table.concat(words)
    local sum = 0
    for word in text:gmatch("%x%x%x") do sum = (sum * 31 + tonumber(word, 16)) % 1000000007 end
    say(round, sum, #text:gsub("a", ""))
end
log:close()
"#;

#[test]
fn real_programs_go_on_in_new_processes() {
    let workloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads");
    let file = |path: &str| workloads.join(path).to_str().unwrap().to_owned();
    let scratch = Scratch::new("checkpoint-programs");
    // Without optimisation a process takes most of its time to load the module.
    let slow = cfg!(debug_assertions);
    let (every, least, rounds) = if slow { (1500, 2, "2") } else { (10, 4, "12") };
    scratch.file("script.lua", &SCRIPT.replace("ROUNDS", rounds));
    let dirs = [format!("{}::/work", scratch.0.display()), format!("{}::/data::ro", file("data"))];
    let dirs = ["--dir", &dirs[0], "--dir", &dirs[1]];
    let programs: &[&[&str]] = &[
        &[&file("judge/lua54.wasm"), "/work/script.lua"],
        &[&file("train/sqlite.wasm"), "1000"],
        &[&file("train/quickjs.wasm"), "/data/bench.js"],
    ];
    for &program in &programs[..if slow { 1 } else { programs.len() }] {
        let log = scratch.0.join("log.txt");
        let _ = fs::remove_file(&log);
        let expected = pirn(&[&["run"], &dirs[..], program].concat());
        assert_eq!((expected.status.code(), stderr(&expected)), (Some(0), ""), "{program:?}");
        let logged = fs::read_to_string(&log).ok();
        let checkpoint = scratch.0.join("checkpoint").display().to_string();
        let found = in_pieces(every, least, &dirs, program, &checkpoint, &|| drop(fs::remove_file(&log)));
        assert_eq!((stdout(&found), stderr(&found)), (stdout(&expected), ""), "{program:?}");
        assert_eq!(found.status.code(), Some(0), "{program:?}");
        assert_eq!(fs::read_to_string(&log).ok(), logged, "{program:?}");
    }
}

#[test]
fn a_program_that_is_killed_goes_on_from_its_last_checkpoint() {
    let scratch = Scratch::new("checkpoint-killed");
    let module = scratch.file("counts.wat", COUNTS);
    let checkpoint = scratch.0.join("checkpoint");
    let path = checkpoint.to_str().unwrap();
    let begin = Instant::now();
    let expected = pirn(&["run", "--invoke", "run", &module, ROUNDS]);
    // Long enough for a checkpoint, and not for the whole program.
    let life = (begin.elapsed() / 3).max(Duration::from_millis(60));
    let every = ["--checkpoint-every", "20ms", "--checkpoint", path];
    let begin = [&["run"], &every[..], &["--invoke", "run", &module, ROUNDS]].concat();
    let mut kills = 0;
    let found = loop {
        let args = if checkpoint.exists() { &["resume", path][..] } else { &begin };
        let mut command = Command::new(env!("CARGO_BIN_EXE_pirn"));
        let mut child = command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(life);
        if child.try_wait().unwrap().is_some() {
            break child.wait_with_output().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        assert!(kills < 500, "it gets no further");
    };
    assert_eq!((stdout(&found), found.status.code()), (stdout(&expected), Some(0)));
    assert!(kills > 0);
    // Whatever was being written when it was killed is gone with the next one, or lies beside.
    assert!(checkpoint.exists());
}

#[test]
fn results_fuel_and_traps_are_as_if_nothing_had_happened() {
    let scratch = Scratch::new("checkpoint-ends");
    let module = scratch.file("counts.wat", COUNTS);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let program = ["--invoke", "run", &module, ROUNDS];
    let expected = pirn(&[&["run"], &program[..]].concat());
    let in_pieces = |options: &[&str], program: &[&str]| in_pieces(100, 2, options, program, &checkpoint, &|| ());
    let found = in_pieces(&[], &program);
    assert_eq!((stdout(&found), stderr(&found)), (stdout(&expected), ""));
    // As much fuel as it takes, and less.
    let with = |fuel: &str| in_pieces(&["--fuel", fuel], &program);
    let found = with("100000000000");
    assert_eq!(stdout(&found), stdout(&expected));
    let rounds: u64 = ROUNDS.parse().unwrap();
    let found = with(&(rounds * 10_000).to_string());
    assert_eq!((found.status.code(), stdout(&found)), (Some(134), ""), "{}", stderr(&found));
    assert!(stderr(&found).contains("fuel"), "{}", stderr(&found));

    // Traps in the end.
    let text = COUNTS.replace("(local.get $sum)))", "(i64.load (i32.const -1))))");
    let module = scratch.file("traps.wat", &text);
    let found = in_pieces(&[], &["--invoke", "run", &module, ROUNDS]);
    assert_eq!(found.status.code(), Some(134));
    assert!(
        stderr(&found).contains("out of bounds") && stderr(&found).contains("wasm backtrace"),
        "{}",
        stderr(&found)
    );
}

#[test]
fn within_what_takes_long_it_is_tried_again() {
    let scratch = Scratch::new("checkpoint-long");
    // Nearly always within one of the fills.
    let text = r#"(module (memory 256)
        (func (export "run") (param i32) (result i32 i32)
            (loop $l
                (memory.fill (i32.const 0) (local.get 0) (i32.const 16777216))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.load8_u (i32.const 16777215)) (i32.load8_u (i32.const 7))))"#;
    let module = scratch.file("fills.wat", text);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    let found = in_pieces(50, 2, &[], &["--invoke", "run", &module, "1000"], &checkpoint, &|| ());
    assert_eq!((stdout(&found), stderr(&found), found.status.code()), ("1\n1\n", "", Some(0)));
}

/// Where a deadline passes between calls, only code stops that asks for it: also where no more checkpoints are written.
#[test]
fn a_program_that_stands_between_calls_goes_on_without_checkpoints() {
    let scratch = Scratch::new("checkpoint-between");
    let calls = |name: &str, count: usize| format!("(call {name})").repeat(count);
    let text = format!(
        r#"(module (global $n (mut i32) (i32.const 0))
            (func $one (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func $some {}) (func $many {})
            (func (export "run") (result i32) {} (global.get $n)))"#,
        calls("$one", 190),
        calls("$some", 190),
        calls("$many", if cfg!(debug_assertions) { 100 } else { 5_000 }),
    );
    let module = scratch.file("calls.wat", &text);
    let expected = pirn(&["run", "--invoke", "run", &module]);
    let checkpoint = scratch.0.join("checkpoint").display().to_string();
    for _ in 0..4 {
        let every = ["run", "--checkpoint-every", "2ms", "--checkpoint", &checkpoint, "--checkpoint-and-exit"];
        let first = pirn(&[&every[..], &["--invoke", "run", &module]].concat());
        assert_eq!((first.status.code(), stderr(&first)), (Some(WRITTEN), ""));
        let rest = pirn(&["resume", "--checkpoint-every", "0", &checkpoint]);
        assert_eq!((rest.status.code(), stderr(&rest)), (Some(0), ""));
        assert_eq!(stdout(&rest), stdout(&expected));
    }
}
