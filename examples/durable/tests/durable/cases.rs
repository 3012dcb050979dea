//! What happens to workflows, one thing at a time.

use pirn_durable::guest::Guests;
use pirn_durable::replay::replay;
use pirn_durable::tables::Tables;
use pirn_durable::worker::{ATTEMPTS, DEATHS, Options, Worker};
use std::time::{Duration, Instant};

/// A case: it gets a database that is empty.
type Case = (&'static str, fn(&str));

pub const ALL: &[Case] = &[
    ("timers_and_messages", timers_and_messages),
    ("messages_in_any_order", messages_in_any_order),
    ("a_full_mailbox", a_full_mailbox),
    ("a_message_that_comes_meanwhile", a_message_that_comes_meanwhile),
    ("ids_of_others", ids_of_others),
    ("long_computations", long_computations),
    ("replayed_in_the_middle", replayed_in_the_middle),
    ("poison", poison),
    ("a_turn_that_kills", a_turn_that_kills),
    ("nowhere_to_send", nowhere_to_send),
    ("a_batch_that_fails", a_batch_that_fails),
    ("two_workers", two_workers),
    ("the_outbox", the_outbox),
    ("a_module_that_is_refused", a_module_that_is_refused),
    ("not_a_workflow", not_a_workflow),
];

/// What all workflows here begin with.
const IMPORTS: &str = r#"(module
    (import "workflow" "sleep" (func $sleep (param i64)))
    (import "workflow" "receive" (func $receive (param i32 i32 i32 i32 i64) (result i32)))
    (import "workflow" "send" (func $send (param i32 i32 i32 i32)))
    (import "workflow" "now" (func $now (result i64)))
    (import "workflow" "random" (func $random (result i64)))
    (import "workflow" "note" (func $note (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "go")
    "#;

/// Adds a workflow.
fn submit(tables: &mut Tables, key: &str, text: &str, args: &str) -> i64 {
    let guests = Guests::new().unwrap();
    let bytes = guests.binary(format!("{IMPORTS}{text})").as_bytes()).unwrap();
    let hash = guests.module(&bytes).unwrap().hash();
    tables.keep_module(&hash, &bytes).unwrap();
    let now = tables.database().now().unwrap();
    assert!(tables.submit(key, &hash, args, 5, now).unwrap());
    assert!(!tables.submit(key, &hash, args, 6, now).unwrap(), "there is one of this key");
    tables.find(key).unwrap().unwrap()
}

fn worker(place: &str) -> Worker {
    Worker::new(place, Options { idle: Duration::from_millis(5), ..Options::default() }).unwrap()
}

/// Works until nobody is due within a minute, and gives what was sent outside.
fn settle(worker: &mut Worker) -> Vec<String> {
    let (mut sent, begin) = (Vec::new(), Instant::now());
    let mut deliver = |parcel: &pirn_durable::tables::Parcel| {
        sent.push(format!("{} {} {}", parcel.key, parcel.target, String::from_utf8_lossy(&parcel.body)));
        Ok(())
    };
    let idle = |tables: &mut Tables| {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not settle");
        let soon = tables.database().now()? + 60_000;
        let sql = "SELECT count(*) FROM workflows WHERE due < $1";
        Ok(tables.database().query(sql, &[soon.into()])?[0].int(0)? == 0)
    };
    worker.work(&mut deliver, idle).unwrap();
    sent
}

/// The state of a workflow, and its result.
fn state(tables: &mut Tables, key: &str) -> (String, Option<String>) {
    let rows = tables.database().query("SELECT state, result FROM workflows WHERE key = $1", &[key.into()]);
    let row = &mut rows.unwrap()[0];
    (row.text(0).unwrap(), row.maybe_text(1).unwrap())
}

#[track_caller]
fn assert_finished(worker: &mut Worker, key: &str, result: &str) {
    assert_eq!(state(worker.tables(), key), ("finished".into(), Some(result.into())));
    let again = replay(worker.tables(), &Guests::new().unwrap(), key).unwrap();
    assert_eq!(again.result.as_deref(), Some(result));
}

/// Waits for a message of the channel `go` for so long, and gives its first byte, or `-`; and how many hours it took.
const PATIENT: &str = r#"(func (export "run") (param $patience i64) (result i64 i64) (local $begin i64)
    (local.set $begin (call $now))
    (call $sleep (i64.const 30))
    (if (i32.lt_s (call $receive (i32.const 0) (i32.const 2) (i32.const 64) (i32.const 1) (local.get $patience)) (i32.const 0))
        (then (i32.store8 (i32.const 64) (i32.const 45))))
    (i64.load8_u (i32.const 64))
    (i64.div_u (i64.sub (call $now) (local.get $begin)) (i64.const 3600000)))"#;

fn timers_and_messages(place: &str) {
    let mut worker = worker(place);
    let late = submit(worker.tables(), "late", PATIENT, "3600000");
    submit(worker.tables(), "never", PATIENT, "40");
    let endless = submit(worker.tables(), "endless", PATIENT, "-1");
    settle(&mut worker);
    assert_finished(&mut worker, "never", "45 0");
    for workflow in [late, endless] {
        let key = if workflow == late { "late" } else { "endless" };
        assert_eq!(state(worker.tables(), key), ("running".into(), None));
        // A channel on which it does not wait; then the right one, twice.
        assert!(worker.tables().send(workflow, "other", "1", b"x").unwrap());
        assert_eq!(worker.turns().unwrap(), 1);
        assert_eq!(worker.turns().unwrap(), 0);
        assert!(worker.tables().send(workflow, "go", "2", b"yes").unwrap());
        assert!(!worker.tables().send(workflow, "go", "2", b"no").unwrap());
        settle(&mut worker);
        worker.turns().unwrap();
        assert_finished(&mut worker, key, "121 0");
        // It has ended, and nobody minds.
        assert!(worker.tables().send(workflow, "go", "3", b"again").unwrap());
        worker.turns().unwrap();
        assert_finished(&mut worker, key, "121 0");
    }
    assert_eq!(worker.counts.failed, 0);
}

/// Sums up so many messages of one byte, in decimal digits, so that their order is seen.
const SUM: &str = r#"(func (export "run") (param $n i64) (result i64) (local $sum i64)
    (loop $next
        (drop (call $receive (i32.const 0) (i32.const 2) (i32.const 64) (i32.const 1) (i64.const -1)))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3)) (i64.load8_u (i32.const 64))))
        (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $sum))"#;

