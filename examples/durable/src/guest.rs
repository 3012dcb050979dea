//! What a workflow may call, and one turn of it.
//!
//! A turn goes from one snapshot to the next: it restores, goes on as long as there is an answer to what the workflow waits for, and takes a
//! snapshot. It touches no database. What it did besides (messages sent, the progress) it hands back, and only when all of that is written
//! in one transaction did it happen. So a turn may be executed any number of times.
//!
//! A workflow is a module that exports `run` and `memory`, and imports from `workflow`:
//!
//! | function | what |
//! |---|---|
//! | `sleep(ms: i64)` | waits so long |
//! | `receive(channel, len, buffer, size: i32, patience: i64) -> i32` | waits for a message; puts as much of it in the buffer as there is room for, gives its length, or -1 after so many milliseconds. Negative patience is endless |
//! | `send(to, len, body, len: i32)` | sends to `workflow:KEY/CHANNEL`, or anywhere outside |
//! | `key(buffer, size: i32) -> i32` | its own key; gives its length |
//! | `now() -> i64` | milliseconds since 1970, when the running step began |
//! | `random() -> i64` | a number, the same whenever the step is executed |
//! | `note(text, len: i32)` | says how far it is |

use crate::wait::{Wait, Waits};
use pirn::{
    Caller, Config, Engine, Error, Extern, Linker, Memory, Module, PauseReason, Paused, Result, Resumable, Snapshot,
    Store, StoreLimitsBuilder, Val, ValType, Yield,
};

/// Fuel of a turn: operators, some tens of milliseconds of them. What computes longer is written down in between.
pub const FUEL: u64 = 20_000_000;

/// So many answers a turn, at most, so that a workflow with a full mailbox does not hold up its transaction.
const ANSWERS: usize = 100;

/// Bytes of all memories of a workflow, at most.
const MEMORY: usize = 64 << 20;

/// Bytes of a snapshot, at most.
const SNAPSHOT: usize = 16 << 20;

/// Bytes of a channel, a key, or a note, at most.
const TEXT: usize = 1000;

/// Bytes of a message, at most, and messages of a turn.
const MESSAGE: usize = 1 << 20;
const MESSAGES: usize = 1000;

/// How far a workflow has come, but for its snapshot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Answers that it got. The step of this number is running.
    pub steps: i64,
    /// When that began: what `now` gives.
    pub at: i64,
    /// Random numbers that it drew.
    pub draws: i64,
    /// Messages that it sent.
    pub sends: i64,
    /// What it last said of itself.
    pub note: Option<String>,
}

/// A workflow before a turn.
#[derive(Debug)]
pub struct Task<'a> {
    /// Its key.
    pub key: &'a str,
    /// What `run` is called with: integers, with blanks between.
    pub args: &'a str,
    /// Of its random numbers.
    pub seed: i64,
    /// How far it is.
    pub progress: Progress,
    /// Where it stands, if it has begun.
    pub snapshot: Option<&'a [u8]>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Its number among those of the workflow: with the workflow's key, it is the message's.
    pub number: i64,
    /// Where it goes.
    pub to: String,
    /// What it says.
    pub body: Vec<u8>,
}

/// A message that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its number among all messages.
    pub seq: i64,
    /// What it says.
    pub body: Vec<u8>,
}

/// What ends a wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// When the step begins.
    pub at: i64,
    /// The message; none if the time has come.
    pub message: Option<Message>,
}

/// A step of a turn, for the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The step.
    pub number: i64,
    /// When it began.
    pub at: i64,
    /// The message that it began with, if it was one.
    pub message: Option<i64>,
}

/// Where a turn ended.
#[derive(Debug)]
pub enum Outcome {
    /// It waits.
    Waiting {
        /// As bytes.
        snapshot: Vec<u8>,
        /// For this.
        wait: Wait,
    },
    /// It is to go on at once, when others had their turn.
    Ready {
        /// As bytes.
        snapshot: Vec<u8>,
    },
    /// It returned these numbers.
    Finished(String),
}

/// A turn.
#[derive(Debug)]
pub struct Turn {
    /// Where it ended.
    pub outcome: Outcome,
    /// How far it is now.
    pub progress: Progress,
    /// The steps that it began.
    pub steps: Vec<Step>,
    /// What it sent.
    pub sent: Vec<Sent>,
}

/// What host functions know of the workflow that calls them.
struct Host {
    key: String,
    seed: i64,
    progress: Progress,
    sent: Vec<Sent>,
    /// At most so many are sent.
    room: usize,
}

/// Bytes of the caller's memory, and its data.
fn bytes<'a>(caller: &'a Caller<'_, Host>, start: u32, len: u32) -> Result<&'a [u8]> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| Error::msg("a workflow exports its `memory`"))?;
    let bytes = memory.data(caller).get(start as usize..).and_then(|bytes| bytes.get(..len as usize));
    bytes.ok_or_else(|| Error::msg("a host function was given bytes beyond the end of the memory"))
}

