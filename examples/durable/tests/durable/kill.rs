//! Workers are killed all the time. In short; with `DURABLE_LONG` set, 50 of them, and ten times as many workflows.

use crate::has_postgres;
use std::process::Command;

/// Executes the kill test, and gives what it printed.
fn kill_test(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_durable"));
    command.arg("kill-test").args(arguments);
    let sizes = if std::env::var_os("DURABLE_LONG").is_some() { ["2000", "50"] } else { ["200", "10"] };
    let output = command.args(["--workflows", sizes[0], "--kills", sizes[1]]).output().unwrap();
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    println!("{text}{error}");
    assert!(output.status.success(), "{}", output.status);
    assert!(text.contains(&format!("{} workflows ended once", sizes[0])), "{text}");
    assert!(text.contains(&format!("{} workers were killed", sizes[1])), "{text}");
    text
}

#[test]
fn every_workflow_ends_once_on_sqlite() {
    kill_test(&[]);
}

#[test]
fn every_workflow_ends_once_on_postgres() {
    if !has_postgres() {
        return;
    }
    // Whom a kill finds within a transaction is chance.
    let met_one = || {
        let text = kill_test(&["--postgres", "--crashes", "1"]);
        assert!(text.contains("the server failed 1 times"), "{text}");
        !text.contains(" 0 of them within a transaction")
    };
    assert!((0..10).any(|_| met_one()), "no kill was in the middle");
}