fn sum(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(0_i64, |sum, byte| sum.wrapping_mul(3).wrapping_add(byte.into())).to_string()
}

fn messages_in_any_order(place: &str) {
    let mut worker = worker(place);
    let early = submit(worker.tables(), "sum", SUM, "6");
    // Before it has begun; while it waits; and several at once.
    worker.tables().send(early, "go", "a", &[1]).unwrap();
    worker.tables().send(early, "go", "b", &[2]).unwrap();
    worker.turns().unwrap();
    worker.tables().send(early, "go", "c", &[3]).unwrap();
    worker.turns().unwrap();
    for id in ["d", "e", "f"] {
        worker.tables().send(early, "go", id, &[id.as_bytes()[0]]).unwrap();
    }
    worker.turns().unwrap();
    assert_finished(&mut worker, "sum", &sum([1, 2, 3, b'd', b'e', b'f'].into_iter()));
    assert_eq!(worker.counts.turns, 3);
}

fn a_full_mailbox(place: &str) {
    let mut worker = worker(place);
    let full = submit(worker.tables(), "full", SUM, "250");
    for i in 0..=250_u8 {
        worker.tables().send(full, "go", &i.to_string(), &[i]).unwrap();
    }
    settle(&mut worker);
    assert_finished(&mut worker, "full", &sum(0..250));
    // It does not hold up a transaction for so many.
    assert!(worker.counts.turns >= 3, "{:?}", worker.counts);
}

