//! The kernels that make structs and arrays, and those that throw, run as they are measured; and for small numbers, with a collection
//! before everything that is made.

use pirn::{CompilationMode, Config, Engine, GcStress, Instance, Module, Store};
use pirn_suite::adapters::Pirn;
use pirn_suite::measure::{self, Effort};
use pirn_suite::{Case, Job, Runtime, case};
use std::time::Duration;

fn all() -> Vec<Case> {
    case::gc_kernels().unwrap().into_iter().chain(case::exception_kernels().unwrap()).collect()
}

#[test]
fn answers_are_right() {
    let runtimes: [Box<dyn Runtime>; 1] = [Box::new(Pirn::new("pirn", CompilationMode::Eager))];
    for case in all() {
        assert!(case.right.is_some());
        for outcome in measure::compare(&runtimes, &case, Effort { rounds: 1, time: Duration::ZERO }) {
            outcome.unwrap();
        }
    }
}

#[test]
fn nothing_is_collected_that_is_needed() {
    let run = |case: &Case, n: i32, stress: GcStress| {
        let engine = Engine::new(Config::new().gc_stress(stress)).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, &case.wasm).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        instance.get_typed_func::<i32, i64>(&store, "run").unwrap().call(&mut store, n).unwrap()
    };
    for case in all() {
        let Job::Kernel(n) = case.job else { panic!("{} is no kernel", case.name) };
        let (_, name) = case.name.split_once('/').unwrap();
        let n = match name {
            "trees" => 4,
            "lists" => 10,
            "map" => 300,
            "queens" => 5,
            "richards" | "strings" => 1,
            "deltablue" => 5,
            "lisp" => 3,
            // Ten rounds.
            _ => n & 255 | 10 << 8,
        };
        let expected = run(&case, n, GcStress::None);
        assert_eq!(run(&case, n, GcStress::Collect), expected, "{}", case.name);
        assert_eq!(run(&case, n, GcStress::Step), expected, "{}, in steps", case.name);
    }
}
