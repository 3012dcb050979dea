//! The queues of threads that wait (`state/shared/park.rs`) under a model checker: whatever turns threads take, within a bound.

#[path = "../src/state/shared/park.rs"]
mod park;

/// What the queues synchronise by here.
mod sync {
    pub(super) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use loom::thread;
use park::Lot;

const HERE: usize = 8;
const THERE: usize = 16;

struct Shared {
    lot: Lot,
    value: AtomicU32,
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared { lot: Lot::new(), value: AtomicU32::new(0) })
}

impl Shared {
    fn is_zero(&self) -> bool {
        self.value.load(SeqCst) == 0
    }
}

/// A thread that waits for a value to change is woken, or sees that it has changed: a lost wake-up would be a deadlock.
#[test]
fn no_wake_up_is_lost() {
    loom::model(|| {
        let ours = shared();
        let theirs = Arc::clone(&ours);
        let waits = thread::spawn(move || match theirs.lot.enter(HERE, || theirs.is_zero()) {
            Some(place) => u32::from(place.wait(None)),
            None => 0,
        });
        ours.value.store(1, SeqCst);
        let woken = ours.lot.notify(HERE, u32::MAX);
        assert_eq!(waits.join().expect("it does not panic"), woken);
    });
}

/// Who leaves was either notified and counted, or neither.
#[test]
fn a_thread_that_gives_up_is_counted_as_it_says() {
    loom::model(|| {
        let ours = shared();
        let theirs = Arc::clone(&ours);
        let waits = thread::spawn(move || {
            let place = theirs.lot.enter(HERE, || true).expect("the value is right");
            u32::from(place.leave())
        });
        let woken = ours.lot.notify(HERE, 1);
        assert_eq!(waits.join().expect("it does not panic"), woken);
        assert_eq!(ours.lot.notify(HERE, 1), 0, "nobody is there any more");
    });
}

/// Of two threads one is woken, and those of another address are not.
#[test]
fn as_many_are_woken_as_are_asked_for() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let ours = shared();
        let wait = |address: usize| {
            let theirs = Arc::clone(&ours);
            thread::spawn(move || match theirs.lot.enter(address, || theirs.is_zero()) {
                Some(place) => u32::from(place.wait(None)),
                None => 0,
            })
        };
        let (first, second) = (wait(HERE), wait(HERE));
        let elsewhere = ours.lot.enter(THERE, || true).expect("the value is right");
        let one = ours.lot.notify(HERE, 1);
        assert!(one <= 1);
        ours.value.store(1, SeqCst);
        let others = ours.lot.notify(HERE, u32::MAX);
        let woken = [first, second].map(|thread| thread.join().expect("it does not panic"));
        assert_eq!(woken.iter().sum::<u32>(), one + others);
        assert!(!elsewhere.leave());
    });
}