/// A message that comes when the mailbox was sorted already, by which the workflow goes on all the same: with PostgreSQL, others send meanwhile.
fn a_message_that_comes_meanwhile(place: &str) {
    let mut worker = worker(place);
    let waits = submit(worker.tables(), "waits", SUM, "2");
    worker.turns().unwrap();
    let tables = worker.tables();
    let step = |number, message| pirn_durable::guest::Step { number, at: 0, message };
    tables.sort_mail(waits).unwrap();
    assert!(tables.send(waits, "go", "late", &[7]).unwrap());
    let message = tables.mail(waits, "go", 0).unwrap().expect("it has come");
    tables.record(waits, &step(100, Some(message.seq))).unwrap();
    assert!(tables.mail(waits, "go", 0).unwrap().is_none());
    let again = tables.record(waits, &step(101, Some(message.seq))).unwrap_err().to_string();
    assert!(again.contains("was taken already"), "{again}");
}

/// Who sends from outside cannot take the id of what a workflow sends, and with it its place.
fn ids_of_others(place: &str) {
    const TEXT: &str = r#"(data (i32.const 8) "workflow:sum/go")
        (func (export "run") (result i64)
            (call $send (i32.const 8) (i32.const 15) (i32.const 9) (i32.const 1))
            (i64.const 1))"#;
    let mut worker = worker(place);
    let sum_of = submit(worker.tables(), "sum", SUM, "1");
    worker.turns().unwrap();
    let refused = worker.tables().send(sum_of, "other", "sender/0", b"x").unwrap_err().to_string();
    assert!(refused.contains("no slash"), "{refused}");
    submit(worker.tables(), "sender", TEXT, "");
    settle(&mut worker);
    worker.turns().unwrap();
    assert_finished(&mut worker, "sum", &sum(b"o".iter().copied()));
}

/// Computes for some turns' fuel, draws numbers before and after, and fills its memory, which is paid for by its size.
const LONG: &str = r#"(func (export "run") (param $n i64) (result i64 i64) (local $sum i64)
    (local.set $sum (call $random))
    (drop (memory.grow (i32.const 900)))
    (memory.fill (i32.const 64) (i32.const 7) (i32.const 58000000))
    (loop $next
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (local.get $n)))
        (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (memory.fill (i32.const 64) (i32.const 0) (i32.const 58000000))
    (call $sleep (i64.const 1))
    (i64.xor (local.get $sum) (call $random)) (i64.load (i32.const 4000000)))"#;

fn long_computations(place: &str) {
    let mut worker = worker(place);
    submit(worker.tables(), "long", LONG, "9000000");
    settle(&mut worker);
    let (state, result) = state(worker.tables(), "long");
    let result = result.unwrap_or_else(|| panic!("{state}"));
    assert!(result.ends_with(" 0"), "{result}");
    assert!(worker.counts.turns > 3, "{:?}", worker.counts);
    // In one go.
    assert_finished(&mut worker, "long", &result);
}

/// A workflow that computes is the same when it is executed again, although it was written down within a step.
fn replayed_in_the_middle(place: &str) {
    const TEXT: &str = r#"(func (export "run") (param $n i64) (result i64)
        (call $send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 1))
        (loop $next
            ;; What is paid for by its size takes little time.
            (memory.fill (i32.const 64) (i32.const 1) (i32.const 65000))
            (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
        (call $send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2))
        (call $random))"#;
    let mut worker = worker(place);
    submit(worker.tables(), "middle", TEXT, "60000");
    worker.turns().unwrap();
    assert_eq!(state(worker.tables(), "middle"), ("running".into(), None));
    let again = replay(worker.tables(), &Guests::new().unwrap(), "middle").unwrap();
    assert_eq!((again.steps, again.result), (0, None));
    assert_eq!(settle(&mut worker), ["middle/0 go g", "middle/1 go go"]);
    assert_eq!(state(worker.tables(), "middle").0, "finished");
    replay(worker.tables(), &Guests::new().unwrap(), "middle").unwrap();
}

