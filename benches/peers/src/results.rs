//! What came out: kept as JSON beside the build, so that the page can be written again without measuring again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one run measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// Day of the run.
    pub date: String,
    /// Processor and system.
    pub machine: String,
    /// Processes that wanted to run when it began: the load average of the last minute.
    pub load: String,
    /// Version of the compiler.
    pub rustc: String,
    /// Version of pirn.
    pub version: String,
    /// `quick` or `full`.
    pub mode: String,
    /// How long it took.
    pub seconds: u64,
    /// The groups, in order.
    pub groups: Vec<Group>,
}

/// One group of cases.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// Its cases, in order.
    pub rows: Vec<Row>,
}

/// One case.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub case: String,
    /// Cases that are averaged together: `judge`, `train`, `kernel`, or nothing.
    pub set: String,
    /// What each runtime made of it.
    pub cells: BTreeMap<String, Cell>,
}

/// What one runtime made of one case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Cell {
    /// The values of all rounds, in their order.
    Values(Vec<f64>),
    /// Why there are none.
    Failed(String),
}

impl Cell {
    /// The smallest value, which is what counts: disturbances only add.
    pub fn value(&self) -> Option<f64> {
        if let Self::Values(values) = self { values.iter().copied().reduce(f64::min) } else { None }
    }

    /// How far the median is above the smallest value, as a share of it: how much the rounds were disturbed.
    pub fn spread(&self) -> Option<f64> {
        let Self::Values(values) = self else { return None };
        let median = pirn_suite::measure::median(values)?;
        let least = self.value()?;
        (least > 0.0).then(|| median / least - 1.0)
    }
}

impl Row {
    /// The value of `runtime`.
    pub fn value(&self, runtime: &str) -> Option<f64> {
        self.cells.get(runtime)?.value()
    }
}

impl Group {
    /// The sets its rows belong to, in order.
    pub fn sets(&self) -> Vec<&str> {
        let mut sets: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !sets.contains(&row.set.as_str()) {
                sets.push(&row.set);
            }
        }
        sets
    }

    /// The rows of a set.
    pub fn rows_of<'a>(&'a self, set: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.set == set)
    }

    /// Geometric mean over a set of the ratios of `runtime` to `base`, and how many cases both could run.
    pub fn geomean(&self, set: &str, runtime: &str, base: &str) -> Option<(f64, usize)> {
        let ratios = self.rows_of(set).filter_map(|row| Some(row.value(runtime)? / row.value(base)?));
        let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0).collect();
        Some((pirn_suite::measure::geomean(ratios.iter().copied())?, ratios.len()))
    }
}
