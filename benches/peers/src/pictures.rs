//! Which pictures are made of the groups.

use crate::chart::{self, Bar, Caption, Colour, Row};
use crate::child;
use crate::plan::{COLD, JUDGE};
use crate::report::{NOTHING, columns, number};
use crate::results::Group;
use crate::runtimes::{BASE, Kind, Part, base};

/// The picture of a group.
pub fn of(group: &Group) -> Option<String> {
    match group.name.as_str() {
        "execute" => {
            means(group, JUDGE, "Running programs", "time relative to pirn, geometric mean; shorter is better")
        }
        "calls" => calls(group),
        "startup" => means(
            group,
            "",
            "Starting large modules",
            "time relative to pirn (eager), geometric mean; shorter is better",
        ),
        COLD => means(
            group,
            "",
            "From the start of a process to its end",
            "time relative to pirn (lazy), geometric mean; shorter is better",
        ),
        child::KEPT => {
            means(group, "", "Memory of large modules", "relative to pirn (eager), geometric mean; shorter is better")
        }
        _ => None,
    }
}

fn colour(kind: &Kind) -> Colour {
    match kind {
        kind if kind.name.starts_with(BASE) => Colour::Own,
        kind if kind.part == Part::Validation => Colour::Floor,
        kind if kind.jit => Colour::Jit,
        _ => Colour::Interpreter,
    }
}

/// Bars of geometric means, shortest first.
fn means(group: &Group, set: &str, title: &str, subtitle: &str) -> Option<String> {
    let total = group.rows_of(set).count();
    let rows = columns(group).into_iter().filter_map(|kind| {
        let (mean, count) = group.geomean(set, kind.name, base(&group.name))?;
        let part = if count == total { String::new() } else { format!(" (runs {count} of {total})") };
        let bar = Bar { value: Some(mean), text: format!("{}{part}", number(mean)) };
        Some(Row { label: kind.name.into(), bars: vec![bar], colour: colour(kind) })
    });
    draw(Caption { title, subtitle, bars: &[] }, rows.collect())
}

/// Two bars a runtime: another instance's function, and its own.
fn calls(group: &Group) -> Option<String> {
    let rows = columns(group).into_iter().filter_map(|kind| {
        let bars = ["imported", "local"].map(|case| {
            let row = group.rows.iter().find(|row| row.case == case);
            match row.and_then(|row| row.value(kind.name)) {
                Some(value) if value < NOTHING => Bar { value: None, text: "inlined".into() },
                Some(value) => Bar { value: Some(value), text: format!("{} ns", number(value)) },
                None => Bar { value: None, text: "fails".into() },
            }
        });
        let any = bars.iter().any(|bar| bar.value.is_some());
        any.then(|| Row { label: kind.name.into(), bars: bars.into(), colour: colour(kind) })
    });
    let subtitle = "nanoseconds for one call of x + 1 and its return; shorter is better";
    let bars = ["into another instance", "within an instance"];
    draw(Caption { title: "Calling a function", subtitle, bars: &bars }, rows.collect())
}

fn draw(caption: Caption<'_>, mut rows: Vec<Row>) -> Option<String> {
    let first = |row: &Row| row.bars.first().and_then(|bar| bar.value).unwrap_or(f64::MAX);
    rows.sort_by(|a, b| first(a).total_cmp(&first(b)));
    (!rows.is_empty()).then(|| chart::svg(caption, &rows))
}
