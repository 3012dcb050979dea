//! Serialized modules as bytes: what stands where, and whether this build and this engine may load them.
//!
//! All numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | [`FORMAT`] |
//! | 4 | CRC-32 of what follows |
//! | 8 | bytes of the whole |
//! | 8, and so many | the [identity] of build and engine |
//! | 8, and so many | the module's binary |
//! | 8, and so many | the signatures of the handlers that its code has, 8 bytes each |
//! | 8, and so many | for each function that is not imported, bytes of its code, in 4 bytes |
//! | 8, and so many | the code of these, one behind the other: see [`pirn_decode::relocate`] |
//!
//! What changes on the way is found by the checksum; what was made by somebody else, by the identity. Beyond these the bytes are
//! trusted. The code of a function is copied out and gets its addresses when the function is lowered: at its first call, or all at
//! once. So loading reads the bytes once, for the checksum, and the sections of the binary but for the code.

use crate::engine::Engine;
use crate::engine::config::Config;
use crate::error::{Result, bail, format_err};
use pirn_decode::relocate::{self, Writer};
use pirn_decode::{Code, FuncIdx, Module, Options, Proposal, Target, TypeId};
use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

/// What serialized modules begin with.
pub(crate) const MAGIC: &[u8; 8] = b"\x7fpirnmod";

/// Counts the forms that these bytes have had.
const FORMAT: u32 = 1;

/// Where what the checksum is of begins.
const SUMMED: usize = 16;

/// Where the parts begin.
const PARTS: usize = 24;

/// Everything that code of modules of this engine depends on, in lines: the build, and settings.
pub(crate) fn identity(engine: &Engine) -> String {
    static FINGERPRINT: OnceLock<u64> = OnceLock::new();
    let fingerprint = FINGERPRINT.get_or_init(|| pirn_exec::target().fingerprint());
    let Config { fuse, consume_fuel, epoch_interruption, deterministic, module_limits, features, .. } = engine.config();
    let dispatch = if pirn_exec::TAIL_DISPATCH { "jumps" } else { "a loop" };
    let mut text = format!(
        "pirn {}\nlowering {}\narchitecture {}\ndispatch by {dispatch}\nhandlers {fingerprint:016x}\nfuse: {fuse}\n\
         consume_fuel: {consume_fuel}\nepoch_interruption: {epoch_interruption}\n\
         relaxed_simd_deterministic: {deterministic}\nproposals not allowed:",
        env!("CARGO_PKG_VERSION"),
        pirn_decode::SOURCES,
        std::env::consts::ARCH,
    );
    let supported = pirn_decode::Features::default();
    let refused = Proposal::ALL.iter().filter(|&&proposal| supported.allows(proposal) && !features.allows(proposal));
    for proposal in refused {
        write!(text, " {proposal};").expect("strings take everything");
    }
    write!(text, "\n{module_limits:?}").expect("strings take everything");
    text
}

