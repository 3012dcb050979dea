//! Modules that need what pirn does not have: what that is called, and what has it.

use anyhow::Error;

/// Words of validation's errors, what they are about, and what has it. The first that is found counts.
const NOT_HERE: &[(&str, &str, &str)] = &[
    ("component model", "components", "wasmtime does"),
    ("stack switching", "stack switching", "wasmtime does, as an experiment"),
    ("shared-everything", "shared-everything threads", "nothing else does"),
];

/// Words that say that something is valid elsewhere.
const ELSEWHERE: &[&str] = &["not enabled", "not supported without", "required for", "is disabled"];

/// Says, if that is why a module was refused, what it needs, and what has it.
pub fn explain(error: Error) -> Error {
    let text = format!("{error:#}");
    if !ELSEWHERE.iter().any(|words| text.contains(words)) {
        return error;
    }
    match NOT_HERE.iter().find(|(words, ..)| text.contains(words)) {
        Some((_, what, who)) => error.context(format!("it needs {what}, which pirn does not support ({who})")),
        None => error,
    }
}
