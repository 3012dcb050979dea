//! Generated programs behave, forked wherever they pause, in each of the copies as in one go.
//!
//! At some pauses in the entry function the store is forked, and the call with it. The copy goes on for some steps, to the end now and then, and either
//! of the two goes on in the place of the other.

use crate::program::{Random, Text, program};
use crate::property::{FUEL, Run, Stage, Trace, assert_same, engine, seeds, whole};
use pirn::*;

/// A run, its store, and where its things are.
struct Forked {
    store: Store<Vec<i32>>,
    run: Run,
    /// Once it runs.
    instances: Vec<Instance>,
}

impl Forked {
    fn begin(program: &[(&str, &str)], fuse: bool, step: u64, yields: bool) -> Self {
        let mut store = Store::new(&engine(fuse), Vec::new());
        let run = Run::begin(&mut store, program, step, yields);
        Self { store, run, instances: Vec::new() }
    }

    /// Takes a step; whether there are more.
    fn advance(&mut self) -> bool {
        let goes_on = self.run.advance(&mut self.store);
        if let Some(linked) = self.run.linked.take() {
            self.instances = linked.iter().map(|(_, instance)| instance).collect();
        }
        goes_on
    }

    /// A copy, if it is paused.
    fn fork(&mut self) -> Option<Self> {
        let Stage::Running(Resumable::Paused(paused)) = &self.run.stage else { return None };
        let mut store = self.store.fork(Vec::new()).unwrap();
        let number = |payload: &(dyn std::any::Any + Send)| -> Result<Box<dyn std::any::Any + Send>> {
            Ok(Box::new(*payload.downcast_ref::<i32>().expect("a number")))
        };
        let paused = paused.fork_with(&mut store, number).unwrap();
        assert_eq!(store.get_fuel().unwrap(), self.run.fuel, "fuel is part of the store");
        let Run { shared, step, given, fuel, ref asked, .. } = self.run;
        let (stage, asked) = (Stage::Running(Resumable::Paused(paused)), asked.clone());
        let run = Run { stage, linked: None, shared: store.forked(shared).unwrap(), step, given, fuel, asked };
        let instances = self.instances.iter().map(|&instance| store.forked(instance).unwrap()).collect();
        Some(Self { store, run, instances })
    }

    fn trace(self) -> Trace {
        let Self { store, run, instances } = self;
        let Stage::Over(result) = run.stage else { panic!("it is not over") };
        let memories = instances.iter().filter_map(|instance| instance.get_memory(&store, "memory"));
        let globals = instances.iter().map(|instance| instance.get_global(&store, "g").unwrap().get(&store));
        Trace {
            result,
            shared: run.shared.data(&store).to_vec(),
            memories: memories.map(|memory| memory.data(&store).to_vec()).collect(),
            globals: globals.collect(),
            fuel: run.given - run.fuel,
            asked: run.asked,
        }
    }
}

/// One of so many pauses is where it is forked, in the mean.
fn rarity(step: u64) -> usize {
    match step {
        1 => 300,
        7 => 50,
        _ => 2,
    }
}

#[test]
fn forked_at_pauses_as_in_one_go() {
    let (mut forks, mut ends) = (0_u64, 0_u64);
    let seeds = seeds();
    for seed in seeds.clone() {
        let program = program(seed);
        let modules: Vec<_> = program.iter().map(|(name, text): &Text| (&**name, &**text)).collect();
        let expected = whole(&modules);
        let mut random = Random(seed);
        for (step, fuse) in [(1, true), (7, false), (1000, true), (1000, false), (FUEL, true)] {
            for yields in [false, true] {
                let way = format!("seed {seed}, step {step}, fuse {fuse}, yields {yields}");
                let mut one = Forked::begin(&modules, fuse, step, yields);
                // A program without a finished instance has no trace of instances here, nor there.
                while one.advance() {
                    if random.below(rarity(step)) != 0 {
                        continue;
                    }
                    let Some(mut other) = one.fork() else { continue };
                    forks += 1;
                    if random.below(2) == 0 {
                        std::mem::swap(&mut one, &mut other);
                    }
                    if random.below(8) == 0 {
                        while other.advance() {}
                        assert_same(&other.trace(), &expected, &way);
                        ends += 1;
                    } else {
                        (0..random.below(4)).for_each(|_| _ = other.advance());
                    }
                }
                assert_same(&one.trace(), &expected, &way);
            }
        }
    }
    println!("forked {forks} times, {ends} copies run to their ends besides");
    assert!(forks > 20 * (seeds.end - seeds.start) && ends > seeds.end - seeds.start, "{forks}, {ends}");
}
