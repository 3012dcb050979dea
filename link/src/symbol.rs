//! What a place in WebAssembly is in the source that it was compiled from.

use std::fmt;
#[cfg(feature = "demangle")]
use std::fmt::Write;

/// A function of the source, where a [`FrameInfo`](crate::FrameInfo) was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSymbol {
    pub(crate) name: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

impl FrameSymbol {
    /// The function, demangled.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, the first one being 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column, the first one being 1.
    pub fn column(&self) -> Option<u32> {
        self.column
    }
}

/// How many bytes of a text of a module are shown. Names may be as long as modules, and a mangled name of 200 bytes may stand for
/// hundreds of megabytes: each of its parts can refer to the one before several times.
const SHOWN: usize = 1024;

/// A longer name is not demangled: it would hardly be readable.
#[cfg(feature = "demangle")]
const MANGLED: usize = 4096;

/// The beginning of `text` that may be shown, and whether that is not all.
fn shown(text: &str) -> (&str, bool) {
    let end = text.floor_char_boundary(SHOWN);
    (&text[..end], end < text.len())
}

/// Whether a character of a text is shown escaped: it may end a line, tell a terminal what to do, have what stands beside it shown in another
/// order, or not be seen. The last are those that Unicode calls default ignorable, joiners and variation selectors among them, which some
/// scripts and emoji need; and those that are blank without being spaces.
pub fn is_disguise(c: char) -> bool {
    let is_unseen = || {
        matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    };
    c.is_control() || !c.is_ascii() && is_unseen()
}

/// A text that a module says, its beginning with a mark if it is too long. Characters that are a [disguise](is_disguise) are escaped: no name makes a line of its own,
/// tells a terminal what to do, or hides or reorders what stands beside it.
pub(crate) struct Cut<'a>(pub(crate) &'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, is_cut) = shown(self.0);
        for part in text.split_inclusive(is_disguise) {
            let plain = part.trim_end_matches(is_disguise);
            f.write_str(plain)?;
            part[plain.len()..].chars().try_for_each(|c| write!(f, "{}", c.escape_default()))?;
        }
        if is_cut { f.write_str("...") } else { Ok(()) }
    }
}

/// The name of a function as it was written, if it was mangled by a compiler of Rust or C++. It is at most some
/// thousand bytes long.
pub struct Demangled<'a>(pub &'a str);

impl fmt::Debug for Demangled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl fmt::Display for Demangled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "demangle")]
        if let Some(name) = demangle(self.0) {
            return Cut(&name).fmt(f);
        }
        Cut(self.0).fmt(f)
    }
}

/// The stack that demanglers get. `rustc_demangle` recurses up to 500 levels, `cpp_demangle` up to 96, which take 3 MB in debug builds:
/// more than threads have by default, whatever its documentation says.
#[cfg(feature = "demangle")]
const STACK: usize = 8 << 20;

/// What the name was before it was mangled, or more of its beginning than is shown.
#[cfg(feature = "demangle")]
fn demangle(name: &str) -> Option<String> {
    if name.len() > MANGLED {
        return None;
    }
    // The older mangling of Rust has no nesting. It takes what looks like C++, and so has to be tried first.
    let is_rust_v0 = name.trim_start_matches('_').starts_with('R');
    if !is_rust_v0 && let Ok(name) = rustc_demangle::try_demangle(name) {
        return Beginning::of(|text| write!(text, "{name:#}"));
    }
    if !is_rust_v0 && !name.trim_start_matches('_').starts_with('Z') {
        return None;
    }
    let nested = || {
        if is_rust_v0 {
            let name = rustc_demangle::try_demangle(name).ok()?;
            return Beginning::of(|text| write!(text, "{name:#}"));
        }
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        Beginning::of(|text| symbol.structured_demangle(text, &cpp_demangle::DemangleOptions::new()))
    };
    // Without a thread, or if the demangler panics, the name is shown as it is.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, nested);
        thread.ok()?.join().ok().flatten()
    })
}

/// Takes some more than is shown, then fails.
#[cfg(feature = "demangle")]
struct Beginning(String);

#[cfg(feature = "demangle")]
impl Beginning {
    /// What `write` writes, or more of its beginning than is shown.
    fn of(write: impl FnOnce(&mut Self) -> fmt::Result) -> Option<String> {
        let mut text = Self(String::new());
        let written = write(&mut text);
        (written.is_ok() || text.is_full()).then_some(text.0)
    }

    fn is_full(&self) -> bool {
        self.0.len() > SHOWN
    }
}

#[cfg(feature = "demangle")]
impl fmt::Write for Beginning {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.is_full() {
            return Err(fmt::Error);
        }
        // A text is part of the mangled name, or of a constant of the demangler.
        self.0.push_str(more);
        Ok(())
    }
}

