//! pirn beside its peers.
//!
//! | module | what |
//! |---|---|
//! | [`adapters`] | the runtimes that only this package builds |
//! | [`runtimes`] | all of them, by name |
//! | [`child`] | a process that runs one runtime on one case, when it is told to |
//! | [`plan`] | which runtimes run which cases, in turns |
//! | [`results`] | what came out |
//! | [`report`], [`pictures`], [`chart`] | the page and its pictures |

pub mod adapters;
pub mod chart;
pub mod child;
pub mod pictures;
pub mod plan;
pub mod report;
pub mod results;
pub mod runtimes;
