//! Generated programs behave, moved from engine to engine whenever they pause, as in one go.
//!
//! Where such a program pauses, its store is written to bytes, read, and made again in a store of another engine, of which the first
//! lowers with fusion and the second without; there it goes on. With few units of fuel at a time it pauses too often for that,
//! so then it is moved at some of the pauses.

use crate::program::{Random, Text, program};
use crate::property::{FUEL, Run, Stage, Trace, assert_same, engine, host, seeds, whole};
use pirn::*;
use std::any::Any;

/// Writes down what the host function yields: a number.
pub(crate) struct Numbers;

impl SnapshotHooks for Numbers {
    fn save_payload(&mut self, payload: &(dyn Any + Send)) -> Result<Vec<u8>> {
        Ok(payload.downcast_ref::<i32>().expect("a number").to_le_bytes().to_vec())
    }

    fn load_payload(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send>> {
        let bytes = bytes.try_into().map_err(|_| Error::msg("no number"))?;
        Ok(Box::new(i32::from_le_bytes(bytes)))
    }
}

/// An engine, and the modules of a program, with their names.
pub(crate) struct Home<'a> {
    pub(crate) engine: Engine,
    pub(crate) modules: Vec<Module>,
    names: Vec<&'a str>,
}

impl<'a> Home<'a> {
    pub(crate) fn new(fuse: bool, modules: &[(&'a str, &str)]) -> Self {
        Self::with(engine(fuse), modules)
    }

    pub(crate) fn with(engine: Engine, modules: &[(&'a str, &str)]) -> Self {
        let names = modules.iter().map(|&(name, _)| name).collect();
        let modules = modules.iter().map(|(_, text)| Module::new(&engine, text).unwrap()).collect();
        Self { engine, modules, names }
    }

    pub(crate) fn store(&self) -> Store<Vec<i32>> {
        Store::new(&self.engine, Vec::new())
    }
}

/// A run in pieces that is moved from store to store.
pub(crate) struct Moving {
    pub(crate) run: Run,
    /// The instances, once it was moved.
    instances: Vec<Instance>,
}

impl Moving {
    pub(crate) fn begin(store: &mut Store<Vec<i32>>, program: &[(&str, &str)], step: u64, yields: bool) -> Self {
        Self { run: Run::begin(store, program, step, yields), instances: Vec::new() }
    }

    /// Whether it is paused, and no start function is.
    pub(crate) fn may_move(&self) -> bool {
        matches!(self.run.stage, Stage::Running(Resumable::Paused(_)))
    }

    /// The store as bytes, with the call that is paused, which is over here.
    pub(crate) fn leave(&mut self, store: &Store<Vec<i32>>, names: &[&str]) -> Vec<u8> {
        let stage = std::mem::replace(&mut self.run.stage, Stage::Over(Ok(vec![])));
        let Stage::Running(Resumable::Paused(paused)) = stage else { panic!("it may not be moved") };
        let mut snapshot = Snapshot::take_with(store, &[&paused], &mut Numbers).unwrap();
        if let Some(linked) = self.run.linked.take() {
            self.instances = names.iter().map(|name| linked.get(name).expect("a module's instance")).collect();
        }
        for (instance, name) in self.instances.iter().zip(names) {
            snapshot.set_name(*instance, name).unwrap();
        }
        let bytes = snapshot.to_bytes();
        assert_eq!(Snapshot::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        bytes
    }

    /// A store with what the bytes hold, and what they do not: how much fuel was given, and what was asked.
    pub(crate) fn arrive(
        home: &Home<'_>,
        bytes: &[u8],
        (step, yields): (u64, bool),
        (given, asked): (u64, Vec<i32>),
    ) -> (Store<Vec<i32>>, Self) {
        let Home { engine, modules, names } = home;
        let mut store = home.store();
        let snapshot = Snapshot::from_bytes(bytes).unwrap();
        let mut restored = snapshot.restore_with(&mut store, &host(engine, yields), modules, &mut Numbers).unwrap();
        let instances = names.iter().map(|name| restored.get(name).expect("it has a name")).collect();
        // The host made its memory first.
        let shared = restored.memories()[0];
        let [paused] = restored.take_paused().try_into().expect("one was paused");
        let stage = Stage::Running(Resumable::Paused(paused));
        let fuel = store.get_fuel().unwrap();
        (store, Self { run: Run { stage, linked: None, shared, step, given, fuel, asked }, instances })
    }

    pub(crate) fn trace(self, store: &Store<Vec<i32>>) -> Trace {
        let Self { run, instances } = self;
        if instances.is_empty() {
            return run.trace(store);
        }
        let Stage::Over(result) = run.stage else { panic!("it is not over") };
        let memories = instances.iter().filter_map(|instance| instance.get_memory(store, "memory"));
        let globals = instances.iter().map(|instance| instance.get_global(store, "g").unwrap().get(store));
        Trace {
            result,
            shared: run.shared.data(store).to_vec(),
            memories: memories.map(|memory| memory.data(store).to_vec()).collect(),
            globals: globals.collect(),
            fuel: run.given - run.fuel,
            asked: run.asked,
        }
    }
}

/// The program is moved at one of so many pauses, in the mean.
fn rarity(step: u64) -> usize {
    match step {
        1 => 400,
        7 => 60,
        _ => 1,
    }
}

/// A run in pieces, moved at pauses; and how often it was.
fn moved(
    program: &[(&str, &str)],
    homes: &[Home<'_>; 2],
    step: u64,
    yields: bool,
    random: &mut Random,
) -> (Trace, usize) {
    let mut at = random.below(2);
    let mut moves = 0;
    let mut store = homes[at].store();
    let mut moving = Moving::begin(&mut store, program, step, yields);
    while moving.run.advance(&mut store) {
        if !moving.may_move() || random.below(rarity(step)) != 0 {
            continue;
        }
        let bytes = moving.leave(&store, &homes[at].names);
        // Elsewhere, mostly.
        at = if random.below(4) == 0 { at } else { 1 - at };
        let Run { fuel, given, asked, .. } = moving.run;
        (store, moving) = Moving::arrive(&homes[at], &bytes, (step, yields), (given, asked));
        assert_eq!(moving.run.fuel, fuel, "fuel is part of the store");
        moves += 1;
    }
    (moving.trace(&store), moves)
}

#[test]
fn moved_at_pauses_as_in_one_go() {
    let mut moves = [0; 2];
    let seeds = seeds();
    for seed in seeds.clone() {
        let program = program(seed);
        let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
        let expected = whole(&modules);
        let homes = [true, false].map(|fuse| Home::new(fuse, &modules));
        let mut random = Random(seed);
        for step in [1, 7, 1000, FUEL] {
            for yields in [false, true] {
                let way = format!("seed {seed}, step {step}, yields {yields}");
                let (trace, count) = moved(&modules, &homes, step, yields, &mut random);
                assert_same(&trace, &expected, &way);
                moves[usize::from(yields)] += count;
            }
        }
    }
    println!("moved {} times out of fuel, {} times out of fuel or in a host function", moves[0], moves[1]);
    assert!(moves.iter().all(|&moves| moves as u64 > 10 * (seeds.end - seeds.start)), "{moves:?}");
}
