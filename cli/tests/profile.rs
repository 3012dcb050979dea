//! `pirn run --profile`: where it says that time went, and that the program notices nothing.

mod support;

use support::{Scratch, pirn, program, stderr, stdout};

/// What a row of the table says, as far as it is the same on every machine.
#[derive(Debug)]
struct Row {
    /// With the indentation.
    label: String,
    /// Percentage of all fuel or, in builds that count, of all operators; 0 if there are none.
    share: f64,
}

/// The rows of a table from `total` on, without the notes below it.
fn rows(table: &str) -> Vec<Row> {
    let mut lines = table.lines().skip(1);
    let head = lines.next().filter(|head| head.ends_with("function, loop")).unwrap_or_else(|| panic!("{table}"));
    let label = head.find("function, loop").unwrap();
    let end = head.match_indices('%').nth(1).unwrap().0 + 1;
    let rows = lines.take_while(|line| line.starts_with(' '));
    rows.map(|line| Row { label: line[label..].to_owned(), share: line[end - 6..end].trim().parse().unwrap_or(0.0) })
        .collect()
}

const HOT_AND_COLD: &str = r#"(module
    (func $cold (export "cold") (param $n i32) (result i32)
        (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
    (func $hot (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (loop $outer
            (local.set $i (i32.const 100))
            (loop $inner
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $i)))
                (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
    (func (export "both") (param i32) (result i32)
        (i32.add (call $cold (local.get 0)) (call $hot (local.get 0)))))"#;

#[test]
fn the_hot_loop_comes_first() {
    let scratch = Scratch::new("profile-hot");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    let output = pirn(&["run", "--profile", &file, "--invoke", "both", "3000"]);
    let plain = pirn(&["run", &file, "--invoke", "both", "3000"]);
    assert_eq!((stdout(&output), output.status), (stdout(&plain), plain.status));
    let table = stderr(&output);
    let rows = rows(table);
    assert_eq!((rows[0].label.as_str(), rows[0].share), ("total", 100.0), "{table}");
    assert_eq!(rows[1].label, r#"func[1] "hot""#, "{table}");
    assert!(rows[2].label.starts_with("  loop @") && rows[3].label.starts_with("    loop @"), "{table}");
    // Rows include those below them.
    assert!(rows[1].share >= rows[2].share && rows[2].share >= rows[3].share && rows[3].share > 90.0, "{table}");
    let cold = rows.iter().find(|row| row.label == r#"func[0] "cold""#).unwrap();
    assert!(cold.share < 5.0, "{table}");
}

#[test]
fn fuel_is_sampled_without_bias() {
    let scratch = Scratch::new("profile-bias");
    // By turns loops of 5 and 9 operators an iteration, for far less than a sample takes.
    let file = scratch.file(
        "turns.wat",
        r#"(module
            (func $short (param $n i32)
                (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func $long (param $n i32) (local $x i32)
                (loop $next
                    (local.set $x (i32.add (local.get $x) (local.get $n)))
                    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "turns") (param $n i32)
                (loop $next
                    (call $short (i32.const 10)) (call $long (i32.const 10))
                    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
    );
    // Some thousand samples, of which the shares below deviate by a percent or so.
    let turns = if cfg!(debug_assertions) { "20000" } else { "1000000" };
    let output = pirn(&["run", "--profile", &file, "--invoke", "turns", turns]);
    let table = stderr(&output);
    let share = |name: &str| rows(table).iter().find(|row| row.label.ends_with(name)).unwrap().share;
    // 50 and 90 operators a call, 9 a turn.
    let (short, long, turns) = (share("\"short\""), share("\"long\""), share("\"turns\""));
    let total = 50.0 + 90.0 + 9.0;
    for (found, operators) in [(short, 50.0), (long, 90.0), (turns, 9.0)] {
        assert!((found - 100.0 * operators / total).abs() < 5.0, "{operators}: {table}");
    }
}

#[test]
fn the_exit_status_and_the_output_stay() {
    let scratch = Scratch::new("profile-exit");
    let file = program(
        &scratch,
        r#"(data (i32.const 100) "before")
        (func $start (global.set $started (i32.const 1)))
        (start $start)
        (global $started (mut i32) (i32.const 0))
        (func $deep (call $write (i32.const 1) (i32.const 100) (i32.const 6))
            (drop (memory.grow (i32.const 10)))
            (memory.fill (i32.const 10000) (i32.const 1) (i32.const 600000))
            (call $proc_exit (i32.add (i32.load8_u (i32.const 600000)) (i32.add (global.get $started) (i32.const 40)))))
        (func (export "_start") (call $deep) unreachable)"#,
    );
    for args in [&["run", "--profile", &file][..], &["run", &file]] {
        let output = pirn(args);
        assert_eq!(stdout(&output), "before");
        assert_eq!(output.status.code(), Some(42));
    }
    let output = pirn(&["run", "--profile", &file]);
    let labels: Vec<_> = rows(stderr(&output)).into_iter().map(|row| row.label).collect();
    for expected in ["\"start\"", "\"deep\"", "\"_start\"", "host function fd_write, 1 call"] {
        assert!(labels.iter().any(|label| label.contains(expected)), "{expected}: {labels:?}");
    }
}

#[test]
fn a_trap_has_a_profile() {
    let scratch = Scratch::new("profile-trap");
    let file =
        program(&scratch, r#"(func (export "_start") (drop (i32.div_s (i32.const 1) (i32.load (i32.const 5000)))))"#);
    let output = pirn(&["run", "--profile", &file]);
    assert!(rows(stderr(&output)).iter().any(|row| row.label.ends_with("\"_start\"")), "{}", stderr(&output));
    assert!(stderr(&output).contains("\ntrap: integer divide by zero\nwasm backtrace"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(134));
    // What was never begun has none.
    let output = pirn(&["run", "--profile", &file, "--invoke", "absent"]);
    assert_eq!(stderr(&output), "error: no export `absent`: it exports `_start`, `memory`\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn fuel_is_bounded_as_ever() {
    let scratch = Scratch::new("profile-fuel");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    // An iteration takes 5, the function 1 besides.
    for (fuel, status) in [("501", 0), ("500", 134), ("0", 134)] {
        for profile in [&["--profile"][..], &[]] {
            let args = [&["run", "--fuel", fuel], profile, &[&file, "--invoke", "cold", "100"]].concat();
            assert_eq!(pirn(&args).status.code(), Some(status), "{args:?}");
        }
    }
    let endless = program(&scratch, r#"(func (export "_start") (loop (br 0)))"#);
    let output = pirn(&["run", "--profile", "--fuel", "1000000", &endless]);
    assert!(rows(stderr(&output)).iter().any(|row| row.label.ends_with("\"_start\"")), "{}", stderr(&output));
    assert!(stderr(&output).ends_with("\ntrap: all fuel consumed\n"), "{}", stderr(&output));
}

#[test]
fn as_many_functions_as_one_likes() {
    let scratch = Scratch::new("profile-top");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    let output = pirn(&["run", "--profile", "--profile-top", "1", &file, "--invoke", "both", "1000"]);
    let rows = rows(stderr(&output));
    let functions: Vec<_> = rows.iter().filter(|row| row.label.starts_with("func[")).collect();
    assert_eq!(functions.len(), 1, "{rows:?}");
    assert!(rows.iter().any(|row| row.label == "2 more functions"), "{rows:?}");
    let output = pirn(&["run", "--profile-top", "1", &file]);
    assert!(stderr(&output).contains("--profile"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

/// Loops within loops, as many as a module may have, take a bounded part of the table.
#[test]
fn deeply_nested_loops_are_left_out() {
    let scratch = Scratch::new("profile-nested");
    let nested = |count: usize| {
        let (begin, end) = ("(loop ".repeat(count), ")".repeat(count));
        let text = format!(
            r#"(module (func (export "nested") (param $n i32)
                {begin} (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))) {end}))"#
        );
        let file = scratch.file("nested.wat", &text);
        let output = pirn(&["run", "--profile", &file, "--invoke", "nested", "100000"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let labels = rows(stderr(&output)).into_iter().map(|row| row.label);
        labels.filter(|label| label.starts_with(' ')).collect::<Vec<_>>()
    };
    let rows = nested(25);
    assert_eq!(rows.len(), 25, "{rows:?}");
    let indent = |row: &str| row.len() - row.trim_start().len();
    assert_eq!(rows[..21].iter().map(|row| indent(row)).collect::<Vec<_>>()[18..], [38, 40, 40], "{rows:?}");
    assert!(
        !rows[19].contains("deep") && rows[20].ends_with(", 21 deep") && rows[24].ends_with(", 25 deep"),
        "{rows:?}"
    );
    let rows = nested(150);
    assert_eq!((rows.len(), &*rows[100]), (101, "  50 more loops"), "{rows:?}");
    // Many of them, each with something behind it.
    let behind = "(br_if 0 (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))) end ";
    let (begin, behind) = ("loop ".repeat(20_000), behind.repeat(20_000));
    let text = format!(
        r#"(module (func (export "_start") (local $n i32) (local.set $n (i32.const 30000)) {begin} {behind}))"#
    );
    let file = scratch.file("many.wat", &text);
    // Of address space, in KiB, and seconds.
    let limited = format!("ulimit -v 800000; ulimit -t 60; exec {} run --profile {file}", env!("CARGO_BIN_EXE_pirn"));
    let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
    assert!(stderr(&output).contains(" more loops\n"), "{}", stderr(&output));
}

/// Counts are exact: with each cell as often as the loop runs that it is in.
#[test]
#[cfg(feature = "profile")]
fn dispatches_and_operators_are_counted() {
    let scratch = Scratch::new("profile-dispatches");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    let output = pirn(&["run", "--profile", &file, "--invoke", "both", "2"]);
    let table = stderr(&output);
    let counts = |label: &str| -> Vec<u64> {
        let line = table.lines().find(|line| line.ends_with(label)).unwrap();
        line.split_whitespace().step_by(2).take(2).map(|count| count.parse().unwrap()).collect()
    };
    let module = pirn_decode::Module::new(wat::parse_str(HOT_AND_COLD).unwrap()).unwrap();
    let disassembler = pirn_exec::inspect::disassembler(&module, pirn_decode::Options::default());
    let cells = |funcidx| disassembler.function(pirn_decode::FuncIdx(funcidx)).unwrap().lines.len() as u64;
    // The first iteration, the cell that repeats itself for the others, and the one that returns.
    assert_eq!(counts("\"cold\""), [3, 2 * 5 + 1], "{table}");
    assert_eq!(counts("\"both\""), [cells(2), 5], "{table}");
    let hot = 2 * (2 + 100 * (6 + 5) + 5) + 1;
    assert!(
        table.lines().any(|line| line.contains(&format!("{:.1} k", hot as f64 / 1000.0)) && line.ends_with("\"hot\"")),
        "{table}"
    );
}

/// What is not executed is not counted, though it is paid for.
#[test]
#[cfg(feature = "profile")]
fn arms_not_taken_are_not_counted() {
    let scratch = Scratch::new("profile-arms");
    let adds = "(i32.add ".repeat(50) + "(local.get $n)" + &" (i32.const 1))".repeat(50);
    let text = format!(
        r#"(module (func (export "arms") (param $n i32) (result i32) (local $x i32)
            (loop $next
                (if (i32.eqz (local.get $n)) (then (local.set $x {adds})) (else (local.set $x (i32.const 3))))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x)))"#
    );
    let file = scratch.file("arms.wat", &text);
    let output = pirn(&["run", "--profile", &file, "--invoke", "arms", "10"]);
    let table = stderr(&output);
    // The condition 3, the arm 2, the rest 5.
    assert!(table.lines().any(|line| line.contains(" 101 ") && line.ends_with("\"arms\"")), "{table}");
}

/// Time of the functions without what they call, by name, from a profile of the Firefox profiler's processed format.
fn self_times(json: &str) -> std::collections::HashMap<String, f64> {
    let profile: serde_json::Value = serde_json::from_str(json).unwrap();
    let thread = &profile["threads"][0];
    // The schema, as far as the Firefox profiler looks at it: tables of columns that refer to each other.
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    let strings = match &thread["stringArray"] {
        serde_json::Value::Null => &profile["shared"]["stringArray"],
        strings => strings,
    };
    let (samples, stacks, frames, funcs) =
        (&thread["samples"], &thread["stackTable"], &thread["frameTable"], &thread["funcTable"]);
    let length = number(&samples["length"]);
    assert_eq!(samples["stack"].as_array().unwrap().len(), length);
    assert_eq!(samples["weight"].as_array().unwrap().len(), length);
    let mut times = std::collections::HashMap::new();
    for sample in 0..length {
        let stack = number(&samples["stack"][sample]);
        assert!(stacks["prefix"][stack].is_null() || number(&stacks["prefix"][stack]) < stack);
        let func = number(&frames["func"][number(&stacks["frame"][stack])]);
        let name = strings[number(&funcs["name"][func])].as_str().unwrap();
        *times.entry(name.to_owned()).or_default() += samples["weight"][sample].as_f64().unwrap();
    }
    times
}

/// Percentages of a flame graph, by name, what is called included.
fn shares(svg: &str) -> std::collections::HashMap<String, f64> {
    let titles = svg.split("<title>").skip(1).map(|rest| rest.split_once("</title>").unwrap().0);
    let share = |title: &str| {
        let (name, rest) = title.rsplit_once(" (")?;
        Some((name.to_owned(), rest.rsplit_once(' ')?.1.trim_end_matches("%)").parse().ok()?))
    };
    titles.filter_map(share).collect()
}

#[test]
fn files_say_what_the_table_says() {
    let scratch = Scratch::new("profile-files");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    let run = |profile: &str| pirn(&["run", profile, &file, "--invoke", "both", "3000"]);
    let plain = pirn(&["run", &file, "--invoke", "both", "3000"]);
    let [svg, json] = ["svg", "json"].map(|ending| scratch.0.join(format!("profile.{ending}")).display().to_string());
    for path in [&svg, &json] {
        let output = run(&format!("--profile={path}"));
        assert_eq!((stdout(&output), output.status), (stdout(&plain), plain.status));
        assert_eq!(stderr(&output), format!("profile: {path}\n"));
    }
    let output = run("--profile");
    let rows = rows(stderr(&output));
    let table =
        |name: &str| rows.iter().find(|row| row.label.ends_with(&format!("{name:?}"))).map_or(0.0, |row| row.share);
    let (graph, times) = (shares(&scratch.read("profile.svg")), self_times(&scratch.read("profile.json")));
    let all: f64 = times.values().sum();
    // The table is of another run, and sampled; `both` has next to nothing of its own.
    for name in ["hot", "cold"] {
        let shown = graph.get(name).copied().unwrap_or(0.0);
        let json = 100.0 * times.get(name).copied().unwrap_or(0.0) / all;
        assert!((shown - table(name)).abs() < 5.0, "{name}: {shown} in {graph:?}, {}", table(name));
        assert!((json - table(name)).abs() < 5.0, "{name}: {json} in {times:?}, {}", table(name));
    }
    // In a graph, functions have what they call.
    assert!(graph["both"] > 95.0 && graph["both"] >= graph["hot"], "{graph:?}");
}

#[test]
fn stacks_have_all_callers_and_host_functions() {
    let scratch = Scratch::new("profile-stacks");
    let file = program(
        &scratch,
        r#"(func $leaf (param $n i32) (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func $_ZN5crate6middle17h0123456789abcdefE (call $leaf (i32.const 6000000)))
        (func $other (call $leaf (i32.const 2000000)))
        (func (export "_start") (call $_ZN5crate6middle17h0123456789abcdefE) (call $other)
            (call $write (i32.const 1) (i32.const 100) (i32.const 1)))"#,
    );
    let path = scratch.0.join("profile.json").display().to_string();
    assert!(pirn(&["run", &format!("--profile={path}"), &file]).status.success());
    let json = scratch.read("profile.json");
    let names = self_times(&json);
    assert!(json.contains("\"crate::middle\"") && json.contains("\"other\""), "{json}");
    assert!(json.contains("\"host function fd_write\""), "{json}");
    let most = names.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert_eq!(most.0, "leaf");
    // `leaf` was called by two: two nodes of the stack table.
    let profile: serde_json::Value = serde_json::from_str(&json).unwrap();
    let thread = &profile["threads"][0];
    let frames = thread["stackTable"]["frame"].as_array().unwrap();
    let leaf = frames.iter().max_by_key(|frame| frames.iter().filter(|other| other == frame).count()).unwrap();
    assert!(frames.iter().filter(|frame| *frame == leaf).count() >= 2, "{frames:?}");
}

/// Functions of modules that the program imports from have the same indices as its own.
#[test]
fn functions_of_other_modules_have_their_own_names() {
    let scratch = Scratch::new("profile-preload");
    let count = "(loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";
    let lib = scratch.file(
        "lib.wat",
        &format!(
            r#"(module (func $count (export "count") (param $n i32) {count})
                (func (export "_initialize") (call $count (i32.const 30000))) (func (param $n i32) {count}))"#
        ),
    );
    let main = scratch.file(
        "main.wat",
        &format!(
            r#"(module (import "lib" "count" (func $theirs (param i32))) (func $own (param $n i32) {count})
                (func (export "both") (param $n i32) (call $theirs (local.get $n))
                    (call $own (i32.mul (local.get $n) (i32.const 3)))))"#
        ),
    );
    let preload = format!("lib={lib}");
    let run = |profile: &str| pirn(&["run", profile, "--preload", &preload, "--invoke", "both", &main, "300000"]);
    let output = run("--profile");
    let rows = rows(stderr(&output));
    let share = |label: &str| rows.iter().find(|row| row.label == label).map_or(0.0, |row| row.share);
    let (own, theirs) = (share(r#"func[1] "own""#), share(r#"lib!func[0] "count""#));
    assert!((70.0..80.0).contains(&own) && (20.0..30.0).contains(&theirs), "{rows:?}");
    for ending in ["svg", "json"] {
        let name = format!("profile.{ending}");
        let path = scratch.0.join(&name).display().to_string();
        let output = run(&format!("--profile={path}"));
        assert_eq!((stderr(&output), output.status.code()), (&*format!("profile: {path}\n"), Some(0)));
        let content = scratch.read(&name);
        let times = if ending == "svg" { shares(&content) } else { self_times(&content) };
        assert!(times["own"] > times["lib!count"] && times["lib!count"] > 0.0, "{times:?}");
    }
}

#[test]
fn other_files_are_refused() {
    let scratch = Scratch::new("profile-endings");
    let file = scratch.file("both.wat", HOT_AND_COLD);
    for path in ["profile", "profile.txt", "svg", ".json", ""] {
        let output = pirn(&["run", &format!("--profile={path}"), &file, "--invoke", "both", "10"]);
        assert_eq!(output.status.code(), Some(2), "{path}: {}", stderr(&output));
        assert!(path.is_empty() || stderr(&output).contains(".svg (a flame graph)"), "{}", stderr(&output));
    }
    // What cannot be written is said before the program runs.
    let absent = scratch.0.join("absent/profile.svg").display().to_string();
    let output = pirn(&["run", &format!("--profile={absent}"), &file, "--invoke", "both", "10"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    assert!(stderr(&output).starts_with("error: cannot write "), "{}", stderr(&output));
}

/// Recursion of a hundred thousand levels, by two functions in ever other orders, takes little memory.
#[test]
#[cfg(target_os = "linux")]
fn deep_recursion_takes_little_memory() {
    let scratch = Scratch::new("profile-deep");
    let body = |other: &str| {
        format!(
            "(if (local.get $n) (then
                (global.set $x (i32.mul (i32.add (global.get $x) (i32.const 12345)) (i32.const 1103515245)))
                (if (i32.lt_s (global.get $x) (i32.const 0))
                    (then (call $a (i32.sub (local.get $n) (i32.const 1))))
                    (else (call ${other} (i32.sub (local.get $n) (i32.const 1)))))
                (global.set $x (i32.add (global.get $x) (i32.const 1)))))"
        )
    };
    let file = scratch.file(
        "deep.wat",
        &format!(
            r#"(module (global $x (mut i32) (i32.const 1))
            (func $a (param $n i32) {}) (func $b (param $n i32) {})
            (func (export "deep") (param $n i32) (call $a (local.get $n)) (call $b (local.get $n))))"#,
            body("b"),
            body("a")
        ),
    );
    for ending in ["svg", "json"] {
        let path = scratch.0.join(format!("profile.{ending}")).display().to_string();
        // Of address space, in KiB: the file of a debug build is some 200 MB of that.
        let limited = format!(
            "ulimit -v 800000; exec {} run --profile={path} {file} --invoke deep 100000",
            env!("CARGO_BIN_EXE_pirn")
        );
        let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let content = scratch.read(&format!("profile.{ending}"));
        assert!(content.len() < 50 << 20, "{} bytes", content.len());
        assert!(content.contains("[frames left out]"));
    }
}