/// The bytes of a module with all its code.
pub(crate) fn write(engine: &Engine, parsed: &Module, options: Options) -> Result<Vec<u8>> {
    let mut writer = Writer::new(parsed, options, pirn_exec::target());
    let (mut code, mut lengths) = (Vec::new(), Vec::new());
    for funcidx in parsed.own_funcs() {
        let begin = code.len();
        writer.function(funcidx, &mut code)?;
        let length =
            u32::try_from(code.len() - begin).map_err(|_| format_err!("function {funcidx} has 4 GiB of code"))?;
        lengths.extend(length.to_le_bytes());
    }
    let sigs: Vec<u8> = writer.sigs().iter().flat_map(|sig| sig.to_le_bytes()).collect();
    let identity = identity(engine);
    let parts: [&[u8]; 5] = [identity.as_bytes(), &parsed.bytes, &sigs, &lengths, &code];
    let len = PARTS + parts.iter().map(|part| 8 + part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(len);
    bytes.extend(MAGIC);
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((len as u64).to_le_bytes());
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    let sum = crc32fast::hash(&bytes[SUMMED..]);
    bytes[SUMMED - 4..SUMMED].copy_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// Code of a module's functions that is not lowered, but read.
pub(crate) struct Stored {
    /// By the numbers in the code.
    handlers: Box<[u64]>,
    /// By funcidx without imports.
    places: Box<[Range<usize>]>,
    code: Box<[u8]>,
}

impl Stored {
    /// The parsed module and the code in `bytes`, if they are what [`write()`] made for such an engine.
    pub(crate) fn read(engine: &Engine, bytes: &[u8]) -> Result<(Module, Self)> {
        let mut parts = parts(bytes)?;
        let mut part = || {
            let (len, rest) = parts.split_first_chunk()?;
            let (part, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
            parts = rest;
            Some(part)
        };
        let malformed = || format_err!("a serialized module whose parts do not fit its length");
        let found = part().ok_or_else(malformed)?;
        check_identity(&String::from_utf8_lossy(found), &identity(engine))?;
        let mut part = || part().ok_or_else(malformed);
        let (binary, sigs, lengths, code) = (part()?, part()?, part()?, part()?);

        let Config { module_limits, features, .. } = engine.config();
        let parsed = Module::accepted(binary, module_limits, *features)?;
        let target = pirn_exec::target();
        let handlers = sigs.as_chunks().0.iter().map(|sig| Some(target.tile(u64::from_le_bytes(*sig))?.handler));
        let handlers = handlers.collect::<Option<_>>().ok_or_else(|| format_err!("a handler that is not there"))?;
        let mut end = 0_usize;
        let places: Box<[_]> = lengths
            .as_chunks()
            .0
            .iter()
            .map(|len| {
                let begin = end;
                end = end.saturating_add(u32::from_le_bytes(*len) as usize);
                begin..end
            })
            .collect();
        if places.len() != parsed.bodies.len() || end != code.len() {
            return Err(malformed());
        }
        Ok((parsed, Self { handlers, places, code: code.into() }))
    }

    /// How many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.handlers) + size_of_val(&*self.places) + self.code.len()
    }

    /// The code of function `funcidx`, which is the `index`th that is not imported.
    pub(crate) fn code(&self, index: usize, funcidx: FuncIdx, type_ids: &[TypeId]) -> Result<Code, pirn_decode::Error> {
        relocate::read(&self.code[self.places[index].clone()], &self.handlers, type_ids, funcidx)
    }
}

/// What follows the head of serialized bytes, if that fits them.
fn parts(bytes: &[u8]) -> Result<&[u8]> {
    if !bytes.starts_with(MAGIC) {
        let is_wasm = bytes.starts_with(b"\0asm");
        let hint = if is_wasm { ": it is WebAssembly, which `Module::new` reads" } else { "" };
        bail!("not a module that pirn has serialized{hint}");
    }
    let number = |at: usize| bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let [format, sum, low, high] = [8, 12, 16, 20].map(number);
    let (Some(format), Some(sum), Some(low), Some(high)) = (format, sum, low, high) else {
        bail!("a serialized module of {} bytes, which is less than its head: it was cut off", bytes.len());
    };
    if format != FORMAT {
        bail!("a serialized module in format {format}; this build reads format {FORMAT}");
    }
    let len = u64::from(high) << 32 | u64::from(low);
    if len != bytes.len() as u64 {
        bail!("a serialized module of {len} bytes, of which there are {}", bytes.len());
    }
    let found = crc32fast::hash(&bytes[SUMMED..]);
    if found != sum {
        bail!("a serialized module with the checksum {sum:08x}, but its bytes have {found:08x}: they were changed");
    }
    Ok(&bytes[PARTS..])
}

/// Compares line by line, to say what differs.
fn check_identity(found: &str, expected: &str) -> Result<()> {
    let mut found_lines = found.lines();
    for expected in expected.lines() {
        let found = found_lines.next().unwrap_or("nothing");
        if found != expected {
            bail!("the module was serialized with `{found}`, but this engine has `{expected}`");
        }
    }
    match found_lines.next() {
        Some(line) => bail!("the module was serialized with `{line}`, of which this engine knows nothing"),
        None => Ok(()),
    }
}
