//! The disassembler: threaded code as text, a line for each cell.
//!
//! It reads code the way the machine does, operand by operand along the handler's shape, and says no if the cells found
//! that way are not those lowering emitted, or do not cover the code exactly.
//!
//! The function is lowered for it once more, with signatures in place of the handlers' addresses: compilers merge functions
//! of the same machine code, so an address may stand for several shapes, a signature for one.
//!
//! | text | means |
//! |---|---|
//! | `s5` | slot 5: word 5 of the frame |
//! | `r0`, `v0` | the accumulators |
//! | `#10` | an immediate |
//! | `s5:r0 = i64.mul_wide_u(s1, s2)` | 128 bits: the high half to slot 5, the low half to `r0` |
//! | `i32.load+8(s2)` | a load at `s2` with the static offset 8 |
//! | `-> 0x40` | a branch to the cell at 0x40 |
//! | `func[3]`, `global[0]`... | the word of the instance that belongs to it |
//!
//! What a module says of itself is as long as it likes, and so are names and types. They are shown at each of their uses, up to
//! a length. Scopes of handlers are shown once, with the number of the scope around them: what has thousands of scopes
//! within each other, and calls in each, has a line for each of either. A [`Listing`] gives lines one by one.

mod reader;

use crate::catches::{CatchTable, Scope, Site};
use crate::layout::{FrameLayout, HEADER_WORDS, InstanceLayout};
use crate::lower::survey::{Survey, Surveyed};
use crate::lower::{Arena, Lowering, Options, Target, Tile};
use crate::module::ExternIndex;
use crate::shape::Shape;
use crate::sig::Sig;
use crate::{Error, FuncIdx, Module, Names, TypeId};
use reader::{Reader, START, push};
use std::collections::HashMap;
use std::fmt::{self, Write};

/// Threaded code of one function as text.
#[derive(Debug, Clone)]
pub struct Disassembly {
    /// What is known of the function and its frame.
    pub head: String,
    /// The cells.
    pub lines: Vec<Line>,
    /// The handlers of exceptions: see [`Listing::catches`].
    pub catches: Vec<String>,
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it begins, in bytes from the first cell.
    pub at: usize,
    /// Its handler's signature.
    pub sig: Sig,
    /// Its statements.
    pub text: String,
    /// Offset in the binary of the operator at which it was emitted: the last statement's, which stands behind what it
    /// consumes.
    pub offset: u32,
}

impl fmt::Display for Disassembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        self.catches.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        Ok(())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}  @{:<6x}  {}", self.at, self.offset, self.text)
    }
}

/// How many bytes of a name or type are shown.
const SHOWN: usize = 256;

/// Lowers for reading: handlers are their signatures.
#[derive(Debug)]
struct Signatures<'a, T>(&'a T);

impl<T: Target> Target for Signatures<'_, T> {
    const SURVEYED: bool = true;

    fn tile(&self, sig: Sig) -> Option<Tile> {
        self.0.tile(sig).map(|_| Tile { handler: sig })
    }
}

/// Disassembles functions of one module. What is the same for all of them is found out once.
#[derive(Debug)]
pub struct Disassembler<'a, T> {
    module: &'a Module,
    options: Options,
    target: Signatures<'a, T>,
    shape: fn(Sig) -> Option<&'static Shape>,
    layout: InstanceLayout,
    type_ids: Vec<TypeId>,
    names: HashMap<FuncIdx, String>,
}

impl<'a, T: Target> Disassembler<'a, T> {
    /// Of functions of `module` as they are lowered for `target`, whose handlers' shapes `shape` gives.
    pub fn new(module: &'a Module, options: Options, target: &'a T, shape: fn(Sig) -> Option<&'static Shape>) -> Self {
        // The first of equal types stands for all, as an engine's ids do.
        let mut first = HashMap::new();
        let ids = module.types.iter().zip((0..).map(TypeId));
        let type_ids = ids.map(|(ty, id)| *first.entry(ty).or_insert(id)).collect();
        let (target, layout, names) = (Signatures(target), InstanceLayout::of(module), names(module));
        Self { module, options, target, shape, layout, type_ids, names }
    }

    /// What the functions are called: see [`names`].
    pub fn names(&self) -> &HashMap<FuncIdx, String> {
        &self.names
    }

    /// Function `funcidx`, which is not an imported one.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`]; the shapes do not fit the code, which is a mistake in one of the three.
    ///
    /// # Panics
    /// As [`Lowering::lower`].
    pub fn function(&self, funcidx: FuncIdx) -> Result<Disassembly, Error> {
        let mut listing = self.listing(funcidx)?;
        let lines = listing.by_ref().collect::<Result<_, _>>()?;
        let catches = listing.catches().collect();
        Ok(Disassembly { head: listing.head, lines, catches })
    }

    /// The same, line by line: the text may be hundreds of times as long as the function.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`]. What else is wrong is said in the place of a line.
    ///
    /// # Panics
    /// As [`Lowering::lower`].
    pub fn listing(&self, funcidx: FuncIdx) -> Result<Listing<'_>, Error> {
        let survey = Some(Box::new(Survey::new(None)));
        let mut arena = Arena::new();
        let mut lowering =
            Lowering::surveyed(self.module, &self.type_ids, self.options, &self.target, &mut arena, survey);
        let code = lowering.lower(funcidx)?;
        let emitted = lowering.into_cells().into_iter();
        let bytes: Box<[u8]> = code.words().iter().flat_map(|word| word.to_ne_bytes()).collect();
        let frame_words = code.words()[1] as u32 / 8;
        let head = head(self.module, funcidx, frame_words, bytes.len() - START, &self.names);
        let reader = Reader {
            module: self.module,
            layout: self.layout,
            names: &self.names,
            bytes,
            at: START,
            base: code.words().as_ptr().addr() as u64,
        };
        let catches = code.catches().cloned().unwrap_or_default();
        Ok(Listing { head, funcidx, shape: self.shape, emitted, reader, catches, is_over: false })
    }
}

