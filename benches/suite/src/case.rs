//! The kernels and programs: what runs, with which input, and which answer is right.
//!
//! Kernels are text under `benches/kernels`, each with an export `run` of type `(i32) -> i64`; those with vectors are
//! binaries under `benches/kernels/simd`, with their sources in C, and those with wide arithmetic under `benches/kernels/wide`,
//! with their sources in Rust, beside the same without. Those under `benches/kernels/gc` and `benches/kernels/exceptions` need
//! these proposals. Programs are commands of WASI preview 1 under
//! `benches/workloads`, described by `manifest.json` there. Programs with vectors come in pairs: built from the same
//! sources with and without them.

use crate::wasi::{self, Files, Number, Stub, Wasi};
use anyhow::{Context, Result, bail, ensure};
use pirn::{Engine, ExternType, Module, ValType};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a case may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A kernel of a few lines.
    Kernel,
    /// A program that tuning (the mining of shapes) may look at.
    Train,
    /// A program that speed is judged on and no tuner sees.
    Judge,
    /// A program with vectors that tuning may look at.
    TrainSimd,
    /// A program with vectors that speed is judged on and no tuner sees.
    JudgeSimd,
    /// A program with 64-bit addresses that tuning may look at.
    #[serde(rename = "train-64")]
    Train64,
    /// A program with 64-bit addresses that speed is judged on and no tuner sees.
    #[serde(rename = "judge-64")]
    Judge64,
    /// A large module that is decoded and instantiated, not run.
    Startup,
    /// A large program that does a small job: all that it takes counts, from the start of a process.
    Cold,
}

impl Role {
    /// Whether it is that of a program that runs and needs no vectors.
    pub fn is_scalar_program(self) -> bool {
        matches!(self, Self::Train | Self::Judge)
    }

    /// Whether it is that of a program built with vectors and without.
    pub fn has_vectors(self) -> bool {
        matches!(self, Self::TrainSimd | Self::JudgeSimd)
    }

    /// Whether it is that of a program built for 64-bit addresses and for 32-bit ones.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Train64 | Self::Judge64)
    }
}

/// One module and what is done with it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What tables call it.
    pub name: String,
    /// What it may be used for.
    pub role: Role,
    /// The module, binary.
    pub wasm: Vec<u8>,
    /// What is done with it.
    pub job: Job,
    /// The right answer of a kernel, if it is known.
    pub right: Option<i64>,
}

/// What is done with a module.
#[derive(Debug, Clone)]
pub enum Job {
    /// `run` is called with this.
    Kernel(i32),
    /// `_start` is called.
    Command {
        /// Arguments, the program's name not among them.
        args: Vec<String>,
        /// Standard input.
        stdin: Arc<[u8]>,
        /// What is below `/data`.
        files: Arc<Files>,
        /// The right exit status, and the SHA-256 of the right output if the manifest has it.
        expected: (i32, Option<String>),
        /// What it imports and does not call.
        stubs: Arc<[Stub]>,
    },
    /// Nothing: it is only instantiated, with these imports.
    Startup(Arc<[Stub]>),
}

/// What came out of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of a kernel.
    Value(i64),
    /// Of a command.
    Output {
        /// Exit status.
        status: i32,
        /// Standard output.
        stdout: Vec<u8>,
    },
}

