//! Generated programs behave in pieces as in one go.
//!
//! Each program of up to 8 modules, start functions included, is run plainly, and then with 1, 7 and 1,000 units of fuel at
//! a time, with host functions that yield, fused and not, and twice at a time in one store, in turns. The result (or the
//! trap, or that the fuel was used up), every memory, every global, the fuel consumed and what the host was asked must be
//! the same.

use crate::group;
use crate::program::{Random, Text, program};
use pirn::*;

/// What a program may consume in all; a multiple of every step.
pub(crate) const FUEL: u64 = 14_000;

/// The programs: those that `PIRN_SEEDS` says, such as `0..20000`, or a few.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("PIRN_SEEDS") else { return 0..if cfg!(debug_assertions) { 24 } else { 150 } };
    let (first, end) = text.split_once("..").expect("PIRN_SEEDS is like 0..20000");
    let [first, end] = [first, end].map(|number| number.parse().expect("PIRN_SEEDS is of numbers"));
    assert!(end >= first + 24, "fewer programs than 24 say little");
    first..end
}

/// What is left of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) result: std::result::Result<Vec<Val>, String>,
    pub(crate) shared: Vec<u8>,
    pub(crate) memories: Vec<Vec<u8>>,
    pub(crate) globals: Vec<Val>,
    pub(crate) fuel: u64,
    pub(crate) asked: Vec<i32>,
}

/// What the host answers, by how often it was asked before.
fn answer(asked: i32, before: usize) -> i32 {
    (asked ^ before as i32).wrapping_mul(0x0100_0193) >> 7
}

pub(crate) fn engine(fuse: bool) -> Engine {
    Engine::new(Config::new().consume_fuel(true).fuse(fuse)).unwrap()
}

/// A linker for one run in `store`: with a memory of its own, and a host function that answers at once or yields.
pub(crate) fn linker(store: &mut Store<Vec<i32>>, yields: bool) -> (Linker<Vec<i32>>, Memory) {
    let mut linker = host(store.engine(), yields);
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(6))).unwrap();
    linker.define(&*store, "host", "memory", memory).unwrap();
    (linker, memory)
}

/// A linker with the host function, which belongs to no store.
pub(crate) fn host(engine: &Engine, yields: bool) -> Linker<Vec<i32>> {
    let mut linker = Linker::new(engine);
    let ask = move |mut caller: Caller<'_, Vec<i32>>, asked: i32| -> Result<i32> {
        if yields {
            return Err(Yield::new(asked).into());
        }
        caller.data_mut().push(asked);
        Ok(answer(asked, caller.data().len() - 1))
    };
    linker.func_wrap("host", "ask", ask).unwrap();
    linker
}

pub(crate) fn entry(store: &Store<Vec<i32>>, linked: &LinkedGroup) -> Func {
    linked.get("m0").unwrap().get_func(store, "f0").unwrap()
}

pub(crate) const ARGUMENT: Val = Val::I32(5);

fn trace(
    store: &Store<Vec<i32>>,
    (linked, shared): (Option<&LinkedGroup>, Memory),
    result: std::result::Result<Vec<Val>, String>,
    fuel: u64,
    asked: Vec<i32>,
) -> Trace {
    let instances: Vec<_> = linked.iter().flat_map(|linked| linked.iter()).collect();
    let memories = instances.iter().filter_map(|(_, instance)| instance.get_memory(store, "memory"));
    Trace {
        result,
        shared: shared.data(store).to_vec(),
        memories: memories.map(|memory| memory.data(store).to_vec()).collect(),
        globals: instances.iter().map(|(_, instance)| instance.get_global(store, "g").unwrap().get(store)).collect(),
        fuel,
        asked,
    }
}

/// Plainly, in one go.
pub(crate) fn whole(modules: &[(&str, &str)]) -> Trace {
    let mut store = Store::new(&engine(true), Vec::new());
    store.set_fuel(FUEL).unwrap();
    let (linker, shared) = linker(&mut store, false);
    let linked = group(&linker, modules).instantiate(&mut store);
    let result = linked.as_ref().map_err(ToString::to_string).and_then(|linked| {
        let mut results = [Val::I32(0)];
        let called = entry(&store, linked).call(&mut store, &[ARGUMENT], &mut results);
        called.map(|()| results.to_vec()).map_err(|error| error.to_string())
    });
    let consumed = FUEL - store.get_fuel().unwrap();
    let asked = store.data().clone();
    trace(&store, (linked.as_ref().ok(), shared), result, consumed, asked)
}

/// A run in pieces.
pub(crate) struct Run {
    pub(crate) stage: Stage,
    pub(crate) linked: Option<LinkedGroup>,
    pub(crate) shared: Memory,
    pub(crate) step: u64,
    pub(crate) given: u64,
    /// What is left of it.
    pub(crate) fuel: u64,
    pub(crate) asked: Vec<i32>,
}

pub(crate) enum Stage {
    Starting(Resumable<LinkedGroup>),
    Running(Resumable<Vec<Val>>),
    Over(std::result::Result<Vec<Val>, String>),
}

impl Run {
    pub(crate) fn begin(store: &mut Store<Vec<i32>>, modules: &[(&str, &str)], step: u64, yields: bool) -> Self {
        let (linker, shared) = linker(store, yields);
        store.set_fuel(step).unwrap();
        let stage = match group(&linker, modules).instantiate_resumable(&mut *store) {
            Ok(call) => Stage::Starting(call),
            Err(error) => Stage::Over(Err(error.to_string())),
        };
        let fuel = store.get_fuel().unwrap();
        Self { stage, linked: None, shared, step, given: step, fuel, asked: std::mem::take(store.data_mut()) }
    }

