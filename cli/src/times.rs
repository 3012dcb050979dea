//! How long the calls took, for `pirn run --profile`.

use std::collections::HashMap;
use std::time::Duration;

/// Calls of one function.
#[derive(Debug, Default, Clone, Copy)]
pub struct Calls {
    /// How many.
    pub count: u64,
    /// How long they took together.
    pub time: Duration,
}

/// The calls that were made.
#[derive(Debug, Default)]
pub struct Times {
    /// By the function's name.
    pub calls: HashMap<&'static str, Calls>,
    /// How long all took together.
    pub total: Duration,
}

impl Times {
    /// One more call.
    pub fn add(&mut self, name: &'static str, time: Duration) {
        let calls = self.calls.entry(name).or_default();
        calls.count += 1;
        calls.time += time;
        self.total += time;
    }
}