fn poison(place: &str) {
    const TEXT: &str = r#"(func (export "run") (result i64)
        (call $note (i32.const 0) (i32.const 2))
        (call $send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2))
        (drop (call $receive (i32.const 0) (i32.const 2) (i32.const 64) (i32.const 1) (i64.const -1)))
        (call $send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2))
        (i64.div_u (i64.const 84) (i64.load8_u (i32.const 64))))"#;
    let mut worker = worker(place);
    let poison = submit(worker.tables(), "poison", TEXT, "");
    submit(worker.tables(), "bystander", PATIENT, "1");
    assert_eq!(settle(&mut worker), ["poison/0 go go"]);
    worker.tables().send(poison, "go", "1", &[0]).unwrap();
    worker.turns().unwrap();
    assert_eq!(worker.counts.failed, 1);
    // Neither the message nor anything that comes has it run before its time.
    worker.tables().send(poison, "go", "2", &[2]).unwrap();
    worker.turns().unwrap();
    assert_eq!(worker.counts.failed, 1);
    assert_eq!(settle(&mut worker), [""; 0], "what was sent by turns that failed was not sent");
    assert_eq!(worker.counts.failed as i64, ATTEMPTS);
    assert_eq!(state(worker.tables(), "poison").0, "parked");
    let row = worker.tables().database().query("SELECT error, snapshot FROM workflows WHERE key = 'poison'", &[]);
    let row = &mut row.unwrap()[0];
    assert!(row.text(0).unwrap().contains("integer divide by zero"));
    assert!(!row.bytes(1).unwrap().is_empty());
    assert_finished(&mut worker, "bystander", "45 0");
    let list = pirn_durable::list::list(worker.tables(), 10).unwrap();
    assert!(list.contains("poison           parked") && list.contains("failed 5 times"), "{list}");

    // Somebody mends it: here, the message.
    worker.tables().database().execute("UPDATE messages SET body = $1 WHERE id = '1'", &[(&[4][..]).into()]).unwrap();
    let now = worker.tables().database().now().unwrap();
    worker.tables().retry("poison", now).unwrap();
    assert!(worker.tables().retry("bystander", now).is_err());
    assert_eq!(settle(&mut worker), ["poison/1 go go"]);
    assert_finished(&mut worker, "poison", "21");
}

fn a_turn_that_kills(place: &str) {
    let mut first = worker(place);
    let deadly = submit(first.tables(), "deadly", SUM, "1");
    first.turns().unwrap();
    first.tables().send(deadly, "go", "1", &[7]).unwrap();
    submit(first.tables(), "bystander", PATIENT, "1");
    let row = |first: &mut Worker| {
        let rows = first.tables().database().query("SELECT state, attempts FROM workflows WHERE key = 'deadly'", &[]);
        let row = &mut rows.unwrap()[0];
        (row.text(0).unwrap(), row.int(1).unwrap())
    };
    // Each gets as far as that, and dies.
    for attempts in 1..=DEATHS {
        // So that it is first.
        first
            .tables()
            .database()
            .execute("UPDATE workflows SET due = due + 60000 WHERE key = 'bystander'", &[])
            .unwrap();
        assert_eq!(worker(place).announce().unwrap(), Some((deadly, attempts)));
        assert_eq!(row(&mut first), ("running".into(), attempts));
    }
    assert_eq!(worker(place).announce().unwrap(), None);
    assert_eq!(row(&mut first), ("parked".into(), DEATHS + 1));
    first.tables().database().execute("UPDATE workflows SET due = 0 WHERE key = 'bystander'", &[]).unwrap();
    settle(&mut first);
    assert_finished(&mut first, "bystander", "45 0");
    // It does not kill any more. One that was announced goes on with another worker, too.
    let now = first.tables().database().now().unwrap();
    first.tables().retry("deadly", now).unwrap();
    assert_eq!(worker(place).announce().unwrap(), Some((deadly, 1)));
    settle(&mut first);
    assert_finished(&mut first, "deadly", "7");
}

fn nowhere_to_send(place: &str) {
    const TEXT: &str = r#"(data (i32.const 8) "workflow:b/go")
        (func (export "run") (result i64)
            (call $send (i32.const 8) (i32.const 13) (i32.const 9) (i32.const 1))
            (i64.const 1))"#;
    let mut worker = worker(place);
    submit(worker.tables(), "a", TEXT, "");
    worker.turns().unwrap();
    assert_eq!(state(worker.tables(), "a").0, "running");
    let row = worker.tables().database().query("SELECT error FROM workflows", &[]);
    assert!(row.unwrap()[0].text(0).unwrap().contains("there is no workflow `b`"));
    submit(worker.tables(), "b", SUM, "1");
    settle(&mut worker);
    worker.turns().unwrap();
    assert_finished(&mut worker, "a", "1");
    assert_finished(&mut worker, "b", &sum(b"o".iter().copied()));
}

