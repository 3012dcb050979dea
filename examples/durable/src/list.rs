//! A picture of the workflows, in text.

use crate::tables::Tables;
use anyhow::Result;
use std::fmt::Write;

/// How many there are in which state, and what the running ones wait for; then those that changed last, at most so many.
///
/// # Errors
/// Those of the database.
pub fn list(tables: &mut Tables, limit: i64) -> Result<String> {
    let mut text = String::new();
    let database = tables.database();
    let now = database.now()?;
    let sql = "SELECT state, count(*) FROM workflows GROUP BY state ORDER BY state";
    let mut states = Vec::new();
    for mut row in database.query(sql, &[])? {
        states.push((row.text(0)?, row.int(1)?));
    }
    let most = states.iter().map(|(_, count)| *count).max().unwrap_or(1);
    for (state, count) in &states {
        writeln!(text, "{state:<10} {count:>9} {}", "#".repeat((*count as usize * 50).div_ceil(most as usize)))?;
    }
    let sql = "SELECT count(snapshot), CAST(coalesce(avg(length(snapshot)), 0) AS BIGINT) FROM workflows";
    for mut row in database.query(sql, &[])? {
        writeln!(text, "{} snapshots of {} bytes in the mean", row.int(0)?, row.int(1)?)?;
    }
    let sql = "SELECT key, state, steps, note, channel, due, attempts, error, result FROM workflows ORDER BY at DESC, id DESC LIMIT $1";
    for mut row in database.query(sql, &[limit.into()])? {
        let (key, state, steps) = (row.text(0)?, row.text(1)?, row.int(2)?);
        let note = row.maybe_text(3)?.unwrap_or_default();
        let (channel, due, attempts) = (row.maybe_text(4)?, row.maybe_int(5)?, row.int(6)?);
        let (error, result) = (row.maybe_text(7)?, row.maybe_text(8)?);
        let when = due.map(|due| format!("{:.1} s", (due - now) as f64 / 1000.0));
        let what = match (&*state, channel, when) {
            ("finished", ..) => format!("= {}", result.unwrap_or_default()),
            (_, Some(channel), Some(when)) => format!("waits for {channel}, or {when}"),
            (_, Some(channel), None) => format!("waits for {channel}"),
            (_, None, Some(when)) => format!("goes on in {when}"),
            _ => String::new(),
        };
        let error = error.map(|error| format!("; failed {attempts} times: {}", error.replace('\n', " ")));
        let end = if state == "running" { "o" } else { "|" };
        let bar = format!("{}{end}", "-".repeat(steps.min(20) as usize));
        writeln!(text, "{key:<16} {state:<9} {bar:<22} {note:<16} {what}{}", error.unwrap_or_default())?;
    }
    Ok(text)
}
