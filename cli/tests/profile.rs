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
    assert_eq!(stderr(&output), "error: no export `absent`\n");
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
    let cells = |funcidx| disassembler.function(funcidx).unwrap().lines.len() as u64;
    // All but the cell that returns are in the loop.
    assert_eq!(counts("\"cold\""), [2 * (cells(0) - 1) + 1, 2 * 5 + 1], "{table}");
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
