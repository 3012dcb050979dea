//! What bytes are that are no module, as far as their beginning tells: whoever takes the wrong file learns which it was.

use crate::error::{Error, format_err};

/// How binary modules begin (spec 5.5.16).
pub(super) const BINARY: &[u8; 4] = b"\0asm";

/// The same with the version and the layer of the component model's binary format.
const COMPONENT: &[u8; 8] = b"\0asm\x0d\0\x01\0";

/// How other files begin, and what they are. The first that fits counts.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF executable or library"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O executable or library"),
    (b"\xce\xfa\xed\xfe", "a Mach-O executable or library"),
    (b"\xca\xfe\xba\xbe", "a Mach-O universal binary or a Java class"),
    (b"MZ", "a Windows executable or library"),
    (b"!<arch>\n", "an archive of object files"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"\xfd7zXZ\0", "compressed by xz"),
    (b"BZh", "compressed by bzip2"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"#!", "a script"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
    (b"version https://git-lfs", "a Git LFS pointer, in the place of the file"),
    (b"pirnsnap", "a snapshot, which `Snapshot::from_bytes` reads"),
    (b"pirnckpt", "a checkpoint, which `pirn resume` reads"),
    (b"\xff\xfe", "text in UTF-16, where UTF-8 is expected"),
    (b"\xfe\xff", "text in UTF-16, where UTF-8 is expected"),
];

/// How many bytes of the beginning are shown.
const SHOWN: usize = 8;

/// What `bytes` are instead of a module, if that can be told. Where text is expected, too, what may be text is not told apart from it.
pub(super) fn explain(bytes: &[u8], or_text: bool) -> Option<Error> {
    if bytes.starts_with(COMPONENT) {
        return Some(format_err!(
            "it is a WebAssembly component and not a module, for it begins with the bytes {}: it needs components, which pirn does \
             not support (wasmtime does)",
            Shown(bytes)
        ));
    }
    if bytes.starts_with(BINARY) {
        return None;
    }
    let expected = if or_text { ", or the text format" } else { "" };
    if bytes.is_empty() {
        // It would be the text of an empty module, which nobody means.
        let none = || format_err!("it is empty, where 00 61 73 6d (`\\0asm`){expected} is expected");
        return or_text.then(none);
    }
    let known = KNOWN.iter().find(|(beginning, _)| bytes.starts_with(beginning)).map(|(_, what)| *what);
    if known.is_none() && !(or_text && std::str::from_utf8(bytes).is_err()) {
        return None;
    }
    let known = known.map(|what| format!(" ({what})")).unwrap_or_default();
    let shown = Shown(bytes);
    Some(format_err!(
        "it is not WebAssembly: it begins with the bytes {shown}{known}, where 00 61 73 6d (`\\0asm`){expected} is expected"
    ))
}

/// The first bytes.
struct Shown<'a>(&'a [u8]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, byte) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{byte:02x}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
