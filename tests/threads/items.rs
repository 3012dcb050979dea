//! How memories that threads share are imported, exported and grown.

use crate::{engines, memory, store};
use pirn::{
    Engine, Error, Extern, Instance, Linker, Memory, MemoryType, Module, ResourceLimiter, Result, SharedMemory, Store,
    StoreLimitsBuilder, Trap,
};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Barrier};

const _: () = {
    const fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<SharedMemory>();
};

/// An exported one is the same in every store that imports it.
#[test]
fn exported_and_imported() {
    for engine in engines() {
        let mut one = crate::store(&engine);
        let wat = r#"(module (memory (export "m") 1 3 shared) (data (i32.const 3) "hello"))"#;
        let instance = Instance::new(&mut one, &Module::new(&engine, wat).unwrap(), &[]).unwrap();
        assert!(instance.get_memory(&mut one, "m").is_none());
        let memory = instance.get_shared_memory(&mut one, "m").unwrap();
        assert_eq!(memory.ty(), MemoryType::shared(1, 3));
        drop(one);
        let wat = r#"(module (import "a" "m" (memory $a 1 4 shared)) (import "b" "m" (memory $b 1 3 shared))
            (memory $own 1)
            (func (export "sum") (result i32)
                (memory.copy $own $a (i32.const 0) (i32.const 3) (i32.const 5))
                (memory.init $b $data (i32.const 65531) (i32.const 1) (i32.const 5))
                (i32.add (i32.load8_u $own (i32.const 1)) (i32.load8_u $b (i32.const 7))))
            (func (export "grow") (result i32) (drop (memory.grow $a (i32.const 1))) (memory.size $b))
            (func (export "grows") (result i32) (memory.grow $b (i32.const 2)))
            (data $data "_world"))"#;
        let mut two = crate::store(&engine);
        let mut linker = Linker::new(&engine);
        linker.define(&mut two, "a", "m", memory.clone()).unwrap();
        linker.define(&mut two, "b", "m", memory.clone()).unwrap();
        let instance = linker.instantiate(&mut two, &Module::new(&engine, wat).unwrap()).unwrap();
        let mut call = |name| instance.get_typed_func::<(), i32>(&mut two, name).unwrap().call(&mut two, ()).unwrap();
        assert_eq!(call("sum"), i32::from(b'e') + i32::from(b'o'));
        // SAFETY: no other thread has the memory.
        let byte = |at: usize| unsafe { AtomicU8::from_ptr(memory.data()[at].get()) }.load(Ordering::SeqCst);
        assert_eq!([65_531, 65_535].map(byte), [b'w', b'd']);
        assert_eq!(call("grow"), 2);
        assert_eq!((memory.size(), memory.data_size(), memory.data().len()), (2, 131_072, 131_072));
        assert_eq!(call("grows"), -1);
        assert_eq!(memory.grow(1).unwrap(), 2);
        assert!(memory.grow(1).is_err());
        assert_eq!(memory.ty().minimum(), 3);
    }
}