fn a_batch_that_fails(place: &str) {
    let mut worker = Worker::new(place, Options { announced: 0, ..Options::default() }).unwrap();
    submit(worker.tables(), "a", PATIENT, "1");
    let b = submit(worker.tables(), "b", PATIENT, "1");
    // As if it had done that step already: the tables refuse to write it twice, and the whole batch is undone.
    let sql = "INSERT INTO history (workflow, step, at) VALUES ($1, 0, 0)";
    worker.tables().database().execute(sql, &[b.into()]).unwrap();
    worker.turns().unwrap_err();
    assert_eq!(worker.counts.turns, 0);
    let rows = worker.tables().database().query("SELECT count(snapshot) FROM workflows", &[]);
    assert_eq!(rows.unwrap()[0].int(0).unwrap(), 0);
    worker.tables().database().execute("DELETE FROM history WHERE workflow = $1", &[b.into()]).unwrap();
    settle(&mut worker);
    assert_finished(&mut worker, "a", "45 0");
    assert_finished(&mut worker, "b", "45 0");
}

fn two_workers(place: &str) {
    const COUNT: usize = 40;
    let mut first = worker(place);
    for i in 0..COUNT {
        submit(first.tables(), &format!("w{i}"), PATIENT, "20");
    }
    let turns: u64 = std::thread::scope(|scope| {
        let work = || {
            let options = Options { batch: 3, linger: Duration::from_millis(2), ..Options::default() };
            let mut worker = Worker::new(place, options).unwrap();
            settle(&mut worker);
            worker.counts.turns
        };
        let threads = [0, 1, 2].map(|_| scope.spawn(work));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(turns, 3 * COUNT as u64);
    for i in 0..COUNT {
        assert_finished(&mut first, &format!("w{i}"), "45 0");
    }
}

fn the_outbox(place: &str) {
    const TEXT: &str = r#"(func (export "run") (result i64)
        (call $send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 1))
        (call $send (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 2))
        (i64.const 1))"#;
    let mut worker = worker(place);
    submit(worker.tables(), "sender", TEXT, "");
    worker.turns().unwrap();
    let mut tried = Vec::new();
    let done = worker.deliveries(&mut |parcel| {
        tried.push(parcel.key.clone());
        anyhow::ensure!(parcel.number == 1, "nobody is at home");
        Ok(())
    });
    assert_eq!((done.unwrap(), tried.len()), (2, 2));
    assert_eq!(worker.deliveries(&mut |_| panic!("it is not tried again at once")).unwrap(), 0);
    std::thread::sleep(Duration::from_millis(250));
    assert_eq!(settle(&mut worker), ["sender/0 go g"]);
    assert_finished(&mut worker, "sender", "1");
}

fn a_module_that_is_refused(place: &str) {
    // As one might be by another version: it was a workflow when it was submitted.
    let mut worker = worker(place);
    worker.tables().keep_module(b"hash", b"\0asm no more").unwrap();
    worker.tables().submit("refused", b"hash", "", 0, 0).unwrap();
    submit(worker.tables(), "bystander", PATIENT, "1");
    settle(&mut worker);
    assert_eq!(state(worker.tables(), "refused").0, "parked");
    assert_finished(&mut worker, "bystander", "45 0");
}

fn not_a_workflow(_: &str) {
    let guests = Guests::new().unwrap();
    let refused = |text: &str| guests.binary(text.as_bytes()).unwrap_err().to_string();
    assert!(refused("(module)").contains("a workflow exports"));
    assert!(refused(&format!("{IMPORTS}(func (export \"run\") (param i32)))")).contains("all of i64"));
    assert!(refused(r#"(module (import "workflow" "fly" (func)) (memory (export "memory") 1))"#).contains("fly"));
    assert!(refused("(module").contains("expected"));
}