/// Threaded code of one function, whose text is made line by line. As an iterator it gives the cells, then an error if they do not
/// cover the code; an error is the last that it gives.
pub struct Listing<'a> {
    head: String,
    funcidx: FuncIdx,
    shape: fn(Sig) -> Option<&'static Shape>,
    emitted: std::vec::IntoIter<Surveyed>,
    /// Behind what was read so far.
    reader: Reader<'a>,
    catches: CatchTable,
    is_over: bool,
}

impl Listing<'_> {
    /// What is known of the function and its frame.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The handlers of exceptions. First, for what calls or throws in the cell that ends there, the innermost scope around it; then for
    /// each scope where its clauses lead, the first one asked first, and the scope that is asked next.
    pub fn catches(&self) -> impl Iterator<Item = String> {
        let CatchTable { sites, scopes, clauses } = &self.catches;
        let site =
            |&Site { position, scope }: &Site| format!("before {:#06x}: scope {scope}", position as usize - START);
        let scope = |(number, &Scope { outer, first, count }): (usize, &Scope)| {
            let mut text = format!("scope {number}");
            if outer != Scope::NONE {
                push(&mut text, format_args!(" in {outer}"));
            }
            let clauses = &clauses[first as usize..][..count as usize];
            for (i, clause) in clauses.iter().enumerate() {
                text.push_str(if i == 0 { ": catches " } else { "; " });
                self.reader.clause(clause, &mut text);
            }
            text
        };
        sites.iter().map(site).chain(scopes.iter().enumerate().map(scope))
    }

    /// The cell that begins where the reader is, which was emitted as `one`.
    fn line(&mut self, one: &Surveyed) -> Result<Line, Error> {
        let (reader, funcidx) = (&mut self.reader, self.funcidx);
        let cell = reader.at;
        let wrong = |what: &str| {
            Error::new(format!("function {funcidx}, cell {:#x}: {what}", cell - START), u64::from(one.offset))
        };
        if one.position != cell {
            return Err(wrong("the one before ends here, but the next begins elsewhere"));
        }
        let sig = reader.u64();
        let shape = (self.shape)(sig).ok_or_else(|| wrong("no handler has this signature"))?;
        let mut text = String::new();
        reader.statement(shape, &mut text);
        let targets = if shape.has_targets() { reader.at - cell - 8 - shape.len() } else { 0 };
        if reader.at != cell + 8 + shape.len() + targets {
            return Err(wrong("its text has other operands than its shape"));
        }
        reader.at = reader.at.next_multiple_of(8);
        Ok(Line { at: cell - START, sig, text, offset: one.offset })
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<Line, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let line = match self.emitted.next() {
            Some(one) => self.line(&one),
            None if self.reader.at == self.reader.bytes.len() => return None,
            None => Err(Error::new(format!("function {}: the cells do not cover the code", self.funcidx), 0)),
        };
        self.is_over = line.is_err();
        Some(line)
    }
}

/// What functions are called: in the name section, else as they are exported first.
pub fn names(module: &Module) -> HashMap<FuncIdx, String> {
    let named = Names::of(module);
    let funcs = (0..).map(FuncIdx).take(module.funcs.len());
    let mut names: HashMap<_, _> =
        funcs.filter_map(|funcidx| Some((funcidx, named.func(module, funcidx)?.to_owned()))).collect();
    for export in &module.exports {
        if let ExternIndex::Func(funcidx) = export.index {
            names.entry(funcidx).or_insert_with(|| module.name(export.name).to_owned());
        }
    }
    names
}

fn head(module: &Module, funcidx: FuncIdx, words: u32, bytes: usize, names: &HashMap<FuncIdx, String>) -> String {
    let ty = module.func_type(funcidx);
    let frame = FrameLayout::of(ty);
    let (name, ty_text) = (quoted(names.get(&funcidx)), cut(ty));
    format!(
        "func[{funcidx}]{name}: {ty_text}; {bytes} bytes; frame of {words} words: {} parameters, header s{}, {} words from s{} on",
        ty.params().len(),
        frame.header,
        (words as usize).saturating_sub(frame.header + HEADER_WORDS),
        frame.locals(),
    )
}

/// The beginning of a name, if there is one, in quotation marks and behind a blank, with a mark if that is not all.
fn quoted(name: Option<&String>) -> String {
    name.map_or_else(String::new, |name| {
        let shown = &name[..name.floor_char_boundary(SHOWN)];
        format!(" {shown:?}{}", if shown.len() < name.len() { "..." } else { "" })
    })
}

/// The beginning of a type, with a mark if that is not all.
fn cut(ty: impl fmt::Display) -> String {
    struct Beginning(String);

    impl Write for Beginning {
        /// Fails when there is more than is shown, so that the rest of the type is not even written.
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(text);
            if self.0.len() > SHOWN { Err(fmt::Error) } else { Ok(()) }
        }
    }

    let mut beginning = Beginning(String::new());
    let is_all = write!(beginning, "{ty}").is_ok();
    let mut text = beginning.0;
    if !is_all {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push_str("...");
    }
    text
}
