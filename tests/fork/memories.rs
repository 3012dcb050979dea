//! Copies on write, whatever is written where and when.

use crate::{alone, get, module};
use pirn::*;

/// A generator of numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

const PAGE: usize = 65_536;

const TEXT: &str = r#"(module (memory (export "memory") 40)
    (func (export "set") (param i32 i32) (result i32) (i32.store8 (local.get 0) (local.get 1)) (local.get 1))
    (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "fill") (param i32 i32 i32) (result i32)
        (memory.fill (local.get 0) (local.get 1) (local.get 2)) (i32.const 0))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

/// A store, its instance, and what its memory should be.
struct Subject {
    store: Store<()>,
    instance: Instance,
    expected: Vec<u8>,
}

impl Subject {
    fn memory(&self) -> Memory {
        self.instance.get_memory(&self.store, "memory").unwrap()
    }

    fn check(&self) {
        assert!(self.memory().data(&self.store) == self.expected, "the memory is not as it should be");
    }

    fn fork(&mut self) -> Self {
        let store = self.store.fork(()).unwrap();
        let instance = store.forked(self.instance).unwrap();
        Self { store, instance, expected: self.expected.clone() }
    }

    /// Changes something.
    fn change(&mut self, random: &mut Random) {
        let (at, byte) = (random.below(self.expected.len()), random.below(3));
        let (store, instance) = (&mut self.store, self.instance);
        match random.below(8) {
            0..3 => {
                self.expected[at] = byte as u8;
                get(store, instance, "set", &[at as i32, byte as i32]);
            }
            3 => {
                let memory = self.memory();
                self.expected[at] = byte as u8;
                memory.write(&mut self.store, at, &[byte as u8]).unwrap();
            }
            4 => {
                let memory = self.memory();
                self.expected[at] = byte as u8;
                memory.data_mut(&mut self.store)[at] = byte as u8;
            }
            5 => {
                let len = random.below(self.expected.len() - at).min(1 << random.below(21));
                self.expected[at..at + len].fill(byte as u8);
                get(store, instance, "fill", &[at as i32, byte as i32, len as i32]);
            }
            6 => {
                let grown = get(store, instance, "grow", &[1 + random.below(3) as i32]);
                assert_eq!(grown as usize, self.expected.len() / PAGE);
                let size = self.memory().data_size(&self.store);
                self.expected.resize(size, 0);
            }
            _ => {
                assert_eq!(get(store, instance, "get", &[at as i32]), self.expected[at].into());
            }
        }
    }
}

/// Forks of forks, each written to at random, dropped at random: each has what was written to it.
#[test]
fn each_has_what_was_written_to_it() {
    let mut random = Random(1);
    let (store, instance) = alone(TEXT);
    let mut all = vec![Subject { store, instance, expected: vec![0; 40 * PAGE] }];
    for round in 0..400 {
        let at = random.below(all.len());
        match random.below(4) {
            0 => {
                let fork = all[at].fork();
                all[at].check();
                fork.check();
                all.push(fork);
            }
            1 if all.len() > 4 => {
                all.swap_remove(at).check();
            }
            _ => (0..random.below(6)).for_each(|_| all[at].change(&mut random)),
        }
        if round % 50 == 0 {
            all.iter().for_each(Subject::check);
        }
    }
    all.iter().for_each(Subject::check);
}