#[cfg(all(test, feature = "demangle"))]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Shows a name on a small stack.
    fn show(name: String) -> String {
        let begun = Instant::now();
        let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(move || Demangled(&name).to_string());
        let text = thread.unwrap().join().expect("no demangler panics");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?} for {text}", begun.elapsed());
        assert!(text.len() <= SHOWN + 3, "{} bytes", text.len());
        text
    }

    #[test]
    fn names_are_shown_as_they_were_written() {
        assert_eq!(show("_ZN4core3fmt5write17h0123456789abcdefE".into()), "core::fmt::write");
        assert_eq!(show("_RNvCs15kBYyAo9fc_7mycrate7example".into()), "mycrate::example");
        assert_eq!(show("_Z3addIiET_S0_S0_".into()), "int add<int>(int, int)");
        for name in ["", "main", "_Z", "_R", "_ZN", "__rust_alloc"] {
            assert_eq!(show(name.into()), name);
        }
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(show("x".repeat(1024)), "x".repeat(1024));
        assert_eq!(show("x".repeat(10 << 20)), format!("{}...", "x".repeat(1024)));
        // Not within a character.
        assert_eq!(show("\u{20ac}".repeat(1000)), format!("{}...", "\u{20ac}".repeat(341)));
    }

    /// Each type is a pair of the one before, or a function of many of it.
    #[test]
    fn what_substitutions_stand_for_is_cut() {
        let digit = |n: usize| char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n]);
        let mut cpp = String::from("_Z1fPFvvE");
        for n in 0..20 {
            let last = if n == 0 { "S_".to_owned() } else { format!("S{}_", digit(n - 1)) };
            cpp.push_str(&format!("PFv{}E", last.repeat(8)));
        }
        assert!(show(cpp).ends_with("..."));
        // Of Rust: a tuple of eight of the tuple before, which a reference says by its place.
        let (mut rust, mut last) = (String::from("_RIC1a"), String::from("h"));
        for _ in 0..20 {
            let place = rust.len() - 2;
            rust.push_str(&format!("T{}E", last.repeat(8)));
            let digits: String = match place.checked_sub(1) {
                None => "_".into(),
                Some(mut n) => {
                    let mut text = vec!['_'];
                    loop {
                        text.push(char::from(
                            b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % 62],
                        ));
                        n /= 62;
                        if n == 0 {
                            break text.into_iter().rev().collect();
                        }
                    }
                }
            };
            last = format!("B{digits}");
        }
        rust.push('E');
        let text = show(rust);
        assert!(text.starts_with("a::<(u8, u8, ") && text.ends_with("..."), "{text}");
    }

    #[test]
    fn nesting_is_bounded() {
        let times = [50, 400, 4000, 1 << 20];
        for (begin, nested, end) in [
            ("_Z1f", "P", "i"),
            ("_Z1f", "PF", "v"),
            ("_Z1fI", "3fooI", "i"),
            ("_ZN", "1a", "E"),
            ("_Z1fIX", "ng", "1xEE"),
        ]
        .into_iter()
        .chain([("_RIC1a", "R", "hE"), ("_RIC1a", "T", "hE"), ("_RNv", "Nv", "C1a1b"), ("_RI", "IC1a", "h")])
        {
            for times in times {
                show(format!("{begin}{}{end}", nested.repeat(times)));
            }
        }
    }

    /// Names made of the parts that manglings have, in random order.
    #[test]
    fn no_name_takes_long() {
        const PARTS: [&str; 44] = [
            "S_", "S0_", "S1_", "S2_", "T_", "T0_", "T1_", "I", "J", "E", "N", "F", "P", "R", "X", "L", "v", "i", "Dp",
            "sp", "3foo", "1a", "sZ", "cl", "cv", "dt", "ng", "Z", "M", "A", "_", "Dt", "DT", "C1a", "B_", "B0_",
            "B4_", "h", "T", "C", "Nv", "p", "K", "sr",
        ];
        let mut random = 0x2545_f491_4f6c_dd1du64;
        let mut next = move |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
            for _ in 0..if cfg!(debug_assertions) { 30_000 } else { 300_000 } {
                let mut name = String::from(["_Z1f", "_Z1fI", "_ZN", "_RIC1a", "_RNv", "_RY"][next(6)]);
                let few: Vec<_> = (0..1 + next(5)).map(|_| PARTS[next(PARTS.len())]).collect();
                // Half of them of few parts many times, which is what takes long.
                let most = if next(20) == 0 { 2000 } else { 60 };
                let length = next(most);
                let half = next(2) == 0;
                (0..length)
                    .for_each(|_| name.push_str(if half { few[next(few.len())] } else { PARTS[next(PARTS.len())] }));
                let begun = Instant::now();
                let text = Demangled(&name).to_string();
                assert!(begun.elapsed() < Duration::from_secs(1), "{:?} for {name}", begun.elapsed());
                assert!(text.len() <= SHOWN + 3);
            }
        });
        thread.unwrap().join().expect("no demangler panics");
    }
}
