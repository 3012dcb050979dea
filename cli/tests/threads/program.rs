//! A lock, a channel and a work queue, by the threads of a program built for `wasm32-wasip1-threads`, whose C library makes them of
//! pthreads:
//!
//! ```sh
//! rustc --edition 2024 --target wasm32-wasip1-threads -C opt-level=s -C lto -C codegen-units=1 -C panic=abort -C strip=symbols \
//!     program.rs -o program.wasm
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;

/// Threads that add to one number under a lock.
fn lock(rounds: u64) -> u64 {
    let sum = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let sum = Arc::clone(&sum);
            thread::spawn(move || (0..rounds).for_each(|_| *sum.lock().unwrap() += 1))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    *sum.lock().unwrap()
}

/// Threads that send numbers to this one.
fn channel(rounds: u64) -> u64 {
    let (sender, receiver) = mpsc::sync_channel(16);
    for thread in 0..3 {
        let sender = sender.clone();
        thread::spawn(move || (0..rounds).for_each(|number| sender.send(number * 3 + thread).unwrap()));
    }
    drop(sender);
    receiver.iter().sum()
}

/// Threads that take work from a queue, until there is no more.
fn queue(rounds: u64) -> u64 {
    let queue = Arc::new((Mutex::new((VecDeque::new(), false)), Condvar::new()));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let (state, changed) = &*queue;
                let mut sum = 0;
                loop {
                    let mut state = state.lock().unwrap();
                    while state.0.is_empty() && !state.1 {
                        state = changed.wait(state).unwrap();
                    }
                    let Some(work) = state.0.pop_front() else { return sum };
                    drop(state);
                    sum += (0..work % 50).fold(work, |a, b| a ^ b);
                }
            })
        })
        .collect();
    let (state, changed) = &*queue;
    for work in 0..rounds {
        state.lock().unwrap().0.push_back(work);
        changed.notify_one();
    }
    state.lock().unwrap().1 = true;
    changed.notify_all();
    threads.into_iter().map(|thread| thread.join().unwrap()).sum()
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(1_000, |rounds| rounds.parse().unwrap());
    println!("lock {}", lock(rounds));
    println!("channel {}", channel(rounds));
    println!("queue {}", queue(rounds));
}