/// Growing out of the room that there is, by a step that needs another mapping.
#[test]
fn copies_grow_apart() {
    let (mut store, instance) = alone(TEXT);
    get(&mut store, instance, "fill", &[100, 9, 1_000_000]);
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    assert_eq!(get(&mut copy, there, "set", &[200_000, 1]), 1);
    for (delta, size) in [(3, 40), (200, 43), (600, 243)] {
        assert_eq!(get(&mut copy, there, "grow", &[delta]), size);
        let last = (size + delta) * PAGE as i32 - 1;
        assert_eq!(get(&mut copy, there, "get", &[last]), 0);
        assert_eq!(get(&mut copy, there, "set", &[last, 5]), 5);
        assert_eq!(get(&mut copy, there, "get", &[200_000]), 1);
        assert_eq!(get(&mut copy, there, "get", &[200_001]), 9);
        // What is grown is forked as well.
        let mut third = copy.fork(()).unwrap();
        let last_there = third.forked(there).unwrap();
        assert_eq!(get(&mut third, last_there, "get", &[last]), 5);
        assert_eq!(get(&mut third, last_there, "grow", &[1]), size + delta);
    }
    assert_eq!(get(&mut store, instance, "grow", &[300]), 40);
    assert_eq!(get(&mut store, instance, "get", &[200_000]), 9);
    assert_eq!(get(&mut store, instance, "get", &[340 * PAGE as i32 - 1]), 0);
    assert_eq!(get(&mut store, instance, "get", &[43 * PAGE as i32 - 1]), 0);
}

/// What an instance made later writes to the memory that it imports is seen.
#[test]
fn segments_of_later_instances_count_as_written() {
    let (mut store, instance) = alone(TEXT);
    get(&mut store, instance, "fill", &[0, 1, 300_000]);
    drop(store.fork(()).unwrap());
    let memory = instance.get_export(&store, "memory").unwrap();
    let later = module(store.engine(), r#"(module (import "m" "memory" (memory 1)) (data (i32.const 5) "zzz"))"#);
    Instance::new(&mut store, &later, &[memory]).unwrap();
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    assert_eq!(get(&mut copy, there, "get", &[6]), i32::from(b'z'));
    assert_eq!(get(&mut copy, there, "get", &[8]), 1);
}

#[test]
fn memories_of_bytes_and_of_64_bits_are_copied() {
    let engine =
        Engine::new(Config::new().wasm_memory64(true).wasm_custom_page_sizes(true).wasm_multi_memory(true)).unwrap();
    let text = r#"(module (memory $a (export "a") i64 3) (memory $b (export "b") 70001 (pagesize 1)) (memory $c (export "c") 0)
        (func (export "set") (param i32) (result i32)
            (i32.store8 $a (i64.extend_i32_u (local.get 0)) (i32.const 1))
            (i32.store8 $b (local.get 0) (i32.const 2))
            (i32.add (i32.load8_u $a (i64.const 100)) (i32.load8_u $b (i32.const 70000)))))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    assert_eq!(get(&mut store, instance, "set", &[70_000]), 2);
    assert_eq!(get(&mut store, instance, "set", &[100]), 3);
    let mut copy = store.fork(()).unwrap();
    let there = copy.forked(instance).unwrap();
    for name in ["a", "b", "c"] {
        let [here, other] = [(&store, instance), (&copy, there)]
            .map(|(store, instance)| instance.get_memory(store, name).unwrap().data(store));
        assert!(here == other, "{name}");
    }
    assert_eq!(get(&mut copy, there, "set", &[7]), 3);
    assert_eq!(instance.get_memory(&store, "b").unwrap().data(&store)[7], 0);
}

/// Stores go between threads, and so do their copies.
#[test]
fn copies_run_on_other_threads() {
    let (mut store, instance) = alone(TEXT);
    get(&mut store, instance, "fill", &[0, 7, 2_000_000]);
    let copies: Vec<_> = (0..8).map(|_| store.fork(()).unwrap()).collect();
    std::thread::scope(|scope| {
        for (n, mut copy) in copies.into_iter().enumerate() {
            scope.spawn(move || {
                let there = copy.forked(instance).unwrap();
                for at in (0..2_000_000).step_by(50_000) {
                    assert_eq!(get(&mut copy, there, "get", &[at]), 7);
                    assert_eq!(get(&mut copy, there, "set", &[at, n as i32]), n as i32);
                    assert_eq!(get(&mut copy, there, "get", &[at]), n as i32);
                }
            });
        }
    });
    assert_eq!(get(&mut store, instance, "get", &[50_000]), 7);
}