/// Text of the caller's memory: such as databases take.
fn text(caller: &Caller<'_, Host>, start: u32, len: u32) -> Result<String> {
    let text = std::str::from_utf8(bytes(caller, start, len)?).ok();
    let text = text.filter(|text| text.len() <= TEXT && !text.contains('\0'));
    text.map(Into::into)
        .ok_or_else(|| Error::msg(format_args!("text has to be UTF-8, at most {TEXT} bytes, without zeros")))
}

/// Writes as much into the memory as there is room for, and gives the length.
fn fill(memory: Memory, store: &mut Store<Host>, (buffer, size): (u32, u32), bytes: &[u8]) -> Result<i32> {
    memory.write(store, buffer as usize, &bytes[..bytes.len().min(size as usize)])?;
    Ok(bytes.len() as i32)
}

/// The `n`th number of this seed (SplitMix64).
pub(crate) fn random(seed: i64, n: i64) -> i64 {
    let state = (seed as u64).wrapping_add((n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state ^ state >> 31) as i64
}

/// Executes workflows.
pub struct Guests {
    engine: Engine,
    linker: Linker<Host>,
}

impl Guests {
    /// An engine, and the host functions.
    ///
    /// # Errors
    /// The engine cannot be made.
    pub fn new() -> Result<Self> {
        let mut config = Config::untrusted();
        config.limits(StoreLimitsBuilder::untrusted().memory_size(MEMORY).total_memory_size(MEMORY as u64).build());
        let engine = Engine::new(&config)?;
        let mut linker = Linker::<Host>::new(&engine);
        linker.func_wrap("workflow", "sleep", |caller: Caller<'_, Host>, ms: i64| -> Result<()> {
            let until = caller.data().progress.at.saturating_add(ms.max(0));
            Err(Yield::new(Wait::Sleep { until }).into())
        })?;
        linker.func_wrap(
            "workflow",
            "receive",
            |caller: Caller<'_, Host>, channel: u32, len: u32, buffer: u32, size: u32, patience: i64| -> Result<i32> {
                let channel = text(&caller, channel, len)?;
                // Now, not when a message comes.
                bytes(&caller, buffer, size)?;
                let at = caller.data().progress.at;
                let until = (patience >= 0).then(|| at.saturating_add(patience));
                Err(Yield::new(Wait::Receive { channel, buffer, size, until }).into())
            },
        )?;
        linker.func_wrap(
            "workflow",
            "send",
            |mut caller: Caller<'_, Host>, to: u32, to_len: u32, body: u32, body_len: u32| -> Result<()> {
                let (to, body) = (text(&caller, to, to_len)?, bytes(&caller, body, body_len)?.to_vec());
                let host = caller.data_mut();
                if body.len() > MESSAGE || host.sent.len() >= host.room {
                    return Err(Error::msg("too many messages, or too long ones"));
                }
                host.sent.push(Sent { number: host.progress.sends, to, body });
                host.progress.sends += 1;
                Ok(())
            },
        )?;
        linker.func_wrap("workflow", "key", |mut caller: Caller<'_, Host>, buffer: u32, size: u32| -> Result<i32> {
            let key = caller.data().key.clone();
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let memory = memory.ok_or_else(|| Error::msg("a workflow exports its `memory`"))?;
            memory.write(&mut caller, buffer as usize, &key.as_bytes()[..key.len().min(size as usize)])?;
            Ok(key.len() as i32)
        })?;
        linker.func_wrap("workflow", "now", |caller: Caller<'_, Host>| caller.data().progress.at)?;
        linker.func_wrap("workflow", "random", |mut caller: Caller<'_, Host>| {
            let host = caller.data_mut();
            host.progress.draws += 1;
            random(host.seed, host.progress.draws - 1)
        })?;
        linker.func_wrap("workflow", "note", |mut caller: Caller<'_, Host>, start: u32, len: u32| -> Result<()> {
            let note = text(&caller, start, len)?;
            caller.data_mut().progress.note = Some(note);
            Ok(())
        })?;
        Ok(Self { engine, linker })
    }

    /// A module, if it can be a workflow.
    ///
    /// # Errors
    /// It is not valid; imports something else; exports no memory, or no `run` that takes and gives `i64`s.
    pub fn module(&self, bytes: &[u8]) -> Result<Module> {
        let module = Module::from_binary(&self.engine, bytes)?;
        self.linker.instantiate_pre(&module)?;
        let is_run = |ty: &pirn::FuncType| ty.params().iter().chain(ty.results()).all(|ty| *ty == ValType::I64);
        match (module.get_export("run"), module.get_export("memory")) {
            (Some(pirn::ExternType::Func(ty)), Some(pirn::ExternType::Memory(_))) if is_run(&ty) => Ok(module),
            _ => Err(Error::msg("a workflow exports a function `run`, all of i64, and its `memory`")),
        }
    }

    /// The bytes of a module, of text or of bytes.
    ///
    /// # Errors
    /// It cannot be a workflow.
    pub fn binary(&self, source: &[u8]) -> Result<Vec<u8>> {
        let bytes = if source.starts_with(b"\0asm") {
            source.to_vec()
        } else {
            wat::parse_bytes(source).map_err(Error::new)?.into_owned()
        };
        self.module(&bytes)?;
        Ok(bytes)
    }

    /// Goes on as long as `answer` has an answer to what is waited for. With `slice`, it stops where its fuel is used up, or after so many
    /// answers, and may not send more than so much; otherwise it has all it wants.
    ///
    /// # Errors
    /// The workflow failed: it trapped, or asked for what it must not. Or `answer` failed.
    pub fn turn(
        &self,
        module: &Module,
        task: Task<'_>,
        slice: bool,
        answer: &mut dyn FnMut(&Wait) -> Result<Option<Answer>>,
    ) -> Result<Turn> {
        let Task { key, seed, progress, .. } = task;
        let room = if slice { MESSAGES } else { usize::MAX };
        let host = Host { key: key.into(), seed, progress, sent: Vec::new(), room };
        let mut store = Store::new(&self.engine, host);
        let mut steps = Vec::new();
        let (instance, mut call) = match task.snapshot {
            None => {
                store.set_fuel(FUEL)?;
                let instance = self.linker.instantiate(&mut store, module)?;
                let args = task.args.split_whitespace().map(|arg| arg.parse().map(Val::I64));
                let args: Vec<_> = args.collect::<Result<_, _>>().map_err(Error::new)?;
                let run = instance.get_func(&store, "run").ok_or_else(|| Error::msg("there is no `run`"))?;
                steps.push(Step { number: 0, at: store.data().progress.at, message: None });
                (instance, run.call_resumable(&mut store, &args)?)
            }
            Some(bytes) => {
                let modules = std::slice::from_ref(module);
                let mut restored =
                    Snapshot::from_bytes(bytes)?.restore_with(&mut store, &self.linker, modules, &mut Waits)?;
                // The fuel of the snapshot is what was left.
                store.set_fuel(FUEL)?;
                let paused = restored.take_paused().pop();
                let paused = paused.ok_or_else(|| Error::msg("the snapshot has no paused call"))?;
                let instance = restored.instances().first();
                (*instance.ok_or_else(|| Error::msg("the snapshot has no instance"))?, Resumable::Paused(paused))
            }
        };
        let memory = instance.get_memory(&store, "memory").ok_or_else(|| Error::msg("there is no memory"))?;
        let mut first = true;
        let outcome = loop {
            let paused = match call {
                Resumable::Finished(results) => break Outcome::Finished(show(&results)),
                Resumable::Paused(paused) => paused,
            };
            let results = match paused.reason() {
                PauseReason::Yield(payload) => {
                    let wait = payload.downcast_ref::<Wait>().cloned();
                    let wait = wait.ok_or_else(|| Error::msg("a host function yielded something else"))?;
                    if steps.len() >= ANSWERS && slice {
                        break Outcome::Ready { snapshot: save(&store, &paused)? };
                    }
                    let Some(answer) = answer(&wait)? else {
                        break Outcome::Waiting { snapshot: save(&store, &paused)?, wait };
                    };
                    let progress = &mut store.data_mut().progress;
                    progress.steps += 1;
                    progress.at = answer.at;
                    let message = answer.message.as_ref().map(|message| message.seq);
                    steps.push(Step { number: progress.steps, at: answer.at, message });
                    finish(memory, &mut store, &wait, answer.message)?
                }
                // It was written down here, perhaps in front of an instruction that takes more than a turn has.
                PauseReason::OutOfFuel { required } if first || !slice => {
                    store.set_fuel(FUEL.max(required))?;
                    vec![]
                }
                _ => break Outcome::Ready { snapshot: save(&store, &paused)? },
            };
            first = false;
            call = paused.resume(&mut store, &results)?;
        };
        let Host { progress, sent, .. } = store.into_data();
        Ok(Turn { outcome, progress, steps, sent })
    }
}

/// What the host function returns that was waiting.
fn finish(memory: Memory, store: &mut Store<Host>, wait: &Wait, message: Option<Message>) -> Result<Vec<Val>> {
    Ok(match wait {
        Wait::Sleep { .. } => vec![],
        Wait::Receive { buffer, size, .. } => vec![Val::I32(match message {
            Some(message) => fill(memory, store, (*buffer, *size), &message.body)?,
            None => -1,
        })],
    })
}

fn save(store: &Store<Host>, paused: &Paused<Vec<Val>>) -> Result<Vec<u8>> {
    let bytes = Snapshot::take_with(store, &[paused], &mut Waits)?.to_bytes();
    if bytes.len() > SNAPSHOT {
        return Err(Error::msg(format_args!("a snapshot of {} bytes; at most {SNAPSHOT} are kept", bytes.len())));
    }
    Ok(bytes)
}

/// Results, with blanks between.
fn show(results: &[Val]) -> String {
    let results = results.iter().map(|value| if let Val::I64(value) = value { *value } else { 0 }.to_string());
    results.collect::<Vec<_>>().join(" ")
}