impl Answer {
    /// In a few words, for messages.
    pub fn summary(&self) -> String {
        match self {
            Self::Value(value) => value.to_string(),
            Self::Output { status, stdout } => {
                format!("status {status} and {} bytes, SHA-256 {}", stdout.len(), hex(stdout))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where `benches/` is: the binaries are made to be run by cargo from a checkout.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies below it").into()
}

/// Name and `$n` of the kernels.
const KERNELS: [(&str, i32); 6] =
    [("fib", 30), ("dot", 1000), ("crc", 500_000), ("sieve", 4_000_000), ("quicksort", 400_000), ("matmul", 150)];

/// Name and `$n` of kernels that were written to be counted, for what no other executes: they are no part of what engines
/// are compared by.
const COUNTED: [(&str, i32); 1] = [("watches", 2_000)];

/// Name, `$n` and right answer of the kernels that make structs and arrays.
const GC_KERNELS: [(&str, i32, i64); 8] = [
    ("trees", 14, 3_156_655),
    ("lists", 30_000, 270_103_503_150_000),
    ("map", 1_000_000, -606_924_121_411_001_654),
    ("queens", 11, 2_680),
    ("richards", 10, 23_246_092_970),
    ("deltablue", 10_000, 269_923_104),
    ("lisp", 22, 2_291_609),
    ("strings", 3_000, 4_734_054_256_606_858_947),
];

/// Name, frames between, rounds and right answer of the kernels that throw.
const EXCEPTION_KERNELS: [(&str, i32, i32, i64); 3] = [
    ("depth-1", 1, 300_000, 45_000_150_000),
    ("depth-10", 10, 100_000, 5_000_050_000),
    ("depth-100", 100, 20_000, 200_010_000),
];

/// Name and `$n` of the small loops: one to six statements over locals, or over memory.
const LOOPS: [(&str, i32); 30] = [
    ("down", 3000000),
    ("up", 3000000),
    ("while", 3000000),
    ("wide", 3000000),
    ("sum", 2000000),
    ("sum-while", 2000000),
    ("fib", 2000000),
    ("fib-stack", 2000000),
    ("fib-tail", 2000000),
    ("fib-values", 2000000),
    ("factorial", 2000000),
    ("factorial-tail", 2000000),
    ("parity", 2000000),
    ("gcd", 150000),
    ("collatz", 20000),
    ("nested", 1500),
    ("global", 2000000),
    ("xorshift", 2000000),
    ("congruential", 2000000),
    ("harmonic", 2000000),
    ("logistic", 2000000),
    ("bits", 100000),
    ("copy-bytes", 30),
    ("copy-words", 60),
    ("fill-bytes", 30),
    ("fill-words", 60),
    ("compare", 30),
    ("search", 30),
    ("sum-words", 60),
    ("checksum", 20),
];

/// The small loops, `loops/` before their names.
///
/// # Errors
/// The checkout is incomplete.
pub fn loops() -> Result<Vec<Case>> {
    let mut cases = read_texts(&directory().join("kernels/loops"), &LOOPS)?;
    cases.iter_mut().for_each(|case| case.name.insert_str(0, "loops/"));
    Ok(cases)
}

/// The kernels that make structs and arrays, `gc/` before their names.
///
/// # Errors
/// The checkout is incomplete.
pub fn gc_kernels() -> Result<Vec<Case>> {
    let case = |&(name, n, right)| {
        let name = format!("gc/{name}");
        let wasm = wat::parse_file(directory().join("kernels").join(format!("{name}.wat")))?;
        Ok(Case { name, role: Role::Kernel, wasm, job: Job::Kernel(n), right: Some(right) })
    };
    GC_KERNELS.iter().map(case).collect()
}

/// The kernels that throw, `exceptions/` before their names: one program, by how many frames further in it throws.
///
/// # Errors
/// The checkout is incomplete.
pub fn exception_kernels() -> Result<Vec<Case>> {
    let wasm = wat::parse_file(directory().join("kernels/exceptions/throw.wat"))?;
    let case = |&(name, depth, rounds, right)| {
        let (name, job) = (format!("exceptions/{name}"), Job::Kernel(rounds << 8 | depth));
        Case { name, role: Role::Kernel, wasm: wasm.clone(), job, right: Some(right) }
    };
    Ok(EXCEPTION_KERNELS.iter().map(case).collect())
}

/// The kernels.
///
/// # Errors
/// The checkout is incomplete.
pub fn kernels() -> Result<Vec<Case>> {
    read_texts(&directory().join("kernels"), &KERNELS)
}

/// Kernels that are only counted.
///
/// # Errors
/// The checkout is incomplete.
pub fn counted() -> Result<Vec<Case>> {
    read_texts(&directory().join("kernels"), &COUNTED)
}

fn read_texts(directory: &Path, kernels: &[(&str, i32)]) -> Result<Vec<Case>> {
    kernels
        .iter()
        .map(|&(name, n)| {
            let wasm = wat::parse_file(directory.join(format!("{name}.wat")))?;
            Ok(Case { name: name.into(), role: Role::Kernel, wasm, job: Job::Kernel(n), right: None })
        })
        .collect()
}

/// Name, `n` and right answer of the kernels with vectors.
const VECTOR_KERNELS: [(&str, i32, i64); 11] = [
    ("dot", 8000, 2_274_861_056),
    ("xor", 4000, 9_148_427_002_846_799_018),
    ("compare", 4000, 65_421_047),
    ("memchr", 3000, 78_948_000),
    ("utf8", 400, 58_916),
    ("base64", 400, -4_101_397_394_357_579_999),
    ("matmul", 100, 199_987_863),
    ("blur", 50, 1_136_154_208_802_287_832),
    ("mandelbrot", 4000, 13_327_646),
    ("chacha20", 8000, -7_799_410_075_342_237_572),
    ("hash", 800, -7_822_796_646_687_295_748),
];

/// The kernels with vectors, `simd/` before their names.
///
/// # Errors
/// The checkout is incomplete.
pub fn vector_kernels() -> Result<Vec<Case>> {
    VECTOR_KERNELS
        .iter()
        .map(|&(name, n, right)| {
            let name = format!("simd/{name}");
            let wasm = read(&directory().join("kernels").join(format!("{name}.wasm")))?;
            Ok(Case { name, role: Role::Kernel, wasm, job: Job::Kernel(n), right: Some(right) })
        })
        .collect()
}

/// Name, `n` and right answer of the kernels with wide arithmetic.
const WIDE_KERNELS: [(&str, i32, i64); 2] =
    [("multiply", 300, 44_200_006_855_976_411), ("power", 4, 4_120_744_860_097_208_306)];

/// The kernels with wide arithmetic, `wide/` before their names, each with its twin that computes the same without.
///
/// # Errors
/// The checkout is incomplete.
pub fn wide_kernels() -> Result<Vec<(Case, Case)>> {
    let case = |name: String, n, right| {
        let wasm = read(&directory().join("kernels").join(format!("{name}.wasm")))?;
        Ok::<_, anyhow::Error>(Case { name, role: Role::Kernel, wasm, job: Job::Kernel(n), right: Some(right) })
    };
    WIDE_KERNELS
        .iter()
        .map(|&(name, n, right)| {
            Ok((case(format!("wide/{name}"), n, right)?, case(format!("wide/{name}-narrow"), n, right)?))
        })
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// One entry of `manifest.json`; what else stands there is for people.
#[derive(Debug, Deserialize)]
struct Entry {
    role: Role,
    file: String,
    /// Its name, a space, and its version and options.
    compiler: String,
    #[serde(default)]
    args: Vec<String>,
    stdin: Option<String>,
    #[serde(default)]
    exit: i32,
    stdout_sha256: Option<String>,
    wasm_sha256: String,
    /// Whether it is too large to be kept here: `fetch.sh` gets it.
    #[serde(default)]
    fetched: bool,
    /// Whether it imports functions of WASI that are not there, and does not call them.
    #[serde(default)]
    stubs: bool,
    /// The same program without vectors.
    scalar: Option<Twin>,
    /// The same program for 32-bit addresses.
    narrow: Option<Twin>,
}

/// Another build of a program.
#[derive(Debug, Deserialize)]
struct Twin {
    file: String,
    wasm_sha256: String,
}

/// The programs, in the order of their names; `choose` says by name and role which ones. Of pairs, the ones with vectors or 64-bit
/// addresses.
///
/// # Errors
/// The checkout is incomplete, or a file in it is not the one the manifest describes.
pub fn programs(choose: impl Fn(&str, Role) -> bool) -> Result<Vec<Case>> {
    Ok(entries(choose)?.into_iter().map(|(case, _)| case).collect())
}

/// The chosen of the programs that were built twice: with vectors and without, or for 64-bit addresses and for 32-bit ones,
/// in this order; names of the latter end in `-scalar` or `-32`.
///
/// # Errors
/// As of [`programs`].
pub fn pairs(choose: impl Fn(&str, Role) -> bool) -> Result<Vec<(Case, Case)>> {
    let entries = entries(|name, role| (role.has_vectors() || role.is_wide()) && choose(name, role))?;
    entries.into_iter().map(|(case, twin)| Ok((case, twin.context("a pair has two")?))).collect()
}

fn manifest() -> Result<BTreeMap<String, Entry>> {
    Ok(serde_json::from_slice(&read(&directory().join("workloads/manifest.json"))?)?)
}

/// What compiled each program, without version and options: `rust`, `clang`, ...
///
/// # Errors
/// The checkout is incomplete.
pub fn compilers() -> Result<BTreeMap<String, String>> {
    let name = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    Ok(manifest()?.into_iter().map(|(program, entry)| (program, name(&entry.compiler))).collect())
}

/// Programs that `fetch.sh` would get, and has not.
///
/// # Errors
/// The checkout is incomplete.
pub fn not_fetched() -> Result<Vec<String>> {
    let root = directory().join("workloads");
    let missing = |entry: &Entry| entry.fetched && !root.join(&entry.file).exists();
    Ok(manifest()?.into_iter().filter_map(|(name, entry)| missing(&entry).then_some(name)).collect())
}

/// The program of this name, as whoever starts it reads it: nothing but its module and the files its arguments name, which
/// nobody compares with the manifest's hashes.
///
/// # Errors
/// There is no such command, or the checkout is incomplete.
pub fn unchecked(name: &str) -> Result<Case> {
    let root = directory().join("workloads");
    let entry = manifest()?.remove(name).with_context(|| format!("there is no program `{name}`"))?;
    ensure!(entry.role != Role::Startup, "{name} is no command");
    let named = entry.args.iter().filter_map(|arg| arg.strip_prefix("/data/"));
    let files = named.map(|file| Ok((file.to_owned(), read(&root.join("data").join(file))?.into())));
    let files = files.collect::<Result<Files>>()?;
    let (role, wasm) = (entry.role, read(&root.join(&entry.file))?);
    Ok(Case { name: name.into(), role, wasm, job: command(&root, &entry, Arc::new(files))?, right: None })
}

/// What a command is given.
fn command(root: &Path, entry: &Entry, files: Arc<Files>) -> Result<Job> {
    let stdin = match &entry.stdin {
        Some(text) => match text.strip_prefix('@') {
            Some(file) => read(&root.join(file))?.into(),
            None => text.as_bytes().into(),
        },
        None => Arc::default(),
    };
    let stubs = if entry.stubs { wasi::stubs() } else { Arc::default() };
    let (args, expected) = (entry.args.clone(), (entry.exit, entry.stdout_sha256.clone()));
    Ok(Job::Command { args, stdin, files, expected, stubs })
}

/// The chosen programs, with their twins; without those that have to be fetched first.
fn entries(choose: impl Fn(&str, Role) -> bool) -> Result<Vec<(Case, Option<Case>)>> {
    let root = directory().join("workloads");
    let manifest = manifest()?;
    let mut files = Files::new();
    for entry in std::fs::read_dir(root.join("data"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, read(&path)?.into());
    }
    let files = Arc::new(files);
    let module = |name: &str, file: &str, sha256: &str| {
        let wasm = read(&root.join(file))?;
        ensure!(hex(&wasm) == sha256, "{name} is not the file that the manifest describes");
        Ok(wasm)
    };

    let mut cases = Vec::new();
    for (name, entry) in manifest {
        if !choose(&name, entry.role) || entry.fetched && !root.join(&entry.file).exists() {
            continue;
        }
        let wasm = module(&name, &entry.file, &entry.wasm_sha256)?;
        let job = match entry.role {
            Role::Startup => Job::Startup(stubs(&wasm)?),
            _ => command(&root, &entry, files.clone())?,
        };
        let twins = [("scalar", entry.scalar), ("32", entry.narrow)];
        let twin = twins.into_iter().find_map(|(build, twin)| Some((build, twin?))).map(|(build, twin)| {
            let name = format!("{name}-{build}");
            let wasm = module(&name, &twin.file, &twin.wasm_sha256)?;
            Ok::<_, anyhow::Error>(Case { name, role: entry.role, wasm, job: job.clone(), right: None })
        });
        let twin = twin.transpose()?;
        cases.push((Case { name, role: entry.role, wasm, job, right: None }, twin));
    }
    Ok(cases)
}

/// The functions that a module imports and that are not WASI's.
fn stubs(wasm: &[u8]) -> Result<Arc<[Stub]>> {
    let number = |ty: &ValType| match ty {
        ValType::I32 => Ok(Number::I32),
        ValType::I64 => Ok(Number::I64),
        ValType::F32 => Ok(Number::F32),
        ValType::F64 => Ok(Number::F64),
        _ => bail!("an import takes or gives {ty}"),
    };
    let module = Module::new(&Engine::default(), wasm)?;
    let others = module.imports().filter(|import| import.module() != wasi::MODULE || !wasi::defines(import.name()));
    others
        .map(|import| {
            let ExternType::Func(ty) = import.ty() else { bail!("it imports other things than functions") };
            Ok(Stub {
                module: import.module().into(),
                name: import.name().into(),
                params: ty.params().iter().map(number).collect::<Result<_>>()?,
                results: ty.results().iter().map(number).collect::<Result<_>>()?,
            })
        })
        .collect()
}

impl Case {
    /// A fresh world for one run of it.
    pub fn wasi(&self) -> Wasi {
        match &self.job {
            Job::Command { args, stdin, files, stubs, .. } => {
                Wasi::new(args, stdin.clone(), files.clone()).with_stubs(stubs.clone())
            }
            Job::Startup(stubs) => Wasi::default().with_stubs(stubs.clone()),
            Job::Kernel(_) => Wasi::default(),
        }
    }

    /// Whether `answer` is right, as far as the manifest says: of most kernels, and of programs that
    /// print times, it is only known what another runtime answers.
    ///
    /// # Errors
    /// It is wrong.
    pub fn check(&self, answer: &Answer) -> Result<()> {
        if let (Some(right), Answer::Value(value)) = (self.right, answer) {
            ensure!(*value == right, "{}: the answer is {value}, not {right}", self.name);
        }
        let (Job::Command { expected, .. }, Answer::Output { status, stdout }) = (&self.job, answer) else {
            return Ok(());
        };
        ensure!(*status == expected.0, "{}: exit status {status}, not {}", self.name, expected.0);
        if let Some(right) = &expected.1 {
            ensure!(hex(stdout) == *right, "{}: wrong output: {}", self.name, answer.summary());
        }
        Ok(())
    }
}

/// The ways to call `x + 1` in a loop, by the names of the exports that do so. `empty` is the loop without a call.
pub const CALLS: [&str; 5] = ["empty", "local", "imported", "indirect", "host"];

/// The export that the host calls: `x + 1` itself.
pub const ENTRY: &str = "entry";

/// The modules that measure the call `export`, one of [`CALLS`] or [`ENTRY`], in the order they are linked in. What calls
/// within one instance is a module of its own, for runtimes that do not link modules.
///
/// # Errors
/// The checkout is incomplete.
pub fn calls(export: &str) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let read = |name: &str| Ok::<_, anyhow::Error>(wat::parse_file(directory().join("kernels").join(name))?);
    Ok(match export {
        "imported" => vec![("callee", read("callee.wat")?), ("main", read("imported.wat")?)],
        _ => vec![("main", read("calls.wat")?)],
    })
}

/// What modules look like to [`Runtime::compile`](crate::Runtime::compile).
pub fn borrow<'a>(modules: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'static str, &'a [u8])> {
    modules.iter().map(|(name, wasm)| (*name, &wasm[..])).collect()
}
