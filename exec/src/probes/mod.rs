//! For tests and for those who read code: none of it is in a plain build.

#[cfg(feature = "inspect")]
pub mod exercise;
#[cfg(any(feature = "inspect", debug_assertions))]
pub mod inspect;
#[cfg(feature = "mutants")]
pub mod mutants;
#[cfg(feature = "profile")]
pub mod profile;
