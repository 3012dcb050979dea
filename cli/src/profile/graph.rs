//! Profiles to look at: a flame graph, or what the Firefox profiler loads.

use super::stacks::Tree;
use anyhow::{Context, Result, bail};
use fxprof_processed_profile as firefox;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a file of a profile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A flame graph: a picture to look into with a browser.
    Svg,
    /// A profile for <https://profiler.firefox.com>, in its processed format.
    Json,
}

/// Where a profile goes.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
    format: Format,
}

impl Output {
    /// A file, whose ending says what it is to be.
    pub fn new(path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Format::Svg,
            Some("json") => Format::Json,
            _ => bail!("a profile ends with .svg (a flame graph) or .json (for profiler.firefox.com)"),
        };
        Ok(Self { path, format })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file, so that nobody waits for a program whose profile cannot be written.
    pub fn create(&self) -> Result<File> {
        File::create(&self.path).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Writes the profile of `program` to its file.
    pub fn write(&self, file: File, tree: &Tree, program: &str) -> Result<()> {
        let mut writer = BufWriter::new(file);
        match self.format {
            Format::Svg => flame_graph(tree, program, &mut writer),
            Format::Json => firefox_profile(tree, program, &mut writer),
        }
        .and_then(|()| Ok(writer.flush()?))
        .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn micros(time: Duration) -> u64 {
    // Rounded, so that many small times do not vanish.
    (time.as_nanos() as u64 + 500) / 1000
}

/// How many lines a flame graph is made of, at most. A frame that has less than this part of everything counts for its caller, above which
/// a gap remains; it would be thinner than a pixel.
const LINES: u64 = 8_000;

/// How many characters of a name a flame graph has: its lines repeat the names.
const NAME: usize = 120;

fn flame_graph(tree: &Tree, program: &str, writer: impl Write) -> Result<()> {
    let mut times: Vec<u64> = tree.frames.iter().map(|frame| frame.time.as_nanos() as u64).collect();
    let least = times.iter().sum::<u64>() / LINES;
    let names: Vec<String> = tree.names.iter().map(|name| folded(name)).collect();
    let (mut lines, mut rest) = (Vec::new(), 0);
    // Those called before their callers.
    for (number, frame) in tree.frames.iter().enumerate().rev() {
        let time = times[number];
        if time == 0 {
            continue;
        }
        if time < least {
            match frame.caller {
                Some(caller) => times[caller] += time,
                None => rest += time,
            }
            continue;
        }
        let mut stack = vec![&*names[frame.name]];
        let mut at = frame.caller;
        while let Some(caller) = at {
            stack.push(&names[tree.frames[caller].name]);
            at = tree.frames[caller].caller;
        }
        stack.reverse();
        lines.push(format!("{} {}", stack.join(";"), micros(Duration::from_nanos(time)).max(1)));
    }
    if rest > 0 || lines.is_empty() {
        lines.push(format!("[others] {}", micros(Duration::from_nanos(rest)).max(1)));
    }
    let mut options = inferno::flamegraph::Options::default();
    options.title = format!("pirn: {}", folded(program));
    options.count_name = "us".to_owned();
    options.name_type = "Function:".to_owned();
    options.deterministic = true;
    inferno::flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), writer)?;
    Ok(())
}

/// A name without the characters that end it in a line of stacks.
fn folded(name: &str) -> String {
    let plain = |c: char| if c == ';' || pirn::is_disguise(c) { '_' } else { c };
    let mut text: String = name.trim().chars().map(plain).take(NAME).collect();
    if name.trim().chars().nth(NAME).is_some() {
        text.push_str("...");
    }
    text
}

/// Each stack is one sample, whose weight is its time in microseconds. They follow each other in the order in which they came up first: a
/// sample for each 20 us would make files of gigabytes.
fn firefox_profile(tree: &Tree, program: &str, writer: impl Write) -> Result<()> {
    let interval = firefox::SamplingInterval::from_millis(1);
    let mut profile = firefox::Profile::new("pirn", SystemTime::now().into(), interval);
    let time = |time: Duration| firefox::Timestamp::from_nanos_since_reference(time.as_nanos() as u64);
    let process = profile.add_process(program, std::process::id(), time(Duration::ZERO));
    let thread = profile.add_thread(process, std::process::id(), time(Duration::ZERO), false);
    profile.set_thread_name(thread, "WebAssembly, by stacks; weights are microseconds");
    let category = profile.add_category("WebAssembly", firefox::CategoryColor::Blue);
    let (mut stacks, mut now) = (Vec::with_capacity(tree.frames.len()), Duration::ZERO);
    for frame in &tree.frames {
        let name = profile.intern_string(&tree.names[frame.name]);
        let info = firefox::FrameInfo {
            frame: firefox::Frame::Label(name),
            category_pair: category.into(),
            flags: firefox::FrameFlags::empty(),
        };
        let handle = profile.intern_frame(thread, info);
        let stack = profile.intern_stack(thread, frame.caller.map(|caller| stacks[caller]), handle);
        stacks.push(stack);
        let weight = i32::try_from(micros(frame.time)).unwrap_or(i32::MAX);
        if weight > 0 {
            now += frame.time;
            profile.add_sample(
                thread,
                time(now),
                Some(stack),
                firefox::CpuDelta::from_nanos(frame.time.as_nanos() as u64),
                weight,
            );
        }
    }
    profile.set_process_end_time(process, time(now));
    profile.set_thread_end_time(thread, time(now));
    serde_json::to_writer(writer, &profile)?;
    Ok(())
}