/// A shared memory stands for no other, nor the other way round.
#[test]
fn types_are_compared() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let shared: Extern = memory(&engine, 1).into();
    let alone: Extern = Memory::new(&mut store, MemoryType::new(1, Some(1))).unwrap().into();
    let wants_shared = Module::new(&engine, r#"(module (import "" "" (memory 1 1 shared)))"#).unwrap();
    let wants_other = Module::new(&engine, r#"(module (import "" "" (memory 1 1)))"#).unwrap();
    assert!(Instance::new(&mut store, &wants_shared, std::slice::from_ref(&alone)).is_err());
    assert!(Instance::new(&mut store, &wants_other, std::slice::from_ref(&shared)).is_err());
    assert!(Instance::new(&mut store, &wants_other, &[alone]).is_ok());
    assert!(Instance::new(&mut store, &wants_shared, std::slice::from_ref(&shared)).is_ok());
    assert_ne!(shared, memory(&engine, 1).into());
    // One of another engine is like one of another store.
    let other = Engine::default();
    let wants_shared = Module::new(&other, r#"(module (import "" "" (memory 1 1 shared)))"#).unwrap();
    let mut store = Store::new(&other, ());
    assert!(Instance::new(&mut store, &wants_shared, std::slice::from_ref(&shared)).is_err());
    assert!(Linker::new(&other).define(&mut store, "", "", shared).is_err());
}

#[test]
fn what_cannot_be_shared() {
    let engine = Engine::default();
    assert!(SharedMemory::new(&engine, MemoryType::new(1, Some(1))).is_err());
    assert!(SharedMemory::new(&engine, MemoryType { shared: true, ..MemoryType::new(1, None) }).is_err());
    assert!(SharedMemory::new(&engine, MemoryType::shared(2, 1)).is_err());
    assert!(SharedMemory::new(&engine, MemoryType::shared(1, 65_537)).is_err());
    assert!(SharedMemory::new(&engine, MemoryType::shared(1, 65_536)).is_ok());
    let limits = StoreLimitsBuilder::new().memory_size(2 << 16).build();
    let mut store = Store::new(&engine, ());
    store.set_limits(limits);
    let wat = r#"(module (memory 1 9 shared) (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;
    let instance = Instance::new(&mut store, &Module::new(&engine, wat).unwrap(), &[]).unwrap();
    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, ()).unwrap(), 1);
    assert_eq!(grow.call(&mut store, ()).unwrap(), -1);
}

/// What lies beyond the end, and what is not aligned, of plain accesses: as in other memories.
#[test]
fn plain_accesses() {
    for engine in engines() {
        let wat = r#"(module (memory 1 1 shared)
            (func (export "i64") (param i32) (result i64)
                (i64.store offset=1 (local.get 0) (i64.const 0x0102030405060708))
                (i64.add (i64.load offset=1 (local.get 0)) (i64.load32_u offset=1 (local.get 0))))
            (func (export "v128") (param i32) (result i64)
                (v128.store offset=1 (local.get 0) (v128.const i64x2 5 0x0102030405060708))
                (i64x2.extract_lane 1 (v128.load offset=1 (local.get 0)))))"#;
        let mut store = crate::store(&engine);
        let instance = Instance::new(&mut store, &Module::new(&engine, wat).unwrap(), &[]).unwrap();
        for (name, bytes, expected) in [("i64", 8, 0x0102_0304_0a0c_0e10), ("v128", 16, 0x0102_0304_0506_0708)] {
            let access = instance.get_typed_func::<u32, u64>(&mut store, name).unwrap();
            for address in [0, 1, 7, 8, 65_535 - bytes] {
                assert_eq!(access.call(&mut store, address).unwrap(), expected, "{name} at {address}");
            }
            for address in [65_536 - bytes, 65_535, u32::MAX] {
                let error = access.call(&mut store, address).unwrap_err();
                assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds), "{name} at {address}");
            }
        }
    }
}

/// A handle of a store gives no access to what threads share, so there is none.
#[test]
fn a_store_alone_has_none() {
    let mut store = Store::<()>::default();
    let error = Memory::new(&mut store, MemoryType::shared(1, 2)).unwrap_err();
    assert!(error.to_string().contains("SharedMemory::new"), "{error}");
}

