//! What must hold of memory, link time and instruction counts.
//!
//! Times and counts are those of an optimised build; a debug build checks memory only. Without valgrind the counts are
//! skipped with a message, unless `CI` is `true`.

use anyhow::{Result, ensure};
use pirn_linking::ring::{Hop, Link};
use pirn_linking::{counts, heap, instances, link_time, models};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// One test at a time: they count the same bytes, and the same processor's time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn an_instance_takes_no_more_than_its_functions_records() -> Result<()> {
    let _alone = alone();
    let (one, many) = (instances::footprint(1)?, instances::footprint(1_001)?);
    eprintln!("{one:?}\n{many:?}");
    ensure!(many.called - one.called <= 1_000 * instances::LIMIT, "after calls: {one:?}, {many:?}");
    ensure!(many.bytes - one.bytes <= 1_000 * instances::LIMIT, "{one:?}, {many:?}");
    // Calling allocates nothing for an instance, and what is not for functions is little.
    ensure!(many.called == many.bytes && one.bytes <= 512, "{one:?}, {many:?}");
    Ok(())
}

#[test]
fn models_end_where_the_ring_does() {
    let _alone = alone();
    for model in models::all() {
        assert_eq!(model.run(pirn_linking::FUEL), models::end(), "{}", model.name);
        assert_ne!(model.bytes, 0, "{}", model.name);
    }
}

#[test]
fn link_time_is_linear() -> Result<()> {
    let _alone = alone();
    if cfg!(debug_assertions) {
        eprintln!("skipped: only an optimised build is timed; run this with --release");
        return Ok(());
    }
    // A machine that does something else meanwhile gets another try.
    let mut result = Ok(());
    for _ in 0..3 {
        let (once, twice) = (link_time::link_time(1_000)?, link_time::link_time(2_000)?);
        let times = once.link.as_secs_f64() / once.hash.as_secs_f64();
        let growth = twice.link.as_secs_f64() / once.link.as_secs_f64();
        eprintln!("{times:.2} times hashing, {growth:.2} times for twice the modules");
        if times <= link_time::LIMIT && growth <= link_time::GROWTH {
            return Ok(());
        }
        result = Err(anyhow::anyhow!("{times:.2} times hashing, {growth:.2} times for twice the modules"));
    }
    result
}

#[test]
fn a_hop_executes_the_same_instructions_separate_and_merged() -> Result<()> {
    let _alone = alone();
    if cfg!(debug_assertions) {
        eprintln!("skipped: only an optimised build is counted; run this with --release");
        return Ok(());
    }
    if !counts::valgrind() {
        ensure!(std::env::var("CI").as_deref() != Ok("true"), "valgrind is missing, and this is CI");
        eprintln!("skipped: valgrind is missing");
        return Ok(());
    }
    let binary = env!("CARGO_BIN_EXE_linking").as_ref();
    for hop in [Hop::Tail, Hop::Call] {
        for (apart, merged) in [(Link::Separate, Link::Merged), (Link::Indirect, Link::MergedIndirect)] {
            let counts = (counts::per_hop(binary, apart, hop)?, counts::per_hop(binary, merged, hop)?);
            eprintln!("{}, {}: {} instructions, merged {}", hop.name(), apart.name(), counts.0, counts.1);
            ensure!(counts.0 == counts.1, "{}, {}: {counts:?}", hop.name(), apart.name());
        }
    }
    Ok(())
}
