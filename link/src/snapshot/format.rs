//! Snapshots as bytes: `docs/snapshot-format.md` describes them.
//!
//! Reading allocates in proportion to the bytes there are, whatever lengths they claim: a list has a byte for each item at least, and a
//! chunk is at most 255 times as long as what it is compressed to. That can be thousands of times as much as the bytes; so what is made of
//! them is counted, and whoever reads says how much it may be.

mod reader;
mod writer;

use super::state::{HASH, State};
use crate::error::{Result, format_err};
use reader::Reader;
use sha2::{Digest, Sha256};
use writer::Writer;

/// How they begin.
const MAGIC: &[u8; 8] = b"pirnsnap";

/// Of the format.
const VERSION: u32 = 3;

/// What types begin with that are references which may be null, or may not (spec 5.3.4).
const NULLABLE: u8 = 0x63;
const NON_NULL: u8 = 0x64;

/// What objects begin with, and heap types that are of modules: then follows the number of the type, or of the tag.
const FUNC: u8 = 0x60;
const STRUCT: u8 = 0x5f;
const ARRAY: u8 = 0x5e;
const EXCEPTION: u8 = 0x08;

/// Bytes before the chunks.
const HEAD: usize = MAGIC.len() + size_of::<u32>() + HASH;

/// Most bytes that are compressed at once.
const CHUNK: usize = 1 << 20;

/// The bytes of a snapshot.
pub(super) fn write(state: &State) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend([0; HASH]);
    for chunk in content(state).chunks(CHUNK) {
        let compressed = lz4_flex::block::compress(chunk);
        let stored = if compressed.len() < chunk.len() { &compressed } else { chunk };
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend((stored.len() as u32).to_le_bytes());
        out.extend(stored);
    }
    let hash = Sha256::digest(&out[HEAD..]);
    out[HEAD - HASH..HEAD].copy_from_slice(&hash);
    out
}

/// What is written in chunks.
pub(super) fn content(state: &State) -> Vec<u8> {
    let mut content = Writer::default();
    content.state(state);
    content.0
}

/// The snapshot of these bytes, which may take `most` bytes of memory, or somewhat more.
///
/// # Errors
/// They are none, or of another version, or were changed; they would take more.
pub(super) fn read(bytes: &[u8], most: usize) -> Result<State> {
    let mut head = Reader { rest: bytes, room: most };
    if head.array().ok() != Some(*MAGIC) {
        return Err(format_err!("the bytes are no snapshot"));
    }
    let version = u32::from_le_bytes(head.array()?);
    if version != VERSION {
        return Err(format_err!(
            "the snapshot is of version {version} of the format: this pirn reads version {VERSION}"
        ));
    }
    let hash: [u8; HASH] = head.array()?;
    if hash != *Sha256::digest(head.rest) {
        return Err(format_err!("the snapshot was cut off or changed: it has another hash"));
    }
    let (content, room) = chunks(head)?;
    read_content(&content, room)
}

/// What the chunks hold, and what room is left then.
fn chunks(mut reader: Reader<'_>) -> Result<(Vec<u8>, usize)> {
    let mut content = Vec::new();
    while !reader.rest.is_empty() {
        let [len, stored] = [reader.array()?, reader.array()?].map(|len| u32::from_le_bytes(len) as usize);
        let bytes = reader.take(stored)?;
        if len > CHUNK || stored > len {
            return Err(malformed("a chunk"));
        }
        reader.count(len)?;
        if stored == len {
            content.extend_from_slice(bytes);
            continue;
        }
        let start = content.len();
        content.resize(start + len, 0);
        let written = lz4_flex::block::decompress_into(bytes, &mut content[start..]);
        if !written.is_ok_and(|written| written == len) {
            return Err(malformed("a chunk"));
        }
    }
    Ok((content, reader.room))
}

/// The snapshot of this content, which may take so many bytes of memory besides.
///
/// # Errors
/// It is none, or would take more.
pub(super) fn read_content(content: &[u8], room: usize) -> Result<State> {
    let mut reader = Reader { rest: content, room };
    let state = reader.state()?;
    if reader.rest.is_empty() { Ok(state) } else { Err(malformed("what follows its end")) }
}

#[cold]
fn malformed(what: &str) -> crate::error::Error {
    format_err!("the snapshot is malformed: {what}")
}
