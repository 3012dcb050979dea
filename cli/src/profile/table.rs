//! The profile as a table.

use super::report::{COUNTS, Cost, Func, Report};
use crate::times::Calls;
use std::cmp::Reverse;
use std::fmt::{Display, Write};
use std::time::Duration;

/// Loops with less than this share of everything are not shown.
const LEAST: f64 = 0.005;

/// How many loops of a function are shown. A module may have any number of them, each within the one before.
const LOOPS: usize = 100;

/// How many loops around another one indent it. What is deeper has a number for that.
const DEEPEST: usize = 20;

/// A line of its own.
enum Entry<'a> {
    Func(&'a Func),
    Host(&'static str, Calls),
}

impl Entry<'_> {
    fn cost(&self) -> Cost {
        match self {
            Self::Func(func) => func.cost,
            Self::Host(_, calls) => Cost { time: calls.time, ..Cost::default() },
        }
    }
}

/// The table, with the `top` functions that cost most.
pub fn show(report: &Report, top: usize) -> String {
    let host_time = report.host_time();
    let mut total = Cost { time: host_time, ..report.total() };
    total.time += report.time;
    let mut table = Table { total, text: String::new() };
    let measured = if COUNTS { "counted".to_owned() } else { several(report.samples, "sample") };
    let (all, host) = (millis(table.total.time), millis(host_time));
    table.line(&format!("profile: {all} ms, host functions {host} ms; {measured}"));
    table.row(&HEAD, "function, loop");
    table.cost(table.total, "total");
    let funcs = report.funcs.iter().map(Entry::Func);
    let hosts = report.hosts.iter().map(|&(name, calls)| Entry::Host(name, calls));
    let mut entries: Vec<_> = funcs.chain(hosts).collect();
    entries.sort_by_key(|entry| Reverse((entry.cost().dispatches, entry.cost().time)));
    let others = entries.split_off(entries.len().min(top));
    for entry in entries {
        match entry {
            Entry::Func(func) => table.func(func),
            Entry::Host(name, calls) => {
                let time = if COUNTS { format!(", {} ms", millis(calls.time)) } else { String::new() };
                let calls = several(calls.count, "call");
                table.cost(entry.cost(), &format!("host function {name}, {calls}{time}"));
            }
        }
    }
    if !others.is_empty() {
        let mut cost = Cost::default();
        others.iter().for_each(|entry| cost += entry.cost());
        table.cost(cost, &format!("{} more functions", others.len()));
    }
    if report.elsewhere > 0 {
        let cost = Cost { dispatches: report.elsewhere, ..Cost::default() };
        table.cost(cost, "entering host functions");
    }
    table.line("A row includes the loops below it, not the functions it calls; @ as in `pirn dump`.");
    NOTES.iter().for_each(|note| table.line(note));
    table.text
}

/// Columns.
#[cfg(feature = "profile")]
const HEAD: [&str; 5] = ["dispatches", "%", "operators", "%", "disp/op"];
#[cfg(not(feature = "profile"))]
const HEAD: [&str; 4] = ["time ms", "%", "fuel", "%"];

/// What else has to be known.
#[cfg(feature = "profile")]
const NOTES: [&str; 1] = ["The time is that of counting."];
#[cfg(not(feature = "profile"))]
const NOTES: [&str; 2] = [
    "Fuel pays for operators, of arms not taken, too; what takes turns within 20 us shares time as it pays.",
    "Builds with `--features profile` count dispatches and operators.",
];

struct Table {
    total: Cost,
    text: String,
}

impl Table {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn row(&mut self, columns: &[impl Display], label: &str) {
        let mut line = String::new();
        for (column, head) in columns.iter().zip(HEAD) {
            let width = if head == "%" { 6 } else { 10 };
            write!(line, "{column:>width$} ").expect("strings take everything");
        }
        self.line(&format!("{line} {label}"));
    }

    /// One row, in which nothing stands for zero.
    fn cost(&mut self, cost: Cost, label: &str) {
        let total = self.total;
        #[cfg(feature = "profile")]
        let columns = [
            number(cost.dispatches),
            percent(cost.dispatches, total.dispatches),
            number(cost.operators),
            percent(cost.operators, total.operators),
            ratio(cost.dispatches, cost.operators),
        ];
        #[cfg(not(feature = "profile"))]
        let columns = [
            millis(cost.time),
            percent(cost.time.as_nanos() as u64, total.time.as_nanos() as u64),
            number(cost.fuel),
            percent(cost.fuel, total.fuel),
        ];
        self.row(&columns, label);
    }

    fn func(&mut self, func: &Func) {
        let name = func.name.as_ref().map_or_else(String::new, |name| format!(" {name:?}"));
        self.cost(func.cost, &format!("{}func[{}]{name}", func.prefix, func.id.funcidx));
        let (mut depths, mut shown) = (Vec::new(), 0);
        for &(one, cost) in &func.loops {
            let depth = one.parent.map_or(1, |parent| depths[parent] + 1);
            depths.push(depth);
            if self.share(cost) < LEAST {
                continue;
            }
            shown += 1;
            if shown <= LOOPS {
                let deep = if depth > DEEPEST { format!(", {depth} deep") } else { String::new() };
                self.cost(cost, &format!("{:1$}loop @{2:x}{deep}", "", 2 * depth.min(DEEPEST), one.start));
            }
        }
        if shown > LOOPS {
            // What they cost is in rows above.
            self.row(&HEAD.map(|_| ""), &format!("  {} more loops", shown - LOOPS));
        }
    }

    /// Its share of everything, by the measure of which it has most.
    fn share(&self, cost: Cost) -> f64 {
        let total = self.total;
        let shares = [
            cost.time.as_secs_f64() / total.time.as_secs_f64(),
            cost.fuel as f64 / total.fuel as f64,
            cost.operators as f64 / total.operators as f64,
            cost.dispatches as f64 / total.dispatches as f64,
        ];
        // The greatest; nothing of nothing, which is no number, is not it.
        shares.into_iter().fold(0.0, f64::max)
    }
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

fn percent(part: u64, whole: u64) -> String {
    if part == 0 { String::new() } else { format!("{:.1}", 100.0 * part as f64 / whole as f64) }
}

#[cfg(feature = "profile")]
fn ratio(value: u64, of: u64) -> String {
    if value == 0 || of == 0 { String::new() } else { format!("{:.2}", value as f64 / of as f64) }
}

fn several(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", number(count)) }
}

/// A count in a few digits.
fn number(count: u64) -> String {
    match count {
        0 => return String::new(),
        1..1000 => return count.to_string(),
        _ => {}
    }
    let mut scaled = count as f64 / 1000.0;
    for unit in ["k", "M", "G"] {
        // What would be rounded up to 1000 is one of the next unit.
        if scaled < 999.95 {
            return format!("{scaled:.1} {unit}");
        }
        scaled /= 1000.0;
    }
    format!("{scaled:.1} T")
}