/// Limits of a store are about what is made in it, and what it makes grow: not about what it imports, however often.
#[test]
fn imports_are_not_limited() {
    let engine = Engine::default();
    let shared: Extern = memory(&engine, 2).into();
    let importer = Module::new(&engine, r#"(module (import "" "" (memory 1 2 shared)))"#).unwrap();
    let own = Module::new(&engine, "(module (memory 1))").unwrap();
    let mut store = Store::new(&engine, ());
    let limits = StoreLimitsBuilder::new().memories(2).total_memory_size(2 << 16).build();
    store.set_limits(limits.clone());
    for _ in 0..3 {
        Instance::new(&mut store, &importer, std::slice::from_ref(&shared)).unwrap();
    }
    Instance::new(&mut store, &own, &[]).unwrap();
    store.set_limits(limits);
    Instance::new(&mut store, &own, &[]).unwrap();
    assert!(Instance::new(&mut store, &own, &[]).is_err());
}

/// What cannot be had is the room to grow, whatever it begins with.
/// What a store has an imported memory grow by counts also when its limits are set again.
#[test]
fn growing_imports_is_limited() {
    for engine in engines() {
        let memory = SharedMemory::new(&engine, MemoryType::shared(1, 100)).unwrap();
        let text = r#"(module (import "" "" (memory 1 100 shared))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
        let mut store = store(&engine);
        let limits = || StoreLimitsBuilder::new().total_memory_size(3 << 16).build();
        store.set_limits(limits());
        let module = Module::new(&engine, text).unwrap();
        let instance = Instance::new(&mut store, &module, &[memory.clone().into()]).unwrap();
        let grow = instance.get_typed_func::<i32, i32>(&store, "grow").unwrap();
        assert_eq!(grow.call(&mut store, 3).unwrap(), 1);
        for _ in 0..2 {
            assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
            store.set_limits(limits());
        }
        assert_eq!(memory.size(), 4);
    }
}

/// A limiter that waits until all have been asked.
struct Patient {
    barrier: Option<Arc<Barrier>>,
    asked: Vec<(usize, usize)>,
    failures: usize,
}

impl ResourceLimiter for Patient {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.asked.push((current >> 16, desired >> 16));
        if let Some(barrier) = self.barrier.take() {
            barrier.wait();
        }
        Ok(desired <= 3 << 16)
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        self.failures += 1;
        Ok(())
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}

#[test]
fn limiters_are_asked_about_the_size_from_which_a_memory_grows() {
    const THREADS: usize = 4;
    for engine in engines() {
        let memory = SharedMemory::new(&engine, MemoryType::shared(1, 10)).unwrap();
        let text = r#"(module (import "" "" (memory 1 10 shared))
            (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;
        let module = Module::new(&engine, text).unwrap();
        let barrier = Arc::new(Barrier::new(THREADS));
        let grow = || {
            let mut store =
                Store::new(&engine, Patient { barrier: Some(Arc::clone(&barrier)), asked: Vec::new(), failures: 0 });
            if engine.config().consumes_fuel() {
                store.set_fuel(u64::MAX).unwrap();
            }
            store.set_epoch_deadline(1);
            store.limiter(|limiter| limiter);
            let instance = Instance::new(&mut store, &module, &[memory.clone().into()]).unwrap();
            let old = instance.get_typed_func::<(), i32>(&store, "grow").unwrap().call(&mut store, ()).unwrap();
            let Patient { asked, failures, .. } = store.into_data();
            assert_eq!(asked[0], (1, 2));
            // The last answer is the one that holds; those before were of no use, and it was told so.
            let last = *asked.last().unwrap();
            assert_eq!(failures, asked.len() - 1);
            let expected = if last.1 <= 3 { last.0 as i32 } else { -1 };
            assert_eq!(old, expected, "{asked:?}");
            old
        };
        let mut olds = std::thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| scope.spawn(grow));
            threads.map(|thread| thread.join().unwrap())
        });
        olds.sort_unstable();
        assert_eq!((olds, memory.size()), ([-1, -1, 1, 2], 3));
    }
}

#[test]
fn addresses_that_there_are_not() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(StoreLimitsBuilder::new().memory_size(usize::MAX).total_memory_size(u64::MAX).build());
    let module = Module::new(&engine, "(module (memory i64 0 0x1000000000000 shared))").unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert!(error.to_string().contains("max 281474976710656"), "{error}");
}
