//! Figures: what a paused workflow takes, and how long a turn.

use crate::database;
use crate::guest::Guests;
use crate::kill_test::submit_orders;
use crate::tables::Tables;
use crate::worker::{Counts, Options, Worker};
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// Sleeps a millisecond, so often: each time it is written down and taken again.
const NAPS: &str = r#"(module
    (import "workflow" "sleep" (func $sleep (param i64)))
    (memory (export "memory") 1)
    (func (export "run") (param $n i64) (result i64) (local $done i64)
        (loop $next
            (call $sleep (i64.const 1))
            (local.set $done (i64.add (local.get $done) (i64.const 1)))
            (br_if $next (i64.lt_u (local.get $done) (local.get $n))))
        (local.get $done)))"#;

const NAPS_EACH: i64 = 10;

/// Works until all have ended or wait for what does not come, with so many workers, and gives what they did and how long it took.
fn work(place: &str, workers: usize, options: &Options) -> Result<(Counts, Duration)> {
    let begin = Instant::now();
    let work = || -> Result<Counts> {
        let mut worker = Worker::new(place, options.clone())?;
        worker.work(&mut |_| Ok(()), |tables| {
            let sql = "SELECT (SELECT count(*) FROM workflows WHERE due < $1) + (SELECT count(*) FROM messages WHERE state = 0)";
            // The orders' patience is an hour.
            let soon = tables.database().now()? + 1_000_000;
            Ok(tables.database().query(sql, &[soon.into()])?[0].int(0)? == 0)
        })?;
        Ok(worker.counts)
    };
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker panicked")).collect::<Result<Vec<_>>>()
    })?;
    let mut sum = Counts::default();
    for counts in all {
        sum.turns += counts.turns;
        sum.in_turns += counts.in_turns;
        sum.failed += counts.failed;
        sum.busy += counts.busy;
    }
    ensure!(sum.failed == 0, "{} turns failed", sum.failed);
    Ok((sum, begin.elapsed()))
}

/// Bytes of the whole database.
fn size(place: &str, tables: &mut Tables) -> Result<i64> {
    if database::is_postgres(place) {
        return tables.database().query("SELECT pg_database_size(current_database())", &[])?[0].int(0);
    }
    // What was written is moved to the file itself first.
    tables.database().query("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
    Ok(std::fs::metadata(place)?.len() as i64)
}

/// Prints the figures, with so many workflows, on an empty database.
///
/// # Errors
/// Those of the database.
pub fn measure(place: &str, workflows: usize) -> Result<()> {
    let mut tables = Tables::open(place)?;
    let guests = Guests::new()?;
    let bytes = guests.binary(NAPS.as_bytes())?;
    let hash = guests.module(&bytes)?.hash();
    tables.keep_module(&hash, &bytes)?;
    for (round, (workers, batch)) in [(1, 1), (1, 32), (2, 32), (4, 32)].into_iter().enumerate() {
        tables.transaction(|tables| {
            let now = tables.database().now()?;
            for i in 0..workflows {
                tables.submit(&format!("nap-{round}-{i}"), &hash, &NAPS_EACH.to_string(), 0, now)?;
            }
            Ok(())
        })?;
        let options = Options { batch, idle: Duration::from_millis(1), ..Options::default() };
        let (counts, took) = work(place, workers, &options)?;
        let a_turn = |took: Duration| took.as_secs_f64() * 1e6 / counts.turns as f64;
        println!(
            "{workers} workers, {batch:>2} turns a transaction: {:>5.0} turns/s; a turn: {:>4.0} us, {:>3.0} of them in pirn",
            counts.turns as f64 / took.as_secs_f64(),
            a_turn(counts.busy),
            a_turn(counts.in_turns),
        );
    }
    let before = size(place, &mut tables)?;
    submit_orders(&mut tables, &guests, workflows)?;
    let (_, took) = work(place, 2, &Options::default())?;
    println!("{workflows} orders reserved their goods in {:.1} s", took.as_secs_f64());
    let sql = "SELECT count(*), CAST(avg(length(snapshot)) AS BIGINT) FROM workflows WHERE channel = 'payment'";
    let row = &mut tables.database().query(sql, &[])?[0];
    let (count, mean) = (row.int(0)?, row.int(1)?);
    let all = size(place, &mut tables)? - before;
    println!("{count} wait for payments: {mean} bytes a snapshot, {} bytes of the database each", all / count.max(1));
    Ok(())
}