    /// Goes on with a call.
    fn resume<R: 'static>(
        &mut self,
        store: &mut Store<Vec<i32>>,
        paused: Paused<R>,
    ) -> std::result::Result<Resumable<R>, String> {
        let results = match paused.reason() {
            PauseReason::Yield(payload) => {
                let asked = *payload.downcast_ref().unwrap();
                let answer = answer(asked, self.asked.len());
                self.asked.push(asked);
                vec![Val::I32(answer)]
            }
            _ if self.given == FUEL => return Err(Trap::OutOfFuel.to_string()),
            _ => {
                self.given += self.step;
                self.fuel += self.step;
                vec![]
            }
        };
        store.set_fuel(self.fuel).unwrap();
        *store.data_mut() = std::mem::take(&mut self.asked);
        let call = paused.resume(&mut *store, &results).map_err(|error| error.to_string());
        self.asked = std::mem::take(store.data_mut());
        self.fuel = store.get_fuel().unwrap();
        call
    }

    /// Takes one step; whether there are more.
    pub(crate) fn advance(&mut self, store: &mut Store<Vec<i32>>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Over(Ok(vec![])));
        self.stage = match stage {
            Stage::Starting(Resumable::Paused(paused)) => match self.resume(store, paused) {
                Ok(call) => Stage::Starting(call),
                Err(error) => Stage::Over(Err(error)),
            },
            Stage::Starting(Resumable::Finished(linked)) => {
                store.set_fuel(self.fuel).unwrap();
                *store.data_mut() = std::mem::take(&mut self.asked);
                let call = entry(store, &linked).call_resumable(&mut *store, &[ARGUMENT]);
                self.asked = std::mem::take(store.data_mut());
                self.fuel = store.get_fuel().unwrap();
                self.linked = Some(linked);
                match call {
                    Ok(call) => Stage::Running(call),
                    Err(error) => Stage::Over(Err(error.to_string())),
                }
            }
            Stage::Running(Resumable::Paused(paused)) => match self.resume(store, paused) {
                Ok(call) => Stage::Running(call),
                Err(error) => Stage::Over(Err(error)),
            },
            Stage::Running(Resumable::Finished(results)) => Stage::Over(Ok(results)),
            over @ Stage::Over(_) => {
                self.stage = over;
                return false;
            }
        };
        true
    }

    pub(crate) fn trace(self, store: &Store<Vec<i32>>) -> Trace {
        let Stage::Over(result) = self.stage else { panic!("it is not over") };
        trace(store, (self.linked.as_ref(), self.shared), result, self.given - self.fuel, self.asked)
    }
}

/// In pieces, alone.
fn pieces(modules: &[(&str, &str)], fuse: bool, step: u64, yields: bool) -> Trace {
    let mut store = Store::new(&engine(fuse), Vec::new());
    let mut run = Run::begin(&mut store, modules, step, yields);
    while run.advance(&mut store) {}
    run.trace(&store)
}

/// In pieces, twice at a time in one store.
fn in_turns(modules: &[(&str, &str)], seed: u64) -> [Trace; 2] {
    let mut random = Random(seed);
    let mut store = Store::new(&engine(true), Vec::new());
    let mut runs = [7, 1000].map(|step| Run::begin(&mut store, modules, step, true));
    loop {
        let which = random.below(2);
        if !runs[which].advance(&mut store) && !runs[1 - which].advance(&mut store) {
            return runs.map(|run| run.trace(&store));
        }
    }
}

#[track_caller]
pub(crate) fn assert_same(found: &Trace, expected: &Trace, way: &str) {
    assert_eq!(found.result, expected.result, "{way}");
    assert_eq!(found.globals, expected.globals, "{way}");
    assert_eq!(found.asked, expected.asked, "{way}");
    assert_eq!(found.fuel, expected.fuel, "{way}");
    // Memories are long.
    assert!(found == expected, "{way}: memories differ");
}

fn check(seed: u64) -> Trace {
    let program = program(seed);
    let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
    let expected = whole(&modules);
    for fuse in [true, false] {
        for step in [1, 7, 1000, FUEL] {
            for yields in [false, true] {
                let way = format!("seed {seed}, fuse {fuse}, step {step}, yields {yields}");
                assert_same(&pieces(&modules, fuse, step, yields), &expected, &way);
            }
        }
    }
    for trace in in_turns(&modules, seed) {
        assert_same(&trace, &expected, &format!("seed {seed}, in turns"));
    }
    expected
}

#[test]
fn in_pieces_as_in_one_go() {
    let (mut returned, mut trapped, mut exhausted, mut asked) = (0, 0, 0, 0);
    let seeds = seeds();
    for seed in seeds.clone() {
        let trace = check(seed);
        match trace.result {
            Ok(_) => returned += 1,
            Err(text) if text == Trap::OutOfFuel.to_string() => exhausted += 1,
            Err(_) => trapped += 1,
        }
        asked += usize::from(!trace.asked.is_empty());
    }
    println!("{returned} returned, {trapped} trapped, {exhausted} ran out of fuel; {asked} asked the host");
    // The programs are worth the while.
    let some = (seeds.end - seeds.start) as usize / 24;
    assert!(returned > 3 * some && trapped > some && exhausted > some && asked > 10 * some);
}
